import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { roiQuery, valueQuery } from '../api/queries'
import type { ValueLedger, ValueLedgerLine } from '../api/types'
import { count, moment, money, monthName, percent, words } from '../lib/format'
import { monthOf } from '../lib/month'
import { DataTable, Details, OpenDetails, type Column } from '../shared/Details'
import { useOpen } from '../shared/open'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import lists from '../shared/List.module.css'
import classes from './Account.module.css'

const states = { in_band: 'within the band', below: 'below the band', above: 'above the band', unused: 'nothing was gained' }

/** What the account gained in its own terms, month by month, and the price as a share of it. */
export function AccountValue({ account }: { account: string }) {
  const query = useQuery(valueQuery(account))
  const none = query.data && !query.data.metrics?.length
  return (
    <Panel id="value" title="Value" of="what they gain, in their own terms" action={!none && <OpenDetails name="roi">ROI statement</OpenDetails>}>
      <Await query={query} waiting={<WaitingRows rows={2} className={lists.row} />}>
        {(ledger) =>
          !ledger.metrics?.length ? (
            <p className={classes.none}>
              The catalog has no value metric. <Link href="/packaging/worksheet?step=value">Add one</Link>, and what each account gains is written down month by month.
            </p>
          ) : !ledger.items?.length ? (
            <p className={classes.none}>Nothing was gained so far.</p>
          ) : (
            <DataTable caption="The value ledger" file={`value-${account}.csv`} columns={columns(ledger)} rows={ledger.items} rowKey={(line) => `${line.metric} ${line.from}`} />
          )
        }
      </Await>
      <Statement account={account} />
    </Panel>
  )
}

function columns({ metrics }: ValueLedger): Column<ValueLedgerLine>[] {
  const metric = (line: ValueLedgerLine) => metrics?.find((each) => each.key === line.metric)
  return [
    { title: 'Month', text: true, show: (line) => `${monthName(monthOf(line.from))}${line.open ? ' so far' : ''}`, value: (line) => monthOf(line.from) },
    { title: 'Metric', text: true, show: (line) => metric(line)?.title || words(line.metric), value: (line) => line.metric },
    { title: 'Gained', show: (line) => `${count(line.quantity)}${metric(line)?.unit ? ` ${metric(line)?.unit}` : ''}`, value: (line) => line.quantity },
    { title: 'Worth', show: (line) => (line.worth ? money(line.worth.amount, line.worth.currency) : '–'), value: (line) => line.worth?.amount ?? null },
    { title: 'Price', show: (line) => money(line.price.amount, line.price.currency), value: (line) => line.price.amount },
    { title: 'Share', show: (line) => (line.share === null ? '–' : percent(line.share)), value: (line) => line.share },
    { title: 'Band', text: true, show: (line) => (line.band ? `${line.band}${line.state ? `, ${states[line.state]}` : ''}` : '–'), value: (line) => line.state ?? null },
  ]
}

function Statement({ account }: { account: string }) {
  const [open] = useOpen('roi')
  const query = useQuery({ ...roiQuery(account), enabled: open })
  return (
    <Details
      name="roi"
      title={query.data?.title || 'ROI statement'}
      definition={
        <ul>
          {query.data?.assumptions?.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      }
    >
      <Await query={query} waiting={<WaitingRows rows={3} className={lists.row} />}>
        {(roi) => (
          <>
            <p className={classes.none}>
              From {moment(roi.period.from)} to {moment(roi.period.to)}
              {roi.incomplete && '; the last month is not over yet'}.
            </p>
            <DataTable
              caption="Line by line"
              file={`roi-${account}.csv`}
              columns={[
                { title: 'What', text: true, show: (line) => line.label, value: (line) => line.label },
                { title: 'Number', show: (line) => line.value, value: (line) => line.value },
              ]}
              rows={roi.numbers ?? []}
              rowKey={(line) => line.label}
            />
          </>
        )}
      </Await>
    </Details>
  )
}
