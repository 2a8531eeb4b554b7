import { claimsOf, type Claims } from './claims'
import { Problem, problemOf } from './problem'
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
  /** What a sent event's answer said: later calls see its effect. */
  saw(position: string | undefined): void
}

const early = 30_000 // milliseconds before a token runs out at which the next one is fetched

/** The address of a path of the API; the endpoint may be an origin, a path, or both. */
export function addressOf(endpoint: string, path: string): string {
  return endpoint.replace(/\/+$/, '') + path
}

/** Connects to the server of a configuration. */
export function connect(config: Config): Connection {
  const doFetch = config.fetch ?? ((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init))
  let token = typeof config.token === 'string' ? config.token : ''
  let claims = claimsOf(token)
  let fetching: Promise<void> | undefined
  let position = ''

  // The page's clock may be wrong by hours: what counts is how long a token lasts, from when it was made.
  let goodUntil = Infinity

  function take(next: string) {
    token = next
    claims = claimsOf(next)
    const lasts = claims.exp && claims.iat ? (claims.exp - claims.iat) * 1000 : claims.exp ? claims.exp * 1000 - Date.now() : Infinity
    goodUntil = Date.now() + Math.max(lasts - early, lasts / 2)
  }

  async function refresh() {
    const source = config.token
    if (typeof source !== 'function') return
    fetching ??= (async () => {
      try {
        take(String(await source()))
      } catch (thrown) {
        throw new Problem(0, 'token_unavailable', `no user token could be fetched: ${problemOf(thrown).detail}`, 'let the function given as token answer with one')
      } finally {
        fetching = undefined
      }
    })()
    await fetching
  }

  async function ready() {
    if (typeof config.token === 'function' && (!token || Date.now() > goodUntil)) await refresh()
  }

  async function request(method: string, path: string, body: string | undefined, o: SendOptions, again: boolean): Promise<Response> {
    if (!o.anonymous) await ready()
    const headers: Record<string, string> = { ...o.headers }
    if (config.key) headers['Authorization'] = `Bearer ${config.key}`
    if (token && !o.anonymous) headers['Headroom-User-Token'] = token
    if (position) headers['Headroom-Position'] = position
    if (o.idempotency) headers['Idempotency-Key'] = o.idempotency
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    const answer = await doFetch(addressOf(config.endpoint, path), {
      method, headers, body, signal: o.signal, keepalive: o.keepalive, credentials: 'omit', cache: 'no-store', referrerPolicy: 'strict-origin-when-cross-origin',
    } as RequestInit)
    if (answer.status === 401 && !again && !o.anonymous && typeof config.token === 'function') {
      await refresh()
      return request(method, path, body, o, true)
    }
    return answer
  }

  async function refused(answer: Response): Promise<Problem> {
    let said: Record<string, unknown> = {}
    try {
      said = (await answer.json()) ?? {}
    } catch {
      // not a problem in the server's words
    }
    const after = Number(answer.headers.get('Retry-After'))
    return new Problem(answer.status, String(said['code'] ?? 'unexpected_answer'), String(said['detail'] ?? `${new URL(answer.url, 'http://x').pathname} answered ${answer.status}`),
      String(said['mend'] ?? ''), after > 0 ? after * 1000 : undefined)
  }

  /** Runs something that must be over in time, and says what became of it as a Problem where nothing did. */
  async function limited<T>(o: SendOptions, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController()
    const end = () => stop.abort()
    o.signal?.addEventListener('abort', end)
    let late: ReturnType<typeof setTimeout> | undefined
    try {
      const within = o.within ?? 10_000
      return await Promise.race([
        run(stop.signal),
        new Promise<never>((_, reject) => {
          late = setTimeout(() => {
            reject(new Problem(0, 'timeout', `no answer within ${within} ms`, ''))
            stop.abort()
          }, within)
        }),
      ])
    } catch (thrown) {
      if (thrown instanceof Problem) throw thrown
      throw new Problem(0, 'unreachable', `${config.endpoint} cannot be reached`, 'check the endpoint, and whether something in between blocks it')
    } finally {
      clearTimeout(late)
      o.signal?.removeEventListener('abort', end)
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
          return (await answer.json()) as T
        } catch {
          if (signal.aborted) throw new Problem(0, 'timeout', 'the answer did not end in time', '')
          throw new Problem(0, 'unexpected_answer', `${path} was answered with something that is no JSON`, 'check the endpoint: another server may answer there')
        }
      }),
    open: (path, o) =>
      limited({ ...o, signal: undefined }, async (late) => {
        const answer = await request('GET', path, undefined, { ...o, signal: o.signal ? AbortSignal.any([o.signal, late]) : late }, false)
        if (!answer.ok) throw await refused(answer)
        return answer
      }),
    claims: async () => {
      await ready()
      return claims
    },
    saw: (p) => {
      if (p) position = p
    },
  }
}
