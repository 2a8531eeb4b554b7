// Lifts and their intervals in words.

import type { Precursor } from '../api/moments'

/** The types by which an account grows: those that upgrades are looked for of. */
export const grows = ['upsell', 'new_logo', 'cross_sell']

const number = (text: string) => new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 }).format(Number(text))

/** "4.1% to 20%"; '' where there is none. */
export function intervalWords(interval: string[] | null | undefined, show: (value: string) => string = number): string {
  const [from, to] = interval ?? []
  return from === undefined || to === undefined || from === '' ? '' : `${show(from)} to ${show(to)}`
}

/** "2.4× (1.3 to 4.5)", or that too little is known. */
export function liftWords(item: Pick<Precursor, 'lift' | 'interval' | 'too_little'>): string {
  if (item.lift === '') return 'Too little to say'
  const interval = intervalWords(item.interval)
  return `${number(item.lift)}×${interval ? ` (${interval})` : ''}`
}

/** What the interval says of the lift: whether chance alone may explain it. */
export function certainty(item: Pick<Precursor, 'lift' | 'interval'>): string {
  const [from, to] = (item.interval ?? []).map(Number)
  if (item.lift === '' || from === undefined || to === undefined) return 'too few accounts to tell it from chance'
  if (from > 1) return 'more often than others'
  if (to < 1) return 'less often than others'
  return 'no difference that chance would not explain'
}

/** The rule that notices an action; undefined for what is one already. */
export function ruleOfAction(item: Pick<Precursor, 'kind' | 'name'>): Record<string, unknown> | undefined {
  if (item.kind === 'event') return { first: item.name }
  if (item.kind === 'gate') return { gate: item.name }
  return undefined
}
