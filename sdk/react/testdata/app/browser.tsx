import { hydrateRoot } from 'react-dom/client'
import { App, type PageData } from './app'

// What React complains about, a mismatch in hydration above all, is for the test to see.
const complaints: string[] = []
Object.assign(window, { complaints })
for (const level of ['error', 'warn'] as const) {
  console[level] = (...said: unknown[]) => void complaints.push(said.map(String).join(' '))
}

const data = JSON.parse(document.getElementById('data')!.textContent!) as PageData
const root = hydrateRoot(document.getElementById('root')!, <App data={data} />, {
  onRecoverableError: (cause) => void complaints.push(`recovered: ${String(cause)}`),
})
Object.assign(window, { hydrated: true, root })
