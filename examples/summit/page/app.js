// The page of Summitry, a product that uses Headroom. It talks to its own backend (product.go) about summits, and
// through it to Headroom about what this customer may use and could have.
import { $, call, h, price, say, tell, viewer, working } from './kit.js'
import { headroom, load, signIn } from './hr.js'
import { overlay } from './overlay.js'
import { home } from './pages/home.js'
import { plans } from './pages/plans.js'
import { recordings } from './pages/recordings.js'
import { setup } from './pages/setup.js'
import { speakers } from './pages/speakers.js'
import { team } from './pages/team.js'
import { banner } from './pages/trial.js'

const pages = { '/': home, '/speakers': speakers, '/recordings': recordings, '/setup': setup, '/team': team, '/plans': plans }

/** What the pages know: the session, and how to go elsewhere. */
const app = { session: undefined, go, start }

let leave = new AbortController()

/** Draws the part that the address names. */
function draw(moved) {
  const page = pages[location.pathname] ?? home
  leave.abort()
  leave = new AbortController()
  for (const a of document.querySelectorAll('.menu a')) {
    if (new URL(a.href).pathname === location.pathname) a.setAttribute('aria-current', 'page')
    else a.removeAttribute('aria-current')
  }
  document.title = `${page.title} · Northern Lights Summit · Summitry`
  const title = h('h1', { tabindex: '-1' }, page.title)
  $('main').replaceChildren(title, ...page.draw({ ...app, signal: leave.signal }))
  if (moved) title.focus()
  overlay.drawn()
}

/** Goes to a part of the page by its own address, without loading it anew. */
function go(address) {
  history.pushState(null, '', address)
  scrollTo({ top: 0 })
  draw(true)
}

document.addEventListener('click', (e) => {
  const a = e.target.closest?.('a[href]')
  if (!a || a.target || e.defaultPrevented || e.metaKey || e.ctrlKey || e.shiftKey || a.origin !== location.origin || !pages[a.pathname] || a.hash) return
  e.preventDefault()
  go(a.pathname + a.search)
})
addEventListener('popstate', () => draw(true))

/** Signs in as whom the tab is set to, and draws everything anew. */
async function start() {
  tell($('trouble'))
  headroom.reset()
  overlay.forget()
  try {
    app.session = await call('GET', '/api/session')
  } catch (error) {
    tell($('trouble'), error)
    return
  }
  const { person, role, company } = app.session
  $('person').textContent = `${person}, ${role}`
  $('company').textContent = company
  $('as-member').checked = viewer.member
  $('for-trial').checked = viewer.trial
  overlay.of(app.session)
  signIn(app.session)
  drawPlan()
  $('badge').replaceChildren(h('headroom-nav-badge', { placement: 'home.badge', kind: 'new' }))
  $('premium').replaceChildren(h('headroom-nav-badge', { feature: 'recordings', kind: 'premium' }))
  $('banner').replaceChildren(...banner(app))
  draw(false)
}

/** What the customer is on. Who cannot buy is told no price: Headroom tells them none. */
async function drawPlan() {
  try {
    const { subscription: s } = await headroom.call('GET', '/v1/accounts/{account}/billing')
    $('plan').textContent = !s ? 'No plan' : s.status === 'trialing' ? `${s.title ?? s.plan}, on trial` : s.recurring ? `${s.title ?? s.plan}, ${price(s.recurring)} a ${s.interval}` : s.title ?? s.plan
  } catch {
    $('plan').textContent = ''
  }
}

/** Something was bought, approved or taken back, here or elsewhere: what stands at the top is read again. */
let bought = ''
function changed({ entitlements }) {
  const now = JSON.stringify(Object.values(entitlements ?? {}).map((e) => [e.feature, e.limit, e.source]))
  if (now !== bought && bought) drawPlan()
  bought = now
}

for (const [id, key, on] of [['as-member', 'as', 'member'], ['for-trial', 'for', 'trial']]) {
  $(id).addEventListener('change', async (e) => {
    sessionStorage.setItem(key, e.target.checked ? on : 'other')
    await start()
    say(`You are ${app.session.person} of ${app.session.company} now, ${viewer.member ? 'a member' : 'an admin'}`)
  })
}

$('start-over').addEventListener('click', () => working($('start-over'), async () => {
  try {
    const { company, speakers: booked } = await call('POST', '/api/start-over')
    history.pushState(null, '', '/speakers')
    await start()
    scrollTo({ top: 0 })
    say(`${company} is back at the beginning, with ${booked.length} speakers`)
  } catch (error) {
    tell($('trouble'), error)
    $('trouble').scrollIntoView({ block: 'center' })
  }
}))

await load()
headroom.subscribe(changed)
overlay.watch(headroom)
await start()
