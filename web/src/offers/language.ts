// In which language a text of an offer is said: de for de-AT, then as the catalog is written.

import type { FullOffer, OfferText } from '../api/offers'

export type TextField = 'title' | 'body' | 'action'

/** The languages that an offer is written in, the catalog's own first as ''. */
export function languagesOf(offer: FullOffer): string[] {
  return ['', ...Object.keys(offer.content?.translations ?? {})]
}

/** de-AT, then de. */
function chain(language: string): string[] {
  const parts = language.split('-')
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('-'))
}

/** The language that a text is found in; '' for the catalog's own words. */
export function foundIn(offer: FullOffer, language: string, field: TextField): string {
  const translations = Object.entries(offer.content?.translations ?? {})
  for (const tag of language ? chain(language) : []) {
    const found = translations.find(([key, text]) => key.toLowerCase() === tag.toLowerCase() && text[field])
    if (found) return found[0]
  }
  return ''
}

const names: Record<TextField, string> = { title: 'title', body: 'body', action: 'button' }

/** What of an offer is not said in the language asked for, and what is said instead; '' where all is. */
/** `asks`: the person asks an admin, by a button that is never the offer's own. */
export function fallbackWords(offer: FullOffer, language: string, asks = false): string {
  if (!language) return ''
  const missing = (asks ? (['title', 'body'] as const) : (['title', 'body', 'action'] as const)).filter((field) => written(offer.content, field) && foundIn(offer, language, field).toLowerCase() !== language.toLowerCase())
  if (missing.length === 0) return ''
  const groups = new Map<string, string[]>()
  for (const field of missing) {
    const from = foundIn(offer, language, field)
    groups.set(from, [...(groups.get(from) ?? []), names[field]])
  }
  const said = [...groups].map(([from, fields]) => `${list(fields)} ${fields.length > 1 ? 'are' : 'is'} said ${from ? `in ${from}` : 'as the catalog is written'}`)
  return `Not all of it is written in ${language}: ${list(said)}.`
}

const written = (content: OfferText | undefined, field: TextField) => Boolean(content?.[field])

function list(all: string[]): string {
  return all.length < 2 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`
}
