import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useLocation, useSearchParams } from 'wouter'
import { lifecycleQuery, readinessQuery, subscriptionQuery } from '../api/accounts'
import { accountQuery, clockQuery, definitionsQuery, entitlementsQuery, grantsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import type { CatalogDefinitions, EntitlementItem, Grant } from '../api/types'
import { count, dayOf, moment, money, relative, sentence, term, words } from '../lib/format'
import { titleOf } from '../lib/entitlement'
import { AccountLink } from '../shared/AccountLink'
import { Empty } from '../shared/Empty'
import { PageHead } from '../shared/PageHead'
import { useParam } from '../shared/open'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { AccountSignals } from './AccountSignals'
import { AccountValue } from './AccountValue'
import { accountAt, accountHref } from './address'
import { GiveDialog } from './Give'
import { Given } from './Given'
import { Contacts, Facts, Family } from './Known'
import { stageWords } from './listWords'
import { OffersSeen, Requests } from './OffersSeen'
import { People } from './People'
import { partAt, parts } from './tabs'
import { Timeline } from './Timeline'
import { UsageBars, UsageHistory } from './Usage'
import { gives, givenNothing, sourceWords, standing } from './words'
import lists from '../shared/List.module.css'
import classes from './Account.module.css'
import own from './AccountParts.module.css'

/** One customer: who they are, and part by part what happened, what they use, see and have. */
export function Account() {
  useLocation() // so that the page follows the address
  const [search] = useSearchParams()
  const account = accountAt(window.location.pathname)
  const part = partAt(search.get('part') ?? '')
  const query = useQuery(accountQuery(account))
  const stage = useQuery(lifecycleQuery(account)).data
  const now = useQuery(clockQuery).data?.now
  const plans = useQuery(definitionsQuery).data?.plans
  const detail = query.data
  return (
    <div className={classes.page}>
      <PageHead title={detail?.name || account} question="Who is this customer, and where can they grow?" above={{ title: 'Accounts', path: '/accounts' }} />
      <Await query={query} waiting={<WaitingRows rows={1} className={lists.row} />}>
        {(about) => (
          <>
            <dl className={classes.about}>
              <Fact name="Key" value={about.key} />
              <Fact name="Plan" value={about.plan ? titleOf(plans?.find((each) => each.key === about.plan), about.plan) : 'none'} />
              <Fact name="Status" value={about.status ? words(about.status) : '–'} />
              <Fact name="MRR" value={about.mrr.currency ? money(about.mrr.amount, about.mrr.currency) : '–'} />
              <Fact name="Stage" value={stage ? (stageWords[stage.stage] ?? words(stage.stage)) : '–'} />
              <Dates account={account} now={now} />
              {about.domain && <Fact name="Domain" value={about.domain} />}
              {about.parent && (
                <div>
                  <dt>Below</dt>
                  <dd>
                    <AccountLink account={about.parent} />
                  </dd>
                </div>
              )}
            </dl>
            <p className={own.why}>{stage?.why ? sentence(stage.why) : ''}</p>
          </>
        )}
      </Await>
      {detail && (
        <>
          <nav aria-label="Parts of the account" className={own.tabs} tabIndex={-1}>
            <ul>
              {parts.map(({ key, title }) => (
                <li key={key}>
                  <Link href={accountHref(account) + (key ? `?part=${key}` : '')} aria-current={key === part.key ? 'page' : undefined}>
                    {title}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <div className={classes.parts} key={part.key}>
            {part.key === '' && (
              <>
                <div className={own.two}>
                  <UsageBars account={account} now={now} />
                  <Readiness account={account} />
                </div>
                <AccountSignals account={account} now={now} />
                <Timeline account={account} now={now} few={8} />
              </>
            )}
            {part.key === 'timeline' && <Timeline account={account} now={now} />}
            {part.key === 'plan' && (
              <>
                <Entitlements account={account} />
                <Given account={account} />
                <UsageHistory account={account} />
                <AccountValue account={account} />
              </>
            )}
            {part.key === 'offers' && (
              <>
                <OffersSeen account={account} now={now} />
                <Requests account={account} now={now} />
              </>
            )}
            {part.key === 'people' && <People account={account} />}
            {part.key === 'known' && (
              <>
                <div className={own.two}>
                  <Facts account={account} />
                  <Family account={account} parent={detail.parent} />
                </div>
                <Contacts account={account} now={now} />
              </>
            )}
          </div>
        </>
      )}
    </div>
  )
}

/** The days that matter: since when they pay, and what comes next. */
function Dates({ account, now }: { account: string; now: string | undefined }) {
  const of = useQuery(subscriptionQuery(account)).data
  const dates: [string, string | null | undefined][] = [
    ['Pays since', of?.paid_since],
    ['Trial ends', of?.trial_ends_at],
    ['Ends', of?.ends_at],
    ['Changes', of?.pending?.at],
  ]
  return dates.map(([name, at]) => at && (name === 'Pays since' || !now || at > now) && <Fact key={name} name={name} value={dayOf(at)} />)
}

/** How ready they are to grow, with what makes the score. */
function Readiness({ account }: { account: string }) {
  const query = useQuery(readinessQuery(account))
  return (
    <Panel id="readiness" title="Readiness" of="how ready they are to grow, from 0 to 100">
      <Await query={query} waiting={<WaitingRows rows={3} className={lists.row} />}>
        {({ items }) =>
          !items?.length ? (
            <p className={classes.none}>The catalog has no readiness score. Its section readiness says which parts of use and fit count, and how much.</p>
          ) : (
            <ul>
              {items.map((score) => (
                <li key={score.type} className={classes.item}>
                  <p>
                    <strong>
                      {term(score.type)}: {score.score}
                    </strong>
                    {score.ready ? ', ready' : `, not ready below ${score.mark}`}
                    <span className={classes.dim}>{score.explained}</span>
                    {score.contributions
                      ?.filter(({ points }) => points !== 0)
                      .map((each) => (
                        <span key={each.why} className={classes.dim}>
                          {count(each.points)} of {count(each.of)}: {sentence(each.why)}
                        </span>
                      ))}
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
