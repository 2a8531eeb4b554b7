import { expect, test } from 'vitest'
import type { EntitlementValue } from '../api/types'
import { limited } from './limited'

test.each<[string, EntitlementValue | undefined, EntitlementValue]>([
  ['a limit for ever', 10, 60],
  ['an allowance with overage', { limit: 10, per: 'month', overage: { unit: 1, price: '2' } }, { limit: 60, per: 'month', overage: { unit: 1, price: '2' } }],
  ['no limit', 'unlimited', { limit: 60, per: 'month' }],
  ['nothing', undefined, { limit: 60, per: 'month' }],
])('a limit of 60 in the place of %s keeps the rest', (_, was, want) => expect(limited(was, 60, 'month')).toEqual(want))

test('of what never starts anew is one for ever', () => expect(limited('unlimited', 60, 'lifetime')).toBe(60))
