import { afterEach, describe, expect, test, vi } from 'vitest'
import { analyse } from '../api/moments'

/** What the server sends, in pieces that end where they like. */
function answers(status: number, type: string, ...pieces: string[]) {
  const asked: { path: string; headers: Headers; signal: AbortSignal | null | undefined }[] = []
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    asked.push({ path, headers: new Headers(init.headers), signal: init.signal })
    const body = new ReadableStream({
      start(stream) {
        for (const piece of pieces) stream.enqueue(new TextEncoder().encode(piece))
        stream.close()
      },
    })
    return Promise.resolve(new Response(body, { status, headers: { 'Content-Type': type } }))
  })
  return asked
}

afterEach(() => vi.unstubAllGlobals())

describe('an analysis of the history', () => {
  const run = async (progress: (at: unknown) => void = () => undefined) => analyse('POST', '/v1/signals/backtest', { body: {} }, progress, new AbortController().signal)

  test('tells how far it is, and then its result, wherever the pieces end', async () => {
    const asked = answers(200, 'text/event-stream', 'event: progress\ndata: {"done":1,"to', 'tal":4}\n\nevent: progress\ndata: {"done":4,"total":4}\n', '\nevent: result\ndata: {"rules":[{"key":"ü"}]}\n\n')
    const heard: unknown[] = []
    expect(await run((at) => heard.push(at))).toEqual({ rules: [{ key: 'ü' }] })
    expect(heard).toEqual([{ done: 1, total: 4 }, { done: 4, total: 4 }])
    expect(asked[0]?.headers.get('Accept')).toBe('text/event-stream')
    expect(asked[0]?.headers.get('Headroom-Console')).toBe('1')
  })

  test('says what the server says when it is refused, breaks off or ends early', async () => {
    answers(503, 'application/problem+json', '{"code":"analysis_running","detail":"another analysis runs","mend":"wait"}')
    await expect(run()).rejects.toMatchObject({ code: 'analysis_running', mend: 'wait' })
    answers(200, 'text/event-stream', 'event: error\ndata: {"code":"analysis_too_long","detail":"it was given up","mend":"run it elsewhere"}\n\n')
    await expect(run()).rejects.toMatchObject({ code: 'analysis_too_long', message: 'it was given up' })
    answers(200, 'text/event-stream', 'event: progress\ndata: {"done":1,"total":4}\n\n')
    await expect(run()).rejects.toMatchObject({ message: 'The analysis broke off before its result came.' })
  })
})
