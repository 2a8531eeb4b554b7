import { expect, test } from 'vitest'
import { readable } from './message'

test.each([
  ['no value', 'Keep every talk', 'Keep every talk'],
  ['a value', 'Room for {limit_next} speakers', 'Room for … speakers'],
  ['a formatted value', 'Pro lets {limit_next, number} people in', 'Pro lets … people in'],
  ['a plural', '{remaining, plural, =0 {Your doors are closed} one {One seat is left} other {# seats are left}}', '… seats are left'],
  ['a plural amid words', 'You have {n, plural, one {# seat} other {# of {limit} seats}} left', 'You have … of … seats left'],
  ['a choice', '{role, select, admin {Buy} other {Ask}} now', 'Ask now'],
  ['a brace that nothing closes', 'Room for {limit', 'Room for …'],
])('%s', (_, text, want) => expect(readable(text)).toBe(want))
