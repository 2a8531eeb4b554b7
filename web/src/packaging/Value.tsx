import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { definitionsQuery, outOfBandQuery } from '../api/queries'
import type { ValueLedgerLine } from '../api/types'
import { titleOf } from '../lib/entitlement'
import { count, moment, money, percent } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { DataTable, type Column } from '../shared/Details'
import { PageHead } from '../shared/PageHead'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { bandWords, underpricedFirst } from './band'
import { mostOutOfBand } from './OutOfBand'
import lists from '../shared/List.module.css'
import classes from './Packaging.module.css'

/** Every account whose price left the band of what it gains. */
export function Value() {
  const query = useQuery(outOfBandQuery(mostOutOfBand))
  const catalog = useQuery(definitionsQuery).data
  const metricOf = (key: string) => catalog?.value?.find((each) => each.key === key)
  const columns: Column<ValueLedgerLine>[] = [
    { title: 'Account', text: true, show: (line) => <AccountLink account={line.account ?? ''} name={line.account_name} />, value: (line) => line.account ?? '' },
    { title: 'Judgement', text: true, show: bandWords, value: (line) => line.state ?? null },
    { title: 'Price a month', show: (line) => money(line.price.amount, line.price.currency), value: (line) => line.price.amount },
    { title: 'Gained', show: (line) => [count(line.quantity), metricOf(line.metric)?.unit].filter(Boolean).join(' '), value: (line) => line.quantity },
    { title: 'Worth', show: (line) => (line.worth ? money(line.worth.amount, line.worth.currency) : '–'), value: (line) => line.worth?.amount ?? null },
    { title: 'Share', show: (line) => (line.share === null ? '–' : percent(line.share)), value: (line) => line.share },
    { title: 'Band', text: true, show: (line) => line.band ?? '–', value: (line) => line.band ?? null },
    { title: 'Of', text: true, show: (line) => titleOf(metricOf(line.metric), line.metric), value: (line) => line.metric },
    { title: 'From', text: true, show: (line) => moment(line.from), value: (line) => line.from },
    { title: 'To', text: true, show: (line) => moment(line.to), value: (line) => line.to },
  ]
  return (
    <div className={classes.page}>
      <PageHead title="Price and value" question="Who pays too little or too much for what they gain?" above={{ title: 'Packaging', path: '/packaging' }} />
      <Panel id="out-of-band" title="Accounts outside the band" of="who pays too little first">
        <Await query={query} waiting={<WaitingRows rows={8} className={lists.row} />}>
          {({ items, next }) =>
            items?.length ? (
              <>
                <DataTable caption={`${count(items.length)}${next ? ' of them' : ''}`} file="price-and-value.csv" columns={columns} rows={underpricedFirst(items)} rowKey={(line) => `${line.account} ${line.metric} ${line.from}`} />
                {next && <p className={lists.dim}>There are more than {count(mostOutOfBand)}; GET /v1/packaging/value gives them page by page.</p>}
              </>
            ) : (
              <p className={lists.dim}>
                Every price lies within the band of what accounts gain, as far as <Link href="/packaging/worksheet?step=value">value metrics</Link> say a worth and a band.
              </p>
            )
          }
        </Await>
      </Panel>
    </div>
  )
}
