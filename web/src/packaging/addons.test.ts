import { expect, test } from 'vitest'
import { keyFor } from './draft'
import { includesOf, needOptions, partsOf, rightQuantity, soldKeys } from './addons'

const catalog = {
  version: 'c-1',
  plans: [{ key: 'pro', above: 'free', title: 'Pro' }, { key: 'free' }, { key: 'old', retired: true }],
  addons: [{ key: 'stage', title: 'Stage' }, { key: 'gone', retired: true }],
  bundles: [{ key: 'all' }],
}

test('an add-on may need any plan or add-on that is sold, but not itself', () => {
  expect(needOptions(catalog, 'stage')).toEqual([['free', 'Free'], ['pro', 'Pro']])
})

test('a key is taken by plans, add-ons and bundles alike', () => {
  expect(['Stage', 'All', 'Pro', 'New'].map((title) => keyFor(title, soldKeys(catalog)))).toEqual(['stage_2', 'all_2', 'pro_2', 'new'])
})

test('a bundle is put together from add-ons that are sold, and written shortly', () => {
  expect(partsOf(catalog).map((each) => each.key)).toEqual(['stage'])
  expect(includesOf({ a: '1', b: '1' })).toEqual(['a', 'b'])
  expect(includesOf({ a: '2', b: '1' })).toEqual({ a: 2, b: 1 })
  expect(['1', '10000', '0', '1.5', '', '10001'].map(rightQuantity)).toEqual([true, true, false, false, false, false])
})
