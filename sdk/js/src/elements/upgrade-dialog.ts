// <headroom-upgrade-dialog>: what is offered at a placement, in its place or in a dialog. What stands on the card is
// loaded when there is something to say.
import type { Decision, DecideOptions } from '../core/types'
import { define, h, HeadroomElement, sheet, type Child } from './base'
import type { UpgradeCard } from './upgrade-card'

const css = `
dialog.offer{border:0;padding:0;background:none;color:inherit;inline-size:min(30rem,calc(100vw - 2rem));max-block-size:calc(100dvh - 2rem);border-radius:var(--r);box-shadow:var(--sh)}
dialog.still{position:static;margin:0;max-inline-size:100%}
dialog::backdrop{background:rgb(0 0 0/.5)}
`

// One dialog at a time in a page, whatever opens it.
let front: HeadroomUpgradeDialog | undefined
const live = new Set<HeadroomUpgradeDialog>()

// What was answered in one tab closes in the others.
let channel: BroadcastChannel | undefined
const answered = new Set<string>()

function settle(what: string): void {
  answered.add(what)
  for (const one of live) one.update()
}

function focused(): HTMLElement | null {
  let at = document.activeElement
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
  return at as HTMLElement | null
}

/**
 * The offer of a placement. It asks when it comes onto the page and shows what is decided: a card in its place, for an
 * interruption a dialog. open() shows what there is because the person asked. Attributes: placement, feature, quantity,
 * requested, inline (always a card), on-demand (asks only when it is opened), admin (to whom requests go, as people know them). Parts: root dialog card title body
 * case assumptions lost price media action dismiss reason send code copy trouble status undo confirm-dialog lines cancel
 * confirm.
 */
export class HeadroomUpgradeDialog extends HeadroomElement {
  static override css = css
  static override words = 'upgrade'
  static override observed = ['placement', 'feature', 'quantity', 'requested', 'inline', 'on-demand', 'admin']

  #card: UpgradeCard | undefined
  #loading = false
  #opened = false // by the person
  #away = false // what was asked for has been looked at, and would come back at once
  #shown: Decision | undefined
  #expires: ReturnType<typeof setTimeout> | undefined
  #expiring: string | undefined
  #opener: HTMLElement | null = null

  override attributeChangedCallback(): void {
    this.#away = false
    super.attributeChangedCallback()
  }

  protected override gone(): void {
    live.delete(this)
    clearTimeout(this.#expires)
    this.#expiring = undefined
    this.#leave()
  }

  protected override parted(): void {
    if (this.#card) this.#card.over = true
    this.#card = undefined
    this.close()
    this.#away = false
  }

  /** Shows what there is, because the person asked; says so when there is nothing. */
  open(): void {
    this.#opened = true
    this.#away = false
    this.#card?.begin()
    this.forget('asked')
    this.update()
  }

  /** Puts it away; nothing is reported. */
  close(): void {
    this.#away = !this.#opened && this.hasAttribute('requested')
    this.#opened = false
    this.#card?.begin()
    this.#leave()
    this.#dialog?.close() // which gives the focus back
    this.update()
  }

  /** What was answered is shown nowhere any more, in no tab. */
  settle(decision: string): void {
    settle(decision)
    channel?.postMessage(decision)
  }

  /** Decides again. */
  again(): void {
    this.#away = false
    this.#expiring = undefined
    this.forget(this.#opened ? 'asked' : 'decision')
  }

  get #dialog(): HTMLDialogElement | null {
    return this.shadowRoot!.querySelector<HTMLDialogElement>('dialog.offer')
  }

  #leave(): void {
    if (front !== this) return
    front = undefined
    for (const one of live) one.update()
  }

  #decide(): Decision | undefined {
    if ((this.#away || this.hasAttribute('on-demand')) && !this.#opened) return undefined
    const placement = this.getAttribute('placement') ?? ''
    const o: DecideOptions = {}
    const feature = this.getAttribute('feature'), quantity = Number(this.getAttribute('quantity'))
    if (feature) o.feature = feature
    if (quantity > 0) o.quantity = quantity
    if (this.hasAttribute('requested') || this.#opened) o.requested = true
    return this.answer(this.#opened ? 'asked' : 'decision', placement + JSON.stringify(o), () => this.client.decide(placement, o))
  }

  /** What there is to show of a decision. */
  #worth(d: Decision | undefined): Decision | undefined {
    if (!d || answered.has(d.decision_id ?? `help:${d.help?.rule}:${d.help?.milestone ?? ''}`)) return undefined
    if (d.status === 'show' && d.offer) return d
    return d.help && { ...d, offer: undefined }
  }

  protected render(): Child {
    if (!live.has(this)) live.add(this)
    if (!channel && globalThis.BroadcastChannel) {
      channel = new BroadcastChannel('headroom')
      channel.onmessage = ({ data }) => typeof data === 'string' && settle(data)
    }
    const decided = this.#decide()
    const d = (this.#shown = this.#card?.held ?? this.#worth(decided))
    const modal = !this.hasAttribute('inline') && (this.#opened || d?.offer?.kind === 'interruption')
    if (!d && !this.#opened) {
      this.#leave()
      return undefined
    }
    if (!this.#card) {
      if (!this.#loading) void this.#load()
      return undefined
    }
    const card = this.#card.render(d, !decided)
    if (!modal) {
      this.#leave()
      return card
    }
    if (!this.preview) {
      if (front && front !== this) return undefined // its turn comes when the other one is closed
      front = this
    }
    return h('dialog', { part: 'dialog', class: this.preview ? 'offer still' : 'offer', open: !!this.preview, 'aria-labelledby': 'title', oncancel: (e: Event) => this.#cancelled(e), onclose: () => this.#shut() }, card)
  }

  async #load(): Promise<void> {
    this.#loading = true
    try {
      const { UpgradeCard, cardCss } = await import('./upgrade-card')
      this.shadowRoot!.adoptedStyleSheets.push(sheet(cardCss))
      this.#card = new UpgradeCard(this)
      this.#loading = false
      this.update()
    } catch (trouble) {
      this.emit('error', trouble) // and nothing is offered
    }
  }

  protected override updated(): void {
    const dialog = this.#dialog
    if (dialog && !dialog.open) {
      this.#opener = focused()
      dialog.showModal()
    } else if (!dialog && this.#opener) {
      if (focused() === document.body) this.#opener.focus()
      this.#opener = null
    }
    this.watch(this.shadowRoot!.querySelector('.card'), this.#shown?.offer && this.#shown)
    this.#expire(this.#shown)
  }

  /** A decision that has run out is made again. How long it lasts is counted by the server's clock. */
  #expire(d: Decision | undefined): void {
    if (this.#expiring === d?.decision_id) return
    clearTimeout(this.#expires)
    this.#expiring = d?.decision_id
    const left = d?.expires_at ? Date.parse(d.expires_at) - Date.parse(String(d['at'])) : NaN
    if (left < 2 ** 31) this.#expires = setTimeout(() => this.#card?.held || this.again(), Math.max(left, 1000))
  }

  #cancelled(e: Event): void {
    e.preventDefault()
    if (this.#card?.busy) return
    if (this.#shown && !this.#opened) this.#card?.dismiss(this.#shown)
    else this.close() // they came to look, and have looked
  }

  /** A browser closes a dialog on a second Escape, whatever is said. */
  #shut(): void {
    if (front === this && !this.#card?.busy) this.close()
  }
}

define('headroom-upgrade-dialog', HeadroomUpgradeDialog)

declare global {
  interface HTMLElementTagNameMap {
    'headroom-upgrade-dialog': HeadroomUpgradeDialog
  }
}
