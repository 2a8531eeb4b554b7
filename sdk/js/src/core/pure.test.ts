import { describe, expect, it } from 'vitest'
import { backoff } from './backoff'
import { claimsOf } from './claims'
import { addressOf } from './connection'
import { evaluate } from './local'
import { pieceOf } from './queue'
import { createParser, type StreamEvent } from './sse'
import type { Entitlement } from './types'

/** Numbers that look random and are the same each time. */
function numbers(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed * 1664525 + 1013904223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
}

describe('backoff', () => {
  it('doubles up to its bound, and leaves half of it to chance', () => {
    const waits = [0, 1, 2, 3, 10, 1000].map((failed) => [backoff(failed, 1000, 60_000, () => 0), backoff(failed, 1000, 60_000, () => 1)])
    expect(waits).toEqual([[500, 1000], [1000, 2000], [2000, 4000], [4000, 8000], [30_000, 60_000], [30_000, 60_000]])
  })
})

describe('claimsOf', () => {
  const token = (claims: string) => `h.${Buffer.from(claims).toString('base64url')}.s`
  it('reads a token, with any letters', () => {
    expect(claimsOf(token('{"sub":"Zoë 🙂","account":"ac/me","role":"admin","exp":1}'))).toEqual({ sub: 'Zoë 🙂', account: 'ac/me', role: 'admin', exp: 1 })
  })
  it.each(['', 'a', 'a.b.c', 'a.%%%.c', token('nonsense'), token('null')])('knows nothing of %s, and throws nothing', (text) => {
    expect(claimsOf(text)).toEqual({})
  })
})

describe('addressOf', () => {
  it.each([
    ['https://h.example', 'https://h.example/v1/check'],
    ['https://h.example/', 'https://h.example/v1/check'],
    ['https://h.example/hr//', 'https://h.example/hr/v1/check'],
    ['/hr', '/hr/v1/check'],
    ['', '/v1/check'],
  ])('%s', (endpoint, address) => expect(addressOf(endpoint, '/v1/check')).toBe(address))
})

describe('pieceOf', () => {
  it.each([
    [[], 0],
    [[10], 1],
    [[99_999, 1], 1], // what is too large goes alone, and the server says so
    [[25_000, 25_000, 1], 2],
    [[25_000, 25_001], 1],
    [Array(1000).fill(100), 500],
  ])('takes from the front what one body may hold (%#)', (sizes, n) => expect(pieceOf(sizes)).toBe(n))
})

describe('the reader of server-sent events', () => {
  const text = 'id: 1\r\nevent: entitlements\r\ndata: {"a":\r\ndata: 1}\r\n\r\n: here\n\ndata\n\nid: 2\ndata:  two \n\nevent: x\n\ndata: ünï🙂\r\rdata: never ended\n'
  const want: StreamEvent[] = [
    { id: '1', event: 'entitlements', data: '{"a":\n1}' },
    { id: '1', event: 'message', data: '' },
    { id: '2', event: 'message', data: ' two ' },
    { id: '2', event: 'message', data: 'ünï🙂' },
  ]
  function read(pieces: string[]) {
    const heard: StreamEvent[] = []
    const parse = createParser((e) => heard.push(e))
    pieces.forEach(parse)
    return heard
  }
  it('reads the same wherever the text is cut', () => {
    expect(read([text])).toEqual(want)
    expect(read([...text])).toEqual(want)
    const next = numbers(1)
    for (let round = 0; round < 300; round++) {
      const pieces: string[] = []
      for (let i = 0; i < text.length; ) pieces.push(text.slice(i, (i += 1 + next(12))))
      expect(read(pieces)).toEqual(want)
    }
  })
  it('gives up an event that does not end', () => {
    const parse = createParser(() => {})
    expect(() => {
      for (let i = 0; i < 10; i++) parse('x'.repeat(1 << 20))
    }).toThrow()
  })
})

describe('evaluate', () => {
  const now = Date.parse('2026-03-01T00:00:00Z')
  const ago = '2026-02-28T00:00:00Z'
  const later = '2026-03-02T00:00:00Z'
  const seats: Entitlement = { feature: 'speakers', kind: 'seats', allowed: true, reason: 'within_limit', usage: 8, limit: 10, remaining: 2 }
  const full: Entitlement = { ...seats, allowed: false, reason: 'limit_reached', usage: 10, remaining: 0 }
  const on: Entitlement = { feature: 'recordings', kind: 'boolean', allowed: true, reason: 'included' }

  it.each<[string, Entitlement, number, Partial<ReturnType<typeof evaluate>>]>([
    ['what fits', seats, 2, { allowed: true, reason: 'within_limit', shortfall: 0 }],
    ['what does not', seats, 3, { allowed: false, reason: 'limit_reached', shortfall: 1 }],
    ['nothing, when it is full', full, 0, { allowed: true, reason: 'within_limit' }],
    ['one more, when it is full', full, 1, { allowed: false, reason: 'limit_reached', shortfall: 1 }],
    ['past a soft limit', { ...seats, soft: true }, 5, { allowed: true, reason: 'overage' }],
    ['within grace', { ...full, grace: 3 }, 3, { allowed: true, reason: 'in_grace' }],
    ['past grace', { ...full, grace: 3 }, 4, { allowed: false, reason: 'limit_reached' }],
    ['grace that is over', { ...full, grace: 3, grace_ends_at: ago }, 1, { allowed: false }],
    ['what is reserved', { ...full, usage: 8, reserved: 2 }, 3, { allowed: false, shortfall: 3 }],
    ['without a limit', { ...seats, unlimited: true, limit: null, remaining: null }, 1e12, { allowed: true }],
    ['a period that is over', { ...full, resets_at: ago }, 10, { allowed: true, usage: 0, remaining: 10, resets_at: null }],
    ['more than the new period has', { ...full, resets_at: ago }, 11, { allowed: false, shortfall: 1 }],
    ['a period that is not over', { ...full, resets_at: later }, 1, { allowed: false }],
    ['a rolling one, of which only some comes back', { ...full, resets_at: ago, rolling: true }, 1, { allowed: false }],
    ['a grant that has ended', { ...seats, sources: [{ source: 'plan:pro', limit: 8 }, { source: 'grant', limit: 2, expires_at: ago }] }, 1, { allowed: false, limit: 8, remaining: 0 }],
    ['what is on', on, 1, { allowed: true, reason: 'included' }],
    ['what is off', { ...on, allowed: false, reason: 'not_in_plan' }, 1, { allowed: false, reason: 'not_in_plan' }],
    ['a trial that has ended', { ...on, trial_ends_at: ago, sources: [{ source: 'trial:recordings' }] }, 1, { allowed: false, reason: 'trial_expired' }],
    ['a trial that has just ended, as news may be on the way', { ...on, trial_ends_at: '2026-02-28T23:59:30Z', sources: [{ source: 'trial:recordings' }] }, 1, { allowed: true }],
    ['a trial beside what was bought', { ...on, trial_ends_at: ago, sources: [{ source: 'trial:x' }, { source: 'addon:y' }] }, 1, { allowed: true }],
    ['an override that has ended', { ...on, sources: [{ source: 'override', expires_at: ago }, { source: 'plan:pro' }] }, 1, { allowed: false, reason: 'not_in_plan' }],
  ])('%s', (_, item, quantity, want) => expect(evaluate(item, quantity, now)).toMatchObject(want))

  it('lets no time pass before the server has said what time it is', () => {
    expect(evaluate({ ...on, trial_ends_at: ago, sources: [{ source: 'trial:x' }] }, 1, NaN).allowed).toBe(true)
    expect(evaluate({ ...full, resets_at: ago }, 1, NaN).allowed).toBe(false)
  })

  it('whatever it is: what fits still fits when less is asked for, and a no says how much is too few', () => {
    const next = numbers(7)
    for (let round = 0; round < 2000; round++) {
      const limit = next(20)
      const usage = next(25)
      const reserved = next(3)
      const remaining = Math.max(limit - usage - reserved, 0)
      const item: Entitlement = {
        feature: 'f', kind: 'metered', usage, limit, remaining, reserved, soft: next(8) === 0, unlimited: next(8) === 0,
        allowed: remaining > 0, reason: remaining > 0 ? 'within_limit' : 'limit_reached',
        resets_at: [ago, later, null][next(3)]!, rolling: next(3) === 0, ...(next(3) === 0 && { grace: next(5) }),
      }
      const before = JSON.stringify(item)
      const quantity = next(30)
      const answer = evaluate(item, quantity, now)
      if (answer.allowed && quantity > 0) expect(evaluate(item, quantity - 1, now).allowed).toBe(true)
      if (!answer.allowed) {
        expect(answer.shortfall).toBeGreaterThan(0)
        expect(evaluate({ ...item, limit: limit + answer.shortfall!, remaining: Math.max(limit + answer.shortfall! - usage - reserved, 0) }, quantity, now).allowed).toBe(true)
      }
      expect(JSON.stringify(item)).toBe(before)
    }
  })
})
