import { Button, Skeleton } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { problemOf } from '../api/client'
import { ProblemWords } from './ProblemWords'
import classes from './Panel.module.css'

interface PanelProps {
  id: string
  title: string
  /** What the figures are of: "now", or the month. */
  of?: string
  className?: string | undefined
  action?: ReactNode
  children: ReactNode
}

/** One titled part of the page, a landmark by its heading. */
export function Panel({ id, title, of, className, action, children }: PanelProps) {
  return (
    <section aria-labelledby={`${id}-title`} className={[classes.panel, className].filter(Boolean).join(' ')}>
      <div className={classes.head}>
        <h2 id={`${id}-title`}>{title}</h2>
        {of && <span className={classes.of}>{of}</span>}
        {action && <div className={classes.action}>{action}</div>}
      </div>
      {children}
    </section>
  )
}

interface AwaitProps<T> {
  query: UseQueryResult<T>
  /** Drawn while the first answer is on its way; it must be as large as what comes. */
  waiting: ReactNode
  children: (data: T) => ReactNode
}

/** The states of a question to the server: waiting, failed, answered, answered but old. */
export function Await<T>({ query, waiting, children }: AwaitProps<T>) {
  if (query.data !== undefined) {
    return (
      <>
        {children(query.data)}
        {query.isError && <Failed error={query.error} retry={() => void query.refetch()} busy={query.isFetching} old />}
      </>
    )
  }
  if (query.isError) return <Failed error={query.error} retry={() => void query.refetch()} busy={query.isFetching} />
  return (
    <div aria-busy="true">
      <span className="hidden">Loading</span>
      {waiting}
    </div>
  )
}

interface FailedProps {
  error: Error
  retry: () => void
  busy: boolean
  /** What is shown came before this failure. */
  old?: boolean
}

function Failed({ error, retry, busy, old = false }: FailedProps) {
  const problem = problemOf(error)
  return (
    <div role="alert" className={old ? classes.old : classes.failed}>
      <p>
        <ProblemWords problem={problem} />
        {old && ' What is shown is from before.'}
      </p>
      <Button size="xs" variant="default" onClick={retry} loading={busy}>
        Try again
      </Button>
    </div>
  )
}

/** As many rows as the list will show at most. */
export function WaitingRows({ rows, className }: { rows: number; className?: string | undefined }) {
  return (
    <ul aria-hidden="true">
      {Array.from({ length: rows }, (_, row) => (
        <li key={row} className={className}>
          <Skeleton height={14} width="45%" />
          <Skeleton height={12} width="80%" mt={10} />
        </li>
      ))}
    </ul>
  )
}
