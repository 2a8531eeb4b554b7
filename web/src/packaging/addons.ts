// What the forms of add-ons and bundles offer and write.

import type { AddonDefinition, CatalogDefinitions } from '../api/types'
import { titleOf } from '../lib/entitlement'
import { plansInOrder } from './matrix'

/** The kinds of add-ons that a catalog knows; the first: it is not said. */
export const addonKinds: [string, string][] = [
  ['', 'not said'],
  ['feature', 'a feature'],
  ['module', 'a module'],
  ['integration', 'an integration'],
  ['capacity', 'more capacity'],
  ['pack', 'a pack: a quantity, each interval'],
  ['top_up', 'a top-up: a quantity, once'],
  ['seat', 'seats'],
  ['workspace', 'a workspace'],
  ['service', 'a service'],
  ['service_tier', 'a level of service'],
]

/** What an add-on or bundle can need: the plans from the lowest up, then the add-ons. */
export function needOptions(catalog: CatalogDefinitions, but = ''): [string, string][] {
  return [...plansInOrder(catalog.plans ?? []), ...(catalog.addons ?? [])].filter((each) => each.key !== but && !each.retired).map((each) => [each.key, titleOf(each)])
}

/** Every key that an add-on or bundle could be mistaken for. */
export function soldKeys(catalog: CatalogDefinitions): string[] {
  return [...(catalog.addons ?? []), ...(catalog.bundles ?? []), ...(catalog.plans ?? [])].map((each) => each.key)
}

/** The add-ons that a bundle can be put together from. */
export function partsOf(catalog: CatalogDefinitions): AddonDefinition[] {
  return (catalog.addons ?? []).filter((each) => !each.retired)
}

/** Parts as they are written: a list where each is there once. `parts` holds what was typed, by key. */
export function includesOf(parts: Record<string, string>): string[] | Record<string, number> {
  const chosen = Object.entries(parts)
  return chosen.every(([, n]) => Number(n) === 1) ? chosen.map(([key]) => key) : Object.fromEntries(chosen.map(([key, n]) => [key, Number(n)]))
}

/** Whether a quantity of a part can be taken. */
export function rightQuantity(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 10_000
}
