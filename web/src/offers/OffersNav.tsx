import { Parts } from '../shared/Parts'
import classes from './Offers.module.css'

const parts = [
  ['/offers', 'All offers'],
  ['/offers/funnel', 'Funnel'],
  ['/offers/contact', 'Contact policy'],
  ['/offers/requests', 'Requests'],
] as const

/** The pages under Offers. */
export const OffersNav = () => <Parts of="Offers" parts={parts} />

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
