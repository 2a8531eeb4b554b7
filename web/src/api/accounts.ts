// What the pages of accounts ask the server, and what it answers.

import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { get, post, remove } from './client'
import { accountPath, dataKey } from './queries'
import type { AccountLine, Money, Page, Signal } from './types'

// schema: AccountStage
export interface AccountStage {
  stage: string
  why: string
  since: string
}

// schema: AccountReady
export interface AccountReady {
  type: string
  score: number
  change: number
  ready: boolean
}

// schema: AccountNearest
export interface AccountNearest {
  feature: string
  feature_title: string
  usage: number
  limit: number
  percent: number
  resets_at?: string | null
}

// schema: AccountLastFire
export interface AccountLastFire {
  key: string
  title: string
  at: string
}

// schema: AccountNext
export interface AccountNext {
  what: 'trial_ends' | 'ends' | 'changes'
  at: string
}

// schema: AccountLine
export interface AccountRow extends AccountLine {
  stage?: AccountStage
  readiness?: AccountReady
  limit?: AccountNearest
  last_signal?: AccountLastFire
  next?: AccountNext
  open_requests?: number
}

// schema: SavedView
export interface SavedView {
  page: string
  name: string
  query: string
  author?: string
  created_at: string
}

// schema: TimelineEntry
export interface TimelineEntry {
  at: string
  kind: string
  id?: string
  words: string
  user?: string
  mrr?: Money
  by?: Money
}

// schema: SignalPart
export interface SignalPart {
  name: string
  points: number
  why: string
}

// schema: SignalLine
export interface AccountSignal extends Signal {
  score_now: number
  score_parts?: SignalPart[] | null
}

// schema: DecisionOutcome
export interface DecisionOutcome {
  type: string
  at: string
  user?: string
}

// schema: DecisionLine
export interface DecisionLine {
  id: string
  at: string
  user?: string
  placement: string
  feature?: string
  offer: string
  title: string
  held_out: boolean
  signal?: string
  why: string
  outcome?: string
  outcomes: DecisionOutcome[] | null
}

// schema: MemberLine
export interface AccountMember {
  user: string
  role?: string
  profile?: string
  persona?: string
  champion?: boolean
  joined_on?: string | null
  seen_on?: string | null
  left_on?: string | null
}

// schema: AccountSummary
export interface PeopleSummary {
  count: number
  admins: number
  champions: number
  active: number
  outside: number
}

// schema: PeopleAnswer
export interface AccountPeople {
  account: string
  summary: PeopleSummary
  single_threaded: boolean
  lost_champions: AccountMember[] | null
  items: AccountMember[] | null
  more: boolean
}

// schema: FactLine
export interface AccountFact {
  name: string
  value: string | number | boolean
  ref?: string
  note?: string
  at: string
  until?: string | null
  holds: boolean
}

// schema: ContactStanding
export interface ContactBudget {
  scope: string
  channel: string
  at_most: number
  spent: number
  left: number
  per: string
  frees_at?: string
}

// schema: ContactQuiet
export interface QuietRule {
  rule: string
  reason: string
  until?: string | null
}

// schema: StoreContact
export interface ContactLine {
  id: string
  at: string
  channel: string
  user?: string
  about?: string
  released_at?: string
}

// schema: ContactsAnswer
export interface AccountContacts {
  items: ContactLine[] | null
  budgets: ContactBudget[] | null
  quiet: QuietRule[] | null
  held_out: boolean
  next?: string
}

// schema: UpgradeRequest
export interface AccountRequest {
  id: string
  at: string
  user?: string
  name?: string
  status: string
  reason?: string
  answer?: string
  title?: string
  feature?: string
  offer?: string
  decided_at?: string | null
}

// schema: LifecycleAnswer
export interface AccountLifecycle {
  stage: string
  why: string
  since: string | null
}

// schema: SignalContribution
export interface ReadinessPart {
  points: number
  of: number
  why: string
}

// schema: ReadinessScore
export interface ReadinessScore {
  type: string
  score: number
  mark: number
  ready: boolean
  change: number
  explained: string
  contributions: ReadinessPart[] | null
}

// schema: PendingChange
export interface PendingDate {
  at: string
}

// schema: SubscriptionAnswer
export interface AccountSubscription {
  plan?: string
  status?: string
  interval?: string
  quantity?: number
  anchor?: string | null
  starts_at?: string | null
  trial_ends_at?: string | null
  ends_at?: string | null
  paid_since?: string | null
  pending?: PendingDate
}

// schema: EnginePeriodUsage
export interface UsagePeriod {
  per: string
  usage: number
  late?: number
  starts_at?: string | null
  resets_at?: string | null
}

// schema: EngineMeterUsage
export interface MeterUsage {
  meter: string
  aggregate: string
  periods: UsagePeriod[] | null
}

/** How many lines a part of a list has. */
export const pageSize = 50

/** The list; query is what the server is asked, by its own names. */
export const accountListQuery = (query: Record<string, string>) =>
  queryOptions({
    queryKey: [...dataKey, 'account list', query],
    queryFn: ({ signal }) => get<Page<AccountRow>>('/v1/accounts', { limit: pageSize, ...query }, signal),
    placeholderData: keepPreviousData,
  })

/** How many accounts a CSV holds at most. */
export const mostInCsv = 10_000

/** Every account of a query, up to mostInCsv; more says that there are others. */
export async function everyAccount(query: Record<string, string>): Promise<{ items: AccountRow[]; more: boolean }> {
  const items: AccountRow[] = []
  for (let cursor = ''; ; ) {
    const part = await get<Page<AccountRow>>('/v1/accounts', { ...query, cursor, limit: 500 })
    items.push(...(part.items ?? []))
    cursor = part.next ?? ''
    if (!cursor || items.length >= mostInCsv) return { items, more: cursor !== '' }
  }
}

export const viewsQuery = (page: string) =>
  queryOptions({
    queryKey: [...dataKey, 'views', page],
    queryFn: ({ signal }) => get<{ items: SavedView[] | null }>('/v1/views', { page }, signal),
  })

export const keepView = (page: string, name: string, query: string) => post<SavedView>('/v1/views', { page, name, query }, {}, 'PUT')
export const forgetView = (page: string, name: string) => remove(`/v1/views?${new URLSearchParams({ page, name })}`)

const of = <T>(what: string, query: Record<string, string | number> = {}) => (account: string) =>
  queryOptions({
    queryKey: [...dataKey, 'account', account, what, query],
    queryFn: ({ signal }) => get<T>(accountPath(account, `/${what}`), query, signal),
  })

export const lifecycleQuery = of<AccountLifecycle>('lifecycle', { limit: 1 })
export const readinessQuery = of<{ items: ReadinessScore[] | null }>('readiness')
export const subscriptionQuery = of<AccountSubscription>('subscription')
export const peopleQuery = of<AccountPeople>('people')
export const factsQuery = of<{ items: AccountFact[] | null }>('facts')
export const meterUsageQuery = of<{ items: MeterUsage[] | null }>('usage')
export const accountSignalsQuery = of<Page<AccountSignal>>('signals', { limit: 20 })

const paged = <T>(what: string) => (account: string, query: Record<string, string | number>) =>
  queryOptions({ ...of<T>(what, query)(account), placeholderData: keepPreviousData })

export const timelineQuery = paged<Page<TimelineEntry>>('timeline')
export const decisionsQuery = paged<Page<DecisionLine>>('decisions')
export const contactsQuery = paged<AccountContacts>('contacts')

export const accountRequestsQuery = (account: string) =>
  queryOptions({
    queryKey: [...dataKey, 'account', account, 'upgrade requests'],
    queryFn: ({ signal }) => get<Page<AccountRequest>>('/v1/requests', { account, limit: 50 }, signal),
  })

export const childrenQuery = (account: string) =>
  queryOptions({
    queryKey: [...dataKey, 'account', account, 'children'],
    queryFn: ({ signal }) => get<Page<AccountRow>>('/v1/accounts', { parent: account, limit: 50, sort: 'mrr' }, signal),
  })

/** Accounts by a part of key, name or domain, for the search over everything. */
export const foundQuery = (search: string) =>
  queryOptions({
    queryKey: [...dataKey, 'found', search],
    queryFn: ({ signal }) => get<Page<AccountRow>>('/v1/accounts', { search, limit: 8 }, signal),
    placeholderData: keepPreviousData,
  })
