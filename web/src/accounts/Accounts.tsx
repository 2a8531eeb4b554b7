import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { accountsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import { count, money, words } from '../lib/format'
import { Empty } from '../shared/Empty'
import { PageHead } from '../shared/PageHead'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { accountHref } from './address'
import lists from '../shared/List.module.css'
import classes from './Accounts.module.css'

/** How long after the last key the server is asked. */
const pause = 200

/** Every account, found by a part of its key, name or domain. */
export function Accounts() {
  const [search, setSearch] = useSearchParams()
  const asked = search.get('q') ?? ''
  const cursor = search.get('cursor') ?? ''
  const [text, setText] = useState(asked)
  useEffect(() => setText(asked), [asked])
  useEffect(() => {
    if (text === asked) return
    const timer = setTimeout(() => setSearch(text ? { q: text } : {}, { replace: true }), pause)
    return () => clearTimeout(timer)
  }, [text, asked, setSearch])

  const query = useQuery(accountsQuery(asked, cursor))
  return (
    <div className={classes.page}>
      <PageHead title="Accounts" question="Who is this customer, and where can they grow?">
        <input
          type="search"
          className={classes.search}
          aria-label="Search accounts by key, name or domain"
          placeholder="Key, name or domain"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </PageHead>
      <Panel id="accounts" title="Accounts" of={asked ? `with “${asked}”` : 'all'}>
        <Await query={query} waiting={<WaitingRows rows={10} className={lists.row} />}>
          {({ items, next }) =>
            !items?.length ? (
              asked ? (
                <p className={classes.none} role="status">
                  No account has “{asked}” in its key, name or domain.
                </p>
              ) : (
                <Empty title="No accounts yet" snippet={snippets.subscription()}>
                  Accounts appear with the first event or subscription:
                </Empty>
              )
            ) : (
              <>
                <div className={classes.scroll} tabIndex={0} role="group" aria-label="Accounts">
                  <table className={classes.table}>
                    <thead>
                      <tr>
                        <th scope="col">Account</th>
                        <th scope="col">Plan</th>
                        <th scope="col">Status</th>
                        <th scope="col" className={classes.number}>
                          MRR
                        </th>
                      </tr>
                    </thead>
                    <tbody>
                      {items.map((item) => (
                        <tr key={item.key}>
                          <th scope="row">
                            <Link href={accountHref(item.key)}>{item.name || item.key}</Link>
                            {item.name && <span className={classes.key}>{item.key}</span>}
                          </th>
                          <td>{item.plan ? words(item.plan) : '–'}</td>
                          <td>{item.status ? words(item.status) : '–'}</td>
                          <td className={classes.number}>{item.mrr.currency ? money(item.mrr.amount, item.mrr.currency) : '–'}</td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </div>
                <div className={classes.pager}>
                  <span>{count(items.length)} shown</span>
                  {cursor && <Link href={asked ? `/accounts?q=${encodeURIComponent(asked)}` : '/accounts'}>To the beginning</Link>}
                  {next && <Link href={`/accounts?${new URLSearchParams({ ...(asked ? { q: asked } : {}), cursor: next })}`}>Next accounts</Link>}
                </div>
              </>
            )
          }
        </Await>
      </Panel>
    </div>
  )
}
