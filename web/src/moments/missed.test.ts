import { describe, expect, test } from 'vitest'
import { certainty, intervalWords, liftWords, ruleOfAction } from './lift'
import { boundsOf, lineKey, mendOf } from './missed'
import { nextOfExpected, nextOfFeature, nextOfUnknown, whyNever } from './next'
import { stateEdits } from './stateEdits'

describe('missed moments', () => {
  test('a span ends with today and begins on a whole day', () => {
    expect(boundsOf('30', '2026-03-31T15:04:05Z')).toEqual({ from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z' })
    expect(boundsOf('', '2026-03-31T15:04:05Z').from).toBe('2025-12-31T00:00:00Z')
    expect(boundsOf('all', '2026-03-31T15:04:05Z').from).toBe('')
    expect(boundsOf('nonsense', '2026-03-31T15:04:05Z').from).toBe('')
  })

  test('a line is named by what it is about and where', () => {
    expect(lineKey({ kind: 'limit', feature: 'emails', placement: 'emails.send' })).toBe('limit@emails@emails.send')
    expect(lineKey({ kind: 'milestone', milestone: 'first' })).toBe('milestone@first@')
  })

  test('no offer at a placement is mended by one that begins with the placement', () => {
    expect(mendOf('no_offer', { kind: 'limit', feature: 'emails', placement: 'emails.send' })).toEqual({ words: 'Write an offer for emails.send', href: '/offers?open=new&at=emails.send' })
    expect(mendOf('holdout', { kind: 'limit' })).toBeUndefined()
  })

  test('what the product must do is a call for developers, and the largest reason leads to its accounts', () => {
    expect(mendOf('not_asked', { kind: 'limit', placement: 'x' })).toMatchObject({ words: 'For developers', call: expect.stringContaining('"placement": "x"') })
    expect(mendOf('not_activated', { kind: 'limit' })).toMatchObject({ href: '/offers/contact', accounts: true })
  })

  test('the one offer or rule that is meant is linked; of several, their list', () => {
    const catalog = { version: '', offers: [{ key: 'more_seats', at: ['team'] }, { key: 'other', at: 'home' }], signals: [{ key: 'hosts_full', when: { limit: 'hosts', reaches: '100%' } }] }
    const item = { kind: 'limit', feature: 'hosts', placement: 'team' }
    expect(mendOf('at_most', item, catalog)).toEqual({ words: 'Open the offer “More seats”', href: '/offers/edit/more_seats' })
    expect(mendOf('not_yet', item, catalog)?.href).toBe('/moments/rules/hosts_full')
    expect(mendOf('at_most', item, { version: '', offers: [{ key: 'a', at: 'team' }, { key: 'b', at: 'team' }] })?.href).toBe('/offers?at=team')
  })
})

describe('gaps in coverage', () => {
  test('each says what to do next', () => {
    expect(nextOfExpected({ type: 'a', status: 'never', events: 0, for: [] }).words).toContain('Send a from the product')
    expect(nextOfExpected({ type: 'a', status: 'received', events: 1, for: [] }).words).toBe('Nothing: it comes in')
    expect(nextOfUnknown({ type: 'a b', events: 1 }).href).toContain('/moments/new?when=%7B%22first%22%3A%22a+b%22%7D')
    expect(nextOfUnknown({ type: 'emial.sent', events: 1, meant: 'email.sent' })).toEqual({ words: 'Is email.sent meant? Then send it under that name' })
    const catalog = { version: '', features: [{ key: 'emails', kind: 'metered' }, { key: 'films', kind: 'boolean' }] }
    expect(decodeURIComponent(nextOfFeature({ feature: 'emails', title: '', offer: false }, catalog).href ?? '')).toContain('{"limit":"emails"')
    expect(decodeURIComponent(nextOfFeature({ feature: 'films', title: '', offer: false }, catalog).href ?? '')).toContain('{"gate":"films"')
  })
})

describe('a rule that never fired', () => {
  test('says what came in, and what it waits for', () => {
    const covered = { at: '', expected: [{ type: 'summit.published', status: 'received' as const, events: 12, for: ['signals.eighth'] }], unknown: null, others: 0, features: null, never_fired: null, overdue: null, notes: null }
    const rule = { key: 'eighth', title: '', state: '' }
    const catalog = { version: '', signals: [{ key: 'eighth', when: { event: 'summit.published', nth: 8 } }] }
    expect(whyNever(rule, covered, catalog)).toBe('Summit published came in 12 times in 90 days. No account has come so far that Summit published happens for the 8th time.')
    expect(whyNever({ ...rule, why: 'no x came in' }, covered, catalog)).toBe('No x came in.')
  })
})

describe('a hypothesis', () => {
  test('goes to its next state with its evidence, in edits of the draft', () => {
    const rule = { key: 'k', evidence: 'Old' }
    expect(stateEdits(rule, { state: 'validated', evidence: 'It held', review: '2027-01-01' })).toEqual([
      { path: 'signals.k.state', value: 'validated' },
      { path: 'signals.k.evidence', value: 'It held' },
      { path: 'signals.k.review', value: '2027-01-01' },
    ])
    expect(stateEdits(rule, { state: 'testing', evidence: '', review: '' })).toEqual([{ path: 'signals.k.evidence', remove: true }])
  })
})

describe('a lift', () => {
  test('is said with its interval, and what the interval says', () => {
    expect(liftWords({ lift: '2.41', interval: ['1.2', '4.8'], too_little: false })).toBe('2.41× (1.2 to 4.8)')
    expect(liftWords({ lift: '', interval: [], too_little: true })).toBe('Too little to say')
    expect(intervalWords(['', ''])).toBe('')
    expect(certainty({ lift: '2', interval: ['1.2', '4'] })).toBe('more often than others')
    expect(certainty({ lift: '2', interval: ['0.8', '4'] })).toContain('chance')
    expect(certainty({ lift: '0.5', interval: ['0.2', '0.9'] })).toBe('less often than others')
  })

  test('an action becomes a rule, a signal is one already', () => {
    expect(ruleOfAction({ kind: 'event', name: 'a' })).toEqual({ first: 'a' })
    expect(ruleOfAction({ kind: 'gate', name: 'f' })).toEqual({ gate: 'f' })
    expect(ruleOfAction({ kind: 'signal', name: 's' })).toBeUndefined()
  })
})
