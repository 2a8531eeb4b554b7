import { describe, expect, test } from 'vitest'
import type { EntitlementValue, FeatureDefinition } from '../api/types'
import { entitlementWords, formOf, priceWords, valueOf, wrongIn } from './entitlement'

const metered: FeatureDefinition = { key: 'emails', kind: 'metered' }
const boolean: FeatureDefinition = { key: 'sso', kind: 'boolean' }
const valued: FeatureDefinition = { key: 'support', kind: 'value', values: ['email', 'phone'] }

test.each<[string, EntitlementValue | undefined, FeatureDefinition, string, string[]]>([
  ['nothing said', undefined, metered, 'Not included', []],
  ['off', false, boolean, 'Not included', []],
  ['on', true, boolean, 'Included', []],
  ['a limit for ever', 10, metered, '10', []],
  ['a limit written as text', '2000', metered, '2,000', []],
  ['nothing of it', 0, metered, 'None', []],
  ['no limit', 'unlimited', metered, 'Unlimited', []],
  ['no limit, in long', { limit: 'unlimited', per: 'month' }, metered, 'Unlimited', []],
  ['an allowance', { limit: 2000, per: 'month' }, metered, '2,000 a month', []],
  ['a rolling one', { limit: 5, per: 'rolling 24h' }, metered, '5 in any 24h', []],
  ['for each workspace', { limit: 5, per_unit: true }, metered, '5 for each workspace', []],
  ['free, then paid', { limit: 0, per: 'month', overage: { unit: 1000, price: '2' } }, metered, '0 a month', ['then $2 for each started 1,000']],
  ['with overage in two currencies', { limit: 10, overage: { price: { USD: '0.50', EUR: '0.40' } } }, metered, '10', ['then $0.50 or €0.40 each']],
  ['with grace', { limit: 10, grace: { percent: '10%', for: '7d' } }, metered, '10', ['grace: 10% above for 7d']],
  ['rolling over', { limit: 10, per: 'month', rollover: { cap: 5000, for: '60d' } }, metered, '10 a month', ['what is left rolls over up to 5,000 for 60d']],
  ['a value', 'phone', valued, 'phone', []],
])('a plan gives %s', (_, value, feature, main, more) => {
  const said = entitlementWords(value, feature, 'USD', 'workspace')
  expect([said.main, said.more]).toEqual([main, more])
})

test.each([
  ['by month and year', { month: '49', year: '490' }, ['$49 a month', '$490 a year']],
  ['in two currencies', { month: { USD: '49', EUR: '45.50' } }, ['$49 a month', '€45.50 a month']],
  ['by unit', { month: { base: '20', each: '5', included: 3 } }, ['$20 and $5 for each beyond 3 a month']],
  ['in tiers', { month: { tiers: [{ to: 10, each: '9' }, { each: '7' }] } }, ['$9 to $7 each a month']],
  ['once', { once: '200' }, ['$200 once']],
])('a price %s', (_, price, want) => expect(priceWords(price, 'USD')).toEqual(want))

describe('an entitlement edited', () => {
  test.each<[string, EntitlementValue, FeatureDefinition]>([
    ['a plain limit', 10, metered],
    ['an allowance with overage', { limit: 10, per: 'month', overage: { unit: 1000, price: '2' } }, metered],
    ['overage in two currencies', { limit: 10, overage: { unit: 1, price: { USD: '2', EUR: '1.80' } } }, metered],
    ['grace in percent', { limit: 10, grace: '10%' }, metered],
    ['grace in time', { limit: 10, grace: '7d' }, metered],
    ['rollover', { limit: 10, per: 'month', rollover: { cap: 50, for: '30d' } }, metered],
    ['rollover without bounds', { limit: 10, per: 'month', rollover: true }, metered],
    ['for each unit', { limit: 10, per_unit: true }, metered],
    ['soft', { limit: 10, soft: true }, metered],
    ['unlimited', 'unlimited', metered],
    ['included', true, boolean],
    ['a value', 'phone', valued],
  ])('comes back as it was: %s', (_, value, feature) => {
    const form = formOf(value, feature)
    expect(wrongIn(form, feature)).toEqual({})
    expect(valueOf(form, feature, value)).toEqual(value)
  })

  test('that is not given any more says so in the way of its kind', () => {
    const none = { ...formOf(10, metered), how: 'none' as const }
    expect(valueOf(none, metered, 10)).toBe(0)
    expect(valueOf(none, boolean, true)).toBe(false)
    expect(valueOf(none, valued, 'phone')).toBeUndefined()
    expect(valueOf(none, metered, undefined)).toBeUndefined()
  })

  test.each([
    ['no number', { limit: 'ten' }, 'limit'],
    ['below nothing', { limit: '-1' }, 'limit'],
    ['an overage without price', { limit: '1', beyond: 'overage' as const, overagePrice: '' }, 'overagePrice'],
    ['grace without bounds', { limit: '1', beyond: 'grace' as const }, 'gracePercent'],
    ['grace above 100 percent', { limit: '1', beyond: 'grace' as const, gracePercent: '120' }, 'gracePercent'],
    ['a time without unit', { limit: '1', rollover: true, rolloverFor: '30' }, 'rolloverFor'],
  ])('is not taken with %s', (_, fields, where) => {
    expect(Object.keys(wrongIn({ ...formOf(1, metered), ...fields }, metered))).toEqual([where])
  })
})
