// The speakers page of Summitry, a product that uses Headroom. It talks to its own backend
// (product.go), as a real product's page does; that one talks to Headroom.
import { $, call, day, h, price, say, tell, viewer, working } from './kit.js'
import { confirm } from './confirm.js'
import { showOffer, waiting } from './offer.js'
import { watchDecisions, whyOf } from './decided.js'

let state
const number = (n) => n.toLocaleString()
const capacity = () => (state.limit === null ? 'any number of' : number(state.limit))

/** Draws what the account has now. */
function draw(next) {
  const had = state
  state = next
  const { usage, limit } = state
  const left = limit === null ? null : Math.max(limit - usage, 0)
  $('person').textContent = `${state.person}, ${state.member ? 'member' : 'admin'}`
  $('plan').textContent = state.price ? `${state.plan}, ${price(state.price)} a ${state.interval}` : state.plan
  $('usage').textContent = number(usage)
  $('limit').textContent = capacity()
  const meter = $('meter')
  meter.setAttribute('aria-valuemax', limit ?? Math.max(usage, 1))
  meter.setAttribute('aria-valuenow', Math.min(usage, limit ?? usage))
  meter.setAttribute('aria-valuetext', limit === null ? `${usage} speakers, no limit` : `${usage} of ${limit} speakers`)
  meter.dataset.level = left === null || usage / limit < 0.8 ? 'fine' : left === 0 ? 'full' : 'near'
  $('fill').style.setProperty('inline-size', `${Math.min(100, limit ? (100 * usage) / limit : 5)}%`)
  $('left').textContent = left === null ? 'No limit' : left === 0 ? 'No room left' : `${number(left)} left`
  $('console').href = state.console
  for (const a of document.querySelectorAll('[data-view=recordings]')) a.classList.toggle('open', state.recordings)
  $('locked').hidden = state.recordings

  const list = $('list')
  const old = new Map([...list.children].map((li) => [li.dataset.id, li])) // kept, and with them the focus
  const rows = state.speakers.map((s) => old.get(s.id) ?? drawSpeaker(s, had))
  for (const li of [...list.children]) if (!rows.includes(li)) li.remove()
  rows.forEach((li, i) => list.children[i] === li || list.insertBefore(li, list.children[i] ?? null))
  list.removeAttribute('aria-busy')
}

function drawSpeaker(s, fresh) {
  const remove = h('button', { type: 'button', class: 'quiet', 'aria-label': `Remove ${s.name}` }, 'Remove')
  remove.addEventListener('click', () => working(remove, async () => {
    tell($('trouble'))
    const at = state.speakers.findIndex((o) => o.id === s.id)
    try {
      const answer = await call('DELETE', `/api/speakers/${s.id}`)
      draw(answer.state)
      const rest = $('list').querySelectorAll('button')
      ;(rest[at] ?? rest[at - 1] ?? $('add')).focus()
      say(`${s.name} is off the list. ${number(state.usage)} of ${capacity()} speakers`)
    } catch (error) {
      tell($('trouble'), error)
    }
  }))
  const initials = s.name.split(' ').map((part) => part[0]).join('')
  return h('li', { class: fresh ? 'fresh' : '', 'data-id': s.id },
    h('span', { class: `face face-${s.id.slice(1) % 6}`, 'aria-hidden': 'true' }, initials),
    h('span', { class: 'speaker' }, h('strong', {}, s.name), h('span', {}, s.talk)),
    remove)
}

/** Reasons for silence that have to do with the person, not with the moment. */
const held = ['cooldown', 'at_most', 'holdout', 'routed_to_people']

/** What is shown at a place: the offer, or honestly why there is none although nothing fits any more. */
function propose(place, decision, check, moment) {
  const gone = () => {
    ;(moment.focus ?? $('add')).focus()
    drawRequests()
  }
  showOffer(place, decision, { admin: state.admin, bought: (answer) => rise(answer, place), gone })
  if (decision?.status === 'show' || !check || check.allowed) return
  const unlock = check.unlock?.[0]
  const see = h('button', { type: 'button', 'data-act': 'see' }, viewer.member ? 'See what would help' : `See ${unlock?.title ?? 'plans'}`)
  const trouble = h('div', { class: 'trouble', role: 'alert' })
  see.addEventListener('click', () => working(see, async () => {
    try { // somebody who asks is not contacted: caps and cool-downs do not bind
      const answer = await call('POST', '/api/offer', { placement: moment.placement, feature: moment.feature, requested: true })
      propose(place, answer.decision, check, moment)
      place.querySelector('button')?.focus()
    } catch (error) {
      tell(trouble, error)
    }
  }))
  place.replaceChildren(h('section', { class: 'box quiet-offer' },
    h('p', {}, h('strong', {}, check.message)),
    unlock && h('p', {}, `${unlock.title} gives ${unlock.gives}`,
      !viewer.member && `: ${price(unlock.price)} a ${unlock.interval}, ${price(unlock.difference)} more than now`, '.'),
    held.includes(decision?.reason) && h('p', { class: 'why' }, 'Headroom keeps silent here by itself. ', whyOf(decision).replace(/[.]?$/, '.')),
    h('div', { class: 'buttons' }, see), trouble))
}

/** After a purchase: the limit is up at once, without a reload. */
function rise({ state: next }, place) {
  draw(next)
  place.replaceChildren()
  say(view === 'recordings' && state.recordings ? `Talk recordings are part of ${state.plan}` : `You now have room for ${capacity()} speakers`)
  if (view === 'recordings') openRecordings()
  else $('add').focus()
  drawRequests()
}

$('add').addEventListener('click', () => working($('add'), async () => {
  tell($('trouble'))
  try {
    const answer = await call('POST', '/api/speakers')
    draw(answer.state)
    propose($('offer'), answer.decision, answer.check, { placement: 'speakers.add', feature: 'speakers' })
    const room = `${number(state.usage)} of ${capacity()} speakers`
    const offered = answer.decision?.status === 'show' && `An offer is at the button: ${answer.decision.offer.title}`
    say(answer.added ? `${answer.added.name} speaks at your summit. ${room}` : `There is no room for another speaker. ${room}`, offered)
  } catch (error) {
    tell($('trouble'), error)
  }
}))

/** The locked menu item: opening it is a touched gate, which Headroom notices. */
async function openRecordings() {
  tell($('recordings-trouble'))
  try {
    const { check, decision } = await call('POST', '/api/recordings')
    $('talks').replaceChildren(check.allowed ? recorded() : '')
    if (check.allowed) $('recordings-offer').replaceChildren()
    else propose($('recordings-offer'), decision, check, { placement: 'recordings.open', feature: 'recordings', focus: document.querySelector('[data-view=recordings]') })
  } catch (error) {
    tell($('recordings-trouble'), error)
  }
}

function recorded() {
  return h('ul', { class: 'list', 'aria-label': 'Recordings' }, state.speakers.map((s, i) => h('li', {},
    h('span', { class: 'face play', 'aria-hidden': 'true' }, '▶'),
    h('span', { class: 'speaker' }, h('strong', {}, s.talk), h('span', {}, `${s.name}, ${12 + ((i * 7) % 19)} minutes`)))))
}

/** Members' requests wait for an admin, at the same place. */
async function drawRequests() {
  try {
    const { requests = [] } = await call('GET', '/api/requests')
    waiting.clear()
    for (const w of requests) waiting.add(w.decision)
    $('requests').hidden = requests.length === 0
    $('requests-title').textContent = viewer.member ? `Waiting for ${state.admin}` : 'Requests from your team'
    $('wishes').replaceChildren(...requests.map(drawWish))
  } catch (error) {
    tell($('trouble'), error)
  }
}

function drawWish(w) {
  const trouble = h('div', { class: 'trouble', role: 'alert' })
  const answered = (what, button) => working(button, async () => {
    tell(trouble)
    try {
      await what(button)
    } catch (error) {
      tell(trouble, error)
    }
  })
  const yes = h('button', { type: 'button', class: 'main', 'data-act': 'approve' }, 'Approve…')
  const no = h('button', { type: 'button', 'data-act': 'decline' }, 'Decline')
  yes.addEventListener('click', () => answered(async () => {
    await confirm({
      title: `Approve ${w.plan} for ${w.who}?`, decision: w.decision, interval: state.interval, opener: yes,
      send: (token) => call('POST', `/api/requests/${encodeURIComponent(w.id)}/approve`, { token }),
      bought: (answer) => rise(answer, $('offer')),
    })
  }, yes))
  no.addEventListener('click', () => answered(async () => {
    await call('POST', `/api/requests/${encodeURIComponent(w.id)}/decline`)
    say(`${w.who}'s request is declined`)
    await drawRequests()
    $('add').focus()
  }, no))
  return h('li', {},
    h('p', {}, h('strong', {}, w.who), ` asks for ${w.plan}`, w.reason && `: “${w.reason}”`, h('span', { class: 'when' }, day(w.at))),
    !viewer.member && h('div', { class: 'buttons' }, yes, no), trouble)
}

$('as-member').checked = viewer.member
$('as-member').addEventListener('change', async (e) => {
  viewer.member = e.target.checked
  sessionStorage.setItem('as', viewer.member ? 'member' : 'admin')
  $('offer').replaceChildren()
  await load()
  if (view === 'recordings') await openRecordings()
  say(`You are ${state.person} now, ${viewer.member ? 'a member' : 'an admin'}`)
})

$('start-over').addEventListener('click', () => working($('start-over'), async () => {
  tell($('trouble'))
  try {
    const answer = await call('POST', '/api/start-over')
    draw(answer.state)
    $('offer').replaceChildren()
    go('#speakers')
    say(`Aurora Events is back on ${state.plan} with ${state.usage} speakers`)
    await drawRequests()
    scrollTo({ top: 0 })
  } catch (error) {
    tell($('trouble'), error)
    $('trouble').scrollIntoView({ block: 'center' })
  }
}))

let view = ''
/** Shows the part that the address names. */
function route() {
  const next = location.hash === '#recordings' ? 'recordings' : 'speakers'
  const moved = view !== '' && view !== next
  view = next
  for (const part of document.querySelectorAll('[data-page]')) part.hidden = part.dataset.page !== view
  for (const a of document.querySelectorAll('[data-view]')) {
    if (a.dataset.view === view) a.setAttribute('aria-current', 'page')
    else a.removeAttribute('aria-current')
  }
  const title = view === 'recordings' ? 'Talk recordings' : 'Speakers'
  document.title = `${title} · Northern Lights Summit · Summitry`
  if (moved) document.querySelector(`[data-page=${view}] h1`).focus()
}
/** Goes to a part of the page as its own address, without the browser's jump. */
function go(hash) {
  if (location.hash !== hash) history.pushState(null, '', hash)
  route()
}
for (const a of document.querySelectorAll('[data-view]')) {
  a.addEventListener('click', (e) => {
    e.preventDefault()
    go(a.getAttribute('href'))
    if (view === 'recordings') openRecordings()
  })
}
addEventListener('popstate', () => {
  route()
  if (view === 'recordings' && state) openRecordings()
})

async function load() {
  tell($('trouble'))
  try {
    const answer = await call('GET', '/api/state')
    draw(answer.state)
    drawRequests()
  } catch (error) {
    tell($('trouble'), error)
  }
}

watchDecisions()
route()
await load()
if (view === 'recordings' && state) openRecordings()
// Somebody may have changed the account elsewhere, in the console beside this.
addEventListener('focus', async () => {
  try {
    draw((await call('GET', '/api/state')).state)
    drawRequests()
  } catch {
    // Shown when something is done here.
  }
})
