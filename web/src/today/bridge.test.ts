import { expect, test } from 'vitest'
import { bridge, gained, lost, steps } from './bridge'

const november = {
  period: '2026-11',
  start: '1000.00',
  new: '49.00',
  expansion: '100.00',
  contraction: '20.00',
  churn: '49.00',
  reactivation: '0.00',
  end: '1080.00',
}

test('movements are told with the sign of what they do to MRR', () => {
  expect(steps(november).map(({ key, amount }) => [key, amount])).toEqual([
    ['new', '49.00'],
    ['expansion', '100.00'],
    ['reactivation', '0.00'],
    ['contraction', '-20.00'],
    ['churn', '-49.00'],
  ])
  expect([gained(november), lost(november)]).toEqual(['149.00', '69.00'])
})

test('each bar of a bridge begins where the one before ended', () => {
  const { bars, zero } = bridge(['60', '40', '-50'])
  expect(zero).toBe(0)
  expect(bars).toEqual([
    { from: 0, size: 0.6 },
    { from: 0.6, size: 0.4 },
    { from: 0.5, size: 0.5 },
  ])
})

test('a month that only lost goes left of where it began', () => {
  const { bars, zero } = bridge(['0', '-30', '-10'])
  expect(zero).toBe(1)
  expect(bars[2]).toEqual({ from: 0, size: 0.25 })
})

test('a month without movements has no width to divide by', () => {
  expect(bridge(['0', '0'])).toEqual({ bars: [{ from: 0, size: 0 }, { from: 0, size: 0 }], zero: 0 })
})
