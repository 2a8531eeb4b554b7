import { Link, useLocation } from 'wouter'
import classes from './Parts.module.css'

/** The pages below one of the navigation, under its title. */
export function Parts({ of, parts }: { of: string; parts: readonly (readonly [path: string, title: string])[] }) {
  const [location] = useLocation()
  return (
    <nav aria-label={of} className={classes.parts}>
      <ul>
        {parts.map(([path, title]) => (
          <li key={path}>
            <Link href={path} aria-current={location === path ? 'page' : undefined}>
              {title}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
