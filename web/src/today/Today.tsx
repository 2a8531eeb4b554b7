import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useLive, type Liveness } from '../api/live'
import { clockQuery, movementsQuery, signalsQuery } from '../api/queries'
import { subtract } from '../lib/decimal'
import { change, moment, money, monthName } from '../lib/format'
import { monthsBetween, shift } from '../lib/month'
import { Limits } from './Limits'
import { Offers } from './Offers'
import { Opportunities } from './Opportunities'
import { usePeriod, type Period } from './period'
import { Retention } from './Retention'
import { Revenue } from './Revenue'
import { Signals, sentence } from './Signals'
import classes from './Today.module.css'

/** The first page: what was earned, what is about to happen, what waits for someone. */
export function Today() {
  const period = usePeriod()
  const clock = useQuery(clockQuery)
  const liveness = useLive(true)
  const now = clock.data?.now

  return (
    <div className={classes.today}>
      <div className={classes.head}>
        <div className={classes.title}>
          <h1>Today</h1>
          <p>What should I do now?</p>
        </div>
        <div className={classes.tools}>
          <Freshness liveness={liveness} now={now} test={clock.data?.test ?? false} />
          <MonthPicker period={period} />
        </div>
      </div>
      {clock.isError && !clock.data && (
        <p role="alert" className={classes.alert}>
          {clock.error.message}{' '}
          <button type="button" onClick={() => void clock.refetch()}>
            Try again
          </button>
        </p>
      )}
      <div className={classes.grid}>
        <Revenue period={period} className={classes.revenue} />
        <Retention period={period} className={classes.retention} />
        <Signals now={now} className={classes.signals} />
        <Limits now={now} className={classes.limits} />
        <Opportunities now={now} className={classes.opportunities} />
        <Offers period={period} className={classes.offers} />
      </div>
      <Announcer period={period} />
    </div>
  )
}

/** How many months back the picker goes. */
const reach = 36

function MonthPicker({ period }: { period: Period }) {
  const { month, current, choose } = period
  const months = current ? monthsBetween(shift(current, 1 - reach), current).toReversed() : []
  if (month && !months.includes(month)) months.push(month) // from an old address
  const step = (by: number, label: string, sign: string, possible: boolean) => (
    <button type="button" aria-label={label} title={label} disabled={!possible} onClick={() => month && choose(shift(month, by))}>
      <svg width="16" height="16" viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
        <path d={sign} />
      </svg>
    </button>
  )
  return (
    <div className={classes.picker} role="group" aria-label="Month">
      {step(-1, 'Month before', 'M12 4.500 6.500 10l5.500 5.500', month !== undefined)}
      <select aria-label="Month" value={month ?? ''} onChange={(event) => choose(event.currentTarget.value)} disabled={!month}>
        {months.map((item) => (
          <option key={item} value={item}>
            {monthName(item)}
          </option>
        ))}
      </select>
      {step(1, 'Month after', 'M8 4.500 13.500 10 8 15.500', month !== undefined && current !== undefined && month < current)}
    </div>
  )
}

const freshness: Record<Liveness, string> = { connecting: 'Connecting', live: 'Live', polling: 'Every 15 s' }

function Freshness({ liveness, now, test }: { liveness: Liveness; now: string | undefined; test: boolean }) {
  return (
    <p className={classes.freshness} title={liveness === 'polling' ? 'The stream of changes is broken: the page asks again every 15 seconds' : undefined}>
      <span className={liveness === 'live' ? classes.on : classes.off} aria-hidden="true" />
      <span>{freshness[liveness]}</span>
      <span className={classes.clock}>
        {now && moment(now)}
        {test && ' (test clock)'}
      </span>
    </p>
  )
}

/** Tells a screen reader what came in since the page was opened, and nothing at first. */
function Announcer({ period }: { period: Period }) {
  const movements = useQuery({ ...movementsQuery(period.month ?? '', period.currency), enabled: period.month !== undefined })
  const signals = useQuery(signalsQuery(8))
  const [said, say] = useState('')
  const before = useRef<{ mrr?: string | undefined; signal?: string | undefined }>({})

  const item = movements.isPlaceholderData ? undefined : movements.data?.items?.find((each) => each.period === period.month)
  const newest = signals.data?.items?.[0]
  const mrr = item && `${item.period} ${item.end}`

  useEffect(() => {
    const last = before.current
    const news: string[] = []
    if (item && movements.data && last.mrr && mrr !== last.mrr && last.mrr.startsWith(item.period)) {
      const { currency } = movements.data
      news.push(`MRR is now ${money(item.end, currency, { short: true })}, ${change(subtract(item.end, item.start), currency)} this month.`)
    }
    if (newest && last.signal && newest.id !== last.signal) {
      news.push(`New signal: ${newest.account_name || newest.account}. ${sentence(newest.evidence)}`)
    }
    before.current = { mrr: mrr ?? last.mrr, signal: newest?.id ?? last.signal }
    if (news.length > 0) say(news.join(' '))
  }, [item, movements.data, mrr, newest])

  return (
    <p role="status" className="hidden">
      {said}
    </p>
  )
}
