// Headroom in this page. Its core and its web components come from our own address, below /hr, as do its answers:
// our backend passes them on and adds the key (proxy.go). Where they do not come, the product goes on without.
import { call } from './kit.js'

/** What is asked in Headroom's place while it is not there: nothing is locked that people need, and nothing is offered. */
const away = {
  init() {},
  reset() {},
  track() {},
  check: async (feature) => ({ feature, allowed: defaults[feature] ?? false, reason: 'unavailable', stale: true }),
  entitlement: () => undefined,
  call: async () => {
    throw { detail: 'Headroom cannot be reached', mend: 'try again in a while', code: 'unreachable' }
  },
  snapshot: () => ({ entitlements: undefined, stale: true }),
  subscribe: () => () => {},
  observe: () => () => {},
}

/** What Summitry does when it cannot ask: people go on booking and inviting; what they did not buy stays closed. */
const defaults = { speakers: true, hosts: true, attendees: true, recordings: false, sponsors: false }

/** The core: check, decide, track, … (sdk/js). */
export let headroom = away

/** Whether Headroom's files are here. */
export const present = () => headroom !== away

/** Loads Headroom. It is no part of the page's own modules, so that the page lives without it. */
export async function load() {
  try {
    const core = await import('/hr/sdk/headroom.js')
    await import('/hr/sdk/elements/index.js') // all web components; each is a file of its own too
    headroom = core.headroom
  } catch {
    // said nowhere: who uses Summitry has not heard of Headroom
  }
}

// A decision that takes long is none: nobody waits for an offer. A product leaves this at 300 ms; a demo shares the machine
// with the server, the browser and a build, so it waits for a second. On a slow machine developers wait longer: /?wait=10000.
const wait = new URLSearchParams(location.search).get('wait')
if (wait) sessionStorage.setItem('wait', wait)

/** Says who is signed in. The token is our backend's word for it, and fetched again before it runs out. */
export function signIn({ token }) {
  let first = token
  headroom.init({
    endpoint: '/hr',
    token: async () => {
      const now = first || (await call('GET', '/api/session')).token
      first = ''
      return now
    },
    defaults,
    decisionTimeout: Number(sessionStorage.getItem('wait')) || 1000,
  })
}
