// The plan and feature matrix: which columns and rows there are, and in what order.

import type { AddonDefinition, CatalogDefinitions, FeatureDefinition, PlanDefinition } from '../api/types'
import { words } from '../lib/format'

/** Plans family by family, in each from the lowest up by `above`; retired ones last. */
export function plansInOrder(plans: PlanDefinition[]): PlanDefinition[] {
  const families = [...new Set(plans.map((plan) => plan.family ?? 'core'))]
  const ordered = families.flatMap((family) => {
    const members = plans.filter((plan) => (plan.family ?? 'core') === family)
    const out: PlanDefinition[] = []
    const place = (plan: PlanDefinition) => {
      if (out.includes(plan)) return
      out.push(plan)
      for (const next of members) if (next.above === plan.key) place(next)
    }
    // A circle is refused by the server; one in a draft still shows every plan.
    for (const plan of members) if (!members.some((other) => other.key === plan.above)) place(plan)
    for (const plan of members) place(plan)
    return out
  })
  return [...ordered.filter((plan) => !plan.retired), ...ordered.filter((plan) => plan.retired)]
}

/** A column of the matrix: a plan as sold now, or an earlier version of it that some still have. */
export interface PlanColumn {
  plan: PlanDefinition
  /** Undefined for what is sold now. */
  version?: string
}

export function planColumns(plans: PlanDefinition[], earlier: boolean): PlanColumn[] {
  return plansInOrder(plans).flatMap((plan) => [
    { plan },
    ...(earlier
      ? Object.entries(plan.earlier ?? {})
          .toSorted(([a], [b]) => Number(b) - Number(a))
          .map(([version, terms]) => ({ plan: { ...plan, price: undefined, entitlements: undefined, ...terms } as PlanDefinition, version }))
      : []),
  ])
}

export interface FeatureRow {
  feature: FeatureDefinition
  /** How deep it is part of others, from 0. */
  depth: number
}

export interface FeatureGroup {
  name: string
  rows: FeatureRow[]
}

export type Grouping = 'use_case' | 'role' | 'none'

/**
 * Features in groups: by their first use case or their role, each part below what it is part
 * of. What has none stands in the last group.
 */
export function featureGroups(features: FeatureDefinition[], by: Grouping): FeatureGroup[] {
  const byKey = new Map(features.map((feature) => [feature.key, feature]))
  const whole = (feature: FeatureDefinition): FeatureDefinition => {
    const seen = new Set<string>() // circles are refused by the server, a draft may hold one
    let top = feature
    for (let up = byKey.get(top.part_of ?? ''); up && !seen.has(up.key); up = byKey.get(top.part_of ?? '')) {
      seen.add(up.key)
      top = up
    }
    return top
  }
  const nameOf = (feature: FeatureDefinition) => {
    const top = whole(feature)
    const name = by === 'use_case' ? top.use_cases?.[0] : by === 'role' ? top.role : undefined
    return name ? words(name) : ''
  }
  const rowsOf = (members: FeatureDefinition[]): FeatureRow[] => {
    const out: FeatureRow[] = []
    const placed = new Set<string>()
    const place = (feature: FeatureDefinition, depth: number) => {
      if (placed.has(feature.key)) return
      placed.add(feature.key)
      out.push({ feature, depth })
      for (const part of members) if (part.part_of === feature.key) place(part, depth + 1)
    }
    for (const feature of members) if (!feature.part_of || !byKey.has(feature.part_of)) place(feature, 0)
    for (const feature of members) place(feature, 0)
    return out
  }
  if (by === 'none') return features.length === 0 ? [] : [{ name: '', rows: rowsOf(features) }]
  const names = [...new Set(features.map(nameOf))].toSorted((a, b) => Number(a === '') - Number(b === ''))
  return names.map((name) => ({
    name: name || (by === 'role' ? 'Without a role' : 'Without a use case'),
    rows: rowsOf(features.filter((feature) => nameOf(feature) === name)),
  }))
}

/** Add-ons, then bundles, which are add-ons made of others; retired ones last. */
export function addonsInOrder(definitions: CatalogDefinitions): (AddonDefinition & { section: 'addons' | 'bundles' })[] {
  const all = [
    ...(definitions.addons ?? []).map((addon) => ({ ...addon, section: 'addons' as const })),
    ...(definitions.bundles ?? []).map((bundle) => ({ ...bundle, section: 'bundles' as const })),
  ]
  return [...all.filter((addon) => !addon.retired), ...all.filter((addon) => addon.retired)]
}

/** The page on which a place in the catalog is worked on. */
export function hrefOf(path: string): string {
  const [section, key, part, feature] = path.split('.')
  if (section === 'features' && key) return `/packaging/features/${encodeURIComponent(key)}`
  if ((section === 'plans' || section === 'addons' || section === 'bundles') && key) {
    const cell = section !== 'bundles' && part === 'entitlements' && feature ? `.entitlements.${feature.replace(/\[.*$/, '')}` : ''
    return `/packaging?edit=${encodeURIComponent(`${section}.${key}${cell}`)}`
  }
  if (section === 'signals' && key) return `/moments/rules/${encodeURIComponent(key)}`
  if (section === 'offers' && key) return `/offers/edit/${encodeURIComponent(key.replace(/\[.*$/, ''))}`
  if (section === 'contact') return '/offers/contact'
  const step = { currency: 'value', meters: 'value', value: 'value', offers: 'offers', signals: 'moments', placements: 'offers', profiles: 'profiles', launches: 'expansion' }[section ?? '']
  return step ? `/packaging/worksheet?step=${step}` : '/packaging/versions'
}
