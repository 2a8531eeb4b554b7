import { Link } from 'wouter'
import { accountHref } from '../accounts/address'
import classes from './AccountLink.module.css'

/** An account by its name, which opens its page. */
export function AccountLink({ account, name }: { account: string; name?: string | undefined }) {
  return (
    <Link href={accountHref(account)} className={classes.account}>
      {name || account}
    </Link>
  )
}
