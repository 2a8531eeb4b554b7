import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import { accountListQuery, everyAccount, mostInCsv, type AccountRow } from '../api/accounts'
import { problemOf } from '../api/client'
import { clockQuery, definitionsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import { csv, download } from '../lib/csv'
import { count, money, moment, relative, words } from '../lib/format'
import { titleOf } from '../lib/entitlement'
import { Empty } from '../shared/Empty'
import { PageHead } from '../shared/PageHead'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { ProblemWords } from '../shared/ProblemWords'
import { accountHref } from './address'
import { nextWords, stageWords, traitHint } from './listWords'
import { SavedViews } from './SavedViews'
import { only, readState, serverQuery, sorts, usualSort, withoutField, writeState, type Filter, type ListState } from './views'
import lists from '../shared/List.module.css'
import classes from './Accounts.module.css'

/** How long after the last key the server is asked. */
const pause = 200

const columns: { title: string; sort?: string; number?: boolean }[] = [
  { title: 'Account', sort: 'name' },
  { title: 'Plan' },
  { title: 'MRR', sort: 'mrr', number: true },
  { title: 'Stage', sort: 'stage' },
  { title: 'Readiness', sort: 'readiness', number: true },
  { title: 'Nearest limit', sort: 'limit' },
  { title: 'Last signal', sort: 'signal' },
  { title: 'Next date', sort: 'next' },
]

/** Orders that begin with the least. */
const rising = ['name', 'next']

/** Every account, as somebody wants to see them: views, filters and orders are the server's. */
export function Accounts() {
  const [search] = useSearchParams()
  const [, go] = useLocation()
  const state = readState(search)
  const query = useQuery(accountListQuery(serverQuery(state)))
  const now = useQuery(clockQuery).data?.now
  const plans = useQuery(definitionsQuery).data?.plans
  const href = (to: Partial<ListState>) => {
    const after = writeState({ ...state, cursor: '', ...to })
    return after ? `/accounts?${after}` : '/accounts'
  }
  const set = (filter: Filter, value: string) => go(href({ filters: { ...state.filters, [filter]: value, ...(filter === 'plan' ? { no_plan: '' } : {}) } }), { replace: true })
  const chips = withoutField(state)
  const filtered = Object.values(state.filters).some(Boolean)
  const all = useRef<HTMLDivElement>(null)
  /** Arrows go from account to account; Enter opens, as a link does. */
  const walk = (event: KeyboardEvent) => {
    const links = [...(all.current?.querySelectorAll<HTMLAnchorElement>('tbody th a') ?? [])]
    const at = links.indexOf(document.activeElement as HTMLAnchorElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key]
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey || (at < 0 && event.key !== 'ArrowDown')) return
    event.preventDefault()
    links[Math.min(Math.max(to, 0), links.length - 1)]?.focus()
  }

  return (
    <div className={classes.page}>
      <PageHead title="Accounts" question="Who are the customers, and where can they grow?">
        <Typed label="Search accounts by key, name or domain" placeholder="Key, name or domain" type="search" value={state.filters.q ?? ''} set={(value) => set('q', value)} down={walk} />
      </PageHead>
      <SavedViews state={state} />
      <div className={classes.filters}>
        <label>
          Plan
          <select value={state.filters.plan ?? ''} onChange={(event) => set('plan', event.currentTarget.value)}>
            <option value="">any</option>
            {plans?.map((plan) => (
              <option key={plan.key} value={plan.key}>
                {titleOf(plan, plan.key)}
              </option>
            ))}
          </select>
        </label>
        <label>
          Stage
          <select value={state.filters.stage ?? ''} onChange={(event) => set('stage', event.currentTarget.value)}>
            <option value="">any</option>
            {Object.entries(stageWords).map(([stage, title]) => (
              <option key={stage} value={stage}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label>
          Segment
          <Typed label={traitHint} placeholder="industry=events" type="text" value={state.filters.trait ?? ''} set={(value) => set('trait', value)} down={walk} />
        </label>
        <Csv state={state} />
      </div>
      {chips.length > 0 && (
        <ul aria-label="Filters from the address" className={classes.chips}>
          {chips.map(({ filter, words }) => (
            <li key={filter}>
              {words}
              <button type="button" onClick={() => set(filter, '')} aria-label={`Remove the filter: ${words}`}>
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <Panel id="accounts" title="Accounts" of={[sorts[state.sort], only[state.sort] && `only those with ${only[state.sort]}`].filter(Boolean).join('; ')}>
        <Await query={query} waiting={<WaitingRows rows={12} className={lists.row} />}>
          {({ items, next }) =>
            !items?.length ? (
              filtered || state.sort !== usualSort ? (
                <p className={classes.none} role="status">
                  No account is in this list. <Link href="/accounts">See all accounts</Link>
                </p>
              ) : (
                <Empty title="No accounts yet" snippet={snippets.subscription()}>
                  Accounts appear with the first event or subscription:
                </Empty>
              )
            ) : (
              <>
                <div ref={all} className={classes.scroll} tabIndex={0} role="group" aria-label="Accounts, arrow keys go from one to the next" onKeyDown={walk} aria-busy={query.isPlaceholderData || undefined}>
                  <table className={classes.table}>
                    <thead>
                      <tr>
                        {columns.map(({ title, sort, number }) => (
                          <th key={title} scope="col" className={number ? classes.number : undefined} aria-sort={sort && sort === state.sort ? (rising.includes(sort) ? 'ascending' : 'descending') : undefined}>
                            {sort ? (
                              <Link href={href({ sort })} title={`Sort: ${sorts[sort]}`}>
                                {title}
                                {sort === state.sort && <span aria-hidden="true"> {rising.includes(sort) ? '↑' : '↓'}</span>}
                              </Link>
                            ) : (
                              title
                            )}
                          </th>
                        ))}
                      </tr>
                    </thead>
                    <tbody>
                      {items.map((item) => (
                        <Row key={item.key} item={item} now={now} plan={titleOf(plans?.find((each) => each.key === item.plan), item.plan)} />
                      ))}
                    </tbody>
                  </table>
                </div>
                <div className={classes.pager}>
                  <span>{count(items.length)} shown</span>
                  {state.cursor && <Link href={href({})}>To the beginning</Link>}
                  {next && <Link href={href({ cursor: next })}>Next accounts</Link>}
                </div>
              </>
            )
          }
        </Await>
      </Panel>
    </div>
  )
}

function Row({ item, plan, now }: { item: AccountRow; plan: string; now: string | undefined }) {
  const { limit, readiness, stage, last_signal: signal, next } = item
  return (
    <tr>
      <th scope="row">
        <Link href={accountHref(item.key)} className={classes.name}>
          {item.name || item.key}
        </Link>
        {item.name && <span className={classes.key}>{item.key}</span>}
        {(item.open_requests ?? 0) > 0 && <span className={classes.mark}>{item.open_requests === 1 ? '1 request' : `${count(item.open_requests ?? 0)} requests`}</span>}
      </th>
      <td>
        {item.plan ? plan : '–'}
        {item.status && item.status !== 'active' && <span className={classes.dim}>{words(item.status)}</span>}
      </td>
      <td className={classes.number}>{item.mrr.currency ? money(item.mrr.amount, item.mrr.currency) : '–'}</td>
      <td title={stage?.why}>{stage ? stageWords[stage.stage] ?? words(stage.stage) : '–'}</td>
      <td className={classes.number}>
        {readiness ? readiness.score : '–'}
        {readiness?.ready && <span className={classes.dim}>ready</span>}
      </td>
      <td>
        {limit ? (
          <>
            <span className={classes.limit}>
              <span className={[lists.meter, limit.percent > 100 ? lists.over : limit.percent >= 80 ? lists.near : ''].join(' ')} aria-hidden="true">
                <span style={{ width: `${Math.min(limit.percent, 100)}%` }} />
              </span>
              {count(limit.percent)}%
            </span>
            <span className={classes.dim}>
              {limit.feature_title}: {count(limit.usage)} of {count(limit.limit)}
            </span>
          </>
        ) : (
          '–'
        )}
      </td>
      <td>
        {signal ? (
          <>
            {words(signal.title)}
            <time className={classes.dim} dateTime={signal.at} title={moment(signal.at)}>
              {now ? relative(signal.at, now) : moment(signal.at)}
            </time>
          </>
        ) : (
          '–'
        )}
      </td>
      <td>
        {next ? (
          <>
            {nextWords[next.what]}
            <time className={classes.dim} dateTime={next.at} title={moment(next.at)}>
              {now ? relative(next.at, now) : moment(next.at)}
            </time>
          </>
        ) : (
          '–'
        )}
      </td>
    </tr>
  )
}

interface TypedProps {
  label: string
  placeholder: string
  type: 'search' | 'text'
  value: string
  set: (value: string) => void
  down: (event: KeyboardEvent) => void
}

/** A text that goes into the address when nobody has typed for a moment. */
function Typed({ label, placeholder, type, value, set, down }: TypedProps) {
  const [text, setText] = useState(value)
  const send = useRef(set)
  send.current = set
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => send.current(text), pause)
    return () => clearTimeout(timer)
  }, [text, value])
  return (
    <input
      type={type}
      className={classes.search}
      aria-label={label}
      placeholder={placeholder}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'ArrowDown' && down(event)}
    />
  )
}

/** The list as a file, not only the part that is shown: up to as many as a sheet takes well. */
function Csv({ state }: { state: ListState }) {
  const save = useMutation({
    mutationFn: () => everyAccount(serverQuery({ ...state, cursor: '' })),
    onSuccess: ({ items }) =>
      download(
        'accounts.csv',
        csv(
          ['account', 'name', 'domain', 'plan', 'status', 'mrr', 'currency', 'stage', 'stage_why', 'readiness', 'limit_feature', 'limit_percent', 'last_signal', 'last_signal_at', 'next', 'next_at', 'open_requests'],
          items.map((item) => [
            item.key, item.name, item.domain ?? '', item.plan, item.status, item.mrr.amount, item.mrr.currency, item.stage?.stage ?? null, item.stage?.why ?? null, item.readiness?.score ?? null,
            item.limit?.feature ?? null, item.limit?.percent ?? null, item.last_signal?.key ?? null, item.last_signal?.at ?? null, item.next?.what ?? null, item.next?.at ?? null, item.open_requests ?? 0,
          ]),
        ),
      ),
  })
  return (
    <div className={classes.csv}>
      <Button size="xs" variant="default" loading={save.isPending} onClick={() => save.mutate()} title={`The first ${count(mostInCsv)} accounts of this list at most`}>
        Download CSV
      </Button>
      <span role="status" className={classes.key}>
        {save.data?.more && `The first ${count(mostInCsv)} accounts are in the file.`}
      </span>
      {save.isError && (
        <span role="alert">
          <ProblemWords problem={problemOf(save.error)} />
        </span>
      )}
    </div>
  )
}
