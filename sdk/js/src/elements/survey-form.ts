// What a survey asks and how it is answered, loaded when there is one.
import { h, safeUrl, texts, type Child, type HeadroomElement, type Trouble } from './base'
import type { Insides } from './inside'

const inside = (host: HeadroomElement) => host as unknown as Insides

texts('survey', {
  en: {
    least_nps: 'Not at all likely', most_nps: 'Extremely likely', least_csat: 'Very dissatisfied', most_csat: 'Very satisfied', follow: 'Tell us more (optional)', send: 'Send', no: 'Not now', thanks: 'Thank you for your answer.',
    wish: 'What is missing?', pay: 'What would it be worth to you a month? ({currency}, optional)', importance: 'How important is it?', least_importance: 'Nice to have', most_importance: 'Essential', link: 'Your link to share', copy: 'Copy', copied: 'Copied', pick: 'Please choose a number.',
  },
})

/** A survey, as the server asks it. */
export interface Survey {
  survey?: string
  ask_id?: string
  kind?: string
  question?: string
  follow?: string
  scale?: { least: number; most: number }
}
interface Answered {
  referral?: { words: string; code: string; link?: string; reward?: string }
}

/** The style of a survey. */
export const surveyCss = `
.card{display:grid;gap:var(--p);grid-template-columns:minmax(0,1fr)}
fieldset{border:0;margin:0;padding:0;min-inline-size:0}
legend{padding:0;font-weight:650;margin-block-end:var(--p)}
.scale{display:flex;flex-wrap:wrap;gap:calc(var(--p)/2)}
.scale label{position:relative;font-weight:400;cursor:pointer}
.scale input{position:absolute;inset:0;margin:0;opacity:0;inline-size:100%;block-size:100%;min-block-size:0;cursor:pointer}
.scale span{display:grid;place-items:center;min-inline-size:2.25rem;min-block-size:2.25rem;border:1px solid light-dark(#857f78,#6f7a75);border-radius:var(--r)}
.scale :checked+span{background:var(--a);border-color:var(--a);color:var(--at);font-weight:650}
.scale :focus-visible+span{outline:3px solid var(--f);outline-offset:2px}
.ends{display:flex;justify-content:space-between;gap:1rem;max-inline-size:32rem}
textarea,input.wide{inline-size:100%;display:block}
@media(forced-colors:active){.scale :checked+span{outline:3px solid Highlight}}
`

/** A survey that somebody sees. */
export class SurveyForm {
  #score: number | undefined
  #busy = false
  #thanked: Answered | undefined
  #trouble: Trouble | undefined
  readonly #host: HeadroomElement
  readonly #survey: Survey
  readonly #gone: () => void

  constructor(host: HeadroomElement, survey: Survey, gone: () => void) {
    this.#host = host
    this.#survey = survey
    this.#gone = gone
  }

  render(): Child {
    const s = this.#survey
    if (this.#thanked) return this.#thanks(this.#thanked.referral)
    const wish = s.kind === 'feature_request'
    return h('form', {
      part: 'card', class: 'card',
      onsubmit: (e: Event) => (e.preventDefault(), this.#send(s)),
      onkeydown: (e: KeyboardEvent) => void (e.key === 'Escape' && this.#close(s)),
    },
    wish ? this.#wish(s) : this.#scale('score', s.question ?? '', s.scale?.least ?? 0, s.scale?.most ?? 10, s.kind === 'nps' ? 'nps' : 'csat'),
    !wish && this.#score !== undefined && [h('label', { for: 'text' }, s.follow || this.#host.t('follow')), h('textarea', { id: 'text', part: 'text', rows: 2, maxlength: 2000 })],
    inside(this.#host).trouble(this.#trouble),
    h('div', { class: 'row' },
      h('button', { part: 'send', class: 'main', type: 'submit', 'aria-disabled': this.#busy ? 'true' : undefined }, this.#host.t('send')),
      h('button', { part: 'dismiss', type: 'button', onclick: () => this.#close(s) }, this.#host.t('no'))))
  }

  #scale(name: string, question: string, least: number, most: number, words: string): HTMLElement {
    const onchange = (e: Event) => {
      if (name === 'score') this.#score = Number((e.target as HTMLInputElement).value)
      this.#trouble = undefined
      this.#host.update()
    }
    return h('fieldset', { part: 'scale', onchange }, h('legend', { part: 'title' }, question),
      h('div', { class: 'scale' }, Array.from({ length: Math.min(most - least + 1, 11) }, (_, i) => {
        const n = least + i
        const end = n === least ? 'least_' : n === most ? 'most_' : ''
        return h('label', {}, h('input', { type: 'radio', name, value: n, 'aria-label': end ? `${this.#host.number(n)}: ${this.#host.t(end + words)}` : this.#host.number(n) }), h('span', { 'aria-hidden': 'true' }, this.#host.number(n)))
      })),
      h('p', { class: 'ends muted small', 'aria-hidden': 'true' }, h('span', {}, this.#host.t('least_' + words)), h('span', {}, this.#host.t('most_' + words))))
  }

  get #currency(): string {
    return this.#host.getAttribute('currency') || 'USD'
  }

  #wish(s: Survey): Child {
    return [
      h('label', { part: 'title', for: 'wish' }, s.question || this.#host.t('wish')), h('input', { id: 'wish', part: 'wish', class: 'wide', required: true, maxlength: 200 }),
      this.#scale('importance', this.#host.t('importance'), 1, 5, 'importance'),
      h('label', { for: 'pay' }, this.#host.t('pay', { currency: this.#currency })), h('input', { id: 'pay', part: 'pay', type: 'number', min: 0, step: 'any', inputmode: 'decimal' }),
    ]
  }

  #value(id: string): string | undefined {
    return this.#host.shadowRoot!.querySelector<HTMLInputElement>(id)?.value.trim() || undefined
  }

  async #send(s: Survey): Promise<void> {
    if (this.#busy) return
    const wish = this.#value('#wish'), pay = this.#value('#pay'), importance = Number(this.#value('[name=importance]:checked')) || undefined
    if (s.kind !== 'feature_request' && this.#score === undefined) {
      this.#trouble = { detail: this.#host.t('pick'), status: -1 }
      this.#host.update()
      this.#host.shadowRoot!.querySelector('input')?.focus()
      return
    }
    this.#busy = true
    this.#trouble = undefined
    this.#host.update()
    try {
      const body = s.kind === 'feature_request'
        ? { request: { title: wish, importance, pay: pay && { amount: pay, currency: this.#currency } } }
        : { score: this.#score, text: this.#value('#text') }
      const answer = await this.#host.client.call<Answered>('POST', `/v1/surveys/${encodeURIComponent(s.ask_id!)}/answers`, body)
      this.#thanked = answer
      this.#host.emit('answered', { survey: s, answer })
    } catch (trouble) {
      this.#host.emit('error', trouble)
      this.#trouble = trouble as Trouble
    }
    this.#busy = false
    this.#host.update()
  }

  #close(s: Survey): void {
    if (this.#busy) return
    this.#gone()
    if (!this.#thanked) {
      this.#host.client.call('POST', `/v1/surveys/${encodeURIComponent(s.ask_id!)}/answers`, { closed: true }).catch((trouble) => this.#host.emit('error', trouble))
      this.#host.emit('dismissed', { survey: s })
    }
    this.#host.update()
  }

  #thanks(r: Answered['referral']): HTMLElement {
    const text = r?.link ?? r?.code ?? ''
    const onclick = (e: MouseEvent) => {
      const button = e.currentTarget as HTMLElement
      navigator.clipboard?.writeText(text).then(() => (button.textContent = this.#host.t('copied')), () => this.#host.shadowRoot!.querySelector('input')?.select())
    }
    return h('div', { part: 'card', class: 'card' },
      h('p', { part: 'status', role: 'status' }, this.#host.t('thanks')),
      r && [h('p', { part: 'title' }, r.words), h('label', { for: 'link' }, this.#host.t('link')),
        h('div', { class: 'row' }, h('input', { id: 'link', part: 'link', readonly: true, value: safeUrl(r.link) ? r.link : r.code }), h('button', { part: 'copy', type: 'button', onclick }, this.#host.t('copy')))],
      h('div', { class: 'row' }, h('button', { part: 'dismiss', type: 'button', onclick: () => this.#close(this.#survey) }, this.#host.t('all.close'))))
  }
}
