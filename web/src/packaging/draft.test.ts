import { describe, expect, test } from 'vitest'
import type { CatalogDefinitions } from '../api/types'
import { keyFor, readDraft, valueAt, withEdit, withEdits, type Edit } from './draft'

const summit: CatalogDefinitions = {
  version: 'c-1',
  currency: 'USD',
  features: [{ key: 'speakers', title: 'Speakers' }],
  plans: [
    { key: 'starter', title: 'Starter', price: { month: '49' }, entitlements: { speakers: 10 } },
    { key: 'pro', title: 'Pro', entitlements: { speakers: { limit: 40, per: 'month' } } },
  ],
}

const limit = (value: unknown): Edit => ({ path: 'plans.starter.entitlements.speakers', value })

describe('a draft', () => {
  test('shows its edits in place, and the definitions stay as they were', () => {
    const shown = withEdits(summit, [limit(12), { path: 'features.emails', value: { title: 'Emails' } }, { path: 'plans.pro.entitlements.speakers.per', remove: true }])
    expect(valueAt(shown, 'plans.starter.entitlements.speakers')).toBe(12)
    expect(shown.features?.map((feature) => feature.key)).toEqual(['speakers', 'emails'])
    expect(valueAt(shown, 'plans.pro.entitlements.speakers')).toEqual({ limit: 40 })
    expect(valueAt(summit, 'plans.starter.entitlements.speakers')).toBe(10)
  })

  test('begins sections that are not there', () => {
    expect(withEdits(summit, [{ path: 'value.hours', value: { title: 'Hours' } }]).value).toEqual([{ key: 'hours', title: 'Hours' }])
  })

  test.each<[string, Edit[], Edit, Edit[]]>([
    ['takes a first edit', [], limit(12), [limit(12)]],
    ['lets the last word count', [limit(12)], limit(15), [limit(15)]],
    ['forgets an edit that is taken back', [limit(12)], limit(10), []],
    ['puts an edit into the one around it', [{ path: 'features.emails', value: { title: 'Emails' } }], { path: 'features.emails.benefit', value: 'Reach' }, [{ path: 'features.emails', value: { title: 'Emails', benefit: 'Reach' } }]],
    ['drops what a wider edit covers', [limit(12)], { path: 'plans.starter', remove: true }, [{ path: 'plans.starter', remove: true }]],
    ['does not remove what is not there', [], { path: 'features.gone', remove: true }, []],
    ['does not take a longer key for a part', [{ path: 'plans.pro', value: { title: 'P' } }], { path: 'plans.pro_plus', value: { title: 'PP' } }, [{ path: 'plans.pro', value: { title: 'P' } }, { path: 'plans.pro_plus', value: { title: 'PP' } }]],
    ['sees that a list is the same', [], { path: 'features.speakers.title', value: 'Speakers' }, []],
  ])('%s', (_, edits, edit, want) => expect(withEdit(edits, edit, summit)).toEqual(want))

  test('keeps the place of an edit that is made again', () => {
    const title: Edit = { path: 'features.speakers.title', value: 'Voices' }
    expect(withEdit([limit(12), title], limit(14), summit)).toEqual([limit(14), title])
  })

  test.each([
    ['nothing', null, undefined],
    ['no JSON', '{', undefined],
    ['another form', '{"edits":{}}', undefined],
    ['a draft with something else in it', '{"base":"c-1","edits":[{"path":"a","value":1},7]}', { base: 'c-1', edits: [{ path: 'a', value: 1 }] }],
  ])('that was stored as %s is read', (_, text, want) => expect(readDraft(text)).toEqual(want))
})

test.each([
  ['Sponsor booths', [], 'sponsor_booths'],
  ['Größe & Länge', [], 'gro_e_lange'],
  ['Pro', ['pro', 'pro_2'], 'pro_3'],
  ['日本', [], 'new'],
])('the key for %s', (title, taken, want) => expect(keyFor(title, taken)).toBe(want))
