// Fixed words of the pages under Moments, and their addresses.

import { words } from '../lib/format'

/** Types of revenue. */
export const types: [string, string][] = [
  ['new_logo', 'New logo'],
  ['upsell', 'Upsell'],
  ['cross_sell', 'Cross-sell'],
  ['renewal', 'Renewal'],
  ['save', 'Save'],
]

/** Who stands for a hypothesis. */
export const owners: [string, string][] = [
  ['', 'nobody yet'],
  ['product', 'Product'],
  ['sales', 'Sales'],
  ['marketing', 'Marketing'],
  ['success', 'Success'],
]

/** The states of a hypothesis; testing where none is said. */
export const states: [string, string][] = [
  ['proposed', 'Proposed: an idea; it fires already'],
  ['testing', 'Testing: it fires and is watched'],
  ['validated', 'Validated: the evidence is below'],
  ['retired', 'Retired: it never fires'],
]

/** A state in one word. */
export const stateWord = (state: string | undefined): string => {
  const key = state || 'testing'
  return key.charAt(0).toUpperCase() + key.slice(1)
}

/** The page of a rule. */
export const ruleHref = (key: string): string => `/moments/rules/${encodeURIComponent(key)}`

/** What stood in the way of an offer, in words; the code where it has none. */
export const whyWords: Record<string, string> = {
  no_offer: 'No offer gives it',
  not_asked: 'The product did not ask at this placement, though an offer was ready',
  no_signal: 'None of the offer’s rules had fired',
  not_yet: 'The rule had not fired yet',
  not_related: 'The offer is not about this',
  not_for_account: 'The offer leaves these accounts out',
  not_applicable: 'These accounts cannot take what the offer gives',
  already_has: 'These accounts have what the offer gives',
  routed_to_people: 'People work on it',
  cooldown: 'It had been dismissed shortly before',
  at_most: 'It had been shown as often as it may be',
  contact_budget: 'These people had been asked often enough',
  after_dismissal: 'The person had just dismissed an offer',
  not_activated: 'These accounts are not activated yet',
  under_using: 'These accounts hardly use what they have',
  unknown_placement: 'No offer names the placement',
  interruption_refused: 'The interruption was not shown where one is expected',
  unsold: 'What the offer gives is not sold any more',
  external: 'The person is external to the customer',
}

/** The same of one moment: one account, one person. */
export const whyOne: Record<string, string> = {
  ...whyWords,
  no_signal: 'None of the offer’s rules had fired',
  not_yet: 'The rule had not fired yet',
  not_for_account: 'The offer leaves this account out',
  not_applicable: 'This account cannot take what the offer gives',
  already_has: 'The account has what the offer gives',
  contact_budget: 'The person had been asked often enough',
  not_activated: 'The account was not activated yet',
  under_using: 'The account hardly used what it has',
}

/** Begins a new offer at a placement; where none is known it is asked for there. */
export function newOfferHref(about: { placement?: string | undefined; feature?: string | undefined }): string {
  return `/offers?${new URLSearchParams({ open: 'new', ...(about.placement ? { at: about.placement } : {}) })}`
}

const reader = typeof navigator === 'undefined' ? undefined : navigator.language

/** A day with its year, as the reader writes dates; in English, as all of the console. */
export const dateWords = (time: string): string => new Intl.DateTimeFormat(reader?.startsWith('en') ? reader : 'en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }).format(new Date(time))

/** What people call a rule: where nobody said, its key in words. */
export const titled = (rule: { key: string; title: string }): string => (rule.title === rule.key ? words(rule.key) : rule.title)
