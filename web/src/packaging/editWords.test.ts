import { describe, expect, test } from 'vitest'
import type { CatalogDefinitions } from '../api/types'
import type { Edit } from './draft'
import { editWords, said } from './editWords'

const catalog: CatalogDefinitions = {
  version: 'c-1',
  currency: 'EUR',
  features: [{ key: 'speakers', title: 'Speakers', kind: 'metered' }, { key: 'sso', title: 'Single sign-on', kind: 'boolean' }],
  plans: [{ key: 'pro', title: 'Pro', price: { month: { EUR: '10', USD: '12' } }, entitlements: { speakers: 10 }, eligible: 'account.mrr > 0' }],
  addons: [{ key: 'stage', title: 'Sponsor stage' }, { key: 'talks', title: 'Talks' }],
}

describe('an edit is said', () => {
  test.each<[string, Edit, string]>([
    ['a limit', { path: 'plans.pro.entitlements.speakers', value: { limit: 12, per: 'month' } }, 'Speakers in Pro: 12 a month, was 10'],
    ['what was not given', { path: 'plans.pro.entitlements.sso', value: true }, 'Single sign-on in Pro: Included, was Not included'],
    ['what is taken', { path: 'plans.pro.entitlements.speakers', remove: true }, 'Speakers in Pro: Not included, was 10'],
    ['prices in two currencies', { path: 'plans.pro.price.month', value: { EUR: '14', USD: '16' } }, 'Price of Pro a month: €14 or $16, was €10 or $12'],
    ['a price that was not there', { path: 'plans.pro.price.year', value: '140' }, 'Price of Pro a year: €140'],
    ['a field', { path: 'plans.pro.title', value: 'Team' }, 'Title of Team: Team, was Pro'],
    ['a field that goes', { path: 'plans.pro.eligible', remove: true }, 'Eligible of Pro is left out, was account.mrr > 0'],
    ['a new version', { path: 'plans.pro.version', value: 2 }, 'Pro gets a new version, 2: only for those who buy from now on'],
    ['what an earlier version keeps', { path: 'plans.pro.earlier.1', value: { price: { month: '10' } } }, 'Who has Pro now keeps it as version 1'],
    ['a new plan', { path: 'plans.team', value: { title: 'Team', price: { month: '49' }, entitlements: { speakers: 40 } } }, 'New plan Team: €49 a month, Speakers: 40'],
    ['a new bundle', { path: 'bundles.all', value: { title: 'All', includes: { stage: 2, talks: 1 }, discount: '10%', needs: ['pro'] } }, 'New bundle All: of 2 × Sponsor stage, Talks, 10% off its parts, needs Pro'],
    ['what is removed', { path: 'addons.stage', remove: true }, 'The add-on Sponsor stage is removed'],
    ['a new moment', { path: 'signals.full', value: { when: { limit: 'speakers', reaches: '80%' } } }, 'New moment Full: when Speakers reaches 80% of its limit'],
    ['the currency', { path: 'currency', value: 'USD' }, 'Currency: USD, was EUR'],
  ])('%s', (_, edit, want) => expect(editWords(edit, catalog, [edit])).toBe(want))
})

test('values have no brackets', () => {
  expect([said({ percent: '10%', for: '7d' }), said(['a', 'b']), said(true), said([])]).toEqual(['percent 10%; for 7d', 'a, b', 'yes', 'nothing'])
})
