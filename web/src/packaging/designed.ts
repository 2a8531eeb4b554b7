import type { LimitDesign, LimitSuggestion } from '../api/types'
import { count, money, words } from '../lib/format'

/** What a limit does to what its plan gives: "today 10 → 6 on Starter". */
export function stepWords(each: LimitSuggestion, title: string): string {
  if (each.change === 'none') return `${count(each.limit)} on ${title}, as today`
  if (each.today_unlimited) return `today unlimited → ${count(each.limit)} on ${title}`
  if (each.today === null || each.today === undefined) return `today not in it → ${count(each.limit)} on ${title}`
  return `today ${count(each.today)} → ${count(each.limit)} on ${title}`
}

/** The title of a plan that a limit was weighed for. */
export function planTitle(design: LimitDesign, key: string | undefined): string {
  return design.plans?.find((each) => each.plan === key)?.title || words(key ?? '')
}

/** The limit to begin with: the one in the address, else what the server says. */
export function beginsWith(design: LimitDesign, asked: number | undefined): number | undefined {
  return asked ?? design.candidate ?? design.suggestions?.[0]?.limit
}

/** What was said of a limit, if it was said for the plan that was asked about. */
export function judgedFor(design: LimitDesign, candidate: number, plan: string): LimitSuggestion | undefined {
  return design.suggestions?.find((each) => each.limit === candidate && (!plan || each.plan === plan))
}

export const squeezedBy = (each: LimitSuggestion) => each.squeezed_accounts ?? each.squeezed?.length ?? 0

/** What it would earn a month, or with a minus what it would give away. */
export function revenueWords({ revenue }: LimitSuggestion): string {
  return revenue ? `${money(revenue.amount, revenue.currency, { signed: true })} a ${revenue.interval}` : '–'
}
