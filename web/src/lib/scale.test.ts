import { describe, expect, test } from 'vitest'
import { roundLimit, scaleTo, stepped, ticks } from './scale'

describe('an axis', () => {
  test('is even where values are near each other', () => {
    const scale = scaleTo(100, 20)
    expect([scale.logarithmic, scale.at(0), scale.at(25), scale.at(100), scale.at(500)]).toEqual([false, 0, 0.25, 1, 1])
  })

  test('gives every tenfold the same room where they are not', () => {
    const scale = scaleTo(100_000, 20)
    expect(scale.logarithmic).toBe(true)
    expect(scale.at(0)).toBe(0)
    expect(scale.at(100_000)).toBe(1)
    expect(scale.at(10_000) - scale.at(1_000)).toBeCloseTo(scale.at(100_000) - scale.at(10_000), 3)
  })

  test.each([[100, 20], [100_000, 20], [0, 0], [0.5, 0.1]])('to %d finds the value at a place', (most, middle) => {
    const scale = scaleTo(most, middle)
    for (const at of [0, 0.1, 0.5, 0.99, 1]) expect(scale.at(scale.value(at))).toBeCloseTo(at, 9)
  })

  test.each<[number, number, number[]]>([
    [100, 20, [0, 20, 40, 60, 80, 100]],
    [7, 3, [0, 2, 4, 6]],
    [1, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0, 0, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [100_000, 20, [0, 10, 1000, 100_000]],
  ])('to %d marks round values', (most, middle, want) => expect(ticks(scaleTo(most, middle), most)).toEqual(want))
})

test.each([
  [0.4, 0],
  [7.4, 7],
  [43.6, 44],
  [1234, 1200],
  [98_765, 99_000],
])('near %d a round limit is %d', (value, want) => expect(roundLimit(value)).toBe(want))

test.each([
  [9, 1, 10],
  [10, 1, 11],
  [99, 1, 100],
  [100, 1, 110],
  [100, -1, 99],
  [110, -1, 100],
  [105, 1, 110],
  [105, -1, 100],
  [1000, -1, 990],
  [0, -1, 0],
  [0, 1, 1],
  [1000, 10, 2000],
])('from %d, %d steps lead to %d', (value, steps, want) => expect(stepped(value, steps)).toBe(want))
