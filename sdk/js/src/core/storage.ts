import { safely } from './problem'

/** What is kept in this tab over a reload; every key holds whose it is. Where the browser keeps nothing, neither does this. */
export interface Keep {
  read(key: string): unknown
  write(key: string, value: unknown): void
  /** Forgets all of it, and what elements keep. */
  drop(): void
}

/** Keeps in sessionStorage, or nowhere: the browser may allow neither, or be full, and the queue counts once all the same. */
export function createKeep(persist: boolean): Keep {
  const area = safely(() => (persist ? globalThis.sessionStorage : undefined))
  return {
    read: (key) => safely(() => JSON.parse(area?.getItem(key) ?? 'null')),
    write: (key, value) => safely(() => (value === undefined ? area?.removeItem(key) : area?.setItem(key, JSON.stringify(value)))),
    drop() {
      for (const name of ['sessionStorage', 'localStorage'] as const) {
        safely(() => Object.keys(globalThis[name]).forEach((key) => /^headroom(\||\.bought$|-trial-)/.test(key) && globalThis[name].removeItem(key)))
      }
    },
  }
}

/** A random id; crypto.randomUUID is missing outside of secure contexts. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('-')
}
