// What all elements share. An element draws what it knows with render(), which returns nodes made by h(); the base
// compares them with what stands there, so that focus, scroll and open dialogs outlive a redraw. Nothing is ever made
// from markup: a text stays a text, and addresses are http(s) or left out.
import { headroom } from '../core/index'
import type { Check, Decision, Headroom, Money, Outcome, Preview, ProblemShape, Snapshot } from '../core/types'
import { shared, sheet } from './style'
import { onTexts, say, type Values } from './words'

export { setTexts, texts } from './words'

/**
 * What an element shows without a server, as its property `preview`: what would be known and what would be answered.
 * A gallery and an editor set it; nothing is called and nothing is reported. All is optional.
 */
export interface Staged extends Partial<Snapshot> {
  /** The server's time, RFC 3339. */
  now?: string
  /** Answers decide; without it nothing is shown. */
  decision?: Decision
  check?: Check
  /** Answers previewChange. */
  cost?: Preview
  outcome?: Outcome
  /** Answers call, by method and path as given to it: {'GET /v1/accounts/{account}/invites': {…}}; with an Error it fails. */
  answers?: Record<string, unknown>
}

/** What a page gets of a failed call. */
export type Trouble = Partial<ProblemShape> & { message?: string }

const never = (): never => {
  throw Object.assign(new Error('nothing is called in a preview'), { status: 0, code: 'preview', detail: 'Nothing happens in a preview.', mend: '' })
}

/** A client that has heard it all already. */
function stagedClient(staged: Staged): Headroom {
  const snapshot: Snapshot = Object.freeze({
    entitlements: {}, stale: false, account: 'preview', user: 'preview', role: 'admin', language: '', revision: 0, ...staged,
  })
  const none: Decision = { status: 'none', reason: 'preview' }
  const nothing = () => {}
  const or = async <T>(answer: T | undefined): Promise<T> => answer ?? never()
  return {
    init: nothing, identify: nothing, group: nothing, track: nothing, page: nothing, reset: nothing,
    check: async (feature) => staged.check ?? { reason: 'preview', ...snapshot.entitlements?.[feature], feature, allowed: snapshot.entitlements?.[feature]?.allowed ?? false },
    entitlement: (feature) => snapshot.entitlements?.[feature],
    decide: async () => staged.decision ?? none,
    variant: async () => ({ variant: '', reason: 'preview' }),
    outcome: (_, type) => or(staged.outcome ?? (type === 'seen' || type === 'clicked' || type === 'dismissed' ? { type } : undefined)),
    requestUpgrade: () => or(staged.outcome),
    previewChange: () => or(staged.cost),
    undo: () => or(staged.outcome),
    call: async <T>(method: string, path: string) => {
      const answer = staged.answers?.[`${method} ${path}`]
      if (answer instanceof Error) throw answer
      return or(answer as T | undefined)
    },
    subscribe: () => nothing, snapshot: () => snapshot, observe: () => nothing, flush: async () => {},
  }
}

/** What h() takes: attributes, on… handlers, custom properties under vars. */
export type Props = Record<string, string | number | boolean | null | undefined | ((event: never) => void) | Record<string, string>>
export type Child = Node | string | number | null | undefined | false | Child[]

const handlers = new WeakMap<Element, Record<string, (event: never) => void>>()

function on(el: Element, type: string, handler: (event: never) => void): void {
  let known = handlers.get(el)
  if (!known) handlers.set(el, (known = {}))
  if (!known[type]) el.addEventListener(type, (event) => handlers.get(el)?.[type]?.(event as never))
  known[type] = handler
}

/** An address that may be followed: http or https, else undefined. Relative ones are of the page. */
export function safeUrl(url: unknown): string | undefined {
  try {
    const parsed = new URL(String(url || ''), document.baseURI)
    return url && /^https?:$/.test(parsed.protocol) ? parsed.href : undefined
  } catch {
    return undefined
  }
}

/** Makes an element: h('button', {class: 'main', onclick}, 'Buy'). Children only ever become text; unsafe addresses are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props?: Props | null, ...children: Child[]): HTMLElementTagNameMap[K]
export function h(tag: string, props?: Props | null, ...children: Child[]): HTMLElement
export function h(tag: string, props?: Props | null, ...children: Child[]): HTMLElement {
  const el = document.createElement(tag)
  for (const name in props) {
    let value = props[name]
    if (typeof value === 'function') on(el, name.slice(2), value)
    else if (value && typeof value === 'object') for (const v in value) el.style.setProperty(v, value[v]!)
    else {
      if (name === 'href' || name === 'src') value = safeUrl(value)
      if (value !== undefined && value !== null && value !== false && name !== 'style') el.setAttribute(name, value === true ? '' : String(value))
    }
  }
  el.append(...nodes(children))
  return el
}

/** A decorative picture from one path of 24 by 24. */
export function icon(path: string): SVGElement {
  const of = (tag: string, set: Record<string, string>) => {
    const el = document.createElementNS('http://www.w3.org/2000/svg', tag)
    for (const name in set) el.setAttribute(name, set[name]!)
    return el
  }
  const svg = of('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' })
  svg.append(of('path', { d: path }))
  return svg as SVGElement
}

const nodes = (children: Child): (Node | string)[] =>
  ([children].flat(9) as Child[]).filter((c) => c !== undefined && c !== null && c !== false && c !== '').map((c) => (c instanceof Node ? c : String(c)))

/** Makes the old element what the new one is, and keeps what need not change. What opens and what was typed stays. */
function morph(old: Element, next: Element): void {
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && name !== 'style' && !(name === 'open' && /^(DIALOG|DETAILS)$/.test(old.nodeName))) old.removeAttribute(name)
  }
  for (const { name, value } of [...next.attributes]) {
    if (name !== 'style' && old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  // Through the object model: a style attribute that is set as text is what a strict policy forbids.
  const style = (old as HTMLElement).style, wanted = (next as HTMLElement).style
  if (style.cssText !== wanted.cssText) style.cssText = wanted.cssText
  const bound = handlers.get(next) ?? {}
  const was = handlers.get(old) ?? {}
  for (const type in was) if (!bound[type]) delete was[type]
  for (const type in bound) on(old, type, bound[type]!)
  fit(old, [...next.childNodes])
}

function fit(parent: Element, wanted: Node[]): void {
  let at = parent.firstChild
  for (const next of wanted) {
    if (at && at !== next && at.nodeType === next.nodeType && at.nodeName === next.nodeName && (!(at instanceof Element) || at.getAttribute('part') === (next as Element).getAttribute('part'))) {
      if (at instanceof Element) morph(at, next as Element)
      else if (at.nodeValue !== next.nodeValue) at.nodeValue = next.nodeValue
      at = at.nextSibling
    } else if (at === next) at = at.nextSibling
    else parent.insertBefore(next, at)
  }
  while (at) {
    const gone = at
    at = at.nextSibling
    gone.remove()
  }
}

/** Decisions whose offers were reported as seen: once each for a page, whatever shows them. */
const seen = new Set<string>()

// A server that renders pages knows no elements, and still imports this module.
const Base = globalThis.HTMLElement ?? (class {} as unknown as typeof HTMLElement)

/** The base of all elements of Headroom. */
export abstract class HeadroomElement extends Base {
  /** The element's own style, after the shared one. */
  static css = ''
  /** Names its texts: t('left') is the text 'meter.left'. */
  static words = ''
  static observed: string[] = []
  static get observedAttributes(): string[] {
    return [...this.observed, 'lang']
  }

  /** What is drawn stands in here; other things, such as a dialog, may stand beside it. */
  protected readonly box!: HTMLElement
  #client: Headroom = headroom
  #given: Headroom | undefined
  #preview: Staged | undefined
  #ends: (() => void)[] | undefined
  #drawn = true
  #asked = new Map<string, { who: string; key: string; answer: unknown }>()
  #eyes: { id: string; on: Element; watch: IntersectionObserver } | undefined

  constructor() {
    super()
    if (!globalThis.document) return
    const root = this.attachShadow({ mode: 'open' })
    const own = this.constructor as typeof HeadroomElement
    root.adoptedStyleSheets = [shared, own.css].map(sheet).filter((s) => s !== undefined)
    this.box = h('div', { part: 'root' })
    root.append(this.box)
  }

  /** The client that is asked: the one of the page when none is given. */
  get client(): Headroom {
    return this.#client
  }
  set client(client: Headroom | undefined) {
    this.#given = client
    this.#rewire()
  }

  /** Shows this instead of what a server says, and calls nothing. */
  get preview(): Staged | undefined {
    return this.#preview
  }
  set preview(staged: Staged | undefined) {
    this.#preview = staged
    this.#rewire()
  }

  /** What is known now. */
  protected get known(): Snapshot {
    return this.#client.snapshot()
  }

  /** What stands in the element now; nothing: it stays empty. */
  protected abstract render(): Child

  connectedCallback(): void {
    for (const name of ['client', 'preview'] as const) {
      if (!Object.hasOwn(this, name)) continue // set before the element was defined
      const early = this[name]
      delete this[name]
      ;(this as Record<string, unknown>)[name] = early
    }
    if (!this.#ends) this.#begin()
  }

  disconnectedCallback(): void {
    // An element that only moves is back before this: it keeps what it has.
    queueMicrotask(() => this.isConnected || this.#end())
  }

  /** Moved by moveBefore: nothing ends. */
  connectedMoveCallback(): void {}

  attributeChangedCallback(): void {
    this.update()
  }

  #begin(): void {
    this.#client = this.#preview ? stagedClient(this.#preview) : (this.#given ?? headroom)
    this.#ends = [this.#client.subscribe(() => this.update()), onTexts(() => this.update())]
    this.update()
  }

  #end(): void {
    for (const end of this.#ends ?? []) end()
    this.#ends = undefined
    this.#eyes?.watch.disconnect()
    this.#eyes = undefined
    this.gone()
  }

  #rewire(): void {
    const connected = this.#ends
    if (connected) this.#end()
    this.#asked.clear()
    this.#client = this.#preview ? stagedClient(this.#preview) : (this.#given ?? headroom)
    if (connected) this.#begin()
  }

  /** The element left the page for good. */
  protected gone(): void {}

  /** Draws anew, soon and once. */
  update(): void {
    if (!this.#drawn || !this.box) return
    this.#drawn = false
    queueMicrotask(() => {
      this.#drawn = true
      if (!this.isConnected) return
      const next = h('div', { part: 'root', lang: this.language }, this.render())
      morph(this.box, next)
      this.updated()
    })
  }

  /** What was drawn stands. */
  protected updated(): void {}

  /**
   * The last answer to a question, which is asked again when key or person changed, or offers may have. Until the new
   * answer is there the old one stays, but never another person's. Nothing is asked before it is known who asks.
   */
  protected answer<T>(question: string, key: string, ask: () => Promise<T>): T | undefined {
    const { account, user, role, language, revision } = this.known
    if (!account) return undefined
    const who = `${account} ${user} ${role}`
    key = `${who} ${language} ${revision} ${key}`
    const last = this.#asked.get(question)
    if (last?.key === key) return last.answer as T | undefined
    const now = { who, key, answer: last?.who === who ? last.answer : undefined }
    this.#asked.set(question, now)
    const done = (answer: T | undefined) => {
      if (this.#asked.get(question) !== now) return
      now.answer = answer
      this.update()
    }
    ask().then(done, (trouble: unknown) => {
      done(undefined)
      this.emit('error', trouble)
    })
    return now.answer as T | undefined
  }

  /** Asks again what answer() asked, as after somebody acted. */
  protected forget(question: string): void {
    const last = this.#asked.get(question)
    if (last) last.key = ''
    this.update()
  }

  /** Reports a decision as seen when most of what shows it has really been in view, once. */
  protected watch(on: Element | null | undefined, decision: Decision | undefined): void {
    const id = decision?.decision_id
    if (this.#eyes && (this.#eyes.id !== id || this.#eyes.on !== on)) {
      this.#eyes.watch.disconnect()
      this.#eyes = undefined
    }
    if (!on || !id || this.#eyes || this.#preview || seen.has(id)) return
    const watch = new IntersectionObserver((entries) => {
      // Of what is higher than the window, half a window is enough.
      if (!entries.some((e) => e.intersectionRatio >= 0.6 || e.intersectionRect.height > innerHeight / 2)) return
      watch.disconnect()
      if (seen.has(id)) return
      seen.add(id)
      this.client.outcome(id, 'seen').catch(() => seen.delete(id))
      this.emit('shown', { decision })
    }, { threshold: [0, 0.2, 0.4, 0.6, 0.8] })
    this.#eyes = { id, on, watch }
    watch.observe(on)
  }

  /** The language of texts, numbers and dates: the element's own lang, else the reader's as the client knows it, else the page's. */
  get language(): string {
    return this.lang || this.#client.snapshot().language || document.documentElement.lang || navigator.language || 'en'
  }

  /** A text of the element, or of all: t('left', {left: 3}), t('all.close'). */
  t(key: string, values?: Values): string {
    return say(this.language, key.includes('.') ? key : `${(this.constructor as typeof HeadroomElement).words}.${key}`, values)
  }

  number(n: number, options?: Intl.NumberFormatOptions): string {
    return new Intl.NumberFormat(this.language, options).format(n)
  }

  /** "$149" or "$1.50": without cents where there are none. */
  money({ amount, currency }: Money, options?: Intl.NumberFormatOptions): string {
    return this.number(Number(amount), { style: 'currency', currency, trailingZeroDisplay: 'stripIfInteger', ...options } as Intl.NumberFormatOptions)
  }

  date(at: string | number | Date, options: Intl.DateTimeFormatOptions = { dateStyle: 'long' }): string {
    return new Intl.DateTimeFormat(this.language, options).format(new Date(at))
  }

  /** Dispatches headroom-NAME, which leaves shadow roots. False: a listener prevented what would follow. */
  emit(name: string, detail?: unknown): boolean {
    return this.dispatchEvent(new CustomEvent(`headroom-${name}`, { detail, bubbles: true, composed: true, cancelable: true }))
  }

  /** Runs what a button started, once at a time; the button stays where the focus is. What went wrong is told as an event and returned. */
  protected async working(button: HTMLElement, run: () => Promise<unknown>): Promise<Trouble | undefined> {
    if (button.getAttribute('aria-disabled') === 'true') return undefined
    button.setAttribute('aria-disabled', 'true')
    try {
      await run()
      return undefined
    } catch (trouble) {
      this.emit('error', trouble)
      return trouble as Trouble
    } finally {
      button.removeAttribute('aria-disabled')
    }
  }

  /** Says what went wrong, at once to who listens: in the server's words, with what mends it. */
  protected trouble(trouble: Trouble | undefined): HTMLElement {
    const text = trouble && (trouble.status === 0 && trouble.code !== 'preview' ? this.t('all.offline') : trouble.detail || trouble.message || this.t('all.failed'))
    return h('p', { part: 'trouble', class: 'trouble', role: 'alert' }, text, trouble?.status && trouble.mend ? ` ${trouble.mend}` : '')
  }
}

/** Defines an element, unless the page has one of that name or this is no browser. */
export function define(name: string, element: CustomElementConstructor): void {
  if (globalThis.customElements && !customElements.get(name)) customElements.define(name, element)
}
