// An offer as the customer sees it: a card at the place where it helps, never in the way.
import { call, h, price, say, tell, viewer, working } from './kit.js'
import { confirm } from './confirm.js'

const seen = new Set()

/** Decisions that a member has already sent to an admin. */
export const waiting = new Set()

/**
 * Puts a decision of Headroom into a place: the card, or nothing. bought(answer) is called
 * after a purchase, gone() when the card went away.
 */
export function showOffer(place, decision, { admin, bought, gone }) {
  if (decision?.status !== 'show') {
    place.replaceChildren()
    return
  }
  const { offer, decision_id: id } = decision
  if (viewer.member && waiting.has(id)) {
    place.replaceChildren() // it stands under what waits
    return
  }
  if (place.dataset.decision === id && place.dataset.member === String(viewer.member) && place.querySelector('.offer')) {
    place.querySelector('.offer-title').textContent = offer.title // the same offer: only its numbers moved
    place.querySelector('.offer-body').textContent = offer.body
    place.querySelector('.offer-case').textContent = offer.case ?? ''
    return
  }
  place.dataset.decision = id
  place.dataset.member = viewer.member
  const report = (type, reason) => call('POST', '/api/offer/outcome', { decision: id, type, reason })
  const trouble = h('div', { class: 'trouble', role: 'alert' })
  const act = h('button', { type: 'button', class: 'main', 'data-act': offer.cta.action }, offer.cta.label)
  const no = h('button', { type: 'button', 'data-act': 'dismiss' }, 'Not now')
  const form = h('div', { class: 'ask' })

  act.addEventListener('click', () => working(act, async () => {
    tell(trouble)
    try {
      const clicked = report('clicked')
      if (offer.cta.action === 'request') {
        await clicked
        ask()
        return
      }
      clicked.catch(() => {}) // that it was not counted must not keep anybody from buying
      await confirm({
        title: `${offer.cta.label}?`, decision: id, interval: offer.price.interval, opener: act, bought,
        send: (token) => call('POST', '/api/offer/accept', { decision: id, token }),
      })
    } catch (error) {
      tell(trouble, error)
    }
  }))
  no.addEventListener('click', () => working(no, async () => {
    tell(trouble)
    try {
      await report('dismissed')
      place.replaceChildren()
      say('Thank you. It stays away for a while.')
      gone()
    } catch (error) {
      tell(trouble, error)
    }
  }))

  /** A member cannot buy: what they need goes to somebody who can. */
  function ask() {
    const why = h('textarea', { id: 'why', rows: 2, maxlength: 200 })
    const send = h('button', { type: 'button', class: 'main', 'data-act': 'send' }, `Send to ${admin}`)
    send.addEventListener('click', () => working(send, async () => {
      tell(trouble)
      try {
        await report('requested', why.value.trim() || undefined)
        waiting.add(id)
        place.replaceChildren()
        say(`Your request went to ${admin}`)
        gone()
      } catch (error) {
        tell(trouble, error)
      }
    }))
    form.replaceChildren(h('label', { for: 'why' }, 'What do you need it for? (optional)'), why, h('div', { class: 'buttons' }, send, no))
    act.remove()
    why.focus()
  }

  const card = h('section', { class: 'box offer', 'aria-labelledby': `title-${id}` },
    h('h2', { class: 'offer-title', id: `title-${id}` }, offer.title),
    h('p', { class: 'offer-body' }, offer.body),
    h('p', { class: 'offer-case' }, offer.case ?? ''),
    offer.price && h('p', { class: 'price' }, h('strong', {}, price(offer.price.difference, { signDisplay: 'exceptZero' })), ` a ${offer.price.interval}, `,
      `so ${price(offer.price.recurring)} a ${offer.price.interval} in all`),
    form,
    trouble,
  )
  form.append(h('div', { class: 'buttons' }, act, no))
  place.replaceChildren(card)

  new IntersectionObserver((entries, watch) => {
    if (!entries.some((e) => e.isIntersecting)) return
    watch.disconnect()
    if (seen.has(id)) return
    seen.add(id)
    report('seen').catch(() => seen.delete(id))
  }, { threshold: 0.6 }).observe(card)
}
