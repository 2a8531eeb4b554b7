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
