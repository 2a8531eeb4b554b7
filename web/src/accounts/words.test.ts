import { describe, expect, test } from 'vitest'
import type { EntitlementItem } from '../api/types'
import { accountAt, accountHref } from './address'
import { gives, noExtension, overrideWords, sourceWords, standing } from './words'

const catalog = {
  plans: [{ key: 'pro', title: 'Pro' }],
  addons: [{ key: 'sponsors', title: 'Sponsor stage' }, { key: 'credits', title: 'Credits' }],
  features: [{ key: 'recordings', title: 'Talk recordings' }],
}
const grants = [{ id: 'g-1', feature: 'emails', quantity: 5, used: 0, priority: 50, granted_at: '', expires_at: null, source: 'top_up:credits' }]

test.each([
  ['plan:pro', 'plan Pro'],
  ['addon:sponsors', 'add-on Sponsor stage'],
  ['trial:feature:recordings', 'trial of Talk recordings'],
  ['trial:recordings', 'trial of Recordings'],
  ['grant:g-1', 'grant from a top-up Credits'],
  ['grant:g-9', 'grant'],
  ['override', 'override'],
  ['plan:gone', 'plan Gone'],
])('%s is said as %s', (source, want) => expect(sourceWords(source, catalog, grants)).toBe(want))

const item = (fields: Partial<EntitlementItem>): EntitlementItem => ({ feature: 'f', allowed: true, reason: '', message: '', kind: 'metered', usage: 8, limit: 10, remaining: 2, ...fields })

describe('what an account has', () => {
  test.each<[string, Partial<EntitlementItem>, string]>([
    ['usage of a limit', {}, '8 of 10'],
    ['usage without one', { limit: null, unlimited: true }, '8, unlimited'],
    ['a boolean', { kind: 'boolean', usage: null, limit: null }, 'Included'],
    ['a closed one', { kind: 'boolean', usage: null, limit: null, allowed: false }, 'Not included'],
    ['a value', { kind: 'value', usage: null, limit: null, value: 'phone' }, 'phone'],
  ])('%s', (_, fields, want) => expect(standing(item(fields))).toBe(want))

  test('what each source gives', () => {
    expect(gives({ source: 'plan:pro', limit: 10 }, item({}))).toBe('10')
    expect(gives({ source: 'grant:g-1', limit: 5, balance: 3 }, item({}))).toBe('3 left of 5')
    expect(gives({ source: 'plan:pro' }, item({ unlimited: true }))).toBe('unlimited')
    expect(gives({ source: 'plan:pro' }, item({ kind: 'boolean' }))).toBe('included')
  })

  test('what an override says', () => {
    const set = { feature: 'f', until: null, set_at: '' }
    expect([overrideWords({ ...set, allowed: false }), overrideWords({ ...set, limit: 5, per: 'month' }), overrideWords({ ...set, unlimited: true })]).toEqual(['locked', 'a limit of 5 a month', 'unlimited'])
  })
})

test.each(['acme', 'acme.com', 'a/b', 'ü & ?#', '100%', '<b>x</b>'])('the page of %s is found again', (key) => {
  expect(accountAt(new URL(accountHref(key), 'http://h').pathname)).toBe(key)
})

describe('a trial that runs', () => {
  const terms = { plans: [{ key: 'pro', trial: { length: '14d', extend: '7d', extensions: 2 } }, { key: 'one', trial: { extend: '7d' } }, { key: 'none', trial: '14d' }] }
  test.each([
    ['may be extended while the catalog allows it', 'pro', 1, ''],
    ['is not offered more than that', 'pro', 2, 'The catalog allows no more than 2 extensions.'],
    ['may be extended once where nothing else is said', 'one', 1, 'The catalog allows no more than one extension.'],
    ['of fixed length stays so', 'none', 0, 'The catalog allows no extension.'],
  ])('%s', (_, plan, extended, want) => expect(noExtension({ id: `plan:${plan}`, plan, started_at: '', ends_at: '', state: 'running', extended }, terms)).toBe(want))
})
