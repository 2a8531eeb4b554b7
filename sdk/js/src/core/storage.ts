/** What is kept in this tab over a reload; every key holds whose it is. Where the browser keeps nothing, neither does this. */
export interface Keep {
  read(key: string): unknown
  write(key: string, value: unknown): void
  /** Forgets all that begins so. */
  drop(prefix: string): void
}

/** Keeps in sessionStorage, or nowhere. */
export function createKeep(persist: boolean): Keep {
  let area: Storage | undefined
  try {
    area = persist ? globalThis.sessionStorage : undefined
  } catch {
    // the browser lets pages keep nothing
  }
  return {
    read(key) {
      try {
        return JSON.parse(area?.getItem(key) ?? 'null')
      } catch {
        return null
      }
    },
    write(key, value) {
      try {
        if (value === undefined) area?.removeItem(key)
        else area?.setItem(key, JSON.stringify(value))
      } catch {
        // it is full: what stands there is older than what should, and the queue counts once all the same
      }
    },
    drop(prefix) {
      try {
        for (const key of Object.keys(area ?? {})) if (key.startsWith(prefix)) area?.removeItem(key)
      } catch {
        // as above
      }
    },
  }
}

/** A random id; crypto.randomUUID is missing outside of secure contexts. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('')
}
