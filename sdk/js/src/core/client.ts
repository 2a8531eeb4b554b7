import { claimsOf, type Claims } from './claims'
import { addressOf, connect, type Connection } from './connection'
import { evaluate } from './local'
import { createLive, maxStale, type Known, type Live } from './live'
import { odd, on, passing, Problem, problemOf, safely, within } from './problem'
import { createQueue } from './queue'
import { createKeep, newId, type Keep } from './storage'
import type { Change, Check, CheckOptions, Config, DecideOptions, Decision, Headroom, Made, Outcome, OutcomeType, Preview, Snapshot, Traits, Variant } from './types'

const nothing: Snapshot = Object.freeze({ entitlements: undefined, stale: false, account: '', user: '', role: '', language: '', revision: 0 })

/** Calls that change nothing that is shown. */
const quiet = /\/(preview|next|check|bulk|decide|variant|exposures|batch)$/

/** A core of its own, beside the one that everybody shares: for a second account in the same page, or for tests. */
export function createHeadroom(): Headroom {
  let config: Config | undefined
  let connection: Connection
  let keep: Keep
  let live: Live | undefined
  let current: string | undefined // whose live is
  let known: Known | undefined
  let claims: Claims = {}
  let named: { account?: string | undefined; user?: string | undefined } = {}
  let snapshot = nothing
  let generation = 0 // rises with every init and reset: what was asked before it changes nothing any more
  let ends: (() => void)[] | undefined // of what is heard of the page
  let learned = false // the token was read
  let closed = false
  let start!: () => void
  let started: Promise<void>
  let settled: Promise<void>
  let calls: (() => void)[] = [] // that wait for it to be known who makes them
  const listeners = new Set<(snapshot: Snapshot) => void>()
  const observers = new Set<(made: Made) => void>()
  const asking = new Map<string, Promise<Decision>>()
  const variants = new Map<string, Promise<Variant>>()
  const told = new Map<string, number>()
  const warned = new Set<string>()

  const prepare = () => (started = new Promise((resolve) => (start = resolve)))
  prepare()

  function report(thrown: unknown) {
    const problem = problemOf(thrown)
    // What the page does with it is its own.
    if (config?.onError) safely(() => config!.onError!(problem))
    else if (!passing(problem) && !warned.has(problem.code)) {
      warned.add(problem.code)
      console.warn(problem.message)
    }
  }

  function hear<T>(ears: Set<(said: T) => void>, said: T) {
    for (const ear of [...ears]) {
      try {
        ear(said)
      } catch (thrown) {
        report(thrown)
      }
    }
  }

  function change(next: Partial<Snapshot>) {
    snapshot = Object.freeze({ ...snapshot, ...next })
    hear(listeners, snapshot)
  }

  const bump = () => change({ revision: snapshot.revision + 1 })

  function made(what: Made['what'], began: number, answer: object, more?: { placement?: string; feature?: string }) {
    if (observers.size) hear(observers, { at: Date.now(), what, answer: answer as Made['answer'], took: began && Math.round(performance.now() - began), ...more })
  }

  const identity = () => ({ account: named.account ?? claims.account ?? '', user: named.user ?? claims.sub ?? '' })
  /** Of what is kept: whose it is, in full. */
  const keyFor = (...parts: string[]) => ['headroom', safely(() => new URL(config!.endpoint, location.href).href) ?? config!.endpoint, config!.key ?? '', ...parts].map(encodeURIComponent).join('|')

  const queue = createQueue({
    connection: () => connection,
    signedIn: () => connection.claims(),
    writeKey: () => config?.key,
    address: (path) => addressOf(config!.endpoint, path),
    keep: () => keep,
    key: (who) => keyFor('queue', who.account, who.user),
    flushEvery: () => config?.flushEvery ?? 3000,
    onError: report,
  })

  /** Goes over to who the person is now, if that is somebody else. */
  function settle() {
    const who = identity()
    const role = claims.role ?? ''
    const next = keyFor('known', who.account, who.user, role, snapshot.language)
    if (current !== next) {
      current = next
      live?.stop()
      live = known = undefined
      variants.clear()
      told.clear()
      asking.clear()
      change({ ...who, role, entitlements: undefined, stale: false, revision: snapshot.revision + 1 })
      if (who.account) {
        live = createLive({
          connection: () => connection,
          ...who,
          language: snapshot.language,
          name: next,
          keep,
          onChange(now, stale, bumped) {
            known = now
            change({ entitlements: now && Object.freeze(now.items), stale, revision: snapshot.revision + Number(bumped) })
          },
          onError: report,
          onHeard: queue.nudge,
        })
      }
      queue.resume(who)
    }
    if (who.account || learned) for (const call of calls.splice(0)) call()
  }

  /** Fetches the user token, again and again until there is one. */
  async function learn(mine: number, failed = 0): Promise<void> {
    try {
      await connection.claims()
    } catch (thrown) {
      if (mine !== generation) return
      if (!failed) report(thrown)
      if (!live) change({ stale: true })
      setTimeout(() => mine === generation && void learn(mine, failed + 1), Math.min(1000 * 2 ** failed, 60_000))
    }
  }

  /** Runs a call of the page when it is known who makes it. */
  function whenKnown(call: () => void) {
    if (config && (identity().account || learned)) call()
    else if (calls.push(call) > 1000) calls.shift()
  }

  async function ready() {
    do await started
    while (!config)
    await settled
  }

  function leave() {
    if (config) queue.leave()
  }
  function close() {
    if (!config) return
    leave()
    closed = true
    generation++
    live?.stop()
    live = current = undefined
    ends?.forEach((end) => end())
    ends = undefined
  }
  const hidden = () => document.visibilityState === 'hidden' && leave()

  function message(type: string, more: Record<string, unknown>) {
    const at = new Date().toISOString()
    whenKnown(() => {
      const who = identity()
      let anonymous: string | undefined
      if (!who.user) {
        const key = keyFor('anonymous')
        anonymous = String(keep.read(key) ?? newId())
        keep.write(key, anonymous)
      }
      const sent = {
        type, messageId: newId(), timestamp: at, userId: who.user || undefined, anonymousId: anonymous,
        context: who.account ? { groupId: who.account } : undefined, ...more,
      }
      queue.add({ ...who, message: sent })
      made('event', 0, sent)
    })
  }

  /** The answer where the server was not heard and nothing is known. */
  function fallback(feature: string, options: CheckOptions, problem: Problem): Check {
    // What the server refuses stays closed: that is no time for defaults.
    const refused = !passing(problem) && problem.code !== 'unexpected_answer'
    return { feature, allowed: !refused && (options.fallback ?? config?.defaults?.[feature] ?? false), reason: 'unavailable', stale: true }
  }

  async function askCheck(feature: string, quantity: number, placement?: string, touch?: boolean): Promise<Check> {
    const answer = await connection.send<Check>('POST', '/v1/check', { account: snapshot.account, feature, quantity, placement, touch, user: snapshot.user || undefined })
    if (typeof answer?.allowed !== 'boolean') throw odd('a check')
    return answer
  }

  /** A no that was given here is a sign to the server, once a minute. */
  function tell(feature: string, quantity: number) {
    const last = told.get(feature)
    if (snapshot.stale || (last !== undefined && performance.now() - last < 60_000)) return
    told.set(feature, performance.now())
    askCheck(feature, quantity).catch(() => {}) // a sign that is lost is no harm
  }

  async function check(feature: string, options: CheckOptions = {}): Promise<Check> {
    const { quantity = 1, placement, touch } = options
    await ready()
    if (!(quantity >= 0 && quantity <= 1e12)) {
      report(new Problem(0, 'quantity_invalid', `${feature} was checked for ${quantity}`, 'ask for 0 to 1e12'))
      return { feature, allowed: false, reason: 'limit_reached' }
    }
    const fresh = known && Date.now() - known.at < maxStale ? known : undefined
    const item = fresh?.items[feature]
    let here: Check | undefined
    // Without the server's time this machine's is better than none, where the server says nothing.
    if (item) here = evaluate(item, quantity, Date.now() + (fresh!.offset ?? (snapshot.stale ? 0 : NaN)))
    else if (fresh) {
      here = { feature, allowed: false, reason: 'unknown_feature' }
      report(new Problem(0, 'unknown_feature', `there is no feature "${feature}"`, 'use a key of the catalog'))
    }
    if (here && snapshot.stale) here.stale = true
    if (here?.allowed) return here
    if (here && ((!placement && touch !== false) || !item)) {
      if (item) tell(feature, quantity)
      return here
    }
    try {
      return await within(timeout(), sent(() => askCheck(feature, quantity, placement, touch)))
    } catch (thrown) {
      const problem = problemOf(thrown)
      report(problem)
      return here ? { ...here, stale: true, ...(placement && { decision: none(problem, placement) }) } : fallback(feature, options, problem)
    }
  }

  const timeout = () => config?.decisionTimeout ?? 300

  const none = (problem: Problem, placement?: string): Decision => ({
    status: 'none',
    reason: passing(problem) && problem.code !== 'timeout' ? 'unreachable' : problem.code,
    ...(placement && { placement }),
  })

  /** Asks once the events before it were sent: the answer sees them. */
  async function sent<T>(ask: () => Promise<T>): Promise<T> {
    if (queue.size()) await queue.flush()
    return ask()
  }

  async function decide(placement: string, options: DecideOptions): Promise<Decision> {
    await ready()
    try {
      const { account, user, language } = snapshot
      if (!account) throw new Problem(0, 'unreachable', 'no account is known')
      // A late answer is shown to nobody. What the server has counted for it stands, and it says the same again when it is
      // asked again soon, which then counts no more.
      const answer = await within(
        timeout(),
        sent(() => connection.send<Decision>('POST', '/v1/decide', { account, placement, user, language: language || undefined, ...options })),
      )
      if (answer?.status !== 'show' && answer?.status !== 'none') throw odd('a decision')
      return answer
    } catch (thrown) {
      const problem = problemOf(thrown)
      report(problem)
      return none(problem, placement)
    }
  }

  // A confirmation's token is good once, and its end is its seal: a second try with it is the same call.
  const onceFor = (body: unknown): string | undefined => (body as { token?: string } | undefined)?.token?.slice(-64)

  async function send<T>(method: string, path: string, body?: unknown, idempotency = onceFor(body) ?? newId(), keepalive = false): Promise<T> {
    await ready()
    if (!path.startsWith('/v1/')) throw new Problem(0, 'path_invalid', `"${path}" is no path of the API`, 'begin with /v1/')
    const began = performance.now()
    const answer = await connection.send<T>(method, path.replaceAll('{account}', encodeURIComponent(snapshot.account)), body, method === 'GET' ? undefined : { idempotency, keepalive })
    const bare = path.split('?')[0]!
    if (/\/surveys\//.test(bare)) made('survey', began, answer ?? {})
    if (method !== 'GET' && !quiet.test(bare)) {
      // What was bought is known before the caller hears of it.
      if (/\/(outcomes|approve|confirm|undo|requests|trials)$/.test(bare)) await within(1000, live?.read() ?? Promise.resolve()).catch(() => {})
      bump()
    }
    return answer
  }

  const asProblem = (thrown: unknown): never => {
    throw problemOf(thrown)
  }

  async function outcome(decision: string, type: OutcomeType, more: { token?: string; reason?: string } = {}): Promise<Outcome> {
    const path = `/v1/decisions/${encodeURIComponent(decision)}/outcomes`
    const began = performance.now()
    const before = identity()
    await ready()
    const who = identity()
    // Of an offer that somebody saw who has signed out since: the next one did not.
    if ((before.account !== who.account || before.user !== who.user) && type !== 'accepted' && type !== 'requested') return { type, decision_id: decision }
    const body = { type, user: who.user || undefined, ...more }
    // The same outcome twice is one: a second click, a second try.
    const idempotency = [decision.slice(-120), type, onceFor(more) ?? ''].join('.')
    let answer: Outcome
    if (type === 'accepted' || type === 'requested') answer = await send<Outcome>('POST', path, body, type === 'accepted' ? idempotency : undefined, !more.token)
    else {
      try {
        answer = await connection.send<Outcome>('POST', path, body, { idempotency, keepalive: true })
      } catch (thrown) {
        const problem = problemOf(thrown)
        if (passing(problem)) queue.add({ ...who, id: idempotency, path, body })
        else report(problem)
        answer = { type, decision_id: decision }
      }
      if (type === 'dismissed') bump()
    }
    made('outcome', began, answer ?? {})
    return answer
  }

  return {
    init(next) {
      const same = (c: Config) => [c.endpoint, c.key, typeof c.token === 'string' ? c.token : '', c.account, c.user, c.language, c.persist].join('\n')
      const again = config && !closed && same(config) === same(next)
      closed = false
      config = next
      if (again) return
      const mine = ++generation
      keep = createKeep(next.persist ?? true)
      connection = connect(() => config ?? next, identity, (said) => {
        if (mine !== generation) return
        claims = said
        learned = true
        settle()
      })
      claims = typeof next.token === 'string' ? claimsOf(next.token) : {}
      named = { account: next.account, user: next.user }
      learned = typeof next.token !== 'function'
      change({ language: next.language ?? globalThis.document?.documentElement.lang ?? '' })
      ends ??= [on(globalThis.document, 'visibilitychange', hidden), on(globalThis.window, 'pagehide', leave)]
      settle()
      settled = learned ? Promise.resolve() : learn(mine)
      start()
    },
    identify(user, traits?: Traits) {
      whenKnown(() => {
        named.user = user
        settle()
      })
      message('identify', { traits })
    },
    group(account, traits?: Traits) {
      whenKnown(() => {
        named.account = account
        settle()
      })
      message('group', { groupId: account, traits })
    },
    track: (event, properties) => message('track', { event, properties }),
    page: (title, properties) => message('page', { name: title ?? globalThis.document?.title, properties: { path: globalThis.location?.pathname, ...properties } }),
    async check(feature, options) {
      const began = performance.now()
      const answer = await check(feature, options)
      made('check', began, answer, { feature, placement: options?.placement })
      return answer
    },
    entitlement: (feature) => snapshot.entitlements?.[feature],
    decide(placement, options = {}) {
      const key = JSON.stringify([placement, options, snapshot.revision])
      const began = performance.now()
      let asked = asking.get(key)
      if (!asked) {
        asked = decide(placement, options).then((answer) => {
          if (asking.get(key) === asked) asking.delete(key)
          made('decide', began, answer, { feature: options.feature, placement })
          return answer
        })
        asking.set(key, asked)
      }
      return asked
    },
    async variant(experiment) {
      await ready()
      const began = performance.now()
      let asked = variants.get(experiment)
      if (!asked) {
        asked = connection.send<Variant>('POST', '/v1/variant', { account: snapshot.account, user: snapshot.user || undefined, experiment })
        variants.set(experiment, asked)
        asked.catch(() => variants.delete(experiment))
      }
      let answer: Variant
      try {
        answer = await within(timeout(), asked)
        if (typeof answer?.variant !== 'string') throw odd('a variant')
      } catch (thrown) {
        report(thrown)
        answer = { variant: '', reason: none(problemOf(thrown)).reason }
      }
      made('variant', began, { experiment, ...answer })
      return answer
    },
    outcome: (...args) => outcome(...args).catch(asProblem),
    requestUpgrade: ({ decision, ...more }) =>
      (decision
        ? outcome(decision, 'requested', { reason: more.reason })
        : ready().then(() => send<Outcome>('POST', '/v1/requests', { account: snapshot.account, user: snapshot.user || undefined, ...more }))
      ).catch(asProblem),
    previewChange: (wanted: Change) => ready().then(() => send<Preview>('POST', '/v1/subscriptions/preview', { account: snapshot.account, ...wanted })).catch(asProblem),
    undo: (token) => send<Outcome>('POST', '/v1/accounts/{account}/subscription/undo', { token }).catch(asProblem),
    call: <T>(method: string, path: string, body?: unknown) => send<T>(method, path, body).catch(asProblem),
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    snapshot: () => snapshot,
    observe(listener) {
      observers.add(listener)
      return () => void observers.delete(listener)
    },
    async flush() {
      await ready()
      await queue.flush()
    },
    close,
    reset() {
      if (!config) return
      close()
      queue.clear()
      keep.drop()
      known = config = undefined
      claims = {}
      named = {}
      calls = []
      learned = false
      variants.clear()
      asking.clear()
      prepare()
      change({ ...nothing, revision: snapshot.revision + 1 })
    },
  }
}
