import { claimsOf, type Claims } from './claims'
import { odd, Problem, problemOf, within } from './problem'
import type { Identity } from './queue'
import type { Config } from './types'

/** How a call is made, beyond what is sent. */
export interface SendOptions {
  /** Milliseconds until the answer must be there; 10 s when left out. */
  within?: number
  /** Goes on when the page is left. */
  keepalive?: boolean
  /** Repeats of the call hear the same answer. */
  idempotency?: string
  /** Makes the call for nobody in particular: what anybody may send. */
  anonymous?: boolean
  signal?: AbortSignal
  headers?: Record<string, string>
}

/** The server, as one person with one token speaks to it. */
export interface Connection {
  send<T>(method: string, path: string, body?: unknown, options?: SendOptions): Promise<T>
  /** The answer as it comes, for streams. */
  open(path: string, options: SendOptions): Promise<Response>
  /** The claims of the token, fetched where there is none yet. */
  claims(): Promise<Claims>
}

const early = 30_000 // milliseconds before a token runs out at which the next one is fetched
const tokenWithin = 5000

/** The address of a path of the API; the endpoint may be an origin, a path, or both. */
export const addressOf = (endpoint: string, path: string) => endpoint.replace(/\/+$/, '') + path

/** Connects to the server of a configuration, for whoever wanted says; learned hears of each token that was fetched. */
export function connect(config: () => Config, wanted: () => Identity, learned: (claims: Claims) => void): Connection {
  const first = config().token
  let token = typeof first === 'string' ? first : ''
  let claims = claimsOf(token)
  let askedFor = ''
  let fetching: Promise<void> | undefined
  let position = ''

  // The page's clock may be wrong by hours: what counts is how long a token lasts, from when it was made.
  let goodUntil = Infinity

  function take(next: string) {
    token = next
    claims = claimsOf(next)
    const lasts = claims.exp && claims.iat ? (claims.exp - claims.iat) * 1000 : claims.exp ? claims.exp * 1000 - Date.now() : Infinity
    goodUntil = Date.now() + Math.max(lasts - early, lasts / 2, early) // a wrong clock must not have it fetched all the time
  }

  function refresh(): Promise<void> {
    const source = config().token
    if (typeof source !== 'function') return Promise.resolve()
    return (fetching ??= limited({ within: tokenWithin }, async () => {
      const next = String(await source())
      const { sub, account } = claimsOf(next)
      // Nothing is of nobody in particular; a page that says why there is none is no token.
      if (next && !(sub && account)) throw new Problem(0, 'token_unavailable', 'what was fetched is none')
      take(next)
      learned(claims)
    })
      .catch((thrown) => {
        throw new Problem(0, 'token_unavailable', `no user token: ${problemOf(thrown).detail}`, 'check token')
      })
      .finally(() => (fetching = undefined)))
  }

  async function ready() {
    if (typeof config().token !== 'function') return
    const who = wanted()
    const other = token && ((who.account && who.account !== claims.account) || (who.user && who.user !== claims.sub))
    const asked = other ? `${who.account}\n${who.user}` : ''
    // Of somebody else: asked for once, for the product may mean it so.
    if (!token || Date.now() > goodUntil || (other && asked !== askedFor)) {
      askedFor = asked
      await refresh()
    }
  }

  async function request(method: string, path: string, body: string | undefined, o: SendOptions, again: boolean): Promise<Response> {
    if (!o.anonymous) await ready()
    const { key, language, endpoint, fetch: own } = config()
    const headers: Record<string, string> = { ...o.headers }
    if (key) headers['Authorization'] = `Bearer ${key}`
    if (language) headers['Accept-Language'] = language
    if (token && !o.anonymous) headers['Headroom-User-Token'] = token
    if (position) headers['Headroom-Position'] = position
    if (o.idempotency) headers['Idempotency-Key'] = o.idempotency
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    const init: RequestInit = { method, headers, cache: 'no-store' }
    if (body !== undefined) init.body = body
    if (o.signal) init.signal = o.signal
    if (o.keepalive) init.keepalive = true
    const answer = await (own ?? fetch)(addressOf(endpoint, path), init)
    if (again) return answer
    if (answer.status === 401 && !o.anonymous && typeof config().token === 'function') await refresh()
    else if (position && answer.status === 422 && (await answer.clone().text()).includes('"position_')) position = '' // of a log that is no more
    else return answer
    return request(method, path, body, o, true)
  }

  async function refused(answer: Response): Promise<Problem> {
    const said: Record<string, unknown> = (await answer.json().catch(() => {})) ?? {} // or not a problem in the server's words
    const after = Number(answer.headers.get('Retry-After'))
    return new Problem(answer.status, String(said['code'] ?? 'unexpected_answer'), String(said['detail'] ?? `${answer.status} was answered`), String(said['mend'] ?? ''), after > 0 ? after * 1000 : undefined)
  }

  /** Runs something that must be over in time; what became of it is a Problem where nothing did. */
  async function limited<T>(o: SendOptions, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController()
    const end = () => stop.abort()
    o.signal?.addEventListener('abort', end)
    try {
      return await within(o.within ?? 10_000, run(stop.signal))
    } catch (thrown) {
      end()
      throw thrown instanceof Problem ? thrown : new Problem(0, 'unreachable', `${config().endpoint} cannot be reached`, 'check the endpoint')
    }
  }

  if (token) take(token)
  return {
    send: <T>(method: string, path: string, body?: unknown, o: SendOptions = {}) =>
      limited(o, async (signal) => {
        const answer = await request(method, path, body === undefined ? undefined : JSON.stringify(body), { ...o, signal }, false)
        if (!answer.ok) throw await refused(answer)
        if (answer.status === 204) return undefined as T
        try {
          const said = (await answer.json()) as { position?: unknown } | null
          if (method !== 'GET' && typeof said?.position === 'string') position = said.position
          return said as T
        } catch {
          throw odd(path)
        }
      }),
    open: (path, o) =>
      limited(o, async (signal) => {
        const answer = await request('GET', path, undefined, { ...o, signal }, false)
        if (!answer.ok) throw await refused(answer)
        return answer
      }),
    claims: async () => {
      await ready()
      return claims
    },
  }
}
