// Where an entitlement comes from, and what is left of it, in words.

import type { CatalogDefinitions, EntitlementItem, EntitlementSource, Grant, Override, Trial } from '../api/types'
import { count, words } from '../lib/format'
import { periodWords, titleOf } from '../lib/entitlement'

type Named = Pick<CatalogDefinitions, 'plans' | 'addons' | 'bundles' | 'features'> | undefined

function named(list: { key: string; title?: string }[] | undefined, key: string): string {
  return titleOf(list?.find((each) => each.key === key), key)
}

const addon = (catalog: Named, key: string) => named([...(catalog?.addons ?? []), ...(catalog?.bundles ?? [])], key)

/** "plan Pro", "2 × add-on Sponsors", "grant from a top-up Credits", "override". */
export function sourceWords(source: string, catalog: Named, grants: Grant[] = []): string {
  const at = source.indexOf(':')
  const kind = at < 0 ? source : source.slice(0, at)
  const key = at < 0 ? '' : source.slice(at + 1)
  switch (kind) {
    case 'plan':
      return `plan ${named(catalog?.plans, key)}`
    case 'addon':
      return `add-on ${addon(catalog, key)}`
    case 'trial':
      return `trial of ${trialWords(key, catalog)}`
    case 'override':
      return 'override'
    case 'grant':
    case 'grants': {
      const grant = grants.find((each) => each.id === key)
      return grant ? `grant ${grantSource(grant.source, catalog)}` : 'grant'
    }
    default:
      return words(source)
  }
}

/** "by an operator", "from a top-up Credits", "rolled over". */
export function grantSource(source: string, catalog: Named): string {
  if (source === 'operator') return 'by an operator'
  if (source === 'rollover') return 'rolled over'
  if (source.startsWith('top_up:')) return `from a top-up ${addon(catalog, source.slice('top_up:'.length))}`
  return `from ${words(source)}`
}

/** What a trial's id ("feature:recordings") or key names. */
export function trialWords(id: string, catalog: Named): string {
  const [kind, key] = id.includes(':') ? [id.slice(0, id.indexOf(':')), id.slice(id.indexOf(':') + 1)] : ['', id]
  if (kind === 'plan') return `plan ${named(catalog?.plans, key)}`
  if (kind === 'addon') return `add-on ${addon(catalog, key)}`
  if (kind === 'feature') return named(catalog?.features, key)
  return words(key)
}

export function trialState(trial: Trial): string {
  return { running: 'running', converted: 'bought since', expired: 'ran out', ended: 'ended early' }[trial.state] ?? words(trial.state)
}

/** What a source gives: "40", "12 left", "unlimited", a value. */
export function gives(source: EntitlementSource, item: EntitlementItem): string {
  if (source.value) return source.value
  if (source.balance !== undefined) return `${count(source.balance)} left${source.limit !== undefined ? ` of ${count(source.limit)}` : ''}`
  if (source.limit !== undefined) return count(source.limit)
  return item.kind === 'metered' || item.kind === 'seats' ? (item.unlimited ? 'unlimited' : 'no limit of its own') : item.allowed ? 'included' : 'locked'
}

/** Usage against limit: "8 of 10", "8, unlimited", "Included", "Not included". */
/** Whether nothing gives any of it and none was used: there is no "0 of 0" to draw. */
export function givenNothing(item: EntitlementItem): boolean {
  return !item.allowed && item.limit === 0 && item.usage === 0
}

export function standing(item: EntitlementItem): string {
  if (item.kind === 'value') return item.value || 'No value'
  if (item.usage === null || item.kind === 'boolean') return item.allowed ? 'Included' : 'Not included'
  if (givenNothing(item)) return 'Not included'
  if (item.limit === null) return `${count(item.usage)}, unlimited`
  return `${count(item.usage)} of ${count(item.limit)}`
}

export function overrideWords(override: Override): string {
  if (override.unlimited) return 'unlimited'
  if (override.limit !== undefined) return ['a limit of', count(override.limit), periodWords(override.per)].filter(Boolean).join(' ')
  if (override.value !== undefined) return override.value
  return override.allowed ? 'open' : 'locked'
}

/** Why a running trial cannot be made longer; '' while the catalog allows it. */
export function noExtension(trial: Trial, catalog: Pick<CatalogDefinitions, 'plans' | 'addons' | 'bundles' | 'features'>): string {
  const of = (list: { key: string; trial?: unknown }[] | undefined, key: string | undefined) => (key ? list?.find((each) => each.key === key)?.trial : undefined)
  const terms = of(catalog.plans, trial.plan) ?? of([...(catalog.addons ?? []), ...(catalog.bundles ?? [])], trial.addon) ?? of(catalog.features, trial.feature)
  const { extend, extensions } = (typeof terms === 'object' && terms !== null ? terms : {}) as { extend?: unknown; extensions?: unknown }
  const most = extend === undefined ? 0 : extensions === undefined ? 1 : Number(extensions)
  if (!(most > 0)) return 'The catalog allows no extension.'
  if ((trial.extended ?? 0) < most) return ''
  return `The catalog allows no more than ${most === 1 ? 'one extension' : `${count(most)} extensions`}.`
}
