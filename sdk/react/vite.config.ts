import { defineConfig } from 'vitest/config'

export default defineConfig({
  publicDir: false,
  test: { include: ['src/**/*.test.{ts,tsx}'] },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: false, // tsc puts declarations there
    minify: false, // whoever builds an app minifies it
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: 'index' },
    rollupOptions: {
      // One React and one core in the app, and the elements' code only where it is shown.
      external: [/^react(-dom)?($|\/)/, /^@headroomhq\/js($|\/)/],
      // Hooks belong to the browser's side of frameworks that know two.
      output: { banner: "'use client'\n" },
    },
  },
})
