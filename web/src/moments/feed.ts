// The feed: signals of several lists brought into one by time, each list asked for only as far
// as it is needed.

import type { FiredSignal } from '../api/moments'
import type { Page } from '../api/types'

/** What is asked of the feed; '' is all. */
export interface FeedAsked {
  type: string
  rule: string
  account: string
}

/** One list of the server: what of it came and is not shown yet, and where it goes on. */
export interface Stream {
  key?: string
  account?: string
  rest: FiredSignal[]
  cursor?: string | undefined
  done: boolean
}

/**
 * The lists to ask. The server knows signals by rule and by account, so a type is all rules of it,
 * and of an account what has another rule or type is left out here.
 */
export function streamsFor(asked: FeedAsked, rules: { key: string; type?: string }[]): Stream[] {
  const stream = (of: { key?: string; account?: string }): Stream => ({ ...of, rest: [], done: false })
  if (asked.account) return [stream({ account: asked.account })]
  if (asked.rule) return [stream({ key: asked.rule })]
  if (asked.type) return rules.filter((rule) => rule.type === asked.type).map((rule) => stream({ key: rule.key }))
  return [stream({})]
}

const newer = (a: FiredSignal, b: FiredSignal) => (a.at === b.at ? (a.id < b.id ? 1 : -1) : a.at < b.at ? 1 : -1)

export const meets = (asked: FeedAsked, signal: FiredSignal): boolean => (!asked.rule || signal.key === asked.rule) && (!asked.type || signal.type === asked.type)

/** The next n signals of the streams, newest first, and the streams after them. Nothing given is changed. */
export async function nextOf(streams: Stream[], asked: FeedAsked, n: number, load: (stream: Stream) => Promise<Page<FiredSignal>>): Promise<{ items: FiredSignal[]; streams: Stream[] }> {
  const now = streams.map((stream) => ({ ...stream, rest: [...stream.rest] }))
  const items: FiredSignal[] = []
  while (items.length < n) {
    await Promise.all(
      now.map(async (stream) => {
        while (stream.rest.length === 0 && !stream.done) {
          const page = await load(stream)
          stream.rest = (page.items ?? []).filter((signal) => meets(asked, signal))
          stream.cursor = page.next
          stream.done = !page.next
        }
      }),
    )
    const first = now.filter((stream) => stream.rest.length > 0).toSorted((a, b) => newer(a.rest[0] as FiredSignal, b.rest[0] as FiredSignal))[0]
    if (!first) break
    items.push(first.rest.shift() as FiredSignal)
  }
  return { items, streams: now }
}

/** Whether anything can come after. */
export const goesOn = (streams: Stream[]): boolean => streams.some((stream) => stream.rest.length > 0 || !stream.done)

/** How many of the newest came after what is read. */
export function newSince(newest: FiredSignal[], read: FiredSignal[]): number {
  const known = new Set(read.map((signal) => signal.id))
  const first = read[0]
  return newest.filter((signal) => !known.has(signal.id) && (!first || newer(signal, first) < 0)).length
}
