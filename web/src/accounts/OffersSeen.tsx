import { useQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'wouter'
import { accountRequestsQuery, decisionsQuery } from '../api/accounts'
import { moment, relative, sentence, words } from '../lib/format'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { person } from './tabs'
import lists from '../shared/List.module.css'
import classes from './Account.module.css'
import own from './AccountParts.module.css'

const outcomes: Record<string, string> = { seen: 'Seen', clicked: 'Clicked', dismissed: 'Dismissed', requested: 'Asked an admin', accepted: 'Accepted', undone: 'Accepted and taken back' }

/** Every offer that the account was shown or that was kept back, with what became of it. */
export function OffersSeen({ account, now }: { account: string; now: string | undefined }) {
  const [search] = useSearchParams()
  const cursor = search.get('cursor') ?? ''
  const query = useQuery(decisionsQuery(account, { cursor, limit: 20 }))
  return (
    <Panel id="offers" title="Offers seen" of="newest first">
      <Await query={query} waiting={<WaitingRows rows={6} className={lists.row} />}>
        {({ items, next }) =>
          !items?.length ? (
            <p className={classes.none}>
              Nobody of this account was shown an offer. <Link href={`?${new URLSearchParams({ part: 'timeline', kinds: 'use' })}`}>See at which moments more would have helped</Link>
            </p>
          ) : (
            <>
              <div className={classes.scroll} tabIndex={0} role="group" aria-label="Offers seen">
                <table className={`${classes.table} ${own.offers}`}>
                  <thead>
                    <tr>
                      <th scope="col">Offer</th>
                      <th scope="col">Where, to whom</th>
                      <th scope="col">Outcome</th>
                      <th scope="col">Why</th>
                    </tr>
                  </thead>
                  <tbody>
                    {items.map((item) => (
                      <tr key={item.id}>
                        <th scope="row">
                          <Link href={`/offers/decisions/${encodeURIComponent(item.id)}`}>{item.title || words(item.offer)}</Link>
                          <time className={classes.dim} dateTime={item.at} title={moment(item.at)}>
                            {now ? relative(item.at, now) : moment(item.at)}
                          </time>
                        </th>
                        <td>
                          {item.placement}
                          {item.user && (
                            <span className={classes.dim} title={item.user}>
                              {person(item.user)}
                            </span>
                          )}
                        </td>
                        <td>{item.held_out ? 'Kept back, to compare' : item.outcome ? outcomes[item.outcome] ?? words(item.outcome) : 'Shown; nothing was heard since'}</td>
                        <td>{item.why ? sentence(item.why) : '–'}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <p className={own.pager}>
                {cursor && <Link href="?part=offers">To the newest</Link>}
                {next && <Link href={`?${new URLSearchParams({ part: 'offers', cursor: next })}`}>Older</Link>}
              </p>
            </>
          )
        }
      </Await>
    </Panel>
  )
}

const states: Record<string, string> = { open: 'waits for an answer', approved: 'approved', declined: 'declined', expired: 'ran out', superseded: 'came otherwise', undone: 'bought and taken back' }

/** What members asked their admins for. */
export function Requests({ account, now }: { account: string; now: string | undefined }) {
  const query = useQuery(accountRequestsQuery(account))
  return (
    <Panel id="requests" title="Upgrade requests" of="what members asked for">
      <Await query={query} waiting={<WaitingRows rows={2} className={lists.row} />}>
        {({ items }) =>
          !items?.length ? (
            <p className={classes.none}>Nobody has asked for anything.</p>
          ) : (
            <ul>
              {items.map((item) => (
                <li key={item.id} className={classes.item}>
                  <p>
                    <strong>{item.title || words(item.feature || item.offer || 'an upgrade')}</strong>, {states[item.status] ?? words(item.status)}
                    <span className={classes.dim}>
                      {item.name || person(item.user)}
                      {item.reason && `: “${item.reason}”`}
                      {item.answer && `. Answer: “${item.answer}”`}
                    </span>
                  </p>
                  <time className={classes.inline} dateTime={item.at} title={moment(item.at)}>
                    {now ? relative(item.at, now) : moment(item.at)}
                  </time>
                </li>
              ))}
            </ul>
          )
        }
      </Await>
    </Panel>
  )
}
