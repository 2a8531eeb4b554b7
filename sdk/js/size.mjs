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

/** The file and everything it imports at once, but for the core unless it is the core itself; later: what it may import by and by. */
function withImports(file, found = new Set(), later = new Set()) {
  if (found.has(file)) return { found, later }
  found.add(file)
  const text = readFileSync(file, 'utf8')
  for (const [, call, source] of text.matchAll(/(?:\bfrom|\bimport\s*(\()?)\s*["'`](\.{1,2}\/[^"'`]+)["'`]/g)) {
    const target = join(dirname(file), source)
    if (target === core) continue
    if (call) later.add(target)
    else withImports(target, found, later)
  }
  return { found, later }
}

const packed = (files) => [...files].reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0)

function measure(name, file, [budget, wall]) {
  const { found, later } = withImports(file)
  const raw = [...found].reduce((sum, part) => sum + readFileSync(part).length, 0)
  const size = packed(found)
  return { name, raw, size, later: packed([...later].filter((part) => !found.has(part))), budget, wall, over: size > wall * 1000 }
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

const kb = (bytes) => (bytes / 1000).toFixed(2).padStart(8)
console.log(`${'bundle'.padEnd(26)} ${['raw', 'gzip', 'budget', 'wall', 'later'].map((t) => t.padStart(8)).join(' ')}   kB; later: what is only loaded when it is needed, gzip`)
for (const r of rows) {
  const verdict = r.over ? '  above the wall' : r.size > r.budget * 1000 ? '  above the budget' : ''
  console.log(`${r.name.padEnd(26)} ${[r.raw, r.size, r.budget * 1000, r.wall * 1000, r.later].map(kb).join(' ')}${verdict}`)
}
if (rows.some((r) => r.over)) {
  console.error('sizes: a bundle is above its wall: take something out of it, or say in docs/adr why the wall moves')
  process.exit(1)
}
