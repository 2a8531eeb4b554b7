// <headroom-trial-banner>: how long a trial still lasts, and that it has ended.
import type { Entitlement } from '../core/types'
import { define, h, HeadroomElement, icon, texts, type Child } from './base'

texts('trial', {
  en: {
    left: 'Your trial of {title} ends on {date}: {days, plural, one {# day} other {# days}} left.', today: 'Your trial of {title} ends today at {time}.', tomorrow: 'Your trial of {title} ends tomorrow.', over: 'Your trial of {title} has ended',
    then: 'It ended on {date}. What you made is still here, and nothing was charged.', keep: 'Keep {title}', options: 'See what you can do', dismiss: 'Hide until tomorrow', this: 'this product',
  },
})

const css = `
:host{min-block-size:var(--headroom-reserve,0)}
[part=banner]{background:var(--s);border:1px solid var(--b);border-inline-start:.25rem solid var(--a);border-radius:var(--r);padding:calc(var(--p)*1.25) calc(var(--p)*2);justify-content:space-between}
.last{border-inline-start-color:var(--w)!important}
.over{display:grid;justify-items:center;text-align:center;padding:calc(var(--p)*5) calc(var(--p)*2)!important;border-inline-start-color:var(--d)!important}
[part=title]{flex:1 1 14rem}
`

type Billing = { at: string; subscription?: { title?: string; status?: string; trial_ends_at?: string | null } }

const hour = 3_600_000

/**
 * Says how many days of a trial are left, by the calendar of who reads it and the server's clock, and when it is over.
 * What is dismissed stays away until tomorrow. With a placement it opens what there is to buy or, for a member, to ask
 * for. Without a trial nothing is shown. Attributes: placement, admin (to whom requests go, as people know them). Slot:
 * action (more to do). Parts: root banner title body action dismiss.
 */
export class HeadroomTrialBanner extends HeadroomElement {
  static override css = css
  static override words = 'trial'
  static override observed = ['placement']

  #timer: ReturnType<typeof setTimeout> | undefined
  #heard: { at: string; here: number } | undefined
  #hidden = ''

  protected render(): Child {
    // Polite: a live region has to be there before it says something.
    return h('div', { role: 'status' }, this.#says())
  }

  #says(): Child {
    const all = Object.values(this.known.entitlements ?? {})
    const trying = all.filter((e) => e.trial_ends_at).sort((a, b) => a.trial_ends_at!.localeCompare(b.trial_ends_at!))[0]
    const expired = all.some((e) => e.reason === 'trial_expired')
    if (!trying && !expired) return undefined
    const billing = this.answer('billing', `${trying?.trial_ends_at} ${expired}`, () => this.client.call<Billing>('GET', '/v1/accounts/{account}/billing').catch(() => null))
    if (billing === undefined) return undefined
    const plan = billing?.subscription
    const ends = trying?.trial_ends_at ?? plan?.trial_ends_at
    const now = this.#now(billing?.at)
    const over = expired && !trying
    const title = (over || !plan?.trial_ends_at || plan.trial_ends_at === ends ? plan?.title : undefined) ?? (trying ? titleOf(trying) : undefined) ?? this.t('this')
    const day = (at: Date) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime()
    const days = ends ? Math.max(0, Math.round((day(new Date(ends)) - day(now)) / (24 * hour))) : 0
    const name = `headroom|trial|${this.known.account}|${this.known.user}`, today = now.toDateString()
    if (!over && (this.#hidden || kept(name)) === today) return undefined
    const placement = this.getAttribute('placement')
    const words = over ? this.t('over', { title })
      : days > 1 ? this.t('left', { title, days, date: this.date(ends!, { day: 'numeric', month: 'long' }) })
      : days ? this.t('tomorrow', { title }) : this.t('today', { title, time: this.date(ends!, { timeStyle: 'short' }) })
    return h('div', { part: 'banner', class: `row ${over ? 'over' : days < 2 ? 'last' : ''}` },
      h(over ? 'h2' : 'p', { part: 'title' }, words),
      over && h('p', { part: 'body', class: 'muted' }, ends && this.t('then', { date: this.date(ends) })),
      h('div', { class: 'row' },
        placement && h('button', { part: 'action', class: 'main', type: 'button', 'aria-haspopup': 'dialog', onclick: () => void this.openOffer({ placement }) }, this.known.role === 'member' ? this.t('options') : this.t('keep', { title })),
        h('slot', { name: 'action' }),
        !over && h('button', { part: 'dismiss', class: 'icon', type: 'button', 'aria-label': this.t('dismiss'), title: this.t('dismiss'), onclick: () => this.#dismiss(name, today) }, icon('M6 6l12 12M18 6L6 18'))))
  }

  /** The server's time: as it answered, and what has passed here since. */
  #now(at: string | undefined): Date {
    if (at && this.#heard?.at !== at) this.#heard = { at, here: performance.now() }
    return this.#heard ? new Date(Date.parse(this.#heard.at) + performance.now() - this.#heard.here) : new Date()
  }

  #dismiss(name: string, today: string): void {
    this.#hidden = today
    try {
      if (!this.preview) localStorage.setItem(name, today) // until they sign out
    } catch {
      // A browser that keeps nothing shows it again with the next page.
    }
    this.emit('dismissed')
    this.update()
  }

  protected override parted(): void {
    this.#hidden = ''
  }

  protected override updated(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.update(), hour) // a page that stays open counts on
  }

  protected override gone(): void {
    clearTimeout(this.#timer)
  }
}

const titleOf = (e: Entitlement) => e.title || (e['content'] as { title?: string } | undefined)?.title

function kept(name: string): string | null {
  try {
    return localStorage.getItem(name)
  } catch {
    return null
  }
}

define('headroom-trial-banner', HeadroomTrialBanner)

declare global {
  interface HTMLElementTagNameMap {
    'headroom-trial-banner': HeadroomTrialBanner
  }
}
