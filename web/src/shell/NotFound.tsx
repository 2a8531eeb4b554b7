import { Link } from 'wouter'
import classes from './Shell.module.css'

export function NotFound() {
  return (
    <div className={classes.notFound}>
      <h1>No such page</h1>
      <p>
        The console has nothing at this address. <Link href="/">Go to Today</Link>
      </p>
    </div>
  )
}
