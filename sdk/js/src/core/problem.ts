import type { ProblemShape } from './types'

/** Why a call was refused, or that nobody answered: `code` is stable, `mend` says what to do about it. */
export class Problem extends Error implements ProblemShape {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly mend: string
  /** Milliseconds after which it may be tried again, where the server said so. */
  readonly after: number | undefined

  constructor(status: number, code: string, detail: string, mend: string, after?: number) {
    super(`headroom: ${detail}${mend && ': ' + mend}`)
    this.name = 'Problem'
    this.status = status
    this.code = code
    this.detail = detail
    this.mend = mend
    this.after = after
  }
}

/** Says whether the same call may be answered later: nobody answered, or the server is busy or not well. */
export function passing(p: Problem): boolean {
  return p.status === 0 || p.status === 408 || p.status === 429 || p.status >= 500
}

/** What is wrong, as a Problem, whatever was thrown. */
export function problemOf(thrown: unknown): Problem {
  return thrown instanceof Problem ? thrown : new Problem(0, 'failed', String((thrown as Error)?.message ?? thrown), '')
}
