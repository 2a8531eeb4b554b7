// Stable codes of decisions and requests, as people read them.

import type { RequestLine } from '../api/offers'
import { words } from '../lib/format'

const codes: Record<string, string> = {
  signal: 'a moment',
  requested: 'the person asked',
  leaving: 'the person was about to buy less',
  chosen: 'Chosen',
  holdout: 'Held out',
  outranked: 'Another goes first',
  not_here: 'Another place',
  no_signal: 'No moment',
  already_has: 'Has it already',
  already_tried: 'Tried already',
  not_applicable: 'Cannot take it',
  not_for_account: 'Condition not met',
  routed_to_people: 'People work on it',
  not_related: 'Not related',
  contact_budget: 'Budget spent',
  at_most: 'Shown often enough',
  cooldown: 'Cooling down',
  wrong_place: 'No place to interrupt',
  save_only: 'Only to save',
  not_a_save: 'No save',
  external: 'Outside of the customer',
  other_profile: 'For another profile',
  request_declined: 'Request declined',
  not_activated: 'Help first',
  under_using: 'Help first',
  unknown_placement: 'no offer knows the place',
  no_offer: 'there is no offer for the place',
}

export const codeWords = (code: string) => codes[code] ?? words(code)

export const requestStates: [value: string, words: string][] = [
  ['open', 'Waiting'],
  ['approved', 'Approved'],
  ['declined', 'Declined'],
  ['expired', 'Expired'],
  ['superseded', 'Got it otherwise'],
  ['undone', 'Undone'],
]

/** A length of time in the largest unit that says it: "3 days", "5 hours". */
export function lengthWords(seconds: number): string {
  const steps: [number, string][] = [[86_400, 'day'], [3_600, 'hour'], [60, 'minute']]
  for (const [size, unit] of steps) {
    const n = Math.floor(seconds / size)
    if (n >= 1) return n === 1 ? `1 ${unit}` : `${n} ${unit}s`
  }
  return 'less than a minute'
}

/** How long a request waits, or waited, for its answer. */
export function waitWords(request: Pick<RequestLine, 'at' | 'decided_at' | 'status'>, now: string): string {
  const end = request.status === 'open' ? now : (request.decided_at ?? now)
  const seconds = Math.max(0, (Date.parse(end) - Date.parse(request.at)) / 1000)
  return request.status === 'open' ? `waits for ${lengthWords(seconds)}` : `answered after ${lengthWords(seconds)}`
}

/** What admins heard and will hear of it. */
export function reminderWords(request: Pick<RequestLine, 'reminded' | 'status' | 'remind_at' | 'expires_at'>, day: (time: string) => string): string {
  const heard = request.reminded ? `reminded ${request.reminded === 1 ? 'once' : `${request.reminded} times`}` : 'not reminded yet'
  if (request.status !== 'open') return request.reminded ? heard : ''
  return [heard, request.remind_at && `again on ${day(request.remind_at)}`, request.expires_at && `expires on ${day(request.expires_at)}`].filter(Boolean).join(', ')
}
