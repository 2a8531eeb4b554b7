// Gives the imports in the declarations their file extensions, which TypeScript asks for where modules are resolved as
// Node does it: node types.mjs, after tsc.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = join(dirname(fileURLToPath(import.meta.url)), 'dist')
for (const file of readdirSync(dist, { recursive: true })) {
  if (!file.endsWith('.d.ts')) continue
  const path = join(dist, file)
  const text = readFileSync(path, 'utf8')
  const mended = text.replace(/((?:from|import)\s*\(?\s*['"])(\.{1,2}\/[^'"]+)(['"])/g, (whole, before, source, after) =>
    existsSync(join(dirname(path), source + '.d.ts')) ? `${before}${source}.js${after}` : whole,
  )
  if (mended !== text) writeFileSync(path, mended)
}
