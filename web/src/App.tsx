import { useQuery } from '@tanstack/react-query'
import { Route, Switch } from 'wouter'
import { sessionQuery } from './api/queries'
import { NotFound } from './shell/NotFound'
import { pages } from './shell/pages'
import { Shell } from './shell/Shell'
import { SignIn } from './sign-in/SignIn'

/** Signing in comes first and keeps the address, so that a link sent to a colleague opens. */
export function App() {
  const session = useQuery(sessionQuery)
  if (session.isPending) return null // a moment without anything beats a flash of the wrong page
  if (!session.data?.signed_in) return <SignIn unreachable={session.error} />
  return (
    <Shell session={session.data}>
      <Switch>
        {pages.flatMap(({ routes }) => routes.map(({ path, Page }) => <Route key={path} path={path} component={Page} />))}
        <Route component={NotFound} />
      </Switch>
    </Shell>
  )
}
