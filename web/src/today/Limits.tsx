import { useQuery } from '@tanstack/react-query'
import { limitsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import type { Limit } from '../api/types'
import { count, moment, relative, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { Empty } from '../shared/Empty'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import lists from '../shared/List.module.css'

const rows = 8

/** The accounts with the least headroom left. */
export function Limits({ now, className }: { now: string | undefined; className?: string | undefined }) {
  const query = useQuery(limitsQuery(rows))
  return (
    <Panel id="limits" title="Closest to a limit" of="now" className={className}>
      <Await query={query} waiting={<WaitingRows rows={rows} className={lists.row} />}>
        {({ items }) =>
          !items?.length ? (
            <Empty title="Nobody is near a limit" snippet={snippets.event()}>
              Accounts appear here once they have a plan with limits and their usage comes in:
            </Empty>
          ) : (
            <ul className={lists.rows}>
              {items.map((limit) => (
                <Row key={`${limit.account} ${limit.feature}`} limit={limit} now={now} />
              ))}
            </ul>
          )
        }
      </Await>
    </Panel>
  )
}

function Row({ limit, now }: { limit: Limit; now: string | undefined }) {
  const account = limit.account_name || limit.account
  const feature = limit.feature_title || words(limit.feature)
  const used = `${count(limit.usage)} of ${count(limit.limit)}`
  const full = Math.min(1, limit.limit > 0 ? limit.usage / limit.limit : 1)
  return (
    <li className={lists.row}>
      <div className={lists.line}>
        <strong className={lists.name}>
          <AccountLink account={limit.account} name={limit.account_name} />
        </strong>
        <span className={lists.tag}>{words(limit.plan)}</span>
        <span className={lists.end}>
          {feature} {used}
        </span>
      </div>
      <div
        role="meter"
        aria-label={`${feature}, ${account}`}
        aria-valuemin={0}
        aria-valuemax={limit.limit}
        aria-valuenow={Math.min(limit.usage, limit.limit)}
        aria-valuetext={`${used}, ${left(limit)}`}
        className={[lists.meter, full >= 1 ? lists.over : full >= 0.9 ? lists.near : ''].join(' ')}
      >
        <span style={{ width: `${full * 100}%` }} />
      </div>
      <div className={lists.line}>
        <span className={`${lists.words} ${lists.dim}`}>{left(limit)}</span>
        {limit.resets_at && (
          <time className={lists.end} dateTime={limit.resets_at} title={moment(limit.resets_at)}>
            resets {now ? relative(limit.resets_at, now) : moment(limit.resets_at)}
          </time>
        )}
      </div>
    </li>
  )
}

function left({ usage, limit }: Limit): string {
  if (usage > limit) return `${count(usage - limit)} over the limit`
  if (usage === limit) return 'at the limit'
  return `${count(limit - usage)} left`
}
