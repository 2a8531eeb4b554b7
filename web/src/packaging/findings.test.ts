import { expect, test } from 'vitest'
import type { Finding } from '../api/types'
import { alike, compared, withoutWrong } from './findings'

const finding = (code: string, path: string, message = ''): Finding => ({ severity: 'warning', code, path, message, mend: '', line: 0, column: 0 })

test('a change adds and resolves findings; the rest is as before, whatever its figures', () => {
  const { added, resolved, same } = compared([finding('a', 'plans.pro', '3 accounts'), finding('b', 'plans.pro')], [finding('a', 'plans.pro', '4 accounts'), finding('a', 'plans.free')])
  expect([added, resolved, same].map((list) => list.map((each) => `${each.code} ${each.path}`))).toEqual([['a plans.free'], ['b plans.pro'], ['a plans.pro']])
})

test('edits beside the wrong ones are kept', () => {
  const edits = ['plans.pro.title', 'bundles.all', 'plans.free.title'].map((path) => ({ path, value: 'x' }))
  expect(withoutWrong(edits, [finding('x', 'bundles.all.price.month'), finding('y', 'plans.free')]).map((each) => each.path)).toEqual(['plans.pro.title'])
})

test('accounts to which the same happens stand together, the most first', () => {
  const examples = [
    { account: 'a', changes: ['less'] },
    { account: 'b', name: 'B', changes: ['more'] },
    { account: 'c', changes: ['more'] },
  ]
  expect(alike(examples)).toEqual([
    { changes: ['more'], accounts: [{ account: 'b', name: 'B' }, { account: 'c' }] },
    { changes: ['less'], accounts: [{ account: 'a' }] },
  ])
})
