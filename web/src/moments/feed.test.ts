import { describe, expect, test } from 'vitest'
import type { FiredSignal } from '../api/moments'
import { goesOn, newSince, nextOf, streamsFor, type Stream } from './feed'

const signal = (id: string, at: number, key = 'a', type = 'upsell'): FiredSignal => ({
  id,
  key,
  type,
  account: 'acme',
  at: `2026-03-${String(at).padStart(2, '0')}T00:00:00Z`,
  score: 50,
  score_now: 40,
  evidence: '',
  decays_at: '2026-05-01T00:00:00Z',
})
const all = { type: '', rule: '', account: '' }
const rules = [{ key: 'a', type: 'upsell' }, { key: 'b', type: 'save' }, { key: 'c', type: 'upsell' }]

/** A server with lists of two a page. */
const server = (lists: Record<string, FiredSignal[]>) => {
  const asked: string[] = []
  const load = async (stream: Stream) => {
    const list = lists[stream.key ?? stream.account ?? ''] ?? []
    const from = Number(stream.cursor ?? 0)
    asked.push(`${stream.key ?? stream.account ?? ''}@${from}`)
    return { items: list.slice(from, from + 2), ...(from + 2 < list.length ? { next: String(from + 2) } : {}) }
  }
  return { load, asked }
}

describe('the feed', () => {
  test('asks one list for everything, one rule or one account, and each rule of a type', () => {
    const keys = (asked: typeof all) => streamsFor(asked, rules).map(({ key, account }) => key ?? account ?? 'all')
    expect(keys(all)).toEqual(['all'])
    expect(keys({ ...all, type: 'upsell' })).toEqual(['a', 'c'])
    expect(keys({ ...all, type: 'upsell', rule: 'a' })).toEqual(['a'])
    expect(keys({ type: 'upsell', rule: 'a', account: 'acme' })).toEqual(['acme'])
  })

  test('brings lists together by time, page by page, and asks no further than it must', async () => {
    const { load, asked } = server({ a: [signal('1', 20), signal('2', 10), signal('3', 5)], c: [signal('4', 15, 'c'), signal('5', 4, 'c')] })
    const first = await nextOf(streamsFor({ ...all, type: 'upsell' }, rules), { ...all, type: 'upsell' }, 3, load)
    expect(first.items.map((each) => each.id)).toEqual(['1', '4', '2'])
    expect(asked).toEqual(['a@0', 'c@0'])
    const second = await nextOf(first.streams, { ...all, type: 'upsell' }, 3, load)
    expect(second.items.map((each) => each.id)).toEqual(['3', '5'])
    expect(goesOn(first.streams)).toBe(true)
    expect(goesOn(second.streams)).toBe(false)
    expect((await nextOf(first.streams, { ...all, type: 'upsell' }, 1, load)).items.map((each) => each.id)).toEqual(['3']) // asked again it says the same
  })

  test('of an account it leaves out what was not asked for, over as many pages as that takes', async () => {
    const { load } = server({ acme: [signal('1', 20, 'b', 'save'), signal('2', 19, 'b', 'save'), signal('3', 18), signal('4', 17, 'c')] })
    const asked = { type: 'upsell', rule: 'c', account: 'acme' }
    expect((await nextOf(streamsFor(asked, rules), asked, 5, load)).items.map((each) => each.id)).toEqual(['4'])
  })

  test('counts what came since, and not what is further down', () => {
    expect(newSince([signal('9', 22), signal('8', 21), signal('1', 20), signal('0', 1)], [signal('1', 20)])).toBe(2)
    expect(newSince([signal('9', 22)], [])).toBe(1)
    expect(newSince([], [signal('1', 20)])).toBe(0)
  })
})
