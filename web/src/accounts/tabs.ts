// The parts of an account's page, as the address has them: ?part=timeline.

export const parts = [
  { key: '', title: 'Overview' },
  { key: 'timeline', title: 'Timeline' },
  { key: 'plan', title: 'Plan and usage' },
  { key: 'offers', title: 'Offers' },
  { key: 'people', title: 'People' },
  { key: 'known', title: 'Known from elsewhere' },
] as const

/** The part that an address names; the first where it names none that there is. */
export function partAt(name: string): (typeof parts)[number] {
  return parts.find(({ key }) => key === name) ?? parts[0]
}

/** What a timeline can be narrowed to, by the server's kinds. */
export const kinds: { key: string; title: string; kinds: string }[] = [
  { key: '', title: 'Everything', kinds: '' },
  { key: 'use', title: 'Use', kinds: 'moment,milestone,signal,stage' },
  { key: 'offers', title: 'Offers', kinds: 'decision,outcome,request,contact' },
  { key: 'money', title: 'Money', kinds: 'money,opportunity' },
  { key: 'people', title: 'People', kinds: 'invite,survey' },
  { key: 'facts', title: 'From elsewhere', kinds: 'fact' },
]

export const kindsAt = (name: string) => kinds.find(({ key }) => key === name) ?? { key: '', title: 'Everything', kinds: '' }

const decided = new Set(['decision', 'outcome'])

/** Where the thing behind a line has a page of its own; empty where it has none. */
export function behind(kind: string, id: string | undefined): string {
  return id && decided.has(kind) ? `/offers/decisions/${encodeURIComponent(id)}` : ''
}

/** What the kinds of lines are called. */
export const kindWords: Record<string, string> = {
  contact: 'Contact', decision: 'Offer', fact: 'Fact', invite: 'Invitation', milestone: 'Milestone', moment: 'Moment', money: 'Money',
  opportunity: 'Opportunity', outcome: 'Outcome', request: 'Request', signal: 'Signal', stage: 'Stage', survey: 'Survey',
}

/** A person as the API gives them: a pseudonym, shortened where it is long. */
export function person(user: string | undefined): string {
  if (!user) return ''
  return user.length > 14 ? `${user.slice(0, 12)}…` : user
}
