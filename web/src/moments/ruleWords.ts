// A rule said in a sentence.

import type { MomentsCatalog } from '../api/moments'
import { titleOf } from '../lib/entitlement'
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

function valueWords(field: KindField, value: unknown, catalog: MomentsCatalog): string {
  if (value === undefined || value === null || value === true) return ''
  const named = (list: { key: string; title?: string }[] | undefined) => titleOf(list?.find((each) => each.key === value), String(value as string))
  switch (field.type) {
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
  const values = new Map(fieldsOf(kind).map((field) => [field.key, valueWords(field, when[field.key], catalog) || (field.otherwise && /\d/.test(field.otherwise) ? durationWords(field.otherwise) : '')]))
  const filled = (text: string) => text.replace(/\{(\w+)\}/g, (_, key: string) => values.get(key) ?? '')
  const said = filled(kind.says.replace(/\[([^\]]*)\]/g, (_, part: string) => ([...part.matchAll(/\{(\w+)\}/g)].every((match) => values.get(match[1] ?? '')) ? part : '')))
  return values.get('and') ? `${said}, and only where ${values.get('and')}` : said
}
