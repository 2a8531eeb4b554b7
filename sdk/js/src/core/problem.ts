import type { ProblemShape } from './types'

/** Why a call was refused, or that nobody answered: `code` is stable, `mend` says what to do about it. */
export class Problem extends Error implements ProblemShape {
  declare readonly status: number
  declare readonly code: string
  declare readonly detail: string
  declare readonly mend: string
  /** Milliseconds after which it may be tried again, where the server said so. */
  declare readonly after: number | undefined

  constructor(status: number, code: string, detail: string, mend = '', after?: number) {
    super(`headroom: ${detail}${mend && ': ' + mend}`)
    Object.assign(this, { name: 'Problem', status, code, detail, mend, after })
  }
}

/** Something else than the server's answers. */
export const odd = (what: string) => new Problem(0, 'unexpected_answer', `${what} was answered with something else`, 'check the endpoint')

/** What something answers; undefined where it throws. */
export function safely<T>(f: () => T): T | undefined {
  try {
    return f()
  } catch {
    return undefined
  }
}

/** Hears an event, where there is something that has it; returns what ends it. */
export function on(target: EventTarget | undefined, type: string, listener: () => void): () => void {
  target?.addEventListener(type, listener)
  return () => target?.removeEventListener(type, listener)
}

/** The promise, or a Problem when it takes longer; what comes later is nobody's. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout>
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Problem(0, 'timeout', `no answer within ${ms} ms`)), ms)))
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Says whether the same call may be answered later: nobody answered, or the server is busy or not well. */
export function passing(p: Problem): boolean {
  return p.status === 0 || p.status === 408 || p.status === 429 || p.status >= 500
}

/** What is wrong, as a Problem, whatever was thrown. */
export function problemOf(thrown: unknown): Problem {
  return thrown instanceof Problem ? thrown : new Problem(0, 'failed', String((thrown as Error)?.message ?? thrown))
}
