import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createHeadroom } from './client'
import type { Entitlement, Headroom } from './types'

// How entitlements are kept up to date: what is read of a stream, and what happens where there is none.

const item = (feature: string, more: Partial<Entitlement> = {}): Entitlement => ({ feature, kind: 'boolean', allowed: true, reason: 'included', ...more })
const token = `h.${btoa(JSON.stringify({ account: 'acme', sub: 'mia', role: 'admin' }))}.s`

interface Connected {
  headers: Record<string, string>
  send(event: string, data: Record<string, unknown>, id: string): void
  say(text: string): void
  end(): void
}

/** A server whose streams the test holds in its hand; set answers the whole set, where there is one. */
function server(set?: () => Response | Promise<Response>) {
  const streams: Connected[] = []
  let refused: (() => Response) | undefined
  const fetch = (async (address: string, init: RequestInit) => {
    if (!address.includes('/entitlements/stream')) return set && address.includes('/entitlements') ? set() : new Response('{}', { status: 503 })
    if (refused) return refused()
    let out!: ReadableStreamDefaultController<Uint8Array>
    const body = new ReadableStream<Uint8Array>({ start: (c) => void (out = c) })
    init.signal?.addEventListener('abort', () => out.error(new DOMException('aborted', 'AbortError')))
    const say = (text: string) => out.enqueue(new TextEncoder().encode(text))
    streams.push({
      headers: init.headers as Record<string, string>,
      say,
      send: (event, data, id) => say(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify({ account: 'acme', now: new Date().toISOString(), ...data })}\n\n`),
      end: () => out.close(),
    })
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })
  }) as typeof globalThis.fetch
  return { streams, fetch, refuse: (how: (() => Response) | undefined) => void (refused = how) }
}

let h: Headroom
beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  h.reset()
  vi.useRealTimers()
})

async function started(s: { fetch: typeof fetch }) {
  h = createHeadroom()
  h.init({ endpoint: 'http://h.test', token, fetch: s.fetch, onError: () => {} })
  await vi.advanceTimersByTimeAsync(0)
}
const settled = () => vi.advanceTimersByTimeAsync(0)
const features = () => Object.keys(h.snapshot().entitlements ?? {}).sort()

describe('the stream', () => {
  it('says the whole set, then what changed and what is no more; usage alone asks for no new decision', async () => {
    const s = server()
    await started(s)
    s.streams[0]!.send('entitlements', { items: [item('a'), item('b', { kind: 'metered', usage: 1, limit: 5, remaining: 4 })] }, '1')
    await settled()
    expect(features()).toEqual(['a', 'b'])
    const first = h.snapshot()
    s.streams[0]!.send('change', { items: [item('b', { kind: 'metered', usage: 2, limit: 5, remaining: 3 })] }, '2')
    await settled()
    expect(h.entitlement('b')?.usage).toBe(2)
    expect(h.snapshot()).not.toBe(first)
    expect(h.snapshot().revision).toBe(first.revision)
    s.streams[0]!.send('change', { items: [item('c')], removed: ['a'] }, '3')
    await settled()
    expect(features()).toEqual(['b', 'c'])
    expect(h.snapshot().revision).toBe(first.revision + 1)
    s.streams[0]!.send('change', { account: 'rival', items: [item('z')] }, '4')
    await settled()
    expect(features()).toEqual(['b', 'c'])
  })

  it('is gone on with from where it ended, and what is known stays', async () => {
    const s = server()
    await started(s)
    s.streams[0]!.send('entitlements', { items: [item('a')] }, 'x-17')
    await settled()
    s.streams[0]!.end()
    await vi.advanceTimersByTimeAsync(300)
    expect(s.streams).toHaveLength(2)
    expect(s.streams[1]!.headers['Last-Event-ID']).toBe('x-17')
    expect(h.snapshot()).toMatchObject({ stale: false })
    s.refuse(() => new Response('{}', { status: 503 }))
    s.streams[1]!.end()
    await vi.advanceTimersByTimeAsync(1000)
    expect(h.snapshot()).toMatchObject({ stale: true })
    expect(features()).toEqual(['a'])
    await expect(h.check('a')).resolves.toMatchObject({ allowed: true, stale: true })
    s.refuse(undefined)
    while (s.streams.length < 3) await vi.advanceTimersByTimeAsync(100)
    s.streams[2]!.say(': open\n\n') // nothing was missed
    await settled()
    expect(h.snapshot()).toMatchObject({ stale: false })
  })

  it('that gives no sign of life is given up', async () => {
    const s = server()
    await started(s)
    s.streams[0]!.send('entitlements', { items: [item('a')] }, '1')
    for (let i = 0; i < 8; i++) {
      await vi.advanceTimersByTimeAsync(15_000)
      s.streams[0]!.say(': here\n\n')
    }
    expect(s.streams).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(46_000)
    expect(s.streams.length).toBeGreaterThan(1)
  })
})

describe('a set that is read', () => {
  const limited = (usage: number) => item('seats', { kind: 'seats', usage, limit: 2, remaining: 2 - usage, reason: 'within_limit' })
  const json = (value: unknown) => new Response(JSON.stringify(value))

  /** A server whose answers the test holds in its hand, and the stream that has said that one of two seats is taken. */
  async function reading() {
    const answers: ((items: Entitlement[]) => void)[] = []
    const s = server(() => new Promise((resolve) => answers.push((items) => resolve(json({ items })))))
    const own = s.fetch
    s.fetch = (async (address: string, init: RequestInit) => (init.method === 'POST' ? json({ type: 'accepted' }) : own(address, init))) as typeof fetch
    await started(s)
    s.streams[0]!.send('entitlements', { items: [limited(0)] }, '1')
    await settled()
    return { answers, stream: s.streams[0]! }
  }

  it('never takes the place of what was heard after it was asked for: it is asked for anew', async () => {
    const { answers, stream } = await reading()
    const bought = h.outcome('d1', 'accepted', { token: 't' })
    await settled()
    expect(answers).toHaveLength(1)
    stream.send('change', { items: [limited(2)] }, '2')
    await settled()
    answers[0]!([limited(1)])
    await settled()
    expect(h.entitlement('seats')?.usage).toBe(2)
    expect(answers).toHaveLength(2)
    answers[1]!([limited(2)])
    await bought
    await expect(h.check('seats')).resolves.toMatchObject({ allowed: false })
  })

  it('was asked for after the purchase that wants to see it, whatever is read already', async () => {
    const { answers } = await reading()
    const bought = [h.outcome('d1', 'accepted', { token: 't' })]
    await settled()
    bought.push(h.outcome('d2', 'accepted', { token: 'u' }))
    await settled()
    expect(answers).toHaveLength(2)
    answers[1]!([limited(2)])
    await bought[1]
    expect(h.entitlement('seats')?.usage).toBe(2)
    answers[0]!([limited(1)]) // of before
    await settled()
    expect(h.entitlement('seats')?.usage).toBe(2)
    answers[2]!([limited(2)])
    await bought[0]
  })
})

describe('a server that is heard again', () => {
  it('is asked again for offers that could not be asked for', async () => {
    const s = server()
    await started(s)
    s.streams[0]!.send('entitlements', { items: [item('a')] }, 'x-1')
    await settled()
    s.refuse(() => new Response('{}', { status: 503 }))
    s.streams[0]!.end()
    await vi.advanceTimersByTimeAsync(1000)
    const { stale, revision } = h.snapshot()
    expect(stale).toBe(true)
    s.refuse(undefined)
    while (s.streams.length < 2) await vi.advanceTimersByTimeAsync(100)
    s.streams[1]!.say(': open\n\n')
    await settled()
    expect(h.snapshot()).toMatchObject({ stale: false, revision: revision + 1 })
    s.streams[1]!.say(': here\n\n')
    await settled()
    expect(h.snapshot().revision).toBe(revision + 1)
  })
})

describe('a trial that ends while nobody is heard', () => {
  it('has ended, also where the server never said what time it is', async () => {
    let answered = true
    const trial = item('a', { reason: 'on_trial', trial_ends_at: new Date(Date.now() + 600_000).toISOString() })
    const s = server(() => (answered ? new Response(JSON.stringify({ items: [trial] })) : new Response('{}', { status: 503 })))
    s.refuse(() => new Response('{}', { status: 503 })) // only the set can be read
    await started(s)
    await vi.advanceTimersByTimeAsync(60_000)
    await expect(h.check('a')).resolves.toMatchObject({ allowed: true })
    answered = false
    await vi.advanceTimersByTimeAsync(900_000)
    await expect(h.check('a')).resolves.toMatchObject({ allowed: false, reason: 'trial_expired', stale: true })
  })
})

describe('a page that nobody looks at', () => {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible', documentElement: { lang: 'de' } })
  const look = (visible: boolean) => {
    page.visibilityState = visible ? 'visible' : 'hidden'
    page.dispatchEvent(new Event('visibilitychange'))
  }
  beforeEach(() => void vi.stubGlobal('document', page))
  afterEach(() => void vi.unstubAllGlobals())

  it('hears on for a minute, then nothing, and goes on when somebody looks again', async () => {
    const s = server()
    await started(s)
    expect(h.snapshot().language).toBe('de')
    s.streams[0]!.send('entitlements', { items: [item('a')] }, 'x-1')
    await settled()
    look(false)
    await vi.advanceTimersByTimeAsync(30_000)
    look(true) // in time: it is the same stream
    look(false)
    await vi.advanceTimersByTimeAsync(14_000)
    s.streams[0]!.send('change', { items: [item('b')] }, 'x-2')
    await settled()
    expect(features()).toEqual(['a', 'b'])
    await vi.advanceTimersByTimeAsync(10_000)
    s.streams[0]!.say(': here\n\n')
    expect(h.snapshot().stale).toBe(false)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(s.streams).toHaveLength(1)
    expect(h.snapshot().stale).toBe(true) // as nobody listens any more
    look(true)
    await settled()
    expect(s.streams).toHaveLength(2)
    expect(s.streams[1]!.headers['Last-Event-ID']).toBe('x-2')
    await expect(h.check('a')).resolves.toMatchObject({ allowed: true, stale: true })
    s.streams[1]!.say(': open\n\n')
    await settled()
    expect(h.snapshot().stale).toBe(false)
  })

  it('and that was put to sleep, timers and all, counts what it knows as old', async () => {
    const s = server()
    await started(s)
    s.streams[0]!.send('entitlements', { items: [item('a')] }, 'x-1')
    await settled()
    look(false)
    vi.setSystemTime(Date.now() + 8 * 3600_000)
    look(true)
    expect(h.snapshot().stale).toBe(true)
    await settled()
    expect(s.streams).toHaveLength(2)
  })
})

describe('where the stream is held back on the way', () => {
  it('the set is read, and read again', async () => {
    let usage = 0
    const s = server(() => new Response(JSON.stringify({ items: [item('a', { kind: 'metered', usage: usage++, limit: 9, remaining: 9 })] })))
    await started(s)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(h.snapshot()).toMatchObject({ stale: false })
    const seen = h.entitlement('a')!.usage!
    await vi.advanceTimersByTimeAsync(60_000)
    expect(h.entitlement('a')!.usage!).toBeGreaterThan(seen)
  })
})

describe('a feature that is called as what objects have of their own', () => {
  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('%s is not known unless the server says so', async (name) => {
    const s = server()
    await started(s)
    s.streams[0]!.send('entitlements', { items: [item('a')] }, '1')
    await settled()
    expect(h.entitlement(name)).toBeUndefined()
    await expect(h.check(name, { fallback: true })).resolves.toMatchObject({ allowed: false, reason: 'unknown_feature' })
  })
})
