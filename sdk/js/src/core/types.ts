// What the server answers, as a page sees it, and what the core is told. Times are RFC 3339 in UTC, money plain
// decimals as strings with an ISO 4217 currency. Fields may be added by the server at any time.

/** An exact amount: "12.50", "USD". */
export interface Money {
  amount: string
  currency: string
}

/** What would unlock a feature. Prices only reach who may buy. */
export interface Unlock {
  plan?: string
  addon?: string
  pack?: string
  title: string
  gives?: string
  price?: Money
  difference?: Money
  interval?: 'month' | 'year'
}

/** What an account may use of a feature, and how much of it. */
export interface Entitlement {
  feature: string
  title?: string
  kind: string
  allowed: boolean
  reason?: string
  value?: string
  usage?: number | null
  limit?: number | null
  remaining?: number | null
  unlimited?: boolean
  soft?: boolean
  resets_at?: string | null
  trial_ends_at?: string | null
  source?: string
  [more: string]: unknown
}

/** The answer to "may they?". */
export interface Check {
  feature: string
  allowed: boolean
  reason: string
  message?: string
  kind?: string
  usage?: number | null
  limit?: number | null
  remaining?: number | null
  shortfall?: number
  resets_at?: string | null
  unlock?: Unlock[]
  decision?: Decision
  /** Answered from what is known here, because the server was not heard. */
  stale?: boolean
  [more: string]: unknown
}

/** What the offer's button does: charge, ask an admin, talk, start a trial. */
export type CallToAction = 'buy' | 'request' | 'contact_sales' | 'try' | (string & {})

/** What is offered, in the reader's words, at a price that only who may buy is told. */
export interface Offer {
  key: string
  kind: 'ambient' | 'contextual' | 'interruption'
  type: string
  title: string
  body: string
  media?: string
  cta: { action: CallToAction; label: string; url?: string }
  price?: { now?: Money; recurring?: Money; difference?: Money; interval?: 'month' | 'year'; [more: string]: unknown }
  case?: string
  assumptions?: string[]
  lost?: string[]
  [more: string]: unknown
}

/** What helps somebody who is not getting along: it comes before any offer. */
export interface Help {
  rule: string
  title: string
  body?: string
  link?: string
  milestone?: string
  invite?: string
}

/** What to show at a placement, or why nothing. */
export interface Decision {
  status: 'show' | 'none'
  /** Stable code: signal, requested, or what stood in the way; "timeout", "unreachable" and "no_consent" are the core's own. */
  reason: string
  decision_id?: string
  placement?: string
  feature?: string
  offer?: Offer
  help?: Help
  variant?: string
  again?: boolean
  expires_at?: string | null
  [more: string]: unknown
}

/** The variant of an experiment; empty: what everybody sees. */
export interface Variant {
  variant: string
  reason: string
}

/** What a change would cost, with the token that confirms it. */
export interface Preview {
  now: Money
  recurring: Money
  next_invoice: { at: string; total: Money; lines: { title: string; amount: Money }[] }
  lines?: { title: string; amount: Money }[]
  dropped?: { addon: string; reason: string }[]
  token: string
  expires_at: string
}

/** The change that is previewed: what accepting a decision or approving a request does, or one spelled out. */
export interface Change {
  decision_id?: string
  request_id?: string
  plan?: string
  interval?: 'month' | 'year'
  quantity?: number
  addons?: { key: string; quantity: number }[]
  once?: { key: string; quantity: number }[]
  undo?: boolean
}

/** What can become of a decision. */
export type OutcomeType = 'seen' | 'clicked' | 'dismissed' | 'requested' | 'accepted'

/** What reporting an outcome, a request or an undo brought. */
export interface Outcome {
  type: string
  decision_id?: string
  request_id?: string
  subscription?: Record<string, unknown> & { undo?: { until?: string } }
  check?: Check
  joined?: boolean
  [more: string]: unknown
}

/** A refusal in the server's words (RFC 9457): what is wrong and what mends it. Status 0: nobody answered. */
export interface ProblemShape {
  status: number
  code: string
  detail: string
  mend: string
}

/** What init() takes. */
export interface Config {
  /** Where Headroom answers: an origin, or a path of the page's own origin that is passed on ("/hr"); content blockers know neither. */
  endpoint: string
  /** Publishable key, hr_pk_…; left out where the endpoint's own proxy adds it. */
  key?: string
  /** User token that the product's backend signed, or what fetches a fresh one (it throws where there is none; empty: nobody is signed in); asked again when it has run out. */
  token?: string | (() => Promise<string>)
  account?: string
  user?: string
  /** As the person reads (BCP 47); the document's language when left out. */
  language?: string
  /** Answers of gates that could not be asked and are not known here; false when a feature isn't named. */
  defaults?: Record<string, boolean>
  /** Milliseconds that a decision may take before nothing is offered; 300 when left out. */
  decisionTimeout?: number
  /** Milliseconds between batches of events; 3000 when left out. */
  flushEvery?: number
  /** Keeps what was not sent, and what is known, over a reload in sessionStorage; true when left out. */
  persist?: boolean
  /** Hears of everything that went wrong; nothing is thrown into the page's own code otherwise. */
  onError?: (error: ProblemShape) => void
  fetch?: typeof fetch
}

/** What check() takes beside the feature. */
export interface CheckOptions {
  quantity?: number
  /** Where the question comes up: a no then carries the offer to show there. Asks the server. */
  placement?: string
  /** The answer when nothing is known; before Config.defaults. */
  fallback?: boolean
  /** false: the page asks to draw itself, and nobody wanted the feature: a no counts as no touched gate, and says what would unlock it, for which the server is asked. */
  touch?: boolean
}

/** What decide() takes beside the placement. */
export interface DecideOptions {
  feature?: string
  quantity?: number
  /** The person asked to see what there is to buy. */
  requested?: boolean
  intent?: 'downgrade' | 'cancel'
  plan?: string
}

/** What an admin is asked for. */
export interface RequestOptions {
  /** Of a shown offer; else feature. */
  decision?: string
  feature?: string
  quantity?: number
  /** Why, in the person's words. */
  reason?: string
}

/** What is known of somebody or something, by name. */
export type Traits = Record<string, unknown>

/** What changed: a snapshot is frozen, and a new one is made for each change, so that views can compare by identity. */
export interface Snapshot {
  /** Nothing known yet; afterwards the last known entitlements by feature. */
  readonly entitlements: Readonly<Record<string, Entitlement>> | undefined
  /** The server is not heard: what is shown may be old. */
  readonly stale: boolean
  readonly account: string
  readonly user: string
  readonly role: '' | 'admin' | 'member'
  readonly language: string
  /** Rises when offers, requests or surveys may have changed, and when the server is heard again: whoever shows them asks again. */
  readonly revision: number
}

/** The headless core. It never throws into the page but from the calls that say so, and works before init: calls wait. */
export interface Headroom {
  init(config: Config): void
  /** Who the person is from now on. */
  identify(user: string, traits?: Traits): void
  /** Which account the person acts for. */
  group(account: string, traits?: Traits): void
  track(event: string, properties?: Traits): void
  page(name?: string, properties?: Traits): void
  /** From what is known here, without the network where it is fresh; a no with a placement asks the server. Never rejects. */
  check(feature: string, options?: CheckOptions): Promise<Check>
  /** What is known of a feature now; undefined: nothing. */
  entitlement(feature: string): Entitlement | undefined
  /** Never rejects: without an answer in time there is no offer. */
  decide(placement: string, options?: DecideOptions): Promise<Decision>
  /** Never rejects: without an answer the variant is empty, what everybody sees. */
  variant(experiment: string): Promise<Variant>
  /** What became of a decision. Rejects with a Problem where accepting or requesting is refused. */
  outcome(decision: string, type: OutcomeType, more?: { token?: string; reason?: string }): Promise<Outcome>
  /** Asks an admin. Rejects with a Problem. */
  requestUpgrade(options: RequestOptions): Promise<Outcome>
  /** What a change would cost. Rejects with a Problem. */
  previewChange(change: Change): Promise<Preview>
  /** Takes the last purchase back, where that is still possible. Rejects with a Problem. */
  undo(token?: string): Promise<Outcome>
  /** Any other call of the API that a publishable key may make, below the endpoint: call('GET', '/v1/accounts/{account}/billing'). {account} is the account. Rejects with a Problem. */
  call<T>(method: string, path: string, body?: unknown): Promise<T>
  /** Hears every change; the current snapshot is given by snapshot(). Returns what ends it. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void
  snapshot(): Snapshot
  /** Hears every decision and check that was made, for a developer's overlay. Returns what ends it. */
  observe(listener: (made: Made) => void): () => void
  /** Sends what waits. */
  flush(): Promise<void>
  /** Signs out: forgets the person, the account, and what is kept of them in this tab. */
  reset(): void
  /** Ends the stream and the timers and sends what waits, without forgetting anybody: for a page's part that goes away (React's provider). init() begins anew. */
  close?(): void
}

/** One decision or check, as a developer's overlay shows it. */
export interface Made {
  at: number
  what: 'decide' | 'check' | 'outcome' | 'variant' | 'survey' | 'event'
  placement?: string
  feature?: string
  answer: Decision | Check | Outcome | Variant | Record<string, unknown>
  /** Milliseconds; 0: from what is known here. */
  took: number
}
