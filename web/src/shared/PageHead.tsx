import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { useLive } from '../api/live'
import classes from './PageHead.module.css'

interface PageHeadProps {
  title: string
  /** What the page answers. */
  question: ReactNode
  /** The page above this one. */
  above?: { title: string; path: string }
  children?: ReactNode
}

/** Title, question and tools of a page; whoever shows it follows the server's changes. */
export function PageHead({ title, question, above, children }: PageHeadProps) {
  useLive(true)
  return (
    <div className={classes.head}>
      <div className={classes.title}>
        {above && (
          <Link href={above.path} className={classes.above}>
            <span aria-hidden="true">← </span>
            {above.title}
          </Link>
        )}
        <h1>{title}</h1>
        <p>{question}</p>
      </div>
      {children && <div className={classes.tools}>{children}</div>}
    </div>
  )
}
