import { expect, test } from 'vitest'
import type { LimitDesign, LimitSuggestion } from '../api/types'
import { beginsWith, judgedFor, planTitle, revenueWords, stepWords } from './designed'

const of = (more: Partial<LimitSuggestion>): LimitSuggestion => ({ limit: 6, accounts_above: 0, accounts_near: 0, plan: 'starter', today: 10, change: 'tightens', ...more })

test.each<[string, Partial<LimitSuggestion>, string]>([
  ['a lower one', {}, 'today 10 → 6 on Starter'],
  ['a higher one', { limit: 1200, change: 'loosens' }, 'today 10 → 1,200 on Starter'],
  ['the one of today', { limit: 10, change: 'none' }, '10 on Starter, as today'],
  ['one where there was none', { today: null, today_unlimited: true }, 'today unlimited → 6 on Starter'],
  ['one of what the plan lacks', { today: null, change: 'loosens' }, 'today not in it → 6 on Starter'],
])('a limit is told as a step from today: %s', (_, more, want) => expect(stepWords(of(more), 'Starter')).toBe(want))

const design: LimitDesign = {
  feature: 'speakers',
  accounts: 20,
  unlimited_accounts: 0,
  segments: [],
  clusters: [],
  breaks: [],
  limits: [],
  top_unlimited: [],
  plans: [{ plan: 'starter', title: 'Starter plan', limit: 10, unlimited: false, accounts: 12, highest: false }],
  candidate: 10,
  candidate_plan: 'starter',
  suggestions: [of({}), of({ limit: 20, plan: 'pro' })],
}

test('it begins with what the address says, else with the limit of today, else with a suggestion', () => {
  expect(beginsWith(design, 7)).toBe(7)
  expect(beginsWith(design, undefined)).toBe(10)
  expect(beginsWith({ ...design, candidate: null }, undefined)).toBe(6)
  expect(beginsWith({ ...design, candidate: null, suggestions: null }, undefined)).toBeUndefined()
})

test('what was said of another plan is not said of this one', () => {
  expect(judgedFor(design, 20, '')?.plan).toBe('pro')
  expect(judgedFor(design, 20, 'pro')?.plan).toBe('pro')
  expect(judgedFor(design, 20, 'starter')).toBeUndefined()
})

test('plans have their titles, and those without one their key in words', () => {
  expect(planTitle(design, 'starter')).toBe('Starter plan')
  expect(planTitle(design, 'big_team')).toBe('Big team')
})

test('what is given away has its minus', () => {
  expect(revenueWords(of({ revenue: { amount: '-20.00', currency: 'USD', interval: 'month' } }))).toMatch(/^[−-]\$20\.00 a month$/)
  expect(revenueWords(of({}))).toBe('–')
})
