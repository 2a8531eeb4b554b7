import type { RuleDefinition } from '../api/moments'
import { fieldEdit } from '../packaging/EditDialog'
import type { Edit } from '../packaging/draft'

/** The edits that take a hypothesis to a state; testing is what nothing said means. */
export function stateEdits(rule: RuleDefinition, to: { state: string; evidence: string; review: string }): Edit[] {
  const path = `signals.${rule.key}`
  return [
    ...((rule.state || 'testing') === to.state ? [] : [{ path: `${path}.state`, value: to.state }]),
    ...fieldEdit(`${path}.evidence`, rule.evidence, to.evidence),
    ...fieldEdit(`${path}.review`, rule.review, to.review),
  ]
}
