import { describe, expect, test } from 'vitest'
import type { CatalogDefinitions } from '../api/types'
import { withEdits } from './draft'
import { currencyFor, featureEdits, missingIn, momentsFor, noIdea, offerEdits, signalOf, standingOf, whenWords, type FeatureIdea } from './worksheet'

const empty: CatalogDefinitions = { version: '' }
const some: CatalogDefinitions = {
  version: 'c-1',
  features: [{ key: 'speakers', title: 'Speakers', kind: 'metered', meter: 'speakers' }, { key: 'sso', title: 'SSO', kind: 'boolean' }],
  meters: [{ key: 'speakers' }],
  signals: [{ key: 'wants_sso', when: { gate: 'sso', times: 2, within: '7d' }, type: 'upsell' }],
}
const idea = (fields: Partial<FeatureIdea>): FeatureIdea => ({ ...noIdea, title: 'Speakers', ...fields })

describe('a feature of the worksheet becomes', () => {
  test.each<[string, Partial<FeatureIdea>, Record<string, unknown>]>([
    ['on or off', { benefit: 'Sell more', useCase: 'Run events' }, { 'features.speakers': { title: 'Speakers', benefit: 'Sell more', kind: 'boolean', use_cases: ['run_events'] } }],
    ['counted by event', { kind: 'metered', event: 'email.sent' }, { 'meters.speakers': { event: 'email.sent', aggregate: 'count' }, 'features.speakers': { title: 'Speakers', kind: 'metered', meter: 'speakers' } }],
    ['added up', { kind: 'metered', measure: 'sum', event: 'email.sent', property: 'n' }, { 'meters.speakers': { event: 'email.sent', aggregate: 'sum', property: 'n' }, 'features.speakers': { title: 'Speakers', kind: 'metered', meter: 'speakers' } }],
    ['a level', { kind: 'metered', measure: 'level', add: 'a', remove: 'b' }, { 'meters.speakers': { aggregate: 'level', add: 'a', remove: 'b' }, 'features.speakers': { title: 'Speakers', kind: 'metered', meter: 'speakers' } }],
    ['consumed', { kind: 'metered', measure: 'consume' }, { 'meters.speakers': { fed_by: 'consume' }, 'features.speakers': { title: 'Speakers', kind: 'metered', meter: 'speakers' } }],
    ['seats', { kind: 'seats', add: 'a', remove: 'b' }, { 'meters.speakers': { aggregate: 'level', add: 'a', remove: 'b' }, 'features.speakers': { title: 'Speakers', kind: 'seats', meter: 'speakers' } }],
    ['a value', { kind: 'value', values: 'email, phone' }, { 'features.speakers': { title: 'Speakers', kind: 'value', values: ['email', 'phone'] } }],
  ])('%s', (_, fields, want) => {
    expect(missingIn(idea(fields))).toEqual({})
    expect(Object.fromEntries(featureEdits(idea(fields), empty).map((edit) => [edit.path, edit.value]))).toEqual(want)
  })

  test('another one where its key is taken', () => {
    expect(featureEdits(idea({ kind: 'metered', measure: 'consume' }), some).map((edit) => edit.path)).toEqual(['meters.speakers_2', 'features.speakers_2'])
  })

  test.each<[string, Partial<FeatureIdea>, string[]]>([
    ['without a title', { title: ' ' }, ['title']],
    ['counted by no event', { kind: 'metered' }, ['event']],
    ['added up by nothing', { kind: 'metered', measure: 'sum', event: 'e' }, ['property']],
    ['a level that never falls', { kind: 'seats', add: 'a' }, ['remove']],
  ])('nothing when it is %s', (_, fields, want) => expect(Object.keys(missingIn(idea(fields)))).toEqual(want))
})

describe('an offer of the worksheet', () => {
  const offer = { place: 'editor', kind: 'contextual', title: 'More', body: '', action: '' }

  test('brings the signal it is made on', () => {
    const after = withEdits(some, offerEdits({ ...offer, gives: 'plan:pro', moment: 'limit:speakers' }, some))
    expect(after.signals?.at(-1)).toEqual({ key: 'speakers_nearly_full', when: { limit: 'speakers', reaches: '80%' }, type: 'upsell' })
    expect(after.offers).toEqual([{ key: 'pro_for_speakers_nearly_full', on: ['speakers_nearly_full'], give: { plan: 'pro' }, at: ['editor'], kind: 'contextual', content: { title: 'More' } }])
  })

  test('uses one that is there', () => {
    expect(offerEdits({ ...offer, gives: 'addon:stage', moment: 'signal:wants_sso' }, some).map((edit) => edit.path)).toEqual(['offers.stage_for_wants_sso'])
  })

  test('of an add-on is cross-sell', () => {
    expect(signalOf('gate:sso', 'cross_sell', some)).toEqual({ key: 'wants_sso_2', edits: [{ path: 'signals.wants_sso_2', value: { when: { gate: 'sso', times: 2, within: '7d' }, type: 'cross_sell' } }] })
  })

  test('may be shown at what is there and at what features suggest', () => {
    expect(momentsFor(some).map((moment) => moment.value)).toEqual(['signal:wants_sso', 'limit:speakers', 'gate:sso'])
  })
})

test('a moment is said in words', () => {
  expect(whenWords({ key: 'x', when: { limit: 'speakers', reaches: '80%' } }, some)).toBe('Speakers reaches 80% of its limit')
  expect(whenWords({ key: 'x', when: { event: 'summit.published', nth: 8 } }, some)).toBe('summit.published happens for the 8. time')
})

test.each([
  ['de-DE', 'EUR'],
  ['de', 'EUR'],
  ['de-CH', 'CHF'],
  ['en-GB', 'GBP'],
  ['en', 'USD'],
  ['pt-BR', 'BRL'],
  ['tlh', 'USD'],
  ['not a locale', 'USD'],
])('who reads %s begins with %s', (locale, want) => expect(currencyFor(locale)).toBe(want))

test('what a step has', () => {
  expect([standingOf('value', some), standingOf('plans', some), standingOf('moments', some)]).toEqual(['2 features', '', '1 moment'])
})
