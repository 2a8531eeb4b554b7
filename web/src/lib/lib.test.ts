import { describe, expect, test } from 'vitest'
import { csv } from './csv'
import { add, magnitude, negate, ratio, sign, subtract } from './decimal'
import { change, money, monthName, percent, relative, share, term, words, sentence } from './format'
import { isMonth, monthOf, monthsBetween, shift, startOf } from './month'

describe('decimal sums are exact', () => {
  test.each([
    ['tenths that floats get wrong', ['0.1', '0.2'], '0.3'],
    ['different numbers of decimals', ['149', '0.50', '-12.125'], '137.375'],
    ['down through zero', ['10.00', '-10.01'], '-0.01'],
    ['beyond what a float holds', ['9007199254740993.01', '0.01'], '9007199254740993.02'],
    ['nothing', [], '0'],
    ['without a leading zero', ['.5', '.25'], '0.75'],
  ])('%s', (_, parts, want) => expect(add(...parts)).toBe(want))

  test('a difference, a size and a sign', () => {
    expect(subtract('48230.00', '47000.50')).toBe('1229.50')
    expect(magnitude('-3.20')).toBe('3.20')
    expect(negate('0.00')).toBe('0.00')
    expect([sign('-0.01'), sign('0.00'), sign('7')]).toEqual([-1, 0, 1])
  })

  test('a share of nothing is none', () => {
    expect(ratio('1230', '47000')).toBe('0.0261')
    expect(ratio('-5', '0.00')).toBeNull()
  })

  test('what is no number is refused', () => {
    for (const text of ['', '.', '1e5', 'NaN', '1,000', '--1']) expect(() => add(text)).toThrow('not a decimal')
  })
})

describe('months', () => {
  test.each([
    ['over the end of a year', '2026-11', 2, '2027-01'],
    ['back over its start', '2026-01', -1, '2025-12'],
    ['a year back', '2026-11', -12, '2025-11'],
    ['nowhere', '2026-12', 0, '2026-12'],
  ])('%s', (_, month, n, want) => expect(shift(month, n)).toBe(want))

  test('are taken in UTC, whatever zone the time is written in', () => {
    expect(monthOf('2026-11-30T23:30:00-05:00')).toBe('2026-12')
    expect(monthOf('2026-12-01T00:30:00+02:00')).toBe('2026-11')
  })

  test('lie between two months, both included', () => {
    expect(monthsBetween('2025-11', '2026-02')).toEqual(['2025-11', '2025-12', '2026-01', '2026-02'])
    expect(monthsBetween('2026-02', '2026-01')).toEqual([])
  })

  test('in an address are checked', () => {
    expect(['2026-11', '2026-13', '2026-00', '26-11', '2026-1', null].map(isMonth)).toEqual([true, false, false, false, false, false])
    expect(startOf('2026-11')).toBe('2026-11-01T00:00:00Z')
  })
})

describe('values for people', () => {
  test('money keeps its decimals in a column and drops round ones in a headline', () => {
    expect(money('48230.00', 'USD', {}, 'en-US')).toBe('$48,230.00')
    expect(money('48230.00', 'USD', { short: true }, 'en-US')).toBe('$48,230')
    expect(money('48230.50', 'USD', { short: true }, 'en-US')).toBe('$48,230.50')
    expect(money('5000', 'JPY', {}, 'en-US')).toBe('¥5,000')
    expect(money('1234.50', 'EUR', {}, 'de-DE')).toBe('1.234,50\u00a0€')
  })

  test('a sign is said both ways', () => {
    expect(money('100.00', 'USD', { signed: true }, 'en-US')).toBe('+$100.00')
    expect(money('-100.00', 'USD', { signed: true }, 'en-US')).toBe('\u2212$100.00')
    expect(money('0.00', 'USD', { signed: true }, 'en-US')).toBe('$0.00')
    expect(percent('-0.0261', { signed: true }, 'en-US')).toBe('\u22122.6%')
  })

  test('money is not rounded through a float', () => {
    expect(money('90071992547409931.23', 'USD', {}, 'en-US')).toBe('$90,071,992,547,409,931.23')
  })

  test('a change is told in words', () => {
    expect(change('1230.00', 'USD', 'en-US')).toBe('up $1,230')
    expect(change('-0.50', 'USD', 'en-US')).toBe('down $0.50')
    expect(change('0.00', 'USD', 'en-US')).toBe('unchanged')
  })

  test('rates and shares', () => {
    expect(percent('1.0432', {}, 'en-US')).toBe('104.3%')
    expect(share(9, 120, 'en-US')).toBe('8%')
    expect(share(0, 0, 'en-US')).toBe('–')
  })

  test.each([
    ['2026-11-21T11:59:30Z', 'just now'],
    ['2026-11-21T11:55:00Z', '5 minutes ago'],
    ['2026-11-21T09:00:00Z', '3 hours ago'],
    ['2026-11-20T10:00:00Z', 'yesterday'],
    ['2026-11-30T12:00:00Z', 'in 9 days'],
    ['2026-11-26T12:00:00Z', 'in 5 days'],
  ])('%s is %s by the clock of the server', (time, want) => expect(relative(time, '2026-11-21T12:00:00Z', 'en-US')).toBe(want))

  test('names', () => {
    expect(monthName('2026-11', 'long', 'en-US')).toBe('November 2026')
    expect(words('speakers_nearly_full')).toBe('Speakers nearly full')
    expect([term('cross_sell'), term('self_service'), term('upsell')]).toEqual(['Cross-sell', 'Self-service', 'Upsell'])
  })
})

describe('CSV', () => {
  test('quotes what needs it', () => {
    expect(csv(['account', 'mrr'], [['Smith, "Jo"', '149.00'], ['two\nlines', null]])).toBe(
      'account,mrr\r\n"Smith, ""Jo""",149.00\r\n"two\nlines",\r\n',
    )
  })

  test('runs no formula in a spreadsheet and keeps negative amounts', () => {
    expect(csv(['a', 'b'], [['=HYPERLINK("x")', '-12.50']])).toBe('a,b\r\n"\'=HYPERLINK(""x"")",-12.50\r\n')
  })
})

test('words of the server are a sentence of their own', () => {
  expect([sentence('the trial is over'), sentence('Try again.'), sentence(' wait: really? '), sentence('')]).toEqual(['The trial is over.', 'Try again.', 'Wait: really?', ''])
})
