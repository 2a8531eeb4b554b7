// A definition as it stands in the catalog's file. What a bare word could be mistaken for is quoted.

const plain = /^[A-Za-z_][A-Za-z0-9_.-]*( [A-Za-z0-9_][A-Za-z0-9_.-]*)*$/
const words = /^(true|false|yes|no|on|off|null|y|n|~)$/i

function scalar(value: unknown): string {
  if (typeof value !== 'string') return String(value)
  if (plain.test(value) && !words.test(value)) return value
  if (/^\d+(%|[a-z]+)$/.test(value) || /^\d+ per \d+[a-z]$/.test(value)) return value
  return JSON.stringify(value)
}

const keyOf = (key: string) => (plain.test(key) && !/^(true|false|null)$/i.test(key) ? key : JSON.stringify(key))

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (isMap(value)) return `{${Object.entries(value).map(([key, each]) => `${keyOf(key)}: ${flow(each)}`).join(', ')}}`
  return scalar(value)
}

/** Short maps and lists stand on one line, as the catalog's own do. */
const widest = 72

function block(key: string, value: unknown, indent: string): string[] {
  const head = `${indent}${keyOf(key)}:`
  const line = `${head} ${flow(value)}`
  if (!isMap(value) || Object.keys(value).length === 0 || (line.length <= widest && !Object.values(value).some(isMap))) return [line]
  return [head, ...Object.entries(value).flatMap(([inner, each]) => block(inner, each, `${indent}  `))]
}

/** A definition under its section and key. */
export function yamlOf(section: string, key: string, definition: object): string {
  return [`${section}:`, `  ${keyOf(key)}:`, ...Object.entries(definition).flatMap(([field, value]) => block(field, value, '    '))].join('\n')
}
