// What elements say. Every element brings its table in English, German and Arabic; a page overrides single texts, or
// adds a language, with setTexts. A text is a sentence with {names}, and may hold
// {count, plural, one {# day} other {# days}} with the categories of Intl.PluralRules or an exact =0; # is the number.

/** Texts by key, such as {'meter.left': '{left} left'}. */
export type Texts = Record<string, string>

/** What fills a text's names. Numbers are written as the language writes them. */
export type Values = Record<string, string | number>

const builtIn: Record<string, Texts> = {}
const overridden: Record<string, Texts> = {}
const changed = new Set<() => void>()

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
  for (const redraw of changed) redraw()
}

/** Hears of overridden texts. Returns what ends it. */
export function onTexts(redraw: () => void): () => void {
  changed.add(redraw)
  return () => changed.delete(redraw)
}

/** The keys that are built in, for who translates them all. */
export function keys(): string[] {
  return Object.keys(builtIn['en'] ?? {})
}

/** The text of a key in a language, or in its nearest relative, filled. A key that nobody knows is its own text: seen in development, harmless after. */
export function say(language: string, key: string, values: Values = {}): string {
  for (const l of [language, language.split('-')[0]!, 'en']) {
    const text = overridden[l]?.[key] ?? builtIn[l]?.[key]
    if (text !== undefined) return fill(l === 'en' && language.slice(0, 2) !== 'en' ? 'en' : language, text, values)
  }
  return key
}

const names = /\{(\w+)(?:, plural,((?:[^{}]|\{[^{}]*\})*))?\}/g

function fill(language: string, text: string, values: Values): string {
  const write = (value: string | number) => (typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : value)
  return text.replace(names, (whole, name: string, plural?: string) => {
    const value = values[name]
    if (value === undefined) return whole
    if (!plural) return write(value)
    const forms = Object.fromEntries([...plural.matchAll(/(=?\w+)\s*\{([^{}]*)\}/g)].map((m) => [m[1], m[2]]))
    const form = forms[`=${value}`] ?? forms[new Intl.PluralRules(language).select(Number(value))] ?? forms['other'] ?? ''
    return form.replaceAll('#', write(value))
  })
}

texts('all', {
  en: { close: 'Close', stale: 'May be out of date', failed: 'That did not work', offline: 'Headroom cannot be reached. Try again when you are online.' },
  de: { close: 'Schließen', stale: 'Vielleicht nicht aktuell', failed: 'Das hat nicht geklappt', offline: 'Headroom ist nicht erreichbar. Versuche es noch einmal, wenn du online bist.' },
  ar: { close: 'إغلاق', stale: 'قد لا يكون محدَّثًا', failed: 'لم ينجح ذلك', offline: 'تعذّر الوصول إلى Headroom. أعد المحاولة عند اتصالك بالإنترنت.' },
})
