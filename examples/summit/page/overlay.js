// For developers: beside each placement, what Headroom decided there, why, how long it took, and what is left of the
// budget of contacts. It hears decisions from the core; the reasons come from our backend, which has the secret key.
import { $, call, h } from './kit.js'

const words = {
  signal: 'a signal is alive', requested: 'the person asked to see it', holdout: 'held out here, to measure what offers earn', cooldown: 'dismissed, and cools down',
  at_most: 'shown as often as it may be', no_signal: 'no signal is alive', not_related: 'nothing to do with this moment', already_has: 'the account has it',
  not_applicable: 'the account cannot take it', not_for_account: 'not meant for this account', routed_to_people: 'people work on it', outranked: 'another offer goes first',
  unknown_placement: 'no offer belongs to this place', unknown_feature: 'the feature is not in the catalog', chosen: 'chosen', timeout: 'the answer came too late to be shown', unreachable: 'Headroom is not heard',
  no_consent: 'they did not agree to be counted', contact_budget: 'the budget of contacts is spent', after_dismissal: 'they have just said no',
  not_activated: 'they have not got going yet', under_using: 'they under-use what they pay for', contacted: 'somebody has just spoken with them', downgraded: 'they have just bought less',
  dissatisfied: 'they are not satisfied', incident: 'there was an incident', overdue: 'an invoice is overdue', muted: 'offers are muted',
}
const inWords = (code) => words[code] ?? String(code).replaceAll('_', ' ')

let session
if (new URLSearchParams(location.search).has('dev')) sessionStorage.setItem('dev', 'on')
let on = sessionStorage.getItem('dev') === 'on'
const made = new Map() // what was decided last, by placement

export const overlay = {
  /** Hears what the core decides. */
  watch(core) {
    core.observe((m) => {
      if (!m.placement || (m.what !== 'decide' && m.what !== 'check' && m.what !== 'survey')) return
      const decided = m.what === 'check' ? m.answer.decision : m.answer
      if (!decided || (m.what === 'survey' && made.has(m.placement))) return
      made.set(m.placement, { ...m, decided })
      draw(m.placement)
    })
  },
  of(next) {
    session = next
  },
  forget: () => made.clear(),
  /** The page has drawn its placements anew. */
  drawn() {
    document.documentElement.classList.toggle('dev', on)
    for (const where of document.querySelectorAll('[data-placement]')) draw(where.dataset.placement)
  },
}

function draw(placement) {
  for (const where of document.querySelectorAll(`[data-placement="${placement}"]`)) {
    const old = where.querySelector(':scope > .why')
    if (!on) {
      old?.remove()
      continue
    }
    const m = made.get(placement)
    const said = m ? short(m) : 'not asked yet'
    if (old?.dataset.said === said) continue
    const body = h('div', { class: 'why-body' })
    const badge = h('details', { class: 'why', 'data-said': said }, h('summary', {}, h('code', {}, placement), ` ${said}`), body)
    badge.addEventListener('toggle', () => badge.open && explain(m, placement, body))
    if (old?.open) badge.open = true
    if (old) old.replaceWith(badge)
    else where.append(badge)
  }
}

/** One line: what was decided, why in a word, and how long it took. */
function short({ decided, took }) {
  const time = took ? `${took} ms` : 'from what is known here'
  if (decided.help) return `helps first: ${inWords(decided.help.rule)}, ${time}`
  if (decided.status === 'show') return `offers ${decided.offer.key}${decided.again ? ' again' : ''}: ${inWords(decided.reason)}, ${time}`
  if (decided.status === undefined) return decided.survey ? `asks ${decided.survey}, ${time}` : `asks nothing: ${inWords(decided.reason)}, ${time}`
  return `offers nothing: ${inWords(decided.reason)}, ${time}`
}

/** Everything that is to be said about a decision, when somebody opens its badge. */
async function explain(m, placement, body) {
  if (!m?.decided.status) {
    body.replaceChildren(h('p', {}, m ? 'A survey asks by its sample, and nobody twice within a month.' : 'The page asks Headroom when the moment comes.'))
    return
  }
  if (session.role !== 'admin') {
    body.replaceChildren(facts([['Reason', inWords(m.decided.reason)], ['Decision', m.decided.decision_id ?? 'nothing was shown, so there is none']]),
      h('p', {}, 'The whole explanation names prices, which members are not told: look as the admin.'))
    return
  }
  body.replaceChildren(h('p', { role: 'status' }, 'Asking…'))
  const q = new URLSearchParams({ placement, ...(m.feature && { feature: m.feature }), ...(m.decided.decision_id && { decision: m.decided.decision_id }), ...(m.answer.position && { position: m.answer.position }) })
  try {
    const why = await call('GET', `/api/developer?${q}`)
    body.replaceChildren(...explained(m, why))
  } catch (error) {
    body.replaceChildren(h('p', {}, error.message))
  }
}

function explained(m, { decision: d, budgets = [], quiet = [], held_out: heldOut }) {
  const chosen = d.considered?.find((c) => c.chosen)
  const kept = [...(d.refusals ?? []), ...(d.quiet ?? quiet)].map((r) => `${inWords(r.code ?? r.rule)}${r.until ? ` until ${new Date(r.until).toLocaleDateString()}` : ''}: ${r.reason}`)
  return [
    facts([
      ['Reason', chosen?.reason ?? inWords(m.decided.reason)],
      ['About', m.feature ?? d.feature ?? 'nothing in particular'],
      ['Decision', m.decided.decision_id ?? 'nothing was shown, so there is none'],
      heldOut && ['Held out', 'This customer sees no offer at all: they show what offers earn'],
      kept.length > 0 && ['Kept quiet by', kept.join('. ')],
      ['Budget left', budgets.filter((b) => b.scope !== 'family').map((b) => `${b.scope}, ${b.channel}: ${b.left} of ${b.at_most} in ${b.per}`).join('; ') || 'no budget binds'],
    ]),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Offers considered at ${m.placement}` }, h('table', {},
      h('caption', {}, 'Every offer of this place, and what was thought of it'),
      h('thead', {}, h('tr', {}, ['Offer', 'Verdict', 'Why'].map((t) => h('th', { scope: 'col' }, t)))),
      h('tbody', {}, (d.considered ?? []).map((c) => h('tr', {}, h('th', { scope: 'row' }, c.offer), h('td', {}, inWords(c.code)), h('td', {}, c.reason)))))),
    h('p', {}, h('a', { href: `${session.console}/accounts/${encodeURIComponent(session.account)}`, target: 'headroom-console', rel: 'noopener' }, `${session.company} in the console`)),
  ]
}

const facts = (rows) => h('dl', {}, rows.filter(Boolean).map(([k, v]) => h('div', {}, h('dt', {}, k), h('dd', {}, v))))

$('dev').checked = on
$('dev').addEventListener('change', (e) => {
  on = e.target.checked
  sessionStorage.setItem('dev', on ? 'on' : 'off')
  overlay.drawn()
})
