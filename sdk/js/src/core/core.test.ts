import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createHeadroom } from './client'
import type { ProblemShape } from './types'

// The core without a browser: what it sends, when, and what becomes of what could not be sent.

interface Sent {
  method: string
  path: string
  headers: Record<string, string>
  body: { batch?: { messageId: string; event?: string; userId?: string; anonymousId?: string; context?: { groupId: string } }[] } & Record<string, unknown>
}

/** A server that answers what the test says; everything is noted. */
function server(answer: (sent: Sent) => Response | Promise<Response>) {
  const sent: Sent[] = []
  const fetch = (async (address: string, init: RequestInit) => {
    const s: Sent = { method: init.method!, path: address.replace('http://h.test', ''), headers: init.headers as Record<string, string>, body: init.body ? JSON.parse(init.body as string) : {} }
    sent.push(s)
    return answer(s)
  }) as typeof globalThis.fetch
  return { sent, fetch, batches: () => sent.filter((s) => s.path === '/v1/batch'), of: (path: string) => sent.filter((s) => s.path === path) }
}

const json = (value: unknown, status = 200, headers = {}) => new Response(JSON.stringify(value), { status, headers })
const token = (account: string, user: string) => `h.${btoa(JSON.stringify({ account, sub: user, role: 'admin' }))}.s`
const settled = () => vi.advanceTimersByTimeAsync(0)

/** Entitlements are refused, so that only what a test is about is heard. */
const ordinary = (s: Sent) => (s.method === 'GET' ? json({ code: 'account_denied', detail: 'no' }, 403) : json({ success: true, position: 'log-1' }))

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterEach(() => void vi.useRealTimers())

describe('calls before init', () => {
  it('wait, and are made in their order for whom init names', async () => {
    const s = server(ordinary)
    const h = createHeadroom()
    h.track('one')
    h.identify('zoe', { name: 'Zoë' })
    h.track('two')
    const checked = h.check('speakers', { fallback: true })
    await settled()
    expect(s.sent).toEqual([])
    h.init({ endpoint: 'http://h.test', key: 'hr_pk_x', token: token('acme', 'mia'), fetch: s.fetch })
    await vi.advanceTimersByTimeAsync(3000)
    expect(s.batches().flatMap((b) => b.body.batch!.map((m) => [m.event ?? 'identify', m.userId, m.context?.groupId]))).toEqual([
      ['one', 'mia', 'acme'],
      ['identify', 'zoe', 'acme'],
      ['two', 'zoe', 'acme'],
    ])
    await expect(checked).resolves.toMatchObject({ allowed: true, stale: true }) // a page that answers nonsense is no refusal
  })

  it('may be made twice over: the same configuration is the same core', async () => {
    const s = server(ordinary)
    const h = createHeadroom()
    const config = { endpoint: 'http://h.test', token: token('acme', 'mia'), fetch: s.fetch }
    h.init(config)
    const before = h.snapshot()
    h.init({ ...config })
    expect(h.snapshot()).toBe(before)
  })
})

describe('events', () => {
  async function started(answer: (sent: Sent) => Response | Promise<Response>, errors: ProblemShape[] = []) {
    const s = server((sent) => (sent.path === '/v1/batch' ? answer(sent) : ordinary(sent)))
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', key: 'hr_pk_x', token: token('acme', 'mia'), fetch: s.fetch, onError: (e) => errors.push(e) })
    await settled()
    errors.length = 0
    return { ...s, h }
  }
  const ids = (batches: Sent[]) => batches.map((b) => b.body.batch!.map((m) => m.messageId))

  it('are gathered, and sent again under the same ids until they are taken', async () => {
    let broken = true
    const { h, batches } = await started(() => (broken ? json({}, 503) : json({ success: true })))
    h.track('a')
    h.track('b')
    await vi.advanceTimersByTimeAsync(3000)
    expect(batches()).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(batches().length).toBeGreaterThan(3)
    expect(batches().length).toBeLessThan(8)
    broken = false
    await vi.advanceTimersByTimeAsync(60_000)
    expect(new Set(ids(batches()).map(String)).size).toBe(1)
    const tried = batches().length
    await vi.advanceTimersByTimeAsync(600_000)
    expect(batches()).toHaveLength(tried)
  })

  it('wait as long as the server asks', async () => {
    let first = true
    const { h, batches } = await started(() => (first ? ((first = false), json({}, 429, { 'Retry-After': '40' })) : json({ success: true })))
    h.track('a')
    await vi.advanceTimersByTimeAsync(3000 + 39_000)
    await h.flush()
    expect(batches()).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(3000)
    expect(batches()).toHaveLength(2)
  })

  it('are dropped when they are refused, which is told, and the next are sent', async () => {
    const errors: ProblemShape[] = []
    const { h, batches } = await started((s) => (s.body.batch!.some((m) => m.event === 'bad') ? json({ code: 'body_invalid', detail: 'bad', mend: 'mend it' }, 422) : json({ success: true, rejected: [{ index: 0, code: 'time_old', detail: 'too old' }] })), errors)
    h.track('bad')
    await h.flush()
    h.track('good')
    await h.flush()
    expect(errors.map((e) => [e.status, e.code])).toEqual([[422, 'body_invalid'], [422, 'time_old']])
    expect(batches()).toHaveLength(2)
  })

  it('are a thousand at most: the oldest goes, which is told', async () => {
    const errors: ProblemShape[] = []
    let broken = true
    const { h, batches } = await started(() => (broken ? Promise.reject(new TypeError('offline')) : json({ success: true })), errors)
    for (let i = 0; i < 1003; i++) h.track(`e${i}`)
    expect(errors.filter((e) => e.code === 'queue_full')).toHaveLength(3)
    broken = false
    await h.flush()
    const got = batches().flatMap((b) => b.body.batch!.map((m) => m.event))
    expect([got[0], got.at(-1), got.length]).toEqual(['e3', 'e1002', 1000])
    for (const b of batches()) expect(JSON.stringify(b.body).length).toBeLessThan(60_000)
  })

  it('go with the token of whom they are of, and without one where that is somebody else', async () => {
    const { h, batches } = await started(() => json({ success: true }))
    h.track('own')
    await h.flush()
    h.identify('zoe')
    await h.flush()
    expect(batches().map((b) => Boolean(b.headers['Headroom-User-Token']))).toEqual([true, false])
  })

  it('are seen by the next question', async () => {
    const { h, sent } = await started(() => json({ success: true, position: 'log-7' }))
    h.track('speaker.added')
    await h.decide('speakers.add')
    const asked = sent.filter((s) => s.method === 'POST').map((s) => [s.path, s.headers['Headroom-Position']])
    expect(asked).toEqual([['/v1/batch', undefined], ['/v1/decide', 'log-7']])
  })
})

describe('a page that is left', () => {
  const page = new EventTarget()
  const beacons: { address: string; body: { writeKey: string; batch: { event: string }[] } }[] = []
  beforeEach(() => {
    beacons.length = 0
    vi.stubGlobal('window', page)
    vi.stubGlobal('navigator', { sendBeacon: (address: string, body: string) => beacons.push({ address, body: JSON.parse(body) }) })
  })
  afterEach(() => void vi.unstubAllGlobals())

  async function left(lastFetch: (body: string, init: RequestInit) => Response) {
    const sent: { body: string; init: RequestInit }[] = []
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      sent.push({ body: init.body as string, init })
      return Promise.resolve(lastFetch(init.body as string, init))
    })
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', key: 'hr_pk_x', token: token('acme', 'mia'), fetch: server(ordinary).fetch })
    for (let i = 0; i < 900; i++) h.track(`e${i}`)
    page.dispatchEvent(new Event('pagehide'))
    await settled()
    h.reset()
    return sent
  }

  it('hands what waits to the browser, which sends 64 kB at most, and asks nothing before', async () => {
    const sent = await left(() => json({ success: true }))
    expect(sent.length).toBeGreaterThan(0)
    expect(sent.reduce((sum, s) => sum + s.body.length, 0)).toBeLessThan(2 * 64_000) // once as it is left, once as it signs out
    for (const { body, init } of sent) {
      expect(init).toMatchObject({ keepalive: true, headers: { 'Content-Type': 'text/plain' } })
      expect(JSON.parse(body)).toMatchObject({ writeKey: 'hr_pk_x' })
    }
  })

  it('as a beacon where it cannot fetch any more', async () => {
    await left(() => {
      throw new TypeError('no keepalive here')
    })
    expect(beacons[0]).toMatchObject({ address: 'http://h.test/v1/batch', body: { writeKey: 'hr_pk_x' } })
    expect(beacons[0]!.body.batch[0]!.event).toBe('e0')
  })
})

describe('decisions', () => {
  it('of the same place at the same time are one call', async () => {
    const s = server((sent) => (sent.path === '/v1/decide' ? json({ status: 'none', reason: 'no_signal' }) : ordinary(sent)))
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', token: token('acme', 'mia'), fetch: s.fetch })
    const answers = await Promise.all([h.decide('a'), h.decide('a'), h.decide('b')])
    expect(answers[0]).toBe(answers[1])
    expect(s.of('/v1/decide')).toHaveLength(2)
    await h.decide('a')
    expect(s.of('/v1/decide')).toHaveLength(3)
  })

  it('are asked for anew when offers may have changed while they were', async () => {
    const answers: ((r: Response) => void)[] = []
    const s = server((sent) => (sent.path === '/v1/decide' ? new Promise((resolve) => answers.push(resolve)) : ordinary(sent)))
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', token: token('acme', 'mia'), fetch: s.fetch })
    const before = h.decide('a')
    await settled()
    await h.call('POST', '/v1/requests/r1/decline')
    const after = h.decide('a')
    await settled()
    expect(answers).toHaveLength(2)
    answers[0]!(json({ status: 'show', reason: 'signal' }))
    answers[1]!(json({ status: 'none', reason: 'requested' }))
    await expect(before).resolves.toMatchObject({ status: 'show' })
    await expect(after).resolves.toMatchObject({ status: 'none' })
  })

  it('are none after 300 ms, whatever comes later', async () => {
    let answer!: (r: Response) => void
    const s = server((sent) => (sent.path === '/v1/decide' ? new Promise((resolve) => (answer = resolve)) : ordinary(sent)))
    const h = createHeadroom()
    const made: unknown[] = []
    h.observe((m) => made.push(m.answer))
    h.init({ endpoint: 'http://h.test', token: token('acme', 'mia'), fetch: s.fetch })
    const asked = h.decide('a')
    await vi.advanceTimersByTimeAsync(301)
    await expect(asked).resolves.toEqual({ status: 'none', reason: 'timeout', placement: 'a' })
    answer(json({ status: 'show', reason: 'signal' }))
    await settled()
    expect(made).toHaveLength(1)
  })
})

describe('the user token', () => {
  it('is fetched again once when it is refused, and the call is made again', async () => {
    let fetched = 0
    const s = server((sent) => (sent.headers['Headroom-User-Token']?.endsWith('2') ? (sent.path === '/v1/decide' ? json({ status: 'none', reason: 'no_signal' }) : ordinary(sent)) : json({ code: 'token_expired' }, 401)))
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', token: async () => token('acme', 'mia') + ++fetched, fetch: s.fetch })
    await expect(h.decide('a')).resolves.toMatchObject({ reason: 'no_signal' })
    expect(fetched).toBe(2)
  })

  it('is fetched before it runs out, by how long it lasts and not by what time it is here', async () => {
    const lasting = (seconds: number) => `h.${btoa(JSON.stringify({ account: 'acme', sub: 'mia', iat: 1000, exp: 1000 + seconds }))}.s`
    let fetched = 0
    const s = server(ordinary)
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', token: async () => (fetched++, lasting(3600)), fetch: s.fetch })
    await h.decide('a')
    await vi.advanceTimersByTimeAsync(3500_000)
    await h.decide('a')
    expect(fetched).toBe(1)
    await vi.advanceTimersByTimeAsync(80_000)
    await h.decide('a')
    expect(fetched).toBe(2)
  })

  it('that never comes holds nothing up for good', async () => {
    const s = server(ordinary)
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', token: () => new Promise(() => {}), fetch: s.fetch, defaults: { speakers: true } })
    const asked = Promise.all([h.decide('a'), h.check('speakers')])
    await vi.advanceTimersByTimeAsync(20_000)
    await expect(asked).resolves.toMatchObject([{ status: 'none' }, { allowed: true, stale: true }])
  })
})

describe('the user token that is fetched', () => {
  it.each(['Bad Gateway', 'undefined', 'a.b.c', `h.${btoa('{"sub":"mia"}')}.s`])('as "%s" is none: it is asked for again, and nothing goes out as of nobody', async (nonsense) => {
    let broken = true
    const errors: ProblemShape[] = []
    const s = server(ordinary)
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', token: async () => (broken ? nonsense : token('acme', 'mia')), fetch: s.fetch, onError: (e) => errors.push(e) })
    h.track('a')
    await vi.advanceTimersByTimeAsync(5000)
    expect(errors.map((e) => e.code)).toContain('token_unavailable')
    expect(s.sent).toEqual([])
    broken = false
    await vi.advanceTimersByTimeAsync(10_000)
    expect(h.snapshot()).toMatchObject({ account: 'acme', user: 'mia' })
    expect(s.batches().flatMap((b) => b.body.batch!.map((m) => [m.userId, m.context?.groupId]))).toEqual([['mia', 'acme']])
  })

  it('is empty where nobody is signed in, and then no more is waited for', async () => {
    const s = server(ordinary)
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', token: async () => '', fetch: s.fetch })
    h.track('a')
    await vi.advanceTimersByTimeAsync(3000)
    expect(s.batches()[0]!.body.batch![0]).toMatchObject({ anonymousId: expect.any(String) as string })
  })

  it('says who the page is of and in which role, each time anew', async () => {
    const lasting = (account: string, sub: string, role: string) => `h.${btoa(JSON.stringify({ account, sub, role, iat: 1000, exp: 4600 }))}.s`
    const tokens = [lasting('acme', 'mia', 'member'), lasting('acme', 'mia', 'admin'), lasting('rival', 'max', 'admin')]
    const s = server(ordinary)
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', token: async () => tokens.shift()!, fetch: s.fetch })
    await h.decide('a')
    expect(h.snapshot()).toMatchObject({ account: 'acme', user: 'mia', role: 'member' })
    const { revision } = h.snapshot()
    await vi.advanceTimersByTimeAsync(3600_000)
    await h.decide('a')
    expect(h.snapshot()).toMatchObject({ account: 'acme', user: 'mia', role: 'admin' })
    expect(h.snapshot().revision).toBeGreaterThan(revision) // an admin is offered something else
    await vi.advanceTimersByTimeAsync(3600_000)
    await h.decide('a')
    expect(h.snapshot()).toMatchObject({ account: 'rival', user: 'max', role: 'admin' })
    h.reset()
  })
})

describe('what becomes of an offer', () => {
  it('arrives when the page is left for the link of the offer', async () => {
    const sent: [string, boolean][] = []
    const fetch = (async (_: string, init: RequestInit) => {
      if (init.method === 'POST') sent.push([(JSON.parse(init.body as string) as { type: string }).type, Boolean(init.keepalive)])
      return json({})
    }) as typeof globalThis.fetch
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', token: token('acme', 'mia'), fetch })
    await Promise.all([h.outcome('d', 'accepted'), h.outcome('d', 'clicked'), h.outcome('d', 'requested')])
    expect(sent.sort()).toEqual([['accepted', true], ['clicked', true], ['requested', true]])
  })
})

describe('signing out', () => {
  const storage = () => {
    const kept: Record<string, string> = {}
    const methods = { getItem: (k: string) => kept[k] ?? null, setItem: (k: string, v: string) => void (kept[k] = v), removeItem: (k: string) => void delete kept[k] }
    for (const [name, value] of Object.entries(methods)) Object.defineProperty(kept, name, { value })
    return kept
  }
  afterEach(() => void vi.unstubAllGlobals())

  it.each([true, false])('leaves nothing behind, of elements neither, and touches nothing of the page (persist: %s)', (persist) => {
    const tab = Object.assign(storage(), { 'headroom.bought': '2026-11-22', 'headroom-product': 'x', cart: '1' })
    const browser = Object.assign(storage(), { 'headroom-trial-acme': 'today', theme: 'dark' })
    vi.stubGlobal('sessionStorage', tab)
    vi.stubGlobal('localStorage', browser)
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', token: token('acme', 'mia'), persist, fetch: server(ordinary).fetch })
    h.track('a')
    expect(Object.keys(tab).some((key) => key.startsWith('headroom|'))).toBe(persist)
    h.reset()
    expect(Object.keys(tab)).toEqual(['headroom-product', 'cart'])
    expect(Object.keys(browser)).toEqual(['theme'])
  })
})

describe('what the server refuses', () => {
  it('stays closed, whatever the default', async () => {
    const s = server((sent) => (sent.path === '/v1/check' ? json({ code: 'account_denied', detail: 'not yours', mend: 'sign the token for it' }, 403) : ordinary(sent)))
    const errors: ProblemShape[] = []
    const h = createHeadroom()
    h.init({ endpoint: 'http://h.test', token: token('acme', 'mia'), fetch: s.fetch, onError: (e) => errors.push(e) })
    await expect(h.check('speakers', { fallback: true })).resolves.toMatchObject({ allowed: false, stale: true })
    expect(errors.some((e) => e.code === 'account_denied' && e.mend === 'sign the token for it')).toBe(true)
  })

  it('rejects what is asked for as a Problem, and paths of other origins are never called', async () => {
    const s = server((sent) => (sent.method === 'GET' ? ordinary(sent) : json({ code: 'preview_expired', detail: 'it is late', mend: 'preview it again' }, 412)))
    const h = createHeadroom()
    h.init({ endpoint: '', token: token('acme', 'mia'), fetch: s.fetch })
    await expect(h.previewChange({ plan: 'pro' })).rejects.toMatchObject({ name: 'Problem', status: 412, code: 'preview_expired', mend: 'preview it again' })
    await expect(h.call('POST', '//elsewhere.example/v1/x')).rejects.toMatchObject({ code: 'path_invalid' })
    expect(s.sent.every((x) => x.path.startsWith('/v1/'))).toBe(true)
  })
})
