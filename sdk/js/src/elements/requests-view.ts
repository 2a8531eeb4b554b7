// What <headroom-requests> shows, loaded when it is known for whom.
import type { Money, Outcome, Preview, ProblemShape } from '../core/types'
import { h, texts, type Child, type HeadroomElement, type Trouble } from './base'
import type { Insides } from './inside'
import { confirmation } from './paying'

const inside = (host: HeadroomElement) => host as unknown as Insides

texts('requests', {
  en: {
    open: 'Requests', mine: 'Your requests', none: 'Nobody is asking for anything.', none_mine: 'You have not asked for anything.', asks: '{name} asks for {title}', somebody: 'Somebody', also: '{count, plural, one {# more asks, too} other {# more ask, too}}',
    now: '{amount} now, then {then}', a_month: '{amount} a month', a_year: '{amount} a year', approve: 'Approve…', decline: 'Decline', question: 'Approve {title}?', reason: 'Why not? They read it. (optional)', back: 'Back', approved: 'Approved: {title} is active now.', declined: 'Declined. They hear of it.',
    always: 'Approve requests like this at once from now on', who: 'Whose', member: 'of this person', everybody: 'of everybody', at_most: 'At most', per: 'in a', month: 'month', year: 'year', standing: 'Approved at once', bound: '{left} of {most} left this {per}', end: 'End', ended: 'Ended: you are asked again.',
    news: 'News', read: 'Mark as read', is_open: 'waits for an answer', is_approved: 'approved', is_declined: 'declined', is_expired: 'expired: nobody answered', is_superseded: 'active, by another way', is_undone: 'approved, then taken back', answered: 'Answered',
    news_approved: '{title} was approved and is active now.', news_declined: '{title} was declined.', news_expired: 'Nobody answered the request for {title}, and it has expired. It can be asked for again.', news_activated: '{title} is active: somebody has bought it.', news_undone: '{title} is no longer active: its purchase was undone.',
  },
})

interface UpgradeRequest {
  id: string
  at: string
  status: string
  title?: string
  name?: string
  user: string
  reason?: string
  answer?: string
  give?: { interval?: string }
  joined?: { user: string; name?: string; reason?: string }[]
}
interface Notice {
  id: string
  at: string
  words: string
  kind?: string
  request_id?: string
  reason?: string
}
interface Approval {
  id: string
  title: string
  per: string
  at_most: Money
  left: Money
}
type Items<T> = { items: T[]; trouble?: Trouble }

/** The style of the list. */
export const requestsCss = `
.card{display:grid;gap:var(--p);grid-template-columns:minmax(0,1fr)}
li{display:grid;gap:calc(var(--p)/2);padding-block:var(--p)}
li+li{border-block-start:1px solid var(--b)}
textarea{inline-size:100%;display:block}
blockquote{margin:0;padding-inline-start:.75em;border-inline-start:3px solid var(--b)}
h2:focus{outline:none}
summary{cursor:pointer;min-block-size:1.5rem}
`

/** The requests of an account, for an admin who answers them or a member who asked. */
export class RequestsView {
  readonly #host: HeadroomElement
  #declining = ''
  #busy = ''
  #trouble: Trouble | undefined
  #prices: Record<string, { revision: number; price: Preview | undefined }> = {}
  #moved = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #revision = -1

  constructor(host: HeadroomElement) {
    this.#host = host
  }

  #list<T>(what: string, path: string): Items<T> | undefined {
    return inside(this.#host).answer(what, path, () => this.#host.client.call<Items<T>>('GET', `/v1/accounts/{account}/${path}`)
      .catch((trouble: ProblemShape) => (this.#host.emit('error', trouble), { items: [], trouble })))
  }

  render(): Child {
    const admin = inside(this.#host).known.role === 'admin'
    if (!inside(this.#host).known.account) return undefined
    const requests = this.#list<UpgradeRequest>('requests', 'requests')
    const news = this.#list<Notice>('notices', 'notices?unread=true&limit=20')
    const standing = admin ? this.#list<Approval>('approvals', 'approvals') : undefined
    // What is open is known at once; what was answered is in lists a moment later.
    const waiting = requests?.items.filter((r) => r.status === 'open') ?? [], now = this.#billing?.requests
    // A member's own that was answered this moment waits here until the list has the answer, and is not gone meanwhile.
    const open = !now ? waiting : admin ? now : [...now, ...waiting.filter((r) => !now.some(({ id }) => id === r.id))]
    const rest = requests?.items.filter((r) => r.status !== 'open').slice(0, 10) ?? []
    const none = requests && !open.length && (admin || !rest.length)
    return h('section', { part: 'card', class: 'card', 'aria-busy': String(!requests) },
      h('h2', { part: 'title', id: 'title', tabindex: -1 }, this.#host.t(admin ? 'open' : 'mine')),
      inside(this.#host).trouble(this.#trouble ?? requests?.trouble),
      none && !requests.trouble && h('p', { class: 'muted' }, this.#host.t(admin ? 'none' : 'none_mine')),
      h('ul', {}, open.map((r) => (admin ? this.#waits(r) : this.#own(r))), !admin && rest.map((r) => this.#own(r))),
      !!news?.items.length && h('div', { part: 'news' }, h('h3', {}, this.#host.t('news')), h('ul', {}, news.items.map((n) => this.#notice(n, admin ? undefined : requests?.items.find((r) => r.id === n.request_id)?.title)))),
      !!standing?.items.length && h('div', { part: 'standing' }, h('h3', {}, this.#host.t('standing')), h('ul', {}, standing.items.map((a) => this.#standing(a)))),
      admin && !!rest.length && h('details', {}, h('summary', {}, this.#host.t('answered')), h('ul', {}, rest.map((r) => this.#own(r)))))
  }

  updated(): void {
    this.#lookAgain()
    // What the focus stood on may be gone with what was answered: it goes to the heading, not to the page's top.
    if (!this.#moved || this.#busy) return
    this.#moved = false
    if (document.activeElement === document.body) this.#host.shadowRoot!.querySelector<HTMLElement>('#title')?.focus()
  }

  /** Lists are a moment behind, and what others ask changes nothing that a page hears of: it looks again, while somebody looks at it. */
  #lookAgain(): void {
    const { revision } = inside(this.#host).known
    if (this.#timer && revision === this.#revision) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (!this.#host.isConnected) return
      if (document.visibilityState === 'visible' && !this.#declining && !this.#busy) for (const what of ['billing', 'requests', 'notices']) inside(this.#host).forget(what)
      this.#host.update()
    }, revision === this.#revision ? 20_000 : 3000)
    this.#revision = revision
  }

  #when(at: string): HTMLElement {
    return h('time', { datetime: at, class: 'muted small' }, this.#host.date(at, { dateStyle: 'medium' }))
  }

  #name(name?: string): string {
    return name || this.#host.t('somebody')
  }

  get #billing(): { requests: UpgradeRequest[]; subscription: { interval?: string } } | undefined {
    return inside(this.#host).answer('billing', '', async () => {
      const billing = await this.#host.client.call<{ requests: UpgradeRequest[]; subscription: { interval?: string } }>('GET', '/v1/accounts/{account}/billing')
      // What one costs is asked of those that still wait as this is answered: of another there is no price.
      if (inside(this.#host).known.role === 'admin') await Promise.all(billing.requests.map((r) => this.#priced(r.id)))
      return billing
    })
  }

  async #priced(id: string): Promise<void> {
    const { revision } = inside(this.#host).known
    if (this.#prices[id]?.revision !== revision) this.#prices[id] = { revision, price: await this.#host.client.previewChange({ request_id: id }).catch(() => undefined) }
  }

  #interval(r: UpgradeRequest): string | undefined {
    return r.give?.interval ?? this.#billing?.subscription.interval
  }

  #waits(r: UpgradeRequest): HTMLElement {
    const title = r.title ?? ''
    const price = this.#prices[r.id]?.price
    const interval = this.#interval(r)
    const then = price && this.#host.money(price.recurring)
    const declining = this.#declining === r.id
    return h('li', { part: 'item', id: r.id },
      h('strong', {}, this.#host.t('asks', { name: this.#name(r.name), title })),
      [{ name: '', reason: r.reason }, ...(r.joined ?? [])].map((j) => j.reason && h('blockquote', {}, j.name && `${j.name}: `, j.reason)),
      !!r.joined?.length && h('p', { class: 'muted small' }, this.#host.t('also', { count: r.joined.length })),
      price && h('p', { part: 'price' }, this.#host.t('now', { amount: this.#host.money(price.now), then: interval ? this.#host.t(interval === 'year' ? 'a_year' : 'a_month', { amount: then! }) : then! })),
      this.#when(r.at),
      declining ? h('form', { class: 'stack', onsubmit: (e: Event) => (e.preventDefault(), this.#decline(r)) },
        h('label', { for: 'reason' }, this.#host.t('reason')), h('textarea', { id: 'reason', part: 'reason', rows: 2, maxlength: 256 }),
        h('div', { class: 'row' }, this.#button('send', 'decline', r.id, undefined, 'submit'), this.#button('back', 'back', '', () => this.#show('')))) :
      h('div', { class: 'row' }, this.#button('approve', 'approve', r.id, () => this.#approve(r), 'button', 'main'), this.#button('decline', 'decline', '', () => this.#show(r.id))))
  }

  #button(part: string, text: string, id: string, onclick?: () => void, type = 'button', look?: string): HTMLElement {
    return h('button', { part, type, class: look, 'aria-disabled': id && this.#busy === id ? 'true' : undefined, onclick }, this.#host.t(text))
  }

  #own(r: UpgradeRequest): HTMLElement {
    return h('li', { part: 'item' }, h('div', { class: 'row' }, h('strong', {}, r.title), h('span', {}, this.#host.t('is_' + r.status))),
      r.answer && h('blockquote', {}, r.answer), this.#when(r.at))
  }

  /** In the reader's words where it is known what it is about; an admin's say more, such as what it costs. */
  #notice(n: Notice, title?: string): HTMLElement {
    const words = title && /^(approved|declined|expired|activated|undone)$/.test(n.kind ?? '') ? this.#host.t(`news_${n.kind}`, { title }) : n.words
    return h('li', {}, h('span', {}, words), n.reason && h('blockquote', {}, n.reason),
      h('div', { class: 'row' }, this.#when(n.at), this.#button('read', 'read', n.id, () => this.#run(n.id, () => this.#host.client.call('POST', `/v1/accounts/{account}/notices/${encodeURIComponent(n.id)}/read`, {}), 'notices'))))
  }

  #standing(a: Approval): HTMLElement {
    return h('li', {}, h('div', { class: 'row' }, h('strong', {}, a.title),
      h('span', {}, this.#host.t('bound', { left: this.#host.money(a.left), most: this.#host.money(a.at_most), per: this.#host.t(a.per) })),
      this.#button('end', 'end', a.id, () => this.#run(a.id, () => this.#host.client.call('DELETE', `/v1/accounts/{account}/approvals/${encodeURIComponent(a.id)}`), 'approvals', this.#host.t('ended')))))
  }

  #show(id: string): void {
    this.#declining = id
    this.#host.update()
    queueMicrotask(() => queueMicrotask(() => this.#host.shadowRoot!.querySelector<HTMLElement>(id ? 'textarea' : '#title')?.focus()))
  }

  /** Runs what a button started, once at a time; what the focus stood on may be gone afterwards. */
  async #run(id: string, does: () => Promise<unknown>, question: string, said?: string): Promise<void> {
    if (this.#busy) return
    this.#busy = id
    this.#trouble = undefined
    this.#host.update()
    try {
      await does()
      inside(this.#host).forget(question)
      this.#moved = true
      if (said) this.#say(said)
    } catch (trouble) {
      this.#host.emit('error', trouble)
      this.#trouble = trouble as Trouble
    }
    this.#busy = ''
    this.#host.update()
  }

  #say(words: string): void {
    const note = h('p', { part: 'status', role: 'status' })
    this.#host.shadowRoot!.querySelector('[part=status]')?.remove()
    this.#host.shadowRoot!.append(note)
    requestAnimationFrame(() => (note.textContent = words))
  }

  #decline(r: UpgradeRequest): void {
    const reason = this.#host.shadowRoot!.querySelector('textarea')?.value.trim() || undefined
    void this.#run(r.id, async () => {
      this.#host.emit('answered', await this.#host.client.call('POST', `/v1/requests/${encodeURIComponent(r.id)}/decline`, { reason }))
      this.#declining = ''
    }, 'requests', this.#host.t('declined'))
  }

  #approve(r: UpgradeRequest): Promise<void> {
    let first: Preview | undefined
    const always = h('input', { type: 'checkbox', id: 'always' })
    const most = h('input', { id: 'most', type: 'number', min: 0, step: 'any', vars: { 'inline-size': '8rem' } })
    const select = (id: string, label: string, options: string[]) => [h('label', { for: id }, this.#host.t(label)), h('select', { id }, options.map((o) => h('option', { value: o }, this.#host.t(o))))]
    const [whoLabel, who] = select('who', 'who', ['member', 'everybody']) as [HTMLElement, HTMLSelectElement]
    const [perLabel, per] = select('per', 'per', ['month', 'year']) as [HTMLElement, HTMLSelectElement]
    const bound = h('div', { class: 'row', hidden: true }, whoLabel, who, h('label', { for: 'most' }, this.#host.t('at_most')), most, perLabel, per)
    always.addEventListener('change', () => (bound.hidden = !always.checked))
    const chosen = () => always.checked ? { for: who.value, per: per.value, at_most: { amount: most.value || '0', currency: first!.recurring.currency } } : undefined
    return this.#run(r.id, async () => {
      const { confirmCharge, saidBought } = await confirmation(this.#host)
      const outcome = await confirmCharge(this.#host, {
        title: this.#host.t('question', { title: r.title ?? '' }), interval: this.#interval(r),
        extra: h('div', { class: 'stack' }, h('label', { class: 'check' }, always, this.#host.t('always')), bound),
        preview: async () => {
          const p = await this.#host.client.previewChange({ request_id: r.id })
          most.value ||= p.recurring.amount
          first = p
          return p
        },
        accept: (token) => this.#host.client.call<Outcome>('POST', `/v1/requests/${encodeURIComponent(r.id)}/approve`, { token, always: chosen() }),
      })
      if (!outcome) return
      this.#host.emit('accepted', outcome)
      saidBought(this.#host, this.#host.t('approved', { title: r.title ?? '' }), outcome, () => inside(this.#host).forget('requests'))
    }, 'requests')
  }
}
