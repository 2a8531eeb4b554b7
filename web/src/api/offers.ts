// What the pages under Offers ask the server, and its answers.

import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { get, post } from './client'
import { accountPath, dataKey } from './queries'
import type { CatalogDefinitions, Finding, FunnelItem, Keyed, Money, OfferDefinition, Page } from './types'

type Fields = Record<string, unknown>

/** What an offer says in one language. */
export interface OfferText {
  title?: string
  body?: string
  action?: string
  media?: string
}

/** An offer of the catalog with all that may be said of it. */
export interface FullOffer extends OfferDefinition {
  for?: string
  contact?: { cooldown?: string; at_most?: string }
  content?: OfferText & { translations?: Record<string, OfferText> }
  holdout?: string | number
  save?: boolean
  chance?: string | number
  external?: boolean
  link?: string
}

/** The sections of the catalog that offers are made of. */
export interface OffersCatalog extends CatalogDefinitions {
  contact?: { person?: Fields; account?: Fields; family?: Fields; after_dismissal?: string; quiet?: Fields }
  requests?: { expire?: string; remind?: string[]; cool_off?: string }
  referrals?: Keyed[]
  holdout?: string | number
}

// schema: OfferPrice
export interface ShownPrice {
  recurring: Money
  difference: Money
  interval: string
  once?: Money | null
  saved?: Money | null
}

// schema: Offer
export interface ShownOffer {
  key: string
  kind: 'ambient' | 'contextual' | 'interruption'
  type: string
  title: string
  body: string
  media?: string
  cta: { action: string; label: string; url?: string }
  price?: ShownPrice | null
  case?: string
  assumptions?: string[] | null
  lost?: string[] | null
  expected?: { chance: number; year: Money; value: Money; estimated?: boolean } | null
}

// schema: OfferConsidered
export interface ConsideredOffer {
  offer: string
  chosen: boolean
  code: string
  reason: string
  problems?: string[] | null
}

// schema: ContactQuiet
export interface QuietRule {
  rule: string
  reason: string
  until?: string | null
}

// schema: ContactRefusal
export interface BudgetRefusal {
  scope: string
  channel: string
  code: string
  reason: string
  until?: string | null
}

// schema: Decision
export interface OfferDecision {
  decision_id?: string
  account: string
  user?: string
  placement: string
  feature?: string
  status: string
  reason: string
  offer?: ShownOffer | null
  help?: { rule: string; title: string; body?: string; link?: string } | null
  offer_key?: string
  variant?: string
  signal?: string
  at: string
  expires_at?: string | null
  considered?: ConsideredOffer[] | null
  quiet?: QuietRule[] | null
  refusals?: BudgetRefusal[] | null
}

// schema: ExplainAnswer
export interface ExplainedDecision extends OfferDecision {
  outcomes: OfferOutcome[] | null
}

// schema: Outcome
export interface OfferOutcome {
  decision_id: string
  type: string
  at: string
  user?: string
  reason?: string
}

// schema: OfferPreviewAnswer
export interface OfferPreview {
  version: string
  preview: OfferDecision
  problems: string[] | null
  in_the_way: { code: string; reason: string }[] | null
  fills: { name: string; words: string }[] | null
  findings: Finding[] | null
  decision: OfferDecision
}

export interface PreviewAsked {
  offer: string
  account: string
  user?: string
  role: string
  language: string
  placement: string
  intent?: string
  base?: string
  edits?: unknown[]
}

// schema: FunnelLine
export interface FunnelRow extends FunnelItem {
  undone: number
}

// schema: FunnelStep
export interface StepOfFunnel {
  step: string
  words: string
  count: number
  lost: number
  kept?: string | null
  share?: string | null
}

// schema: MomentFunnelLine
export interface MomentFunnel {
  kind: string
  feature?: string
  milestone?: string
  title: string
  placement?: string
  held_out: number
  missed: number
  steps: StepOfFunnel[]
  worst_step?: string
}

// schema: FunnelAnswer
export interface FullFunnel {
  items: FunnelRow[] | null
  totals: FunnelRow
  moments: MomentFunnel[] | null
  steps: StepOfFunnel[] | null
}

// schema: OfferReversal
export interface Reversal {
  offer: string
  accepted: number
  undone: number
  rate?: string | null
  low?: string | null
  high?: string | null
  median_seconds?: number
  state: string
  rule: string
}

// schema: UpgradeRequest
export interface RequestLine {
  id: string
  account: string
  user: string
  name?: string
  offer: string
  decision_id: string
  title?: string
  feature?: string
  reason?: string
  answer?: string
  status: string
  at: string
  decided_at?: string | null
  expires_at?: string | null
  remind_at?: string | null
  reminded?: number
  joined?: { user: string; at: string }[] | null
  approval_id?: string
}

// schema: StandingApproval
export interface Approval {
  id: string
  title: string
  by: string
  at: string
  at_most: Money
  left: Money
  spent: Money
  per: string
  until?: string | null
  lapsed?: boolean
  user?: string
  uses: { request_id: string }[] | null
}

// schema: ContactStanding
export interface BudgetStanding {
  scope: string
  channel: string
  at_most: number
  per: string
  spent: number
  left: number
  frees_at?: string | null
}

// schema: ContactsAnswer
export interface ContactsOf {
  budgets: BudgetStanding[] | null
  quiet: QuietRule[] | null
  held_out: boolean
  items: { id: string; channel: string; at: string; about?: string; user?: string; released_at?: string | null }[] | null
}

// schema: MomentLine
export interface FunnelMoment {
  id: string
  account: string
  account_name?: string
  at: string
  kind: string
  title: string
  feature?: string
  placement?: string
  state: string
  why?: string
  reason?: string
  decision_id?: string
  offer?: string
}

/** From the first moment of a span to the last, as the address holds it. */
export interface Span {
  from: string
  to: string
}

export const offersFunnelQuery = ({ from, to }: Span) =>
  queryOptions({
    queryKey: [...dataKey, 'offers funnel', from, to],
    queryFn: ({ signal }) => get<FullFunnel>('/v1/offers/funnel', { from, to }, signal),
    placeholderData: keepPreviousData,
    enabled: from !== '',
  })

export const reversalsQuery = ({ from, to }: Span) =>
  queryOptions({
    queryKey: [...dataKey, 'reversals', from, to],
    queryFn: ({ signal }) => get<Page<Reversal>>('/v1/offers/reversals', { from, to }, signal),
    placeholderData: keepPreviousData,
    enabled: from !== '',
  })

export const requestsQuery = (status: string) =>
  infiniteQueryOptions({
    queryKey: [...dataKey, 'requests', status],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) => get<Page<RequestLine>>('/v1/requests', { status, cursor: pageParam }, signal),
    getNextPageParam: (page) => page.next,
  })

export const approvalsQuery = (account: string) =>
  queryOptions({
    queryKey: [...dataKey, 'account', account, 'approvals'],
    queryFn: ({ signal }) => get<Page<Approval>>(accountPath(account, '/approvals'), {}, signal),
  })

export const contactsQuery = (account: string, user: string) =>
  queryOptions({
    queryKey: [...dataKey, 'account', account, 'contacts', user],
    queryFn: ({ signal }) => get<ContactsOf>(accountPath(account, '/contacts'), { user, limit: 20 }, signal),
    enabled: account !== '',
    retry: false,
  })

export const explainQuery = (id: string) =>
  queryOptions({
    queryKey: [...dataKey, 'decision', id],
    queryFn: ({ signal }) => get<ExplainedDecision>(`/v1/decisions/${encodeURIComponent(id)}/explain`, {}, signal),
  })

export interface MomentsAsked extends Span {
  feature: string
  milestone: string
  placement: string
  state: string
}

export const funnelMomentsQuery = (asked: MomentsAsked) =>
  queryOptions({
    queryKey: [...dataKey, 'funnel moments', asked],
    queryFn: ({ signal }) => get<Page<FunnelMoment>>('/v1/moments', { ...asked, limit: 50 }, signal),
  })

/** How an offer of the draft would look; nothing is recorded. */
export const offerPreviewQuery = (asked: PreviewAsked, on: boolean) =>
  queryOptions({
    queryKey: [...dataKey, 'offer preview', asked],
    queryFn: ({ signal }) => post<OfferPreview>('/v1/offers/preview', asked, {}, 'POST', signal),
    placeholderData: keepPreviousData,
    enabled: on,
    retry: false,
  })

// schema: OfferEarned
export interface EarnedByOffer {
  offer: string
  mrr: Money[] | null
}

/** What offers earned since a time. */
export const earnedQuery = (from: string) =>
  queryOptions({
    queryKey: [...dataKey, 'offers earned', from],
    queryFn: ({ signal }) => get<Page<EarnedByOffer>>('/v1/offers/earned', { from }, signal),
    placeholderData: keepPreviousData,
    enabled: from !== '',
  })

// schema: DecisionMade
export interface MadeDecision {
  id: string
  account: string
  account_name?: string
  at: string
  placement: string
  offer: string
  title: string
  held_out: boolean
  why: string
  outcome?: string
}

export const decisionsMadeQuery = (asked: Span & { offer: string; reached: string }) =>
  infiniteQueryOptions({
    queryKey: [...dataKey, 'decisions made', asked],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) => get<Page<MadeDecision>>('/v1/decisions', { ...asked, cursor: pageParam, limit: 30 }, signal),
    getNextPageParam: (page) => page.next,
  })

/** Some accounts that an offer may be looked at with. */
export const someAccountsQuery = (search: string) =>
  queryOptions({
    queryKey: [...dataKey, 'some accounts', search],
    queryFn: ({ signal }) => get<Page<{ key: string; name?: string }>>('/v1/accounts', { search, limit: 20 }, signal),
    placeholderData: keepPreviousData,
  })
