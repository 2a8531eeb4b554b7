// What the month's movements are, in the order they are told, and where their bars stand.

import type { Movement } from '../api/types'
import { add, magnitude, negate, toNumber } from '../lib/decimal'

export type MovementKey = 'new' | 'expansion' | 'reactivation' | 'contraction' | 'churn'

export interface Step {
  key: MovementKey
  title: string
  /** In words, what it is. */
  meaning: string
  /** With its sign: what it does to MRR. */
  amount: string
}

const kinds: { key: MovementKey; title: string; meaning: string; gain: boolean }[] = [
  { key: 'new', title: 'New', meaning: 'first payments', gain: true },
  { key: 'expansion', title: 'Expansion', meaning: 'customers paying more', gain: true },
  { key: 'reactivation', title: 'Reactivation', meaning: 'customers who came back', gain: true },
  { key: 'contraction', title: 'Contraction', meaning: 'customers paying less', gain: false },
  { key: 'churn', title: 'Churn', meaning: 'customers who left', gain: false },
]

export function steps(movement: Movement): Step[] {
  return kinds.map(({ key, title, meaning, gain }) => {
    const size = magnitude(movement[key])
    return { key, title, meaning, amount: gain ? size : negate(size) }
  })
}

export const gained = (m: Movement): string => add(magnitude(m.new), magnitude(m.expansion), magnitude(m.reactivation))
export const lost = (m: Movement): string => add(magnitude(m.contraction), magnitude(m.churn))

export interface Bar {
  /** Shares of the width, 0 to 1. */
  from: number
  size: number
}

/**
 * The bars of a bridge: each begins where the one before ended, on a common scale. `zero` is
 * where the month began.
 */
export function bridge(amounts: string[]): { bars: Bar[]; zero: number } {
  let level = 0
  const spans = amounts.map((amount) => {
    const next = level + toNumber(amount)
    const span: [number, number] = [Math.min(level, next), Math.max(level, next)]
    level = next
    return span
  })
  const low = Math.min(0, ...spans.map(([from]) => from))
  const high = Math.max(0, ...spans.map(([, to]) => to))
  const width = high - low || 1
  return { bars: spans.map(([from, to]) => ({ from: (from - low) / width, size: (to - from) / width })), zero: Math.abs(low) / width }
}
