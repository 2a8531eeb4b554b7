import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

// Built for development, in which React mounts everything twice and tells what does not match. OUT is the test's folder.
export default defineConfig(({ isSsrBuild }) => ({
  root: fileURLToPath(new URL('.', import.meta.url)),
  define: { 'process.env.NODE_ENV': '"development"' },
  ssr: { noExternal: true },
  build: {
    outDir: process.env['OUT'] + (isSsrBuild ? '/server' : '/browser'),
    emptyOutDir: true,
    target: 'es2022',
    minify: false,
    modulePreload: false,
    rollupOptions: {
      input: fileURLToPath(new URL(isSsrBuild ? 'server.tsx' : 'browser.tsx', import.meta.url)),
      output: { entryFileNames: '[name].js' },
    },
  },
}))
