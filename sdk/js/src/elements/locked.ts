// <headroom-locked>: what an account may not use: shown for what it is, with what would unlock it.
import type { Check, Entitlement } from '../core/types'
import { define, h, HeadroomElement, icon, safeUrl, texts, type Child, type Trouble } from './base'

texts('locked', {
  en: {
    locked: 'locked', gives: '{title} unlocks it', price: '{title} unlocks it: {price}', a_month: '{amount} a month', a_year: '{amount} a year', more: '{amount} more than now',
    see: 'See {title}', plans: 'See what unlocks it', ask: 'Ask an admin', asked: 'Your request went to {admin}.', admins: 'the admins of your account', docs: 'Read more',
  },
})

/** What the server says of a feature beyond the core's type. */
interface Locked extends Entitlement {
  hidden?: boolean
  message?: string
  content?: { title?: string; benefit?: string; docs?: string }
}

const css = `
:host{min-block-size:var(--headroom-reserve,0)}
:host([compact]){display:inline-block}
slot.wait{visibility:hidden;display:block}
[part=offer]{justify-self:stretch}
[part=offer]::part(card){border:0;padding:0;background:none}
.head{display:flex;gap:.5em;align-items:baseline}
.head svg{color:var(--m)}
`

const lock = 'M6 10V7a6 6 0 0 1 12 0v3M5 10h14v11H5zM12 15v2'

/**
 * Shows its content to who may use the feature, and a lock to who may not: what it is, what it is good for and what
 * unlocks it, with the price for who may buy. With a placement the offer that is decided there stands in it, or a button
 * opens what there is; a member can ask an admin. What the catalog hides is not shown, and nothing is shown before it is
 * known. Attributes: feature, placement, compact (a button only, as in a menu), admin (to whom requests go, as people
 * know them). Slots: the content; locked (beside the lock). Parts: root card title body price offer action docs status trouble.
 */
export class HeadroomLocked extends HeadroomElement {
  static override css = css
  static override words = 'locked'
  static override observed = ['feature', 'placement', 'compact']

  #asked: { what: string; trouble?: Trouble | undefined } | undefined // by whom, and for which feature

  protected render(): Child {
    const feature = this.getAttribute('feature') ?? '', placement = this.getAttribute('placement')
    const { entitlements, role } = this.known
    const look = (question: string, of: string) => {
      const found = this.answer(question, of, () => this.client.check(feature, { touch: false, ...(placement && { placement }) }))
      return found?.feature === feature ? found : undefined
    }
    if (!entitlements) {
      // Nothing is known, and the server is not heard: what the page has said for that.
      const open = this.known.stale && look('unheard', feature)?.allowed
      return h('slot', { class: !open && 'wait', inert: !open })
    }
    const e = entitlements[feature] as Locked | undefined
    if (e?.allowed) return h('slot')
    if (!e || e.hidden) return undefined // what nobody knows stays closed
    const asked = this.#asked?.what === this.#what ? this.#asked : undefined
    const title = e.title || e.content?.title || feature
    const open = () => void this.openOffer({ placement: placement!, feature })
    // Only who clicks wants it: what is drawn is asked for with touch: false. Who puts an offer away does not.
    const touch = (click: MouseEvent) => {
      if (!(click.composedPath()[0] as Element).closest('[part=dismiss]')) void this.client.check(feature, placement ? { placement } : {})
    }
    if (this.hasAttribute('compact')) {
      return h('button', { part: 'action', class: 'link', type: 'button', 'aria-haspopup': placement ? 'dialog' : undefined, 'aria-disabled': placement ? undefined : 'true', onclick: (click: MouseEvent) => (touch(click), placement && open()) },
        icon(lock), h('span', { part: 'title' }, title), h('span', { class: 'sr' }, `, ${this.t('locked')}`))
    }
    const check = look('check', `${feature} ${placement} ${e.reason}`)
    const offered = placement && check?.decision?.status === 'show'
    return h('div', { part: 'card', class: 'card stack', role: 'group', 'aria-labelledby': 'title', onclick: touch },
      h('div', { class: 'head' }, icon(lock), h('h3', { part: 'title', id: 'title' }, title, h('span', { class: 'sr' }, `, ${this.t('locked')}`))),
      e.content?.benefit && h('p', { part: 'body' }, e.content.benefit),
      h('p', { class: 'muted small' }, e.message ?? check?.message, this.known.stale && ` ${this.t('all.stale')}.`),
      h('slot', { name: 'locked' }),
      offered ? h('headroom-upgrade-dialog', { part: 'offer', inline: true, placement, feature, lang: this.lang || undefined, admin: this.getAttribute('admin') }) : this.#unlock(check, open),
      role === 'member' && !offered && check && h('div', { class: 'stack' },
        (!asked || asked.trouble) && h('button', { part: 'action', type: 'button', class: 'main', onclick: (click: MouseEvent) => void this.#ask(click.currentTarget as HTMLElement) }, this.t('ask')),
        this.trouble(asked?.trouble), h('p', { part: 'status', role: 'status' }, asked && !asked.trouble && this.t('asked', { admin: this.getAttribute('admin') || this.t('admins') }))),
      safeUrl(e.content?.docs) && h('a', { part: 'docs', class: 'small', href: e.content!.docs, rel: 'noopener' }, this.t('docs')))
  }

  /** What unlocks it, the cheapest first, and the way to it. Only who may buy hears of money. */
  #unlock(check: Check | undefined, open: () => void): Child {
    const buys = this.known.role !== 'member'
    const first = check?.unlock?.[0]
    const a = (amount: { amount: string; currency: string }, interval?: string) => this.t(interval === 'year' ? 'a_year' : 'a_month', { amount: this.money(amount) })
    const more = first?.difference && first.difference.amount !== first.price?.amount
    return [
      first && h('p', { part: 'price' }, buys && first.price
        ? this.t('price', { title: first.title, price: a(first.price, first.interval) + (more ? `, ${this.t('more', { amount: this.money(first.difference!) })}` : '') })
        : this.t('gives', { title: first.title })),
      buys && check && this.hasAttribute('placement') && h('button', { part: 'action', class: 'main', type: 'button', 'aria-haspopup': 'dialog', onclick: open }, first ? this.t('see', { title: first.title }) : this.t('plans')),
    ]
  }

  protected override updated(): void {
    const inline = this.shadowRoot!.querySelector<HTMLElementTagNameMap['headroom-upgrade-dialog']>('[part=offer]')
    if (!inline) return
    void import('./upgrade-dialog').then(() => {
      if (this.preview ? inline.preview !== this.preview : inline.client !== this.client) Object.assign(inline, this.preview ? { preview: this.preview } : { client: this.client })
    })
  }

  get #what(): string {
    return [this.known.account, this.known.user, this.getAttribute('feature')].join()
  }

  async #ask(button: HTMLElement): Promise<void> {
    const what = this.#what
    const trouble = await this.working(button, async () => {
      const answer = await this.client.requestUpgrade({ feature: this.getAttribute('feature')! })
      this.#asked = { what }
      this.emit('requested', answer)
    })
    if (trouble) this.#asked = { what, trouble }
    this.update()
  }
}

define('headroom-locked', HeadroomLocked)

declare global {
  interface HTMLElementTagNameMap {
    'headroom-locked': HeadroomLocked
  }
}
