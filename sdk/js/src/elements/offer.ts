// An offer, or the help that comes before any, as a card: the same in a dialog, in its place on a page and where
// somebody is about to leave. Nobody but who may buy is told a price, whatever an answer holds.
import type { Decision, Money, Offer } from '../core/types'
import { h, safeUrl, texts, type Child, type HeadroomElement } from './base'

texts('offer', {
  en: {
    more: '{amount} more', less: '{amount} less', in_all: 'so {amount} in all', saved: 'You save {amount}.', once: '{amount}, once',
    a_month: '{amount} a month', a_year: '{amount} a year', assumes: 'What this rests on', lost: 'What you would no longer have', not_now: 'Not now', help: 'Show me how',
  },
})

/** The style of a card. Media keep their room before they are there. */
export const offerCss = `
.card{display:grid;gap:var(--p);grid-template-columns:minmax(0,1fr)}
.media{inline-size:100%;block-size:auto;aspect-ratio:16/9;object-fit:cover;border-radius:var(--r);background:var(--b)}
summary{cursor:pointer;min-block-size:1.5rem}
li{padding-inline-start:1.25em;position:relative}
li::before{content:"–";position:absolute;inset-inline-start:.25em;color:var(--m)}
textarea{inline-size:100%;display:block}
`

/** What a person can do with a card. */
export interface OfferActions {
  /** The button that the offer names, or the link of help. */
  act(click: MouseEvent): void
  dismiss(): void
  /** What stands in the place of the buttons: a form, or what came of it. */
  instead?: Child
  /** What went wrong. */
  trouble?: Child
  /** Of the way out; "Not now" when left out. */
  no?: string
}

/** An amount of each interval, in words: "$149 a month". */
export function each(host: HeadroomElement, amount: Money, interval?: string): string {
  return interval ? host.t(interval === 'year' ? 'offer.a_year' : 'offer.a_month', { amount: host.money(amount) }) : host.money(amount)
}

const bought = 'headroom|bought' // as all that is kept: forgotten when somebody signs out

/** Whether the purchase that can be undone until then was made in this tab, by who is there now; or remembers that it was. */
export function boughtHere(host: HeadroomElement, until: string, remember = false): boolean {
  const { account, user } = host.client.snapshot()
  const what = [account, user, until].join()
  try {
    if (remember) sessionStorage.setItem(bought, what)
    return sessionStorage.getItem(bought) === what
  } catch {
    return false
  }
}

/** An amount without its sign. */
export const positive = (m: Money): Money => ({ ...m, amount: m.amount.replace('-', '') })

function price(host: HeadroomElement, offer: Offer): Child {
  const p = offer.price as (Offer['price'] & { once?: Money; saved?: Money }) | undefined
  if (!p || offer.cta.action === 'request' || host.client.snapshot().role === 'member') return undefined
  const differs = p.difference && Number(p.difference.amount)
  const strong = p.once ? host.t('offer.once', { amount: host.money(p.once) })
    : differs ? host.t(differs < 0 ? 'offer.less' : 'offer.more', { amount: each(host, positive(p.difference!), p.interval) }) : ''
  return h('p', { part: 'price' }, strong && h('strong', {}, strong),
    !p.once && p.recurring && `${strong && ', '}${strong ? host.t('offer.in_all', { amount: each(host, p.recurring, p.interval) }) : each(host, p.recurring, p.interval)}.`,
    p.saved && Number(p.saved.amount) > 0 && ` ${host.t('offer.saved', { amount: host.money(p.saved) })}`)
}

function media(address: string | undefined): Child {
  const src = safeUrl(address)
  const room = { part: 'media', class: 'media', src, width: 640, height: 360 }
  if (!src) return undefined
  return /\.(mp4|webm|mov)([?#]|$)/i.test(src) ? h('video', { ...room, controls: true, preload: 'none' })
    : h('img', { ...room, alt: '', loading: 'lazy', decoding: 'async' })
}

const list = (items: string[]) => h('ul', {}, items.map((text) => h('li', {}, text)))

/** The card of a decision that shows an offer, or of one that holds help. */
export function offerCard(host: HeadroomElement, { offer, help }: Decision, does: OfferActions): HTMLElement {
  const cta = offer?.cta
  const link = safeUrl(!offer ? help?.link : cta?.action === 'buy' || cta?.action === 'request' || cta?.action === 'try' ? '' : cta?.url)
  const label = cta?.label ?? host.t('offer.help')
  return h('article', { part: 'card', class: 'card', 'aria-labelledby': 'title' },
    media(offer?.media),
    h('h2', { part: 'title', id: 'title' }, offer?.title ?? help?.title),
    h('p', { part: 'body' }, offer?.body ?? help?.body),
    offer?.case && h('p', { part: 'case', class: 'muted' }, offer.case),
    offer?.assumptions?.length && h('details', { part: 'assumptions', class: 'small' }, h('summary', {}, host.t('offer.assumes')), list(offer.assumptions)),
    offer?.lost?.length && h('div', { part: 'lost' }, h('p', {}, host.t('offer.lost')), list(offer.lost)),
    offer && price(host, offer),
    does.trouble,
    does.instead ?? h('div', { class: 'row' },
      link ? h('a', { part: 'action', class: 'button main', href: link, rel: 'noopener noreferrer', onclick: does.act }, label)
        : offer && h('button', { part: 'action', class: 'main', type: 'button', onclick: does.act }, label),
      h('button', { part: 'dismiss', type: 'button', onclick: does.dismiss }, does.no ?? host.t('offer.not_now'))))
}
