import { Problem, type DecideOptions, type Decision, type Entitlement, type Headroom, type Outcome, type Preview, type ProblemShape, type Variant } from '@headroomhq/js'
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import { entitlementOf, initialEntitlementOf, notCounted, pending, unreachable, usageOf, type Answer, type Usage } from './answer'
import { useHeadroom, useHeadroomContext } from './provider'
import { Questions } from './questions'

/** What the account may use of a feature, kept up to date by the server. */
export function useEntitlement(feature: string): Answer<Entitlement> {
  const { client, initial } = useHeadroomContext()
  const subscribe = useCallback((changed: () => void) => client.subscribe(changed), [client])
  return useSyncExternalStore(
    subscribe,
    () => entitlementOf(client, initial, feature),
    () => initialEntitlementOf(initial, feature),
  )
}

/** How much of a feature is used and left: useEntitlement in numbers. Features that are not counted have an error. */
export function useUsage(feature: string): Answer<Usage> {
  const answer = useEntitlement(feature)
  return useMemo(() => {
    if (!answer.data) return { ...answer, data: undefined }
    const data = usageOf(answer.data)
    return { ...answer, data, error: data ? undefined : notCounted(feature) }
  }, [answer, feature])
}

/** What useDecision gives beside the decision: nothing is reported unless one of these is called. */
export interface DecisionActions {
  /** The offer was seen: call it when it is on the screen. Reported once. */
  seen: () => void
  /** The person wants to know more. */
  clicked: () => void
  /** The person doesn't want it. It is gone at once, and stays away for the cool-down. */
  dismiss: (reason?: string) => void
  /** What accepting costs, with the token that confirms it: show it first. Rejects with a Problem. */
  preview: () => Promise<Preview>
  /** Buys what preview showed, by its token. Rejects with a Problem. */
  accept: (token: string) => Promise<Outcome>
  /** Asks an admin for it, where the person can't buy. Rejects with a Problem. */
  request: (reason?: string) => Promise<Outcome>
}

/** What to show at a placement, with what to report of it. */
export type DecisionAnswer = Answer<Decision> & DecisionActions

/**
 * What to show at a placement, if anything: `data.status` is "show" or "none". Asked once for all components that ask the
 * same, and again when the person changes or offers may have changed. Nothing is asked while a server renders.
 */
export function useDecision(placement: string, options?: DecideOptions): DecisionAnswer {
  const client = useHeadroom()
  const asked = JSON.stringify([placement, options ?? {}])
  const subscribe = useCallback(
    (changed: () => void) => {
      const [place, how] = JSON.parse(asked) as [string, DecideOptions]
      const ask = async () => {
        const decision = await client.decide(place, how)
        // The server may not have heard of it yet, and says the same again.
        return dismissed(client).has(decision.decision_id ?? '') ? without(decision) : decision
      }
      return decisions(client).subscribe(asked, { ask, problem: silence }, changed)
    },
    [client, asked],
  )
  const answer = useSyncExternalStore(
    subscribe,
    () => decisions(client).read(asked),
    () => pending,
  )
  const actions = useMemo(() => actionsOf(client, asked), [client, asked])
  return useMemo(() => ({ ...answer, ...actions }), [answer, actions])
}

/** The variant of an experiment that the person is in; the empty one, what everybody sees, while it isn't known. */
export function useVariant(experiment: string): Answer<Variant> {
  const client = useHeadroom()
  const subscribe = useCallback(
    (changed: () => void) =>
      variants(client).subscribe(experiment, { ask: () => client.variant(experiment), problem: silence }, changed),
    [client, experiment],
  )
  return useSyncExternalStore(
    subscribe,
    () => variants(client).read(experiment),
    () => pending,
  )
}

const decisions = perClient((client) => new Questions<Decision>(client))
const variants = perClient((client) => new Questions<Variant>(client))

// Decisions by their ids.
const reported = perClient(() => new Set<string>())
const dismissed = perClient(() => new Set<string>())

function perClient<T>(make: (client: Headroom) => T): (client: Headroom) => T {
  const all = new WeakMap<Headroom, T>()
  return (client) => {
    let its = all.get(client)
    if (its === undefined) all.set(client, (its = make(client)))
    return its
  }
}

/** What is there instead of an offer that was dismissed. */
const without = ({ placement }: Decision): Decision => ({ status: 'none', reason: 'dismissed', ...(placement && { placement }) })

/** What stood in the way of an answer, where nobody was heard. */
function silence(answer: { reason: string }): ProblemShape | undefined {
  if (answer.reason === 'unreachable') return unreachable
  if (answer.reason !== 'timeout') return undefined
  return {
    status: 0,
    code: 'timeout',
    detail: 'Headroom did not answer in time',
    mend: 'allow for more by decisionTimeout in the config, or leave it: nothing is offered then',
  }
}

function actionsOf(client: Headroom, key: string): DecisionActions {
  const shown = () => decisions(client).read(key).data
  // A report that does not arrive is the client's to repeat and to tell: no view should fail for it.
  const report = (type: 'seen' | 'clicked' | 'dismissed', reason?: string) => {
    const id = shown()?.decision_id
    if (id) client.outcome(id, type, reason === undefined ? undefined : { reason }).catch(() => undefined)
  }
  const needed = (): string => {
    const id = shown()?.decision_id
    if (id) return id
    throw new Problem(0, 'nothing_shown', 'there is no offer here that could be accepted', 'call it only while data.status is "show"')
  }
  return {
    seen: () => {
      const id = shown()?.decision_id
      if (!id || reported(client).has(id)) return
      reported(client).add(id)
      report('seen')
    },
    clicked: () => report('clicked'),
    dismiss: (reason) => {
      const decision = shown()
      if (decision?.status !== 'show') return
      if (decision.decision_id) dismissed(client).add(decision.decision_id)
      report('dismissed', reason)
      decisions(client).put(key, without(decision))
    },
    preview: async () => client.previewChange({ decision_id: needed() }),
    accept: async (token) => client.outcome(needed(), 'accepted', { token }),
    request: async (reason) => client.outcome(needed(), 'requested', reason === undefined ? undefined : { reason }),
  }
}
