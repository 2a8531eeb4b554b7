import { claimsOf, type Claims } from './claims'
import { connect, type Connection } from './connection'
import { problemOf } from './problem'
import type { Change, Check, CheckOptions, Config, Decision, Entitlement, Headroom, Made, Outcome, Preview, Snapshot, Variant } from './types'

const nothing: Snapshot = Object.freeze({ entitlements: undefined, stale: false, account: '', user: '', role: '', language: '', revision: 0 })

/** A core of its own, beside the one that everybody shares: for a second account in the same page, or for tests. */
export function createHeadroom(): Headroom {
  let config: Config | undefined
  let connection: Connection | undefined
  let snapshot = nothing
  let started!: () => void
  let ready = new Promise<void>((resolve) => (started = resolve))
  const listeners = new Set<(snapshot: Snapshot) => void>()
  const observers = new Set<(made: Made) => void>()

  function report(thrown: unknown) {
    try {
      config?.onError?.(problemOf(thrown))
    } catch {
      // what the page does with it is its own
    }
  }

  function change(next: Partial<Snapshot>) {
    snapshot = Object.freeze({ ...snapshot, ...next })
    for (const listener of listeners) {
      try {
        listener(snapshot)
      } catch (thrown) {
        report(thrown)
      }
    }
  }

  function observe(what: Made['what'], began: number, answer: Made['answer'], more: { placement?: string; feature?: string }) {
    for (const observer of observers) {
      try {
        observer({ at: Date.now(), what, answer, took: Math.round(performance.now() - began), ...more })
      } catch (thrown) {
        report(thrown)
      }
    }
  }

  function known(claims: Claims) {
    change({ account: config?.account ?? claims.account ?? '', user: config?.user ?? claims.sub ?? '', role: claims.role ?? '' })
  }

  async function connected(): Promise<Connection> {
    await ready
    const c = connection!
    if (!snapshot.account) known(await c.claims())
    return c
  }

  async function read() {
    try {
      const c = await connected()
      if (!snapshot.account) return
      const { items } = await c.send<{ items: Entitlement[] }>('GET', `/v1/accounts/${encodeURIComponent(snapshot.account)}/entitlements?lang=${encodeURIComponent(snapshot.language)}`)
      change({ entitlements: Object.freeze(Object.fromEntries(items.map((i) => [i.feature, i]))), stale: false })
    } catch (thrown) {
      report(thrown)
      change({ stale: true })
    }
  }

  const self: Headroom = {
    init(next) {
      config = next
      connection = connect(next)
      change({ language: next.language ?? globalThis.document?.documentElement.lang ?? '' })
      if (typeof next.token === 'string') known(claimsOf(next.token))
      started()
      void read()
    },
    identify(user) {
      change({ user })
    },
    group(account) {
      change({ account })
      void read()
    },
    track() {},
    page() {},
    async check(feature, options: CheckOptions = {}): Promise<Check> {
      const began = performance.now()
      let answer: Check
      try {
        const c = await connected()
        answer = await c.send<Check>('POST', '/v1/check', { account: snapshot.account, feature, quantity: options.quantity, placement: options.placement, user: snapshot.user || undefined })
      } catch (thrown) {
        report(thrown)
        answer = { feature, allowed: options.fallback ?? config?.defaults?.[feature] ?? false, reason: 'unavailable', stale: true }
      }
      observe('check', began, answer, { feature, placement: options.placement })
      return answer
    },
    entitlement: (feature) => snapshot.entitlements?.[feature],
    async decide(placement, options = {}): Promise<Decision> {
      const began = performance.now()
      let answer: Decision
      try {
        const c = await connected()
        answer = await c.send<Decision>('POST', '/v1/decide', { account: snapshot.account, placement, user: snapshot.user, language: snapshot.language || undefined, ...options }, { within: config?.decisionTimeout ?? 300 })
      } catch (thrown) {
        report(thrown)
        answer = { status: 'none', reason: problemOf(thrown).code === 'timeout' ? 'timeout' : 'unreachable', placement }
      }
      observe('decide', began, answer, { feature: options.feature, placement })
      return answer
    },
    async variant(experiment): Promise<Variant> {
      try {
        const c = await connected()
        return await c.send<Variant>('POST', '/v1/variant', { account: snapshot.account, user: snapshot.user || undefined, experiment })
      } catch (thrown) {
        report(thrown)
        return { variant: '', reason: 'unreachable' }
      }
    },
    outcome: (decision, type, more = {}) =>
      self.call<Outcome>('POST', `/v1/decisions/${encodeURIComponent(decision)}/outcomes`, { type, user: snapshot.user || undefined, ...more }),
    requestUpgrade: ({ decision, ...more }) =>
      decision ? self.outcome(decision, 'requested', { reason: more.reason }) : self.call<Outcome>('POST', '/v1/requests', { account: snapshot.account, user: snapshot.user || undefined, ...more }),
    previewChange: (wanted: Change) => self.call<Preview>('POST', '/v1/subscriptions/preview', { account: snapshot.account, ...wanted }),
    undo: (token) => self.call<Outcome>('POST', '/v1/accounts/{account}/subscription/undo', { token }),
    async call<T>(method: string, path: string, body?: unknown): Promise<T> {
      const c = await connected()
      try {
        const answer = await c.send<T>(method, path.replace('{account}', encodeURIComponent(snapshot.account)), body, { idempotency: method === 'GET' ? undefined : crypto.randomUUID() })
        if (method !== 'GET' && !path.endsWith('/preview')) {
          change({ revision: snapshot.revision + 1 })
          void read()
        }
        return answer
      } catch (thrown) {
        throw problemOf(thrown)
      }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    snapshot: () => snapshot,
    observe(listener) {
      observers.add(listener)
      return () => void observers.delete(listener)
    },
    async flush() {},
    reset() {
      config = connection = undefined
      ready = new Promise<void>((resolve) => (started = resolve))
      change(nothing)
    },
  }
  return self
}

