import { useQuery } from '@tanstack/react-query'
import { opportunitiesQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import { money, moment, relative, term, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { Empty } from '../shared/Empty'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { sentence } from './Signals'
import lists from '../shared/List.module.css'

const rows = 5

/** What people work on, newest first. */
export function Opportunities({ now, className }: { now: string | undefined; className?: string | undefined }) {
  const query = useQuery(opportunitiesQuery(rows))
  return (
    <Panel id="opportunities" title="Open opportunities" of="estimated, a year’s money" className={className}>
      <Await query={query} waiting={<WaitingRows rows={rows} className={lists.row} />}>
        {({ items }) =>
          !items?.length ? (
            <Empty title="No open opportunities" snippet={snippets.routing()}>
              One opens when a signal’s estimated amount is routed to people instead of to an offer. The catalog says from which
              amount on:
            </Empty>
          ) : (
            <ul className={lists.rows}>
              {items.map((item) => (
                <li key={item.id} className={lists.row}>
                  <div className={lists.line}>
                    <strong className={lists.name}>
                      <AccountLink account={item.account} name={item.account_name} />
                    </strong>
                    <span className={lists.tag}>{term(item.type)}</span>
                    <span className={lists.amount}>{money(item.amount.amount, item.amount.currency, { short: true })}</span>
                  </div>
                  <div className={lists.line}>
                    <span className={lists.words} title={item.reason}>
                      {sentence(item.evidence)}
                    </span>
                  </div>
                  <div className={lists.line}>
                    <span className={`${lists.words} ${lists.dim}`}>
                      {item.owner ? words(item.owner) : 'No owner'} · {term(item.motion)}
                    </span>
                    <time className={lists.end} dateTime={item.opened_at} title={moment(item.opened_at)}>
                      {now ? relative(item.opened_at, now) : moment(item.opened_at)}
                    </time>
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Await>
    </Panel>
  )
}
