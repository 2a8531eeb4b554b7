// The parts of an element that are loaded later may do what the element itself may.
import type { Snapshot } from '../core/types'
import type { Trouble } from './base'

/** What an element keeps for itself and its parts. */
export interface Insides {
  readonly known: Snapshot
  answer<T>(question: string, key: string, ask: () => Promise<T>): T | undefined
  forget(question: string): void
  trouble(trouble: Trouble | undefined): HTMLElement
}
