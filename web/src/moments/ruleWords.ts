// A rule said in a sentence.

import type { MomentsCatalog } from '../api/moments'
import { titleOf } from '../lib/entitlement'
import { words } from '../lib/format'
import { fieldsOf, kindOf, type KindField } from './kinds'
import { stepsText, whereText } from './where'

const units: Record<string, string> = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' }

/** 7d as "7 days". */
export function durationWords(text: string): string {
  const match = /^(\d+)([smhdw])$/.exec(text)
  if (!match) return text
  const unit = units[match[2] ?? ''] ?? ''
  return match[1] === '1' ? `1 ${unit}` : `${match[1]} ${unit}s`
}

/** 1 as "first", 2 as "2nd". */
export function ordinal(text: string): string {
  const n = Number(text)
  if (n === 1) return 'first'
  const ending = { one: 'st', two: 'nd', few: 'rd' } as Record<string, string>
  return `${text}${ending[new Intl.PluralRules('en', { type: 'ordinal' }).select(n)] ?? 'th'}`
}

/** 1 as "once", 5 as "5 times". */
const often = (text: string) => ({ '1': 'once', '2': 'twice' })[text] ?? `${text} times`

const operators: Record<string, string> = { '&&': 'and', '||': 'or', '==': 'is', '!=': 'is not', '>=': 'is at least', '<=': 'is at most', '>': 'is above', '<': 'is below' }

/** Names of conditions whose last part does not say what they are. */
const named: Record<string, string> = {
  'account.mrr': 'MRR',
  'money.mrr': 'MRR',
  'account.age_days': 'days with us',
  'money.interval': 'the billing interval',
  'money.months': 'months paid',
  'money.overdue': 'a payment is overdue',
  'people.count': 'people',
  'people.active': 'active people',
  'people.outside': 'people outside the plan',
  'survey.nps': 'NPS',
  'survey.csat': 'CSAT',
}

function nameWords(name: string, catalog: MomentsCatalog): string {
  const [of = '', key = '', what] = name.split('.')
  const title = (list: { key: string; title?: string }[] | undefined) => titleOf(list?.find((each) => each.key === key), words(key))
  if (of === 'milestones') return `${title(catalog.milestones as { key: string; title?: string }[] | undefined)} is reached`
  if (of === 'usage' && what) return what === 'percent' ? `the percentage used of ${title(catalog.features)}` : `${title(catalog.features)} ${what}`
  if (of === 'signals') return `the score of ${words(key)}`
  return named[name] ?? name.slice(name.lastIndexOf('.') + 1).replaceAll('_', ' ')
}

/** A condition as people read it: account.mrr == 0 is "MRR is 0". What it does not know stays as it is written. */
export function conditionWords(text: string, catalog: MomentsCatalog): string {
  return text
    .replace(/'([^']*)'|"([^"]*)"|\s*(&&|\|\||[=!<>]=|[<>])\s*|!(?=[a-z])|\bin\s*\[([^\]]*)\]|\b[a-z]+(?:\.\w+)+/g, (match, single?: string, double?: string, operator?: string, list?: string) => {
      if (operator) return ` ${operators[operator] ?? operator} `
      if (list !== undefined) return `is one of ${list.replace(/['"]/g, '').replaceAll('_', ' ')}`
      if (match === '!') return 'not '
      return (single ?? double)?.replaceAll('_', ' ') ?? nameWords(match, catalog)
    })
    .replace(/\s+/g, ' ')
    .trim()
}

function valueWords(field: KindField, value: unknown, catalog: MomentsCatalog): string {
  if (value === undefined || value === null || value === true) return ''
  const named = (list: { key: string; title?: string }[] | undefined) => titleOf(list?.find((each) => each.key === value), String(value as string))
  if (field.key === 'nth' || field.key === 'every' || field.key === 'from') return ordinal(String(value as string))
  if (field.key === 'times') return often(String(value as string))
  switch (field.type) {
    case 'event':
      return words(String(value as string))
    case 'condition':
      return conditionWords(String(value as string), catalog)
    case 'feature':
    case 'metered':
      return named(catalog.features)
    case 'metered_or_any':
      return value === 'any' ? 'anything paid for' : named(catalog.features)
    case 'milestone':
      return named(catalog.milestones as { key: string; title?: string }[] | undefined)
    case 'metric':
      return named(catalog.value)
    case 'duration':
    case 'duration_or_true':
      return durationWords(String(value as string))
    case 'where':
      return whereText(value).replaceAll('\n', ' and ')
    case 'steps':
      return stepsText(value).replace(/ where$/gm, '').split('\n').join(', ')
    default:
      return String(value as string)
  }
}

/** When a rule fires, in words; '' for a kind that this console does not know. */
export function ruleWords(when: Record<string, unknown> | undefined, catalog: MomentsCatalog): string {
  const kind = when && kindOf(when)
  if (!kind) return ''
  const values = new Map(fieldsOf(kind).map((field) => [field.key, valueWords(field, when[field.key], catalog) || (field.otherwise && /\d/.test(field.otherwise) ? valueWords(field, field.otherwise, catalog) : '')]))
  const filled = (text: string) => text.replace(/\{(\w+)\}/g, (_, key: string) => values.get(key) ?? '')
  const said = filled(kind.says.replace(/\[([^\]]*)\]/g, (_, part: string) => ([...part.matchAll(/\{(\w+)\}/g)].every((match) => values.get(match[1] ?? '')) ? part : '')))
  // All of a limit is the limit.
  const whole = said.replace('between 100% and all of its limit', 'at its limit').replace('reaches 100% of its limit', 'reaches its limit')
  return values.get('and') ? `${whole}, and only where ${values.get('and')}` : whole
}
