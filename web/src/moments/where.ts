// The filters of a rule's events as a person writes them, one a line: "page is pricing, plans",
// "rows at least 100", "country is not de". What reads otherwise than it is stands in quotes.

type Literal = string | number | boolean

/** Comparisons by their key in the catalog, in words; the longest words first, as "is not" begins with "is". */
const comparisons: [key: string, words: string][] = [
  ['not', 'is not'],
  ['at_least', 'at least'],
  ['at_most', 'at most'],
  ['above', 'above'],
  ['below', 'below'],
  ['is', 'is'],
]

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

const number = /^-?\d+(\.\d+)?$/

function literalText(value: unknown): string {
  if (typeof value !== 'string') return String(value)
  const plain = value !== '' && value === value.trim() && !number.test(value) && value !== 'true' && value !== 'false' && !/[",\n]/.test(value) && !/ and | where /.test(value)
  return plain ? value : JSON.stringify(value)
}

function literalOf(text: string): Literal {
  if (text.startsWith('"')) {
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'string') return value
    } catch {
      // An open quote is a text as any other.
    }
  }
  if (text === 'true' || text === 'false') return text === 'true'
  return number.test(text) ? Number(text) : text
}

/** The parts between separators that stand outside quotes. */
function split(text: string, separator: RegExp): string[] {
  const parts: string[] = []
  let from = 0
  const tokens = new RegExp(`"(?:[^"\\\\]|\\\\.)*"|${separator.source}`, 'g')
  for (const match of text.matchAll(tokens)) {
    if (match[0].startsWith('"')) continue
    parts.push(text.slice(from, match.index))
    from = match.index + match[0].length
  }
  parts.push(text.slice(from))
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

/** Filters as lines. */
export function whereText(where: unknown): string {
  if (!isMap(where)) return ''
  return Object.entries(where)
    .flatMap(([property, test]) => {
      const tests = isMap(test) ? Object.entries(test) : [['is', test] as [string, unknown]]
      return tests.map(([key, value]) => {
        const words = comparisons.find(([each]) => each === key)?.[1] ?? key
        return `${property} ${words} ${(Array.isArray(value) ? value : [value]).map(literalText).join(', ')}`
      })
    })
    .join('\n')
}

/** Lines as filters, or which line cannot be read. */
export function whereOf(text: string): { where?: Record<string, unknown>; wrong?: string } {
  const where: Record<string, unknown> = {}
  for (const line of text.split('\n').map((each) => each.trim()).filter(Boolean)) {
    const found = comparisons.map(([key, words]) => ({ key, at: line.indexOf(` ${words} `), length: words.length + 2 })).filter(({ at }) => at > 0)
    const first = found.toSorted((a, b) => a.at - b.at || b.length - a.length)[0]
    if (!first) return { wrong: `“${line}” is no filter: write a property, “is”, “is not”, “at least”, “at most”, “above” or “below”, and a value.` }
    const property = line.slice(0, first.at).trim()
    const values = split(line.slice(first.at + first.length), /,/).map(literalOf)
    if (values.length === 0) return { wrong: `“${line}” compares with nothing.` }
    const ordered = first.key !== 'is' && first.key !== 'not'
    if (ordered && (values.length > 1 || typeof values[0] !== 'number')) return { wrong: `“${line}” needs one number.` }
    const value = values.length === 1 ? values[0] : values
    const before = where[property]
    if (first.key === 'is') {
      if (before !== undefined) return { wrong: `${property} has two lines that say what it is: write the values in one, with commas.` }
      where[property] = value
    } else {
      if (before !== undefined && !isMap(before)) return { wrong: `${property} cannot be a value and be compared as well.` }
      where[property] = { ...(before as object | undefined), [first.key]: value }
    }
  }
  return Object.keys(where).length > 0 ? { where } : {}
}

/** Steps of a sequence as lines. */
export function stepsText(steps: unknown): string {
  if (!Array.isArray(steps)) return ''
  return steps
    .map((step: unknown) => {
      if (!isMap(step)) return String(step)
      const filters = whereText(step['where']).replaceAll('\n', ' and ')
      return filters ? `${String(step['event'])} where ${filters}` : `${String(step['event'])} where`
    })
    .join('\n')
}

/** Lines as steps, or which line cannot be read. */
export function stepsOf(text: string): { steps: unknown[]; wrong?: string } {
  const steps: unknown[] = []
  for (const line of text.split('\n').map((each) => each.trim()).filter(Boolean)) {
    const [event = '', ...rest] = line.split(/ where(?: |$)/)
    if (rest.length === 0) {
      steps.push(event)
      continue
    }
    const { where, wrong } = whereOf(split(rest.join(' where '), / and /).join('\n'))
    if (wrong) return { steps, wrong }
    steps.push(where ? { event, where } : { event })
  }
  return { steps }
}
