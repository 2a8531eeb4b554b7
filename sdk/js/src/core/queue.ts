import { backoff } from './backoff'
import type { Claims } from './claims'
import type { Connection } from './connection'
import { passing, Problem, problemOf, safely } from './problem'
import type { Keep } from './storage'
import { newId } from './storage'

/** Whose something is. */
export interface Identity {
  account: string
  user: string
}

/** Something that waits to be sent: a Segment-shaped message, or a call of its own that is worth repeating. */
export interface Waiting extends Identity {
  id: string
  message?: Record<string, unknown>
  path?: string
  body?: unknown
}

export interface QueueOptions {
  connection(): Connection
  /** Whom the connection's token speaks for. */
  signedIn(): Promise<Claims>
  /** The publishable key, for what is sent when the page is left. */
  writeKey(): string | undefined
  address(path: string): string
  keep(): Keep
  /** Where it is kept. */
  key(who: Identity): string
  flushEvery(): number
  onError(problem: Problem): void
}

export interface Queue {
  add(what: Omit<Waiting, 'id'> & { id?: string }): void
  /** Takes in what an earlier page of this tab left behind for somebody. */
  resume(who: Identity): void
  /** Sends what waits; ends when each was tried. */
  flush(): Promise<void>
  /** The page may be gone the next moment: everything is handed to the browser. */
  leave(): void
  /** The server was heard: tries at once. */
  nudge(): void
  clear(): void
  size(): number
}

const atMost = 1000 // that wait
const pieceBytes = 50_000 // of a body; browsers send 64 kB at most for a page that is gone

/** The bytes of a text as they are sent. */
const bytes = (text: string) => new Blob([text]).size

/** How many from the front of the sizes make one body, at least one. */
export function pieceOf(sizes: number[]): number {
  let sum = 0
  let n = 0
  while (n < sizes.length && (n === 0 || sum + sizes[n]! <= pieceBytes)) sum += sizes[n++]!
  return n
}

export function createQueue(o: QueueOptions): Queue {
  let waiting: Waiting[] = []
  let flying = new Set<string>()
  const handed = new Set<string>() // to the browser, which has not said yet what became of it
  let failed = 0
  let notBefore = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> | undefined
  let generation = 0

  const keyOf = o.key

  function save(who: Identity) {
    const own = waiting.filter((w) => w.account === who.account && w.user === who.user)
    o.keep().write(keyOf(who), own.length ? own : undefined)
  }

  function remove(done: Waiting[]) {
    const ids = new Set(done.map((w) => w.id))
    waiting = waiting.filter((w) => !ids.has(w.id))
    for (const w of new Map(done.map((w) => [keyOf(w), w])).values()) save(w)
  }

  function schedule(within: number) {
    if (!waiting.length) return
    clearTimeout(timer)
    timer = setTimeout(() => void flush(), Math.max(within, notBefore - Date.now()))
  }

  /** The next piece: what goes together in one call. */
  function next(): Waiting[] {
    const first = waiting[0]
    if (!first?.message) return first ? [first] : []
    const together: Waiting[] = []
    for (const w of waiting) {
      if (!w.message || w.account !== first.account || w.user !== first.user) break
      together.push(w)
    }
    return together.slice(0, pieceOf(together.map((w) => bytes(JSON.stringify(w.message)))))
  }

  const batch = (piece: Waiting[]) => ({ batch: piece.map((w) => w.message), sentAt: new Date().toISOString() })

  async function send(piece: Waiting[]) {
    const first = piece[0]!
    const c = o.connection()
    let own = false
    try {
      const who = await o.signedIn()
      own = who.account === first.account && who.sub === first.user
    } catch (thrown) {
      if (!first.message) throw thrown
    }
    if (!first.message) {
      if (own) await c.send('POST', first.path!, first.body, { idempotency: first.id })
      return
    }
    // Events may be sent without a user token: so are those of somebody who has signed out since, and those whose token nobody renews.
    const post = (anonymous: boolean) => c.send<{ rejected?: { code: string; detail: string }[] }>('POST', '/v1/batch', batch(piece), { anonymous })
    const answer = await post(!own).catch((thrown) => {
      if (own && problemOf(thrown).status === 401) return post(true)
      throw thrown
    })
    for (const r of Array.isArray(answer?.rejected) ? answer.rejected : []) o.onError(new Problem(422, r.code, r.detail))
  }

  async function drain() {
    const mine = generation
    for (let piece = next(); piece.length && mine === generation; piece = next()) {
      flying = new Set(piece.map((w) => w.id))
      let problem: Problem | undefined
      try {
        await send(piece)
      } catch (thrown) {
        problem = problemOf(thrown)
      }
      flying.clear()
      if (mine !== generation) return
      if (problem && passing(problem)) {
        notBefore = Date.now() + Math.max(problem.after ?? 0, backoff(failed++, 1000, 60_000))
        if (failed === 1) o.onError(problem)
        schedule(0)
        return
      }
      failed = notBefore = 0
      remove(piece)
      if (problem) o.onError(problem)
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer)
    running ??= drain().finally(() => {
      running = undefined
      schedule(o.flushEvery())
    })
    return running
  }

  return {
    add(what) {
      if (waiting.length >= atMost) {
        // What is on its way may have arrived: the oldest of the others goes.
        const oldest = waiting.find((w) => !flying.has(w.id))
        if (oldest) remove([oldest])
        o.onError(new Problem(0, 'queue_full', `${atMost} events wait: the oldest was dropped`))
      }
      const w: Waiting = { ...what, id: what.id ?? String(what.message?.['messageId'] ?? newId()) }
      waiting.push(w)
      save(w)
      if (!running) schedule(o.flushEvery())
    },
    resume(who) {
      const left = o.keep().read(keyOf(who))
      if (!Array.isArray(left)) return
      const known = new Set(waiting.map((w) => w.id))
      waiting = [...(left as Waiting[]).filter((w) => w && typeof w.id === 'string' && !known.has(w.id)), ...waiting].slice(-atMost)
      if (!running) schedule(0)
    },
    flush: () => (Date.now() < notBefore ? Promise.resolve() : flush()),
    leave() {
      // As anybody may send events, without the headers that would have the browser ask first: it has no time for that.
      // What waits stays, in case this fails: what arrives twice counts once.
      let left = 60_000
      const messages = waiting.filter((w) => w.message && !handed.has(w.id))
      while (messages.length) {
        const piece = messages.splice(0, pieceOf(messages.map((w) => bytes(JSON.stringify(w.message)))))
        const body = JSON.stringify({ ...batch(piece), writeKey: o.writeKey() })
        if ((left -= bytes(body)) < 0) return
        const address = o.address('/v1/batch')
        for (const w of piece) handed.add(w.id)
        const back = () => piece.forEach((w) => handed.delete(w.id))
        try {
          fetch(address, { method: 'POST', body, keepalive: true, headers: { 'Content-Type': 'text/plain' } })
            .then((a) => void (a.ok && remove(piece)))
            .then(back, back)
        } catch {
          safely(() => navigator.sendBeacon(address, body))
          back()
        }
      }
    },
    nudge() {
      notBefore = 0
      if (waiting.length && !running) schedule(0)
    },
    clear() {
      generation++
      clearTimeout(timer)
      waiting = []
      failed = notBefore = 0
    },
    size: () => waiting.length,
  }
}
