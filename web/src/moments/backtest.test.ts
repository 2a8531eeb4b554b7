import { describe, expect, test } from 'vitest'
import { barsOf, weekOf, worthWords } from './backtest'

const item = (times: string[]) => ({ account: 'a', fired: times.length, times, evidence: '', then: 'nothing' })
const after = { days: 30, accounts: 10, too_recent: 0, started: 1, expanded: 3, contracted: 0, churned: 0, nothing: 6, mrr: [], grew: '0.4', beside: { accounts: 5, grew: '0.1', contracted: '0', churned: '0' } }

describe('when a rule would have fired', () => {
  test('weeks begin on Monday in UTC', () => {
    expect(weekOf('2026-03-01T23:59:59Z')).toBe('2026-02-23') // a Sunday
    expect(weekOf('2026-03-02T00:00:00Z')).toBe('2026-03-02')
    expect(weekOf('1969-12-31T12:00:00Z')).toBe('1969-12-29')
  })

  test('is drawn by week, the empty ones between too, where every firing is listed', () => {
    const rule = { fired: 3, months: [], items: [item(['2026-03-02T10:00:00Z', '2026-03-18T10:00:00Z']), item(['2026-03-03T10:00:00Z'])] }
    expect(barsOf(rule)).toEqual({ by: 'week', bars: [{ from: '2026-03-02', fired: 2 }, { from: '2026-03-09', fired: 0 }, { from: '2026-03-16', fired: 1 }] })
  })

  test('is drawn by month where it is not, and where the weeks are too many', () => {
    const months = [{ month: '2026-03', fired: 30, accounts: 1 }]
    expect(barsOf({ fired: 30, months, items: [item(['2026-03-02T10:00:00Z'])] })).toEqual({ by: 'month', bars: [{ from: '2026-03-01', fired: 30 }] })
    expect(barsOf({ fired: 2, months, items: [item(['2020-03-02T10:00:00Z', '2026-03-02T10:00:00Z'])] }).by).toBe('month')
    expect(barsOf({ fired: 0, months: [], items: [] })).toEqual({ by: 'month', bars: [] })
  })
})

describe('what a rule is worth', () => {
  test('is said against accounts that it did not fire for', () => {
    expect(worthWords(after)).toBe('Within 30 days 40% of 10 accounts grew; of accounts that it did not fire for, 10% (4 times as many).')
    expect(worthWords({ ...after, accounts: 0, grew: '' })).toContain('Nobody was followed')
    expect(worthWords({ ...after, beside: { ...after.beside, grew: '' } })).toContain('no others to compare')
  })
})
