// The one way the console talks to the server.

import type { ProblemDocument } from './types'

/** What went wrong, in words safe to show, and what mends it. Status 0: no answer came. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly mend: string

  constructor(status: number, document: ProblemDocument) {
    const fields = (document.errors ?? []).map((field) => field.message).filter(Boolean)
    super(document.detail || document.title || fields.join('; ') || `The server answered with status ${status}.`)
    this.status = status
    this.code = document.code ?? ''
    this.mend = document.mend ?? ''
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem(0, { detail: error instanceof Error ? error.message : 'Something went wrong in the console.' })
}

async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers = new Headers({ Accept: 'application/json' })
  // Another site cannot send this header without being asked first: what changes something
  // is refused without it.
  if (method !== 'GET') headers.set('Headroom-Console', '1')
  if (body !== undefined) headers.set('Content-Type', 'application/json')
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
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

export async function get<T>(path: string, query: Record<string, string | number> = {}, signal?: AbortSignal): Promise<T> {
  const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]))
  const address = search.size > 0 ? `${path}?${search}` : path
  return (await (await send('GET', address, undefined, signal)).json()) as T
}

export async function post(path: string, body: unknown): Promise<void> {
  await send('POST', path, body)
}

export async function remove(path: string): Promise<void> {
  await send('DELETE', path)
}
