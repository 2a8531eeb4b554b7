// Edits of the catalog that are gathered before they are looked at and applied. The server
// makes them (POST /v1/catalog/edit); here they are kept, merged, and shown as if made.

import type { CatalogDefinitions } from '../api/types'

/** One edit: a place in the catalog and what stands there from then on. */
export interface Edit {
  path: string
  value?: unknown
  remove?: true
}

export interface Draft {
  /** The version the edits were made on; '' where there was no catalog yet. */
  base: string
  edits: Edit[]
}

type Fields = Record<string, unknown>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

export function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((each, i) => same(each, b[i]))
  if (isFields(a) && isFields(b)) {
    const keys = Object.keys(a)
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]))
  }
  return a === b
}

/** What stands at a path; undefined where nothing does. Lists of definitions are looked into by key. */
export function valueAt(root: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, part) => {
    if (Array.isArray(value)) return value.find((each) => isFields(each) && each['key'] === part)
    return isFields(value) && Object.hasOwn(value, part) ? value[part] : undefined
  }, root)
}

/** The value with an edit made in it; nothing of what was given changes. */
function edited(value: unknown, parts: string[], edit: Edit): unknown {
  const [part, ...rest] = parts
  if (part === undefined) return edit.remove ? undefined : edit.value
  if (Array.isArray(value)) {
    const index = value.findIndex((each) => isFields(each) && each['key'] === part)
    const inside = edited(value[index], rest, edit)
    if (inside === undefined) return value.filter((_, i) => i !== index)
    const named = isFields(inside) ? { ...inside, key: part } : inside
    return index < 0 ? [...value, named] : value.map((each, i) => (i === index ? named : each))
  }
  const fields = isFields(value) ? value : {}
  const inside = edited(Object.hasOwn(fields, part) ? fields[part] : undefined, rest, edit)
  if (inside !== undefined) return { ...fields, [part]: inside }
  const { [part]: _, ...others } = fields
  return others
}

const sections = ['meters', 'features', 'plans', 'addons', 'bundles', 'signals', 'offers', 'profiles', 'placements', 'launches', 'value']

/** The definitions as they will be, to show the draft in place. */
export function withEdits(definitions: CatalogDefinitions, edits: Edit[]): CatalogDefinitions {
  return edits.reduce<CatalogDefinitions>((now, edit) => {
    const parts = edit.path.split('.')
    const section = parts[0] ?? ''
    const ready = sections.includes(section) && !(section in now) ? { ...now, [section]: [] } : now
    return edited(ready, parts, edit) as CatalogDefinitions
  }, definitions)
}

const under = (path: string, above: string) => path.startsWith(`${above}.`)

/**
 * The edits with one more. What it covers goes; into an edit that covers it it is put; and
 * what is as it was before is no edit.
 */
export function withEdit(edits: Edit[], edit: Edit, definitions: CatalogDefinitions): Edit[] {
  const above = edits.find((each) => under(edit.path, each.path) && !each.remove)
  if (above) {
    const parts = edit.path.slice(above.path.length + 1).split('.')
    return edits.map((each) => (each === above ? { ...each, value: edited(each.value, parts, edit) } : each))
  }
  const others = edits.filter((each) => each.path !== edit.path && !under(each.path, edit.path))
  const was = valueAt(withEdits(definitions, others), edit.path)
  if (edit.remove ? was === undefined : same(was, edit.value)) return others
  const index = edits.findIndex((each) => each.path === edit.path) // an edit made again keeps its place
  return index < 0 ? [...others, edit] : [...others.slice(0, index), edit, ...others.slice(index)]
}

/** What was stored, when it still has the form of a draft. */
export function readDraft(text: string | null): Draft | undefined {
  if (!text) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (!isFields(value) || typeof value['base'] !== 'string' || !Array.isArray(value['edits'])) return undefined
    const edits = value['edits'].filter((edit): edit is Edit => isFields(edit) && typeof edit['path'] === 'string')
    return { base: value['base'], edits }
  } catch {
    return undefined // written by another version of the console
  }
}

/** A key for something new by its title: "Sponsor booths" → sponsor_booths, with a number where it is taken. */
export function keyFor(title: string, taken: string[]): string {
  const plain =
    title
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[\u0300-\u036f]/g, '')
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '')
      .slice(0, 48) || 'new'
  let key = plain
  for (let n = 2; taken.includes(key); n++) key = `${plain}_${n}`
  return key
}
