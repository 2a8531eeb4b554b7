import { safely } from './problem'

/** What a user token says; its signature is the server's business. */
export interface Claims {
  sub?: string
  account?: string
  role?: 'admin' | 'member'
  /** Seconds since 1970. */
  exp?: number
  iat?: number
}

/** Reads the claims of a user token; nothing of one that is none. */
export function claimsOf(token: string): Claims {
  return (
    safely(() => {
      const text = atob((token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/'))
      return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0)))) as Claims
    }) ?? {}
  )
}
