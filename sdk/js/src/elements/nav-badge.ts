// <headroom-nav-badge>: a small mark in a menu: new, premium or locked.
import type { Decision } from '../core/types'
import { define, h, HeadroomElement, icon, texts, type Child } from './base'

texts('badge', { en: { new: 'New', premium: 'Premium', locked: 'Locked' } })

const css = `
:host{display:inline-block;min-inline-size:var(--headroom-reserve,0);vertical-align:baseline}
[part=badge]{display:inline-flex;align-items:center;gap:.25em;border-radius:1em;padding:0 .5em;font-size:.75em;font-weight:600;line-height:1.6;border:1px solid var(--a);color:var(--a);white-space:nowrap}
.new{background:var(--a);color:var(--at)!important}
.locked{border-color:#0000!important;padding:0!important;color:var(--m)!important;font-size:1em!important}
`

const pictures: Record<string, string> = {
  locked: 'M6 10V7a6 6 0 0 1 12 0v3M5 10h14v11H5z',
  premium: 'M12 4l2.3 5.2 5.7.6-4.3 3.8 1.2 5.6-4.9-2.9-4.9 2.9 1.2-5.6L4 9.8l5.7-.6z',
}

/**
 * Stands beside a link of a menu. Locked: a lock, while the account may not use the feature; premium says so in a word.
 * New is shown to who it is decided for at its placement, or without a placement to everybody. A decided badge reports
 * that it was seen, once, and that its link was followed. Nothing is shown before it is decided.
 * Attributes: feature, kind (new or premium), placement. Parts: root badge.
 */
export class HeadroomNavBadge extends HeadroomElement {
  static override css = css
  static override words = 'badge'
  static override observed = ['feature', 'kind', 'placement']

  #decision: Decision | undefined
  #link: Element | null = null
  readonly #followed = () => {
    const id = this.#decision?.decision_id
    if (!id || this.preview) return
    this.emit('clicked', { decision: this.#decision })
    this.client.outcome(id, 'clicked').catch(() => {}) // that it was not counted keeps nobody from following
  }

  protected render(): Child {
    const feature = this.getAttribute('feature') ?? '', kind = this.getAttribute('kind'), placement = this.getAttribute('placement')
    const e = this.known.entitlements?.[feature]
    const locked = e && !e.allowed && !e['hidden']
    const decision = placement ? this.answer('decision', `${placement} ${feature}`, () => this.client.decide(placement, feature ? { feature } : {})) : undefined
    this.#decision = decision?.status === 'show' ? decision : undefined
    if (placement && !decision) return undefined
    const which = this.#decision ? kind || (locked ? 'premium' : 'new') : kind === 'new' ? (placement ? '' : 'new') : locked ? kind || 'locked' : ''
    if (!which) return undefined
    return h('span', { part: 'badge', class: which, title: this.#decision?.offer?.title }, pictures[which] && icon(pictures[which]!), h('span', { class: which === 'locked' && 'sr' }, this.t(which)))
  }

  protected override updated(): void {
    this.watch(this.shadowRoot!.querySelector('[part=badge]'), this.#decision)
    const link = this.closest('a,button')
    if (link === this.#link) return
    this.#link?.removeEventListener('click', this.#followed)
    link?.addEventListener('click', this.#followed)
    this.#link = link
  }

  protected override gone(): void {
    this.#link?.removeEventListener('click', this.#followed)
    this.#link = null
  }
}

define('headroom-nav-badge', HeadroomNavBadge)

declare global {
  interface HTMLElementTagNameMap {
    'headroom-nav-badge': HeadroomNavBadge
  }
}
