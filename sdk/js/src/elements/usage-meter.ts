// <headroom-usage-meter>: how much of a feature is used, and how much is left.
import type { Entitlement, Money } from '../core/types'
import { define, h, HeadroomElement, texts, type Child } from './base'

texts('meter', {
  en: {
    of: '{usage} of {limit}', all: '{usage} of {limit} {unit}. {words}', about: 'about {usage}', unlimited: '{usage}, no limit', left: '{left} left', near: 'Nearly full: {left} left', full: 'Full: none left', over: '{over} over the limit',
    above: '{over} above what is included', cost: '{over} above what is included: {cost} so far', soft: 'More costs {price} per {unit}', resets: 'Starts anew on {date}', rolling: 'Some comes back on {date}',
    grace: 'More is possible until {date}', pool: 'Shared with your other accounts', reserved: '{reserved} reserved', none: 'Not in your plan', more: 'Get more',
  },
})

/** What the server says of a metered feature beyond the core's type. */
interface Metered extends Entitlement {
  approximate?: boolean
  holder?: string
  rolling?: boolean
  reserved?: number
  grace_ends_at?: string | null
  overage?: { price?: Money; unit?: number }
  content?: { title?: string }
}

const css = `
:host{min-block-size:var(--headroom-reserve,4.75rem)}
[part=meter]{block-size:.5rem;border-radius:1rem;background:var(--b);overflow:hidden;border:1px solid #0000}
[part=fill]{block-size:100%;inline-size:var(--x);background:var(--c);border-radius:inherit;transition:inline-size .4s}
.g{display:grid;gap:calc(var(--p)/2);grid-template-columns:minmax(0,1fr);font-variant-numeric:tabular-nums;--c:var(--a)}
.near{--c:var(--w)}
.full{--c:var(--d)}
.near b,.full b{color:var(--c)}
.head{justify-content:space-between;column-gap:1rem}
.notes{column-gap:1.25em;row-gap:0;min-block-size:1.5em}
[part=meter][data-opens]{cursor:pointer}
@media(forced-colors:active){[part=meter]{border-color:CanvasText}[part=fill]{background:Highlight;forced-color-adjust:none}}
`

/**
 * How much of a metered feature is used, live. Near its limit (80%) and at it, it says so in words; without a limit it is
 * text only; what the account does not have takes no words. With a placement it opens what there is to buy.
 * Attributes: feature, label (instead of the feature's title), placement, admin (to whom requests go, as people know
 * them). Parts: root label value meter fill status note action.
 */
export class HeadroomUsageMeter extends HeadroomElement {
  static override css = css
  static override words = 'meter'
  static override observed = ['feature', 'label', 'placement']

  protected render(): Child {
    const feature = this.getAttribute('feature') ?? ''
    const e = this.known.entitlements?.[feature] as Metered | undefined
    if (!e || typeof e.usage !== 'number') return undefined
    const { usage, limit } = e
    const label = this.getAttribute('label') || e.title || e.content?.title || feature
    // "42 of 50 seats": a title begins large in English, a unit does not. Abbreviations stay.
    const unit = /^en/.test(this.language) && /^.[a-z]/.test(label) ? label[0]!.toLowerCase() + label.slice(1) : label
    const used = e.approximate ? this.t('about', { usage }) : this.number(usage)
    const name = h('span', { part: 'label', id: 'label' }, label)
    if (e.unlimited || typeof limit !== 'number') {
      return h('div', { class: 'g' }, h('div', { class: 'row head' }, name), h('div', { part: 'value' }, e.unlimited || e.allowed ? this.t('unlimited', { usage: used }) : this.t('none')), this.#stale())
    }
    if (!limit && !usage && !e.allowed) return h('div', { class: 'g' }, h('div', { class: 'row head' }, name), h('div', { part: 'value', class: 'muted' }, this.t('none')), this.#stale())
    const left = Math.max(0, e.remaining ?? limit - usage), over = Math.max(0, usage - limit)
    const level = e.soft ? (over ? 'near' : '') : left <= 0 ? 'full' : usage >= 0.8 * limit ? 'near' : ''
    const { price, unit: each = 1 } = e.overage ?? {}
    // What it has cost so far: the entitlement's own cost is that of one more.
    const cost = price && this.#buys && this.money({ ...price, amount: String(Math.ceil(over / each) * +price.amount) })
    const words = e.soft && over ? (cost ? this.t('cost', { over, cost }) : this.t('above', { over }))
      : over ? this.t('over', { over }) : left <= 0 ? this.t(e.soft ? 'left' : 'full', { left }) : this.t(level || 'left', { left })
    const placement = this.getAttribute('placement')
    const opens = placement ? () => void this.openOffer({ placement, feature }) : undefined
    return h('div', { class: `g ${level}` },
      h('div', { class: 'row head' }, name, h('span', { part: 'value' }, this.t('of', { usage: used, limit }))),
      h('div', {
        part: 'meter', role: 'meter', 'aria-labelledby': 'label', 'aria-valuemin': 0, 'aria-valuemax': Math.max(limit, usage), 'aria-valuenow': usage, 'aria-valuetext': this.t('all', { usage: used, limit, unit, words }),
        'data-opens': Boolean(opens), onclick: opens,
      }, h('div', { part: 'fill', style: { '--x': `${Math.min(100, limit ? (100 * usage) / limit : 100)}%` } })),
      h('div', { class: 'row notes small' },
        h('b', { part: 'status' }, words),
        this.#note(e.soft && cost && this.t('soft', { price: this.money(price), unit: each })),
        this.#note((e.reserved ?? 0) > 0 && this.t('reserved', { reserved: e.reserved! })),
        this.#note(over > 0 && e.grace_ends_at && this.t('grace', { date: this.#day(e.grace_ends_at) })),
        this.#note(e.resets_at && this.t(e.rolling ? 'rolling' : 'resets', { date: this.#day(e.resets_at) })),
        this.#note(e.holder && e.holder !== this.known.account && this.t('pool')),
        this.#stale(),
        opens && h('button', { part: 'action', class: 'link', type: 'button', 'aria-haspopup': 'dialog', onclick: opens }, this.t('more'), h('span', { class: 'sr' }, `: ${label}`))))
  }

  /** Who may buy is told what it costs. */
  get #buys(): boolean {
    return this.known.role !== 'member'
  }

  #day(at: string): string {
    return this.date(at, { day: 'numeric', month: 'long' })
  }

  #note(text: string | null | false | undefined): Child {
    return text && h('span', { part: 'note', class: 'muted' }, text)
  }

  #stale(): Child {
    return this.#note(this.known.stale && this.t('all.stale'))
  }
}

define('headroom-usage-meter', HeadroomUsageMeter)

declare global {
  interface HTMLElementTagNameMap {
    'headroom-usage-meter': HeadroomUsageMeter
  }
}
