// Missed moments: the time that is looked at, how a line is named in the address, and mends.

import type { MissedItem, MomentsCatalog } from '../api/moments'
import { words } from '../lib/format'
import { newOfferHref, ruleHref } from './terms'

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
  call?: string
  /** The accounts are what is to be looked at. */
  accounts?: true
}

const list = (value: string | string[] | undefined) => (value === undefined ? [] : [value].flat())

/** The one offer at the moment's place, or that gives its feature; undefined where there are none or several. */
function offerOf(item: About, catalog: MomentsCatalog | undefined): string | undefined {
  const near = catalog?.offers?.filter((each) => (item.placement !== undefined && list(each.at).includes(item.placement)) || (item.feature !== undefined && each.give?.['feature'] === item.feature)) ?? []
  return near.length === 1 ? near[0]?.key : undefined
}

/** The one rule about the moment's feature or milestone. */
function ruleOf(item: About, catalog: MomentsCatalog | undefined): string | undefined {
  const what = item.feature ?? item.milestone
  const near = catalog?.signals?.filter((each) => what !== undefined && Object.values(each.when ?? {}).includes(what)) ?? []
  return near.length === 1 ? near[0]?.key : undefined
}

type About = Pick<MissedItem, 'feature' | 'milestone' | 'placement' | 'kind'>

/** Where a reason is mended: the page that can do it, or nothing where it is as it should be. */
export function mendOf(why: string, item: About, catalog?: MomentsCatalog): Mend | undefined {
  switch (why) {
    case 'no_offer':
    case 'unknown_placement':
      return { words: item.placement ? `Write an offer for ${item.placement}` : 'Write an offer', href: newOfferHref(item) }
    case 'not_asked':
    case 'interruption_refused':
      return item.placement ? { words: 'For developers', call: `POST /v1/decide {"account": "…", "user": "…", "placement": "${item.placement}"}` } : undefined
    case 'not_yet': {
      const rule = ruleOf(item, catalog)
      return rule ? { words: `Open the rule “${words(rule)}”`, href: ruleHref(rule) } : { words: 'Look at the rules', href: '/moments/rules' }
    }
    case 'no_signal':
    case 'not_related':
    case 'not_for_account':
    case 'not_applicable':
    case 'already_has':
    case 'at_most':
    case 'unsold': {
      const offer = offerOf(item, catalog)
      if (offer) return { words: `Open the offer “${words(offer)}”`, href: `/offers/edit/${encodeURIComponent(offer)}` }
      return { words: item.placement ? `Look at the offers at ${item.placement}` : 'Look at the offers', href: item.placement ? `/offers?${new URLSearchParams({ at: item.placement })}` : '/offers' }
    }
    case 'contact_budget':
      return { words: 'Contact policy', href: '/offers/contact' }
    case 'not_activated':
      return { words: 'Contact policy, “Not activated”', href: '/offers/contact', accounts: true }
    case 'under_using':
      return { words: 'Contact policy, “Under-using”', href: '/offers/contact', accounts: true }
    default:
      return undefined
  }
}
