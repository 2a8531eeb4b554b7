import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { PageHead } from '../shared/PageHead'
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
  const [location] = useLocation()
  return (
    <div className={classes.page}>
      <PageHead title={title} question={question} {...(above ? { above } : {})} />
      <nav aria-label="Moments" className={classes.parts}>
        <ul>
          {parts.map(([path, words]) => (
            <li key={path}>
              <Link href={path} aria-current={location === path ? 'page' : undefined}>
                {words}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {children}
    </div>
  )
}
