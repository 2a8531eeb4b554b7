import { useQuery } from '@tanstack/react-query'
import { funnelQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import type { FunnelCounts, FunnelItem } from '../api/types'
import { count, monthName, share, words } from '../lib/format'
import { DataTable, Details, OpenDetails, type Column } from '../shared/Details'
import { Empty } from '../shared/Empty'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import type { Period } from './period'
import lists from '../shared/List.module.css'
import classes from './Offers.module.css'

const rows = 5

/** How far the offers of the month came: shown, clicked, accepted. */
export function Offers({ period, className }: { period: Period; className?: string | undefined }) {
  const { month } = period
  const query = useQuery({ ...funnelQuery(month ?? ''), enabled: month !== undefined })
  return (
    <Panel
      id="offers"
      title="Offers"
      of={month && (month === period.current ? `${monthName(month)} so far` : monthName(month))}
      className={className}
      action={<OpenDetails name="offers">Table and definition</OpenDetails>}
    >
      <Await query={query} waiting={<WaitingRows rows={rows + 1} className={lists.row} />}>
        {({ items, totals }) => {
          const offers = items ?? []
          return (
            <>
              {offers.length === 0 ? (
                <Empty title={`No offers were made in ${month ? monthName(month) : 'this month'}`} snippet={snippets.decide()}>
                  Your product asks what to show at a place in it, and says what became of it:
                </Empty>
              ) : (
                <table className={classes.funnel}>
                  <thead>
                    <tr>
                      <th scope="col">Offer</th>
                      <th scope="col">Shown</th>
                      <th scope="col">Clicked</th>
                      <th scope="col">Accepted</th>
                    </tr>
                  </thead>
                  <tbody>
                    <Row name="All offers" counts={totals} total />
                    {offers.slice(0, rows).map((item) => (
                      <Row key={item.offer} name={words(item.offer)} title={item.title} counts={item} />
                    ))}
                  </tbody>
                </table>
              )}
              {offers.length > rows && <p className={classes.more}>{count(offers.length - rows)} more in the table</p>}
              <Details name="offers" title={`Offers, ${month ? monthName(month) : ''}`} definition={<Definition />}>
                <DataTable
                  caption="What became of each offer"
                  file={`offers-${month}.csv`}
                  columns={columns}
                  rows={offers}
                  rowKey={(item) => item.offer}
                />
              </Details>
            </>
          )
        }}
      </Await>
    </Panel>
  )
}

function Row({ name, title, counts, total = false }: { name: string; title?: string; counts: FunnelCounts; total?: boolean }) {
  return (
    <tr className={total ? classes.total : undefined}>
      <th scope="row">
        {name}
        {title && title !== name && <span className={classes.title}>{title}</span>}
      </th>
      {[counts.shown, counts.clicked, counts.accepted].map((value, index) => (
        <td key={index}>
          {count(value)}
          {index > 0 && <span className={classes.share}> {share(value, counts.shown)}</span>}
          <span className={classes.bar} aria-hidden="true">
            <span style={{ width: `${counts.shown > 0 ? Math.min(100, (value / counts.shown) * 100) : 0}%` }} />
          </span>
        </td>
      ))}
    </tr>
  )
}

const columns: Column<FunnelItem>[] = [
  { title: 'Offer', show: (item) => words(item.offer), value: (item) => item.offer, text: true },
  ...(['shown', 'seen', 'clicked', 'dismissed', 'requested', 'accepted'] as const).map((step) => ({
    title: words(step),
    show: (item: FunnelItem) => count(item[step]),
    value: (item: FunnelItem) => item[step],
  })),
  { title: 'Accepted of shown', show: (item) => share(item.accepted, item.shown), value: (item) => (item.shown > 0 ? (item.accepted / item.shown).toFixed(4) : null) },
  { title: 'Held out', show: (item) => count(item.holdout), value: (item) => item.holdout },
]

function Definition() {
  return (
    <>
      <p>
        Shown: the product asked and was given the offer. Seen, clicked, dismissed, requested and accepted are what the product
        said became of it. A share is of those shown. An offer counts in the month it was shown.
      </p>
      <p>
        Held out: accounts that would have been shown the offer and were not, on purpose, so that what the offers earn can be
        compared with what happens without them.
      </p>
    </>
  )
}
