import { describe, expect, test } from 'vitest'
import { builtIn, readState, serverQuery, traitOf, viewAt, writeState, withoutField } from './views'

const at = (query: string) => readState(new URLSearchParams(query))

describe('the list of accounts in the address', () => {
  test.each(['', 'q=nova', 'plan=pro&stage=landed&near=80&sort=limit', 'no_plan=true&sort=name', 'trait=industry%3Devents', 'q=a%26b&cursor=abc'])('%s is written as it was read', (query) => expect(writeState(at(query))).toBe(query))

  test('what is not of the list stays out of it', () => expect(writeState(at('month=2026-01&open=x&sort=nonsense&q='))).toBe(''))

  test('the server hears its own names, and always an order', () => {
    expect(serverQuery(at('q=nova&near=80&trait=industry%3Devents&cursor=c'))).toEqual({ search: 'nova', near: '80', trait: 'industry', value: 'events', sort: 'mrr', cursor: 'c' })
    expect(serverQuery(at(''))).toEqual({ sort: 'mrr' })
  })
})

test.each([
  ['industry=events', ['industry', 'events']],
  [' seats = 12 ', ['seats', '12']],
  ['note=a=b', ['note', 'a=b']],
  ['industry', ['', '']],
  ['industry=', ['', '']],
  ['=events', ['', '']],
])('a trait written as %s', (text, want) => expect(traitOf(text)).toEqual(want))

describe('a view', () => {
  test('is found by what it shows, wherever the list stands in it', () => {
    expect(viewAt(builtIn, at('sort=limit&near=80&cursor=x'))?.name).toBe('Near a limit')
    expect(viewAt(builtIn, at(''))?.name).toBe('All')
    expect(viewAt(builtIn, at('plan=pro'))).toBeUndefined()
  })
  test('each of those built in is a list of its own', () => {
    for (const view of builtIn) expect(viewAt(builtIn, at(view.query))).toBe(view)
  })
})

test('every filter that has no field of its own is said in words', () => {
  const state = readState(new URLSearchParams('q=x&plan=pro&near=80&next=trial_ends&requests=true&no_plan=true&status=trialing'))
  expect(withoutField(state).map(({ words }) => words)).toEqual(['without a plan', 'subscription trialing', 'at least 80% of a limit used', 'the end of a trial comes next', 'with open requests'])
})
