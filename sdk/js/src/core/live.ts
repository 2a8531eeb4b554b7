import { backoff } from './backoff'
import type { Connection } from './connection'
import { odd, on, Problem, problemOf } from './problem'
import { createParser } from './sse'
import type { Keep } from './storage'
import type { Entitlement } from './types'

/** The last known entitlements of an account, and when they were known to hold. */
export interface Known {
  items: Record<string, Entitlement>
  /** Of the last event, to hear only what comes after it; empty when it is from elsewhere. */
  id: string
  /** The server's clock less this one, in milliseconds; undefined until the server has said. */
  offset?: number
  /** This machine's time when the server was last heard. */
  at: number
}

export interface LiveOptions {
  connection(): Connection
  account: string
  language: string
  /** Whose this is: of the lock, the channel, and what is kept. */
  name: string
  keep: Keep
  /** Something is known, or known otherwise; bump: not usage alone. */
  onChange(known: Known | undefined, stale: boolean, bump: boolean): void
  onError(problem: Problem): void
  /** The server answers again. */
  onHeard(): void
}

export interface Live {
  readonly name: string
  /** Reads the whole set now, over what waits to be heard. */
  read(): Promise<void>
  stop(): void
}

/** After so long without a sign of life the stream is given up. The server gives one every 15 s. */
const silence = 45_000
const hiddenFor = 60_000
export const maxStale = 24 * 3600_000

/** What of a set decides which offers there may be: not how much is used. */
const shape = (items: Record<string, Entitlement> | undefined) =>
  items && JSON.stringify(Object.values(items).map((i) => [i.feature, i.allowed, i.reason, i.limit, i.source, i.unlimited, i.value, i['hidden']]))

function itemsOf(list: unknown): Record<string, Entitlement> {
  if (!Array.isArray(list)) throw odd('entitlements')
  const found: Record<string, Entitlement> = { __proto__: null } as never
  for (const i of list as Entitlement[]) if (i && typeof i.feature === 'string') found[i.feature] = Object.freeze(i)
  return found
}

/** A set that came from storage or another tab: no name of it may mean what objects have of their own. */
const copied = (known: Known): Known => ({ ...known, items: itemsOf(Object.values(known.items)) })

/** Keeps an account's entitlements up to date: by one stream for all tabs of a browser where it can share one. */
export function createLive(o: LiveOptions): Live {
  let known: Known | undefined
  let stale = false
  let failed = 0
  let stopped = false
  let leading = false
  let running: AbortController | undefined
  let connected: AbortController | undefined
  let wake: (() => void) | undefined
  let version = 0 // of the set: rises with each that is heard
  let lost = false // the server was not heard, which is more than that it was not heard yet
  let hiddenUntil = Infinity // when it is hidden for so long that nothing is heard any more
  let saving: ReturnType<typeof setTimeout> | undefined
  let hiding: ReturnType<typeof setTimeout> | undefined

  const doc = globalThis.document as Document | undefined
  const locks = doc && globalThis.navigator?.locks
  const channel = locks && typeof BroadcastChannel === 'function' ? new BroadcastChannel(o.name) : undefined

  const path = (more: string) => `/v1/accounts/${encodeURIComponent(o.account)}/entitlements${more}?lang=${encodeURIComponent(o.language)}`

  function save() {
    clearTimeout(saving)
    saving = undefined
    o.keep.write(o.name, known)
  }

  function set(next: Known | undefined, nextStale: boolean, share = leading) {
    if (stopped) return
    // The first set that is heard changes no offer: what was asked before it was answered by the same server.
    let bump = (known !== undefined || stale) && shape(known?.items) !== shape(next?.items)
    // What was asked meanwhile may have found nobody.
    if (lost && !nextStale) bump = true
    lost = nextStale
    const fresh = next?.items !== known?.items
    if (fresh) version++
    const changed = fresh || nextStale !== stale
    known = next
    stale = nextStale
    saving ??= setTimeout(save, 500)
    if (!changed) return
    if (share) tell()
    o.onChange(known, stale, bump)
  }

  const tell = () => channel?.postMessage({ known, stale })

  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data.hello) {
        if (leading && known) tell()
      } else if (!leading && data.known) set(copied(data.known), !!data.stale, false)
    }
  }

  /** The server was heard, and nothing was missed. */
  function heard() {
    failed = 0
    // Without an id the whole set is on its way.
    if (known?.id) set({ ...known, at: Date.now() }, false)
    o.onHeard()
  }

  function take(event: string, data: string, id: string) {
    const said = JSON.parse(data) as { account?: string; items?: unknown; removed?: string[]; now?: string }
    if (said.account !== o.account) return
    const items = itemsOf(said.items)
    const hear = (items: Known['items']) => set({ items, id, offset: said.now ? Date.parse(said.now) - Date.now() : known?.offset, at: Date.now() }, false)
    if (event === 'change') {
      const merged: Record<string, Entitlement> = { __proto__: null as never, ...known?.items, ...items }
      for (const gone of said.removed ?? []) delete merged[gone]
      hear(merged)
    } else if (event === 'entitlements') hear(items)
  }

  async function read(): Promise<void> {
    // What was heard after it was asked may be newer than the answer, which is then asked for anew; after a few times
    // what is heard will do.
    for (let tries = 0; tries < 4 && !stopped; tries++) {
      const before = version
      const items = itemsOf((await o.connection().send<{ items: unknown }>('GET', path('')))?.items)
      if (before === version) return set({ items, id: known?.id ?? '', offset: known?.offset, at: Date.now() }, false)
    }
  }

  /** One connection, until it ends. */
  async function listen(signal: AbortSignal) {
    const stop = (connected = new AbortController())
    const end = () => stop.abort()
    let watch: ReturnType<typeof setTimeout> | undefined
    const alive = (within: number) => {
      clearTimeout(watch)
      watch = setTimeout(end, within)
    }
    try {
      const answer = await o.connection().open(path('/stream'), {
        headers: { Accept: 'text/event-stream', ...(known?.id && { 'Last-Event-ID': known.id }) },
        signal: stop.signal,
      })
      if (!answer.body || !answer.headers.get('Content-Type')?.startsWith('text/event-stream')) {
        end()
        throw odd('the stream')
      }
      const reader = answer.body.getReader()
      const text = new TextDecoder()
      const parse = createParser((e) => take(e.event, e.data, e.id))
      // Something in between may hold the stream back until it ends: then it says nothing at all.
      alive(5000)
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        parse(text.decode(value, { stream: true }))
        heard()
        alive(silence)
      }
    } catch (thrown) {
      if (stop.signal.aborted && !signal.aborted && !(thrown instanceof Problem)) throw new Problem(0, 'timeout', 'the stream says nothing')
      throw thrown
    } finally {
      clearTimeout(watch)
      end()
    }
  }

  async function follow(signal: AbortSignal) {
    leading = true
    if (known) tell()
    try {
      while (!signal.aborted) {
        try {
          await listen(signal)
        } catch (thrown) {
          if (signal.aborted) return
          const problem = problemOf(thrown)
          let poll: unknown = problem
          // Where only the stream does not get through, the set is read every now and then.
          if (failed && problem.code !== 'unreachable') poll = await read().catch((e: unknown) => e ?? problem)
          if (failed++ === 0) o.onError(problem)
          if (poll && !signal.aborted) set(known, true)
        }
        if (signal.aborted) return
        await new Promise<void>((resolve) => {
          setTimeout((wake = resolve), backoff(failed, 250, 20_000))
        })
      }
    } finally {
      leading = false
    }
  }

  function begin() {
    if (running || stopped) return
    const stop = (running = new AbortController())
    if (!channel || !locks) return void follow(stop.signal)
    locks
      .request(o.name, { signal: stop.signal }, () => follow(stop.signal))
      .catch(() => {
        if (!stop.signal.aborted) void follow(stop.signal) // this page may have no locks
      })
    channel.postMessage({ hello: true })
    setTimeout(() => {
      if (!leading && !stop.signal.aborted && (!known || stale)) read().catch((thrown) => (o.onError(problemOf(thrown)), set(known, true)))
    }, 1000)
  }

  function pause() {
    running?.abort()
    running = undefined
    connected?.abort()
    wake?.()
    set(known, true, false) // the other tabs go on
  }

  const seen = () => {
    clearTimeout(hiding)
    if (doc?.visibilityState === 'hidden') {
      hiddenUntil = Date.now() + hiddenFor
      hiding = setTimeout(pause, hiddenFor)
    } else {
      // A tab that was put to sleep has no timers.
      if (Date.now() > hiddenUntil) pause()
      hiddenUntil = Infinity
      begin()
      wake?.()
    }
  }
  // A page that is kept for the way back must hold no lock.
  const left = () => {
    save()
    pause()
  }
  const ends = [on(doc, 'visibilitychange', seen), on(globalThis.window, 'pagehide', left), on(globalThis.window, 'pageshow', seen), on(globalThis.window, 'online', () => wake?.())]

  const kept = o.keep.read(o.name) as Known | null
  if (kept?.items && typeof kept.items === 'object' && Date.now() - kept.at < maxStale) {
    known = copied(kept)
    stale = true
    o.onChange(known, true, true)
  }
  begin()

  return {
    name: o.name,
    read,
    stop() {
      stopped = true
      clearTimeout(hiding)
      clearTimeout(saving)
      pause()
      channel?.close()
      for (const end of ends) end()
    },
  }
}
