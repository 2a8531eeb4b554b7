import { describe, expect, test } from 'vitest'
import { find, fit, places } from './find'

const all = places([{ path: '/', title: 'Today' }, { path: '/packaging', title: 'Packaging', routes: [{ path: '/packaging' }, { path: '/packaging/versions', name: 'Versions', also: 'roll back, history of the catalog' }] }], {
  version: 'c-1',
  features: [{ key: 'talk_recordings', title: 'Talk recordings' }, { key: 'a/b', title: '<b>Speakers</b>' }],
  plans: [{ key: 'pro', title: 'Pro' }],
  offers: [{ key: 'pro_for_speakers', content: { title: 'Room for {limit_next} speakers' } }],
  signals: [{ key: 'speakers_full' }],
})

test.each([
  ['Talk recordings', 'talk', 3],
  ['Talk recordings', 'rec', 2],
  ['Talk recordings', 'cord', 1],
  ['Talk recordings', 'x', 0],
])('%s fits %s by %d', (text, typed, want) => expect(fit(text, typed)).toBe(want))

describe('the search over everything', () => {
  test('shows the pages while nothing is typed', () => expect(find(all, ' ').map(({ title }) => title)).toEqual(['Today', 'Packaging']))
  test('finds features, offers and signals by title or key, the best fit first', () => {
    expect(find(all, 'SPEAKERS').map(({ kind, title }) => `${kind} ${title}`)).toEqual(['Signal Speakers full', 'Feature <b>Speakers</b>', 'Offer Room for … speakers'])
  })
  test('opens a key of any kind', () => expect(find(all, '<b>')[0]?.path).toBe('/packaging/features/a%2Fb'))
  test('finds a page below the navigation by what people call it', () => {
    expect(find(all, 'roll')).toEqual([{ kind: 'Page', title: 'Versions', about: 'Packaging: roll back, history of the catalog', path: '/packaging/versions' }])
  })
  test('finds nothing where nothing fits', () => expect(find(all, 'zzz')).toEqual([]))
  test('an offer is found by its key, and reads as people hear it', () => expect(find(all, 'pro_for')[0]?.title).toBe('Room for … speakers'))
})
