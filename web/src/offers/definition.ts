// An offer of the catalog as a form, and back: what the form does not know stays as it was.

import type { FullOffer, OffersCatalog, OfferText } from '../api/offers'
import { titleOf } from '../lib/entitlement'
import { words } from '../lib/format'
import { same, type Edit } from '../packaging/draft'

/** What an offer gives, by how it is chosen in the form. */
export const gives = ['plan', 'addon', 'trial', 'interval', 'refer', 'talk', 'invite'] as const
export type GiveKind = (typeof gives)[number]

export const giveTitles: Record<GiveKind, string> = {
  plan: 'A plan',
  addon: 'An add-on',
  trial: 'A trial',
  interval: 'Paying by the year',
  refer: 'A recommendation',
  talk: 'A talk',
  invite: 'An invitation',
}

/** The words of one language; the catalog's own has the tag ''. */
export interface TextForm {
  language: string
  title: string
  body: string
  action: string
  media: string
}

export interface OfferForm {
  on: string[]
  at: string[]
  for: string
  kind: string
  give: GiveKind
  /** The plan, add-on, program, profile, or to whom one talks. */
  what: string
  /** What is tried: plan, addon or feature. */
  tried: string
  quantity: string
  fit: boolean
  chance: string
  holdout: string
  save: boolean
  external: boolean
  link: string
  cooldown: string
  atMost: string
  texts: TextForm[]
}

export const listOf = (value: string | string[] | undefined): string[] => (value === undefined ? [] : Array.isArray(value) ? value : [value])

const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value as string))

const percentOf = (value: string | number | undefined) => text(value).replace('%', '')

const textOf = (language: string, of: OfferText | undefined): TextForm => ({ language, title: text(of?.title), body: text(of?.body), action: text(of?.action), media: text(of?.media) })

/** What the form begins with. */
export function formOf(offer: FullOffer): OfferForm {
  const give = (offer.give ?? {}) as Record<string, unknown>
  const kind = gives.find((each) => give[each] !== undefined) ?? 'plan'
  const trial = (give['trial'] ?? {}) as Record<string, unknown>
  const tried = kind === 'trial' ? (['plan', 'addon', 'feature'].find((each) => trial[each] !== undefined) ?? 'plan') : 'plan'
  return {
    on: listOf(offer.on),
    at: listOf(offer.at),
    for: text(offer.for),
    kind: offer.kind ?? 'contextual',
    give: kind,
    what: text(kind === 'trial' ? trial[tried] : give[kind]),
    tried,
    quantity: text(give['quantity']),
    fit: give['fit'] === true,
    chance: percentOf(offer.chance),
    holdout: percentOf(offer.holdout),
    save: offer.save === true,
    external: offer.external === true,
    link: text(offer.link),
    cooldown: text(offer.contact?.cooldown),
    atMost: text(offer.contact?.at_most),
    texts: [textOf('', offer.content), ...Object.entries(offer.content?.translations ?? {}).map(([language, of]) => textOf(language, of))],
  }
}

function giveOf(form: OfferForm): Record<string, unknown> {
  switch (form.give) {
    case 'interval':
      return { interval: 'year' }
    case 'trial':
      return { trial: { [form.tried]: form.what } }
    case 'addon':
      return { addon: form.what, ...(form.quantity.trim() ? { quantity: Number(form.quantity) } : {}), ...(form.fit ? { fit: true } : {}) }
    default:
      return { [form.give]: form.what }
  }
}

function wordsOf(form: TextForm, before: OfferText | undefined): OfferText {
  const { title: _t, body: _b, action: _a, media: _m, ...others } = before ?? {}
  const said = (['title', 'body', 'action', 'media'] as const).flatMap((key) => (form[key].trim() === '' ? [] : [[key, form[key]] as const]))
  return { ...Object.fromEntries(said), ...others }
}

const percent = (value: string) => (value.trim() === '' ? undefined : `${value.trim()}%`)

/** A value as it was written, where it means the same. */
const keep = <T>(before: T | undefined, after: string | undefined): T | string | undefined => (before !== undefined && percentOf(before as string) === percentOf(after) ? before : after)

const oneOrMore = (before: string | string[] | undefined, after: string[]): string | string[] | undefined =>
  after.length === 0 ? undefined : typeof before === 'string' && after.length === 1 && after[0] === before ? before : after

/** The definition that the form makes of what was there, without its key. */
export function definitionOf(form: OfferForm, before: FullOffer): Omit<FullOffer, 'key'> {
  const { key: _, ...old } = before
  const [main, ...translated] = form.texts
  const { translations: was, ...wasMain } = old.content ?? {}
  const translations = Object.fromEntries(translated.filter((each) => each.language.trim()).map((each) => [each.language.trim(), wordsOf(each, was?.[each.language.trim()])]))
  const content = {
    ...(main ? wordsOf(main, wasMain) : wasMain),
    ...(Object.keys(translations).length > 0 ? { translations } : {}),
  }
  const contact = { ...old.contact, cooldown: form.cooldown.trim() || undefined, at_most: form.atMost.trim() || undefined }
  const all: Record<string, unknown> = {
    ...old,
    on: oneOrMore(old.on, form.on),
    give: giveOf(form),
    at: oneOrMore(old.at, form.at),
    kind: form.kind === 'contextual' && old.kind === undefined ? undefined : form.kind,
    for: form.for.trim() || undefined,
    contact: present(contact),
    content: present(content),
    holdout: keep(old.holdout, percent(form.holdout)),
    save: form.save || undefined,
    chance: keep(old.chance, percent(form.chance)),
    external: form.external || undefined,
    link: form.link.trim() || undefined,
  }
  return present(all) as Omit<FullOffer, 'key'>
}

/** The fields that are there; undefined where none is. */
function present<T extends object>(fields: T): T | undefined {
  const all = Object.entries(fields).filter(([, value]) => value !== undefined)
  return all.length === 0 ? undefined : (Object.fromEntries(all) as T)
}

const duration = /^\d+(m|h|d|w)?$/
const wholePercent = (value: string, least: number) => value.trim() === '' || (/^\d{1,3}$/.test(value.trim()) && Number(value) >= least && Number(value) <= 100)

/** What cannot be taken, by field. What needs the catalog to be known is said by the server. */
export function wrongIn(form: OfferForm): Partial<Record<keyof OfferForm, string>> {
  const wrong: Partial<Record<keyof OfferForm, string>> = {}
  if (form.give !== 'interval' && !form.what) wrong.what = 'Choose what it gives.'
  if (form.give === 'addon' && form.quantity.trim() && !/^[1-9]\d*$/.test(form.quantity.trim())) wrong.quantity = 'A whole number, 1 or more.'
  if (!wholePercent(form.chance, 1)) wrong.chance = 'Whole percents from 1 to 100.'
  if (!wholePercent(form.holdout, 0)) wrong.holdout = 'Whole percents from 0 to 100.'
  if (form.cooldown.trim() && !duration.test(form.cooldown.trim())) wrong.cooldown = 'A number and a unit, such as 14d.'
  if (form.atMost.trim() && !/^\d+ per \d+(m|h|d|w)$/.test(form.atMost.trim())) wrong.atMost = 'How often within how long, such as 3 per 30d.'
  if (form.at.length === 0) wrong.at = 'Name at least one place.'
  if (form.on.length === 0 && !form.save) wrong.on = 'Choose at least one moment.'
  return wrong
}

/** What an offer gives, in words. */
export function giveWords(give: Record<string, unknown> | undefined, catalog: OffersCatalog): string {
  const g = give ?? {}
  const named = (list: { key: string; title?: string }[] | undefined, key: unknown) => titleOf(list?.find((each) => each.key === key), text(key))
  const sold = [...(catalog.addons ?? []), ...(catalog.bundles ?? [])]
  if (g['plan']) return `plan ${named(catalog.plans, g['plan'])}`
  if (g['addon']) {
    const many = g['fit'] ? 'as many as are needed of ' : Number(g['quantity'] ?? 1) > 1 ? `${text(g['quantity'])} × ` : ''
    return `${many}${named(sold, g['addon'])}`
  }
  if (g['trial']) {
    const tried = g['trial'] as Record<string, unknown>
    const thing = tried['plan'] ? named(catalog.plans, tried['plan']) : tried['addon'] ? named(sold, tried['addon']) : named(catalog.features, tried['feature'])
    return `a trial of ${thing}`
  }
  if (g['interval']) return 'paying by the year'
  if (g['refer']) return `a recommendation in ${named(catalog.referrals as { key: string; title?: string }[] | undefined, g['refer'])}`
  if (g['talk']) return `a talk with ${text(g['talk'])}`
  if (g['invite']) return `an invitation of ${named(catalog.profiles, g['invite'])}`
  return 'nothing yet'
}

/** The shape of an offer, as the server names it. */
export function shapeOf(offer: FullOffer, catalog: OffersCatalog): string {
  const give = (offer.give ?? {}) as Record<string, unknown>
  if (offer.save) return 'save'
  if (give['trial']) return 'trial'
  if (give['interval']) return 'annual'
  if (give['refer']) return 'referral'
  if (give['talk']) return 'talk'
  if (give['invite']) return 'invite'
  if (give['plan']) return 'plan_upgrade'
  const addon = [...(catalog.addons ?? []), ...(catalog.bundles ?? [])].find((each) => each.key === give['addon'])
  const kind = addon?.price?.['once'] !== undefined && !/^(seat|service)/.test(addon.kind ?? '') ? 'top_up' : addon?.kind
  return { pack: 'pack', seat: 'seats', top_up: 'top_up', service: 'service', service_tier: 'service' }[kind ?? ''] ?? 'add_on'
}

const shapes: Record<string, string> = { plan_upgrade: 'Plan upgrade', add_on: 'Add-on', top_up: 'Top-up', annual: 'Annual switch', invite: 'Invitation' }

export const shapeWords = (shape: string) => shapes[shape] ?? words(shape)

export const kindWords: Record<string, string> = {
  ambient: 'Ambient: raises awareness, asks nothing',
  contextual: 'Contextual: at the point of need',
  interruption: 'Interruption: in the way, under a stricter cap',
}

/** The placeholders that texts may use, and what each stands for. */
export const placeholders: [name: string, meaning: string][] = [
  ['usage', 'how much is used'],
  ['limit', 'the limit'],
  ['remaining', 'what is left'],
  ['limit_next', 'the limit afterwards'],
  ['feature', 'what it is about'],
  ['benefit', 'why one would want it'],
  ['plan', 'the plan now'],
  ['plan_next', 'what they would get'],
  ['price', 'the price, for who can buy'],
  ['saved', 'saved by paying by the year'],
  ['percent', 'share of the limit used'],
  ['quantity', 'how many'],
  ['days', 'days of the trial'],
  ['role', 'admin or member'],
]

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The edits that make one definition of another: as small as they can be said, what is given as a whole. */
export function editsOf(path: string, before: object, after: object): Edit[] {
  const old = before as Record<string, unknown>
  const next = after as Record<string, unknown>
  return [...new Set([...Object.keys(old), ...Object.keys(next)])].flatMap((key): Edit[] => {
    const [was, is] = [old[key], next[key]]
    if (key === 'key' || same(was, is)) return []
    if (is === undefined) return [{ path: `${path}.${key}`, remove: true }]
    if (key !== 'give' && isMap(was) && isMap(is)) return editsOf(`${path}.${key}`, was, is)
    return [{ path: `${path}.${key}`, value: is }]
  })
}
