// What the server answers for a plan and billing page, as far as it is shown.
import type { Money, Preview } from '../core/types'

/** What accepting gives. */
export interface Gives {
  plan?: string
  addon?: string
  quantity?: number
  interval?: string
}

/** Something that could be bought, and what it changes. */
export interface Option {
  title: string
  kind?: string
  give: Gives
  covers: boolean
  fits?: boolean
  limits: { feature: string; title: string; before: string; after: string }[]
  more?: Money
  not_now?: string
  quote?: Pick<Preview, 'now' | 'recurring'>
}

/** GET /v1/accounts/{account}/billing. Money only reaches who may buy. */
export interface Billing {
  at: string
  can_buy: boolean
  subscription: {
    plan: string
    title: string
    status: string
    interval: string
    scheduled?: { at: string; words: string }[]
    recurring?: Money
    next_invoice?: { at: string; total: Money }
    renews_at?: string
    ends_at?: string
    trial_ends_at?: string
    undo?: { until: string; now: Money }
  }
  allowances: { feature: string; title: string; used: number; limit?: number | null; resets_at?: string; overage?: Money }[]
  addons: { addon: string; title: string; kind?: string; quantity: number; price?: Money }[]
  seats: { feature: string; title: string; addon?: string; each?: Money }[]
  discounts?: { kind: string; title: string; saving: Money; taken: boolean }[]
  requests: { give?: Gives }[]
  options: Option[]
  more?: Option[]
  preselected?: { by: string; give?: Gives; action?: string; title?: string; why?: string }
}
