import type { Problem } from '../api/client'
import { sentence } from '../lib/format'

/** What went wrong, then what mends it: two sentences, whatever the server ends them with. */
export function ProblemWords({ problem }: { problem: Pick<Problem, 'message' | 'mend'> }) {
  return (
    <>
      <strong>{sentence(problem.message)}</strong> {sentence(problem.mend)}
    </>
  )
}
