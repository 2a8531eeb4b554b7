// Every state of the upgrade dialog, the plan page, the requests and the survey. What the catalog and people wrote
// stays in one language here; the components' own words follow the page.

const usd = (amount) => ({ amount, currency: 'USD' })

const offer = (title, action, label, more = {}) => ({ key: 'pro', kind: 'contextual', type: 'plan_upgrade', title, body: 'You have 9 speakers of 10, and the summit is three weeks away.', cta: { action, label }, ...more })
const price = { difference: usd('100.00'), recurring: usd('149.00'), interval: 'month' }
const shown = (o, more = {}) => ({ status: 'show', reason: 'signal', decision_id: `dec_${o.title}`, placement: 'speakers.add', offer: o, ...more })
const cost = {
  now: usd('51.61'), recurring: usd('149.00'), token: 'preview', expires_at: '2126-03-01T09:00:00Z',
  lines: [{ title: 'Credit for the unused rest of Starter, until 17 March', amount: usd('-25.29') }, { title: 'Pro, until 17 March', amount: usd('76.90') }],
  next_invoice: { at: '2026-03-17T09:00:00Z', total: usd('149.00'), lines: [{ title: 'Pro, monthly', amount: usd('149.00') }] },
}
const said = { type: 'requested', request_id: 'req_1' }
const inPlace = (name, decision, more = {}) => ({ name, attributes: { placement: 'speakers.add', inline: true, ...more.attributes }, preview: { decision, cost, outcome: said, ...more.preview }, note: more.note })

/** In a preview a dialog stands open in its place. */
const opened = (dialog) => {
  dialog.open()
  return dialog
}

const billing = {
  account: 'preview', at: '2026-03-16T09:00:00Z', can_buy: true,
  subscription: { plan: 'starter', title: 'Starter', status: 'active', interval: 'month', quantity: 1, renews_at: '2026-04-16T09:00:00Z', scheduled: [], recurring: usd('49.00'), next_invoice: { at: '2026-04-16T09:00:00Z', total: usd('49.00'), lines: [] } },
  allowances: [
    { feature: 'speakers', title: 'Speakers', kind: 'metered', used: 9, limit: 10, remaining: 1, percent: 90, tightest: true },
    { feature: 'emails', title: 'Emails', kind: 'metered', used: 412, limit: 1000, remaining: 588, percent: 41, resets_at: '2026-04-16T09:00:00Z' },
    { feature: 'hosts', title: 'Hosts', kind: 'seats', used: 2, limit: 2, remaining: 0, percent: 100 },
  ],
  addons: [], seats: [{ feature: 'hosts', title: 'Hosts', assigned: 2, seats: 2, free: 0, addon: 'host_seat', each: usd('12.00') }],
  discounts: [{ kind: 'annual', title: 'Paying by the year', saving: usd('98.00'), taken: false }], requests: [], more: [],
  options: [
    { title: 'Pro', give: { plan: 'pro' }, action: 'buy', covers: true, fits: true, more: usd('100.00'), quote: { now: usd('51.61'), recurring: usd('149.00'), lines: [], next_invoice: cost.next_invoice }, limits: [{ feature: 'speakers', title: 'Speakers', before: '10', after: '50' }, { feature: 'recordings', title: 'Talk recordings', before: 'no', after: 'yes' }] },
    { title: 'Business', give: { plan: 'business' }, action: 'buy', covers: true, more: usd('450.00'), quote: { now: usd('232.26'), recurring: usd('499.00'), lines: [], next_invoice: cost.next_invoice }, limits: [{ feature: 'speakers', title: 'Speakers', before: '10', after: 'unlimited' }] },
  ],
}
const seenByMember = {
  ...billing, can_buy: false, discounts: [], subscription: { ...billing.subscription, recurring: undefined, next_invoice: undefined },
  seats: billing.seats.map((s) => ({ ...s, each: undefined })), options: billing.options.map((o) => ({ ...o, action: 'request', more: undefined, quote: undefined })),
}
const page = (name, answer, more = {}) => ({ name, attributes: { placement: 'billing.page' }, preview: { cost, outcome: said, answers: { 'GET /v1/accounts/{account}/billing': answer, 'POST /v1/requests': said }, ...more } })

const asks = [{ id: 'req_1', at: '2026-03-14T09:00:00Z', status: 'open', title: 'Pro', name: 'Tom', user: 'u_tom', reason: 'Four more speakers want to come.', joined: [{ user: 'u_eve', name: 'Eve', reason: 'And one of mine.' }] }]
const lists = (requests, notices, approvals) => ({
  'GET /v1/accounts/{account}/requests': { items: requests }, 'GET /v1/accounts/{account}/notices?unread=true&limit=20': { items: notices }, 'GET /v1/accounts/{account}/approvals': { items: approvals },
  'GET /v1/accounts/{account}/billing': { requests: requests.filter((r) => r.status === 'open'), subscription: { interval: 'month' } },
})
const requests = (name, role, requested, notices = [], approvals = [], more = {}) => ({ name, attributes: {}, preview: { role, cost, answers: lists(requested, notices, approvals), ...more } })

const survey = (name, asked, note) => ({ name, note, attributes: { placement: 'summit.done' }, preview: { answers: { 'POST /v1/surveys/next': { survey: name, ask_id: `ask_${name}`, ...asked } } } })

/** Does what a person would, one step after the other, as soon as there is what it is done to. */
const acted = (...steps) => (made) => {
  const next = () => {
    const found = made.shadowRoot?.querySelector(steps[0])
    if (found) {
      steps.shift()
      found.click()
    }
    if (steps.length) requestAnimationFrame(next)
  }
  next()
  return made
}
const ask = (outcome, ...steps) => ({ attributes: { placement: 'speakers.add', inline: true, admin: 'Ada' }, around: acted(...steps), preview: { role: 'member', outcome, decision: shown(offer('Room for 50 of us', 'request', 'Ask for Pro')) } })
const leaving = (name, more = {}) => ({ ...page(name, { ...billing, options: [], seats: [], allowances: [] }, { entitlements: { recordings: { feature: 'recordings', title: 'Talk recordings', kind: 'boolean', allowed: true } }, ...more }), around: acted('[part=less] [part=action]') })

export const sections = [
  {
    element: 'headroom-upgrade-dialog', about: 'What is offered at a placement: a card in its place, a dialog where somebody is interrupted or asked for it.',
    states: [
      inPlace('for who may buy', shown(offer('Room for 50 speakers', 'buy', 'Upgrade to Pro', { price, case: '14 speakers applied last year; Starter would have turned 4 away.', assumptions: ['As many apply as last year'] })), { note: 'the button confirms the charge' }),
      inPlace('for a member', shown(offer('Room for 50 of them', 'request', 'Ask for Pro')), { preview: { role: 'member' }, attributes: { admin: 'Ada' } }),
      inPlace('a trial', shown(offer('Try Talk recordings', 'try', 'Try it for 14 days'))),
      inPlace('talk to sales', shown(offer('A plan for 5,000 attendees', 'contact_sales', 'Talk to us'))),
      inPlace('bought once', shown(offer('120 caption minutes', 'buy', 'Buy', { price: { once: usd('15.00'), interval: 'month', recurring: usd('149.00'), difference: usd('0.00') } }))),
      inPlace('instead of leaving', shown(offer('Stay for less', 'buy', 'Change to Starter', { price: { difference: usd('-100.00'), recurring: usd('49.00'), interval: 'month' }, lost: ['Talk recordings', '40 speakers'] }))),
      inPlace('help before any offer', { status: 'none', reason: 'not_activated', help: { rule: 'not_activated', title: 'Find your first speakers', body: 'Three voices are enough for a first summit.', link: 'https://docs.summitry.example/speakers' } }),
      { name: 'a member says why', ...ask(said, '[part=action]') },
      { name: 'sent', ...ask(said, '[part=action]', '[part=send]') },
      { name: 'sent, as somebody had asked', ...ask({ ...said, joined: true }, '[part=action]', '[part=send]') },
      { ...inPlace('asked to talk', shown(offer('A plan for more', 'contact_sales', 'Talk to us')), { preview: { outcome: { type: 'accepted' } } }), around: acted('[part=action]') },
      inPlace('nothing decided', { status: 'none', reason: 'no_signal' }, { note: 'nothing is shown' }),
      { ...inPlace('the charge, before it is bought', shown(offer('Room for 60 speakers', 'buy', 'Upgrade to Pro', { price }))), around: acted('[part=action]') },
      { name: 'in a dialog', around: opened, attributes: { placement: 'speakers.add', 'on-demand': true }, preview: { cost, decision: shown(offer('More speakers in a dialog', 'buy', 'Upgrade to Pro', { price })) } },
      { name: 'asked for, and there is nothing', around: opened, attributes: { placement: 'speakers.add', 'on-demand': true }, preview: { decision: { status: 'none', reason: 'no_offer' } } },
    ],
  },
  {
    element: 'headroom-plan-page', about: 'What an account has, how far it is filled, and what it could have.', wide: true,
    states: [page('for who may buy', billing), page('for a member', seenByMember, { role: 'member' }),
      { ...page('a member asks', seenByMember, { role: 'member' }), around: acted('[part=plans] [part=action]') },
      page('asked already', { ...seenByMember, requests: [{ give: { plan: 'pro' } }] }, { role: 'member' }),
      page('no plan yet', { ...billing, subscription: { plan: '', title: '', status: '', interval: '', scheduled: [] }, allowances: [], seats: [], discounts: [] }),
      leaving('about to end'),
      leaving('something instead of the end', { decision: shown(offer('Starter may be enough', 'buy', 'Keep Starter', { price: { difference: usd('-20.00'), recurring: usd('29.00'), interval: 'month' }, lost: ['5 speakers'] })) }),
    ],
  },
  {
    element: 'headroom-requests', about: 'What members asked for: an admin answers, a member sees what became of it.',
    states: [
      requests('for who answers', 'admin', asks, [{ id: 'n_1', at: '2026-03-15T09:00:00Z', words: 'Eve’s request for caption minutes was approved at once.' }], [{ id: 'apr_1', title: '120 caption minutes', per: 'month', at_most: usd('45.00'), left: usd('30.00') }]),
      requests('for who asked', 'member', [...asks, { id: 'req_0', at: '2026-02-20T09:00:00Z', status: 'declined', title: 'Business', user: 'u_tom', answer: 'After the summer.' }]),
      { ...requests('declining', 'admin', asks), around: acted('[part=decline]') },
      requests('nobody asks', 'admin', []),
    ],
  },
  {
    element: 'headroom-survey', about: 'One question at a good moment.',
    states: [
      survey('nps', { kind: 'nps', question: 'How likely are you to recommend Summitry to another host?', scale: { least: 0, most: 10 } }),
      { ...survey('nps_follow', { kind: 'nps', question: 'How likely are you to recommend Summitry to somebody?', follow: 'Why?', scale: { least: 0, most: 10 } }), name: 'with the question after it', around: acted('input[value="9"]') },
      survey('csat', { kind: 'csat', question: 'How did your summit go?', scale: { least: 1, most: 5 } }),
      survey('wish', { kind: 'feature_request', question: 'What is missing for your next summit?' }),
      { name: 'nothing is asked', note: 'nothing is shown', attributes: { placement: 'summit.done' }, preview: { answers: { 'POST /v1/surveys/next': {} } } },
    ],
  },
]
