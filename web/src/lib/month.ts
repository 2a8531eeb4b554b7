// Months are "2026-11" and mean the month in UTC, as in the ledger.

const shape = /^\d{4}-(0[1-9]|1[0-2])$/

export type Month = string

export function isMonth(text: string | null | undefined): text is Month {
  return typeof text === 'string' && shape.test(text)
}

/** The month in which an RFC 3339 time falls. */
export function monthOf(time: string): Month {
  return new Date(time).toISOString().slice(0, 7)
}

/** The month n months later (earlier when negative). */
export function shift(month: Month, n: number): Month {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1 + n
  return `${String(Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`
}

/** The months from one to the other, both included; none when to is earlier. */
export function monthsBetween(from: Month, to: Month): Month[] {
  const months: Month[] = []
  for (let month = from; month <= to; month = shift(month, 1)) months.push(month)
  return months
}

/** The first instant of the month, RFC 3339. */
export function startOf(month: Month): string {
  return `${month}-01T00:00:00Z`
}
