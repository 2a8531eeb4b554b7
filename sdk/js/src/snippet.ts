/** Loads the module and replays, in order, what the page called before it was there. */
type Queue = unknown[] & { ready?: boolean }
const page = window as unknown as { headroom?: Queue | Record<string, (...args: unknown[]) => unknown> }
const script = document.currentScript as HTMLScriptElement | null
void import(/* @vite-ignore */ new URL('headroom.js', script?.src ?? location.href).href).then((module: { headroom: Record<string, (...args: unknown[]) => unknown> }) => {
  const waiting = page.headroom
  page.headroom = module.headroom
  if (Array.isArray(waiting)) for (const [name, ...args] of waiting as [string, ...unknown[]][]) module.headroom[name]?.(...args)
})
