import { expect, test } from 'vitest'
import { behind, kindsAt, partAt, parts, person } from './tabs'

test.each(parts.map(({ key }) => key))('the part “%s” is found by its name', (key) => expect(partAt(key).key).toBe(key))
test('an address of a part that is not there shows the first', () => expect(partAt('nonsense')).toBe(parts[0]))
test('and of kinds that are not there everything', () => expect(kindsAt('nonsense').kinds).toBe(''))

test.each([
  ['decision', 'dec_1', '/offers/decisions/dec_1'],
  ['outcome', 'dec/1', '/offers/decisions/dec%2F1'],
  ['decision', undefined, ''],
  ['signal', 's', ''],
])('behind a line of %s %s', (kind, id, want) => expect(behind(kind, id)).toBe(want))

test('pseudonyms are shortened, names are not', () => {
  expect(person('pabcdefghijklmnopqrst')).toBe('pabcdefghijk…')
  expect(person('Ada')).toBe('Ada')
  expect(person(undefined)).toBe('')
})
