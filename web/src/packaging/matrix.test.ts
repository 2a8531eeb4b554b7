import { describe, expect, test } from 'vitest'
import { featureGroups, hrefOf, planColumns, plansInOrder } from './matrix'

const keys = (list: { key: string }[]) => list.map((each) => each.key)

describe('plans stand', () => {
  test('from the lowest up in each family, retired ones last', () => {
    const plans = [
      { key: 'business', above: 'pro' },
      { key: 'old', retired: true },
      { key: 'starter' },
      { key: 'pro', above: 'starter' },
      { key: 'agency', family: 'agency' },
    ]
    expect(keys(plansInOrder(plans))).toEqual(['starter', 'pro', 'business', 'agency', 'old'])
  })

  test('all, where a draft has made a circle of them', () => {
    expect(keys(plansInOrder([{ key: 'a', above: 'b' }, { key: 'b', above: 'a' }]))).toEqual(['a', 'b'])
  })

  test('beside their earlier versions, the newest first, when asked', () => {
    const plan = { key: 'pro', version: 3, price: { month: '149' }, earlier: { '1': { price: { month: '99' } }, '2': { entitlements: { emails: 5 } } } }
    expect(planColumns([plan], false)).toHaveLength(1)
    expect(planColumns([plan], true).map((column) => [column.version, column.plan.price?.['month'], column.plan.entitlements?.['emails']])).toEqual([
      [undefined, '149', undefined],
      ['2', undefined, 5],
      ['1', '99', undefined],
    ])
  })
})

describe('features stand', () => {
  const features = [
    { key: 'export', part_of: 'recordings' },
    { key: 'speakers', use_cases: ['run_events'], role: 'foundation' },
    { key: 'recordings', use_cases: ['sell_talks'] },
    { key: 'sso' },
  ]
  const drawn = (by: 'use_case' | 'role' | 'none') =>
    featureGroups(features, by).map(({ name, rows }) => [name, rows.map((row) => '  '.repeat(row.depth) + row.feature.key)])

  test('by use case, parts below their whole, those without one last', () => {
    expect(drawn('use_case')).toEqual([
      ['Sell talks', ['recordings', '  export']],
      ['Run events', ['speakers']],
      ['Without a use case', ['sso']],
    ])
  })

  test('by role', () => {
    expect(drawn('role')).toEqual([
      ['Foundation', ['speakers']],
      ['Without a role', ['recordings', '  export', 'sso']],
    ])
  })

  test('in one list', () => expect(drawn('none')).toEqual([['', ['speakers', 'recordings', '  export', 'sso']]]))

  test('all, where a draft has made a circle of parts', () => {
    expect(featureGroups([{ key: 'a', part_of: 'b' }, { key: 'b', part_of: 'a' }], 'role')[0]?.rows).toHaveLength(2)
  })
})

test.each([
  ['features.sso.title', '/packaging/features/sso'],
  ['plans.pro.entitlements.emails.overage.price', '/packaging?edit=plans.pro.entitlements.emails'],
  ['plans.pro.price.month', '/packaging?edit=plans.pro'],
  ['addons.sponsors', '/packaging?edit=addons.sponsors'],
  ['bundles.all.price.month', '/packaging?edit=bundles.all'],
  ['currency', '/packaging/worksheet?step=value'],
  ['signals.full.when.limit', '/moments/rules/full'],
  ['offers.x.give.plan', '/offers/edit/x'],
  ['contact.person.any', '/offers/contact'],
  ['routing[0].to', '/packaging/versions'],
])('%s is worked on at %s', (path, want) => expect(hrefOf(path)).toBe(want))
