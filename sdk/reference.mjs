// Writes docs/sdk.md: what @headroomhq/js and @headroomhq/react export, from their declarations and doc comments.
// `node sdk/reference.mjs` writes it; with --check it fails, with the first difference, when the page is not current.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'vite'

const here = dirname(fileURLToPath(import.meta.url))
const page = join(here, '../docs/sdk.md')

const packages = [
  {
    name: '@headroomhq/js',
    entry: 'js/src/core/index.ts',
    first: ['Headroom', 'Config'],
    words: `The headless core. \`headroom\` is the one instance that a page needs. In a page without a bundler it is
\`import { headroom } from 'https://headroom.example.com/sdk/headroom.js'\`, or what the snippet leaves as \`window.headroom\`
([how](guides/html.md)). The web components have [a page of their own](components.md).`,
  },
  {
    name: '@headroomhq/react',
    entry: 'react/src/index.ts',
    first: [],
    words: `A provider, hooks, and the web components as React components ([how](guides/react.md)).`,
  },
]

const problems = []
const headings = new Map()

/** What a file exports, in its order: {name, kind, text, doc, members, file}. */
function exportsOf(path) {
  const source = readFileSync(path, 'utf8')
  const { program, comments, errors } = parseSync(path, source)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`)
  const docs = comments.filter((c) => c.type === 'Block' && c.value.startsWith('*'))
  const docBefore = (start) => {
    const doc = docs.findLast((c) => c.end <= start && source.slice(c.end, start).trim() === '')
    return doc ? doc.value.slice(1).replace(/^\s*\* ?/gm, '').replace(/\s+/g, ' ').trim() : ''
  }
  const found = []
  for (const node of program.body) {
    const names = new Map()
    for (const s of (node.type === 'ExportNamedDeclaration' && node.specifiers) || []) names.set(nameOf(s.local), nameOf(s.exported))
    if (node.type === 'ExportAllDeclaration') found.push(...exportsOf(follow(path, node.source.value)))
    else if (node.type === 'ExportNamedDeclaration' && node.source) {
      for (const e of exportsOf(follow(path, node.source.value))) if (names.has(e.name)) found.push({ ...e, name: names.get(e.name) })
    } else if (node.type === 'ExportNamedDeclaration' && node.declaration) {
      found.push(...declared(node.declaration, source, docBefore, path, docBefore(node.start)))
    }
  }
  return found
}

const nameOf = (node) => node.name ?? node.value

function follow(from, to) {
  const base = join(dirname(from), to)
  const path = [base + '.ts', base + '.tsx', join(base, 'index.ts')].find((p) => existsSync(p))
  if (!path) throw new Error(`${from} exports from ${to}, which is not there`)
  return path
}

function declared(node, source, docBefore, file, doc) {
  const text = (from, to) => source.slice(from, to).replace(/\/\*\*.*?\*\//gs, '').replace(/\s+/g, ' ').trim()
  const at = { file, doc }
  switch (node.type) {
    case 'TSInterfaceDeclaration': {
      const kind = 'interface'
      return [{ ...at, name: node.id.name, kind, text: text(node.start, node.body.start), members: membersOf(node.body.body, text, docBefore) }]
    }
    case 'TSTypeAliasDeclaration':
      return [{ ...at, name: node.id.name, kind: 'type', text: text(node.start, node.end) }]
    case 'FunctionDeclaration':
    case 'TSDeclareFunction':
      return [{ ...at, name: node.id.name, kind: 'function', text: text(node.start, node.body?.start ?? node.end) }]
    case 'ClassDeclaration': {
      const own = node.body.body.filter((m) => m.accessibility !== 'private' && m.accessibility !== 'protected' && m.key.type !== 'PrivateIdentifier')
      return [{ ...at, name: node.id.name, kind: 'class', text: text(node.start, node.body.start), members: membersOf(own, text, docBefore) }]
    }
    case 'VariableDeclaration':
      return node.declarations.map((d) => ({ ...at, name: d.id.name, kind: 'const', text: `const ${text(d.id.start, d.id.end)}` }))
  }
  throw new Error(`${file} exports a ${node.type}, which this script does not know`)
}

function membersOf(members, text, docBefore) {
  return members.map((m) => ({
    text: text(m.start, m.value?.body?.start ?? m.body?.start ?? m.end).replace(/[;,]$/, '').replace(/ = .*$/, ''),
    doc: docBefore(m.start),
  }))
}

const code = (text) => '`' + text.replaceAll('|', '\\|') + '`'

function write({ name, entry, words, first }) {
  const all = exportsOf(join(here, entry))
  const values = all.filter((e) => e.kind === 'function' || e.kind === 'const' || e.kind === 'class')
  const rest = all.filter((e) => !values.includes(e))
  const types = [...rest.filter((e) => first.includes(e.name)), ...rest.filter((e) => !first.includes(e.name))]
  // As pages of Markdown name their headings: small letters, and a number from the second of a name on.
  for (const e of [...values, ...types]) {
    const key = e.name.toLowerCase()
    const times = headings.get(key) ?? 0
    headings.set(key, times + 1)
    e.anchor = times ? `${key}-${times}` : key
  }
  const lines = [`## ${name}`, '', words, '']
  lines.push(`Values: ${values.map(anchor).join(', ')}.`, '', `Types: ${types.map(anchor).join(', ')}.`, '')
  for (const e of [...values, ...types]) {
    const where = relative(join(here, '..'), e.file)
    if (!e.doc) problems.push(`${where}: ${e.name} is exported and has no doc comment`)
    lines.push(`### ${e.name}`, '', '```ts', e.text.replace(/\(\{.*\}: (\w+)\)/, '(props: $1)'), '```', '', e.doc, '')
    if (e.members?.length) {
      lines.push('| | |', '|---|---|', ...e.members.map((m) => `| ${code(m.text)} | ${m.doc.replaceAll('|', '\\|')} |`), '')
    }
  }
  return lines
}

const anchor = (e) => `[${e.name}](#${e.anchor})`

const text = [
  '# The SDK for pages',
  '',
  '<!-- Written by: node sdk/reference.mjs, from the declarations and doc comments of sdk/js and sdk/react -->',
  '',
  'Guides: [plain HTML](guides/html.md), [React](guides/react.md), [Vue](guides/vue.md), [server-rendered Go](guides/go-server.md). On servers: [the Go SDK](../sdk/go/README.md), [the API](api.md).',
  '',
  ...packages.flatMap(write),
]
  .join('\n')
  .trimEnd()
  .concat('\n')

if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
if (process.argv.includes('--check')) {
  const was = existsSync(page) ? readFileSync(page, 'utf8').split('\n') : []
  const is = text.split('\n')
  const line = is.findIndex((l, i) => l !== was[i])
  if (line >= 0 || was.length !== is.length) {
    console.error(`docs/sdk.md is not current (line ${line + 1}: ${is[line] ?? 'ends'}): run node sdk/reference.mjs`)
    process.exit(1)
  }
} else {
  writeFileSync(page, text)
}
