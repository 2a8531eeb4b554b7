// What to do next about a gap in coverage.

import type { Coverage, MomentsCatalog } from '../api/moments'
import { count, sentence, words } from '../lib/format'
import { newRuleHref } from './form'
import { ruleWords } from './ruleWords'

/** What to do, and where. */
export interface Next {
  words: string
  href?: string
}

/** Where a place of the catalog is worked on: rules here, the rest in Packaging. */
export function placeHref(path: string): string | undefined {
  const [section, key] = path.split('.')
  if (section === 'signals' && key) return `/moments/rules/${encodeURIComponent(key)}`
  if (section === 'meters') return '/packaging/worksheet?step=value'
  return undefined
}

/** Of an event type that something is over. */
export function nextOfExpected(expected: NonNullable<Coverage['expected']>[number]): Next {
  switch (expected.status) {
    case 'never':
      return { words: `Send ${expected.type} from the product, or take it out of what counts on it` }
    case 'no_longer':
      return { words: `Look at what changed in the product since it came in last: it no longer sends ${expected.type}` }
    case 'received':
      return { words: 'Nothing: it comes in' }
  }
}

/** Why a rule never fired, as far as it is known: what did not come in, or what came and never as it asks. */
export function whyNever(rule: NonNullable<Coverage['never_fired']>[number], covered: Coverage, catalog: MomentsCatalog | undefined): string {
  if (rule.why) return sentence(rule.why)
  const heard = (covered.expected ?? []).filter((each) => each.events > 0 && each.for?.includes(`signals.${rule.key}`))
  const asks = catalog && ruleWords(catalog.signals?.find((each) => each.key === rule.key)?.when, catalog)
  const came = heard.map((each) => `${words(each.type)} came in ${each.events === 1 ? 'once' : `${count(each.events)} times`} in 90 days.`)
  return [...came, asks ? `No account has come so far that ${asks}.` : 'No account has met it yet.'].join(' ')
}

/** Of an event type that nothing is over. */
export function nextOfUnknown(unknown: NonNullable<Coverage['unknown']>[number]): Next {
  if (unknown.meant) return { words: `Is ${unknown.meant} meant? Then send it under that name` }
  return { words: 'Make a rule of it', href: newRuleHref({ first: unknown.type }, { type: 'upsell' }) }
}

/** Of a feature that no rule is about: what is counted has a limit to near, what is switched can be wanted. */
export function nextOfFeature(feature: NonNullable<Coverage['features']>[number], catalog: MomentsCatalog | undefined): Next {
  const kind = catalog?.features?.find((each) => each.key === feature.feature)?.kind
  const when = kind === 'metered' || kind === 'seats' ? { limit: feature.feature, reaches: '80%' } : { gate: feature.feature, times: 2, within: '7d' }
  return { words: 'Make a rule about it', href: newRuleHref(when, { type: 'upsell' }) }
}
