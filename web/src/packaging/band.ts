// Accounts whose price left the band of what they gain: in which order, and in what words.

import type { ValueLedgerLine } from '../api/types'

const order = ['below', 'unused', 'above']

/** Where the price lies, as a person says it. */
export function bandWords(line: ValueLedgerLine): string {
  switch (line.state) {
    case 'below':
      return 'pays too little'
    case 'above':
      return 'pays too much'
    case 'unused':
      return 'gained nothing'
    default:
      return 'within the band'
  }
}

/** Who pays too little first, the least of their gain before all; then who gained nothing; then who pays too much. */
export function underpricedFirst(lines: ValueLedgerLine[]): ValueLedgerLine[] {
  const rank = (line: ValueLedgerLine) => (order.indexOf(line.state ?? '') + order.length + 1) % (order.length + 1)
  const share = (line: ValueLedgerLine) => Number(line.share ?? 0)
  return lines.toSorted((a, b) => {
    if (rank(a) !== rank(b)) return rank(a) - rank(b)
    if (a.state === 'unused') return Number(b.price.amount) - Number(a.price.amount)
    return a.state === 'above' ? share(b) - share(a) : share(a) - share(b)
  })
}
