// How often people are contacted, and when to say nothing: as sentences, and as edits.

import type { OffersCatalog } from '../api/offers'
import type { Edit } from '../packaging/draft'

type Policy = OffersCatalog['contact']

export const scopes = ['person', 'account', 'family'] as const
export type BudgetScope = (typeof scopes)[number]

export const channels = ['any', 'in_product', 'interruption', 'email', 'people'] as const

export const scopeWords: Record<string, string> = { person: 'a person', account: 'an account', family: 'a family of accounts' }

export const channelWords: Record<string, string> = {
  any: 'contacts over all channels',
  in_product: 'offers in the product',
  interruption: 'interruptions',
  email: 'emails',
  people: 'contacts by people',
}

const one: Record<string, string> = { any: 'contact over all channels', in_product: 'offer in the product', interruption: 'interruption', email: 'email', people: 'contact by people' }

export interface Budget {
  scope: BudgetScope
  channel: string
  atMost: number
  per: string
  /** Nobody wrote it: it holds all the same. */
  usual?: boolean
}

const form = /^(\d+) per (\d+(?:m|h|d|w))$/

/** The budgets in force, in the order of scopes, then of channels. */
export function budgetsOf(policy: Policy): Budget[] {
  const all = scopes.flatMap((scope) =>
    channels.flatMap((channel): Budget[] => {
      const match = form.exec(String(policy?.[scope]?.[channel] ?? ''))
      return match ? [{ scope, channel, atMost: Number(match[1]), per: match[2] ?? '' }] : []
    }),
  )
  if (all.some((each) => each.scope === 'person' && each.channel === 'interruption')) return all
  const usual: Budget = { scope: 'person', channel: 'interruption', atMost: 1, per: '7d', usual: true }
  const after = all.findLastIndex((each) => each.scope === 'person' && channels.indexOf(each.channel as 'any') < channels.indexOf('interruption'))
  return all.toSpliced(after + 1, 0, usual)
}

const units: Record<string, string> = { m: 'minute', h: 'hour', d: 'day', w: 'week' }

/** "7d" as "7 days"; anything else as it is. */
export function spanWords(span: string): string {
  const match = /^(\d+)(m|h|d|w)$/.exec(span)
  if (!match) return span
  const n = Number(match[1])
  const unit = units[match[2] ?? ''] ?? ''
  return n === 1 ? `1 ${unit}` : `${n} ${unit}s`
}

/** "A person gets at most 5 contacts over all channels in 7 days." */
export function budgetWords({ scope, channel, atMost, per }: Pick<Budget, 'scope' | 'channel' | 'atMost' | 'per'>): string {
  const who = scopeWords[scope] ?? scope
  return `${who.charAt(0).toUpperCase()}${who.slice(1)} gets at most ${atMost} ${(atMost === 1 ? one[channel] : channelWords[channel]) ?? channel} in ${spanWords(per)}.`
}

/** An edit that sets a budget; empty numbers take it away. */
export function budgetEdit(scope: BudgetScope, channel: string, atMost: string, per: string): Edit {
  const path = `contact.${scope}.${channel}`
  return atMost.trim() ? { path, value: `${atMost.trim()} per ${per.trim()}` } : { path, remove: true }
}

export function wrongBudget(atMost: string, per: string): { atMost?: string; per?: string } {
  return {
    ...(/^\d{1,3}$/.test(atMost.trim()) && Number(atMost) >= 1 && Number(atMost) <= 100 ? {} : { atMost: 'A whole number from 1 to 100.' }),
    ...(/^[1-9]\d*(m|h|d|w)$/.test(per.trim()) ? {} : { per: 'A number and a unit, such as 7d.' }),
  }
}

export interface QuietForm {
  rule: string
  title: string
  /** What it does, in a sentence. */
  does: string
  on: boolean
  /** How long it holds afterwards; '' for rules that hold as long as it is so. */
  holds: string
  /** Where nothing is said. */
  usual: string
}

const quietRules: [rule: string, title: string, does: string, usual: string][] = [
  ['incident', 'Incident', 'While an incident of theirs is open, and for a while after it ended.', '1d'],
  ['overdue', 'Overdue invoice', 'While an invoice of theirs is overdue.', ''],
  ['contacted', 'Just contacted', 'After somebody of yours was in touch, for a while.', '3d'],
  ['downgraded', 'Downgraded', 'After they began to pay less, for a while.', '30d'],
  ['dissatisfied', 'Dissatisfied', 'After they said that they are not satisfied, for a while.', '30d'],
  ['not_activated', 'Not activated', 'Until they reached the required milestones: they get help instead.', ''],
  ['under_using', 'Under-using', 'While they hardly use what they pay for: they get help instead.', ''],
  ['muted', 'Muted', 'While somebody of yours said to leave them alone.', ''],
]

/** Each quiet rule, whether it is on, and how long it holds. */
export function quietOf(policy: Policy): QuietForm[] {
  return quietRules.map(([rule, title, does, usual]) => {
    const said = policy?.quiet?.[rule]
    return { rule, title, does, usual, on: said !== false, holds: usual === '' ? '' : typeof said === 'string' ? said : usual }
  })
}

/** What is written for a quiet rule that is switched or takes another time. */
export function quietEdit({ rule, usual }: QuietForm, on: boolean, holds: string): Edit {
  const path = `contact.quiet.${rule}`
  if (!on) return { path, value: false }
  return { path, value: usual !== '' && holds.trim() && holds.trim() !== usual ? holds.trim() : true }
}
