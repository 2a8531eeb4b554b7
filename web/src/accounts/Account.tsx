import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useLocation } from 'wouter'
import { accountQuery, clockQuery, definitionsQuery, entitlementsQuery, grantsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import type { CatalogDefinitions, EntitlementItem, Grant } from '../api/types'
import { count, moment, money, relative, words } from '../lib/format'
import { titleOf } from '../lib/entitlement'
import { Empty } from '../shared/Empty'
import { PageHead } from '../shared/PageHead'
import { useParam } from '../shared/open'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { accountAt } from './address'
import { GiveDialog } from './Give'
import { Given } from './Given'
import { AccountValue } from './AccountValue'
import { gives, givenNothing, sourceWords, standing } from './words'
import lists from '../shared/List.module.css'
import classes from './Account.module.css'

/** One customer: so far what they may use, how much of it they do, and where it comes from. */
export function Account() {
  useLocation() // so that the page follows the address
  const account = accountAt(window.location.pathname)
  const query = useQuery(accountQuery(account))
  const detail = query.data
  return (
    <div className={classes.page}>
      <PageHead title={detail?.name || account} question="Who is this customer, and where can they grow?" above={{ title: 'Accounts', path: '/accounts' }} />
      <Await query={query} waiting={<WaitingRows rows={1} className={lists.row} />}>
        {(about) => (
          <dl className={classes.about}>
            <Fact name="Key" value={about.key} />
            <Fact name="Plan" value={about.plan ? words(about.plan) : 'none'} />
            <Fact name="Status" value={about.status ? words(about.status) : '–'} />
            <Fact name="MRR" value={about.mrr.currency ? money(about.mrr.amount, about.mrr.currency) : '–'} />
            {about.domain && <Fact name="Domain" value={about.domain} />}
          </dl>
        )}
      </Await>
      {detail && (
        <div className={classes.parts}>
          <Entitlements account={account} />
          <Given account={account} />
          <AccountValue account={account} />
        </div>
      )}
    </div>
  )
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function Entitlements({ account }: { account: string }) {
  const query = useQuery(entitlementsQuery(account))
  const catalog = useQuery(definitionsQuery)
  const grants = useQuery(grantsQuery(account))
  const clock = useQuery(clockQuery)
  const [give, setGive] = useParam('give')
  return (
    <Panel
      id="entitlements"
      title="Entitlements"
      of="what they may use now, and where it comes from"
      action={
        <div className={classes.actions}>
          <Button size="xs" variant="default" onClick={() => setGive('grant')} aria-haspopup="dialog">
            Grant
          </Button>
          <Button size="xs" variant="default" onClick={() => setGive('override')} aria-haspopup="dialog">
            Override
          </Button>
          <Button size="xs" variant="default" onClick={() => setGive('trial')} aria-haspopup="dialog">
            Start a trial
          </Button>
        </div>
      }
    >
      <Await query={query} waiting={<WaitingRows rows={6} className={lists.row} />}>
        {({ items }) =>
          !items?.length ? (
            <Empty title="The catalog has no features yet" snippet={snippets.catalog()}>
              What accounts may use stands in the catalog:
            </Empty>
          ) : (
            <div className={classes.scroll} tabIndex={0} role="group" aria-label="Entitlements">
              <table className={classes.table}>
                <thead>
                  <tr>
                    <th scope="col">Feature</th>
                    <th scope="col">Now</th>
                    <th scope="col">Left</th>
                    <th scope="col">Where it comes from</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((item) => (
                    <Row key={item.feature} item={item} catalog={catalog.data} grants={grants.data?.items ?? []} now={clock.data?.now} />
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Await>
      {give && <GiveDialog key={give} kind={give} account={account} close={() => setGive('')} />}
    </Panel>
  )
}

function Row({ item, catalog, grants, now }: { item: EntitlementItem; catalog: CatalogDefinitions | undefined; grants: Grant[]; now: string | undefined }) {
  const feature = catalog?.features?.find((each) => each.key === item.feature)
  const share = item.usage !== null && item.limit !== null && !givenNothing(item) ? (item.limit > 0 ? Math.min(1, item.usage / item.limit) : item.usage > 0 ? 1 : 0) : undefined
  const over = item.usage !== null && item.limit !== null && item.usage > item.limit
  return (
    <tr>
      <th scope="row">
        <Link href={`/packaging/features/${encodeURIComponent(item.feature)}`}>{item.content?.title || titleOf(feature, item.feature)}</Link>
        {item.part_of && <span className={classes.dim}>part of {titleOf(catalog?.features?.find((each) => each.key === item.part_of), item.part_of)}</span>}
      </th>
      <td>
        <span className={classes.now}>{standing(item)}</span>
        {share !== undefined && (
          <div className={[lists.meter, over || share >= 1 ? lists.over : share >= 0.9 ? lists.near : ''].join(' ')} aria-hidden="true">
            <span style={{ width: `${share * 100}%` }} />
          </div>
        )}
        {!item.allowed && <span className={classes.dim}>{item.message}</span>}
      </td>
      <td>
        {item.remaining === null || givenNothing(item) ? (item.unlimited ? 'unlimited' : '–') : over ? `${count((item.usage ?? 0) - (item.limit ?? 0))} over` : `${count(item.remaining)} left`}
        {(item.reserved ?? 0) > 0 && <span className={classes.dim}>{count(item.reserved ?? 0)} reserved</span>}
        {(item.grace ?? 0) > 0 && <span className={classes.dim}>{count(item.grace ?? 0)} of grace</span>}
        {item.resets_at && (
          <time className={classes.dim} dateTime={item.resets_at} title={moment(item.resets_at)}>
            starts anew {now ? relative(item.resets_at, now) : moment(item.resets_at)}
          </time>
        )}
      </td>
      <td>
        {item.sources?.length ? (
          <ul className={classes.sources}>
            {item.sources.map((source) => (
              <li key={source.source}>
                <span>{sourceWords(source.source, catalog, grants)}</span>
                <strong>{gives(source, item)}</strong>
                {source.expires_at && (
                  <time className={classes.inline} dateTime={source.expires_at} title={moment(source.expires_at)}>
                    until {moment(source.expires_at)}
                  </time>
                )}
              </li>
            ))}
          </ul>
        ) : (
          <span className={classes.inline}>nothing gives it</span>
        )}
        {item.holder && <span className={classes.dim}>shared by the family, held by {item.holder}</span>}
        {!item.allowed && item.unlock?.[0] && (
          <span className={classes.dim}>
            {item.unlock[0].title} would: {item.unlock[0].gives}, {money(item.unlock[0].difference.amount, item.unlock[0].difference.currency, { signed: true, short: true })} a {item.unlock[0].interval}
          </span>
        )}
      </td>
    </tr>
  )
}
