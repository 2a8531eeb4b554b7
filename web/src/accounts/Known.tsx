import { useQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'wouter'
import { childrenQuery, contactsQuery, factsQuery } from '../api/accounts'
import { accountPath } from '../api/queries'
import { count, moment, money, relative, sentence, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { Empty } from '../shared/Empty'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { person } from './tabs'
import lists from '../shared/List.module.css'
import classes from './Account.module.css'
import own from './AccountParts.module.css'

const told = (account: string) => `curl -X PUT ${window.location.origin}${accountPath(account)}/facts/incident \\
  -H "Authorization: Bearer $HEADROOM_SECRET_KEY" \\
  -H 'Content-Type: application/json' -d '{"value":true,"ref":"INC-7"}'`

/** What other systems said of the account. */
export function Facts({ account }: { account: string }) {
  const query = useQuery(factsQuery(account))
  return (
    <Panel id="facts" title="Facts from elsewhere" of="what support, sales and billing said">
      <Await query={query} waiting={<WaitingRows rows={2} className={lists.row} />}>
        {({ items }) =>
          !items?.length ? (
            <Empty title="Nothing was said" snippet={told(account)}>
              An open incident, a mute or a talk keeps offers away while it holds. Say so from the tool that knows:
            </Empty>
          ) : (
            <ul>
              {items.map((fact) => (
                <li key={`${fact.name} ${fact.ref ?? ''}`} className={classes.item}>
                  <p>
                    <strong>{words(fact.name)}</strong>
                    {fact.value !== true && `: ${String(fact.value)}`}
                    {fact.ref && ` ${fact.ref}`}
                    <span className={classes.dim}>
                      {fact.holds ? 'holds' : 'is over'}, said {moment(fact.at)}
                      {fact.until && `, until ${moment(fact.until)}`}
                      {fact.note && `. ${sentence(fact.note)}`}
                    </span>
                  </p>
                </li>
              ))}
            </ul>
          )
        }
      </Await>
    </Panel>
  )
}

const channels: Record<string, string> = { in_product: 'in the product', interruption: 'interruptions', email: 'by email', people: 'by people' }
const scopes: Record<string, string> = { person: 'a person', account: 'the account', family: 'the family' }

/** How often the account may be asked, what of that is left, and what keeps offers away now. */
export function Contacts({ account, now }: { account: string; now: string | undefined }) {
  const [search] = useSearchParams()
  const cursor = search.get('cursor') ?? ''
  const query = useQuery(contactsQuery(account, { cursor, limit: 20 }))
  return (
    <Panel id="contacts" title="Contacts" of="over all channels">
      <Await query={query} waiting={<WaitingRows rows={4} className={lists.row} />}>
        {({ items, budgets, quiet, held_out: heldOut, next }) => (
          <>
            <p className={classes.none}>
              {quiet?.length ? quiet.map((rule) => `${sentence(rule.reason)}${rule.until ? ` Until ${moment(rule.until)}.` : ''}`).join(' ') : 'Nothing keeps offers away now.'}
              {heldOut && ' The account is held out: offers are kept back to measure what they earn.'}
            </p>
            <ul>
              {budgets?.map((budget) => (
                <li key={`${budget.scope} ${budget.channel} ${budget.per}`} className={classes.item}>
                  <p>
                    <strong>
                      {count(budget.left)} of {count(budget.at_most)} left
                    </strong>{' '}
                    {channels[budget.channel] ?? words(budget.channel)} for {scopes[budget.scope] ?? budget.scope} in {budget.per}
                    {budget.left <= 0 && budget.frees_at && <span className={classes.dim}>one is free {now ? relative(budget.frees_at, now) : moment(budget.frees_at)}</span>}
                  </p>
                </li>
              ))}
              {items?.map((contact) => (
                <li key={contact.id} className={classes.item}>
                  <p>
                    {sentence(`Contacted ${channels[contact.channel] ?? words(contact.channel)}${contact.about ? ` about ${contact.about}` : ''}`)}
                    <span className={classes.dim}>
                      {person(contact.user)}
                      {contact.released_at && ' given back'}
                    </span>
                  </p>
                  <time className={classes.inline} dateTime={contact.at} title={moment(contact.at)}>
                    {now ? relative(contact.at, now) : moment(contact.at)}
                  </time>
                </li>
              ))}
            </ul>
            <p className={own.pager}>
              {cursor && <Link href="?part=known">To the newest</Link>}
              {next && <Link href={`?${new URLSearchParams({ part: 'known', cursor: next })}`}>Older</Link>}
            </p>
          </>
        )}
      </Await>
    </Panel>
  )
}

/** The account above and those below. */
export function Family({ account, parent }: { account: string; parent: string | undefined }) {
  const query = useQuery(childrenQuery(account))
  return (
    <Panel id="family" title="Hierarchy" of="the account above, and those below">
      {parent && (
        <p>
          Below <AccountLink account={parent} />
        </p>
      )}
      <Await query={query} waiting={<WaitingRows rows={1} className={lists.row} />}>
        {({ items, next }) =>
          !items?.length ? (
            <p className={classes.none}>{parent ? 'No account is below it.' : 'It stands alone: no account is above or below it.'}</p>
          ) : (
            <>
              <ul>
                {items.map((child) => (
                  <li key={child.key} className={classes.item}>
                    <p>
                      <AccountLink account={child.key} name={child.name} />
                      <span className={classes.dim}>{child.plan ? words(child.plan) : 'no plan'}</span>
                    </p>
                    {child.mrr.currency && <span>{money(child.mrr.amount, child.mrr.currency)}</span>}
                  </li>
                ))}
              </ul>
              {next && <p className={classes.none}>And more than {count(items.length)}.</p>}
            </>
          )
        }
      </Await>
    </Panel>
  )
}
