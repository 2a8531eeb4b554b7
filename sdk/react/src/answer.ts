import type { Entitlement, Headroom, ProblemShape, Snapshot } from '@headroomhq/js'

/** What a hook knows: nothing yet (isPending), an answer (data), or why there is none (error). */
export interface Answer<T> {
  readonly data: T | undefined
  /** The question is on its way, and there is nothing to show yet. */
  readonly isPending: boolean
  /** Why there is no answer. Where one is known, it stays, and error is undefined: see isStale. */
  readonly error: ProblemShape | undefined
  /** The server is not heard just now: data may be old. */
  readonly isStale: boolean
}

/** Nothing is known yet. One object for all, so that views compare by identity. */
export const pending: Answer<never> = Object.freeze({ data: undefined, isPending: true, error: undefined, isStale: false })

/** Entitlements as a backend hands them to its first render: what GET /v1/accounts/{account}/entitlements answers, or its items. */
export type InitialEntitlements = { readonly items: readonly Entitlement[] } | readonly Entitlement[]

/** Entitlements by feature. */
export type ByFeature = Readonly<Record<string, Entitlement>>

/** What a page was rendered with: good for the person it was rendered for, until the client knows better. */
export class Initial {
  /** As it was rendered, which is what hydration has to find. */
  readonly rendered: ByFeature | undefined
  #left: ByFeature | undefined
  #last: Snapshot | undefined

  constructor(initial: InitialEntitlements | undefined) {
    if (initial === undefined) return
    const items = 'items' in initial ? initial.items : initial
    this.#left = this.rendered = Object.freeze(Object.fromEntries(items.map((item) => [item.feature, item])))
  }

  /** What of it may still be shown. It has to be told of every snapshot: once somebody else was there it is gone for good. */
  at(now: Snapshot): ByFeature | undefined {
    const last = this.#last
    this.#last = now
    // Who is signed in is learned bit by bit: what was empty before says of nobody that they have gone.
    const changed = last && (['account', 'user', 'language'] as const).some((name) => last[name] !== '' && last[name] !== now[name])
    if (changed || now.entitlements) this.#left = undefined
    return this.#left
  }
}

/** Said where nobody answered. */
export const unreachable: ProblemShape = Object.freeze({
  status: 0,
  code: 'unreachable',
  detail: 'Headroom does not answer',
  mend: 'look whether the endpoint of HeadroomProvider is right and its server runs; answers come by themselves once it does',
})

// Reads are repeated at every render and compared by identity, so an answer that says the same is the same object.
const answers = new WeakMap<object, Map<string, Answer<Entitlement>>>()
const problems = new WeakMap<Headroom, ProblemShape>()

/** Notes why the server refuses to answer, which is said where an answer is missing. What passes by itself is unreachable. */
export function note(client: Headroom, problem: ProblemShape): void {
  const { status, code } = problem
  if (status < 400 || status >= 500 || status === 408 || status === 429) return
  if (problems.get(client)?.code !== code) problems.set(client, problem)
}

/** What is known of a feature now: by the client, else by what the page was rendered with. */
export function entitlementOf(client: Headroom, initial: Initial | undefined, feature: string): Answer<Entitlement> {
  const snapshot = client.snapshot()
  const left = initial?.at(snapshot)
  const known = snapshot.entitlements ?? left
  return remembered(client, feature, answerOf(client, snapshot, known, feature))
}

/** What is known of a feature while the first page is rendered on a server, or hydrated: what it was rendered with. */
export function initialEntitlementOf(initial: Initial | undefined, feature: string): Answer<Entitlement> {
  if (!initial?.rendered) return pending
  const data = initial.rendered[feature]
  return remembered(initial, feature, { data, isPending: false, error: data ? undefined : unknownFeature(feature), isStale: false })
}

function answerOf(client: Headroom, snapshot: Snapshot, known: ByFeature | undefined, feature: string): Answer<Entitlement> {
  const isStale = snapshot.stale
  if (known === undefined) {
    return isStale ? { data: undefined, isPending: false, error: problems.get(client) ?? unreachable, isStale } : pending
  }
  const data = known[feature]
  return { data, isPending: false, error: data ? undefined : unknownFeature(feature), isStale }
}

function remembered(of: object, feature: string, answer: Answer<Entitlement>): Answer<Entitlement> {
  if (answer === pending) return answer
  let features = answers.get(of)
  if (!features) answers.set(of, (features = new Map()))
  const last = features.get(feature)
  if (last && last.data === answer.data && last.error?.code === answer.error?.code && last.isStale === answer.isStale) return last
  features.set(feature, Object.freeze(answer))
  return answer
}

function unknownFeature(feature: string): ProblemShape {
  return {
    status: 0,
    code: 'unknown_feature',
    detail: `the catalog has no feature ${JSON.stringify(feature)}`,
    mend: "use a key of the catalog's features; GET /v1/accounts/{account}/entitlements lists them",
  }
}

/** How much of a feature is used, and how much is left. */
export interface Usage {
  readonly feature: string
  readonly title: string
  readonly used: number
  /** undefined: unlimited. */
  readonly limit: number | undefined
  /** undefined: unlimited. */
  readonly remaining: number | undefined
  readonly unlimited: boolean
  /** Of the limit, 0 to 1 and more where it is passed; undefined: unlimited. */
  readonly share: number | undefined
  /** When the allowance starts anew; undefined: never. */
  readonly resetsAt: Date | undefined
}

/** The usage within an entitlement; undefined for a feature of which nothing is counted. */
export function usageOf(entitlement: Entitlement): Usage | undefined {
  const { usage, limit } = entitlement
  if (typeof usage !== 'number') return undefined
  const unlimited = entitlement.unlimited ?? typeof limit !== 'number'
  const most = unlimited || typeof limit !== 'number' ? undefined : limit
  return Object.freeze({
    feature: entitlement.feature,
    title: entitlement.title ?? entitlement.feature,
    used: usage,
    limit: most,
    remaining: most === undefined ? undefined : (entitlement.remaining ?? Math.max(0, most - usage)),
    unlimited,
    share: most === undefined ? undefined : most > 0 ? usage / most : 1,
    resetsAt: entitlement.resets_at ? new Date(entitlement.resets_at) : undefined,
  })
}

/** Said of a feature that is had or not, and never counted. */
export function notCounted(feature: string): ProblemShape {
  return {
    status: 0,
    code: 'not_counted',
    detail: `nothing is counted of the feature ${JSON.stringify(feature)}`,
    mend: 'ask useEntitlement whether it is allowed; useUsage is for metered features and seats',
  }
}
