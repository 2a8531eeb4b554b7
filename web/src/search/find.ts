// What the search over everything finds besides accounts, which the server looks for.

import type { CatalogDefinitions } from '../api/types'
import { words } from '../lib/format'
import { readable } from '../lib/message'

export interface Found {
  /** Its kind, as the reader sees it. */
  kind: 'Page' | 'Account' | 'Feature' | 'Offer' | 'Signal' | 'Plan'
  title: string
  /** What else tells it apart. */
  about: string
  path: string
}

export interface PageAddress {
  path: string
  title: string
  /** The pages below it; those without a name are opened from elsewhere. */
  routes?: { path: string; name?: string; also?: string }[]
}

/** How well a text fits what is typed: 0 not at all, 3 from its beginning. */
export function fit(text: string, typed: string): number {
  const at = text.toLowerCase().indexOf(typed)
  if (at < 0) return 0
  if (at === 0) return 3
  return /[\p{L}\p{N}]/u.test(text.charAt(at - 1)) ? 1 : 2
}

const plain = (title: string | undefined, key: string) => (title ? readable(title) : words(key))

/** Everything of the console and the catalog that may be looked for. */
export function places(pages: PageAddress[], catalog: CatalogDefinitions | undefined): Found[] {
  const encode = encodeURIComponent
  return [
    ...pages.map((page): Found => ({ kind: 'Page', title: page.title, about: '', path: page.path })),
    ...pages.flatMap((page) => (page.routes ?? []).flatMap(({ path, name, also }): Found[] => (name ? [{ kind: 'Page', title: name, about: `${page.title}${also ? `: ${also}` : ''}`, path }] : []))),
    ...(catalog?.features ?? []).map((each): Found => ({ kind: 'Feature', title: plain(each.title, each.key), about: each.key, path: `/packaging/features/${encode(each.key)}` })),
    ...(catalog?.plans ?? []).map((each): Found => ({ kind: 'Plan', title: plain(each.title, each.key), about: each.key, path: `/accounts?plan=${encode(each.key)}` })),
    ...(catalog?.offers ?? []).map((each): Found => ({ kind: 'Offer', title: plain(each.content?.title, each.key), about: each.key, path: `/offers/edit/${encode(each.key)}` })),
    ...(catalog?.signals ?? []).map((each): Found => ({ kind: 'Signal', title: words(each.key), about: each.key, path: `/moments/rules/${encode(each.key)}` })),
  ]
}

const most = 12

/** What fits best, in the order of the console where it fits as well; the navigation while nothing is typed. */
export function find(all: Found[], text: string): Found[] {
  const typed = text.trim().toLowerCase()
  if (!typed) return all.filter(({ kind, about }) => kind === 'Page' && about === '')
  return all
    .map((each) => ({ each, fits: Math.max(fit(each.title, typed), fit(each.about, typed)) }))
    .filter(({ fits }) => fits > 0)
    .sort((a, b) => b.fits - a.fits)
    .slice(0, most)
    .map(({ each }) => each)
}
