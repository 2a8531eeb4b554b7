import { useState } from 'react'
import type { Movement } from '../api/types'
import { toNumber } from '../lib/decimal'
import { money, monthName } from '../lib/format'
import type { Month } from '../lib/month'
import { gained, lost } from './bridge'
import classes from './MovementChart.module.css'

interface MovementChartProps {
  currency: string
  months: Movement[]
  chosen: Month
  choose: (month: Month) => void
}

/**
 * MRR month by month, and below it what each month gained (up) and lost (down). It is a
 * picture of the table one click away, so to a screen reader it is one sentence; the month is
 * chosen by keyboard with the select above the page.
 */
export function MovementChart({ currency, months, chosen, choose }: MovementChartProps) {
  const [pointed, setPointed] = useState<Month>()
  const read = months.find((item) => item.period === (pointed ?? chosen))
  const top = Math.max(1, ...months.map((item) => toNumber(item.end)))
  const most = Math.max(1, ...months.map((item) => Math.max(toNumber(gained(item)), toNumber(lost(item)))))
  const first = months[0]
  const last = months.at(-1)
  const share = (value: string, of: number) => `${Math.max(0, (toNumber(value) / of) * 100)}%`

  return (
    <figure className={classes.chart}>
      <figcaption className={classes.read} aria-hidden="true">
        {read && (
          <>
            <strong>{monthName(read.period)}</strong>
            <span>
              <i className={classes.keyLevel} /> MRR {money(read.end, currency, { short: true })}
            </span>
            <span>
              <i className={classes.keyGain} /> gained {money(gained(read), currency, { signed: true, short: true })}
            </span>
            <span>
              <i className={classes.keyLoss} /> lost {money(`-${lost(read)}`, currency, { signed: true, short: true })}
            </span>
          </>
        )}
      </figcaption>
      <div
        role="img"
        aria-label={
          first && last
            ? `MRR by month: ${money(first.end, currency)} at the end of ${monthName(first.period)}, ${money(last.end, currency)} in ${monthName(last.period)}. Every month stands in the table.`
            : 'MRR by month'
        }
        className={classes.plot}
        onPointerLeave={() => setPointed(undefined)}
      >
        {months.map((item, index) => (
          <div
            key={item.period}
            className={item.period === chosen ? `${classes.month} ${classes.chosen}` : classes.month}
            onPointerEnter={() => setPointed(item.period)}
            onClick={() => choose(item.period)}
          >
            <div className={classes.level}>
              <span style={{ height: share(item.end, top) }} />
            </div>
            <div className={classes.gain}>
              <span style={{ height: share(gained(item), most) }} />
            </div>
            <div className={classes.loss}>
              <span style={{ height: share(lost(item), most) }} />
            </div>
            <div className={classes.name}>
              <span className={classes.short}>{monthName(item.period, 'short')}</span>
              <span className={classes.narrow}>{monthName(item.period, 'narrow')}</span>
              {(index === 0 || item.period.endsWith('-01')) && <small>{item.period.slice(0, 4)}</small>}
            </div>
          </div>
        ))}
      </div>
    </figure>
  )
}
