// The offers of the catalog as the list shows them: what they are, how they do, what lint says.

import type { FullOffer, FunnelRow, OffersCatalog, Reversal } from '../api/offers'
import type { Finding } from '../api/types'
import { listOf, shapeOf } from './definition'

export type OfferState = 'live' | 'paused' | 'retired'

export interface OfferRow {
  offer: FullOffer
  shape: string
  kind: string
  on: string[]
  at: string[]
  state: OfferState
  /** Why it is not live. */
  why: string
  /** Against the active catalog, where the draft has it otherwise. */
  draft: '' | 'new' | 'changed'
  counts: FunnelRow | undefined
  reversal: Reversal | undefined
  findings: Finding[]
}

/** A condition that is never true is how an offer is paused: the rest of it waits behind. */
const pause = 'false && '

export const isPaused = (condition: string | undefined) => condition !== undefined && (condition.trim() === 'false' || condition.trim().startsWith(pause))

export function paused(condition: string): string {
  if (isPaused(condition)) return condition
  return condition.trim() ? `${pause}(${condition.trim()})` : 'false'
}

export function resumed(condition: string): string {
  const rest = condition.trim()
  if (rest === 'false') return ''
  if (!rest.startsWith(pause)) return condition
  const inner = rest.slice(pause.length).trim()
  return inner.startsWith('(') && inner.endsWith(')') ? inner.slice(1, -1) : inner
}

/** Whether an offer can be shown at all, as the catalog has it. */
export function stateOf(offer: FullOffer, catalog: OffersCatalog): { state: OfferState; why: string } {
  if (isPaused(offer.for)) return { state: 'paused', why: 'its condition is never true' }
  const give = offer.give ?? {}
  const sold = [...(catalog.plans ?? []), ...(catalog.addons ?? []), ...(catalog.bundles ?? [])].find((each) => each.key === give['plan'] || each.key === give['addon'])
  if (sold?.retired) return { state: 'retired', why: 'what it gives is no longer sold' }
  if (sold?.ready === 'not_ready') return { state: 'paused', why: 'what it gives is not ready' }
  const on = listOf(offer.on)
  if (listOf(offer.at).length === 0) return { state: 'paused', why: 'it has no place' }
  if (on.length > 0 && on.every((key) => catalog.signals?.find((each) => each.key === key)?.state === 'retired')) return { state: 'retired', why: 'its moments are retired' }
  return { state: 'live', why: '' }
}

interface Known {
  shown: OffersCatalog
  active: OffersCatalog
  counts: FunnelRow[]
  reversals: Reversal[]
  findings: Finding[]
}

export function rowsOf({ shown, active, counts, reversals, findings }: Known): OfferRow[] {
  return ((shown.offers ?? []) as FullOffer[]).map((offer) => {
    const was = active.offers?.find((each) => each.key === offer.key)
    const path = `offers.${offer.key}`
    return {
      offer,
      shape: shapeOf(offer, shown),
      kind: offer.kind ?? 'contextual',
      on: listOf(offer.on),
      at: listOf(offer.at),
      ...stateOf(offer, shown),
      draft: was === undefined ? 'new' : JSON.stringify(was) === JSON.stringify(offer) ? '' : 'changed',
      counts: counts.find((each) => each.offer === offer.key),
      reversal: reversals.find((each) => each.offer === offer.key),
      findings: findings.filter((each) => each.path === path || each.path.startsWith(`${path}.`)),
    }
  })
}

export interface Filters {
  q: string
  shape: string
  kind: string
  state: string
  at: string
  on: string
}

export function filtered(rows: OfferRow[], f: Filters): OfferRow[] {
  const q = f.q.trim().toLowerCase()
  return rows.filter(
    (row) =>
      (!q || `${row.offer.key} ${row.offer.content?.title ?? ''}`.toLowerCase().includes(q)) &&
      (!f.shape || row.shape === f.shape) &&
      (!f.kind || row.kind === f.kind) &&
      (!f.state || row.state === f.state) &&
      (!f.at || row.at.includes(f.at)) &&
      (!f.on || row.on.includes(f.on)),
  )
}

/** Each value once, as a choice. */
export const choices = (values: string[]): string[] => [...new Set(values)].toSorted()
