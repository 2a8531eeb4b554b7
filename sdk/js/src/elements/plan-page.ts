// <headroom-plan-page>: what an account has, how far it is filled, and what it could have. What it shows is loaded with
// the answer.
import { define, HeadroomElement, sheet, type Child } from './base'
import type { PlanView } from './plan-view'

/**
 * The plan and billing page of an account. Admins see what everything costs and buy through the confirmation; members
 * see the same without money, and ask. A link may lead to one thing: ?plan=…&interval=…, ?addon=…&quantity=…, ?offer=…
 * or ?decision=… of the page's address, or attributes of these names. Attributes beside these: placement (where save
 * offers are decided; billing.page), smaller (keys of plans that may be chosen instead, as far as they are less), admin
 * (to whom requests go, as people know them). To end the subscription is the product's own matter: headroom-contact with
 * the action "cancel". Parts: root card title price usage meter fill plans plan current action quantity interval leave
 * lost reason send dismiss status undo trouble confirm-dialog lines cancel confirm.
 */
export class HeadroomPlanPage extends HeadroomElement {
  static override css = ':host{min-block-size:var(--headroom-plan-page-height,24rem)}'
  static override words = 'plans'
  static override observed = ['placement', 'plan', 'interval', 'addon', 'quantity', 'offer', 'decision', 'smaller', 'admin']

  #view: PlanView | undefined
  #loading: Promise<void> | undefined
  #linked = true

  protected override parted(): void {
    this.#loading = this.#view = undefined // what a link led to was for who followed it
    this.#linked = false
  }

  protected render(): Child {
    if (!this.known.account) return undefined
    this.#loading ??= this.#load().catch((trouble) => void this.emit('error', trouble))
    return this.#view?.render()
  }

  async #load(): Promise<void> {
    const { PlanView, planCss } = await import('./plan-view')
    this.shadowRoot!.adoptedStyleSheets.push(sheet(planCss))
    this.#view = new PlanView(this, this.#linked)
    this.update()
  }
}

define('headroom-plan-page', HeadroomPlanPage)

declare global {
  interface HTMLElementTagNameMap {
    'headroom-plan-page': HeadroomPlanPage
  }
}
