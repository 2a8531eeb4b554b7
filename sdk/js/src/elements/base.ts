// What all elements share. An element draws what it knows with render(), which returns nodes made by h(); the base
// compares them with what stands there, so that focus, scroll and open dialogs outlive a redraw. Nothing is ever made
// from markup: a text stays a text, and addresses are http(s) or left out.
import { headroom } from '../core/index'
import type { Decision, Headroom, Money, ProblemShape, Snapshot } from '../core/types'
import type { Staged } from './preview'
import { shared, sheet } from './style'
import { onTexts, ready, say, type Values } from './words'

export type { Staged } from './preview'
export { sheet } from './style'
export { allTexts, setTexts, texts } from './words'

/** What a page gets of a failed call. */
export type Trouble = Partial<ProblemShape> & { message?: string }

/** Where somebody asks what there is, and about what. */
export interface OfferAt {
  placement: string
  feature?: string | null
  quantity?: number
}

type Handler = (event: never) => void
/** What h() takes: attributes, handlers (onclick and the like), custom properties as an object. */
export type Props = Record<string, string | number | boolean | null | undefined | Handler | Record<string, string>>
export type Child = Node | string | number | null | undefined | false | Child[]
type Made = HTMLElement & { $?: Record<string, Handler | null>; busy?: boolean }

/** An address that may be followed: http or https, else undefined. Relative ones are of the page. */
export function safeUrl(url: unknown): string | undefined {
  try {
    const { protocol, href } = new URL(String(url || 'x:'), document.baseURI)
    return /^https?:$/.test(protocol) ? href : undefined
  } catch {
    return undefined
  }
}

/** Makes an element: h('button', {class: 'main', onclick}, 'Buy'). Children only ever become text; unsafe addresses are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props?: Props | null, ...children: Child[]): HTMLElementTagNameMap[K]
export function h(tag: string, props?: Props | null, ...children: Child[]): HTMLElement
export function h(tag: string, props?: Props | null, ...children: Child[]): HTMLElement {
  const el: Made = document.createElement(tag)
  for (const name in props) {
    let value = props[name]
    if (name === 'href' || name === 'src') value = safeUrl(value)
    if (typeof value === 'function') Object.assign(el, (el.$ = { ...el.$, [name]: value }))
    else if (value && typeof value === 'object') for (const v in value) el.style.setProperty(v, value[v]!)
    else if (value !== undefined && value !== null && value !== false && name !== 'style') el.setAttribute(name, value === true ? '' : String(value))
  }
  for (const c of [children].flat(9) as Child[]) if (c || c === 0) el.append(c as Node)
  return el
}

/** A decorative picture from one path of 24 by 24. */
export function icon(path: string): SVGElement {
  const [svg, line] = ['svg', 'path'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag)) as [SVGElement, SVGElement]
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  line.setAttribute('d', path)
  svg.append(line)
  return svg
}

/** Makes the old element what the new one is, and keeps what need not change: what is open, what was typed. */
function morph(old: Made, next: Made): void {
  const has = next.attributes
  // What was typed or chosen goes with the attribute, when that says something else than before.
  const follow = (name: string, value = '', on = false) => /^(value|checked)$/.test(name) && Object.assign(old, { [name]: name === 'value' ? value : on })
  for (const { name } of [...old.attributes]) {
    if (!(name in has) && name !== 'style' && !(name === 'open' && /^D/.test(old.nodeName)) && !(name === 'aria-disabled' && old.busy)) old.removeAttribute(name), follow(name)
  }
  for (const { name, value } of has) if (name !== 'style' && old.getAttribute(name) !== value) old.setAttribute(name, value), follow(name, value, true)
  // Through the object model: a style attribute that is set as text is what a strict policy forbids.
  if (next.style && old.style.cssText !== next.style.cssText) old.style.cssText = next.style.cssText
  for (const name in old.$) if (!next.$?.[name]) Object.assign(old, { [name]: null })
  Object.assign(old, (old.$ = next.$ ?? {}))
  let at = old.firstChild
  for (const wanted of [...next.childNodes]) {
    if (at && at.nodeName === wanted.nodeName && (at as Element).part?.value === (wanted as Element).part?.value && (at as Element).id === (wanted as Element).id) {
      if (at instanceof Element) morph(at as Made, wanted as Made)
      else if (at.nodeValue !== wanted.nodeValue) at.nodeValue = wanted.nodeValue
      at = at.nextSibling
    } else old.insertBefore(wanted, at)
  }
  while (at) {
    const gone = at
    at = at.nextSibling
    gone.remove()
  }
}

// A server that renders pages knows no elements, and still imports this module.
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement)

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

  /** What is drawn stands in here. */
  protected readonly box!: HTMLElement
  #client: Headroom = headroom
  #given: Headroom | undefined
  #preview: Staged | undefined
  #ends: (() => void)[] | undefined
  #due = false
  #watched = false
  #who = ''
  #asked: Record<string, { who: string; key: string; answer: unknown }> = {}

  constructor() {
    super()
    if (!globalThis.document) return
    const root = this.attachShadow({ mode: 'open' })
    root.adoptedStyleSheets = [sheet(shared), sheet((this.constructor as typeof HeadroomElement).css)]
    root.append((this.box = h('div', { part: 'root' })))
  }

  /** The client that is asked: the one of the page when none is given. */
  get client(): Headroom {
    return this.#client
  }
  set client(client: Headroom | undefined) {
    this.#given = client
    void this.#rewire()
  }

  /** Shows this instead of what a server says, and calls nothing. */
  get preview(): Staged | undefined {
    return this.#preview
  }
  set preview(staged: Staged | undefined) {
    this.#preview = staged
    void this.#rewire()
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
      delete (this as Partial<this>)[name]
      Object.assign(this, { [name]: early })
    }
    if (!this.#ends) void this.#rewire()
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

  #end(): void {
    this.#ends?.forEach((end) => end())
    this.#ends = undefined
    this.watch(null, undefined)
    this.gone()
  }

  async #rewire(): Promise<void> {
    this.#end()
    if (!this.isConnected) return
    const staged = this.#preview
    const client = staged ? (await import('./preview')).stagedClient(staged) : (this.#given ?? headroom)
    if (staged !== this.#preview || this.#ends) return // set anew meanwhile
    if (client !== this.#client) this.#asked = {}
    this.#client = client
    const redraw = () => {
      const { account, user } = this.known
      const who = account && `${account} ${user}`
      if (this.#who && this.#who !== who) {
        this.#asked = {}
        this.parted()
      }
      this.#who = who
      this.update()
    }
    this.#ends = [client.subscribe(redraw), onTexts(redraw)]
    redraw()
  }

  /** The element left the page for good, or is about to ask somebody else. */
  protected gone(): void {}

  /** Somebody else is there now, or nobody: what was said to the last person, and what they began, goes. */
  protected parted(): void {}

  /** Draws anew, soon and once. */
  update(): void {
    if (this.#due || !this.#ends) return
    this.#due = true
    queueMicrotask(() => {
      this.#due = false
      if (!this.isConnected || !ready(this.language)) return
      try {
        morph(this.box, h('div', { part: 'root', lang: this.language }, this.render()))
        this.updated()
      } catch (trouble) {
        this.box.replaceChildren() // rather nothing than half of something
        this.emit('error', trouble)
      }
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
    const who = [account, user, role].join()
    key = [who, language, revision, key].join()
    const last = this.#asked[question]
    if (last?.key === key) return last.answer as T | undefined
    const now = (this.#asked[question] = { who, key, answer: last?.who === who ? last.answer : undefined })
    const done = (answer?: T) => {
      if (this.#asked[question] !== now) return
      now.answer = answer
      this.update()
    }
    ask().then(done, (trouble: unknown) => {
      done()
      this.emit('error', trouble)
    })
    return now.answer as T | undefined
  }

  /** Asks again what answer() asked, as after somebody acted. */
  protected forget(question: string): void {
    const last = this.#asked[question]
    if (last) last.key = ''
    this.update()
  }

  /** Reports a decision as seen, once, when most of what shows it has really been in view. Called after each redraw. */
  protected watch(on: Element | null | undefined, decision: Decision | undefined): void {
    if (on && decision?.decision_id) this.#watched = true
    if (this.#watched) void import('./seen').then(({ watchSeen }) => watchSeen(this, on, decision))
  }

  /** Shows what there is to buy or to ask for at a placement, because the person asked. */
  protected async openOffer(at: OfferAt): Promise<void> {
    const { openOffer } = await import('./opens')
    openOffer(this, at)
  }

  /** The language of texts, numbers and dates: the element's own lang, else the reader's as the client knows it, else the page's. */
  get language(): string {
    const said = (this.lang || this.known.language || document.documentElement.lang || navigator.language).replaceAll('_', '-')
    try {
      Intl.getCanonicalLocales(said)
      return said || 'en'
    } catch {
      return 'en'
    }
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
    return this.number(+amount, { style: 'currency', currency, trailingZeroDisplay: 'stripIfInteger', ...options } as Intl.NumberFormatOptions)
  }

  date(at: string | number | Date, options: Intl.DateTimeFormatOptions = { dateStyle: 'long' }): string {
    return new Intl.DateTimeFormat(this.language, options).format(new Date(at))
  }

  /** Dispatches headroom-NAME, which leaves shadow roots. False: a listener prevented what would follow. */
  emit(name: string, detail?: unknown): boolean {
    return this.dispatchEvent(new CustomEvent(`headroom-${name}`, { detail, bubbles: true, composed: true, cancelable: true }))
  }

  /** Runs what a button started, once at a time; the button stays where the focus is. What went wrong is told as an event and returned. */
  protected async working(button: Made, run: () => Promise<unknown>): Promise<Trouble | undefined> {
    if (button.busy) return undefined
    button.busy = true
    button.ariaDisabled = 'true'
    try {
      await run()
      return undefined
    } catch (trouble) {
      this.emit('error', trouble)
      return trouble as Trouble
    } finally {
      button.busy = false
      button.ariaDisabled = null
    }
  }

  /** Says what went wrong, at once to who listens: in the server's words, with what mends it. */
  protected trouble(trouble: Trouble | undefined): HTMLElement {
    const { status, code, detail, mend, message } = trouble ?? {}
    return h('p', { part: 'trouble', class: 'trouble', role: 'alert' },
      status === 0 && code !== 'preview' ? this.t('all.offline') : trouble && `${detail || message || this.t('all.failed')} ${mend || ''}`)
  }
}

/** Defines an element, unless the page has one of that name or this is no browser. */
export function define(name: string, element: CustomElementConstructor): void {
  if (globalThis.customElements && !customElements.get(name)) customElements.define(name, element)
}
