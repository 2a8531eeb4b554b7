// What stands on an offer's card and what its buttons do: buy through the confirmation, ask an admin, try, talk, refer.
import type { Decision, Outcome } from '../core/types'
import { h, texts, type Child, type HeadroomElement, type Trouble } from './base'
import type { Insides } from './inside'
import { offerCard, offerCss } from './offer'
import { confirmation } from './paying'

const inside = (host: HeadroomElement) => host as unknown as Insides

texts('upgrade', {
  en: {
    sent: 'Your request went to {admin}.', joined: 'Somebody had asked {admin} for it already. You asked too, and hear the answer.', approved: 'It was approved at once: it is active now.', somebody: 'the admins of your account',
    why: 'What do you need it for? (optional)', send: 'Send to {admin}', ask: 'Ask an admin', bought: 'Done: {title} is active now.', begun: 'Done. {title}', question: '{label}?',
    none: 'There is nothing to offer here right now.', locked: 'An admin of your account can unlock this.', link: 'Your link to share', copy: 'Copy', copied: 'Copied', talk: 'Thank you. You will hear from us.',
  },
})

/** The style of the card. */
export const cardCss = offerCss

/** The element that a card stands in. */
export interface CardHost extends HeadroomElement {
  close(): void
  again(): void
  settle(decision: string): void
}

/** A card and how far somebody is with it. */
export class UpgradeCard {
  /** While somebody answers, nothing else comes in its place. */
  held: Decision | undefined
  busy = false
  /** Somebody else is there now: what comes of what was begun is not for them. */
  over = false
  #phase: '' | 'asking' | 'done' = ''
  #trouble: Trouble | undefined
  #result: () => Child = () => undefined

  readonly #host: CardHost

  constructor(host: CardHost) {
    this.#host = host
  }

  /** From the beginning. */
  begin(): void {
    this.held = this.#trouble = undefined
    this.#phase = ''
  }

  render(d: Decision | undefined, pending: boolean): HTMLElement {
    const host = this.#host
    if (!d) return this.#nothing(pending)
    return offerCard(host, d, {
      act: (click) => void this.#act(d, click),
      dismiss: () => this.dismiss(d),
      trouble: inside(host).trouble(this.#trouble),
      no: d.offer ? undefined : host.t('all.close'),
      instead: this.#phase === 'asking' ? this.#form(d, () => host.client.outcome(d.decision_id!, 'requested', { reason: this.#reason() })) : this.#phase === 'done' ? this.#done() : undefined,
    })
  }

  /** The person asked, and there is no offer: a member may ask an admin for the feature itself. */
  #nothing(pending: boolean): HTMLElement {
    const host = this.#host
    const feature = host.getAttribute('feature')
    const asks = !pending && feature && host.client.snapshot().role === 'member'
    const send = () => host.client.requestUpgrade({ feature: feature!, quantity: Number(host.getAttribute('quantity')) || undefined, reason: this.#reason() })
    return h('article', { part: 'card', class: 'card', 'aria-busy': String(pending) },
      h('h2', { id: 'title', part: 'title' }, pending ? '…' : host.t(asks ? 'locked' : 'none')),
      inside(host).trouble(this.#trouble),
      this.#phase === 'done' ? this.#done() : asks ? this.#form(undefined, send) : h('div', { class: 'row' }, this.#close()))
  }

  #close(): HTMLElement {
    return h('button', { part: 'dismiss', type: 'button', onclick: () => this.#host.close() }, this.#host.t('all.close'))
  }

  #done(): HTMLElement {
    return h('div', { class: 'stack' }, this.#result(), this.#close())
  }

  #reason(): string | undefined {
    return this.#host.shadowRoot!.querySelector('textarea')?.value.trim() || undefined
  }

  get #admin(): string {
    return this.#host.getAttribute('admin') || this.#host.t('somebody')
  }

  #form(d: Decision | undefined, send: () => Promise<Outcome>): HTMLElement {
    const host = this.#host
    const onsubmit = (e: Event) => {
      e.preventDefault()
      void this.#run(async () => {
        const answer = await send()
        if (this.over) return
        const said = answer.subscription ? 'approved' : answer.joined ? 'joined' : 'sent'
        if (d) host.settle(d.decision_id!)
        this.#finish(() => h('p', { role: 'status', part: 'status' }, host.t(said, { admin: this.#admin })))
        host.emit('requested', answer)
      })
    }
    return h('form', { class: 'stack', onsubmit },
      h('label', { for: 'reason' }, host.t('why')), h('textarea', { id: 'reason', part: 'reason', rows: 2, maxlength: 256 }),
      h('div', { class: 'row' },
        h('button', { part: 'send', class: 'main', type: 'submit', 'aria-disabled': this.busy ? 'true' : undefined }, host.t('send', { admin: this.#admin })),
        h('button', { part: 'dismiss', type: 'button', onclick: () => (d ? this.dismiss(d) : host.close()) }, host.t('offer.not_now'))))
  }

  /** Nothing comes of two clicks that would not come of one. */
  async #run(does: () => Promise<unknown>): Promise<void> {
    if (this.busy) return
    this.busy = true
    this.#trouble = undefined
    this.#host.update()
    try {
      await does()
    } catch (trouble) {
      this.#host.emit('error', trouble)
      this.#trouble = trouble as Trouble
      if (/^decision_/.test(this.#trouble.code ?? '')) {
        this.held = undefined
        this.#phase = ''
        this.#host.again()
      }
    }
    this.busy = false
    this.#host.update()
  }

  #finish(result: () => Child): void {
    this.#phase = 'done'
    this.#result = result
  }

  async #act(d: Decision, click: MouseEvent): Promise<void> {
    const { offer, decision_id: id } = d
    const host = this.#host
    if (!offer || !id || this.busy) return // help: its link is followed
    const { action } = offer.cta
    const button = click.currentTarget as HTMLElement
    host.emit('clicked', { decision: d, action })
    host.client.outcome(id, 'clicked').catch(() => {}) // that it was not counted keeps nobody from anything
    if (action === 'request') {
      this.held = d
      this.#phase = 'asking'
      host.update()
      queueMicrotask(() => host.shadowRoot!.querySelector('textarea')?.focus())
      return
    }
    const give = offer['give'] as { refer?: string } | undefined
    // Said before the link is followed: the product may have a way of its own to talk.
    const talks = action !== 'buy' && action !== 'try' && !give?.refer
    const heeded = talks && !host.emit('contact', { decision: d, action })
    if (heeded) click.preventDefault()
    await this.#run(async () => {
      if (action === 'buy') return this.#buy(d, button)
      const answer = await host.client.outcome(id, 'accepted')
      if (this.over) return
      this.held = d
      host.settle(id)
      host.emit('accepted', answer)
      if (action === 'try') return this.#bought(host.t('begun', { title: offer.title }), answer)
      if (give?.refer) return this.#refer(give.refer)
      if (heeded) return host.close()
      this.#finish(() => h('p', { role: 'status', part: 'status' }, host.t('talk')))
    })
  }

  async #buy(d: Decision, button: HTMLElement): Promise<void> {
    const offer = d.offer!, id = d.decision_id!, host = this.#host
    const { confirmCharge } = await confirmation(host)
    if (this.over) return
    this.held = d
    button.focus()
    const outcome = await confirmCharge(host, {
      title: host.t('question', { label: offer.cta.label }), interval: offer.price?.interval,
      preview: () => host.client.previewChange({ decision_id: id }),
      accept: (token) => host.client.outcome(id, 'accepted', { token }),
    }).finally(() => (this.held = undefined))
    if (!outcome) return
    host.settle(id)
    host.emit('accepted', outcome)
    await this.#bought(host.t('bought', { title: offer.title }), outcome)
  }

  /** The card makes room for what is said: that it is done, and how it is taken back. */
  async #bought(words: string, outcome: Outcome): Promise<void> {
    const { saidBought } = await confirmation(this.#host)
    this.#host.close()
    saidBought(this.#host, words, outcome, () => this.#host.again())
  }

  async #refer(program: string): Promise<void> {
    const host = this.#host
    const code = await host.client.call<{ code: string; link?: string }>('POST', '/v1/accounts/{account}/referrals', { program })
    const text = code.link ?? code.code
    const onclick = (e: MouseEvent) => {
      const button = e.currentTarget as HTMLElement
      navigator.clipboard?.writeText(text).then(() => (button.textContent = host.t('copied')), () => {})
    }
    this.#finish(() => h('div', { class: 'stack' }, h('label', { for: 'code' }, host.t('link')),
      h('input', { id: 'code', part: 'code', readonly: true, value: text }), h('button', { type: 'button', part: 'copy', onclick }, host.t('copy'))))
  }

  /** Puts it away, and tells the server that it was not wanted. */
  dismiss(d: Decision): void {
    const host = this.#host
    if (this.#phase !== 'done') {
      if (d.offer && d.decision_id) host.client.outcome(d.decision_id, 'dismissed').catch(() => {}) // it goes away in any case
      host.settle(d.decision_id ?? `help:${d.help?.rule}:${d.help?.milestone ?? ''}`)
      host.emit('dismissed', { decision: d })
    }
    host.close()
  }
}
