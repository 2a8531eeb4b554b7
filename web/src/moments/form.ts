// A rule of the catalog as a form, and back. What the form does not know of a definition stays.

import type { RuleDefinition } from '../api/moments'
import { same, type Edit } from '../packaging/draft'
import { fieldsOf, kindById, kindOf, kinds, required, type Kind, type KindField } from './kinds'
import { stepsOf, stepsText, whereOf, whereText } from './where'

type Fields = Record<string, unknown>

/** What is said of a rule besides when it fires. */
export const about = ['title', 'type', 'hypothesis', 'owner', 'driven', 'review', 'decays', 'state', 'evidence'] as const

/** A rule as text in fields. */
export interface RuleForm extends Record<(typeof about)[number], string> {
  kind: string
  /** By the keys of the definition. */
  when: Record<string, string>
}

/** A new rule with what its kind begins with. */
export function newForm(kind: Kind = kinds[0] as Kind): RuleForm {
  return { title: '', type: 'upsell', hypothesis: '', owner: '', driven: '', review: '', decays: '', state: '', evidence: '', kind: kind.id, when: begun(kind) }
}

const begun = (kind: Kind) => Object.fromEntries(kind.fields.map((field) => [field.key, field.begin ?? '']))

function textOf(field: KindField, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (field.type === 'where') return whereText(value)
  if (field.type === 'steps') return stepsText(value)
  if (field.type === 'duration_or_true' && value === true) return ''
  return String(value as string)
}

/** A definition as a form; of a kind that is not known it begins anew. */
export function formOf(definition: RuleDefinition): RuleForm {
  const when = definition.when ?? {}
  const kind = kindOf(when) ?? (kinds[0] as Kind)
  const said = Object.fromEntries(about.map((key) => [key, definition[key] ?? ''])) as Record<(typeof about)[number], string>
  return { ...said, kind: kind.id, when: Object.fromEntries(fieldsOf(kind).map((field) => [field.key, textOf(field, when[field.key])])) }
}

/** Another kind for the rule: what both ask for stays, a feature or event stays one. */
export function withKind(form: RuleForm, id: string): RuleForm {
  const [from, to] = [kindById(form.kind), kindById(id)]
  if (!to) return form
  const like = (type: string) => from?.fields.find((field) => field.type.replace(/_or_any$/, '') === type.replace(/_or_any$/, ''))
  const when = Object.fromEntries(
    fieldsOf(to).map((field, index) => {
      const kept = from && fieldsOf(from).some((each) => each.key === field.key && each.type === field.type) ? form.when[field.key] : undefined
      const moved = index === 0 ? form.when[like(field.type)?.key ?? ''] : undefined
      return [field.key, kept || moved || (field.begin ?? '')]
    }),
  )
  return { ...form, kind: id, when }
}

const duration = /^\d{1,6}(s|m|h|d|w)$/

/** What is wrong with a field's text; undefined when nothing is. */
export function wrongField(field: KindField, text: string): string | undefined {
  const value = text.trim()
  if (value === '') return field.otherwise === undefined ? 'This has to be said.' : undefined
  switch (field.type) {
    case 'duration':
    case 'duration_or_true':
      return duration.test(value) ? undefined : 'A number and s, m, h, d or w, such as 14d.'
    case 'percent':
      return /^\d{1,6}%?$/.test(value) && parseInt(value) > 0 ? undefined : 'Whole percents, such as 80%.'
    case 'whole': {
      const n = Number(value)
      const least = field.least ?? 1
      if (!/^\d{1,9}$/.test(value) || n < least || n > (field.most ?? Infinity)) return field.most ? `A whole number from ${least} to ${field.most}.` : `A whole number, ${least} or more.`
      return undefined
    }
    case 'quantity':
      return /^\d+(\.\d+)?$/.test(value) ? undefined : 'A number, such as 1000.'
    case 'where':
      return whereOf(text).wrong
    case 'steps': {
      const { steps, wrong } = stepsOf(text)
      return wrong ?? (steps.length < 2 || steps.length > 8 ? 'Write 2 to 8 events, one a line.' : undefined)
    }
    default:
      return undefined
  }
}

/** What is wrong in the form, by field; the server looks at all the rest. */
export function wrongIn(form: RuleForm): Record<string, string> {
  const kind = kindById(form.kind)
  const wrong: Record<string, string> = {}
  for (const field of kind ? fieldsOf(kind) : []) {
    const found = wrongField(field, form.when[field.key] ?? '')
    if (found) wrong[field.key] = found
  }
  if (form.decays.trim() && !duration.test(form.decays.trim())) wrong['decays'] = 'A number and s, m, h, d or w, such as 30d.'
  if (form.state === 'validated' && !form.evidence.trim()) wrong['evidence'] = 'What is validated says what showed it.'
  return wrong
}

function valueOf(field: KindField, text: string, before: unknown): unknown {
  if (before !== undefined && textOf(field, before) === text) return before // as it was written
  const value = text.trim()
  if (field.type === 'duration_or_true' && value === '') return true
  if (value === '') return undefined
  switch (field.type) {
    case 'percent':
      return value.endsWith('%') ? value : `${value}%`
    case 'whole':
      return Number(value)
    case 'quantity':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value
    case 'where':
      return whereOf(text).where
    case 'steps':
      return stepsOf(text).steps
    case 'condition':
      return oneLine(text)
    default:
      return value
  }
}

/** A condition is one text: a line break in the form is a space in it, so that places stay the same. */
export const oneLine = (text: string) => text.replace(/\n/g, ' ').trim()

/** The rule of a form; before is what it was made of. */
export function whenOf(form: RuleForm, before: Fields = {}): Fields {
  const kind = kindById(form.kind)
  if (!kind) return before
  const was = kindOf(before) === kind ? before : {}
  const known = new Set(fieldsOf(kind).map((field) => field.key))
  // The order of what was there stays; what is new comes in the order of the form.
  const out: Fields = {}
  const values: Fields = { ...kind.fixed }
  for (const field of fieldsOf(kind)) {
    const value = valueOf(field, form.when[field.key] ?? '', was[field.key])
    if (value !== undefined) values[field.key] = value
  }
  for (const key of Object.keys(was)) {
    if (!known.has(key) && !(key in values)) out[key] = was[key]
    else if (key in values) out[key] = values[key]
  }
  return { ...out, ...values }
}

/** The definition of a form, without its key. */
export function definitionOf(form: RuleForm, before?: RuleDefinition): Omit<RuleDefinition, 'key'> {
  const { key: _, ...kept } = before ?? { key: '' }
  const out: Fields = { ...kept, when: whenOf(form, before?.when) }
  for (const key of about) {
    if (form[key].trim()) out[key] = form[key] === before?.[key] ? form[key] : form[key].trim()
    else delete out[key]
  }
  return out
}

/** What the form changes in the catalog: the whole of a new rule, of one that is there only what is another. */
export function editsOf(key: string, form: RuleForm, before?: RuleDefinition): Edit[] {
  const path = `signals.${key}`
  const after = definitionOf(form, before) as Fields
  if (!before) return [{ path, value: after }]
  const was = before as unknown as Fields
  const edits: Edit[] = []
  for (const name of ['when', ...about]) {
    if (same(was[name], after[name])) continue
    edits.push(after[name] === undefined ? { path: `${path}.${name}`, remove: true } : { path: `${path}.${name}`, value: after[name] })
  }
  return edits
}

/** What is there of a rule in an address: ?when={…}&type=…; undefined where it is none. */
export function formInAddress(search: URLSearchParams): RuleForm | undefined {
  const text = search.get('when')
  if (!text) return undefined
  try {
    const when: unknown = JSON.parse(text)
    if (typeof when !== 'object' || when === null || Array.isArray(when) || !kindOf(when as Fields)) return undefined
    return formOf({ key: '', when: when as Fields, type: search.get('type') ?? 'upsell', title: search.get('title') ?? '', hypothesis: search.get('hypothesis') ?? '' })
  } catch {
    return undefined
  }
}

/** The address of the editor with a rule filled in. */
export function newRuleHref(when: Fields, said: { type?: string; title?: string; hypothesis?: string }): string {
  return `/moments/new?${new URLSearchParams({ when: JSON.stringify(when), ...said })}`
}

/** Whether all that a kind cannot do without is filled in. */
export const complete = (form: RuleForm): boolean => {
  const kind = kindById(form.kind)
  return kind !== undefined && required(kind).every((key) => key in (kind.fixed ?? {}) || (form.when[key] ?? '').trim() !== '' || kind.fields.some((field) => field.key === key && field.otherwise !== undefined))
}
