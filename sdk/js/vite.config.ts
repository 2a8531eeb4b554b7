import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin, Rolldown } from 'vite'
import { defineConfig } from 'vitest/config'

// `vite build` makes the modules: dist/headroom.js (the core) and dist/elements/NAME.js, which import the core from
// '../headroom.js' and share dist/elements/base.js. `vite build --mode snippet` makes dist/snippet.js, a classic script.
const here = dirname(fileURLToPath(import.meta.url))
const core = join(here, 'src/core')

/** The core stays a file of its own: whoever loads it and any number of elements has one instance of it. */
const coreOutside: Plugin = {
  name: 'core-outside',
  enforce: 'pre',
  resolveId(source, importer) {
    if (!importer?.startsWith(join(here, 'src/elements/')) || !source.startsWith('.')) return null
    const target = resolve(dirname(importer), source).replace(/\.(ts|js)$/, '')
    if (target === join(core, 'index') || target === core) return { id: '../headroom.js', external: true }
    if (target.startsWith(core + '/')) this.error(`${basename(importer)} imports ${source}: elements import the core from '../core/index' (types may come from '../core/types' by import type)`)
    return null
  },
}

/** What an earlier build left in dist, and this one does not make: the server would embed it. */
const swept: Plugin = {
  name: 'swept',
  writeBundle(_, made) {
    const dist = join(here, 'dist')
    for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
      const script = /\.js(\.map)?$/.test(name) && name !== 'snippet.js' && !made[name]
      const types = name.endsWith('.d.ts') && !existsSync(join(here, 'src', name.slice(0, -5) + '.ts'))
      if (script || types) rmSync(join(dist, name))
    }
  },
}

function elements(): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(join(here, 'src/elements'))) {
    // What only the base is made of goes into base.js.
    if (!/^(style|words)\.ts$/.test(name) && name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.d.ts')) {
      found['elements/' + name.slice(0, -3)] = join(here, 'src/elements', name)
    }
  }
  return found
}

const modules: Rolldown.RolldownOptions = {
  input: { headroom: join(core, 'index.ts'), ...elements() },
  preserveEntrySignatures: 'strict',
  // Files import each other by names that mean the same in every version.
  output: { format: 'es', minify: true, minifyInternalExports: false, entryFileNames: '[name].js', chunkFileNames: 'elements/shared-[name].js' },
}

const snippet: Rolldown.RolldownOptions = {
  input: { snippet: join(here, 'src/snippet.ts') },
  output: { format: 'iife', entryFileNames: '[name].js' },
}

export default defineConfig(({ mode }) => ({
  root: here,
  publicDir: false,
  plugins: mode === 'snippet' ? [] : [coreOutside, swept],
  test: { include: ['src/**/*.test.ts'] },
  build: {
    target: 'es2022',
    outDir: 'dist',
    // tsc puts declarations there, and .gitkeep stays; the rest is swept.
    emptyOutDir: false,
    modulePreload: false,
    minify: true,
    // As a library: else every import() is wrapped in a helper that preloads styles, larger than most elements.
    lib: mode === 'snippet' ? false : { entry: { headroom: join(core, 'index.ts'), ...elements() }, formats: ['es'] },
    rollupOptions: mode === 'snippet' ? snippet : modules,
  },
}))
