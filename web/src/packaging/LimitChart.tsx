import { useRef, type KeyboardEvent, type PointerEvent } from 'react'
import type { CurrentLimit, HistogramBin } from '../api/types'
import { count, words } from '../lib/format'
import { roundLimit, stepped, ticks, type Scale } from '../lib/scale'
import classes from './LimitChart.module.css'

interface LimitChartProps {
  title: string
  bins: HistogramBin[]
  scale: Scale
  most: number
  breaks: number[]
  limits: CurrentLimit[]
  candidate: number
  /** Called while the line moves; `settled` once it stands. */
  move: (candidate: number, settled: boolean) => void
}

const height = 240

/**
 * How many accounts use how much, with the natural breaks, the limits of today, and one line
 * that can be moved: by pointer, or as a slider by keyboard. To a screen reader the picture is
 * one sentence; every number stands in the table one click away.
 */
export function LimitChart({ title, bins, scale, most, breaks, limits, candidate, move }: LimitChartProps) {
  const plot = useRef<HTMLDivElement>(null)
  const top = Math.max(1, ...bins.map((bin) => bin.accounts))
  const percent = (value: number) => `${scale.at(value) * 100}%`
  const all = bins.reduce((sum, bin) => sum + bin.accounts, 0)

  const pointed = (event: PointerEvent) => {
    const box = plot.current?.getBoundingClientRect()
    return box ? roundLimit(scale.value((event.clientX - box.left) / box.width)) : candidate
  }
  const keys: Record<string, () => number> = {
    ArrowRight: () => stepped(candidate, 1),
    ArrowUp: () => stepped(candidate, 1),
    ArrowLeft: () => stepped(candidate, -1),
    ArrowDown: () => stepped(candidate, -1),
    PageUp: () => stepped(candidate, 10),
    PageDown: () => stepped(candidate, -10),
    Home: () => 0,
    End: () => roundLimit(most),
  }
  const pressed = (event: KeyboardEvent) => {
    const next = keys[event.key]
    if (!next || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    move(Math.min(next(), Math.max(roundLimit(most), candidate)), true)
  }

  return (
    <figure className={classes.chart}>
      <div ref={plot} className={classes.plot}>
        <svg
          viewBox={`0 0 1000 ${height}`}
          preserveAspectRatio="none"
          className={classes.picture}
          role="img"
          aria-label={`Usage of ${title}: ${count(all)} accounts from 0 to ${count(most)}${scale.logarithmic ? ', on a logarithmic axis' : ''}. Every bar stands in the table.`}
        >
          {bins.map((bin) => {
            const from = scale.at(bin.from) * 1000
            const to = scale.at(bin.to) * 1000
            const tall = (bin.accounts / top) * (height - 12)
            return <rect key={`${bin.from}`} x={from} width={Math.max(3, to - from - 1)} y={height - tall} height={tall} className={bin.from >= candidate ? classes.above : classes.bar} />
          })}
        </svg>
        {breaks.map((value) => (
          <span key={value} className={classes.break} style={{ left: percent(value) }} title={`Natural break at ${count(value)}`} />
        ))}
        {limits.map((each) => (
          <span key={each.limit} className={classes.limit} style={{ left: percent(each.limit) }} title={`${(each.plans ?? []).map(words).join(', ')}: ${count(each.limit)}`} />
        ))}
        <div
          role="slider"
          tabIndex={0}
          aria-label={`Candidate limit of ${title}`}
          aria-valuemin={0}
          aria-valuemax={Math.max(roundLimit(most), candidate)}
          aria-valuenow={candidate}
          aria-valuetext={count(candidate)}
          aria-orientation="horizontal"
          className={classes.candidate}
          style={{ left: percent(candidate) }}
          onKeyDown={pressed}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId)
            event.currentTarget.focus()
          }}
          onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && move(pointed(event), false)}
          onPointerUp={(event) => move(pointed(event), true)}
        />
      </div>
      <div className={classes.axis} aria-hidden="true">
        {ticks(scale, most).map((tick) => (
          <span key={tick} style={{ left: percent(tick) }}>
            {count(tick)}
          </span>
        ))}
      </div>
      <figcaption className={classes.legend}>
        <span>
          <i className={classes.keyBar} /> accounts by usage
        </span>
        <span>
          <i className={classes.keyAbove} /> at or above the candidate
        </span>
        <span>
          <i className={classes.keyBreak} /> natural break
        </span>
        <span>
          <i className={classes.keyLimit} /> limit of today
        </span>
        <span>
          <i className={classes.keyCandidate} /> candidate: drag it, or focus it and use the arrow keys
        </span>
        {scale.logarithmic && <span>logarithmic axis</span>}
      </figcaption>
    </figure>
  )
}
