// Where the mistake in a condition stands: the server says line and column of the catalog's
// text, the form shows it in the condition.

import type { Finding } from '../api/types'

/** The place in a condition's own text that a finding is about, from 0; undefined when it is in another. */
export function placeIn(condition: string, key: 'rule' | 'and', finding: Pick<Finding, 'path' | 'line' | 'column'>, text: string): number | undefined {
  if (!finding.path.endsWith(`.${key}`)) return undefined
  const line = text.split('\n')[finding.line - 1] ?? ''
  // With several definitions in one line the last one that begins before the place is meant.
  const starts = [...line.matchAll(new RegExp(`\\b${key}:\\s*["']?`, 'g'))].map((match) => match.index + match[0].length).filter((start) => start <= finding.column - 1)
  const start = starts.at(-1)
  if (start === undefined) return undefined
  const leading = condition.length - condition.trimStart().length
  return Math.min(condition.length, finding.column - 1 - start + leading)
}

/** Line and column of a place in a text, from 1, as people count. */
export function lineAndColumn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

/** One definition as it stands in the catalog's text. */
export function blockOf(text: string, section: string, key: string): string {
  const lines = text.split('\n')
  const begin = lines.findIndex((line) => new RegExp(`^${section}:`).test(line))
  if (begin < 0) return ''
  const indent = (line: string) => line.length - line.trimStart().length
  const named = (line: string) => {
    const words = line.trimStart()
    return words.startsWith(`${key}:`) || words.startsWith(`"${key}":`) || words.startsWith(`'${key}':`)
  }
  for (let at = begin + 1; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line.trim() !== '' && indent(line) === 0 && !line.startsWith('#')) return '' // the next section
    if (!named(line)) continue
    const depth = indent(line)
    let end = at + 1
    while (end < lines.length && ((lines[end] ?? '').trim() === '' || indent(lines[end] ?? '') > depth)) end++
    return lines
      .slice(at, end)
      .map((each) => each.slice(depth))
      .join('\n')
      .trimEnd()
  }
  return ''
}
