// What a plan gives and costs, in words: for the cells of the matrix and wherever a change is told.

import type { EntitlementParts, EntitlementValue, FeatureDefinition, PlanTerms, PriceAmount, PriceByInterval } from '../api/types'
import { count, money, words } from './format'

export const periods: [string, string][] = [
  ['', 'in all'],
  ['hour', 'an hour'],
  ['day', 'a day'],
  ['week', 'a week'],
  ['month', 'a month'],
  ['year', 'a year'],
]

/** "a month", "in any 24h"; '' where the allowance never starts anew. */
export function periodWords(per: string | undefined): string {
  if (!per || per === 'lifetime') return ''
  if (per.startsWith('rolling ')) return `in any ${per.slice('rolling '.length)}`
  return periods.find(([key]) => key === per)?.[1] ?? `a ${per}`
}

/** A number of the catalog, however it was written. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)) return Number(value)
  return undefined
}

const fields = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** An amount that is one number in one currency; undefined when it goes by quantity or currency. */
export function plainAmount(amount: unknown): string | undefined {
  if (typeof amount === 'string') return amount
  if (typeof amount === 'number') return String(amount)
  return undefined
}

const isCurrency = (key: string) => /^[A-Z]{3}$/.test(key)

/** The amounts by currency; what has no currency is in the catalog's. */
export function byCurrency(amount: PriceAmount | undefined, currency: string): [string, unknown][] {
  if (amount === undefined) return []
  if (fields(amount) && Object.keys(amount).length > 0 && Object.keys(amount).every(isCurrency)) return Object.entries(amount)
  return [[currency, amount]]
}

/** "$49", "$0.02 for each", "$20 and $5 for each beyond 3", "from $9 for each, by quantity". */
export function amountWords(amount: unknown, currency: string, unit = ''): string {
  const show = (value: unknown) => {
    const plain = plainAmount(value)
    return plain !== undefined && numberOf(plain) !== undefined ? money(plain, currency, { short: true }) : String(value)
  }
  const each = unit ? `for each ${unit}` : 'for each'
  const plain = plainAmount(amount)
  if (plain !== undefined) return unit ? `${show(plain)} ${each}` : show(plain)
  if (!fields(amount)) return ''
  const tiers = amount['tiers']
  if (Array.isArray(tiers)) {
    const steps = tiers.filter(fields).map((tier) => tier['each'] ?? tier['base'])
    const base = amount['base'] !== undefined ? `${show(amount['base'])} and ` : ''
    return `${base}${steps.length > 0 ? `${show(steps[0])} to ${show(steps.at(-1))} ${each.replace('for ', '')}` : 'by quantity'}`
  }
  const base = amount['base']
  const beyond = numberOf(amount['included'])
  const parts = [
    base !== undefined && show(base),
    amount['each'] !== undefined && `${show(amount['each'])} ${each}${beyond ? ` beyond ${count(beyond)}` : ''}`,
  ].filter(Boolean)
  return parts.join(' and ')
}

const intervals: Record<string, string> = { month: 'a month', year: 'a year', once: 'once' }

/** Each way something is paid for: "$49 a month". */
export function priceWords(price: PriceByInterval | undefined, currency: string, unit = ''): string[] {
  if (!price) return []
  return Object.entries(price).flatMap(([interval, amount]) =>
    byCurrency(amount, currency).map(([code, each]) => `${amountWords(each, code, unit)} ${intervals[interval] ?? interval}`),
  )
}

export interface Said {
  /** What the cell shows first. */
  main: string
  /** What goes with it, a line each. */
  more: string[]
  /** For signs beside the words. */
  state: 'none' | 'some' | 'unlimited'
}

const parts = (value: EntitlementValue): EntitlementParts => (fields(value) ? (value as EntitlementParts) : { limit: value as number | string })

/** What a plan or add-on gives of a feature. */
export function entitlementWords(value: EntitlementValue | undefined, feature: FeatureDefinition | undefined, currency: string, unit = ''): Said {
  if (value === undefined || value === null) return { main: 'Not included', more: [], state: 'none' }
  if (value === false) return { main: 'Not included', more: [], state: 'none' }
  if (value === true) return { main: 'Included', more: [], state: 'some' }
  if (feature?.kind === 'value') return { main: String(value), more: [], state: 'some' }
  const given = parts(value)
  const limit = numberOf(given.limit)
  if (given.limit === 'unlimited') return { main: 'Unlimited', more: [], state: 'unlimited' }
  if (limit === undefined) return { main: String(given.limit ?? ''), more: [], state: 'some' }
  const period = periodWords(given.per)
  const main = [count(limit), period, given.per_unit && `for each ${unit || 'unit'}`].filter(Boolean).join(' ')
  const more: string[] = []
  if (given.overage) more.push(`then ${overageWords(given.overage, currency)}`)
  if (given.soft) more.push('may be passed at no price')
  if (given.grace !== undefined) more.push(`grace: ${graceWords(given.grace)}`)
  if (given.rollover) more.push(rolloverWords(given.rollover))
  return { main: limit === 0 && more.length === 0 ? 'None' : main, more, state: limit === 0 && more.length === 0 ? 'none' : 'some' }
}

function overageWords(overage: NonNullable<EntitlementParts['overage']>, currency: string): string {
  const unit = numberOf(overage.unit) ?? 1
  const price = byCurrency(overage.price, currency)
    .map(([code, amount]) => amountWords(amount, code))
    .join(' or ')
  return unit === 1 ? `${price} each` : `${price} for each started ${count(unit)}`
}

function graceWords(grace: NonNullable<EntitlementParts['grace']>): string {
  if (!fields(grace)) return String(grace)
  const percent = grace.percent
  return [percent !== undefined && `${String(percent).replace('%', '')}% above`, grace.for && `for ${grace.for}`].filter(Boolean).join(' ')
}

function rolloverWords(rollover: NonNullable<EntitlementParts['rollover']>): string {
  if (rollover === true) return 'what is left rolls over'
  const { cap, for: until } = rollover as { cap?: number | string; for?: string }
  return ['what is left rolls over', cap !== undefined && `up to ${count(numberOf(cap) ?? 0)}`, until && `for ${until}`].filter(Boolean).join(' ')
}

/** The form an entitlement is edited in. */
export interface EntitlementForm {
  how: 'none' | 'included' | 'limit' | 'unlimited' | 'value'
  limit: string
  per: string
  perUnit: boolean
  beyond: 'hard' | 'grace' | 'soft' | 'overage'
  gracePercent: string
  graceFor: string
  overageUnit: string
  overagePrice: string
  /** The price of overage as it is where this form cannot show it: in several currencies. */
  overageKept?: PriceAmount
  rollover: boolean
  rolloverCap: string
  rolloverFor: string
  value: string
}

export function formOf(value: EntitlementValue | undefined, feature: FeatureDefinition): EntitlementForm {
  const form: EntitlementForm = {
    how: 'none',
    limit: '',
    per: '',
    perUnit: false,
    beyond: 'hard',
    gracePercent: '',
    graceFor: '',
    overageUnit: '1',
    overagePrice: '',
    rollover: false,
    rolloverCap: '',
    rolloverFor: '',
    value: '',
  }
  if (value === undefined || value === null || value === false) return form
  if (value === true) return { ...form, how: 'included' }
  if (feature.kind === 'value') return { ...form, how: 'value', value: String(value) }
  const given = parts(value)
  if (given.limit === 'unlimited') return { ...form, how: 'unlimited', per: given.per ?? '' }
  const grace = given.grace
  const rollover = fields(given.rollover) ? (given.rollover as { cap?: unknown; for?: unknown }) : {}
  return {
    ...form,
    how: 'limit',
    limit: String(given.limit ?? ''),
    per: given.per ?? '',
    perUnit: given.per_unit ?? false,
    beyond: given.overage ? 'overage' : given.soft ? 'soft' : grace !== undefined ? 'grace' : 'hard',
    gracePercent: fields(grace) ? String(grace.percent ?? '').replace('%', '') : String(grace ?? '').endsWith('%') ? String(grace).replace('%', '') : '',
    graceFor: fields(grace) ? String(grace.for ?? '') : grace !== undefined && !String(grace).endsWith('%') ? String(grace) : '',
    overageUnit: String(given.overage?.unit ?? '1'),
    overagePrice: plainAmount(given.overage?.price) ?? '',
    ...(given.overage && plainAmount(given.overage.price) === undefined ? { overageKept: given.overage.price } : {}),
    rollover: Boolean(given.rollover),
    rolloverCap: rollover.cap === undefined ? '' : String(rollover.cap),
    rolloverFor: rollover.for === undefined ? '' : String(rollover.for),
  }
}

const duration = /^[0-9]{1,6}(s|m|h|d|w)$/

/** What is wrong with a form, by field; {} when it can be used. */
export function wrongIn(form: EntitlementForm, feature: FeatureDefinition): Partial<Record<keyof EntitlementForm, string>> {
  const wrong: Partial<Record<keyof EntitlementForm, string>> = {}
  if (form.how === 'value') {
    if (!form.value.trim()) wrong.value = 'Say which value.'
    else if (!feature.values?.length && numberOf(form.value) === undefined) wrong.value = `“${form.value}” is not a number.`
  }
  if (form.how !== 'limit') return wrong
  if (numberOf(form.limit) === undefined) wrong.limit = form.limit ? `“${form.limit}” is not a number of 0 or more.` : 'Say how much.'
  if (form.beyond === 'overage') {
    if (!/^\d+(\.\d+)?$/.test(form.overagePrice) && !(form.overageKept !== undefined && form.overagePrice === '')) wrong.overagePrice = 'Say the price, such as 1.50.'
    if (!((numberOf(form.overageUnit) ?? 0) > 0)) wrong.overageUnit = 'Say for how much the price is, 1 or more.'
  }
  if (form.beyond === 'grace') {
    const percent = form.gracePercent === '' ? 0 : Number(form.gracePercent)
    if (!form.gracePercent && !form.graceFor) wrong.gracePercent = 'Say how far or for how long.'
    else if (form.gracePercent && !(Number.isInteger(percent) && percent >= 1 && percent <= 100)) wrong.gracePercent = 'Whole percents from 1 to 100.'
    if (form.graceFor && !duration.test(form.graceFor)) wrong.graceFor = 'A number and s, m, h, d or w, such as 7d.'
  }
  if (form.rollover) {
    if (form.rolloverCap && numberOf(form.rolloverCap) === undefined) wrong.rolloverCap = `“${form.rolloverCap}” is not a number.`
    if (form.rolloverFor && !duration.test(form.rolloverFor)) wrong.rolloverFor = 'A number and s, m, h, d or w, such as 30d.'
  }
  return wrong
}

/** The shortest way to write what the form says; undefined where the plan says nothing of the feature. */
export function valueOf(form: EntitlementForm, feature: FeatureDefinition, was?: EntitlementValue): EntitlementValue | undefined {
  switch (form.how) {
    case 'none':
      // A metered feature has no "false": a limit of nothing says it.
      if (was === undefined) return undefined
      return feature.kind === 'boolean' ? false : feature.kind === 'value' ? undefined : 0
    case 'included':
      return true
    case 'value':
      return feature.values?.length ? form.value : (numberOf(form.value) ?? form.value)
    case 'unlimited':
      return 'unlimited'
    case 'limit': {
      const limit = numberOf(form.limit) ?? 0
      const out: EntitlementParts = { limit }
      if (form.per) out.per = form.per
      if (form.perUnit) out.per_unit = true
      if (form.beyond === 'soft') out.soft = true
      if (form.beyond === 'overage') {
        const price = form.overagePrice === '' && form.overageKept !== undefined ? form.overageKept : form.overagePrice
        out.overage = { unit: numberOf(form.overageUnit) ?? 1, price }
      }
      if (form.beyond === 'grace') {
        const percent = form.gracePercent && `${form.gracePercent}%`
        out.grace = percent && form.graceFor ? { percent, for: form.graceFor } : percent || form.graceFor
      }
      if (form.rollover) {
        const cap = numberOf(form.rolloverCap)
        out.rollover = cap === undefined && !form.rolloverFor ? true : { ...(cap === undefined ? {} : { cap }), ...(form.rolloverFor ? { for: form.rolloverFor } : {}) }
      }
      return Object.keys(out).length === 1 ? limit : out
    }
  }
}

/** A feature's title, or its key in words. */
export function titleOf(definition: { key: string; title?: string } | undefined, key = ''): string {
  return definition?.title || words(definition?.key ?? key)
}

/** What differs between two sets of terms, by feature. */
export function differs(a: PlanTerms, b: PlanTerms, feature: string): boolean {
  return JSON.stringify(a.entitlements?.[feature]) !== JSON.stringify(b.entitlements?.[feature])
}
