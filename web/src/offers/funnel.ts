// How far moments and offers came, in words, and where most are lost.

import type { FullFunnel, FunnelRow, MomentFunnel, StepOfFunnel } from '../api/offers'
import { count, share } from '../lib/format'

export const stepTitles: Record<string, string> = {
  moment: 'Moment',
  offered: 'Offered',
  seen: 'Seen',
  clicked: 'Clicked',
  confirmed: 'Confirmed',
  active: 'Active',
}

/** "3 of 12 are lost here: 25%". */
export function lostWords(step: StepOfFunnel, first = step.step === 'moment'): string {
  if (first) return ''
  const before = step.count + step.lost
  if (before === 0) return 'nobody came this far'
  if (step.lost === 0) return before === 1 ? 'the one goes on' : `all ${count(before)} go on`
  return `${count(step.lost)} of ${count(before)} lost here, ${share(step.lost, before)}`
}

/** The step that loses the most; undefined where nothing is lost. */
export function worstOf(steps: StepOfFunnel[]): StepOfFunnel | undefined {
  const worst = steps.toSorted((a, b) => b.lost - a.lost)[0]
  return worst && worst.lost > 0 ? worst : undefined
}

/** The steps of some of the moments, added up. */
export function added(moments: MomentFunnel[], words: StepOfFunnel[]): StepOfFunnel[] {
  return words.map(({ step, words: meaning }, index) => {
    const sum = (field: 'count' | 'lost') => moments.reduce((all, each) => all + (each.steps[index]?.[field] ?? 0), 0)
    return { step, words: meaning, count: sum('count'), lost: sum('lost') }
  })
}

/** What became of the decisions of an offer, as steps; each decision stands in every one it reached. */
export function offerSteps(row: FunnelRow): StepOfFunnel[] {
  // Whoever went on without saying that they saw it had seen it: a step holds at least what the next one does.
  const active = Math.max(0, row.accepted - row.undone)
  const confirmed = row.accepted
  const clicked = Math.max(row.clicked, confirmed)
  const seen = Math.max(row.seen, clicked)
  const shown = Math.max(row.shown, seen)
  const all: [string, string, number][] = [
    ['offered', 'It was shown', shown],
    ['seen', 'The person saw it', seen],
    ['clicked', row.requested > 0 ? `They clicked; ${count(row.requested)} asked an admin` : 'They clicked', clicked],
    ['confirmed', 'Somebody who may buy confirmed it', confirmed],
    ['active', 'It took effect and was not undone', active],
  ]
  return all.map(([step, words, n], index) => ({ step, words, count: n, lost: index === 0 ? 0 : (all[index - 1]?.[2] ?? 0) - n }))
}

/** What the page shows for an offer, a place, or all of it. */
export function chosen(funnel: FullFunnel, offer: string, placement: string): { steps: StepOfFunnel[]; heldOut: number; moments: MomentFunnel[] } {
  const moments = (funnel.moments ?? []).filter((each) => !placement || each.placement === placement)
  if (offer) {
    const row = funnel.items?.find((each) => each.offer === offer)
    return { steps: row ? offerSteps(row) : [], heldOut: row?.holdout ?? 0, moments: [] }
  }
  const heldOut = moments.reduce((sum, each) => sum + each.held_out, 0)
  return { steps: placement ? added(moments, funnel.steps ?? []) : (funnel.steps ?? []), heldOut, moments }
}

/** The state of moments that a step opens into: what came this far, or was lost before. */
export const stateAt = (step: string): string => (step === 'moment' ? '' : 'offered')

const days: Record<string, number> = { '7d': 7, '30d': 30, '90d': 90, '365d': 365 }

export const periods: [value: string, words: string][] = [
  ['7d', 'last 7 days'],
  ['30d', 'last 30 days'],
  ['90d', 'last 90 days'],
  ['365d', 'last 365 days'],
]

/** From the start of the day so many days ago to the end of today, so that the question stays the same for a day. */
export function spanOf(period: string, now: string | undefined): { from: string; to: string } {
  if (!now) return { from: '', to: '' }
  const day = 86_400_000
  const to = Math.floor(Date.parse(now) / day) * day + day
  return { from: new Date(to - (days[period] ?? 30) * day).toISOString().replace('.000', ''), to: new Date(to).toISOString().replace('.000', '') }
}
