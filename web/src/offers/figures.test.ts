import { describe, expect, it } from 'vitest'
import type { FunnelRow, MomentFunnel } from '../api/offers'
import { added, chosen, lostWords, offerSteps, spanOf, worstOf } from './funnel'
import { budgetEdit, budgetsOf, budgetWords, quietEdit, quietOf, wrongBudget } from './policy'
import { lengthWords, reminderWords, waitWords } from './words'

const row = (more: Partial<FunnelRow>): FunnelRow => ({ offer: 'x', title: 'X', shown: 0, seen: 0, clicked: 0, dismissed: 0, requested: 0, accepted: 0, undone: 0, holdout: 0, ...more })
const steps = (...counts: number[]) => counts.map((n, i) => ({ step: ['moment', 'offered', 'seen'][i] ?? '', words: '', count: n, lost: i === 0 ? 0 : (counts[i - 1] ?? 0) - n }))

describe('the funnel', () => {
  it('tells the drop-off in words', () => {
    const [moment, offered, seen] = steps(12, 9, 9)
    expect(moment && lostWords(moment)).toBe('')
    expect(offered && lostWords(offered)).toBe('3 of 12 lost here, 25%')
    expect(seen && lostWords(seen)).toBe('all 9 go on')
    expect(worstOf(steps(12, 9, 1))?.step).toBe('seen')
    expect(worstOf(steps(2, 2, 2))).toBeUndefined()
  })

  it('counts who went on without a word as having come this far', () => {
    expect(offerSteps(row({ shown: 5, seen: 0, clicked: 0, accepted: 2, undone: 1 })).map((each) => each.count)).toEqual([5, 2, 2, 2, 1])
  })

  it('is of an offer, a place, or all', () => {
    const moment = (placement: string, ...counts: number[]): MomentFunnel => ({ kind: 'limit', title: placement, placement, held_out: 1, missed: 0, steps: steps(...counts) })
    const funnel = { items: [row({ offer: 'x', shown: 4, holdout: 2 })], totals: row({}), moments: [moment('a', 4, 2, 1), moment('b', 3, 3, 3)], steps: steps(7, 5, 4) }
    expect(chosen(funnel, '', '').steps.map((each) => each.count)).toEqual([7, 5, 4])
    expect(chosen(funnel, '', 'a')).toMatchObject({ heldOut: 1, steps: [{ count: 4 }, { count: 2, lost: 2 }, { count: 1 }] })
    expect(chosen(funnel, 'x', '')).toMatchObject({ heldOut: 2, moments: [] })
    expect(chosen(funnel, 'unknown', '').steps).toEqual([])
    expect(added(funnel.moments, funnel.steps).map((each) => each.count)).toEqual([7, 5, 4])
  })

  it('ends with the day', () => {
    expect(spanOf('7d', '2026-03-01T09:00:00Z')).toEqual({ from: '2026-02-23T00:00:00Z', to: '2026-03-02T00:00:00Z' })
    expect(spanOf('', undefined)).toEqual({ from: '', to: '' })
  })
})

describe('the contact policy', () => {
  it('says each budget as a sentence, the usual one too', () => {
    expect(budgetsOf({ person: { any: '5 per 7d', email: '2 per 1d' }, account: { people: '1 per 14d' } }).map(budgetWords)).toEqual([
      'A person gets at most 5 contacts over all channels in 7 days.',
      'A person gets at most 1 interruption in 7 days.',
      'A person gets at most 2 emails in 1 day.',
      'An account gets at most 1 contact by people in 14 days.',
    ])
    expect(budgetsOf(undefined)).toEqual([{ scope: 'person', channel: 'interruption', atMost: 1, per: '7d', usual: true }])
  })

  it('makes edits of what is set and taken away', () => {
    expect(budgetEdit('family', 'email', '6', '30d')).toEqual({ path: 'contact.family.email', value: '6 per 30d' })
    expect(budgetEdit('family', 'email', '', '')).toEqual({ path: 'contact.family.email', remove: true })
    expect(wrongBudget('0', 'week')).toEqual({ atMost: 'A whole number from 1 to 100.', per: 'A number and a unit, such as 7d.' })
    expect(wrongBudget('3', '7d')).toEqual({})
  })

  it('has every quiet rule on until it is switched off', () => {
    expect(quietOf(undefined).every((rule) => rule.on)).toBe(true)
    const incident = quietOf({ quiet: { incident: '2d', under_using: false } })
    expect(incident[0]).toMatchObject({ on: true, holds: '2d' })
    expect(incident.find((rule) => rule.rule === 'under_using')?.on).toBe(false)
    const first = incident[0]
    if (!first) throw new Error('there is no rule')
    expect(quietEdit(first, false, '2d')).toEqual({ path: 'contact.quiet.incident', value: false })
    expect(quietEdit(first, true, '5d')).toEqual({ path: 'contact.quiet.incident', value: '5d' })
    expect(quietEdit(first, true, '1d')).toEqual({ path: 'contact.quiet.incident', value: true })
  })
})

describe('a request', () => {
  it('says how long it waits', () => {
    expect(waitWords({ at: '2026-03-01T00:00:00Z', status: 'open' }, '2026-03-04T05:00:00Z')).toBe('waits for 3 days')
    expect(waitWords({ at: '2026-03-01T00:00:00Z', status: 'declined', decided_at: '2026-03-01T01:30:00Z' }, '2026-03-04T05:00:00Z')).toBe('answered after 1 hour')
    expect(lengthWords(20)).toBe('less than a minute')
  })
  it('says what admins hear', () => {
    expect(reminderWords({ status: 'open', reminded: 1, remind_at: 'a', expires_at: 'b' }, (time) => time)).toBe('reminded once, again on a, expires on b')
    expect(reminderWords({ status: 'declined' }, (time) => time)).toBe('')
  })
})
