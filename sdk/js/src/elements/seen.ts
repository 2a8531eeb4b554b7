// Reports an offer as seen when it really was.
import type { Decision } from '../core/types'
import type { HeadroomElement } from './base'

/** Decisions that were reported: once each for a page, whatever shows them. */
const seen = new Set<string>()
const watching = new WeakMap<HeadroomElement, { id: string; on: Element; watch: IntersectionObserver }>()

/**
 * Watches what shows a decision, until most of it has been in view: then the decision is reported as seen, and the
 * element says headroom-shown. Called after each redraw; without a decision, and when the element left, it ends.
 */
export function watchSeen(host: HeadroomElement, on?: Element | null, decision?: Decision): void {
  const id = decision?.decision_id
  const now = watching.get(host)
  if (now && now.id === id && now.on === on) return
  now?.watch.disconnect()
  watching.delete(host)
  if (!on || !id || host.preview || seen.has(id)) return
  const watch = new IntersectionObserver((entries) => {
    // Of what is higher than the window, half a window is enough.
    if (!entries.some((e) => e.intersectionRatio >= 0.6 || e.intersectionRect.height > innerHeight / 2)) return
    watch.disconnect()
    if (seen.has(id)) return
    seen.add(id)
    host.client.outcome(id, 'seen').catch(() => seen.delete(id))
    host.emit('shown', { decision })
  }, { threshold: [0, 0.2, 0.4, 0.6, 0.8] })
  watching.set(host, { id, on, watch })
  watch.observe(on)
}
