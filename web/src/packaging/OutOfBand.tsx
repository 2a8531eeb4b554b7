import { useQuery } from '@tanstack/react-query'
import { outOfBandQuery } from '../api/queries'
import { money, percent, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import lists from '../shared/List.module.css'
import classes from './Lint.module.css'

const rows = 6

/** Accounts that pay too little or too much for what they gain. */
export function OutOfBand() {
  const query = useQuery(outOfBandQuery(rows))
  return (
    <Panel id="value" title="Price and value" of="accounts outside the band">
      <Await query={query} waiting={<WaitingRows rows={3} className={lists.row} />}>
        {({ items }) =>
          items?.length ? (
            <ul className={lists.rows}>
              {items.map((item) => (
                <li key={`${item.account} ${item.metric} ${item.from}`} className={lists.row}>
                  <div className={lists.line}>
                    <strong className={lists.name}>
                      <AccountLink account={item.account ?? ''} name={item.account_name} />
                    </strong>
                    <span className={lists.tag}>{item.state === 'above' ? 'pays too much' : 'pays too little'}</span>
                    <span className={lists.end}>{item.share === null ? '' : percent(item.share)}</span>
                  </div>
                  <p className={lists.words}>
                    {money(item.price.amount, item.price.currency, { short: true })} a month for {item.worth ? money(item.worth.amount, item.worth.currency, { short: true }) : 'nothing'} of{' '}
                    {words(item.metric).toLowerCase()}; the band is {item.band}
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
