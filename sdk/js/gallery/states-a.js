// Every state of the meter, the lock, the badge, the trial's banner and the prompt for seats. Catalogs are translated;
// what stands here in the reader's language a server takes from there.

const words = {
  en: {
    speakers: 'Speakers', emails: 'Emails', hosts: 'Seats', captions: 'Caption minutes', attendees: 'Attendees', recordings: 'Talk recordings', benefit: 'Sell every talk long after the day', seatsBenefit: 'Share the work of the day without sharing a password',
    notPart: 'Talk recordings is not part of Starter.', full: 'Speakers: 10 of 10 used, none left.', home: 'Home', offerTitle: 'Your talks are worth more than a day', otherTitle: 'Show them again', offerBody: '14 talks of your last summit could be watched today.', offerLabel: 'Upgrade to Pro', askLabel: 'Ask for Pro', player: 'Your 14 recordings', addSpeaker: 'Or remove a speaker to make room.',
  },
  de: {
    speakers: 'Vortragende', emails: 'E-Mails', hosts: 'Plätze', captions: 'Untertitelminuten', attendees: 'Teilnehmende', recordings: 'Aufzeichnungen', benefit: 'Verkaufen Sie jeden Vortrag noch lange nach dem Tag', seatsBenefit: 'Teilen Sie sich die Arbeit, nicht das Passwort',
    notPart: 'Aufzeichnungen gehören nicht zu Starter.', full: 'Vortragende: 10 von 10 vergeben.', home: 'Start', offerTitle: 'Ihre Vorträge sind mehr wert als einen Tag', otherTitle: 'Zeigen Sie sie noch einmal', offerBody: '14 Vorträge Ihres letzten Gipfels könnten heute angesehen werden.', offerLabel: 'Zu Pro wechseln', askLabel: 'Um Pro bitten', player: 'Ihre 14 Aufzeichnungen', addSpeaker: 'Oder nehmen Sie jemanden von der Liste.',
  },
  ar: {
    speakers: 'المتحدثون', emails: 'الرسائل', hosts: 'المقاعد', captions: 'دقائق الترجمة', attendees: 'الحضور', recordings: 'تسجيلات المحاضرات', benefit: 'بِع كل محاضرة طويلًا بعد انتهاء اليوم', seatsBenefit: 'شاركوا العمل دون مشاركة كلمة السر',
    notPart: 'التسجيلات ليست ضمن خطة Starter.', full: 'المتحدثون: استُخدم 10 من 10.', home: 'الرئيسية', offerTitle: 'محاضراتك تساوي أكثر من يوم', otherTitle: 'اعرضها من جديد', offerBody: 'يمكن مشاهدة 14 محاضرة من قمتك الأخيرة اليوم.', offerLabel: 'الترقية إلى Pro', askLabel: 'طلب Pro', player: 'تسجيلاتك الأربعة عشر', addSpeaker: 'أو أزل متحدثًا لإفساح المجال.',
  },
}

const usd = (amount) => ({ amount, currency: 'USD' })

/** A preview in which one feature is known. */
const known = (feature, entitlement, more = {}) => (lang) => ({
  entitlements: { [feature]: { feature, kind: 'metered', allowed: true, reason: 'within_limit', content: { title: words[lang][feature] ?? feature }, ...(typeof entitlement === 'function' ? entitlement(words[lang]) : entitlement) } },
  ...(typeof more === 'function' ? more(words[lang]) : more),
})

const metered = (usage, limit, more = {}) => ({ usage, limit, remaining: Math.max(0, limit - usage), allowed: usage < limit, reason: usage < limit ? 'within_limit' : 'limit_reached', ...more })
const meter = (name, feature, entitlement, { attributes = {}, more = {}, note, own } = {}) => ({ name, note, own, attributes: { feature, ...attributes }, preview: known(feature, entitlement, more) })

const unlock = [{ plan: 'pro', title: 'Pro', price: usd('149.00'), difference: usd('100.00'), interval: 'month', gives: 'Talk recordings' }]
const offer = (w, action, more = {}) => ({
  key: 'pro_for_recordings', kind: 'contextual', type: 'plan_upgrade', title: action === 'request' ? w.otherTitle : w.offerTitle, body: w.offerBody, cta: { action, label: action === 'request' ? w.askLabel : w.offerLabel },
  ...(action === 'buy' && { price: { difference: usd('100.00'), recurring: usd('149.00'), interval: 'month' } }), ...more,
})
const shown = (w, action) => ({ status: 'show', reason: 'signal', decision_id: 'dec_preview', placement: 'recordings.open', offer: offer(w, action) })
const closed = (w, more = {}) => ({ kind: 'boolean', allowed: false, reason: 'not_in_plan', message: w.notPart, usage: null, limit: null, content: { title: w.recordings, benefit: w.benefit, docs: 'https://docs.summitry.example/recordings' }, ...more })
const noAnswer = { feature: 'recordings', allowed: false, reason: 'not_in_plan', unlock }
const lock = (name, { entitlement = closed, more, attributes = {}, note, children, own } = {}) => ({
  name, note, own, attributes: { feature: 'recordings', ...attributes }, preview: known('recordings', entitlement, more), children,
})
const paragraph = (text) => {
  const p = document.createElement('p')
  p.textContent = text
  return p
}
const content = () => [paragraph(words[document.documentElement.lang].player)]
const beside = () => {
  const p = paragraph(words[document.documentElement.lang].addSpeaker)
  p.slot = 'locked'
  return [p]
}

/** A badge stands in a menu. */
const inMenu = (badge) => {
  const nav = document.createElement('nav')
  const link = document.createElement('a')
  link.href = '#nav-badge'
  link.append(words[document.documentElement.lang].recordings, badge)
  nav.setAttribute('aria-label', badge.parentNode.textContent + ' ' + (inMenu.times = (inMenu.times ?? 0) + 1))
  nav.append(link)
  return nav
}
const badge = (name, attributes, entitlement, { more, note } = {}) => ({ name, note, around: inMenu, attributes: { feature: 'recordings', ...attributes }, preview: known('recordings', entitlement, more) })

const trying = (at, more = {}, ends = '2026-03-15T09:00:00Z') => ({
  entitlements: { recordings: { feature: 'recordings', kind: 'boolean', allowed: true, reason: 'included', trial_ends_at: ends } },
  answers: { 'GET /v1/accounts/{account}/billing': { at, subscription: { title: 'Pro', status: 'trialing', trial_ends_at: ends } } },
  ...more,
})
const ended = (more = {}) => ({
  entitlements: { recordings: { feature: 'recordings', kind: 'boolean', allowed: false, reason: 'trial_expired' } },
  answers: { 'GET /v1/accounts/{account}/billing': { at: '2026-03-16T09:00:00Z', subscription: { title: 'Pro', status: 'expired', trial_ends_at: '2026-03-15T09:00:00Z' } } },
  ...more,
})
const trial = (name, preview, attributes = { placement: 'trial.banner' }, note) => ({ name, note, attributes, preview })

const invites = (count) => ({ answers: { 'GET /v1/accounts/{account}/invites?limit=200': { items: Array.from({ length: count }, () => ({ feature: 'hosts', status: 'waiting' })) } } })
const seats = (name, usage, { waiting = 0, attributes = {}, more = {}, note } = {}) => ({
  name, note, attributes: { feature: 'hosts', placement: 'team.invite', ...attributes }, preview: known('hosts', metered(usage, 5, { kind: 'seats' }), { ...invites(waiting), ...more }),
})
const outside = (count, more = {}) => ({ answers: { 'GET /v1/accounts/{account}/outside': { domain: 'acme.com', outside: count } }, ...more })

export const sections = [
  {
    element: 'headroom-usage-meter', about: 'How much of a feature is used, and how much is left.',
    states: [
      meter('fine', 'speakers', metered(3, 10)),
      meter('with a way to more', 'speakers', metered(6, 10), { attributes: { placement: 'speakers.meter' } }),
      meter('near', 'speakers', metered(9, 10), { attributes: { placement: 'speakers.meter' }, note: 'from 80% on' }),
      meter('full', 'speakers', metered(10, 10), { attributes: { placement: 'speakers.meter' } }),
      meter('over a hard limit', 'speakers', metered(12, 10, { grace_ends_at: '2026-03-20T00:00:00Z' }), { note: 'what happened counts; grace' }),
      meter('resets', 'emails', metered(412, 1000, { resets_at: '2026-04-01T09:00:00Z' })),
      meter('rolling', 'emails', metered(860, 1000, { resets_at: '2026-03-09T09:00:00Z', rolling: true })),
      meter('soft limit', 'emails', metered(18200, 20000, { soft: true, allowed: true, overage: { unit: 1000, price: usd('2.00') } }), { note: 'more costs more' }),
      meter('over a soft limit', 'emails', metered(23400, 20000, { soft: true, allowed: true, overage: { unit: 1000, price: usd('2.00'), cost: usd('8.00') } }), { note: 'for who may buy' }),
      meter('over a soft limit, for a member', 'emails', metered(23400, 20000, { soft: true, allowed: true, overage: { unit: 1000, price: usd('2.00'), cost: usd('8.00') } }), { more: { role: 'member' }, note: 'without money' }),
      meter('unlimited', 'attendees', { usage: 12873, limit: null, remaining: null, unlimited: true }, { note: 'text only' }),
      meter('pool of the family', 'captions', metered(140, 300, { holder: 'parent' })),
      meter('reserved', 'captions', metered(140, 300, { reserved: 25, remaining: 135 })),
      meter('approximate', 'attendees', metered(1240000, 2000000, { approximate: true })),
      meter('not in the plan', 'captions', metered(0, 0, { reason: 'not_in_plan' })),
      meter('stale', 'speakers', metered(3, 10), { more: { stale: true }, note: 'the server is not heard' }),
      meter('own label and colours', 'hosts', metered(42, 50), { attributes: { label: 'Seats' }, own: true }),
      { name: 'nothing known', note: 'the space stays', attributes: { feature: 'speakers' }, preview: { entitlements: {} } },
    ],
  },
  {
    element: 'headroom-locked', about: 'Content for who may use a feature; for everybody else what it is and what unlocks it.',
    states: [
      lock('allowed', { entitlement: { kind: 'boolean', reason: 'included' }, children: content }),
      lock('locked, for who may buy', { more: { check: noAnswer }, attributes: { placement: 'recordings.open' } }),
      lock('locked, for a member', { more: { check: { ...noAnswer, unlock: [{ plan: 'pro', title: 'Pro' }] }, role: 'member', outcome: { type: 'requested' } } }),
      lock('with the offer of its placement', { more: (w) => ({ check: { ...noAnswer, decision: shown(w, 'buy') }, decision: shown(w, 'buy') }), attributes: { placement: 'recordings.open' } }),
      lock('with an offer for a member', { more: (w) => ({ role: 'member', check: { ...noAnswer, decision: shown(w, 'request') }, decision: shown(w, 'request') }), attributes: { placement: 'recordings.open' } }),
      lock('limit reached, with a slot', { entitlement: (w) => ({ kind: 'metered', usage: 10, limit: 10, allowed: false, reason: 'limit_reached', message: w.full, content: { title: w.speakers } }), more: { check: { ...noAnswer, unlock: [{ plan: 'pro', title: 'Pro', price: usd('149.00'), difference: usd('100.00'), interval: 'month' }] } }, attributes: { placement: 'speakers.add' }, children: beside }),
      lock('compact', { attributes: { compact: true, placement: 'recordings.open' }, note: 'an item of a menu' }),
      lock('stale', { more: { stale: true, check: noAnswer } }),
      lock('in own colours', { more: { check: noAnswer }, attributes: { placement: 'recordings.open' }, own: true }),
      lock('hidden', { entitlement: (w) => closed(w, { hidden: true }), note: 'the catalog hides it: nothing' }),
      { name: 'not known yet', note: 'nothing is shown, its room is kept', attributes: { feature: 'recordings' }, preview: { entitlements: undefined, account: '' }, children: content },
    ],
  },
  {
    element: 'headroom-nav-badge', about: 'A mark beside a link of a menu.',
    states: [
      badge('new', { kind: 'new' }, { kind: 'boolean' }),
      badge('premium', { kind: 'premium' }, (w) => closed(w)),
      badge('locked', {}, (w) => closed(w)),
      badge('decided', { placement: 'nav.plan' }, { kind: 'boolean' }, { more: (w) => ({ decision: { ...shown(w, 'buy'), offer: offer(w, 'buy', { kind: 'ambient' }) } }), note: 'new to who it is for' }),
      badge('decided: nothing', { kind: 'new', placement: 'nav.plan' }, { kind: 'boolean' }, { more: { decision: { status: 'none', reason: 'no_signal' } } }),
      badge('allowed', { kind: 'premium' }, { kind: 'boolean' }, { note: 'nothing to say' }),
    ],
  },
  {
    element: 'headroom-trial-banner', about: 'How long a trial still lasts, by the server’s clock, and that it has ended.', wide: true,
    states: [
      trial('days left', trying('2026-03-06T08:00:00Z')),
      trial('ends tomorrow', trying('2026-03-14T08:00:00Z')),
      trial('ends today', trying('2026-03-15T08:00:00Z')),
      trial('for a member', trying('2026-03-06T08:00:00Z', { role: 'member' })),
      trial('without a placement', trying('2026-03-06T08:00:00Z'), {}),
      trial('ended', ended()),
      trial('ended, for a member', ended({ role: 'member' })),
      trial('no trial', { entitlements: {} }, undefined, 'nothing'),
    ],
  },
  {
    element: 'headroom-seat-prompt', about: 'Where people are invited: how many seats are missing, and the way to more.', wide: true,
    states: [
      seats('room for all', 2, { attributes: { quantity: 2 } }),
      seats('invitations wait', 5, { waiting: 3 }),
      seats('about to invite more than fit', 4, { attributes: { quantity: 3 } }),
      seats('both, for a member', 5, { waiting: 2, attributes: { quantity: 1 }, more: { role: 'member' } }),
      seats('one seat', 5, { waiting: 1 }),
      seats('stale', 5, { waiting: 3, more: { stale: true } }),
      { name: 'people outside the plan', attributes: { outside: true, feature: 'hosts', placement: 'team.page' }, preview: outside(13) },
      { name: 'one person outside, for a member', attributes: { outside: true, feature: 'hosts', placement: 'team.page' }, preview: outside(1, { role: 'member' }) },
      { name: 'nobody outside', note: 'nothing', attributes: { outside: true, feature: 'hosts', placement: 'team.page' }, preview: outside(0) },
    ],
  },
]
