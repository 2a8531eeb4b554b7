// What the parts of the page share: elements, calls to our own backend, words for people.

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

/** A placement: where Headroom may show something. The developer overlay writes beside it what was decided. */
export const place = (placement, ...children) => h('div', { class: 'place', 'data-placement': placement }, children)

/** An error with the words of the backend: what is wrong, and the mend. */
export class Trouble extends Error {
  constructor({ detail, mend, code }) {
    super(detail)
    this.mend = mend
    this.code = code
  }
}

/** Who looks at the page, in this tab. A real product knows it from the session. */
export const viewer = {
  get member() {
    return sessionStorage.getItem('as') === 'member'
  },
  get trial() {
    return sessionStorage.getItem('for') === 'trial'
  },
}

/** Calls our own backend, which alone knows the secret key. */
export async function call(method, path, body) {
  let response
  try {
    response = await fetch(path, {
      method,
      headers: { 'Summitry-As': viewer.member ? 'member' : 'admin', 'Summitry-For': viewer.trial ? 'trial' : 'main', ...(body && { 'Content-Type': 'application/json' }) },
      body: body && JSON.stringify(body),
    })
  } catch {
    throw new Trouble({ code: 'unreachable', detail: 'Summitry cannot be reached.', mend: 'See whether the demo still runs, then try again.' })
  }
  const answer = await response.json().catch(() => ({ detail: `Summitry answered with status ${response.status}.` }))
  if (!response.ok) throw new Trouble(answer)
  return answer
}

/** Shows an error where it happened; without one, clears the place. */
export function tell(where, error) {
  if (!error) {
    where.replaceChildren()
    return
  }
  const known = error.mend !== undefined || error.code !== undefined // ours, or Headroom's
  if (!known) console.error(error)
  where.replaceChildren(h('p', {}, h('strong', {}, sentence(error.detail ?? error.message)), ` ${sentence(known ? error.mend : 'Reload the page.')}`))
}

const sentence = (text) => {
  const t = (text ?? '').trim()
  return t && t.charAt(0).toUpperCase() + t.slice(1) + (/[.!?]$/.test(t) ? '' : '.')
}

let fading
/** Says something politely: screen readers hear it, eyes see it at the foot of the window. */
export function say(text) {
  clearTimeout(fading)
  const where = $('status')
  where.replaceChildren(h('span', {}, text))
  where.classList.add('shown')
  fading = setTimeout(() => where.classList.remove('shown'), 8000)
}

export const number = (n) => n.toLocaleString()

/** "$149" where there are no cents: for prices in running text. */
export const price = ({ amount, currency }) =>
  new Intl.NumberFormat(undefined, { style: 'currency', currency, trailingZeroDisplay: 'stripIfInteger' }).format(Number(amount))

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

/** A button that does something, and says beside itself what went wrong. */
export function action(label, props, f) {
  const trouble = h('div', { class: 'trouble', role: 'alert' })
  const button = h('button', { type: 'button', ...props }, label)
  button.addEventListener('click', () => working(button, async () => {
    tell(trouble)
    try {
      await f(button)
    } catch (error) {
      tell(trouble, error)
    }
  }))
  return [button, trouble]
}
