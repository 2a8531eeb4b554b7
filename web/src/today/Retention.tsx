import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { retentionQuery } from '../api/queries'
import type { Retained } from '../api/types'
import { subtract, toNumber } from '../lib/decimal'
import { money, monthName, percent } from '../lib/format'
import { DataTable, Details, OpenDetails, type Column } from '../shared/Details'
import { Await, Panel } from '../shared/Panel'
import { useOpen } from '../shared/open'
import type { Period } from './period'
import { range } from './Revenue'
import classes from './Retention.module.css'

/** NRR and GRR of the month, with the year behind them. */
export function Retention({ period, className }: { period: Period; className?: string | undefined }) {
  const { month } = period
  const query = useQuery({ ...retentionQuery(month ?? '', period.currency), enabled: month !== undefined })
  return (
    <Panel
      id="retention"
      title="Retention"
      of={month && (month === period.current ? `${monthName(month)} so far` : monthName(month))}
      className={className}
      action={<OpenDetails name="retention">Table and definition</OpenDetails>}
    >
      <Await query={query} waiting={<Waiting />}>
        {({ currency, items }) => {
          const months = items ?? []
          const shown = months.find((item) => item.period === month)
          return (
            <>
              <div className={classes.rates}>
                <Rate name="Net revenue retention (NRR)" months={months} shown={shown} of={(item) => item.nrr} />
                <Rate name="Gross revenue retention (GRR)" months={months} shown={shown} of={(item) => item.grr} />
                <p className={classes.words}>{sentence(shown, currency)}</p>
              </div>
              <Details name="retention" title={`Retention, ${range(months)}`} definition={<Definition />}>
                <DataTable
                  caption={`Retention by month, ${currency}`}
                  file={`retention-${months[0]?.period}-to-${months.at(-1)?.period}.csv`}
                  columns={columns(currency)}
                  rows={months.toReversed()}
                  rowKey={(item) => item.period}
                  emphasised={(item) => item === shown}
                />
              </Details>
            </>
          )
        }}
      </Await>
    </Panel>
  )
}

function sentence(item: Retained | undefined, currency: string): string {
  if (!item || item.nrr === null) return 'Nobody paid at the start of the month, so there is nothing to retain yet.'
  const left = subtract(subtract(item.start, item.contraction.replace('-', '')), item.churn.replace('-', ''))
  return `Customers who paid ${money(item.start, currency, { short: true })} at the start of the month kept ${money(left, currency, { short: true })} of it and added ${money(item.expansion, currency, { short: true })}.`
}

interface RateProps {
  name: string
  months: Retained[]
  shown: Retained | undefined
  of: (item: Retained) => string | null
}

function Rate({ name, months, shown, of }: RateProps) {
  const [, setOpen] = useOpen('retention')
  const rate = shown ? of(shown) : null
  return (
    <div className={classes.rate}>
      <h3>{name}</h3>
      <button type="button" className={classes.figure} aria-haspopup="dialog" onClick={() => setOpen(true)} title="Show what makes this figure">
        {rate === null ? '–' : percent(rate)}
        {rate === null && <span className="hidden">not known</span>}
      </button>
      <Line rates={months.map(of)} label={`${name} over ${months.length} months. Every month stands in the table.`} />
    </div>
  )
}

/** The rates as a line; the dashed line is 100%. */
function Line({ rates, label }: { rates: (string | null)[]; label: string }) {
  const values = rates.map((rate) => (rate === null ? null : toNumber(rate)))
  const known = values.filter((value) => value !== null)
  const low = Math.min(1, ...known)
  const high = Math.max(1, ...known)
  const span = high - low || 1
  const x = (index: number) => (values.length < 2 ? 100 : (index / (values.length - 1)) * 100)
  const y = (value: number) => 4 + (1 - (value - low) / span) * 32
  const points = values.flatMap((value, index) => (value === null ? [] : [`${x(index)},${y(value)}`]))
  const lastIndex = values.findLastIndex((value) => value !== null)
  const last = values[lastIndex]
  return (
    <div className={classes.line} role="img" aria-label={label}>
      <svg viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
        <line x1="0" x2="100" y1={y(1)} y2={y(1)} className={classes.whole} vectorEffect="non-scaling-stroke" />
        <polyline points={points.join(' ')} className={classes.path} vectorEffect="non-scaling-stroke" />
      </svg>
      {last !== null && last !== undefined && (
        <span className={classes.dot} style={{ left: `${x(lastIndex)}%`, top: `${(y(last) / 40) * 100}%` }} />
      )}
    </div>
  )
}

const columns = (currency: string): Column<Retained>[] => {
  const amount = (title: string, of: (item: Retained) => string, signed = true): Column<Retained> => ({
    title,
    show: (item) => money(of(item), currency, { signed }),
    value: of,
  })
  const rate = (title: string, of: (item: Retained) => string | null): Column<Retained> => ({
    title,
    show: (item) => {
      const value = of(item)
      return value === null ? '–' : percent(value, { digits: 2 })
    },
    value: of,
  })
  const loss = (size: string) => subtract('0', size.replace('-', ''))
  return [
    { title: 'Month', show: (item) => monthName(item.period), value: (item) => item.period, text: true },
    amount('Start', (item) => item.start, false),
    amount('Expansion', (item) => item.expansion),
    amount('Contraction', (item) => loss(item.contraction)),
    amount('Churn', (item) => loss(item.churn)),
    rate('NRR', (item) => item.nrr),
    rate('GRR', (item) => item.grr),
  ]
}

function Definition() {
  return (
    <>
      <p>
        NRR = (start + expansion − contraction − churn) / start, over the accounts that paid at the start of the month. New
        accounts and those that came back are left out.
      </p>
      <p>GRR = (start − contraction − churn) / start. It leaves expansion out and cannot pass 100%.</p>
      <p>
        Each figure is of one month. The same from the command line, also over a year: <code>headroom revenue retention</code>
      </p>
    </>
  )
}

function Waiting() {
  return (
    <div className={classes.rates} aria-hidden="true">
      {[0, 1].map((index) => (
        <div key={index} className={classes.rate}>
          <Skeleton height={12} width="70%" my={4} />
          <Skeleton height={34} width={110} my={4} />
          <Skeleton height={44} mt={8} />
        </div>
      ))}
      <Skeleton height={36} />
    </div>
  )
}
