// <headroom-seat-prompt>: that more seats are needed than there are, where people are invited.
import { define, h, HeadroomElement, texts, type Child } from './base'

texts('seats', {
  en: {
    missing: '{missing, plural, one {# more seat is needed} other {# more seats are needed}}', taken: '{usage} of {limit} {unit} are taken or promised.', left: '{left, plural, =0 {No seats left} one {# seat left} other {# seats left}}',
    waiting: '{waiting, plural, one {# invitation waits for a seat and is sent when there is one.} other {# invitations wait for a seat and are sent as seats become free.}}',
    buy: '{count, plural, one {Get # seat} other {Get # seats}}', ask: '{count, plural, one {Ask for # seat} other {Ask for # seats}}', outside: '{people, plural, one {# person} other {# people}} of {domain} {people, plural, one {uses} other {use}} this outside your plan', bring: 'Bring them in', see: 'See what would help',
  },
})

const css = `
:host{min-block-size:var(--headroom-reserve,0)}
.card{display:flex;flex-wrap:wrap;gap:var(--p) calc(var(--p)*2);align-items:center;justify-content:space-between}
.card>div{flex:1 1 14rem}
`

type Invitations = { items: { feature?: string; status: string }[] }
type Outside = { domain: string; outside: number }

/**
 * For the place where people are invited: how many seats are missing for the invitations that wait and for those about
 * to be sent (quantity), and the way to more. With outside, for a team's page: how many people of the account's domain
 * use the product outside of its plan. Shows nothing where nothing is missing. Attributes: feature (of kind seats),
 * placement, quantity, outside, admin (to whom requests go, as people know them). Parts: root card title body action.
 */
export class HeadroomSeatPrompt extends HeadroomElement {
  static override css = css
  static override words = 'seats'
  static override observed = ['feature', 'placement', 'quantity', 'outside']

  /** Asks again who is invited, as after your own server did it. */
  refresh(): void {
    this.forget('invites')
  }

  protected render(): Child {
    return h('div', { role: 'status' }, this.hasAttribute('outside') ? this.#outside() : this.#missing())
  }

  #missing(): Child {
    const feature = this.getAttribute('feature') ?? ''
    const e = this.known.entitlements?.[feature]
    if (!e || typeof e.limit !== 'number') return undefined // there is room for everybody
    const { usage, limit, remaining } = e
    const open = this.answer('invites', `${feature} ${usage} ${limit}`, () => this.client.call<Invitations>('GET', '/v1/accounts/{account}/invites?limit=200').catch(() => null))
    if (open === undefined) return undefined
    const of = (status: string) => open?.items.filter((i) => i.status === status && (!i.feature || i.feature === feature)).length ?? 0
    const waiting = of('waiting'), sent = of('sent') // who was invited has a seat kept
    const wanted = Math.max(0, Number(this.getAttribute('quantity')) || 0)
    const left = Math.max(0, (remaining ?? limit - (usage ?? 0)) - sent)
    const missing = Math.max(0, waiting + wanted - left)
    if (!missing) return wanted ? h('p', { part: 'body', class: 'muted small' }, this.t('left', { left })) : undefined
    const unit = e.title || (e['content'] as { title?: string } | undefined)?.title || feature
    return this.#card(this.t('missing', { missing }), [this.t('taken', { usage: (usage ?? 0) + sent, limit, unit: /^en/.test(this.language) ? unit.toLowerCase() : unit }), waiting ? ` ${this.t('waiting', { waiting })}` : ''],
      this.t(this.known.role === 'member' ? 'ask' : 'buy', { count: missing }), missing)
  }

  #outside(): Child {
    const found = this.answer('outside', '', () => this.client.call<Outside>('GET', '/v1/accounts/{account}/outside').catch(() => null))
    if (!found?.outside) return undefined
    return this.#card(this.t('outside', { people: found.outside, domain: found.domain }), undefined, this.t(this.known.role === 'member' ? 'see' : 'bring'), found.outside)
  }

  #card(title: string, body: Child, action: string, quantity: number): Child {
    const placement = this.getAttribute('placement')
    return h('div', { part: 'card', class: 'card' },
      h('div', {}, h('p', { part: 'title' }, h('strong', {}, title)), body && h('p', { part: 'body', class: 'muted' }, body), this.known.stale && h('p', { class: 'muted small' }, this.t('all.stale'))),
      placement && h('button', { part: 'action', class: 'main', type: 'button', 'aria-haspopup': 'dialog', onclick: () => void this.openOffer({ placement, feature: this.getAttribute('feature'), quantity }) }, action))
  }
}

define('headroom-seat-prompt', HeadroomSeatPrompt)

declare global {
  interface HTMLElementTagNameMap {
    'headroom-seat-prompt': HeadroomSeatPrompt
  }
}
