// The panel for whoever builds this: what Headroom was asked, what it answered, and why.
import { $, h, onAnswer } from './kit.js'

const words = {
  signal: 'A signal is alive', requested: 'The person asked for offers', holdout: 'It is held out here, to measure what it earns',
  cooldown: 'It was dismissed and cools down', at_most: 'It was shown as often as it may be', no_signal: 'No signal is alive', not_related: 'Nothing to do with this moment',
  already_has: 'The account has it', not_applicable: 'The account cannot take it', not_for_account: 'Not meant for this account',
  routed_to_people: 'People work on it', outranked: 'Another offer goes first', unknown_placement: 'No offer belongs to this place',
  unknown_feature: 'The feature is not in the catalog', chosen: 'Chosen',
}
const inWords = (code) => words[code] ?? code

/** Why a decision is what it is, in one sentence: of what came furthest. */
export function whyOf(decision) {
  const line = decision.considered?.find((c) => c.code === decision.reason || c.chosen)
  return line?.reason ?? inWords(decision.reason)
}

const calls = []

export function watchDecisions() {
  onAnswer(({ decision, check, calls: made = [] }) => {
    calls.unshift(...made.toReversed())
    calls.length = Math.min(calls.length, 12)
    if (decision) drawDecision(decision, check)
    drawCalls()
  })
  $('decided-body').replaceChildren(
    h('div', { id: 'decided-decision' }, h('p', {}, 'Add a speaker: the page then asks Headroom whether there is room, and whether something is to be proposed.')),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Calls to Headroom' }, h('table', {},
      h('caption', {}, 'Calls that our backend made, newest first'),
      h('thead', {}, h('tr', {}, ['Call', 'Status', 'ms'].map((t) => h('th', { scope: 'col', class: t === 'ms' && 'number' }, t)))),
      h('tbody', { id: 'decided-calls' }))),
  )
}

function drawDecision(d, check) {
  $('decided-short').textContent = d.status === 'show' ? `shown: ${d.offer_key}` : `nothing shown: ${inWords(d.reason).toLowerCase()}`
  const facts = [
    ['Answer', d.status === 'show' ? `Show ${d.offer_key}${d.again ? ', again under its first id' : ''}` : 'Show nothing'],
    ['Reason', `${inWords(d.reason)}: ${whyOf(d)}`],
    ['Place', `${d.placement}${d.feature ? `, about ${d.feature}` : ''}`],
    check && ['Check', `${check.message}`],
    d.variant && ['Variant', d.variant],
    d.decision_id && ['Decision', d.decision_id],
    d.offer?.assumptions?.length && ['Rests on', d.offer.assumptions.join('. ')],
  ]
  $('decided-decision').replaceChildren(
    h('dl', {}, facts.filter(Boolean).map(([k, v]) => h('div', {}, h('dt', {}, k), h('dd', {}, v)))),
    d.considered ? h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Offers considered' }, h('table', {},
      h('caption', {}, 'Every offer of this place, and what was thought of it'),
      h('thead', {}, h('tr', {}, ['Offer', 'Verdict', 'Why'].map((t) => h('th', { scope: 'col' }, t)))),
      h('tbody', {}, d.considered.map((c) => h('tr', {}, h('th', { scope: 'row' }, c.offer), h('td', {}, inWords(c.code)), h('td', {}, c.reason)))))) : '',
  )
}

function drawCalls() {
  $('decided-calls')?.replaceChildren(...calls.map((c) => h('tr', {},
    h('td', { class: 'code' }, c.call), h('td', {}, c.status || 'failed'), h('td', { class: 'number' }, c.ms.toFixed(1)))))
}
