import { describe, expect, test } from 'vitest'
import { diff, hunks, summary } from './diff'

const drawn = (before: string, after: string) => diff(before, after).map(({ kind, text }) => ({ same: ' ', old: '-', new: '+' })[kind] + text)

describe('a difference between texts', () => {
  test.each([
    ['nothing changed', 'a\nb\n', 'a\nb\n', [' a', ' b']],
    ['one line replaced', 'a\nb\nc\n', 'a\nx\nc\n', [' a', '-b', '+x', ' c']],
    ['a line added in the middle', 'a\nc\n', 'a\nb\nc\n', [' a', '+b', ' c']],
    ['a line removed at the end', 'a\nb\n', 'a\n', [' a', '-b']],
    ['from nothing', '', 'a\nb', ['+a', '+b']],
    ['to nothing', 'a\n', '', ['-a']],
    ['a missing last line break is no change', 'a\nb', 'a\nb\n', [' a', ' b']],
    ['repeated lines', 'a\na\nb\n', 'a\nb\nb\n', [' a', '-a', '+b', ' b']],
    ['two places', 'a\nb\nc\nd\n', 'x\nb\nc\ny\n', ['-a', '+x', ' b', ' c', '-d', '+y']],
  ])('%s', (_, before, after, want) => expect(drawn(before, after)).toEqual(want))

  test('gives back both texts', () => {
    // A small generator of our own, so that a failure can be repeated.
    let seed = 7
    const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n
    for (let round = 0; round < 300; round++) {
      const text = () => Array.from({ length: random(12) }, () => 'abc'[random(3)]).join('\n')
      const [before, after] = [text(), text()]
      const all = diff(before, after)
      const kept = (not: string) => all.filter((line) => line.kind !== not).map((line) => line.text)
      const split = (from: string) => (from === '' ? [] : from.split('\n'))
      expect(kept('new')).toEqual(split(before))
      expect(kept('old')).toEqual(split(after))
    }
  })

  test('numbers lines in each text', () => {
    expect(diff('a\nb\n', 'b\n')).toEqual([
      { kind: 'old', text: 'a', old: 1 },
      { kind: 'same', text: 'b', old: 2, new: 1 },
    ])
  })

  test('large texts are replaced in whole rather than compared for minutes', () => {
    const many = (word: string) => Array.from({ length: 3000 }, (_, i) => `${word} ${i}`).join('\n')
    expect(summary(diff(many('old'), many('new')))).toBe('3000 lines added, 3000 lines removed')
  })
})

describe('the changed places', () => {
  const text = (changed: number[]) => Array.from({ length: 30 }, (_, i) => (changed.includes(i) ? `changed ${i}` : `line ${i}`)).join('\n')
  const drawnHunks = (changed: number[]) => hunks(diff(text([]), text(changed)), 2).map((hunk) => [hunk[0]?.old, hunk.at(-1)?.old, hunk.length])

  test('have some lines about them', () => expect(drawnHunks([10])).toEqual([[9, 13, 6]]))
  test('that are near each other are one', () => expect(drawnHunks([10, 14])).toEqual([[9, 17, 11]]))
  test('that are far from each other are several', () => expect(drawnHunks([0, 20])).toHaveLength(2))
  test('are none where nothing changed', () => expect(drawnHunks([])).toEqual([]))
})

test('how much differs is said in words', () => {
  expect(summary(diff('a\nb\n', 'a\nx\ny\n'))).toBe('2 lines added, 1 line removed')
  expect(summary(diff('a', 'a'))).toBe('no line differs')
})
