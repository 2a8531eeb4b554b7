// What elements say. Every element brings its table in English; German and Arabic are files of their own, de.ts and
// ar.ts, that only their readers load. A page overrides single texts, or adds a language, with setTexts. A text is a
// sentence with {names}, and may hold {count, plural, one {# day} other {# days}} with the categories of
// Intl.PluralRules or an exact =0; # is the number.

/** Texts by key, such as {'meter.left': '{left} left'}. */
export type Texts = Record<string, string>

/** What fills a text's names. Numbers are written as the language writes them. */
export type Values = Record<string, string | number>

const builtIn: Record<string, Texts> = {}
const overridden: Record<string, Texts> = {}
const listeners = new Set<() => void>()
const files: Record<string, (() => Promise<unknown>) | undefined> = { de: () => import('./de'), ar: () => import('./ar') }

/** The texts of an element, by language: texts('meter', {en: {left: '…'}}) makes 'meter.left'. */
export function texts(element: string, languages: Record<string, Texts>): void {
  for (const language in languages) {
    const table = (builtIn[language] ??= {})
    for (const key in languages[language]) table[`${element}.${key}`] = languages[language]![key]!
  }
}

/** Overrides texts of a language, or adds one: setTexts('fr', {'meter.left': 'reste {left}'}). What is missing stays as it was, or English. */
export function setTexts(language: string, own: Texts): void {
  overridden[language] = { ...overridden[language], ...own }
  for (const redraw of listeners) redraw()
}

/** Hears of other texts. Returns what ends it. */
export function onTexts(redraw: () => void): () => void {
  listeners.add(redraw)
  return () => listeners.delete(redraw)
}

/** The texts that are built in and loaded, by key: those of a language, for who translates them. */
export const allTexts = (language = 'en'): Readonly<Texts> => ({ ...builtIn[language] })

const root = (language: string) => language.split('-')[0]!

/** Whether the texts of a language are here; if not they are fetched, and onTexts tells. Without them all is English. */
export function ready(language: string): boolean {
  const r = root(language)
  const file = files[r]
  if (!file) return true
  files[r] = () => new Promise(() => {}) // once
  const done = () => {
    delete files[r]
    setTexts(r, {})
  }
  file().then(done, done)
  return false
}

/** The text of a key in a language, or in its nearest relative, filled. A key that nobody knows is its own text. */
export function say(language: string, key: string, values: Values = {}): string {
  const [l = 'en', text = key] = [language, root(language), 'en'].flatMap((l) => {
    const found = overridden[l]?.[key] ?? builtIn[l]?.[key]
    return found === undefined ? [] : [l, found]
  })
  const write = (value: string | number) => (typeof value === 'number' ? new Intl.NumberFormat(root(language) === root(l) ? language : l).format(value) : value)
  return text.replace(/\{(\w+)(?:, plural,((?:[^{}]|\{[^{}]*\})*))?\}/g, (whole, name: string, plural?: string) => {
    const value = values[name]
    if (value === undefined || !plural) return value === undefined ? whole : write(value)
    const form = (which: string) => plural.match(new RegExp(`(?:^|\\s)${which}\\s*\\{([^{}]*)\\}`))?.[1]
    return (form(`=${value}`) ?? form(new Intl.PluralRules(l).select(Number(value))) ?? form('other') ?? '').replaceAll('#', write(value))
  })
}

texts('all', {
  en: { close: 'Close', stale: 'May be out of date', failed: 'That did not work', offline: 'Headroom cannot be reached. Try again when you are online.' },
})
