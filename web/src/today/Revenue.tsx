import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { movementsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import type { Movement, Movements } from '../api/types'
import { ratio, sign, subtract } from '../lib/decimal'
import { change, count, money, monthName, percent } from '../lib/format'
import type { Month } from '../lib/month'
import { bridge, gained, lost, steps } from './bridge'
import { DataTable, Details, OpenDetails, type Column } from '../shared/Details'
import { Empty } from '../shared/Empty'
import { MovementChart } from './MovementChart'
import { Await, Panel } from '../shared/Panel'
import type { Period } from './period'
import classes from './Revenue.module.css'
import { useOpen } from '../shared/open'

/** Nothing is converted: what is paid in other currencies is said beside, and looked at by itself. */
function Others({ of, period, currency }: { of: NonNullable<Movements['others']>; period: Period; currency: string }) {
  if (of.length === 0 && !period.currency) return null
  return (
    <p className={classes.others}>
      {of.map(({ mrr, accounts }) => (
        <span key={mrr.currency}>
          and {money(mrr.amount, mrr.currency, { short: true })} a month from {count(accounts)} {accounts === 1 ? 'account that pays' : 'accounts that pay'} in {mrr.currency}, which is not in this figure.{' '}
          <button type="button" onClick={() => period.chooseCurrency(mrr.currency)}>
            Look at {mrr.currency}
          </button>{' '}
        </span>
      ))}
      {period.currency && <span>All figures of money here are in {currency}.</span>}
    </p>
  )
}

/** MRR, what moved it this month, and the months before. */
export function Revenue({ period, className }: { period: Period; className?: string | undefined }) {
  const { month } = period
  const query = useQuery({ ...movementsQuery(month ?? '', period.currency), enabled: month !== undefined })
  const [, setOpen] = useOpen('movements')
  return (
    <Panel
      id="mrr"
      title="MRR"
      of={month && (month === period.current ? `${monthName(month)} so far` : `at the end of ${monthName(month)}`)}
      className={className}
      action={<OpenDetails name="movements">Table and definition</OpenDetails>}
    >
      <Await query={query} waiting={<Waiting />}>
        {({ currency, items, others }) => {
          const months = items ?? []
          const shown = months.find((item) => item.period === month) ?? months.at(-1)
          if (!shown || months.every(isBlank)) {
            return (
              <div className={classes.body}>
                <Empty title="No revenue yet" snippet={snippets.subscription()}>
                  Say what an account has bought, or bring a file with <code>headroom import subscriptions FILE</code>.
                </Empty>
              </div>
            )
          }
          const difference = subtract(shown.end, shown.start)
          return (
            <>
              <div className={classes.body}>
                <div className={classes.left}>
                  <button
                    type="button"
                    className={classes.figure}
                    aria-haspopup="dialog"
                    onClick={() => setOpen(true)}
                    title="Show what makes this figure"
                  >
                    {money(shown.end, currency, { short: true })}
                  </button>
                  <p className={classes.change}>
                    <Change difference={difference} start={shown.start} currency={currency} month={shown.period} />
                  </p>
                  <Others of={others ?? []} period={period} currency={currency} />
                  <Bridge movement={shown} currency={currency} current={shown.period === period.current} />
                </div>
                <MovementChart currency={currency} months={months} chosen={shown.period} choose={period.choose} />
              </div>
              <Details name="movements" title={`MRR, ${range(months)}`} definition={<Definition />}>
                <DataTable
                  caption={`Movements by month, ${currency}`}
                  file={`mrr-movements-${months[0]?.period}-to-${months.at(-1)?.period}.csv`}
                  columns={columns(currency)}
                  rows={months.toReversed()}
                  rowKey={(item) => item.period}
                  emphasised={(item) => item.period === shown.period}
                />
              </Details>
            </>
          )
        }}
      </Await>
    </Panel>
  )
}

/** Nothing paid and nothing moved. */
const isBlank = (item: Movement) => sign(item.end) === 0 && sign(item.start) === 0 && sign(gained(item)) === 0

export const range = (months: { period: Month }[]) => {
  const [first, last] = [months[0], months.at(-1)]
  if (!first || !last) return ''
  return first === last ? monthName(first.period) : `${monthName(first.period)} to ${monthName(last.period)}`
}

interface ChangeProps {
  difference: string
  start: string
  currency: string
  month: Month
}

function Change({ difference, start, currency, month }: ChangeProps) {
  const rate = ratio(difference, start)
  const words = change(difference, currency)
  return (
    <>
      <span className={sign(difference) < 0 ? classes.loss : sign(difference) > 0 ? classes.gain : undefined}>
        {words.charAt(0).toUpperCase() + words.slice(1)}
        {rate !== null && sign(rate) !== 0 && ` (${percent(rate, { signed: true })})`}
      </span>{' '}
      since 1 {monthName(month).split(' ')[0]}
    </>
  )
}

function Bridge({ movement, currency, current }: { movement: Movement; currency: string; current: boolean }) {
  const parts = steps(movement)
  const { bars, zero } = bridge(parts.map((part) => part.amount))
  return (
    <table className={classes.bridge}>
      <caption className="hidden">What moved MRR in {monthName(movement.period)}</caption>
      <tbody>
        <tr className={classes.total}>
          <th scope="row" colSpan={2}>
            Start
          </th>
          <td>{money(movement.start, currency)}</td>
        </tr>
        {parts.map((part, index) => {
          const bar = bars[index]
          const direction = sign(part.amount)
          return (
            <tr key={part.key}>
              <th scope="row" title={part.meaning}>
                {part.title}
              </th>
              <td className={classes.track} aria-hidden="true">
                <span className={classes.zero} style={{ left: `${zero * 100}%` }} />
                {bar && direction !== 0 && (
                  <span
                    className={direction < 0 ? classes.lossBar : classes.gainBar}
                    style={{ left: `${bar.from * 100}%`, width: `max(2px, ${bar.size * 100}%)` }}
                  />
                )}
              </td>
              <td className={direction === 0 ? classes.none : undefined}>{money(part.amount, currency, { signed: true })}</td>
            </tr>
          )
        })}
        <tr className={classes.total}>
          <th scope="row" colSpan={2}>
            {current ? 'Now' : 'End'}
          </th>
          <td>{money(movement.end, currency)}</td>
        </tr>
      </tbody>
    </table>
  )
}

const columns = (currency: string): Column<Movement>[] => {
  const amount = (title: string, of: (item: Movement) => string, signed = true): Column<Movement> => ({
    title,
    show: (item) => money(of(item), currency, { signed }),
    value: of,
  })
  const loss = (size: string) => subtract('0', size.replace(/^-/, ''))
  return [
    { title: 'Month', show: (item) => monthName(item.period), value: (item) => item.period, text: true },
    amount('Start', (item) => item.start, false),
    amount('New', (item) => item.new),
    amount('Expansion', (item) => item.expansion),
    amount('Reactivation', (item) => item.reactivation),
    amount('Contraction', (item) => loss(item.contraction)),
    amount('Churn', (item) => loss(item.churn)),
    amount('Gained', gained),
    amount('Lost', (item) => loss(lost(item))),
    amount('End', (item) => item.end, false),
  ]
}

function Definition() {
  return (
    <>
      <p>
        MRR is what all subscriptions that are paid for bring in per month. A yearly price counts with an exact twelfth; one-off
        charges and trials count nothing. Months are months in UTC.
      </p>
      <p>
        New is an account’s first payment, also when it comes from a trial or from free. Expansion and contraction are accounts
        that paid before and now pay more or less. Churn is an account that stopped paying; reactivation is one that came back.
        What one account does within a month is netted.
      </p>
      <p>
        Start, plus what was gained, less what was lost, is end. The same from the command line:{' '}
        <code>headroom revenue movements</code>
      </p>
    </>
  )
}

function Waiting() {
  return (
    <div className={classes.body} aria-hidden="true">
      <div className={classes.left}>
        <Skeleton height={40} width={190} my={5} />
        <Skeleton height={14} width={230} mt={6} />
        <Skeleton height={196} mt={20} />
      </div>
      <div className={classes.waitingChart}>
        <Skeleton height="100%" />
      </div>
    </div>
  )
}
