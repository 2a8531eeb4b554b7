// Keeps the page as fresh as the server: each commit there is announced on /v1/changes, and
// whatever is on screen is asked for again. When the stream breaks, every 15 seconds.

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { dataKey } from './queries'

/** Changes that come close together are answered with one refresh. */
const settle = 200
/** A server under constant load still refreshes the page this often at most. */
const longest = 600
const pollEvery = 15_000

export type Liveness = 'connecting' | 'live' | 'polling'

/** Follows the server while `on`, and says how. */
export function useLive(on: boolean): Liveness {
  const client = useQueryClient()
  const [liveness, setLiveness] = useState<Liveness>('connecting')

  useEffect(() => {
    if (!on) return
    let stream: EventSource | undefined
    let waiting: number | undefined
    let first = 0 // when the oldest change not yet answered came in
    let reopen: number | undefined
    let broken = false

    const refresh = () => {
      waiting = undefined
      void client.invalidateQueries({ queryKey: dataKey })
    }
    const changed = () => {
      const now = performance.now()
      if (waiting === undefined) first = now
      clearTimeout(waiting)
      waiting = window.setTimeout(refresh, Math.max(0, Math.min(settle, first + longest - now)))
    }
    const open = () => {
      stream = new EventSource('/v1/changes')
      stream.onopen = () => {
        setLiveness('live')
        if (broken) changed() // what happened in between was not heard
        broken = false
      }
      stream.addEventListener('change', changed)
      stream.onerror = () => {
        broken = true
        setLiveness('polling')
        // The browser tries again by itself unless the answer was an error: then we do.
        if (stream?.readyState === EventSource.CLOSED) {
          clearTimeout(reopen)
          reopen = window.setTimeout(open, 5_000)
        }
      }
    }
    open()
    const poll = window.setInterval(() => broken && refresh(), pollEvery)
    return () => {
      stream?.close()
      clearTimeout(waiting)
      clearTimeout(reopen)
      clearInterval(poll)
    }
  }, [client, on])

  return liveness
}
