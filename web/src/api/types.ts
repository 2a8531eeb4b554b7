// The answers of the API that the console reads, by hand until they are generated from
// /openapi.json. Times are RFC 3339, money and rates decimal strings, months "2026-11".

export interface Session {
  signed_in: boolean
  name?: string
  demo?: boolean
  company?: string
}

export interface Clock {
  now: string
  test: boolean
}

export interface Page<T> {
  items: T[] | null
  next?: string
}

export interface Money {
  amount: string
  currency: string
}

/** One month of the ledger. Every movement is a size without sign. */
export interface Movement {
  period: string
  start: string
  new: string
  expansion: string
  contraction: string
  churn: string
  reactivation: string
  end: string
}

export interface Movements {
  currency: string
  items: Movement[] | null
  others: { mrr: Money; accounts: number }[] | null
}

/** What became in one month of what customers paid at its start. Null where nobody paid. */
export interface Retained {
  period: string
  start: string
  expansion: string
  contraction: string
  churn: string
  nrr: string | null
  grr: string | null
}

export interface Retention {
  currency: string
  items: Retained[] | null
}

export interface Signal {
  id: string
  key: string
  type: string
  account: string
  account_name?: string
  user?: string
  at: string
  score: number
  evidence: string
  decays_at: string
  data?: Record<string, string>
}

export interface FunnelCounts {
  shown: number
  seen: number
  clicked: number
  dismissed: number
  requested: number
  accepted: number
  holdout: number
}

export interface FunnelItem extends FunnelCounts {
  offer: string
  title: string
}

export interface Funnel {
  items: FunnelItem[] | null
  totals: FunnelCounts
}

export interface Limit {
  account: string
  account_name?: string
  plan: string
  feature: string
  feature_title?: string
  usage: number
  limit: number
  percent: number
  resets_at?: string | null
}

export interface Opportunity {
  id: string
  account: string
  account_name?: string
  type: string
  motion: string
  owner: string
  stage: string
  amount: Money
  evidence: string
  reason: string
  opened_at: string
}

/** RFC 9457, as the API sends errors. */
export interface ProblemDocument {
  type?: string
  title?: string
  status?: number
  code?: string
  detail?: string
  mend?: string
  errors?: { path?: string; value?: string; message?: string }[] | null
}

// The catalog as JSON: every definition with its key and the field names of the YAML. What is
// written there in a short form (a limit as a number, a price as a string) is so here.

/** A limit, true or false, a value, "unlimited", or a limit with what goes with it. */
export type EntitlementValue = boolean | number | string | EntitlementParts

export interface EntitlementParts {
  limit?: number | string
  per_unit?: boolean
  per?: string
  overage?: { unit?: number | string; price: PriceAmount }
  soft?: boolean
  grace?: string | { percent?: number | string; for?: string }
  rollover?: boolean | { cap?: number | string; for?: string }
}

/** An amount in the catalog's currency, or by currency. */
export type PriceAmount = string | number | Record<string, unknown>

export type PriceByInterval = Record<string, PriceAmount>

export interface TranslatedContent {
  title?: string
  benefit?: string
}

export interface FeatureDefinition {
  key: string
  title?: string
  benefit?: string
  media?: string
  docs?: string
  kind?: string
  meter?: string
  values?: string[]
  part_of?: string
  locked?: string
  pooled?: boolean
  role?: string
  use_cases?: string[]
  ready?: string
  trial?: unknown
  translations?: Record<string, TranslatedContent>
}

export interface PlanTerms {
  price?: PriceByInterval
  entitlements?: Record<string, EntitlementValue>
}

export interface PlanDefinition extends PlanTerms {
  key: string
  title?: string
  family?: string
  above?: string
  trial?: unknown
  version?: number
  earlier?: Record<string, PlanTerms>
  retired?: boolean
  reverse?: string
  eligible?: string
  ready?: string
  use_cases?: string[]
  unit?: string
}

export interface AddonDefinition extends PlanTerms {
  key: string
  title?: string
  kind?: string
  needs?: string[]
  excludes?: string[]
  complements?: string[]
  includes?: Record<string, number> | string[]
  /** Of a bundle, worked out by the server: its prices in words, and by feature what it gives. */
  costs?: string[]
  gives?: Record<string, string>
  discount?: number | string
  expires?: string
  trial?: unknown
  retired?: boolean
  eligible?: string
  ready?: string
  role?: string
  use_cases?: string[]
}

export interface SignalDefinition {
  key: string
  when?: Record<string, unknown>
  type?: string
  hypothesis?: string
  owner?: string
  state?: string
  decays?: string
}

export interface OfferDefinition {
  key: string
  on?: string | string[]
  give?: Record<string, unknown>
  at?: string | string[]
  kind?: string
  content?: { title?: string; body?: string; action?: string; media?: string }
}

export interface ProfileDefinition {
  key: string
  title?: string
  invites?: string[]
  seat?: string
}

export interface ValueDefinition {
  key: string
  title?: string
  unit?: string
  formula?: string
  [field: string]: unknown
}

export interface Keyed {
  key: string
  [field: string]: unknown
}

export interface CatalogDefinitions {
  version: string
  currency?: string
  currencies?: string[]
  meters?: Keyed[]
  features?: FeatureDefinition[]
  plans?: PlanDefinition[]
  addons?: AddonDefinition[]
  bundles?: AddonDefinition[]
  signals?: SignalDefinition[]
  offers?: OfferDefinition[]
  profiles?: ProfileDefinition[]
  placements?: Keyed[]
  launches?: Keyed[]
  value?: ValueDefinition[]
}

export interface CatalogChange {
  path: string
  kind: 'added' | 'removed' | 'changed'
  from?: string
  to?: string
  words: string
}

export interface Finding {
  severity: string
  code: string
  path: string
  message: string
  mend: string
  value?: string
  file?: string
  line: number
  column: number
}

export interface CatalogEditAnswer {
  text: string
  version: string
  changes: CatalogChange[] | null
  findings: Finding[] | null
}

export interface CatalogImpact {
  accounts: number
  plans?: { plan: string; accounts: number; changes?: string[] | null }[] | null
  examples?: { account: string; name?: string; changes?: string[] | null }[] | null
  squeezed?: { account: string; feature: string; usage: number; limit: number }[] | null
  squeezed_total?: number
  at_risk?: { amount: Money; accounts: number; why?: string[] | null; others?: Money[] | null } | null
}

export interface CatalogApplied {
  version: string
  previous?: string
  dry_run?: boolean
  changes: CatalogChange[] | null
  findings: Finding[] | null
  impact?: CatalogImpact
}

export interface CatalogVersion {
  version: string
  author?: string
  note?: string
  activated_at: string
  active?: boolean
}

export interface AccountLine {
  key: string
  name: string
  plan: string
  status: string
  interval: string
  mrr: Money
  parent?: string
  domain?: string
  unknown?: boolean
}

export interface AccountDetail {
  key: string
  name?: string
  parent?: string
  domain?: string
  plan?: string
  status?: string
  mrr: Money
}

/** One of the things that give a feature: plan:KEY, addon:KEY, trial:KEY, grant:ID or override. */
export interface EntitlementSource {
  source: string
  limit?: number
  balance?: number
  expires_at?: string
  priority?: number
  value?: string
}

export interface Unlock {
  plan?: string
  addon?: string
  quantity?: number
  title: string
  price: Money
  difference: Money
  interval: string
  gives: string
}

export interface EntitlementItem {
  feature: string
  content?: { title: string; benefit?: string }
  allowed: boolean
  reason: string
  message: string
  kind?: string
  value?: string
  usage: number | null
  limit: number | null
  remaining: number | null
  reserved?: number
  unlimited?: boolean
  soft?: boolean
  grace?: number
  resets_at?: string | null
  trial_ends_at?: string
  sources?: EntitlementSource[]
  part_of?: string
  hidden?: boolean
  holder?: string
  unlock?: Unlock[] | null
}

export interface Grant {
  id: string
  feature: string
  quantity: number
  used: number
  priority: number
  granted_at: string
  expires_at: string | null
  source: string
  reason?: string
  revoked_at?: string
}

export interface Override {
  feature: string
  allowed?: boolean
  limit?: number
  per?: string
  unlimited?: boolean
  value?: string
  until: string | null
  reason?: string
  set_at: string
}

export interface Reservation {
  id: string
  feature: string
  quantity: number
  for?: string
  user?: string
  created_at: string
  expires_at: string
  state: string
  finalized?: number
}

export interface Trial {
  id: string
  plan?: string
  addon?: string
  feature?: string
  started_at: string
  ends_at: string
  extended?: number
  state: string
}

export interface Quantiles {
  p10: number
  p25: number
  p50: number
  p75: number
  p90: number
  p99: number
}

export interface HistogramBin {
  from: number
  to: number
  accounts: number
}

export interface UsageSegment {
  segment: string
  accounts: number
  quantiles?: Quantiles | null
  histogram: HistogramBin[] | null
}

export interface CurrentLimit {
  limit: number
  plans: string[] | null
  accounts: number
  bunched: number
  expected: string | number | null
  ratio: string | number | null
  excess?: boolean
  words?: string
}

export interface LimitSuggestion {
  limit: number
  accounts_above: number
  accounts_near: number
  asked?: boolean
  /** The plan it would be the limit of; all others keep theirs. */
  plan?: string
  today?: number | null
  today_unlimited?: boolean
  change?: 'tightens' | 'loosens' | 'none'
  highest?: boolean
  fitting_accounts?: number
  fitting?: { account: string; name?: string; plan?: string; usage: number; next?: string }[] | null
  relieved_accounts?: number
  squeezed_accounts?: number
  squeezed?: { account: string; name?: string; plan?: string; usage: number; next?: string }[] | null
  revenue?: { amount: string; currency: string; interval: string; assumptions?: string[] | null } | null
}

export interface LimitDesign {
  feature: string
  title?: string
  unit?: string
  per?: string
  basis?: string
  accounts: number
  unused_accounts?: number
  unlimited_accounts: number
  quantiles?: Quantiles
  histogram?: HistogramBin[] | null
  segments: UsageSegment[] | null
  clusters: { size: number; center: number; within: number }[] | null
  breaks: number[] | null
  limits: CurrentLimit[] | null
  plans?: { plan: string; title: string; limit: number | null; unlimited: boolean; accounts: number; highest: boolean }[] | null
  /** The limit to look at first, and the plan it is weighed for. */
  candidate?: number | null
  candidate_plan?: string
  suggestions: LimitSuggestion[] | null
  top_unlimited: { account: string; name?: string; plan: string; usage: number; mrr: Money; per_unit: string | null }[] | null
  notes?: string[] | null
}

export interface FeatureDemand {
  feature: string
  kind: string
  has: number
  locked_out: number
  locked_mrr: Money
  touched: { account: string; name?: string; plan?: string; mrr: Money; touches: number; last_at: string }[] | null
  requests: number
  unlock: { plan?: string; addon?: string; title: string; price: string; gives: string }[] | null
}

export interface ValueMetricLine {
  key: string
  title: string
  unit?: string
  formula: string
  worth?: Money
  band?: string
  assumptions: string[] | null
  main: boolean
}

export interface ValueLedgerLine {
  account?: string
  account_name?: string
  metric: string
  from: string
  to: string
  quantity: number
  worth?: Money
  price: Money
  share: string | null
  band?: string
  state?: 'in_band' | 'below' | 'above' | 'unused'
  open?: boolean
}

export interface ValueLedger {
  metrics: ValueMetricLine[] | null
  items: ValueLedgerLine[] | null
  next?: string
}

export interface RoiStatement {
  title: string
  numbers: { label: string; value: string }[] | null
  assumptions: string[] | null
  gained?: Money
  paid?: Money
  ratio: string | null
  period: { from: string; to: string }
  incomplete: boolean
}
