import { Button } from '@mantine/core'
import { share } from '../lib/format'
import { ProblemWords } from '../shared/ProblemWords'
import type { Analysis } from './useAnalysis'
import classes from './Analysis.module.css'

interface AnalysisStateProps<T> {
  analysis: Analysis<T>
  cancel: () => void
  run: () => void
  /** What is said where nothing runs. */
  calm: string
}

/** What an analysis is doing, always in one line of the same height: running with how far it is, over, or failed. */
export function AnalysisState<T>({ analysis, cancel, run, calm }: AnalysisStateProps<T>) {
  const { running, queued, progress, problem, cancelled } = analysis
  return (
    <div className={classes.state}>
      {running ? (
        <>
          <progress aria-label="How much of the history is done" {...(progress ? { value: progress.done, max: progress.total } : {})} />
          <span role="status">{queued ? 'Another analysis runs; this one is next' : 'Running over the history; this can take a minute'}</span>
          {progress && <span className={classes.far}>{share(progress.done, progress.total)}</span>}
          <Button size="compact-xs" variant="default" onClick={cancel}>
            Cancel
          </Button>
        </>
      ) : problem ? (
        <p role="alert" className={classes.wrong}>
          <ProblemWords problem={problem} />{' '}
          <Button size="compact-xs" variant="default" onClick={run}>
            Try again
          </Button>
        </p>
      ) : (
        <>
          <span role="status">{cancelled ? 'Cancelled.' : calm}</span>
          {cancelled && (
            <Button size="compact-xs" variant="default" onClick={run}>
              Run it
            </Button>
          )}
        </>
      )}
    </div>
  )
}
