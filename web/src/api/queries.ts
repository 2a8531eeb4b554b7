// What the console asks the server, each question with its key in the cache.

import { keepPreviousData, QueryClient, queryOptions } from '@tanstack/react-query'
import { shift, startOf, type Month } from '../lib/month'
import { get, getText, post, problemOf, put } from './client'
import type { AccountDetail, CatalogApplied, CatalogDefinitions, CatalogEditAnswer, CatalogVersion, Clock, EntitlementItem, FeatureDemand, Finding, Funnel, Grant, Limit, LimitDesign, Movements, Opportunity, Override, Page, Reservation, Retention, RoiStatement, Session, Signal, Trial, ValueLedger, ValueLedgerLine } from './types'

/** Keys under this are of the company's data: what a change on the server makes old. */
const data = 'data'

export const dataKey = [data] as const

/** Months drawn and listed beside the chosen one. */
export const monthsShown = 12

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => get<Session>('/v1/session', {}, signal),
  staleTime: Infinity,
})

/** The server's time. It stands still under a test clock, so the browser's is never used. */
export const clockQuery = queryOptions({
  queryKey: [data, 'clock'],
  queryFn: ({ signal }) => get<Clock>('/v1/clock', {}, signal),
  refetchInterval: 60_000,
})

export const movementsQuery = (month: Month, currency = '') =>
  queryOptions({
    queryKey: [data, 'movements', month, currency],
    queryFn: ({ signal }) => get<Movements>('/v1/revenue/movements', { from: shift(month, 1 - monthsShown), to: month, currency }, signal),
    placeholderData: keepPreviousData,
  })

export const retentionQuery = (month: Month, currency = '') =>
  queryOptions({
    queryKey: [data, 'retention', month, currency],
    queryFn: ({ signal }) => get<Retention>('/v1/revenue/retention', { from: shift(month, 1 - monthsShown), to: month, currency }, signal),
    placeholderData: keepPreviousData,
  })

export const funnelQuery = (month: Month) =>
  queryOptions({
    queryKey: [data, 'funnel', month],
    queryFn: ({ signal }) => get<Funnel>('/v1/offers/funnel', { from: startOf(month), to: startOf(shift(month, 1)) }, signal),
    placeholderData: keepPreviousData,
  })

export const signalsQuery = (limit: number) =>
  queryOptions({
    queryKey: [data, 'signals', limit],
    queryFn: ({ signal }) => get<Page<Signal>>('/v1/signals', { limit }, signal),
  })

export const limitsQuery = (limit: number) =>
  queryOptions({
    queryKey: [data, 'limits', limit],
    queryFn: ({ signal }) => get<Page<Limit>>('/v1/limits', { limit }, signal),
  })

export const opportunitiesQuery = (limit: number) =>
  queryOptions({
    queryKey: [data, 'opportunities', limit],
    queryFn: ({ signal }) => get<Page<Opportunity>>('/v1/opportunities', { stage: 'open', limit }, signal),
  })

export interface LimitAsked {
  feature: string
  segmentBy: string
  clusters: string
  /** The plan they are judged for; empty: each for the nearest. */
  plan: string
  /** Limits to judge beside those that are suggested. */
  candidates: number[]
}

export const limitDesignQuery = ({ feature, segmentBy, clusters, plan, candidates }: LimitAsked) =>
  queryOptions({
    queryKey: [data, 'limit design', feature, segmentBy, clusters, plan, candidates],
    queryFn: ({ signal }) =>
      get<LimitDesign>(`/v1/packaging/limits/${encodeURIComponent(feature)}`, { segment_by: segmentBy, clusters, plan, candidates: candidates.join(',') }, signal),
    placeholderData: keepPreviousData,
  })

export const demandQuery = (feature: string) =>
  queryOptions({
    queryKey: [data, 'demand', feature],
    queryFn: ({ signal }) => get<FeatureDemand>(`/v1/features/${encodeURIComponent(feature)}/demand`, {}, signal),
  })

/** The address of an account in the API. */
export const accountPath = (account: string, rest = '') => `/v1/accounts/${encodeURIComponent(account)}${rest}`

export const accountQuery = (account: string) =>
  queryOptions({
    queryKey: [data, 'account', account],
    queryFn: ({ signal }) => get<AccountDetail>(accountPath(account), {}, signal),
  })

/** A list of what an account has. */
const ofAccount = <T>(what: string) => (account: string) =>
  queryOptions({
    queryKey: [data, 'account', account, what],
    queryFn: ({ signal }) => get<Page<T>>(accountPath(account, `/${what}`), {}, signal),
  })

export const entitlementsQuery = ofAccount<EntitlementItem>('entitlements')
export const grantsQuery = ofAccount<Grant>('grants')
export const overridesQuery = ofAccount<Override>('overrides')
export const trialsQuery = ofAccount<Trial>('trials')
export const reservationsQuery = ofAccount<Reservation>('reservations')

export const valueQuery = (account: string) =>
  queryOptions({
    queryKey: [data, 'account', account, 'value'],
    queryFn: ({ signal }) => get<ValueLedger>(accountPath(account, '/value'), { limit: 36 }, signal),
  })

export const roiQuery = (account: string) =>
  queryOptions({
    queryKey: [data, 'account', account, 'roi'],
    queryFn: ({ signal }) => get<RoiStatement>(accountPath(account, '/roi'), {}, signal),
  })

/** Accounts whose price left the band of what they gain. */
export const outOfBandQuery = (limit: number) =>
  queryOptions({
    queryKey: [data, 'out of band', limit],
    queryFn: ({ signal }) => get<Page<ValueLedgerLine>>('/v1/packaging/value', { limit }, signal),
  })

const yaml = 'application/yaml'

/** The active catalog; empty, with the version '', where none was applied yet. */
export const definitionsQuery = queryOptions({
  queryKey: [data, 'definitions'],
  queryFn: async ({ signal }): Promise<CatalogDefinitions> => {
    try {
      const definitions = await get<CatalogDefinitions & { value?: unknown }>('/v1/catalog/definitions', {}, signal)
      const { value } = definitions
      // A section that is a map there is a list here, as all others are.
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return definitions
      return { ...definitions, value: Object.entries(value).map(([key, metric]) => ({ ...(metric as object), key })) }
    } catch (error) {
      if (problemOf(error).code === 'no_catalog') return { version: '' }
      throw error
    }
  },
})

/** A catalog's text never changes, so it is asked for once. */
export const catalogTextQuery = (version: string) =>
  queryOptions({
    queryKey: ['catalog text', version],
    queryFn: ({ signal }) => (version === '' ? '' : getText('/v1/catalog', { version }, signal)),
    staleTime: Infinity,
  })

export const versionsQuery = (limit: number) =>
  queryOptions({
    queryKey: [data, 'catalog versions', limit],
    queryFn: ({ signal }) => get<Page<CatalogVersion>>('/v1/catalog/versions', { limit }, signal),
  })

export const lintQuery = queryOptions({
  queryKey: [data, 'lint'],
  queryFn: ({ signal }) => get<{ findings: Finding[] | null }>('/v1/catalog/lint', {}, signal),
})

/** What a set of edits makes of the catalog; applies nothing. */
export const catalogEditQuery = (base: string, edits: unknown[]) =>
  queryOptions({
    queryKey: ['catalog edit', base, edits],
    queryFn: () => post<CatalogEditAnswer>('/v1/catalog/edit', { edits, base }),
    staleTime: Infinity,
  })

/** What applying a text would do to the accounts there are. */
export const dryRunQuery = (text: string) =>
  queryOptions({
    queryKey: [data, 'catalog dry run', text],
    queryFn: () => put<CatalogApplied>('/v1/catalog', { type: yaml, text }, { dry_run: true }),
    enabled: text !== '',
    placeholderData: keepPreviousData,
  })

export function applyCatalog(text: string, base: string, query: { note: string; author: string; accept: string | undefined }): Promise<CatalogApplied> {
  return put<CatalogApplied>('/v1/catalog', { type: yaml, text }, query, base)
}

export function rollBack(version: string, note: string, author: string, accept: string | undefined): Promise<CatalogApplied> {
  return post<CatalogApplied>('/v1/catalog/rollback', { version, note, ...(author ? { author } : {}) }, { accept })
}

export function newQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        // A refusal stays one; a server that was restarted is back in a moment.
        retry: (failures, error) => {
          const { status } = problemOf(error)
          return (status === 0 || status >= 500) && failures < 2
        },
        retryDelay: (attempt) => 400 * 2 ** attempt,
      },
    },
  })
  // Any 401 means the session is over: the page of signing in takes its place.
  client.getQueryCache().subscribe((event) => {
    if (event.type === 'updated' && event.action.type === 'error' && problemOf(event.action.error).status === 401) {
      client.setQueryData<Session>(sessionQuery.queryKey, { signed_in: false })
    }
  })
  return client
}
