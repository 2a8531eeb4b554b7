// <headroom-requests>: what members asked for. An admin answers, a member sees what became of it.
import { define, HeadroomElement, sheet, type Child } from './base'
import type { RequestsView } from './requests-view'

/**
 * Upgrade requests. Admins see those that wait, with what each would cost, approve (through the confirmation) or decline
 * with a reason, approve requests like one at once from then on, and end that. Members see their own and what became of
 * them. Parts: root card title item price approve decline reason send back news read standing end status undo trouble
 * confirm-dialog lines cancel confirm.
 */
export class HeadroomRequests extends HeadroomElement {
  static override css = ':host{min-block-size:var(--headroom-requests-height,6rem)}'
  static override words = 'requests'

  #view: RequestsView | undefined
  #loading: Promise<void> | undefined

  protected override parted(): void {
    this.#loading = this.#view = undefined
    this.shadowRoot!.querySelectorAll('[part=status]').forEach((said) => said.remove())
  }

  protected render(): Child {
    if (!this.known.account) return undefined
    this.#loading ??= this.#load().catch((trouble) => void this.emit('error', trouble))
    return this.#view?.render()
  }

  async #load(): Promise<void> {
    const { RequestsView, requestsCss } = await import('./requests-view')
    this.shadowRoot!.adoptedStyleSheets.push(sheet(requestsCss))
    this.#view = new RequestsView(this)
    this.update()
  }

  protected override updated(): void {
    this.#view?.updated()
  }
}

define('headroom-requests', HeadroomRequests)

declare global {
  interface HTMLElementTagNameMap {
    'headroom-requests': HeadroomRequests
  }
}
