// What a change of the catalog adds to its findings and what it mends, and which edits are wrong.

import type { CatalogImpact, Finding } from '../api/types'
import type { Edit } from './draft'

const same = (a: Finding, b: Finding) => a.code === b.code && a.path === b.path

/** Findings are the same when rule and place are: their words tell figures, which move. */
export function compared(before: Finding[], after: Finding[]): { added: Finding[]; resolved: Finding[]; same: Finding[] } {
  const old = (finding: Finding) => before.some((each) => same(each, finding))
  return {
    added: after.filter((finding) => !old(finding)),
    resolved: before.filter((finding) => !after.some((each) => same(each, finding))),
    same: after.filter(old),
  }
}

/** The definition that a path is in: plans.pro. */
const definitionOf = (path: string) => path.split('.').slice(0, 2).join('.').replace(/\[.*$/, '')

/** The edits of definitions that nothing is wrong with. */
export function withoutWrong(edits: Edit[], errors: Finding[]): Edit[] {
  const wrong = new Set(errors.map((error) => definitionOf(error.path)))
  return edits.filter((edit) => !wrong.has(definitionOf(edit.path)))
}

/** Accounts that a change does the same to, the most accounts first. */
export interface Alike {
  changes: string[]
  accounts: { account: string; name?: string }[]
}

/** The examples of an impact by what happens to them, instead of the same words again and again. */
export function alike(examples: NonNullable<CatalogImpact['examples']>): Alike[] {
  const groups = new Map<string, Alike>()
  for (const { account, name, changes } of examples) {
    const words = changes ?? []
    const group = groups.get(words.join('\n')) ?? { changes: words, accounts: [] }
    group.accounts.push({ account, ...(name ? { name } : {}) })
    groups.set(words.join('\n'), group)
  }
  return [...groups.values()].toSorted((a, b) => b.accounts.length - a.accounts.length)
}
