import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { complete, definitionOf, editsOf, formInAddress, formOf, newForm, newRuleHref, whenOf, withKind, wrongIn } from './form'
import { and, fieldsOf, kindById, kindOf, kinds, required } from './kinds'
import { blockOf, lineAndColumn, placeIn } from './position'
import { conditionWords, ruleWords } from './ruleWords'
import { stepsOf, stepsText, whereOf, whereText } from './where'

interface WhenSchema {
  properties: Record<string, unknown>
  oneOf: { required: string[] }[]
}

const schema = (JSON.parse(readFileSync(new URL('../../../internal/catalog/schema.json', import.meta.url), 'utf8')) as { $defs: { when: WhenSchema; signal: { properties: Record<string, unknown> } } }).$defs

/** A rule of each kind, as the documentation of the catalog writes it, and the kind it is of. */
const written: [id: string, when: Record<string, unknown>][] = [
  ['limit', { limit: 'speakers', reaches: '80%' }],
  ['limit', { reaches: '120%', limit: 'speakers', and: 'account.mrr == 0' }],
  ['gate', { gate: 'recordings', times: 2, within: '7d' }],
  ['gate', { gate: 'recordings' }],
  ['gate_without', { gate: 'recordings', without: 'plan.changed', within: '1d' }],
  ['event', { event: 'summit.published', nth: 8 }],
  ['event', { event: 'summit.published' }],
  ['event', { event: 'summit.published', where: { page: 'pricing' } }],
  ['event_every', { event: 'summit.published', every: 10 }],
  ['first', { first: 'summit.published', and: 'account.mrr == 0' }],
  ['event_times', { event: 'report.created', times: 5, within: '7d' }],
  ['event_times', { event: 'page.viewed', times: 3, within: '2d', where: { page: ['pricing', 'plans'], rows: { at_least: 100, below: 200 }, 'a.b': true, zip: '01234', n: 5 } }],
  ['event_without', { event: 'checkout.opened', without: 'headroom.subscription.changed', within: '1d' }],
  ['event_new', { event: 'page.viewed', new: 'country', from: 2 }],
  ['event_new', { event: 'page.viewed', new: 'country' }],
  ['sequence', { sequence: ['trial.started', { event: 'report.created', where: { rows: { at_least: 100 }, kind: { not: ['a, b', 'c'] } } }, 'member.invited'], within: '14d' }],
  ['rate_rises', { rate: 'emails', over: '7d', rises: '50%', at_least: 1000 }],
  ['rate_falls', { rate: 'email.sent', over: '7d', falls: '50%' }],
  ['absent', { absent: 'report.created', for: '14d', after: 3 }],
  ['trial_ends_in', { trial_ends_in: '3d' }],
  ['trial_expired', { trial_expired: true }],
  ['trial_expired', { trial_expired: true, and: 'people.active > 3' }],
  ['renews_in', { renews_in: '30d' }],
  ['runs_out', { runs_out: 'emails', ahead: '3d', over: '7d' }],
  ['runs_out', { runs_out: 'emails', within: '14d' }],
  ['unlimited', { unlimited: 'exports', above: '1000' }],
  ['unlimited', { unlimited: 'exports', above: 1000.5 }],
  ['held', { held: 'seats', reaches: '90%', periods: 3 }],
  ['unused', { unused: 'any', below: '10%', for: '30d' }],
  ['flat', { flat: '180d' }],
  ['fit', { fit: 'higher' }],
  ['value', { value: 'tickets', leaves: 'below' }],
  ['milestone', { milestone: 'first_summit' }],
  ['stuck', { stuck: 'first_summit', for: '3d' }],
  ['stuck', { stuck: 'first_summit' }],
  ['outside', { outside: 5 }],
  ['champion_left', { champion_left: '30d' }],
  ['champion_left', { champion_left: true }],
  ['rule', { rule: 'usage.emails.percent >= 70 &&\n  people.active >= 3' }],
]

describe('the table of kinds', () => {
  test('has every kind that the catalog knows, with what each needs, and none besides', () => {
    const known = (first: string) => kinds.filter((kind) => required(kind)[0] === first || Object.keys(kind.fixed ?? {})[0] === first)
    for (const { required: needs } of schema.when.oneOf) {
      const [first = ''] = needs
      expect(known(first).length, `no kind for ${first}`).toBeGreaterThan(0)
      expect(known(first).some((kind) => needs.every((key) => required(kind).includes(key))), `${first} needs ${needs.join(', ')}`).toBe(true)
    }
    for (const kind of kinds) {
      expect(schema.when.oneOf.some(({ required: needs }) => needs.every((key) => required(kind).includes(key))), `${kind.id} is none of the catalog’s`).toBe(true)
    }
  })

  test('asks for every key that a rule can have, and for no other', () => {
    const asked = new Set(kinds.flatMap((kind) => [...fieldsOf(kind).map((field) => field.key), ...Object.keys(kind.fixed ?? {})]))
    expect([...asked].toSorted()).toEqual(Object.keys(schema.when.properties).toSorted())
    expect(Object.keys(schema.signal.properties).toSorted()).toEqual(['when', 'title', 'type', 'hypothesis', 'owner', 'driven', 'review', 'decays', 'state', 'evidence'].toSorted())
  })

  test('has a rule of each kind in this test', () => {
    expect([...new Set(written.map(([id]) => id))].toSorted()).toEqual(kinds.map((kind) => kind.id).toSorted())
  })

  test.each(written)('%s goes into the form and comes out as it was: %j', (id, when) => {
    expect(kindOf(when)?.id).toBe(id)
    const definition = { key: 'k', when, type: 'upsell', title: 'T' }
    const form = formOf(definition)
    expect(wrongIn(form)).toEqual({})
    expect(complete(form)).toBe(true)
    expect(JSON.stringify(whenOf(form, when))).toBe(JSON.stringify(when)) // the order, too
    expect(editsOf('k', form, definition)).toEqual([])
    // Without what it was made of, it still means the same.
    const again = formOf({ key: 'k', when: whenOf(form), type: 'upsell' })
    expect(again.when).toEqual({ ...form.when, ...(form.when['rule'] ? { rule: form.when['rule'].replace('\n', ' ') } : {}) })
    expect(ruleWords(when, { version: '' })).not.toMatch(/[{}[\]]|undefined/)
  })

  test('what a definition holds that the form does not know stays', () => {
    const when = { limit: 'speakers', reaches: '80%', later: 'x' }
    const form = formOf({ key: 'k', when })
    expect(whenOf({ ...form, when: { ...form.when, reaches: '90' } }, when)).toEqual({ limit: 'speakers', reaches: '90%', later: 'x' })
  })

  test('a new rule begins with what its kind begins with, and another kind keeps the feature', () => {
    const form = { ...newForm(kindById('limit')), when: { limit: 'emails', reaches: '70%' } }
    expect(withKind(form, 'held').when).toMatchObject({ held: 'emails', periods: '3' })
    expect(withKind(withKind(form, 'event_times'), 'event').when).toMatchObject({ event: '', nth: '' })
    expect(withKind({ ...form, when: { ...form.when, [and.key]: 'account.mrr > 0' } }, 'gate').when['and']).toBe('account.mrr > 0')
  })

  test('what is missing or wrong is said at its field', () => {
    const form = newForm(kindById('event_times'))
    expect(wrongIn(form)).toEqual({ event: 'This has to be said.' })
    expect(wrongIn({ ...form, when: { event: 'a', times: '0', within: 'soon', where: 'nonsense' } })).toMatchObject({ times: 'A whole number from 1 to 1000.', within: expect.stringContaining('14d'), where: expect.stringContaining('“nonsense” is no filter') })
    expect(wrongIn({ ...form, state: 'validated', when: { event: 'a', times: '1', within: '7d' } })).toEqual({ evidence: 'What is validated says what showed it.' })
  })
})

describe('a rule in the draft', () => {
  const before = { key: 'k', when: { gate: 'a', times: 2, within: '7d' }, type: 'upsell', hypothesis: 'Why' }

  test('a new one is one edit, of one that is there only what is another', () => {
    const form = formOf(before)
    expect(editsOf('k', { ...form, hypothesis: '', owner: 'sales' }, before)).toEqual([
      { path: 'signals.k.hypothesis', remove: true },
      { path: 'signals.k.owner', value: 'sales' },
    ])
    expect(editsOf('new', form)).toEqual([{ path: 'signals.new', value: { when: before.when, type: 'upsell', hypothesis: 'Why' } }])
    expect(definitionOf(form, before)).not.toHaveProperty('key')
  })

  test('the address fills the form', () => {
    const href = newRuleHref({ first: 'report.created' }, { type: 'cross_sell', hypothesis: 'They grow' })
    const form = formInAddress(new URL(href, 'http://x').searchParams)
    expect(form).toMatchObject({ kind: 'first', type: 'cross_sell', hypothesis: 'They grow' })
    expect(formInAddress(new URLSearchParams('when={oops'))).toBeUndefined()
    expect(formInAddress(new URLSearchParams('when=[1]'))).toBeUndefined()
  })
})

describe('filters in words', () => {
  test.each([
    [{ page: 'pricing' }, 'page is pricing'],
    [{ page: ['a', 'b, c'] }, 'page is a, "b, c"'],
    [{ n: { above: 1, at_most: 2.5 } }, 'n above 1\nn at most 2.5'],
    [{ x: { not: 'de' }, yes: true, text: 'true' }, 'x is not de\nyes is true\ntext is "true"'],
    [{ 'is it': 'a is b' }, 'is it is a is b'],
  ])('%j', (where, text) => {
    expect(whereText(where)).toBe(text)
    expect(whereOf(text).where).toEqual(where)
  })

  test('steps keep their filters', () => {
    const steps = ['a', { event: 'b', where: { p: { at_least: 1 }, q: 'x' } }, { event: 'c' }]
    expect(stepsText(steps)).toBe('a\nb where p at least 1 and q is x\nc where')
    expect(stepsOf(stepsText(steps)).steps).toEqual(steps)
  })
})

describe('a rule in words', () => {
  test('is a sentence with titles and units', () => {
    const catalog = { version: '', features: [{ key: 'emails', title: 'Emails' }] }
    expect(ruleWords({ limit: 'emails', reaches: '80%', and: 'account.mrr == 0' }, catalog)).toBe('Emails reaches 80% of its limit, and only where MRR is 0')
    expect(ruleWords({ runs_out: 'emails' }, catalog)).toBe('Emails runs out 1 day or more before it resets, at the pace of the last 7 days')
    expect(ruleWords({ champion_left: true }, catalog)).toBe('a champion left')
    expect(ruleWords({ event: 'summit.published', nth: 8 }, catalog)).toBe('Summit published happens for the 8th time')
    expect(ruleWords({ gate: 'emails' }, catalog)).toBe('locked Emails is wanted once within 1 day')
    expect(ruleWords({ held: 'emails', reaches: '100%', periods: 3 }, catalog)).toBe('Emails stays at its limit for 3 periods')
    expect(ruleWords({ limit: 'emails', reaches: '100%' }, catalog)).toBe('Emails reaches its limit')
    expect(ruleWords({ nothing: 1 }, catalog)).toBe('')
  })
})

describe('a condition in words', () => {
  test.each([
    ["money.interval == 'month' && money.months >= 6 && account.stage in ['adopted', 'expanding']", 'the billing interval is month and months paid is at least 6 and stage is one of adopted, expanding'],
    ['survey.nps >= 9 && milestones.first_summit', 'NPS is at least 9 and First summit is reached'],
    ['!milestones.first_summit || usage.emails.percent > 70', 'not First summit is reached or the percentage used of Emails is above 70'],
    ["account.traits.team_size != 'very_large'", 'team size is not very large'],
  ])('%s', (text, said) => {
    expect(conditionWords(text, { version: '', features: [{ key: 'emails', title: 'Emails' }] })).toBe(said)
  })
})

describe('the place of a mistake', () => {
  test('is found in the condition, whatever stands around it', () => {
    const text = ['signals:', '  a:', '    when: {limit: x, and: "acount.mrr == 0"}'].join('\n')
    const column = (text.split('\n')[2]?.indexOf('acount') ?? 0) + 1
    expect(placeIn('acount.mrr == 0', 'and', { path: 'signals.a.when.and', line: 3, column }, text)).toBe(0)
    expect(placeIn('  acount.mrr == 0', 'and', { path: 'signals.a.when.and', line: 3, column: column + 7 }, text)).toBe(9)
    expect(placeIn('x', 'rule', { path: 'signals.a.when.and', line: 3, column }, text)).toBeUndefined()
    expect(lineAndColumn('a &&\n b', 6)).toEqual({ line: 2, column: 2 })
  })

  test('a definition is cut out of the text', () => {
    const text = 'a: 1\nsignals:\n  # first\n  x: {when: {flat: 9d}}\n  y:\n    when:\n      flat: 9d\n\n    type: save\noffers:\n  y: {}\n'
    expect(blockOf(text, 'signals', 'x')).toBe('x: {when: {flat: 9d}}')
    expect(blockOf(text, 'signals', 'y')).toBe('y:\n  when:\n    flat: 9d\n\n  type: save')
    expect(blockOf(text, 'signals', 'z')).toBe('')
  })
})
