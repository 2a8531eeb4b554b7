import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// `npm run dev` sends API calls to a server that runs already; HEADROOM_URL says where.
const server = process.env['HEADROOM_URL'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react()],
  // The Go handler puts the nonce of each response where this stands (internal/console).
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    outDir: '../internal/console/dist',
    // The folder is outside this one, so it must be said; public/.gitkeep comes back with
    // each build, and git sees no change.
    emptyOutDir: true,
    // data: URLs would need holes in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/v1': server, '/openapi.json': server },
  },
})
