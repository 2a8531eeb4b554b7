// What a backtest said, as the editor shows it.

import type { Backtest, TestedAfter, TestedRule } from '../api/moments'
import { count } from '../lib/format'

const dayLong = 86_400_000

/** One bar: a week from its Monday, or a calendar month. */
export interface Bar {
  from: string
  fired: number
}

/** The Monday, in UTC, of the week that a time is in. */
export function weekOf(time: string): string {
  const at = Date.parse(time)
  const midnight = at - (((at % dayLong) + dayLong) % dayLong)
  const monday = midnight - ((new Date(midnight).getUTCDay() + 6) % 7) * dayLong
  return new Date(monday).toISOString().slice(0, 10)
}

/** More weeks than this are too narrow to be drawn. */
const widest = 130

/**
 * When a rule would have fired, by week where the answer lists every firing, else by month:
 * of an account only the first twenty are listed, and only so many accounts.
 */
export function barsOf(rule: Pick<TestedRule, 'fired' | 'items' | 'months'>): { by: 'week' | 'month'; bars: Bar[] } {
  const times = (rule.items ?? []).flatMap((item) => item.times ?? [])
  if (times.length === rule.fired && times.length > 0) {
    const by = new Map<string, number>()
    for (const time of times) by.set(weekOf(time), (by.get(weekOf(time)) ?? 0) + 1)
    const [first = '', last = ''] = [...by.keys()].toSorted().filter((_, i, all) => i === 0 || i === all.length - 1)
    const bars: Bar[] = []
    for (let at = Date.parse(first); at <= Date.parse(last || first) && bars.length <= widest; at += 7 * dayLong) {
      const from = new Date(at).toISOString().slice(0, 10)
      bars.push({ from, fired: by.get(from) ?? 0 })
    }
    if (bars.length <= widest) return { by: 'week', bars }
  }
  return { by: 'month', bars: (rule.months ?? []).map((month) => ({ from: `${month.month}-01`, fired: month.fired })) }
}

/** The rule that was asked for among those of the answer. */
export const ruleIn = (backtest: Backtest, key: string): TestedRule | undefined => backtest.rules?.find((rule) => rule.key === key)

/** How often a share of 0.42 comes true: "42%", or a dash where nobody was followed. */
export const shareWords = (share: string): string => (share === '' ? '–' : new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 }).format(Number(share)))

/** How long an analysis took: "2.4 s", "less than 0.1 s". */
export const secondsWords = (seconds: number): string => (seconds < 0.1 ? 'less than 0.1 s' : `${new Intl.NumberFormat(undefined, { maximumFractionDigits: seconds < 10 ? 1 : 0 }).format(seconds)} s`)

/** What the rule is worth against accounts it did not fire for, in a sentence. */
export function worthWords(after: TestedAfter): string {
  if (after.accounts === 0) return `Nobody was followed for ${after.days} days yet: the history ends sooner.`
  const grew = `Within ${after.days} days ${shareWords(after.grew)} of ${count(after.accounts)} accounts grew`
  if (after.beside.grew === '') return `${grew}; there were no others to compare them with.`
  const [with_, without] = [Number(after.grew), Number(after.beside.grew)]
  const times = without > 0 ? ` (${new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format(with_ / without)} times as many)` : ''
  return `${grew}; of accounts that it did not fire for, ${shareWords(after.beside.grew)}${times}.`
}

/** What became of accounts, by the API's words. */
export const thenWords: Record<string, string> = {
  nothing: 'stayed as they were',
  started: 'started to pay',
  expanded: 'expanded',
  contracted: 'contracted',
  churned: 'churned',
  too_recent: 'too recent to say',
}
