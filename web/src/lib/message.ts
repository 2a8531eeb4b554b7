// Texts of offers hold placeholders in the ICU message format. Lists show them as a reader would hear them.

/** From an opening brace to the one that closes it, its own left out; the rest after it. */
function braced(text: string): [inside: string, rest: string] {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '{') depth++
    if (text[i] === '}' && --depth === 0) return [text.slice(1, i), text.slice(i + 1)]
  }
  return [text.slice(1), '']
}

/** What is said of many, of the cases of a plural or a choice. */
function usual(cases: string): string {
  const at = cases.search(/\bother\s*\{/)
  return at < 0 ? '…' : readable(braced(cases.slice(cases.indexOf('{', at)))[0]).replaceAll('#', '…')
}

/** The text with … for each value that is not known: "Room for {limit_next} speakers" → "Room for … speakers". */
export function readable(text: string): string {
  const at = text.indexOf('{')
  if (at < 0) return text
  const [inside, rest] = braced(text.slice(at))
  const cases = /^\s*\w+\s*,\s*(plural|select|selectordinal)\s*,/.exec(inside)
  return text.slice(0, at) + (cases ? usual(inside.slice(cases[0].length)) : '…') + readable(rest)
}
