// Where values stand on a chart's axis, and which of them are marked.

export interface Scale {
  /** From 0 at the left to 1 at the right. */
  at: (value: number) => number
  /** The value that stands at a place. */
  value: (at: number) => number
  logarithmic: boolean
}

/** Usage is often spread over orders of magnitude: then every tenfold takes the same room. */
const spread = 50

/**
 * An axis from 0 to `most`. It is logarithmic (of 1 + value, as usage begins at 0) where the
 * largest value is far above the `middle` one.
 */
export function scaleTo(most: number, middle: number): Scale {
  const top = most > 0 ? most : 1
  if (top < spread * Math.max(1, middle)) {
    return { at: (value) => clamp(value / top), value: (at) => clamp(at) * top, logarithmic: false }
  }
  const whole = Math.log1p(top)
  return { at: (value) => clamp(Math.log1p(Math.max(0, value)) / whole), value: (at) => Math.expm1(clamp(at) * whole), logarithmic: true }
}

const clamp = (at: number) => Math.min(1, Math.max(0, at))

/** About `n` round values of an axis that do not stand closer than that. */
export function ticks(scale: Scale, most: number, n = 6): number[] {
  const top = most > 0 ? most : 1
  if (scale.logarithmic) {
    const tens = [0]
    for (let value = 1; value <= top; value *= 10) tens.push(value)
    const every = Math.max(1, Math.ceil(tens.length / n))
    return tens.filter((_, index) => index % every === 0)
  }
  const step = roundUp(top / n)
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)))
}

/** The next of 1, 2, 5, 10, 20, … that is not below. */
function roundUp(value: number): number {
  const ten = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 5, 10].find((each) => each * ten >= value * (1 - 1e-9)) ?? 10
  return factor * ten
}

/** How much one step changes a limit of this size: a hundredth to a tenth of it, 1 at least. */
export function stepAt(value: number): number {
  return Math.max(1, 10 ** (Math.floor(Math.log10(Math.max(1, value))) - 1))
}

/** A limit of round digits near a value: what a person would offer. */
export function roundLimit(value: number): number {
  const step = stepAt(value)
  return Math.max(0, Math.round(value / step) * step)
}

/** The limit some steps higher or lower, on round values. */
export function stepped(value: number, steps: number): number {
  // Down from a power of ten the steps are already the smaller ones below it.
  const step = stepAt(steps < 0 ? Math.max(1, value - 1e-9) : value)
  const edge = steps > 0 ? Math.floor(value / step + 1e-9) : Math.ceil(value / step - 1e-9)
  return Math.max(0, (edge + steps) * step)
}
