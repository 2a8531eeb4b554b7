// The one way the console talks to the server.

import type { ProblemDocument } from './types'

/** What went wrong, in words safe to show, and what mends it. Status 0: no answer came. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly mend: string
  /** The places it is about, such as plans.pro. */
  readonly places: string[]

  constructor(status: number, document: ProblemDocument) {
    const fields = (document.errors ?? []).map((field) => field.message).filter(Boolean)
    super(document.detail || document.title || fields.join('; ') || `The server answered with status ${status}.`)
    this.status = status
    this.code = document.code ?? ''
    this.mend = document.mend ?? ''
    this.places = (document.errors ?? []).map((field) => field.path ?? '').filter(Boolean)
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem(0, { detail: error instanceof Error ? error.message : 'Something went wrong in the console.' })
}

/** A body that is sent as it is, instead of as JSON. */
export interface Raw {
  type: string
  text: string
}

interface Sending {
  body?: unknown
  raw?: Raw
  /** The version that is meant to be changed: the call is refused when another one is there. */
  ifMatch?: string
  accept?: string
  signal?: AbortSignal | undefined
}

async function send(method: string, path: string, { body, raw, ifMatch, accept = 'application/json', signal }: Sending = {}): Promise<Response> {
  const headers = new Headers({ Accept: accept })
  // Another site cannot send this header without being asked first: what changes something
  // is refused without it.
  if (method !== 'GET') headers.set('Headroom-Console', '1')
  if (body !== undefined) headers.set('Content-Type', 'application/json')
  if (raw) headers.set('Content-Type', raw.type)
  if (ifMatch) headers.set('If-Match', `"${ifMatch}"`)
  const content = raw ? raw.text : body === undefined ? undefined : JSON.stringify(body)
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      ...(content === undefined ? {} : { body: content }),
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Problem(0, {
      detail: 'The server does not answer.',
      mend: 'Check that headroom serve is running and can be reached from here.',
    })
  }
  if (!response.ok) throw new Problem(response.status, await problemDocument(response))
  return response
}

async function problemDocument(response: Response): Promise<ProblemDocument> {
  try {
    const document: unknown = await response.json()
    if (document && typeof document === 'object') return document
  } catch {
    // Not from the API: a proxy in between, most likely. The status has to do.
  }
  return {}
}

export type Query = Record<string, string | number | boolean | undefined>

/** path with the parts of the query that are there. */
function address(path: string, query: Query): string {
  const search = new URLSearchParams(Object.entries(query).flatMap(([key, value]) => (value === undefined || value === '' ? [] : [[key, String(value)]])))
  return search.size > 0 ? `${path}?${search}` : path
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return (await (await send('GET', address(path, query), { signal })).json()) as T
}

/** What is not JSON: the catalog's text. */
export async function getText(path: string, query: Query = {}, signal?: AbortSignal): Promise<string> {
  return (await send('GET', address(path, query), { signal })).text()
}

export async function post<T = void>(path: string, body: unknown, query: Query = {}, method: 'POST' | 'PUT' | 'PATCH' = 'POST', signal?: AbortSignal): Promise<T> {
  return answered<T>(await send(method, address(path, query), { body, signal }))
}

export async function put<T>(path: string, raw: Raw, query: Query = {}, ifMatch = ''): Promise<T> {
  return answered<T>(await send('PUT', address(path, query), { raw, ifMatch }))
}

export async function remove<T = void>(path: string): Promise<T> {
  return answered<T>(await send('DELETE', path))
}

async function answered<T>(response: Response): Promise<T> {
  const text = await response.text() // a 204 has none
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** Asks for an answer of server-sent events; each goes to heard with its name as it comes. Returns when the answer ends. */
export async function listen(method: 'GET' | 'POST', path: string, { query = {}, body }: { query?: Query; body?: unknown }, heard: (name: string, data: string) => void, signal: AbortSignal): Promise<void> {
  const response = await send(method, address(path, query), { accept: 'text/event-stream', signal, ...(body === undefined ? {} : { body }) })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const part = await reader?.read()
    if (!part || part.done) return
    const events = (rest + part.value).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const line = (name: string) => event.split('\n').find((each) => each.startsWith(`${name}: `))?.slice(name.length + 2)
      heard(line('event') ?? 'message', line('data') ?? '')
    }
  }
}
