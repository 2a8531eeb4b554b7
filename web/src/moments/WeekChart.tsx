import { count } from '../lib/format'
import { DataTable, Details, OpenDetails, type Column } from '../shared/Details'
import type { Bar } from './backtest'
import classes from './Analysis.module.css'

const named = (from: string, by: 'week' | 'month') =>
  new Intl.DateTimeFormat('en-GB', by === 'week' ? { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' } : { month: 'short', year: 'numeric', timeZone: 'UTC' }).format(new Date(from))

/** How often a rule would have fired, by week or month; to a screen reader one sentence, every number in the table. */
export function WeekChart({ bars, by, title }: { bars: Bar[]; by: 'week' | 'month'; title: string }) {
  const top = Math.max(1, ...bars.map((bar) => bar.fired))
  const all = bars.reduce((sum, bar) => sum + bar.fired, 0)
  const [first, last] = [bars[0], bars.at(-1)]
  if (!first || !last) return null
  const wide = 1000 / bars.length
  const columns: Column<Bar>[] = [
    { title: by === 'week' ? 'Week of' : 'Month', show: (bar) => named(bar.from, by), value: (bar) => bar.from, text: true },
    { title: 'Firings', show: (bar) => count(bar.fired), value: (bar) => bar.fired },
  ]
  return (
    <figure className={classes.chart}>
      <div className={classes.plot}>
        <svg viewBox="0 0 1000 120" preserveAspectRatio="none" role="img" aria-label={`${count(all)} firings by ${by} from ${named(first.from, by)} to ${named(last.from, by)}, ${count(top)} at most. Every number stands in the table.`}>
          {bars.map((bar, i) => (
            <rect key={bar.from} x={i * wide + wide * 0.08} width={wide * 0.84} y={118 - (bar.fired / top) * 114} height={bar.fired === 0 ? 0 : (bar.fired / top) * 114 + 2} className={classes.bar} />
          ))}
        </svg>
      </div>
      <figcaption className={classes.axis}>
        <span>{named(first.from, by)}</span>
        <span>
          by {by}, {count(top)} at most · <OpenDetails name="weeks">Table and definition</OpenDetails>
        </span>
        <span>{named(last.from, by)}</span>
      </figcaption>
      <Details
        name="weeks"
        title={`When ${title} would have fired`}
        definition={
          <p>
            Every firing over the stored history, by the time of the event that made it fire, in UTC; weeks begin on Monday.
            {by === 'month' && ' The answer lists too few single firings to part them by week, so they stand by month.'}
          </p>
        }
      >
        <DataTable caption={`Firings by ${by}`} file={`backtest-by-${by}.csv`} columns={columns} rows={bars} rowKey={(bar) => bar.from} />
      </Details>
    </figure>
  )
}
