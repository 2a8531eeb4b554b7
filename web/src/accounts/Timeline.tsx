import { useQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'wouter'
import { accountSignalsQuery, timelineQuery, type TimelineEntry } from '../api/accounts'
import { snippets } from '../api/snippets'
import { moment, money, relative, sentence } from '../lib/format'
import { Empty } from '../shared/Empty'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { SignalParts } from './AccountSignals'
import { behind, kinds, kindsAt, kindWords, person } from './tabs'
import lists from '../shared/List.module.css'
import classes from './Account.module.css'
import own from './AccountParts.module.css'

const most = 30

interface TimelineProps {
  account: string
  now: string | undefined
  /** Only the newest few, without tools. */
  few?: number
}

/** What happened to the account, newest first; each line opens into what made it. */
export function Timeline({ account, now, few }: TimelineProps) {
  const [search, setSearch] = useSearchParams()
  const chosen = few ? kindsAt('') : kindsAt(search.get('kinds') ?? '')
  const cursor = few ? '' : (search.get('cursor') ?? '')
  const query = useQuery(timelineQuery(account, { kind: chosen.kinds, cursor, limit: few ?? most }))
  const at = (change: Record<string, string>) => {
    const after = new URLSearchParams(search)
    for (const [name, value] of Object.entries({ part: 'timeline', cursor: '', ...change })) {
      if (value) after.set(name, value)
      else after.delete(name)
    }
    return `?${after}`
  }
  return (
    <Panel
      id="timeline"
      title="Timeline"
      of={few ? 'the newest' : 'newest first'}
      action={
        few ? (
          <Link href={at({})} className={own.more}>
            All of it
          </Link>
        ) : (
          <label className={own.kinds}>
            Show
            <select
              value={chosen.key}
              onChange={(event) => {
                const value = event.currentTarget.value
                setSearch((before) => {
                  const after = new URLSearchParams(before)
                  after.delete('cursor')
                  if (value) after.set('kinds', value)
                  else after.delete('kinds')
                  return after
                }, { replace: true })
              }}
            >
              {kinds.map(({ key, title }) => (
                <option key={key} value={key}>
                  {title}
                </option>
              ))}
            </select>
          </label>
        )
      }
    >
      <Await query={query} waiting={<WaitingRows rows={few ?? 12} className={lists.row} />}>
        {({ items, next }) =>
          !items?.length ? (
            chosen.kinds || cursor ? (
              <p className={classes.none}>Nothing of this happened.</p>
            ) : (
              <Empty title="Nothing happened yet" snippet={snippets.event()}>
                Events that reach a limit, a milestone or a signal stand here, with every offer and what became of it:
              </Empty>
            )
          ) : (
            <>
              <ol className={own.timeline}>
                {items.map((entry, index) => (
                  <Line key={`${entry.at} ${entry.kind} ${entry.id ?? index}`} entry={entry} account={account} now={now} />
                ))}
              </ol>
              {!few && (
                <p className={own.pager}>
                  {cursor && <Link href={at({})}>To the newest</Link>}
                  {next && <Link href={at({ cursor: next })}>Older</Link>}
                </p>
              )}
            </>
          )
        }
      </Await>
    </Panel>
  )
}

function Line({ entry, account, now }: { entry: TimelineEntry; account: string; now: string | undefined }) {
  const to = behind(entry.kind, entry.id)
  return (
    <li>
      <details>
        <summary>
          <span className={own.kind}>{kindWords[entry.kind] ?? entry.kind}</span>
          <span className={own.words}>{sentence(entry.words)}</span>
          <time dateTime={entry.at} title={moment(entry.at)}>
            {now ? relative(entry.at, now) : moment(entry.at)}
          </time>
        </summary>
        <dl className={own.facts}>
          <Fact name="When" value={moment(entry.at)} />
          {entry.user && <Fact name="Who" value={person(entry.user)} title={entry.user} />}
          {entry.by && <Fact name="Change of MRR" value={money(entry.by.amount, entry.by.currency, { signed: true })} />}
          {entry.mrr && <Fact name="MRR after it" value={money(entry.mrr.amount, entry.mrr.currency)} />}
          {entry.id && <Fact name="Id" value={entry.id} />}
        </dl>
        {entry.kind === 'signal' && <Behind account={account} id={entry.id} />}
        {to && (
          <Link href={to} className={own.more}>
            Why this offer, and what else was considered
          </Link>
        )}
      </details>
    </li>
  )
}

function Fact({ name, value, title }: { name: string; value: string; title?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd title={title}>{value}</dd>
    </div>
  )
}

/** What a signal's score is made of, while it is among the newest that the account has. */
function Behind({ account, id }: { account: string; id: string | undefined }) {
  const signal = useQuery(accountSignalsQuery(account)).data?.items?.find((each) => each.id === id)
  return signal ? <SignalParts signal={signal} /> : null
}
