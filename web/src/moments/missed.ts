// Missed moments: the time that is looked at, how a line is named in the address, and mends.

import type { MissedItem } from '../api/moments'

/** Times that may be looked at, in days; '' is all of it. */
export const spans: [string, string][] = [
  ['30', 'the last 30 days'],
  ['', 'the last 90 days'],
  ['365', 'the last year'],
  ['all', 'all of it'],
]

/** The bounds of a span that ends now. They stand on whole days, so that they stay while a day lasts. */
export function boundsOf(span: string, now: string): { from: string; to: string } {
  const tomorrow = new Date(`${now.slice(0, 10)}T00:00:00Z`).getTime() + 86_400_000
  const iso = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z')
  const days = span === 'all' ? undefined : Number(span || 90)
  return { from: days && Number.isFinite(days) ? iso(tomorrow - (days + 1) * 86_400_000) : '', to: iso(tomorrow) }
}

/** A line by what it is about and where: the address opens it by this. */
export const lineKey = (item: Pick<MissedItem, 'kind' | 'feature' | 'milestone' | 'placement'>): string => [item.kind, item.feature ?? item.milestone ?? '', item.placement ?? ''].join('@')

/** What was met, in words: "the limit was hit". */
export const kindWords: Record<string, string> = { limit: 'the limit was hit', locked: 'it was locked', milestone: 'it was reached' }

/** The place at which something is mended. */
export interface Mend {
  words: string
  href?: string
  /** A call that the product is missing. */
  snippet?: { account: string; placement: string }
}

/** Where a reason is mended: the page that can do it, or nothing where it is as it should be. */
export function mendOf(why: string, item: Pick<MissedItem, 'feature' | 'placement' | 'kind'>, hrefs: { offer: (about: { placement?: string | undefined; feature?: string | undefined }) => string; offers: string; rules: string; contact: string; activation: string }): Mend | undefined {
  switch (why) {
    case 'no_offer':
      return { words: item.placement ? `Write an offer for ${item.placement}` : 'Write an offer', href: hrefs.offer({ placement: item.placement, feature: item.feature }) }
    case 'unknown_placement':
    case 'not_related':
      return { words: item.placement ? `Look at the offers at ${item.placement}, or write one` : 'Write an offer', href: hrefs.offer({ placement: item.placement, feature: item.feature }) }
    case 'not_asked':
      return item.placement ? { words: `Let the product ask at ${item.placement}`, snippet: { account: 'acme', placement: item.placement } } : undefined
    case 'no_signal':
    case 'not_yet':
      return { words: 'Look at the rules, and try another', href: hrefs.rules }
    case 'not_for_account':
    case 'not_applicable':
    case 'already_has':
    case 'at_most':
      return { words: 'Look at the offers', href: hrefs.offers }
    case 'contact_budget':
      return { words: 'Look at the contact policy', href: hrefs.contact }
    default:
      return undefined
  }
}
