import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Suspense, useEffect, type ReactNode } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import { remove } from '../api/client'
import { sessionQuery } from '../api/queries'
import type { Session } from '../api/types'
import { Search } from '../search/Search'
import { Mark } from './Mark'
import { Broken } from './Broken'
import { pageAt, pages } from './pages'
import { SchemeToggle } from './SchemeToggle'
import classes from './Shell.module.css'

/** The frame of every page: skip link, navigation, who is signed in, the page itself. */
export function Shell({ session, children }: { session: Session; children: ReactNode }) {
  const [location] = useLocation()
  const [search] = useSearchParams()
  const here = pageAt(location)
  useEffect(() => {
    document.title = [here?.title ?? 'No such page', session.company, 'Headroom'].filter(Boolean).join(' · ')
  }, [here, session.company])

  // The period belongs to the whole console: going to another page keeps it.
  const month = search.get('month')
  const keep = month ? `?month=${month}` : ''

  return (
    <div className={classes.shell}>
      <a href="#page" className={classes.skip}>
        Skip to the page
      </a>
      <header className={classes.side}>
        <div className={classes.brand}>
          <Mark />
          <span className={classes.product}>Headroom</span>
          {session.demo && <span className={classes.demo}>Demo</span>}
        </div>
        <nav aria-label="Pages" className={classes.nav}>
          <ul>
            {pages.map((page) => (
              <li key={page.path}>
                <Link href={page.path + keep} className={classes.link} aria-current={page === here ? 'page' : undefined}>
                  {page.title}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className={classes.foot}>
          <Search pages={pages} />
          <div className={classes.who}>
            {session.company && <strong>{session.company}</strong>}
            {session.name && <span>{session.name}</span>}
          </div>
          <SchemeToggle />
          {!session.demo && <SignOut />}
        </div>
      </header>
      <main id="page" tabIndex={-1} className={classes.page}>
        <Broken key={location}>
          <Suspense>{children}</Suspense>
        </Broken>
      </main>
    </div>
  )
}

function SignOut() {
  const client = useQueryClient()
  const out = useMutation({
    mutationFn: () => remove('/v1/session'),
    onSuccess: () => {
      client.clear() // nothing of the company stays in memory
      client.setQueryData<Session>(sessionQuery.queryKey, { signed_in: false })
    },
  })
  return (
    <>
      <button type="button" className={classes.tool} onClick={() => out.mutate()} disabled={out.isPending} title="Sign out">
        <svg width="18" height="18" viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
          <path d="M8 3.500H4.500v13H8M12.500 6.500 16 10l-3.500 3.500M16 10H8" />
        </svg>
        <span className={classes.toolWords}>Sign out</span>
        <span className="hidden">of the console</span>
      </button>
      {out.isError && (
        <span role="alert" className={classes.alert}>
          Not signed out: {out.error.message}
        </span>
      )}
    </>
  )
}
