import type { Entitlement, Headroom } from '@headroomhq/js'
import { createHeadroom } from '@headroomhq/js'
import { expect, test } from 'vitest'
import { entitlementOf, Initial, initialEntitlementOf, pending, usageOf } from './answer'

const speakers: Entitlement = { feature: 'speakers', title: 'Speakers', kind: 'metered', allowed: true, usage: 42, limit: 50, remaining: 8 }

test('before anything is known a feature is pending, and always the same answer', () => {
  const client = createHeadroom()
  expect(entitlementOf(client, undefined, 'speakers')).toBe(pending)
  expect(initialEntitlementOf(undefined, 'speakers')).toBe(pending)
})

test('what a backend fetched is the answer at once, as the API gave it or as its items', () => {
  const client = createHeadroom()
  for (const initial of [new Initial([speakers]), new Initial({ items: [speakers] })]) {
    expect(initialEntitlementOf(initial, 'speakers')).toEqual({ data: speakers, isPending: false, error: undefined, isStale: false })
    expect(entitlementOf(client, initial, 'speakers').data).toBe(speakers)
  }
})

test('an answer that says the same is the same object, so that nothing is drawn again for it', () => {
  const client = createHeadroom()
  const initial = new Initial([speakers])
  expect(entitlementOf(client, initial, 'speakers')).toBe(entitlementOf(client, initial, 'speakers'))
  expect(initialEntitlementOf(initial, 'speakers')).toBe(initialEntitlementOf(initial, 'speakers'))
})

const settled = () => new Promise<void>((resolve) => setTimeout(resolve))
const unheard = { endpoint: 'https://headroom.invalid', persist: false, fetch: () => new Promise<Response>(() => undefined) }

/** A user token as a backend signs it, for who is signed in; nobody here looks at the signature. */
const tokenOf = (account: string, user: string) => ['{}', JSON.stringify({ sub: user, account, role: 'admin' })].map(btoa).join('.') + '.'

test('what the page was rendered with stays while the client learns for whom that was', async () => {
  const client = createHeadroom()
  const initial = new Initial([speakers])
  client.subscribe((snapshot) => void initial.at(snapshot))
  client.init({ ...unheard, token: async () => tokenOf('acme', 'ann') })
  await settled()
  expect(client.snapshot().user).toBe('ann')
  expect(entitlementOf(client, initial, 'speakers').data).toBe(speakers)
})

test.each<[string, (client: Headroom) => void]>([
  ['another account', (client) => client.group('globex')],
  ['another user', (client) => client.identify('bob')],
  ['nobody, and then whoever comes', (client) => (client.reset(), client.init({ ...unheard, account: 'acme', user: 'bob' }))],
])('what the page was rendered with is not shown to %s', async (_, change) => {
  const client = createHeadroom()
  const initial = new Initial([speakers])
  client.subscribe((snapshot) => void initial.at(snapshot))
  client.init({ ...unheard, account: 'acme', user: 'ann' })
  await settled()
  change(client)
  expect(entitlementOf(client, initial, 'speakers')).toBe(pending)
})

test('who signs out before it is known who they are leaves nothing behind', async () => {
  const client = createHeadroom()
  const initial = new Initial([speakers])
  client.subscribe((snapshot) => void initial.at(snapshot))
  client.init({ ...unheard, language: 'en', token: () => new Promise(() => undefined) })
  client.reset()
  expect(entitlementOf(client, initial, 'speakers')).toBe(pending)
})

test('a feature that the catalog does not have is an error that names it', () => {
  const { data, isPending, error } = initialEntitlementOf(new Initial([speakers]), 'speekers')
  expect([data, isPending, error?.code]).toEqual([undefined, false, 'unknown_feature'])
  expect(error?.detail).toContain('"speekers"')
})

test('usage is told in numbers', () => {
  expect(usageOf(speakers)).toEqual({
    feature: 'speakers', title: 'Speakers', used: 42, limit: 50, remaining: 8, unlimited: false, share: 0.84, resetsAt: undefined,
  })
})

test('unlimited has no limit, no remainder and no share', () => {
  const { used, limit, remaining, unlimited, share } = usageOf({ feature: 'exports', kind: 'metered', allowed: true, usage: 7, limit: null })!
  expect({ used, limit, remaining, unlimited, share }).toEqual({ used: 7, limit: undefined, remaining: undefined, unlimited: true, share: undefined })
})

test('a limit of none is full, and more than the limit is more than full', () => {
  expect(usageOf({ feature: 'a', kind: 'metered', allowed: false, usage: 0, limit: 0 })?.share).toBe(1)
  expect(usageOf({ feature: 'a', kind: 'metered', allowed: false, usage: 12, limit: 10 })).toMatchObject({ share: 1.2, remaining: 0 })
})

test('an allowance says when it starts anew', () => {
  expect(usageOf({ ...speakers, resets_at: '2026-04-01T00:00:00Z' })?.resetsAt).toEqual(new Date('2026-04-01T00:00:00Z'))
})

test('of what is had or not nothing is counted', () => {
  expect(usageOf({ feature: 'recordings', kind: 'boolean', allowed: false })).toBeUndefined()
})
