// What the pages under Moments ask the server, and its answers.

import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { get, listen, Problem } from './client'
import { accountPath, dataKey } from './queries'
import type { Finding, Keyed, CatalogDefinitions, Money, Opportunity, Page, Signal, SignalDefinition } from './types'

/** A rule of the catalog with all that may be said of it. */
export interface RuleDefinition extends SignalDefinition {
  title?: string
  evidence?: string
  driven?: string
  review?: string
}

/** The definitions with what only rules name. */
export interface MomentsCatalog extends CatalogDefinitions {
  milestones?: Keyed[]
}

// schema: SignalPart
export interface ScorePart {
  name: string
  points: number
  why: string
}

// schema: SignalLine
export interface FiredSignal extends Signal {
  score_now: number
  score_parts?: ScorePart[] | null
}

// schema: TimelineEntry
export interface TimelineItem {
  at: string
  kind: string
  id?: string
  words: string
  user?: string
}

// schema: ExplainAnswer
export interface Explained {
  decision_id?: string
  at: string
  placement: string
  status: string
  reason: string
  signal?: string
  offer_key?: string
  variant?: string
  outcomes?: { type: string; at: string }[] | null
}

// schema: OpportunityLine
export interface OpportunityOf extends Opportunity {
  signals: string[] | null
}

// schema: MomentLine
export interface MomentItem {
  id: string
  at: string
  kind: string
  account: string
  account_name?: string
  feature?: string
  milestone?: string
  title: string
  placement?: string
  state: string
  times: number
  value: Money
  why?: string
  reason?: string
}

export interface MissedReason {
  why: string
  moments: number
  mend: string
}

// schema: MissedLine
export interface MissedItem {
  kind: string
  feature?: string
  milestone?: string
  title: string
  placement?: string
  moments: number
  times: number
  accounts: number
  value: Money[] | null
  reasons: MissedReason[] | null
}

// schema: MissedAnswer
export interface Missed {
  items: MissedItem[] | null
  totals: { moments: number; no_offer: number; accounts: number; value: Money[] | null }
  assumptions: string[] | null
}

// schema: SignalRegisteredSignal
export interface RegisteredRule {
  key: string
  title: string
  type: string
  hypothesis: string
  owner: string
  driven: string
  state: string
  evidence: string
  review: string | null
  overdue: boolean
  fired: number
  last_at?: string | null
  windows: { days: number; fired: number; accounts: number }[] | null
  precision: { followed: number; grew: number; share: string; interval: string[] | null } | null
  drift: { recent: number; before: number; rate_p: string; recent_precision: string; before_precision: string; precision_p: string }
  words: string[] | null
}

// schema: SignalRegistry
export interface Registry {
  at: string
  items: RegisteredRule[] | null
  notes: string[] | null
}

// schema: SignalCoverage
export interface Coverage {
  at: string
  expected: { type: string; status: 'never' | 'no_longer' | 'received'; events: number; last_at?: string | null; for: string[] | null }[] | null
  unknown: { type: string; events: number; last_at?: string | null; meant?: string }[] | null
  others: number
  features: { feature: string; title: string; offer: boolean }[] | null
  never_fired: { key: string; title: string; state: string; why?: string }[] | null
  overdue: { key: string; title: string; owner: string; review: string; days: number }[] | null
  notes: string[] | null
}

// schema: SignalAfter
export interface TestedAfter {
  days: number
  accounts: number
  too_recent: number
  started: number
  expanded: number
  contracted: number
  churned: number
  nothing: number
  mrr: Money[] | null
  grew: string
  beside: { accounts: number; grew: string; contracted: string; churned: string }
}

// schema: SignalTestedAccount
export interface TestedAccount {
  account: string
  fired: number
  times: string[] | null
  evidence: string
  then: string
}

// schema: SignalTestedMonth
export interface TestedMonth {
  month: string
  fired: number
  accounts: number
}

// schema: SignalDiffering
export interface Differing {
  account: string
  side: 'now_only' | 'before_only'
  at: string
  evidence: string
}

// schema: SignalDifference
export interface TestedDifference {
  now_only: { fired: number; accounts: number }
  before_only: { fired: number; accounts: number }
  both: { fired: number; accounts: number }
  changes: string[] | null
  items: Differing[] | null
}

// schema: SignalTestedRule
export interface TestedRule {
  key: string
  title: string
  type: string
  fired: number
  accounts: number
  months: TestedMonth[] | null
  items: TestedAccount[] | null
  after: TestedAfter[] | null
  difference?: TestedDifference
}

// schema: SignalBacktest
export interface Backtest {
  from: string
  to: string
  until: string
  records: number
  events: number
  accounts: number
  seconds: number
  compared: string
  rules: TestedRule[] | null
  notes: string[] | null
  findings?: Finding[] | null
}

// schema: SignalPrecursor
export interface Precursor {
  kind: 'event' | 'gate' | 'signal'
  name: string
  accounts: number
  followed: number
  upgraded: number
  share: string
  base: string
  lift: string
  interval: string[] | null
  p: string
  q: string
  too_little: boolean
  sooner: { upgraded: number; upgraded_median_days: string; others: number; others_median_days: string }
  words: string
}

// schema: SignalPrecursors
export interface Precursors {
  type: string
  within_days: number
  until: string
  accounts: number
  upgraded: number
  seconds: number
  items: Precursor[] | null
  notes: string[] | null
}

/** How far an analysis of the history is. */
export interface AnalysisProgress {
  done: number
  total: number
}

/** Runs an analysis of the whole history and tells how far it is; ending the signal ends it on the server, too. */
export async function analyse<T>(method: 'GET' | 'POST', path: string, asked: { query?: Record<string, string>; body?: unknown }, progress: (at: AnalysisProgress) => void, signal: AbortSignal): Promise<T> {
  let result: T | undefined
  await listen(
    method,
    path,
    asked,
    (name, data) => {
      if (name === 'progress') progress(JSON.parse(data) as AnalysisProgress)
      if (name === 'result') result = JSON.parse(data) as T
      if (name === 'error') throw new Problem(500, JSON.parse(data) as object)
    },
    signal,
  )
  if (result === undefined) throw new Problem(0, { detail: 'The analysis broke off before its result came.', mend: 'Run it again.' })
  return result
}

/** One page of signals: of everybody, of one rule, or of one account. */
export const signalsPage = (of: { key?: string; account?: string }, cursor: string | undefined, limit: number, signal?: AbortSignal) =>
  of.account ? get<Page<FiredSignal>>(accountPath(of.account, '/signals'), { cursor, limit }, signal) : get<Page<FiredSignal>>('/v1/signals', { key: of.key, cursor, limit }, signal)

/** What the feed compares with what is read: asked again whenever the server changed. */
export const newestSignalsQuery = <T>(of: { keys: string[]; account: string }, limit: number, load: (signal: AbortSignal) => Promise<T>) =>
  queryOptions({
    queryKey: [...dataKey, 'newest signals', of, limit],
    queryFn: ({ signal }) => load(signal),
  })

/** Decisions and the like of an account around a signal. */
export const decidedQuery = (signal: Pick<FiredSignal, 'id' | 'account' | 'at' | 'decays_at'>, load: (signal: AbortSignal) => Promise<Explained[]>) =>
  queryOptions({
    queryKey: [...dataKey, 'decided', signal.id],
    queryFn: ({ signal: stop }) => load(stop),
  })

export const timelinePage = (account: string, kind: string, cursor: string | undefined, signal?: AbortSignal) =>
  get<Page<TimelineItem>>(accountPath(account, '/timeline'), { kind, cursor, limit: 50 }, signal)

export const explained = (id: string, signal?: AbortSignal) => get<Explained>(`/v1/decisions/${encodeURIComponent(id)}/explain`, {}, signal)

export const opportunitiesOf = (account: string) =>
  queryOptions({
    queryKey: [...dataKey, 'opportunities of', account],
    queryFn: ({ signal }) => get<Page<OpportunityOf>>('/v1/opportunities', { account, limit: 50 }, signal),
  })

export const registryQuery = queryOptions({
  queryKey: [...dataKey, 'registry'],
  queryFn: ({ signal }) => get<Registry>('/v1/signals/registry', {}, signal),
})

export const coverageQuery = queryOptions({
  queryKey: [...dataKey, 'coverage'],
  queryFn: ({ signal }) => get<Coverage>('/v1/signals/coverage', {}, signal),
})

export const missedQuery = (from: string, to: string) =>
  queryOptions({
    queryKey: [...dataKey, 'missed', from, to],
    queryFn: ({ signal }) => get<Missed>('/v1/moments/missed', { from, to }, signal),
    placeholderData: keepPreviousData,
  })

export interface MomentsAsked {
  kind: string
  feature?: string | undefined
  milestone?: string | undefined
  placement?: string | undefined
  from: string
  to: string
}

/** The missed moments behind one line, part by part. */
export const momentsQuery = (asked: MomentsAsked) =>
  infiniteQueryOptions({
    queryKey: [...dataKey, 'moments', asked],
    queryFn: ({ signal, pageParam }) => get<Page<MomentItem>>('/v1/moments', { ...asked, state: 'missed', limit: 50, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
  })
