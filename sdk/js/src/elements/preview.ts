// What an element asks instead of a server when it has a preview. Only galleries and editors load it.
import type { Check, Decision, Headroom, Outcome, Preview, Snapshot } from '../core/types'

/**
 * What an element shows without a server, as its property `preview`: what would be known and what would be answered.
 * Nothing is called and nothing is reported. All is optional.
 */
export interface Staged extends Partial<Snapshot> {
  /** The server's time, RFC 3339. */
  now?: string
  /** Answers decide; without it nothing is offered. */
  decision?: Decision
  check?: Check
  /** Answers previewChange. */
  cost?: Preview
  outcome?: Outcome
  /** Answers call, by method and path as given to it: {'GET /v1/accounts/{account}/invites': {…}}; an Error makes it fail. */
  answers?: Record<string, unknown>
}

/** A client that has heard it all already. */
export function stagedClient(staged: Staged): Headroom {
  const snapshot: Snapshot = Object.freeze({
    entitlements: {}, stale: false, account: 'preview', user: 'preview', role: 'admin', language: '', revision: 0, ...staged,
  })
  const entitlement = (feature: string) => snapshot.entitlements?.[feature]
  const or = async <T>(answer: unknown): Promise<T> => {
    if (answer instanceof Error) throw answer
    if (answer === undefined) throw Object.assign(new Error('Nothing happens in a preview.'), { status: 0, code: 'preview', detail: 'Nothing happens in a preview.', mend: '' })
    return answer as T
  }
  const nothing = () => {}
  return {
    init: nothing, identify: nothing, group: nothing, track: nothing, page: nothing, reset: nothing,
    check: async (feature) => staged.check ?? { reason: 'preview', allowed: false, ...entitlement(feature), feature },
    entitlement,
    decide: async () => staged.decision ?? { status: 'none', reason: 'preview' },
    variant: async () => ({ variant: '', reason: 'preview' }),
    outcome: (_, type) => or(staged.outcome ?? (/^(seen|clicked|dismissed)$/.test(type) ? { type } : undefined)),
    requestUpgrade: () => or(staged.outcome),
    previewChange: () => or(staged.cost),
    undo: () => or(staged.outcome),
    call: (method, path) => or(staged.answers?.[`${method} ${path}`]),
    subscribe: () => nothing, snapshot: () => snapshot, observe: () => nothing, flush: async () => {},
  } as Headroom
}
