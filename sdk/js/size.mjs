// Prints how large each bundle is, and fails above a wall: node size.mjs. A page that uses an element loads the core
// once, and for the element its file and all the files that it imports beside the core.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const here = dirname(fileURLToPath(import.meta.url))
const dist = join(here, 'dist')
const core = join(dist, 'headroom.js')

// Kilobytes of 1000 bytes, gzipped as a server does it: each file by itself.
const budgets = { core: [8, 10], element: [5, 6], snippet: [0.6, 1] }

/** The file and everything it imports, but for the core unless it is the core itself; not what import() loads when somebody needs it. */
function withImports(file, found = new Set()) {
  if (found.has(file)) return found
  found.add(file)
  const text = readFileSync(file, 'utf8')
  for (const [, source] of text.matchAll(/(?:from|import)\s*["'`](\.{1,2}\/[^"'`]+)["'`]/g)) {
    const target = join(dirname(file), source)
    if (target !== core) withImports(target, found)
  }
  return found
}

function measure(name, file, [budget, wall]) {
  let raw = 0
  let packed = 0
  for (const part of withImports(file)) {
    const text = readFileSync(part)
    raw += text.length
    packed += gzipSync(text, { level: 9 }).length
  }
  return { name, raw, packed, budget, wall, over: packed > wall * 1000 }
}

if (!existsSync(core)) {
  console.error('sizes: the SDK is not built: make sdkjs')
  process.exit(1)
}
const rows = [measure('core', core, budgets.core), measure('snippet', join(dist, 'snippet.js'), budgets.snippet)]
// src/elements/NAME.ts that defines headroom-NAME; index.js is all of them together, which nobody has to load.
for (const file of readdirSync(join(here, 'src/elements')).sort()) {
  const name = file.replace(/\.ts$/, '')
  if (new RegExp(`define\\('headroom-${name}'|define\\('${name}'`).test(readFileSync(join(here, 'src/elements', file), 'utf8'))) {
    rows.push(measure(`elements/${name}`, join(dist, 'elements', name + '.js'), budgets.element))
  }
}

const kb = (bytes) => (bytes / 1000).toFixed(2).padStart(7)
console.log(`${'bundle'.padEnd(26)} ${'raw kB'.padStart(7)} ${'gzip kB'.padStart(7)} ${'budget'.padStart(7)} ${'wall'.padStart(7)}`)
for (const r of rows) {
  console.log(`${r.name.padEnd(26)} ${kb(r.raw)} ${kb(r.packed)} ${kb(r.budget * 1000)} ${kb(r.wall * 1000)}${r.over ? '  above the wall' : r.packed > r.budget * 1000 ? '  above the budget' : ''}`)
}
if (rows.some((r) => r.over)) {
  console.error('sizes: a bundle is above its wall: take something out of it, or say in docs/adr why the wall moves')
  process.exit(1)
}
