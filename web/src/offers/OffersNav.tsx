import { Link, useLocation } from 'wouter'
import classes from './Offers.module.css'

const parts = [
  ['/offers', 'All offers'],
  ['/offers/funnel', 'Funnel'],
  ['/offers/contact', 'Contact policy'],
  ['/offers/requests', 'Requests'],
] as const

/** The pages under Offers. */
export function OffersNav() {
  const [location] = useLocation()
  return (
    <nav aria-label="Offers" className={classes.nav}>
      {parts.map(([path, title]) => (
        <Link key={path} href={path} aria-current={location === path ? 'page' : undefined}>
          {title}
        </Link>
      ))}
    </nav>
  )
}

interface SelectProps {
  label: string
  value: string
  set: (value: string) => void
  options: (readonly [value: string, words: string])[]
}

/** A filter in a row of them. */
export function Filter({ label, value, set, options }: SelectProps) {
  const all = options.some(([option]) => option === value) ? options : [...options, [value, value] as const]
  return (
    <label className={classes.pick}>
      {label}{' '}
      <select value={value} onChange={(event) => set(event.currentTarget.value)}>
        {all.map(([option, words]) => (
          <option key={option} value={option}>
            {words}
          </option>
        ))}
      </select>
    </label>
  )
}
