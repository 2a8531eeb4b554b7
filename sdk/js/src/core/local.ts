import type { Check, Entitlement } from './types'

interface Source {
  source?: string
  expires_at?: string | null
  limit?: number | null
  balance?: number | null
}

/** How long after the end of a trial the answer stays, so that the news of what comes after can arrive. */
const leeway = 60_000

const millionths = (n: number) => Math.round(n * 1e6) / 1e6
const at = (time: unknown): number => (time ? Date.parse(time as string) : NaN)

/**
 * Answers from what the server said of a feature earlier, as the server would: `now` is its time. Where the server would
 * know more, this says the less: no yes of it is one that the server did not give. The one exception is what others used
 * since.
 */
export function evaluate(item: Entitlement, quantity: number, now: number): Check {
  const { feature, kind } = item
  const sources = (Array.isArray(item['sources']) ? item['sources'] : []) as Source[]
  const counted = kind === 'metered' || kind === 'seats'
  let reason = item.reason ?? ''
  let open = counted ? !!item.unlimited : item.allowed
  let closed = !open && (!counted || (!item.allowed && reason !== 'limit_reached'))
  const reserved = Number(item['reserved'] ?? 0)
  let usage = item.usage ?? 0
  let limit = item.limit ?? 0
  let remaining = item.remaining ?? 0
  let grace = Number(item['grace'] ?? (reason === 'in_grace' ? 1e12 : 0))
  let resets = item.resets_at ?? null
  if (counted && !closed && (reason === 'limit_reached' || reason === 'overage' || reason === 'in_grace')) reason = 'within_limit'
  let changed = false
  const shut = (why: string) => {
    open = false
    closed = changed = true
    reason = why
  }

  const ended = (s: Source) => at(s.expires_at) <= now
  if (at(item['grace_ends_at']) <= now) grace = 0
  if (at(item.trial_ends_at) + leeway <= now && !sources.some((s) => (s.expires_at ? !ended(s) : !/^(trial|plan):/.test(s.source ?? '')))) {
    shut('trial_expired')
  } else if (item.allowed && sources.length && (sources.every(ended) || sources.some((s) => ended(s) && s.source === 'override'))) {
    shut('not_in_plan')
  } else if (counted && at(resets) <= now && !item['rolling']) {
    // What was burned of grants stays burned.
    const anew = sources.length ? sources.reduce((sum, s) => sum + (ended(s) ? 0 : (s.balance ?? s.limit ?? 0)), 0) : limit
    usage = 0
    limit = Math.min(limit, millionths(anew))
    remaining = Math.max(limit - reserved, 0)
    resets = null // the one after it is not known
    changed = true
  } else if (counted) {
    const taken = sources.reduce((sum, s) => sum + (ended(s) ? (s.limit ?? 0) + (s.balance ?? 0) : 0), 0)
    if (taken) {
      limit = Math.max(millionths(limit - taken), 0)
      remaining = Math.max(millionths(remaining - taken), 0)
      changed = true
    }
  }

  let allowed = open
  let shortfall = 0
  if (counted && !open) {
    if (closed) {
      shortfall = Math.max(millionths(usage + reserved + quantity - limit), 0)
    } else if (quantity <= remaining || quantity === 0) {
      allowed = true
    } else if (item.soft) {
      allowed = true
      reason = 'overage'
    } else if (grace > 0 && quantity <= remaining + grace) {
      allowed = true
      reason = 'in_grace'
    } else {
      reason = 'limit_reached'
      shortfall = Math.max(millionths(usage + reserved + quantity - limit), 1)
    }
  }
  const answer: Check = { ...item, feature, allowed, reason, shortfall, resets_at: resets }
  if (counted) {
    answer.usage = usage
    if (!item.unlimited) Object.assign(answer, { limit, remaining })
  }
  // The server's sentence is about one more, as things were then.
  if (changed || allowed !== item.allowed || quantity !== 1) delete answer.message
  return answer
}
