import type { Headroom, ProblemShape, Snapshot } from '@headroomhq/js'
import { pending, unreachable, type Answer } from './answer'

/** A kind of question that is put to the server once for all who show its answer. */
export interface Question<T> {
  ask: () => Promise<T>
  /** Why an answer is none, if it is none. */
  problem: (answer: T) => ProblemShape | undefined
}

/**
 * The questions that are open on one client. Strict mode mounts everything twice, several components ask the same, and a
 * render may be thrown away: so a question is put when the first component subscribes, shared by key, and forgotten a
 * moment after the last one has gone. It is put again when the person changes, or the client says that offers may have.
 */
export class Questions<T> {
  readonly #client: Headroom
  readonly #open = new Map<string, Open<T>>()

  constructor(client: Headroom) {
    this.#client = client
  }

  /** What is known of a question now. */
  read(key: string): Answer<T> {
    return this.#open.get(key)?.answer ?? pending
  }

  /** Puts a question unless it is open, and tells the listener when its answer changes. Returns what ends that. */
  subscribe(key: string, question: Question<T>, listener: () => void): () => void {
    let open = this.#open.get(key)
    if (!open) this.#open.set(key, (open = new Open(this.#client, question)))
    const asked = open
    asked.listeners.add(listener)
    return () => {
      asked.listeners.delete(listener)
      queueMicrotask(() => {
        if (asked.listeners.size > 0 || this.#open.get(key) !== asked) return
        this.#open.delete(key)
        asked.end()
      })
    }
  }

  /** Replaces an answer by what has become of it. */
  put(key: string, data: T): void {
    this.#open.get(key)?.put(data)
  }
}

/** A question that somebody shows the answer of. */
class Open<T> {
  readonly listeners = new Set<() => void>()
  answer: Answer<T> = pending
  readonly #question: Question<T>
  readonly #unsubscribe: () => void
  #person: string
  #revision: number
  // Of the answer that counts: what was asked for somebody else, or before, comes too late.
  #turn = 0
  #asking = false
  // Before anybody is known a question waits in the client, and is answered for whom it then learns of.
  #waiting: boolean
  // Offers may have changed since the question that is open was put.
  #again = false

  constructor(client: Headroom, question: Question<T>) {
    this.#question = question
    const snapshot = client.snapshot()
    this.#person = person(snapshot)
    this.#revision = snapshot.revision
    this.#waiting = this.#person === ''
    this.#unsubscribe = client.subscribe((s) => this.#heard(s))
    void this.#ask()
  }

  end(): void {
    this.#turn++
    this.#unsubscribe()
  }

  put(data: T): void {
    this.#turn++
    this.#asking = false
    this.#show({ data, isPending: false, error: undefined, isStale: false })
  }

  #heard(snapshot: Snapshot): void {
    const now = person(snapshot)
    const changed = this.#person !== now
    const revised = this.#revision !== snapshot.revision
    this.#person = now
    this.#revision = snapshot.revision
    if (this.#waiting) {
      // What the client has kept of the person it tells in the same breath: the question is put after that.
      if (changed) queueMicrotask(() => (this.#waiting = this.#person === ''))
      if (this.#asking) return
    }
    if (changed) {
      this.#waiting ||= now === ''
      this.#show(pending)
    }
    if (changed || (revised && !this.#asking)) void this.#ask()
    else if (revised) this.#again = true
  }

  async #ask(): Promise<void> {
    const turn = ++this.#turn
    this.#asking = true
    this.#again = false
    let next: Answer<T>
    try {
      const data = await this.#question.ask()
      const error = this.#question.problem(data)
      next = { data, isPending: false, error, isStale: false }
    } catch (cause) {
      next = { data: undefined, isPending: false, error: { ...unreachable, detail: String(cause) }, isStale: false }
    }
    if (turn !== this.#turn) return
    this.#asking = false
    if (this.#again) void this.#ask()
    else this.#show(next)
  }

  #show(answer: Answer<T>): void {
    this.answer = Object.freeze(answer)
    for (const listener of [...this.listeners]) listener()
  }
}

function person(s: Snapshot): string {
  return s.account === '' && s.user === '' ? '' : JSON.stringify([s.account, s.user, s.language])
}
