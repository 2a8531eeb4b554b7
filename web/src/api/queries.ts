// What the console asks the server, each question with its key in the cache.

import { keepPreviousData, QueryClient, queryOptions } from '@tanstack/react-query'
import { shift, startOf, type Month } from '../lib/month'
import { get, problemOf } from './client'
import type { Clock, Funnel, Limit, Movements, Opportunity, Page, Retention, Session, Signal } from './types'

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

export const movementsQuery = (month: Month) =>
  queryOptions({
    queryKey: [data, 'movements', month],
    queryFn: ({ signal }) => get<Movements>('/v1/revenue/movements', { from: shift(month, 1 - monthsShown), to: month }, signal),
    placeholderData: keepPreviousData,
  })

export const retentionQuery = (month: Month) =>
  queryOptions({
    queryKey: [data, 'retention', month],
    queryFn: ({ signal }) => get<Retention>('/v1/revenue/retention', { from: shift(month, 1 - monthsShown), to: month }, signal),
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
