// The difference between two texts, line by line, as code review shows it.

export interface DiffLine {
  kind: 'same' | 'old' | 'new'
  text: string
  /** Line numbers from 1; absent where the line is not in that text. */
  old?: number
  new?: number
}

/** Above this many pairs of lines the middle is shown as replaced in whole: a page must not stand still. */
const most = 4_000_000

/** The shortest difference by longest common subsequence; old lines come before new ones. */
export function diff(before: string, after: string): DiffLine[] {
  const a = lines(before)
  const b = lines(after)
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++

  const out: DiffLine[] = []
  const same = (i: number, j: number) => out.push({ kind: 'same', text: a[i] ?? '', old: i + 1, new: j + 1 })
  const gone = (i: number) => out.push({ kind: 'old', text: a[i] ?? '', old: i + 1 })
  const come = (j: number) => out.push({ kind: 'new', text: b[j] ?? '', new: j + 1 })

  for (let i = 0; i < head; i++) same(i, i)
  const n = a.length - head - tail
  const m = b.length - head - tail
  if (n * m > most) {
    for (let i = 0; i < n; i++) gone(head + i)
    for (let j = 0; j < m; j++) come(head + j)
  } else {
    // common[i][j]: how many lines the rests from i and j have in common.
    const width = m + 1
    const common = new Uint32Array((n + 1) * width)
    const at = (i: number, j: number) => common[i * width + j] ?? 0
    for (let i = n - 1; i >= 0; i--) {
      for (let j = m - 1; j >= 0; j--) {
        common[i * width + j] = a[head + i] === b[head + j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
      }
    }
    let i = 0
    let j = 0
    while (i < n || j < m) {
      if (i < n && j < m && a[head + i] === b[head + j]) same(head + i++, head + j++)
      else if (i < n && (j === m || at(i + 1, j) >= at(i, j + 1))) gone(head + i++)
      else come(head + j++)
    }
  }
  for (let i = tail; i > 0; i--) same(a.length - i, b.length - i)
  return out
}

function lines(text: string): string[] {
  if (text === '') return []
  const all = text.split('\n')
  if (all.at(-1) === '') all.pop() // the end of the last line begins no other
  return all
}

/** The changed places with `around` same lines about them; each a list of lines that follow each other. */
export function hunks(all: DiffLine[], around = 3): DiffLine[][] {
  const out: DiffLine[][] = []
  let last = -1 // the last line that is in a hunk
  all.forEach((line, index) => {
    if (line.kind === 'same') return
    const from = Math.max(index - around, last + 1)
    const to = Math.min(index + around, all.length - 1)
    if (out.length === 0 || from > last + 1) out.push([])
    out.at(-1)?.push(...all.slice(from, to + 1))
    last = Math.max(last, to)
  })
  return out
}

/** How many lines come and go, in words. */
export function summary(all: DiffLine[]): string {
  const count = (kind: DiffLine['kind']) => all.filter((line) => line.kind === kind).length
  const plural = (n: number) => (n === 1 ? '1 line' : `${n} lines`)
  const come = count('new')
  const gone = count('old')
  if (come + gone === 0) return 'no line differs'
  return [come > 0 && `${plural(come)} added`, gone > 0 && `${plural(gone)} removed`].filter(Boolean).join(', ')
}
