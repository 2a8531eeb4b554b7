import { useCallback, useEffect, useRef, useState } from 'react'
import { problemOf, type Problem } from '../api/client'
import type { AnalysisProgress } from '../api/moments'

/** How long until the server is asked again while it runs another analysis. */
const again = 1_000

/** An analysis of the history: what runs, and what the last one said. */
export interface Analysis<T> {
  running: boolean
  /** Another analysis is in the way; this one begins after it. */
  queued: boolean
  progress: AnalysisProgress | undefined
  result: T | undefined
  /** What was asked for the result, so that a later question does not pass for it. */
  of: string
  problem: Problem | undefined
  cancelled: boolean
}

const idle = { running: false, queued: false, progress: undefined, result: undefined, of: '', problem: undefined, cancelled: false }

/** Runs one analysis at a time; the next one, cancelling and leaving the page end it on the server. */
export function useAnalysis<T>() {
  const [analysis, setAnalysis] = useState<Analysis<T>>(idle)
  const running = useRef<AbortController>(undefined)

  useEffect(() => () => running.current?.abort(), [])

  const run = useCallback((of: string, ask: (progress: (at: AnalysisProgress) => void, signal: AbortSignal) => Promise<T>) => {
    running.current?.abort()
    const stop = new AbortController()
    running.current = stop
    const set = (change: Partial<Analysis<T>>) => !stop.signal.aborted && setAnalysis((before) => ({ ...before, ...change }))
    const attempt = async (): Promise<void> => {
      try {
        const result = await ask((progress) => set({ progress, queued: false }), stop.signal)
        set({ running: false, queued: false, progress: undefined, result, of })
      } catch (error) {
        if (stop.signal.aborted) return
        const problem = problemOf(error)
        if (problem.code !== 'analysis_running') return void set({ running: false, queued: false, progress: undefined, problem })
        set({ queued: true })
        setTimeout(() => !stop.signal.aborted && void attempt(), again)
      }
    }
    setAnalysis((before) => ({ ...before, running: true, queued: false, cancelled: false, progress: undefined, problem: undefined }))
    void attempt()
  }, [])

  const cancel = useCallback(() => {
    running.current?.abort()
    setAnalysis((before) => ({ ...before, running: false, queued: false, progress: undefined, cancelled: true }))
  }, [])

  return { analysis, run, cancel }
}
