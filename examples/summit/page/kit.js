// What the parts of the page share: elements, calls to our own backend, words for money.

/** Makes an element: h('button', {class: 'main', onclick}, 'Add'). Text stays text. */
export function h(tag, props = {}, ...children) {
  const el = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === undefined || value === null) continue
    if (name.startsWith('on')) el.addEventListener(name.slice(2), value)
    else el.setAttribute(name, value === true ? '' : value)
  }
  el.append(...children.flat().filter((c) => c !== undefined && c !== null && c !== false))
  return el
}

export const $ = (id) => document.getElementById(id)

/** An error with the words of the backend: what is wrong, and the mend. */
export class Trouble extends Error {
  constructor({ detail, mend, code }) {
    super(detail)
    this.mend = mend
    this.code = code
  }
}

/** Who looks at the page. A real product knows it from the session. */
export const viewer = { member: sessionStorage.getItem('as') === 'member' }

const listeners = []
/** Tells what Headroom was asked and what it answered, for the panel. */
export const onAnswer = (f) => listeners.push(f)

/** Calls our own backend, which alone knows the secret key. */
export async function call(method, path, body) {
  let response
  try {
    response = await fetch(path, {
      method,
      headers: { 'Summitry-As': viewer.member ? 'member' : 'admin', ...(body && { 'Content-Type': 'application/json' }) },
      body: body && JSON.stringify(body),
    })
  } catch {
    throw new Trouble({ code: 'unreachable', detail: 'Summitry cannot be reached.', mend: 'See whether the demo still runs, then try again.' })
  }
  const answer = await response.json().catch(() => ({ detail: `Summitry answered with status ${response.status}.` }))
  for (const f of listeners) f(answer)
  if (!response.ok) throw new Trouble(answer)
  return answer
}

/** Shows an error where it happened; without one, clears the place. */
export function tell(place, error) {
  if (!error) {
    place.replaceChildren()
    return
  }
  if (!(error instanceof Trouble)) console.error(error)
  const mend = error instanceof Trouble ? error.mend : 'Reload the page.'
  place.replaceChildren(h('p', {}, h('strong', {}, sentence(error.message)), mend && ` ${sentence(mend)}`))
}

const sentence = (text) => {
  const t = text.trim()
  return t.charAt(0).toUpperCase() + t.slice(1) + (/[.!?]$/.test(t) ? '' : '.')
}

let fading
/** Says something politely: screen readers hear it, eyes see it at the foot of the window. */
export function say(text, hidden) {
  clearTimeout(fading)
  const place = $('status')
  place.replaceChildren(h('span', {}, text), hidden ? h('span', { class: 'hidden' }, ` ${hidden}`) : '')
  place.classList.add('shown')
  fading = setTimeout(() => place.classList.remove('shown'), 8000)
}

/** "$149.00", in the reader's own way. */
export function money({ amount, currency }, style = {}) {
  return new Intl.NumberFormat(undefined, { style: 'currency', currency, ...style }).format(Number(amount))
}

/** "$149" where there are no cents: for prices in running text. */
export const price = (a, style) => money(a, { trailingZeroDisplay: 'stripIfInteger', ...style })

export const day = (at) => new Intl.DateTimeFormat(undefined, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(at))

/** Keeps a button from being pressed twice while it works. It stays where the focus is. */
export async function working(button, f) {
  if (button.getAttribute('aria-disabled') === 'true') return
  button.setAttribute('aria-disabled', 'true')
  try {
    return await f()
  } finally {
    button.removeAttribute('aria-disabled')
  }
}
