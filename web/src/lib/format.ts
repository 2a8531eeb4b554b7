// How values are written for people: in the reader's locale, with currency and unit, the
// sign as a sign.

import { sign } from './decimal'
import { startOf, type Month } from './month'

/** The reader's locale; a parameter everywhere so that tests can choose one. */
const reader: string | undefined = typeof navigator === 'undefined' ? undefined : navigator.language

// The console speaks English, so dates and spans in words do too; numbers follow the reader.
const english = reader?.startsWith('en') ? reader : 'en-GB'

// Intl writes a hyphen in most locales; a minus is as wide as a plus, so columns align.
const minus = (text: string) => text.replace(/^-/, '\u2212')

// Intl takes decimal strings of any length exactly; its type asks for a literal.
const exact = (value: string) => value as Intl.StringNumericLiteral

export interface MoneyStyle {
  /** Say + as well as −. */
  signed?: boolean
  /** Leave out the decimals of a round amount, where nothing stands above to align with. */
  short?: boolean
}

export function money(value: string, currency: string, style: MoneyStyle = {}, locale = reader): string {
  return minus(
    new Intl.NumberFormat(locale, {
      style: 'currency',
      currency,
      signDisplay: style.signed ? 'exceptZero' : 'auto',
      ...(style.short ? { trailingZeroDisplay: 'stripIfInteger' as const } : {}),
    }).format(exact(value)),
  )
}

/** A rate such as "1.0432" as 104.3%. */
export function percent(rate: string, { signed = false, digits = 1 } = {}, locale = reader): string {
  return minus(
    new Intl.NumberFormat(locale, {
      style: 'percent',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      signDisplay: signed ? 'exceptZero' : 'auto',
    }).format(exact(rate)),
  )
}

export function count(value: number, locale = reader): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 6 }).format(value)
}

/** part of whole as a percentage without decimals; a dash where there is no whole. */
export function share(part: number, whole: number, locale = reader): string {
  if (whole <= 0) return '–'
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(part / whole)
}

export function monthName(month: Month, style: 'long' | 'short' | 'narrow' = 'long', locale = english): string {
  return new Intl.DateTimeFormat(locale, {
    month: style,
    ...(style === 'long' ? { year: 'numeric' as const } : {}),
    timeZone: 'UTC',
  }).format(new Date(startOf(month)))
}

export function day(time: string, locale = english): string {
  return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', timeZone: 'UTC' }).format(new Date(time))
}

/** A day with its year: "3 March 2026". */
export function dayOf(time: string, locale = english): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(time))
}

/** A point in time in full, in UTC as the ledger counts. */
export function moment(time: string, locale = english): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(new Date(time)) + ' UTC'
}

// From how many seconds on a unit is used, and its length. Weeks are left out: "in 9 days"
// says more than "next week".
const steps: [Intl.RelativeTimeFormatUnit, number, number][] = [
  ['year', 2 * 365 * 86_400, 365 * 86_400],
  ['month', 60 * 86_400, 30 * 86_400],
  ['day', 86_400, 86_400],
  ['hour', 3_600, 3_600],
  ['minute', 60, 60],
]

/** How far time is from now: "3 hours ago", "in 9 days", "just now" within a minute. */
export function relative(time: string, now: string, locale = english): string {
  const seconds = (Date.parse(time) - Date.parse(now)) / 1000
  const step = steps.find(([, from]) => Math.abs(seconds) >= from)
  if (!step) return 'just now'
  const [unit, , length] = step
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(Math.trunc(seconds / length), unit)
}

/** A change in words: "up $40", "down $12", "unchanged". */
export function change(value: string, currency: string, locale = reader): string {
  const direction = sign(value)
  if (direction === 0) return 'unchanged'
  const size = money(value, currency, { short: true }, locale).replace(/^\u2212/, '')
  return `${direction > 0 ? 'up' : 'down'} ${size}`
}

/** A key of the catalog as a person would say it: speakers_nearly_full → Speakers nearly full. */
export function words(key: string): string {
  const text = key.replace(/[_.-]+/g, ' ').trim()
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Words of the server as a sentence of their own: a capital first, a full stop last. */
export function sentence(text: string): string {
  const plain = text.trim()
  if (plain === '') return ''
  return `${plain.charAt(0).toUpperCase()}${plain.slice(1)}${/[.!?…]$/.test(plain) ? '' : '.'}`
}

const names: Record<string, string> = { cross_sell: 'Cross-sell', self_service: 'Self-service', new_logo: 'New logo' }

/** A fixed term of the vocabulary (a type, a motion) with its usual spelling. */
export function term(key: string): string {
  return names[key] ?? words(key)
}
