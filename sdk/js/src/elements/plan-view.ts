// What <headroom-plan-page> shows, from the server's answer for billing pages.
import type { Change, Decision, Money, Outcome, Preview } from '../core/types'
import { h, texts, type Child, type HeadroomElement, type Trouble } from './base'
import type { Billing, Option } from './billing'
import type { Insides } from './inside'
import { boughtHere, each, offerCard, offerCss, positive } from './offer'
import { confirmation } from './paying'

texts('plans', {
  en: {
    title: 'Your plan: {plan}', none: 'You have no plan yet', trial: 'Trial until {date}', renews: 'Renews on {date}', ends: 'Ends on {date}', next: 'Next invoice: {amount} on {date}', nothing: 'costs nothing', undo: 'Take the last change back', undo_back: 'Take the last change back ({amount} is returned)', undone: 'Taken back.',
    usage: 'What you use', of: '{used} of {limit}', unlimited: '{used}, without limit', resets: 'starts anew on {date}', overage: '{amount} so far beyond it', seat_each: '{amount} each', add_seats: 'Add seats…', many: 'How many',
    addons: 'Add-ons', change: 'Change…', more: 'More of what is short', plans: 'Plans', current: 'Your plan', fits: 'Fits what you use', choose: 'Choose {title}…', buy: 'Buy…', ask: 'Ask an admin', asked: 'Asked: waits for an answer', limit: '{title}: {before} → {after}', yes: 'yes', no: 'no', none_limit: 'unlimited',
    month: 'By the month', year: 'By the year', pay: 'How you pay', saves: 'By the year you save {amount} a year', saved: 'Paying by the year saves you {amount} a year', switch_year: 'Pay by the year…', switch_month: 'Pay by the month…', difference: '{amount} more',
    question: '{title}: confirm?', bought: 'Done: {title}.', why: 'What do you need it for? (optional)', send: 'Send to {admin}', somebody: 'the admins of your account', sent: 'Your request went to {admin}.', joined: 'Somebody had asked {admin} for it already. You asked too, and hear the answer.', approved: 'It was approved at once: it is active now.',
    leave: 'Need less?', smaller: 'Change to {title}…', cancel: 'End the plan…', go_on: 'Go on', stay: 'Stay', ending: 'End {plan}?', lose: 'You would no longer have:', told: 'To end it, write to us. Nothing has changed yet.', loading: 'Your plan…', again: 'Try again',
  },
})

/** The style of the page. */
export const planCss = offerCss + `
.page{display:grid;gap:calc(var(--p)*3);grid-template-columns:minmax(0,1fr)}
.plans,.usage{inline-size:100%}
.plans{display:grid;gap:calc(var(--p)*2);grid-template-columns:repeat(auto-fit,minmax(min(14rem,100%),1fr))}
.plans .card{align-content:start}
.current{border-color:var(--a)}
.meter{block-size:.5rem;border-radius:1rem;background:var(--b);overflow:hidden;inline-size:100%}
.meter>*{block-size:100%;inline-size:var(--fill);background:var(--a)}
.full>*{background:var(--d)}
.usage{display:grid;gap:calc(var(--p)*2);grid-template-columns:repeat(auto-fit,minmax(min(14rem,100%),1fr))}
.usage li{padding:0}
.usage li::before{content:none}
.between{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem}
.tag{font-size:.8125em;border:1px solid var(--e);border-radius:1rem;padding:0 .625em;justify-self:start}
input[type=number]{inline-size:5rem}
fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:var(--p) calc(var(--p)*2);align-items:center}
legend{font-weight:600;padding:0;float:inline-start;margin-inline-end:1rem}
fieldset label{font-weight:400;display:inline-flex;gap:.375em;align-items:center;min-block-size:1.5rem}
input[type=radio]{min-block-size:1.25rem;inline-size:1.25rem;margin:0;accent-color:var(--a)}
@media(forced-colors:active){.meter{border:1px solid}.meter>*{background:Highlight}}
`

/** What a link leads to. */
interface Link {
  plan?: string
  interval?: 'month' | 'year'
  addon?: string
  quantity?: number
  offer?: string
  decision?: string
}

/** What somebody chose, and what it is called. */
interface Wanted {
  title: string
  change: Change
  interval?: string
  give?: Record<string, unknown>
  notes?: Child
  /** How it is bought; by the confirmation of the previewed change when left out. */
  accept?: (token: string) => Promise<Outcome>
}

/** Somebody is about to take less. */
interface Leaving {
  decision?: Decision
  plan?: string
}

const names = ['plan', 'interval', 'addon', 'quantity', 'offer', 'decision'] as const

/** The plan page of an account, for who may buy or for a member. */
export class PlanView {
  #interval: string | undefined // that plans are compared by, where somebody chose
  #asking = '' // what a member writes a reason for
  #leaving: Leaving | undefined
  #told = ''
  #busy = false
  #trouble: Trouble | undefined
  #unread: Trouble | undefined // why there is nothing to show
  #link: Link | undefined
  readonly #host: HeadroomElement
  readonly #in: Insides

  constructor(host: HeadroomElement, linked: boolean) {
    this.#host = host
    this.#in = host as unknown as Insides
    const link: Record<string, unknown> = {}
    const query = new URLSearchParams(host.preview ? '' : location.search)
    for (const name of names) {
      const value = host.getAttribute(name) ?? query.get(name)
      if (value) link[name] = name === 'quantity' ? Math.max(1, Math.floor(Number(value)) || 1) : value
    }
    if (linked && names.some((n) => link[n])) this.#link = link as Link
    if (link['interval'] === 'year' || link['interval'] === 'month') this.#interval = link['interval']
  }

  get #billing(): Billing | undefined {
    const host = this.#host
    const query = host.preview ? '' : `?language=${encodeURIComponent(host.language)}${this.#link?.offer ? `&offer=${encodeURIComponent(this.#link.offer)}` : this.#link?.decision ? `&decision=${encodeURIComponent(this.#link.decision)}` : ''}`
    return this.#in.answer('billing', query, () => host.client.call<Billing>('GET', '/v1/accounts/{account}/billing' + query).catch((trouble: Trouble) => {
      this.#unread = trouble
      throw trouble
    }))
  }

  #t(key: string, values?: Record<string, string | number>): string {
    return this.#host.t(`plans.${key}`, values)
  }

  #money(m: Money): string {
    return this.#host.money(m)
  }

  #date(at: string): string {
    return this.#host.date(at, { dateStyle: 'medium', timeZone: 'UTC' })
  }

  render(): Child {
    const b = this.#billing
    if (!b && this.#unread) return h('div', { class: 'stack' }, this.#in.trouble(this.#unread), h('button', { part: 'action', type: 'button', onclick: () => this.#again() }, this.#t('again')))
    if (!b) return h('div', { 'aria-busy': 'true', class: 'muted' }, this.#t('loading'))
    this.#unread = undefined
    if (this.#link) queueMicrotask(() => this.#follow(b))
    return h('div', { class: 'page' },
      this.#told && h('p', { part: 'status', role: 'status' }, this.#told),
      this.#in.trouble(this.#trouble),
      this.#current(b), this.#usage(b), this.#plans(b), this.#addons(b), this.#more(b), this.#leave(b))
  }

  #again(): void {
    this.#unread = undefined
    this.#in.forget('billing')
  }

  #section(part: string, title: string, ...children: Child[]): HTMLElement {
    return h('section', { part, class: 'stack' }, h('h2', { part: 'title' }, title), ...children)
  }

  #current(b: Billing): HTMLElement {
    const s = b.subscription
    // What was bought elsewhere is taken back there; beside the note that has the button it is not needed twice.
    const undo = b.can_buy && s.undo && Date.parse(s.undo.until) > Date.parse(b.at) && boughtHere(this.#host, s.undo.until) && !this.#host.shadowRoot!.querySelector('[role=status] [part=undo]') && s.undo
    return this.#section('summary', s.plan ? this.#t('title', { plan: s.title }) : this.#t('none'),
      s.recurring && h('p', { part: 'price' }, h('strong', {}, Number(s.recurring.amount) ? each(this.#host, s.recurring, s.interval) : this.#t('nothing'))),
      s.trial_ends_at && h('p', {}, this.#t('trial', { date: this.#date(s.trial_ends_at) })),
      s.renews_at && h('p', {}, this.#t('renews', { date: this.#date(s.renews_at) })),
      s.ends_at && h('p', {}, this.#t('ends', { date: this.#date(s.ends_at) })),
      b.can_buy && s.next_invoice?.at && h('p', {}, this.#t('next', { amount: this.#money(s.next_invoice.total), date: this.#date(s.next_invoice.at) })),
      s.scheduled?.map((c) => h('p', { class: 'muted' }, `${this.#date(c.at)}: ${c.words}`)),
      b.discounts?.filter((d) => d.taken).map((d) => h('p', { class: 'muted' }, d.kind === 'annual' ? this.#t('saved', { amount: this.#money(d.saving) }) : `${d.title}: −${this.#money(d.saving)}`)),
      undo && h('button', { part: 'undo', class: 'link', type: 'button', onclick: () => this.#undo(undo.until) },
        Number(undo.now?.amount) < 0 ? this.#t('undo_back', { amount: this.#money(positive(undo.now)) }) : this.#t('undo')))
  }

  #usage(b: Billing): Child {
    if (!b.allowances.length) return undefined
    const host = this.#host
    return this.#section('usage', this.#t('usage'), h('ul', { class: 'usage', role: 'list' }, b.allowances.map((a) => {
      const limit = a.limit ?? undefined
      const text = limit === undefined ? this.#t('unlimited', { used: a.used }) : this.#t('of', { used: a.used, limit })
      const seats = b.seats.find((s) => s.feature === a.feature)
      return h('li', {},
        h('div', { class: 'between' }, h('strong', {}, a.title), h('span', {}, text)),
        limit !== undefined && h('div', {
          part: 'meter', role: 'meter', class: a.used >= limit ? 'meter full' : 'meter', 'aria-label': a.title, 'aria-valuemin': 0, 'aria-valuemax': Math.max(limit, a.used), 'aria-valuenow': a.used, 'aria-valuetext': text,
        }, h('div', { part: 'fill', vars: { '--fill': `${limit ? Math.min(100, (a.used / limit) * 100) : 100}%` } })),
        h('p', { class: 'muted small' }, [a.resets_at && this.#t('resets', { date: this.#date(a.resets_at) }), a.overage && Number(a.overage.amount) > 0 && this.#t('overage', { amount: this.#money(a.overage) })].filter(Boolean).join(', ')),
        seats?.addon && this.#buyable(b, `usage-${a.feature}`, { addon: seats.addon, title: a.title, label: this.#t('add_seats'), price: seats.each && this.#t('seat_each', { amount: each(host, seats.each, b.subscription.interval) }) }))
    })))
  }

  /** A quantity and the button that buys so much, or for a member the one that asks for it. */
  #buyable(b: Billing, section: string, x: { addon: string; kind?: string; title: string; label: string; price?: string; quantity?: number; total?: boolean }): HTMLElement {
    const key = `${section}-${x.addon}`, id = `n-${key}`
    const go = (e: MouseEvent) => {
      const n = (e.currentTarget as HTMLElement).parentElement!.querySelector('input')!.value
      this.#choose(b, this.#addonWanted(b, x.addon, x.kind, x.title, Math.max(1, Math.floor(Number(n)) || 1), x.total), key)
    }
    return this.#asks(b, key, { addon: x.addon }, x.title) ?? h('div', { class: 'row' },
      h('label', { for: id, class: 'small' }, this.#t('many')), h('input', { id, part: 'quantity', type: 'number', min: 1, max: 9999, value: x.quantity ?? 1 }),
      x.price && h('span', { class: 'small' }, x.price),
      h('button', { part: 'action', type: 'button', 'aria-label': `${b.can_buy ? x.label : this.#t('ask')} ${x.title}`, onclick: go }, b.can_buy ? x.label : this.#t('ask')))
  }

  /** All add-ons as they are to be, or what is bought once. */
  #addonWanted(b: Billing, addon: string, kind: string | undefined, title: string, n: number, total?: boolean): Wanted {
    const once = kind === 'top_up' || kind === 'service'
    const lines = b.addons.map((a) => ({ key: a.addon, quantity: a.quantity }))
    const has = lines.find((l) => l.key === addon)
    if (!has) lines.push({ key: addon, quantity: n })
    else has.quantity = total ? n : has.quantity + n
    return {
      title: `${this.#host.number(n)} × ${title}`, interval: b.subscription.interval, give: { addon, quantity: n },
      change: once ? { once: [{ key: addon, quantity: n }] } : { addons: lines },
    }
  }

  #addons(b: Billing): Child {
    const addons = b.addons.filter((a) => !b.seats.some((s) => s.addon === a.addon && !b.can_buy))
    return !!addons.length && this.#section('addons', this.#t('addons'), h('ul', {}, addons.map((a) => h('li', {},
      h('div', { class: 'between' }, h('strong', {}, `${this.#host.number(a.quantity)} × ${a.title}`), a.price && h('span', {}, each(this.#host, a.price, b.subscription.interval))),
      b.can_buy && this.#buyable(b, 'addons', { addon: a.addon, kind: a.kind, title: a.title, label: this.#t('change'), quantity: a.quantity, total: true })))))
  }

  #limits(o: Option): Child {
    const say = (v: string) => (/^-?\d+(\.\d+)?$/.test(v) ? this.#host.number(Number(v)) : v === 'yes' || v === 'no' ? this.#t(v) : v === 'unlimited' ? this.#t('none_limit') : v)
    return !!o.limits.length && h('ul', { class: 'small' }, o.limits.map((l) => h('li', {}, this.#t('limit', { title: l.title, before: say(l.before), after: say(l.after) }))))
  }

  #more(b: Billing): Child {
    return !!b.more?.length && this.#section('more', this.#t('more'), h('div', { class: 'plans' }, b.more.map((o) => h('div', { part: 'plan', class: 'card' },
      h('h3', {}, o.title), this.#limits(o), this.#cost(b, o),
      o.not_now ? h('p', { class: 'muted' }, o.not_now) : this.#buyable(b, 'more', { addon: o.give.addon ?? '', kind: o.kind, title: o.title, label: this.#t('buy'), quantity: o.give.quantity })))))
  }

  #cost(b: Billing, o: Option): Child {
    if (!b.can_buy || !o.quote) return undefined
    const once = !o.more || !Number(o.more.amount)
    return h('p', { part: 'price' }, h('strong', {}, once ? this.#host.t('offer.once', { amount: this.#money(o.quote.now) }) : this.#t('difference', { amount: each(this.#host, o.more!, b.subscription.interval) })))
  }

  /** What a plan costs by an interval: known for the present one, asked for the other. */
  #price(b: Billing, o: Option, interval: string): Money | undefined {
    if (interval === b.subscription.interval || !b.subscription.interval) return o.quote?.recurring
    return this.#in.answer(`price:${o.give.plan}`, interval, () => this.#host.client.previewChange({ plan: o.give.plan, interval: interval as 'year' }).then((p: Preview) => p.recurring, () => undefined))
  }

  #plans(b: Billing): Child {
    const s = b.subscription
    const has = s.interval || 'month'
    const interval = this.#interval ?? has
    const annual = b.discounts?.find((d) => d.kind === 'annual')
    const radio = (value: string) => h('label', {}, h('input', { type: 'radio', name: 'interval', value, checked: value === interval }), this.#t(value))
    const onchange = (e: Event) => {
      this.#interval = (e.target as HTMLInputElement).value
      this.#host.update()
    }
    const other = interval !== has && s.plan && s.status === 'active'
    return this.#section('plans', this.#t('plans'),
      b.can_buy && h('fieldset', { part: 'interval', onchange }, h('legend', {}, this.#t('pay')), radio('month'), radio('year'), annual && !annual.taken && h('span', { class: 'muted small' }, this.#t('saves', { amount: this.#money(annual.saving) }))),
      h('div', { class: 'plans' },
        s.plan && h('div', { part: 'plan current', class: 'card current' }, h('p', { class: 'tag' }, this.#t('current')), h('h3', {}, s.title),
          s.recurring && h('p', { part: 'price' }, each(this.#host, s.recurring, has)),
          b.can_buy && other && h('div', {}, h('button', { part: 'action', type: 'button', onclick: () => this.#choose(b, { title: this.#t(interval), interval, change: { interval: interval as 'year' }, give: { interval } }, 'interval') }, this.#t(`switch_${interval}`)))),
        b.options.map((o) => this.#plan(b, o, interval))))
  }

  #plan(b: Billing, o: Option, interval: string): HTMLElement {
    const price = b.can_buy ? this.#price(b, o, interval) : undefined
    const key = `plan:${o.give.plan}`
    return h('div', { part: 'plan', class: 'card' }, o.fits && h('p', { class: 'tag' }, this.#t('fits')), h('h3', {}, o.title),
      price && h('p', { part: 'price' }, h('strong', {}, each(this.#host, price, interval))), this.#limits(o),
      o.not_now ? h('p', { class: 'muted' }, o.not_now) :
        this.#asks(b, key, { plan: o.give.plan }, o.title) ??
        h('div', {}, h('button', { part: 'action', class: o.fits ? 'main' : undefined, type: 'button', onclick: () => this.#choose(b, this.#planWanted(b, o, interval), key) }, b.can_buy ? this.#t('choose', { title: o.title }) : this.#t('ask'), !b.can_buy && h('span', { class: 'sr' }, ` ${o.title}`))))
  }

  #planWanted(b: Billing, o: Option, interval: string): Wanted {
    const plan = o.give.plan
    return { title: o.title, interval, give: { plan }, change: b.subscription.interval && interval !== b.subscription.interval ? { plan, interval: interval as 'year' } : { plan } }
  }

  /** For a member: that it was asked for, or the form that asks. */
  #asks(b: Billing, key: string, give: Record<string, unknown>, title: string): HTMLElement | undefined {
    if (b.can_buy) return undefined
    if (b.requests.some((r) => (give['plan'] && r.give?.plan === give['plan']) || (give['addon'] && r.give?.addon === give['addon']))) return h('p', { class: 'muted' }, this.#t('asked'))
    if (this.#asking !== key) return undefined
    const admin = this.#host.getAttribute('admin') || this.#t('somebody')
    return h('form', { class: 'stack', onsubmit: (e: Event) => (e.preventDefault(), this.#send(give, admin)) },
      h('label', { for: 'reason' }, this.#t('why')), h('textarea', { id: 'reason', part: 'reason', rows: 2, maxlength: 256 }),
      h('div', { class: 'row' }, h('button', { part: 'send', class: 'main', type: 'submit', 'aria-disabled': this.#busy ? 'true' : undefined }, this.#t('send', { admin })),
        h('button', { part: 'dismiss', type: 'button', 'aria-label': `${this.#host.t('offer.not_now')}: ${title}`, onclick: () => this.#ask('') }, this.#host.t('offer.not_now'))))
  }

  #ask(key: string): void {
    this.#asking = key
    this.#host.update()
    queueMicrotask(() => this.#host.shadowRoot!.querySelector('textarea')?.focus())
  }

  async #run(does: () => Promise<unknown>): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    this.#trouble = undefined
    this.#told = ''
    this.#host.update()
    try {
      await does()
    } catch (trouble) {
      this.#host.emit('error', trouble)
      this.#trouble = trouble as Trouble
    }
    this.#busy = false
    this.#host.update()
  }

  #send(give: Record<string, unknown>, admin: string): void {
    const reason = this.#host.shadowRoot!.querySelector('textarea')?.value.trim() || undefined
    void this.#run(async () => {
      const answer = await this.#host.client.call<Outcome>('POST', '/v1/requests', { give, reason })
      this.#asking = ''
      this.#told = this.#t(answer.subscription ? 'approved' : answer.joined ? 'joined' : 'sent', { admin })
      this.#host.emit('requested', answer)
    })
  }

  #choose(b: Billing, x: Wanted, key: string): void {
    if (b.can_buy) void this.#run(() => this.#buy(x))
    else this.#ask(key)
  }

  async #buy(x: Wanted): Promise<void> {
    const host = this.#host
    const { confirmCharge, saidBought } = await confirmation(host)
    const outcome = await confirmCharge(host, {
      title: this.#t('question', { title: x.title }), interval: x.interval, notes: x.notes,
      preview: () => host.client.previewChange(x.change),
      accept: x.accept ?? (async (token) => {
        const subscription = await host.client.call<NonNullable<Outcome['subscription']>>('POST', '/v1/accounts/{account}/subscription/confirm', { token })
        return { type: 'accepted', at: subscription['changed_at'], subscription }
      }),
    })
    if (!outcome) return
    this.#interval = this.#leaving = undefined
    this.#in.forget('billing')
    host.emit('accepted', outcome)
    saidBought(host, this.#t('bought', { title: x.title }), outcome, () => this.#in.forget('billing'))
  }

  #undo(until: string): void {
    void this.#run(async () => {
      const answer = await (await confirmation(this.#host)).takeBack(this.#host, until)
      this.#in.forget('billing')
      this.#told = this.#t('undone')
      this.#host.emit('undone', answer)
    })
  }

  /** Opens what a link led to, once. */
  #follow(b: Billing): void {
    const link = this.#link
    this.#link = undefined
    if (!link) return
    const pre = b.preselected
    const option = b.options.find((o) => link.plan && o.give.plan === link.plan)
    const pack = b.more?.find((o) => link.addon && o.give.addon === link.addon)
    const decision = link.decision
    if (pre?.why) this.#told = pre.why
    else if (pre?.title && b.can_buy && decision) {
      return void this.#run(() => this.#buy({ title: pre.title!, interval: b.subscription.interval, change: { decision_id: decision }, accept: (token) => this.#host.client.outcome(decision, 'accepted', { token }) }))
    } else if (pre?.give?.plan || option) {
      const o = option ?? b.options.find((x) => x.give.plan === pre?.give?.plan)
      if (o && !o.not_now) return this.#choose(b, this.#planWanted(b, o, this.#interval ?? b.subscription.interval ?? 'month'), `plan:${o.give.plan}`)
      this.#told = o?.not_now ?? ''
    } else if (link.addon || pre?.give?.addon) {
      const addon = (link.addon ?? pre?.give?.addon)!
      const title = pack?.title ?? pre?.title ?? b.addons.find((a) => a.addon === addon)?.title ?? b.seats.find((s) => s.addon === addon)?.title ?? addon
      return this.#choose(b, this.#addonWanted(b, addon, pack?.kind, title, link.quantity ?? pack?.give.quantity ?? 1), `${pack ? 'more' : `usage-${b.seats.find((s) => s.addon === addon)?.feature}`}-${addon}`)
    } else if (link.interval && link.interval !== b.subscription.interval && b.can_buy && b.subscription.plan && !link.plan) {
      return this.#choose(b, { title: this.#t(link.interval), interval: link.interval, change: { interval: link.interval } }, 'interval')
    }
    this.#host.update()
  }

  #leave(b: Billing): Child {
    const s = b.subscription
    if (!b.can_buy || !s.plan || s.ends_at || s.status !== 'active') return undefined
    if (this.#leaving) return this.#save(b, this.#leaving)
    const smaller = (this.#host.getAttribute('smaller') ?? '').split(/[\s,]+/).filter((key) => key && key !== s.plan && !b.options.some((o) => o.give.plan === key))
    return this.#section('less', this.#t('leave'), h('div', { class: 'row' },
      smaller.map((plan) => h('button', { type: 'button', part: 'action', onclick: () => this.#about('downgrade', plan) }, this.#t('smaller', { title: this.#titleOf(plan) }))),
      h('button', { type: 'button', part: 'action', onclick: () => this.#about('cancel') }, this.#t('cancel'))))
  }

  #titleOf(plan: string): string {
    if (this.#host.preview) return plan
    return this.#in.answer(`title:${plan}`, '', () => this.#host.client.call<Billing>('GET', `/v1/accounts/{account}/billing?plan=${encodeURIComponent(plan)}&language=${encodeURIComponent(this.#host.language)}`))?.preselected?.title ?? plan
  }

  /** Before anybody takes less: what could be done instead, and what would be lost. */
  #about(intent: 'downgrade' | 'cancel', plan?: string): void {
    void this.#run(async () => {
      const decision = await this.#host.client.decide(this.#host.getAttribute('placement') || 'billing.page', { intent, plan })
      this.#leaving = { plan, decision: decision.status === 'show' ? decision : undefined }
      if (plan && !this.#leaving.decision) this.#goOn(plan)
    }).then(() => queueMicrotask(() => this.#host.shadowRoot!.querySelector<HTMLElement>('.leaving h2')?.focus()))
  }

  #save(b: Billing, { decision, plan }: Leaving): HTMLElement {
    const host = this.#host
    const goOn = h('button', { part: 'leave', type: 'button', onclick: () => this.#goOn(plan) }, this.#t('go_on'))
    const stay = h('button', { part: 'dismiss', type: 'button', class: 'main', onclick: () => this.#stay() }, this.#t('stay'))
    if (!decision) {
      const lost = Object.values(this.#in.known.entitlements ?? {}).filter((e) => e.allowed).map((e) => e.title ?? (e['content'] as { title?: string } | undefined)?.title)
      return h('section', { part: 'card', class: 'card leaving' }, h('h2', { part: 'title', tabindex: -1 }, this.#t('ending', { plan: b.subscription.title })),
        !!lost.length && h('div', { part: 'lost' }, h('p', {}, this.#t('lose')), h('ul', {}, lost.map((title) => title && h('li', {}, title)))), h('div', { class: 'row' }, stay, goOn))
    }
    const offer = decision.offer!
    const act = () => void this.#run(async () => {
      const id = decision.decision_id!
      host.client.outcome(id, 'clicked').catch(() => {})
      if (offer.cta.action === 'buy') {
        return this.#buy({ title: offer.title, interval: offer.price?.interval, change: { decision_id: id }, accept: (token) => host.client.outcome(id, 'accepted', { token }) })
      }
      const answer = await host.client.outcome(id, 'accepted')
      host.emit('accepted', answer)
      host.emit('contact', { decision, action: offer.cta.action })
      this.#leaving = undefined
      this.#in.forget('billing')
    })
    const card = offerCard(host, decision, { act, dismiss: () => this.#stay(), instead: h('div', { class: 'row' }, stay, h('button', { part: 'action', type: 'button', onclick: act }, offer.cta.label), goOn) })
    return h('div', { class: 'leaving' }, card)
  }

  #stay(): void {
    this.#leaving = undefined
    this.#host.update()
  }

  #goOn(plan?: string): void {
    const decision = this.#leaving?.decision
    if (decision?.decision_id) this.#host.client.outcome(decision.decision_id, 'dismissed').catch(() => {})
    this.#leaving = undefined
    if (!plan) {
      // To end a subscription is for the product itself: it knows what else ends with it.
      if (this.#host.emit('contact', { action: 'cancel' })) this.#told = this.#t('told')
      this.#host.update()
      return
    }
    this.#busy = false
    void this.#run(() => this.#buy({ title: this.#titleOf(plan), interval: this.#billing?.subscription.interval, change: { plan } }))
  }
}
