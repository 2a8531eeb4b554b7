import { describe, expect, it } from 'vitest'
import type { FullOffer, OffersCatalog } from '../api/offers'
import { definitionOf, editsOf, formOf, giveWords, shapeOf, wrongIn } from './definition'
import { fallbackWords, foundIn } from './language'
import { filtered, paused, resumed, rowsOf, stateOf } from './list'
import { yamlOf } from './yaml'

const without = ({ key: _, ...rest }: FullOffer) => rest

const offers: FullOffer[] = [
  { key: 'plain', on: 'full', give: { plan: 'pro' }, at: ['speakers.add'], kind: 'contextual' },
  {
    key: 'whole',
    on: ['full', 'gate'],
    give: { addon: 'seat', quantity: 2, fit: true },
    at: ['team.page', 'billing.page'],
    kind: 'ambient',
    for: "account.plan == 'pro'",
    contact: { cooldown: '14d', at_most: '3 per 30d' },
    content: { title: 'Room for {limit_next}', body: 'You use {usage}.', action: 'Add', media: 'https://m.example/a.png', translations: { de: { title: 'Platz', body: 'Sie nutzen {usage}.' }, 'pt-BR': { action: 'Somar' } } },
    holdout: '10%',
    save: true,
    chance: '20%',
    external: true,
    link: '/billing?offer={offer}',
  },
  { key: 'try', on: ['gate'], give: { trial: { feature: 'recordings' } }, at: ['a.b'] },
  { key: 'year', on: ['full'], give: { interval: 'year' }, at: ['a.b'] },
  { key: 'refer', on: ['full'], give: { refer: 'friends' }, at: ['a.b'] },
  { key: 'talk', on: ['full'], give: { talk: 'sales' }, at: ['a.b'] },
  { key: 'invite', on: ['full'], give: { invite: 'host' }, at: ['a.b'] },
  { key: 'numbers', on: ['full'], give: { plan: 'pro' }, at: ['a.b'], chance: 15, holdout: 5 },
]

const catalog: OffersCatalog = {
  version: 'c-1',
  plans: [{ key: 'pro', title: 'Pro' }, { key: 'old', title: 'Old', retired: true }],
  addons: [{ key: 'seat', title: 'Seat', kind: 'seat' }, { key: 'boost', title: 'Boost', price: { once: '5' } }],
  features: [{ key: 'recordings', title: 'Recordings' }],
  signals: [{ key: 'full' }, { key: 'gone', state: 'retired' }],
}

describe('an offer and its form', () => {
  it.each(offers.map((offer) => [offer.key, offer] as const))('%s comes out of the form as it went in', (_, offer) => {
    expect(definitionOf(formOf(offer), offer)).toEqual(without(offer))
  })

  it('keeps what the form does not know', () => {
    const offer = { ...offers[0], later: { a: 1 }, content: { title: 'T', tone: 'calm' } } as unknown as FullOffer
    expect(definitionOf({ ...formOf(offer), kind: 'ambient' }, offer)).toMatchObject({ later: { a: 1 }, content: { title: 'T', tone: 'calm' }, kind: 'ambient' })
  })

  it('leaves out what is emptied', () => {
    const whole = offers[1] as FullOffer
    const form = formOf(whole)
    const after = definitionOf({ ...form, for: '', cooldown: '', atMost: '', holdout: '', chance: '', link: '', save: false, external: false, texts: [{ language: '', title: 'T', body: '', action: '', media: '' }] }, whole)
    expect(after).toEqual({ on: ['full', 'gate'], give: whole.give, at: whole.at, kind: 'ambient', content: { title: 'T' } })
  })

  it('changes what it gives by its shape', () => {
    const form = formOf(offers[0] as FullOffer)
    expect(definitionOf({ ...form, give: 'trial', tried: 'plan', what: 'pro' }, offers[0] as FullOffer).give).toEqual({ trial: { plan: 'pro' } })
    expect(definitionOf({ ...form, give: 'addon', what: 'seat', quantity: '3', fit: false }, offers[0] as FullOffer).give).toEqual({ addon: 'seat', quantity: 3 })
  })

  it('becomes the smallest edits, and what it gives as a whole', () => {
    const whole = offers[1] as FullOffer
    const form = formOf(whole)
    const texts = form.texts.map((each) => (each.language === 'de' ? { ...each, body: '', action: 'Dazu' } : each))
    expect(editsOf('offers.whole', whole, definitionOf({ ...form, texts, give: 'plan', what: 'pro', chance: '' }, whole))).toEqual([
      { path: 'offers.whole.give', value: { plan: 'pro' } },
      { path: 'offers.whole.content.translations.de.body', remove: true },
      { path: 'offers.whole.content.translations.de.action', value: 'Dazu' },
      { path: 'offers.whole.chance', remove: true },
    ])
    expect(editsOf('offers.whole', whole, definitionOf(form, whole))).toEqual([])
  })

  it('says what cannot be taken', () => {
    const form = formOf(offers[1] as FullOffer)
    expect(wrongIn(form)).toEqual({})
    expect(Object.keys(wrongIn({ ...form, what: '', chance: '0', holdout: '101', cooldown: 'soon', atMost: 'often', quantity: 'x', at: [], on: [], save: false })).toSorted()).toEqual(['at', 'atMost', 'chance', 'cooldown', 'holdout', 'on', 'quantity', 'what'])
  })

  it('knows its shape and says what it gives', () => {
    expect(offers.map((offer) => shapeOf(offer, catalog))).toEqual(['plan_upgrade', 'save', 'trial', 'annual', 'referral', 'talk', 'invite', 'plan_upgrade'])
    expect(shapeOf({ key: 'x', give: { addon: 'boost' } }, catalog)).toBe('top_up')
    expect(giveWords({ addon: 'seat', quantity: 2 }, catalog)).toBe('2 × Seat')
    expect(giveWords({ trial: { feature: 'recordings' } }, catalog)).toBe('a trial of Recordings')
  })
})

describe('a state of an offer', () => {
  it('is what the catalog makes of it', () => {
    const of = (more: Partial<FullOffer>) => stateOf({ ...(offers[0] as FullOffer), ...more }, catalog).state
    expect(of({})).toBe('live')
    expect(of({ give: { plan: 'old' } })).toBe('retired')
    expect(of({ on: ['gone'] })).toBe('retired')
    expect(of({ on: ['gone', 'full'] })).toBe('live')
    expect(of({ for: paused("account.plan == 'pro'") })).toBe('paused')
  })

  it('is paused and resumed without losing the condition', () => {
    for (const condition of ['', "account.plan == 'pro'", '(a || b) && (c || d)']) expect(resumed(paused(condition))).toBe(condition)
    expect(paused('')).toBe('false')
    expect(paused(paused('a'))).toBe('false && (a)')
  })
})

describe('the list', () => {
  const counts = [{ offer: 'whole', title: 'w', shown: 4, seen: 3, clicked: 2, dismissed: 0, requested: 0, accepted: 1, undone: 0, holdout: 0 }]
  const finding = { severity: 'warning', code: 'x', path: 'offers.whole.content', message: '', mend: '', line: 1, column: 1 }
  const rows = rowsOf({ shown: { ...catalog, offers }, active: { ...catalog, offers: offers.slice(0, 1) }, counts, reversals: [], findings: [finding] })

  it('joins what is known of each offer', () => {
    const whole = rows.find((row) => row.offer.key === 'whole')
    expect(whole).toMatchObject({ shape: 'save', draft: 'new', counts: { shown: 4 }, findings: [finding] })
    expect(rows[0]).toMatchObject({ draft: '', counts: undefined, findings: [] })
  })

  it('is filtered by every column at once', () => {
    const none = { q: '', shape: '', kind: '', state: '', at: '', on: '' }
    expect(filtered(rows, none)).toHaveLength(offers.length)
    expect(filtered(rows, { ...none, at: 'a.b', shape: 'trial' }).map((row) => row.offer.key)).toEqual(['try'])
    expect(filtered(rows, { ...none, q: 'ROOM' }).map((row) => row.offer.key)).toEqual(['whole'])
    expect(filtered(rows, { ...none, on: 'gate', kind: 'ambient' }).map((row) => row.offer.key)).toEqual(['whole'])
  })
})

describe('the language of a text', () => {
  const offer = offers[1] as FullOffer
  it('falls back to the wider one, then to the catalog’s own', () => {
    expect(foundIn(offer, 'de-AT', 'title')).toBe('de')
    expect(foundIn(offer, 'de', 'action')).toBe('')
    expect(foundIn(offer, 'PT-br', 'action')).toBe('pt-BR')
    expect(foundIn(offer, '', 'title')).toBe('')
  })
  it('is said where it falls back', () => {
    expect(fallbackWords(offer, 'de')).toBe('Not all of it is written in de: button is said as the catalog is written.')
    expect(fallbackWords(offer, 'de-AT')).toBe('Not all of it is written in de-AT: title and body are said in de and button is said as the catalog is written.')
    expect(fallbackWords(offer, '')).toBe('')
    expect(fallbackWords(offer, 'de', true)).toBe('')
  })
})

describe('the YAML beside the form', () => {
  it('quotes what a bare word could be mistaken for', () => {
    expect(yamlOf('offers', 'x', { on: ['full'], give: { plan: 'pro' }, for: "a == 'b'", save: true, holdout: '10%', content: { title: 'yes', body: 'A: b', translations: { de: { title: 'Ja' } } } })).toBe(
      ['offers:', '  x:', '    on: [full]', '    give: {plan: pro}', '    for: "a == \'b\'"', '    save: true', '    holdout: 10%', '    content:', '      title: "yes"', '      body: "A: b"', '      translations:', '        de: {title: Ja}'].join('\n'),
    )
  })
})
