// A classic script for pages without a bundler: calls of the core work at once, and are made in their order when the
// module is there. It is loaded from beside this file. README.md has the same to be copied into a page.
{
  type Core = Record<string, (...args: unknown[]) => unknown>
  const page = window as unknown as { headroom?: Core }
  const source = (document.currentScript as HTMLScriptElement | null)?.src ?? location.href
  if (!page.headroom) {
    const loaded = import(/* @vite-ignore */ new URL('headroom.js', source).href) as Promise<{ headroom: Core }>
    const waiting: Core = (page.headroom = {})
    for (const name of 'init identify group track page check decide variant outcome requestUpgrade flush reset'.split(' ')) {
      waiting[name] = (...args) => {
        const without = {
          check: { feature: args[0], allowed: !!(args[1] as { fallback?: boolean } | undefined)?.fallback, reason: 'unavailable', stale: true },
          decide: { status: 'none', reason: 'unreachable' },
          variant: { variant: '', reason: 'unreachable' },
        }[name]
        // Its server may take the connection and never answer: who asks waits for that no longer than this.
        const late = new Promise<never>((_, reject) => without && setTimeout(reject, 3000))
        return Promise.race([loaded, late]).then(
          (module) => module.headroom[name]!(...args),
          // It does not come: gates are what the page says, offers are none, and what cannot be done is not said to be.
          (why) => {
            if (/^(out|req)/.test(name)) throw why
            return without
          },
        )
      }
    }
    loaded.then(
      (module) => (page.headroom = module.headroom),
      () => {},
    )
  }
}
export {}
