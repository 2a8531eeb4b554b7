// <headroom-survey>: one question at a good moment. It is asked for only when it could really be seen, on a page that
// has nothing else to do: what the server answers counts as shown.
import { define, HeadroomElement, sheet, type Child } from './base'
import type { Survey, SurveyForm } from './survey-form'

const idle = globalThis.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 200))

/**
 * A survey of a placement: a score from 0 to 10 or 1 to 5, an open question after it, or a wish and what it would be
 * worth. After a promoter's answer it asks to refer, where the survey says so. Nothing when there is none. Attributes:
 * placement, currency (of what a wish is worth; USD). Parts: root card title scale text wish pay send dismiss status
 * link copy trouble.
 */
export class HeadroomSurvey extends HeadroomElement {
  static override css = ':host{min-block-size:1px}'
  static override words = 'survey'
  static override observed = ['placement', 'currency']

  #form: SurveyForm | undefined
  #asked = '' // for whom and where
  #sight: IntersectionObserver | undefined

  protected override gone(): void {
    this.#sight?.disconnect()
    this.#sight = undefined
  }

  protected override parted(): void {
    this.#form = undefined
    this.#asked = ''
  }

  /** Who is asked, and where: another person or place is another survey. */
  get #who(): string {
    const { account, user } = this.known
    const placement = this.getAttribute('placement')
    return account && placement ? [account, user, placement, !!this.preview].join() : ''
  }

  protected override updated(): void {
    const who = this.#who
    if (!who || who === this.#asked) return
    if (this.#form) {
      this.#form = undefined
      this.update()
    }
    this.#sight ??= new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && idle(() => this.#ask()))
    this.#sight.disconnect()
    this.#sight.observe(this)
  }

  async #ask(): Promise<void> {
    const who = this.#who
    if (!who || who === this.#asked || !this.isConnected) return
    if (document.visibilityState !== 'visible') {
      document.addEventListener('visibilitychange', () => this.#ask(), { once: true })
      return
    }
    if (!this.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return
    this.#asked = who
    this.#sight?.disconnect()
    try {
      const survey = await this.client.call<Survey>('POST', '/v1/surveys/next', { placement: this.getAttribute('placement'), language: this.language })
      if (!survey.ask_id) return
      const { SurveyForm, surveyCss } = await import('./survey-form')
      if (this.#asked !== who) return
      this.shadowRoot!.adoptedStyleSheets.push(sheet(surveyCss))
      this.#form = new SurveyForm(this, survey, () => (this.#form = undefined))
      this.update()
      this.emit('shown', { survey })
    } catch (trouble) {
      this.emit('error', trouble) // and nobody is bothered
    }
  }

  protected render(): Child {
    return this.#form?.render()
  }
}

define('headroom-survey', HeadroomSurvey)

declare global {
  interface HTMLElementTagNameMap {
    'headroom-survey': HeadroomSurvey
  }
}
