import { useQuery } from '@tanstack/react-query'
import { meterUsageQuery } from '../api/accounts'
import { entitlementsQuery } from '../api/queries'
import type { EntitlementItem } from '../api/types'
import { count, moment, relative, words } from '../lib/format'
import { DataTable } from '../shared/Details'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { givenNothing, standing } from './words'
import lists from '../shared/List.module.css'
import classes from './Account.module.css'
import own from './AccountParts.module.css'

const share = (item: EntitlementItem) => (item.usage === null || item.limit === null ? -1 : item.limit > 0 ? item.usage / item.limit : item.usage > 0 ? 2 : 0)

/** Usage against limits, the fullest first, each as a bar and in words. */
export function UsageBars({ account, now }: { account: string; now: string | undefined }) {
  const query = useQuery(entitlementsQuery(account))
  return (
    <Panel id="usage" title="Usage against limits" of="now, the fullest first">
      <Await query={query} waiting={<WaitingRows rows={4} className={lists.row} />}>
        {({ items }) => {
          const counted = (items ?? []).filter((item) => item.usage !== null && !givenNothing(item)).sort((a, b) => share(b) - share(a))
          if (counted.length === 0) return <p className={classes.none}>Nothing that they may use is counted.</p>
          return (
            <ul className={own.bars}>
              {counted.map((item) => (
                <li key={item.feature}>
                  <div className={lists.line}>
                    <span className={lists.name}>{item.content?.title || words(item.feature)}</span>
                    <span className={lists.end}>
                      {standing(item)}
                      {item.limit !== null && item.usage !== null && (item.usage > item.limit ? `, ${count(item.usage - item.limit)} over` : `, ${count(item.limit - item.usage)} left`)}
                    </span>
                  </div>
                  <div className={[lists.meter, share(item) > 1 ? lists.over : share(item) >= 0.8 ? lists.near : ''].join(' ')} aria-hidden="true">
                    <span style={{ width: `${Math.max(0, Math.min(1, share(item))) * 100}%` }} />
                  </div>
                  <span className={classes.dim}>
                    {item.resets_at ? `starts anew ${now ? relative(item.resets_at, now) : moment(item.resets_at)}` : item.limit === null ? 'no limit' : 'does not start anew'}
                  </span>
                </li>
              ))}
            </ul>
          )
        }}
      </Await>
    </Panel>
  )
}

/** What was used, meter by meter, in the periods that the server keeps. */
export function UsageHistory({ account }: { account: string }) {
  const query = useQuery(meterUsageQuery(account))
  return (
    <Panel id="meters" title="What was measured" of="by meter and period">
      <Await query={query} waiting={<WaitingRows rows={3} className={lists.row} />}>
        {({ items }) => {
          const rows = (items ?? []).flatMap((meter) => (meter.periods ?? []).map((period) => ({ meter: meter.meter, ...period })))
          return rows.length === 0 ? (
            <p className={classes.none}>Nothing was measured so far.</p>
          ) : (
            <DataTable
              caption="Usage by meter and period"
              file={`usage-${account}.csv`}
              rows={rows}
              rowKey={(row) => `${row.meter} ${row.per} ${row.starts_at}`}
              columns={[
                { title: 'Meter', text: true, show: (row) => words(row.meter), value: (row) => row.meter },
                { title: 'Period', text: true, show: (row) => (row.per === 'lifetime' || !row.starts_at ? 'ever' : `${row.per} from ${moment(row.starts_at)}`), value: (row) => row.starts_at ?? row.per },
                { title: 'Used', show: (row) => count(row.usage), value: (row) => row.usage },
                { title: 'Of that late', show: (row) => (row.late ? count(row.late) : '–'), value: (row) => row.late ?? 0 },
                { title: 'Starts anew', text: true, show: (row) => (row.resets_at ? moment(row.resets_at) : '–'), value: (row) => row.resets_at ?? null },
              ]}
            />
          )
        }}
      </Await>
    </Panel>
  )
}
