import type { ReactNode } from 'react'
import { PageHead } from '../shared/PageHead'
import { Parts } from '../shared/Parts'
import classes from './Moments.module.css'

const parts: [path: string, title: string][] = [
  ['/moments', 'Feed'],
  ['/moments/rules', 'Rules'],
  ['/moments/registry', 'Registry'],
  ['/moments/coverage', 'Coverage'],
  ['/moments/missed', 'Missed'],
  ['/moments/precursors', 'Precursors'],
]

interface MomentsPageProps {
  title: string
  question: string
  above?: { title: string; path: string }
  children: ReactNode
}

/** The frame of the pages under Moments: title, question, and the way to the others. */
export function MomentsPage({ title, question, above, children }: MomentsPageProps) {
  return (
    <div className={classes.page}>
      <PageHead title={title} question={question} {...(above ? { above } : {})} />
      <Parts of="Moments" parts={parts} />
      {children}
    </div>
  )
}
