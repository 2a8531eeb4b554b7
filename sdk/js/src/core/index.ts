import { createHeadroom } from './client'
import type { Headroom } from './types'

export { createHeadroom } from './client'
export { Problem } from './problem'
export type * from './types'

/** The one instance that a page needs: elements and hooks use it unless they are given another. */
export const headroom: Headroom = createHeadroom()
