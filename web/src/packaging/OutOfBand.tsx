import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { definitionsQuery, outOfBandQuery } from '../api/queries'
import { titleOf } from '../lib/entitlement'
import { money, percent } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { bandWords, underpricedFirst } from './band'
import lists from '../shared/List.module.css'
import classes from './Lint.module.css'

/** How many are asked for at once, as many as the API gives. */
export const mostOutOfBand = 500

const rows = 6

/** Accounts that pay too little or too much for what they gain. */
export function OutOfBand() {
  const query = useQuery(outOfBandQuery(mostOutOfBand))
  const catalog = useQuery(definitionsQuery).data
  const metric = (key: string) => titleOf(catalog?.value?.find((each) => each.key === key), key)
  return (
    <Panel id="value" title="Price and value" of="accounts outside the band" action={<Link href="/packaging/value" className={classes.link}>All of them</Link>}>
      <Await query={query} waiting={<WaitingRows rows={3} className={lists.row} />}>
        {({ items }) =>
          items?.length ? (
            <ul className={lists.rows}>
              {underpricedFirst(items).slice(0, rows).map((item) => (
                <li key={`${item.account} ${item.metric} ${item.from}`} className={lists.row}>
                  <div className={lists.line}>
                    <strong className={lists.name}>
                      <AccountLink account={item.account ?? ''} name={item.account_name} />
                    </strong>
                    <span className={lists.tag}>{bandWords(item)}</span>
                    <span className={lists.end}>{item.share === null ? '' : percent(item.share)}</span>
                  </div>
                  <p className={lists.words}>
                    {item.state === 'unused'
                      ? `${money(item.price.amount, item.price.currency, { short: true })} a month, and nothing of ${metric(item.metric)} was gained for it`
                      : `${money(item.price.amount, item.price.currency, { short: true })} a month for ${item.worth ? money(item.worth.amount, item.worth.currency, { short: true }) : 'nothing'} of ${metric(item.metric)}; the band is ${item.band ?? 'not said'}`}
                  </p>
                </li>
              ))}
            </ul>
          ) : (
            <p className={classes.none}>Every price lies within the band of what accounts gain.</p>
          )
        }
      </Await>
    </Panel>
  )
}
