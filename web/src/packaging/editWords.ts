// The edits of a draft, said as the matrix says what they change.

import type { AddonDefinition, CatalogDefinitions, EntitlementValue, FeatureDefinition, PlanDefinition, PriceAmount, PriceByInterval, SignalDefinition } from '../api/types'
import { count, words } from '../lib/format'
import { amountWords, byCurrency, entitlementWords, numberOf, priceWords, titleOf } from '../lib/entitlement'
import { valueAt, withEdits, type Edit } from './draft'
import { whenWords } from './worksheet'

/** Who pays what after a price or a limit changes: the rule that subscriptions keep. */
export const whoPays =
  'Who has the plan now pays the price it was bought at until they change plan, interval, quantity or add-ons, and then today’s price of their version; a changed limit reaches everybody on that version at once, while a new version leaves price and limits of who has the plan as they are.'

const kinds: Record<string, string> = {
  meters: 'meter',
  features: 'feature',
  plans: 'plan',
  addons: 'add-on',
  bundles: 'bundle',
  signals: 'moment',
  offers: 'offer',
  profiles: 'profile',
  placements: 'place',
  launches: 'launch',
  value: 'value metric',
}

const intervals: Record<string, string> = { month: 'a month', year: 'a year', once: 'once' }

const fields = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Any value without brackets: "a, b", "above 5; for 7d", "yes". */
export function said(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (value === true) return 'yes'
  if (value === false) return 'no'
  if (typeof value === 'number') return count(value)
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : value.map(said).join(', ')
  if (fields(value)) {
    return Object.entries(value)
      .filter(([key]) => key !== 'key')
      .map(([key, each]) => `${words(key).toLowerCase()} ${said(each)}`)
      .join('; ')
  }
  return String(value as string)
}

/** The lists and maps of a bundle's parts alike: "2 × Sponsors, Recordings". */
export function partsWords(parts: AddonDefinition['includes'], catalog: CatalogDefinitions): string {
  const title = (key: string) => titleOf(catalog.addons?.find((each) => each.key === key), key)
  const all: [string, unknown][] = Array.isArray(parts) ? parts.map((key) => [key, 1]) : Object.entries(parts ?? {})
  return all.map(([key, n]) => ((numberOf(n) ?? 1) > 1 ? `${count(numberOf(n) ?? 1)} × ${title(key)}` : title(key))).join(', ')
}

function amountsWords(amount: unknown, currency: string, interval: string): string {
  return byCurrency(amount as PriceAmount, currency)
    .map(([code, each]) => `${amountWords(each, code)} ${intervals[interval] ?? interval}`)
    .join(' or ')
}

/** A definition that is new, with what matters about it. */
function newWords(section: string, definition: unknown, catalog: CatalogDefinitions, currency: string): string {
  if (!fields(definition)) return said(definition)
  const sold = definition as unknown as PlanDefinition & AddonDefinition
  const parts: string[] = []
  if (section === 'plans' || section === 'addons' || section === 'bundles') {
    if (sold.kind) parts.push(words(sold.kind).toLowerCase())
    if (sold.includes) parts.push(`of ${partsWords(sold.includes, catalog)}`)
    if (sold.discount !== undefined) parts.push(`${String(sold.discount).replace('%', '')}% off its parts`)
    parts.push(...priceWords(sold.price, currency, sold.unit))
    for (const [key, value] of Object.entries(sold.entitlements ?? {})) {
      const feature = catalog.features?.find((each) => each.key === key)
      parts.push(`${titleOf(feature, key)}: ${entitlementWords(value, feature, currency, sold.unit ?? '').main}`)
    }
    if (sold.needs?.length) parts.push(`needs ${sold.needs.map((key) => nameOf(key, catalog)).join(' or ')}`)
    return parts.join(', ')
  }
  if (section === 'signals') return `when ${whenWords(definition as unknown as SignalDefinition, catalog)}`
  if (section === 'features') return [kindWords(definition as unknown as FeatureDefinition), said(definition['benefit'] ?? '')].filter(Boolean).join(', ')
  if (section === 'offers') return [fields(definition['give']) && `gives ${said(Object.values(definition['give']))}`, definition['at'] !== undefined && `at ${said(definition['at'])}`].filter(Boolean).join(', ')
  const { title: _, key: __, ...rest } = definition
  return said(rest)
}

const kindWords = (feature: FeatureDefinition) => ({ boolean: 'on or off', metered: 'counted', seats: 'seats', value: 'a value' })[feature.kind ?? ''] ?? feature.kind ?? ''

/** The title of a plan, an add-on or a bundle. */
export function nameOf(key: string, catalog: CatalogDefinitions): string {
  return titleOf([...(catalog.plans ?? []), ...(catalog.addons ?? []), ...(catalog.bundles ?? [])].find((each) => each.key === key), key)
}

const was = (before: string | undefined) => (before === undefined ? '' : `, was ${before}`)

/** What one edit does, as it is after all of the draft. */
export function editWords(edit: Edit, before: CatalogDefinitions, edits: Edit[]): string {
  const shown = withEdits(before, edits)
  const [section = '', key = '', part, ...rest] = edit.path.split('.')
  const currency = shown.currency ?? before.currency ?? 'USD'
  const place = `${section}.${key}`
  const there = valueAt(shown, place) ?? valueAt(before, place)
  const title = fields(there) && fields(there['content']) && there['content']['title'] ? String(there['content']['title']) : titleOf(there as { key: string; title?: string } | undefined, key)
  const old = valueAt(before, edit.path)
  const kind = kinds[section]

  if (!kind) return edit.remove ? `${words(edit.path)} is left out${was(old === undefined ? undefined : said(old))}` : `${words(edit.path)}: ${said(edit.value)}${was(old === undefined ? undefined : said(old))}`
  if (part === undefined) {
    if (edit.remove) return `The ${kind} ${title} is removed`
    const what = newWords(section, edit.value, shown, currency)
    return `${old === undefined ? 'New' : 'Another'} ${kind} ${title}${what ? `: ${what}` : ''}`
  }
  if (part === 'entitlements' && rest.length === 1) {
    const feature = shown.features?.find((each) => each.key === rest[0]) ?? before.features?.find((each) => each.key === rest[0])
    const unit = (there as PlanDefinition).unit ?? ''
    const say = (value: unknown) => {
      const { main, more } = entitlementWords(value as EntitlementValue | undefined, feature, currency, unit)
      return [main, ...more].join(', ')
    }
    return `${titleOf(feature, rest[0])} in ${title}: ${say(edit.remove ? undefined : edit.value)}, was ${say(old)}`
  }
  if (part === 'price') {
    const interval = rest[0]
    const say = (value: unknown) => (value === undefined ? 'not sold so' : interval ? amountsWords(value, currency, interval) : priceWords(value as PriceByInterval, currency).join(', ') || 'no price')
    const name = interval ? `Price of ${title} ${intervals[interval] ?? interval}` : `Price of ${title}`
    const strip = (text: string) => (interval ? text.replaceAll(` ${intervals[interval] ?? interval}`, '') : text)
    return `${name}: ${strip(say(edit.remove ? undefined : edit.value))}${was(old === undefined ? undefined : strip(say(old)))}`
  }
  if (section === 'plans' && part === 'version') return `${title} gets a new version, ${said(edit.value)}: only for those who buy from now on`
  if (section === 'plans' && part === 'earlier' && rest.length === 1) {
    return edit.remove ? `Version ${rest[0]} of ${title} is removed` : `Who has ${title} now keeps it as version ${rest[0]}`
  }
  const say = (value: unknown) => (part === 'includes' && rest.length === 0 ? partsWords(value as AddonDefinition['includes'], shown) : part === 'needs' && Array.isArray(value) ? value.map((each) => nameOf(String(each), shown)).join(' or ') : said(value))
  const field = words([part, ...rest].join(' '))
  return edit.remove ? `${field} of ${title} is left out${was(old === undefined ? undefined : say(old))}` : `${field} of ${title}: ${say(edit.value)}${was(old === undefined ? undefined : say(old))}`
}
