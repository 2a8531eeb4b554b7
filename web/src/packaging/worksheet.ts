// What the forms of the worksheet write into the catalog.

import type { CatalogDefinitions, FeatureDefinition, SignalDefinition } from '../api/types'
import { count, words } from '../lib/format'
import { keyFor, type Edit } from './draft'
import { titleOf } from '../lib/entitlement'

const keys = (list: { key: string }[] | undefined): string[] => (list ?? []).map((each) => each.key)

export interface FeatureIdea {
  title: string
  benefit: string
  kind: 'boolean' | 'metered' | 'seats' | 'value'
  useCase: string
  /** How a metered one is counted. */
  measure: 'each' | 'sum' | 'level' | 'consume'
  event: string
  property: string
  add: string
  remove: string
  /** Of a value, from least to most; none for a number. */
  values: string
}

export const noIdea: FeatureIdea = { title: '', benefit: '', kind: 'boolean', useCase: '', measure: 'each', event: '', property: '', add: '', remove: '', values: '' }

/** A list written with commas. */
export function listed(text: string): string[] {
  return text.split(',').map((each) => each.trim()).filter(Boolean)
}

/** What is missing in an idea, by field. */
export function missingIn(idea: FeatureIdea): Partial<Record<keyof FeatureIdea, string>> {
  const missing: Partial<Record<keyof FeatureIdea, string>> = {}
  if (!idea.title.trim()) missing.title = 'Say what it is called.'
  if (idea.kind === 'seats' || (idea.kind === 'metered' && idea.measure === 'level')) {
    if (!idea.add.trim()) missing.add = 'Name the event that adds one.'
    if (!idea.remove.trim()) missing.remove = 'Name the event that takes one away.'
  } else if (idea.kind === 'metered' && idea.measure !== 'consume') {
    if (!idea.event.trim()) missing.event = 'Name the event that is counted.'
    if (idea.measure === 'sum' && !idea.property.trim()) missing.property = 'Name the property that is added up.'
  }
  return missing
}

/** A feature, and the meter that counts it. */
export function featureEdits(idea: FeatureIdea, catalog: CatalogDefinitions): Edit[] {
  const key = keyFor(idea.title, keys(catalog.features))
  const edits: Edit[] = []
  let meter: string | undefined
  if (idea.kind === 'metered' || idea.kind === 'seats') {
    meter = keyFor(idea.title, keys(catalog.meters))
    const level = { aggregate: 'level', add: idea.add.trim(), remove: idea.remove.trim() }
    edits.push({
      path: `meters.${meter}`,
      value:
        idea.kind === 'seats' || idea.measure === 'level'
          ? level
          : idea.measure === 'consume'
            ? { fed_by: 'consume' }
            : idea.measure === 'sum'
              ? { event: idea.event.trim(), aggregate: 'sum', property: idea.property.trim() }
              : { event: idea.event.trim(), aggregate: 'count' },
    })
  }
  const values = listed(idea.values)
  edits.push({
    path: `features.${key}`,
    value: {
      title: idea.title.trim(),
      ...(idea.benefit.trim() ? { benefit: idea.benefit.trim() } : {}),
      kind: idea.kind,
      ...(meter ? { meter } : {}),
      ...(idea.kind === 'value' && values.length > 0 ? { values } : {}),
      ...(idea.useCase.trim() ? { use_cases: [keyFor(idea.useCase, [])] } : {}),
    },
  })
  return edits
}

/** When help would be wanted: a signal that is there ("signal:KEY"), or one to make of a feature. */
export interface Moment {
  value: string
  words: string
}

const counted = (feature: FeatureDefinition) => feature.kind === 'metered' || feature.kind === 'seats'

/** The moments an offer may be shown at. */
export function momentsFor(catalog: CatalogDefinitions): Moment[] {
  return [
    ...(catalog.signals ?? []).map((signal) => ({ value: `signal:${signal.key}`, words: whenWords(signal, catalog) })),
    ...(catalog.features ?? []).flatMap((feature) =>
      counted(feature)
        ? [{ value: `limit:${feature.key}`, words: `${titleOf(feature)} reaches 80% of its limit (a new moment)` }]
        : feature.kind === 'boolean'
          ? [{ value: `gate:${feature.key}`, words: `somebody wants ${titleOf(feature)} twice in a week (a new moment)` }]
          : [],
    ),
  ]
}

export interface SignalIdea {
  when: Record<string, unknown>
  key: string
  type: string
  hypothesis: string
}

/** Makes the signal of a moment; nothing where it is there already. Returns its key and edits. */
export function signalOf(moment: string, type: string, catalog: CatalogDefinitions): { key: string; edits: Edit[] } {
  const [kind, feature = ''] = [moment.slice(0, moment.indexOf(':')), moment.slice(moment.indexOf(':') + 1)]
  if (kind === 'signal') return { key: feature, edits: [] }
  const when = kind === 'limit' ? { limit: feature, reaches: '80%' } : { gate: feature, times: 2, within: '7d' }
  const key = keyFor(kind === 'limit' ? `${feature} nearly full` : `wants ${feature}`, keys(catalog.signals))
  return { key, edits: [{ path: `signals.${key}`, value: { when, type } }] }
}

export interface OfferIdea {
  /** "plan:KEY" or "addon:KEY". */
  gives: string
  moment: string
  place: string
  kind: string
  title: string
  body: string
  action: string
}

/** An offer, and the signal it is made on where that is new. */
export function offerEdits(idea: OfferIdea, catalog: CatalogDefinitions): Edit[] {
  const [what, given = ''] = idea.gives.split(':')
  const type = what === 'addon' ? 'cross_sell' : 'upsell'
  const signal = signalOf(idea.moment, type, catalog)
  const key = keyFor(`${given} for ${signal.key}`, keys(catalog.offers))
  return [
    ...signal.edits,
    {
      path: `offers.${key}`,
      value: {
        on: [signal.key],
        give: { [what ?? 'plan']: given },
        at: [idea.place.trim()],
        kind: idea.kind,
        content: {
          title: idea.title.trim(),
          ...(idea.body.trim() ? { body: idea.body.trim() } : {}),
          ...(idea.action.trim() ? { action: idea.action.trim() } : {}),
        },
      },
    },
  ]
}

/** When a signal fires, in words. */
export function whenWords(signal: SignalDefinition, catalog: CatalogDefinitions): string {
  const when = signal.when ?? {}
  const name = (key: unknown) => titleOf(catalog.features?.find((each) => each.key === key), String(key))
  const text = (value: unknown) => String(value ?? '')
  if ('limit' in when) return `${name(when['limit'])} reaches ${text(when['reaches'])} of its limit`
  if ('gate' in when) return `somebody wants ${name(when['gate'])} ${count(Number(when['times'] ?? 1))} times within ${text(when['within'])}`
  if ('trial_ends_in' in when) return `a trial ends in ${text(when['trial_ends_in'])}`
  if ('event' in when) {
    if ('nth' in when) return `${text(when['event'])} happens for the ${text(when['nth'])}. time`
    if ('every' in when) return `${text(when['event'])} happens every ${text(when['every'])}. time`
    return `${text(when['event'])} happens ${text(when['times'])} times within ${text(when['within'])}`
  }
  return words(signal.key)
}

const common = ['USD', 'EUR', 'GBP', 'CHF', 'SEK', 'NOK', 'DKK', 'PLN', 'CZK', 'CAD', 'AUD', 'NZD', 'INR', 'JPY', 'SGD', 'BRL', 'MXN', 'ZAR']

const usedIn: Record<string, string> = {
  EUR: 'AT BE CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK',
  GBP: 'GB',
  CHF: 'CH LI',
  SEK: 'SE',
  NOK: 'NO',
  DKK: 'DK',
  PLN: 'PL',
  CZK: 'CZ',
  CAD: 'CA',
  AUD: 'AU',
  NZD: 'NZ',
  INR: 'IN',
  JPY: 'JP',
  SGD: 'SG',
  BRL: 'BR',
  MXN: 'MX',
  ZAR: 'ZA',
}

/** The currency to begin with where a locale is spoken; US dollars where that is not known. */
export function currencyFor(locale: string): string {
  let region: string | undefined
  try {
    region = new Intl.Locale(locale).maximize().region
  } catch {
    region = undefined // browsers may say anything
  }
  return Object.keys(usedIn).find((each) => region && usedIn[each]?.split(' ').includes(region)) ?? 'USD'
}

/** The currencies a first catalog can be in, with the chosen one whatever it is. */
export function currencyOptions(chosen: string | undefined): [string, string][] {
  const names = new Intl.DisplayNames('en', { type: 'currency' })
  return [...new Set([...common, ...(chosen ? [chosen] : [])])].map((each) => [each, `${each}, ${names.of(each) ?? each}`])
}

/** The steps, in the order in which one follows from the other. */
export const steps = ['value', 'plans', 'offers', 'moments', 'profiles', 'expansion'] as const
export type Step = (typeof steps)[number]

/** What a step has so far, in words; '' where nothing. */
export function standingOf(step: Step, catalog: CatalogDefinitions): string {
  const n = (list: unknown[] | undefined, one: string, many: string) => (list?.length ? `${count(list.length)} ${list.length === 1 ? one : many}` : '')
  const cross = (catalog.signals ?? []).filter((signal) => signal.type === 'cross_sell')
  switch (step) {
    case 'value':
      return n(catalog.features, 'feature', 'features')
    case 'plans':
      return [n(catalog.plans, 'plan', 'plans'), n(catalog.addons, 'add-on', 'add-ons')].filter(Boolean).join(', ')
    case 'offers':
      return n(catalog.offers, 'offer', 'offers')
    case 'moments':
      return n(catalog.signals, 'moment', 'moments')
    case 'profiles':
      return n(catalog.profiles, 'profile', 'profiles')
    case 'expansion':
      return n(cross, 'moment', 'moments')
  }
}
