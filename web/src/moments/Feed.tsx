import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Link } from 'wouter'
import { problemOf } from '../api/client'
import { newestSignalsQuery, signalsPage, type FiredSignal } from '../api/moments'
import { clockQuery, definitionsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import { count, moment, relative, sentence, term } from '../lib/format'
import { titleOf } from '../lib/entitlement'
import { AccountLink } from '../shared/AccountLink'
import { Empty } from '../shared/Empty'
import { ChoiceField, TextField } from '../shared/Field'
import { useParam } from '../shared/open'
import { Panel, WaitingRows } from '../shared/Panel'
import { ProblemWords } from '../shared/ProblemWords'
import { goesOn, newSince, nextOf, streamsFor, type FeedAsked, type Stream } from './feed'
import { MomentsPage } from './MomentsPage'
import { placeOf, SignalDialog } from './SignalDialog'
import { ruleHref, types } from './terms'
import lists from '../shared/List.module.css'
import classes from './Moments.module.css'

const part = 50

/** How long after the last key the server is asked. */
const pause = 250

const load = (signal: AbortSignal) => (stream: Stream) => signalsPage({ ...(stream.key ? { key: stream.key } : {}), ...(stream.account ? { account: stream.account } : {}) }, stream.cursor, part, signal)

/** What is happening: signals as they fire. What is read never moves; what came since waits behind a button. */
export function Feed() {
  const client = useQueryClient()
  const { data: clock } = useQuery(clockQuery)
  const { data: catalog } = useQuery(definitionsQuery)
  const [type, setType] = useParam('type')
  const [rule, setRule] = useParam('rule')
  const [account, setAccount] = useParam('account')
  const [, setOpen] = useParam('signal')
  const [text, setText] = useState(account)
  useEffect(() => setText(account), [account])
  useEffect(() => {
    if (text.trim() === account) return
    const timer = setTimeout(() => setAccount(text.trim()), pause)
    return () => clearTimeout(timer)
  }, [text, account, setAccount])

  const asked: FeedAsked = { type, rule, account }
  const rules = catalog?.signals ?? []
  const feedKey = ['feed', asked, rules.map((each) => each.key).join()]
  // Not under the key of what the server's changes make old: what is read stays as it is.
  const feed = useInfiniteQuery({
    queryKey: feedKey,
    queryFn: ({ pageParam, signal }) => nextOf(pageParam ?? streamsFor(asked, rules), asked, part, load(signal)),
    initialPageParam: undefined as Stream[] | undefined,
    getNextPageParam: (last) => (goesOn(last.streams) ? last.streams : undefined),
    enabled: catalog !== undefined,
    staleTime: Infinity,
    gcTime: 0,
  })
  const newest = useQuery({
    ...newestSignalsQuery({ keys: [type, rule], account }, part, (signal) => nextOf(streamsFor(asked, rules), asked, part, load(signal))),
    enabled: feed.isSuccess,
  })
  const read = feed.data?.pages.flatMap((page) => page.items) ?? []
  const waiting = feed.isSuccess && newest.data ? newSince(newest.data.items, read) : 0
  const filtered = Boolean(type || rule || account)
  const titles = (key: string) => titleOf(rules.find((each) => each.key === key), key)

  return (
    <MomentsPage title="Moments" question="What is happening that more would help with?">
      <Panel
        id="feed"
        title="Signals"
        of={filtered ? 'newest first, filtered' : 'newest first'}
        action={
          // The button has its place before there is anything to say, so that nothing moves.
          <div role="status" className={waiting > 0 ? undefined : classes.reserved}>
            <Button size="xs" variant="default" disabled={waiting === 0} onClick={() => newest.data && client.setQueryData(feedKey, { pages: [newest.data], pageParams: [undefined] })}>
              {waiting >= part ? `${part} or more new` : `${waiting} new`}
            </Button>
          </div>
        }
      >
        <div className={classes.tools}>
          <ChoiceField label="Type" value={type} set={setType} options={[['', 'all'], ...types]} />
          <ChoiceField
            label="Rule"
            value={rule}
            set={setRule}
            options={[['', 'all'], ...rules.filter((each) => !type || each.type === type || each.key === rule).map((each): [string, string] => [each.key, titleOf(each)]), ...(rule && !rules.some((each) => each.key === rule) ? [[rule, rule] as [string, string]] : [])]}
          />
          <TextField label="Account" type="search" placeholder="its key" value={text} set={setText} />
        </div>
        {feed.isError && <FeedFailed error={feed.error} retry={() => void feed.refetch()} />}
        {feed.isPending && (
          <div aria-busy="true">
            <span className="hidden">Loading</span>
            <WaitingRows rows={10} className={lists.row} />
          </div>
        )}
        {feed.isSuccess && read.length === 0 && (filtered ? <Nothing account={account} /> : <NoSignals />)}
        {read.length > 0 && (
          <ul className={lists.rows} aria-label="Signals">
            {read.map((signal) => (
              <Row key={signal.id} signal={signal} title={titles(signal.key)} now={clock?.now} open={() => setOpen(placeOf(signal))} />
            ))}
          </ul>
        )}
        {read.length > 0 && (
          <div className={classes.foot}>
            <span>{count(read.length)} shown</span>
            {feed.hasNextPage && (
              <Button size="xs" variant="default" loading={feed.isFetchingNextPage} onClick={() => void feed.fetchNextPage()}>
                Older signals
              </Button>
            )}
          </div>
        )}
      </Panel>
      <SignalDialog known={read} titles={titles} now={clock?.now} />
    </MomentsPage>
  )
}

function Row({ signal, title, now, open }: { signal: FiredSignal; title: string; now: string | undefined; open: () => void }) {
  return (
    <li className={lists.row}>
      <div className={lists.line}>
        <strong className={lists.name}>
          <AccountLink account={signal.account} name={signal.account_name} />
        </strong>
        <span className={lists.tag}>{term(signal.type)}</span>
        <time className={lists.end} dateTime={signal.at} title={moment(signal.at)}>
          {now ? relative(signal.at, now) : moment(signal.at)}
        </time>
      </div>
      <div className={lists.line}>
        <span className={lists.words}>
          {sentence(signal.evidence)}{' '}
          <Link href={ruleHref(signal.key)} className={classes.link}>
            {title}
          </Link>
        </span>
        <button type="button" className={`${lists.end} ${classes.link} ${classes.why}`} aria-haspopup="dialog" onClick={open} aria-label={`score ${signal.score_now}: why, ${signal.account_name || signal.account}, ${title}`}>
          score {signal.score_now}: why
        </button>
      </div>
    </li>
  )
}

function Nothing({ account }: { account: string }) {
  return (
    <p className={classes.none} role="status">
      No signal is so. Take a filter away{account ? '; an account is found by its whole key, as its page shows it' : ''}.
    </p>
  )
}

function NoSignals() {
  return (
    <Empty title="No signals yet" snippet={snippets.event()}>
      A signal fires when an account’s events meet a <Link href="/moments/rules">rule</Link>, such as reaching 80% of a limit. Send the events of your product:
    </Empty>
  )
}

function FeedFailed({ error, retry }: { error: Error; retry: () => void }) {
  const problem = problemOf(error)
  // An account that nobody has heard of has no signals: that is no failure of the page.
  if (problem.status === 404) return <p className={classes.none} role="status">{sentence(problem.message)} An account is found by its whole key, as its page shows it.</p>
  return (
    <div role="alert" className={classes.alert}>
      <ProblemWords problem={problem} />{' '}
      <button type="button" className={classes.link} onClick={retry}>
        Try again
      </button>
    </div>
  )
}
