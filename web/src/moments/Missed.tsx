import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { problemOf } from '../api/client'
import { missedQuery, momentsQuery, type Missed as MissedMoments, type MissedItem, type MissedReason, type MomentItem } from '../api/moments'
import { clockQuery, definitionsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import type { Money } from '../api/types'
import { count, moment, money, sentence, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { Dialog } from '../shared/Dialog'
import { Empty } from '../shared/Empty'
import { ChoiceField } from '../shared/Field'
import { useParam } from '../shared/open'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { ProblemWords } from '../shared/ProblemWords'
import { boundsOf, kindWords, lineKey, mendOf, spans } from './missed'
import { MomentsPage } from './MomentsPage'
import { whyOne, whyWords } from './terms'
import lists from '../shared/List.module.css'
import classes from './Moments.module.css'

const amounts = (all: Money[] | null) => (all?.length ? all.map((each) => money(each.amount, each.currency, { short: true })).join(' + ') : '–')

/** Moments that no offer answered, and the money left on the table. */
export function Missed() {
  const { data: clock } = useQuery(clockQuery)
  const [span, setSpan] = useParam('span')
  const [line, setLine] = useParam('line')
  const bounds = clock ? boundsOf(span, clock.now) : { from: '', to: '' }
  const query = useQuery({ ...missedQuery(bounds.from, bounds.to), enabled: clock !== undefined })
  const opened = query.data?.items?.find((item) => lineKey(item) === line)
  return (
    <MomentsPage title="Missed moments" question="What did we leave on the table?">
      <Panel id="missed" title="Moments without an offer" of="by thing and place, the most valuable first">
        <div className={classes.tools}>
          <ChoiceField label="Time" value={span} set={setSpan} options={spans} />
        </div>
        <Await query={query} waiting={<WaitingRows rows={8} className={lists.row} />}>
          {(missed) => (missed.items?.length ? <Lines missed={missed} open={setLine} /> : <NothingMissed />)}
        </Await>
      </Panel>
      <Dialog title={opened ? `${opened.title}: ${kindWords[opened.kind] ?? opened.kind}` : ''} open={opened !== undefined} close={() => setLine('')}>
        {opened && <Behind item={opened} bounds={bounds} />}
      </Dialog>
    </MomentsPage>
  )
}

function NothingMissed() {
  return (
    <Empty title="No moment was missed" snippet={snippets.check('recordings')}>
      A moment is a limit that is hit, a locked feature that is touched, or a milestone that is reached; it is missed when no offer about it is shown within a day. Checks that say no make moments:
    </Empty>
  )
}

function Lines({ missed, open }: { missed: MissedMoments; open: (line: string) => void }) {
  const { totals } = missed
  return (
    <>
      <dl className={classes.figures}>
        <div>
          <dt>Left on the table</dt>
          <dd>
            {amounts(totals.value)}
            <small>a year at list price, as if everybody had bought: most would not have</small>
          </dd>
        </div>
        <div>
          <dt>Missed moments</dt>
          <dd>
            {count(totals.moments)}
            <small>{count(totals.no_offer)} about things that no offer gives</small>
          </dd>
        </div>
        <div>
          <dt>Accounts</dt>
          <dd>{count(totals.accounts)}</dd>
        </div>
      </dl>
      <div className={classes.scroll} tabIndex={0} role="group" aria-label="Missed moments by thing and place">
        <table className={`${classes.table} ${classes.cards}`}>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Where</th>
              <th scope="col" className={classes.number}>
                Moments
              </th>
              <th scope="col" className={classes.number}>
                Accounts
              </th>
              <th scope="col" className={classes.number}>
                Value a year
              </th>
              <th scope="col">Why no offer was shown, and what to do</th>
            </tr>
          </thead>
          <tbody>
            {missed.items?.map((item) => (
              <tr key={lineKey(item)}>
                <th scope="row">
                  <button type="button" className={classes.link} aria-haspopup="dialog" onClick={() => open(lineKey(item))}>
                    {item.title}
                  </button>
                  <span className={classes.small}>{kindWords[item.kind] ?? item.kind}</span>
                </th>
                <td data-label="Where">{item.placement ?? <span className={classes.dim}>no place is known</span>}</td>
                <td className={classes.number} data-label="Moments">
                  {count(item.moments)}
                </td>
                <td className={classes.number} data-label="Accounts">
                  {count(item.accounts)}
                </td>
                <td className={classes.number} data-label="Value a year">
                  {amounts(item.value)}
                </td>
                <td className={classes.words}>
                  <MainReason item={item} open={() => open(lineKey(item))} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ul className={classes.notes} aria-label="What the value rests on">
        {missed.assumptions?.map((each) => <li key={each}>{sentence(each)}</li>)}
      </ul>
    </>
  )
}

/** The most frequent reason; the others stand where the line opens into. */
function MainReason({ item, open }: { item: MissedItem; open: () => void }) {
  const [first, ...rest] = item.reasons ?? []
  if (!first) return null
  const more = rest.length === 1 ? '1 more reason' : `${count(rest.length)} more reasons`
  return (
    <>
      <Reason item={item} reason={first} open={open} />
      {rest.length > 0 && (
        <button type="button" className={classes.link} aria-haspopup="dialog" onClick={open} aria-label={`${more}: ${item.title}`}>
          {more}
        </button>
      )}
    </>
  )
}

function Reason({ item, reason, open }: { item: MissedItem; reason: MissedReason; open?: () => void }) {
  const { data: catalog } = useQuery(definitionsQuery)
  const mend = mendOf(reason.why, item, catalog)
  return (
    <>
      {whyWords[reason.why] ?? words(reason.why)}: {count(reason.moments)}
      <span className={classes.small}>{sentence(reason.mend)}</span>
      {open && mend?.accounts && (
        <>
          <button type="button" className={classes.link} aria-haspopup="dialog" onClick={open} aria-label={`See these accounts: ${item.title}`}>
            See these accounts
          </button>{' '}
        </>
      )}
      {mend?.href && <Link href={mend.href}>{mend.words}</Link>}
      {mend?.call && (
        <details className={classes.small}>
          <summary>{mend.words}</summary>
          <code>{mend.call}</code>
        </details>
      )}{' '}
    </>
  )
}

/** Why there was no offer, for people, and as the server decided it for who wants to know. */
function Why({ of }: { of: MomentItem }) {
  const said = whyOne[of.why ?? '']
  if (!said) return <>{sentence(of.reason ?? '')}</>
  return (
    <>
      {said}
      {of.reason && (
        <details className={classes.small}>
          <summary>For developers</summary>
          {sentence(of.reason)}
        </details>
      )}
    </>
  )
}

/** The moments that make a line. */
function Behind({ item, bounds }: { item: MissedItem; bounds: { from: string; to: string } }) {
  const query = useInfiniteQuery(momentsQuery({ kind: item.kind, feature: item.feature, milestone: item.milestone, placement: item.placement, ...bounds }))
  // Without a placement the server leaves none out: what has one belongs to another line.
  const all = query.data?.pages.flatMap((page) => page.items ?? []).filter((each) => (each.placement ?? '') === (item.placement ?? ''))
  if (query.error && !query.data) {
    return (
      <p role="alert">
        <ProblemWords problem={problemOf(query.error)} />
      </p>
    )
  }
  if (!all) {
    return (
      <div aria-busy="true">
        <span className="hidden">Loading</span>
        <WaitingRows rows={5} className={lists.row} />
      </div>
    )
  }
  return (
    <>
      <p className={classes.note}>
        {item.placement ? `At ${item.placement}. ` : ''}
        {count(item.moments)} {item.moments === 1 ? 'moment' : 'moments'} of {count(item.accounts)} {item.accounts === 1 ? 'account' : 'accounts'}
        {item.value?.length ? `, worth ${amounts(item.value)} a year` : ''}.
      </p>
      <ul className={classes.notes} aria-label="Why no offer was shown, and what to do">
        {item.reasons?.map((reason) => (
          <li key={reason.why}>
            <Reason item={item} reason={reason} />
          </li>
        ))}
      </ul>
      <div className={classes.scroll} tabIndex={0} role="group" aria-label="The moments">
        <table className={`${classes.table} ${classes.cards}`}>
          <thead>
            <tr>
              <th scope="col">Account</th>
              <th scope="col">When</th>
              <th scope="col" className={classes.number}>
                Times
              </th>
              <th scope="col">Why</th>
              <th scope="col" className={classes.number}>
                Value a year
              </th>
            </tr>
          </thead>
          <tbody>
            {all.map((each) => (
              <tr key={each.id}>
                <th scope="row">
                  <AccountLink account={each.account} name={each.account_name} />
                </th>
                <td data-label="When">{moment(each.at)}</td>
                <td className={classes.number} data-label="Times">
                  {count(each.times)}
                </td>
                <td className={classes.words}>
                  <Why of={each} />
                </td>
                <td className={classes.number} data-label="Value a year">
                  {Number(each.value.amount) > 0 ? (
                    money(each.value.amount, each.value.currency, { short: true })
                  ) : (
                    <span className={classes.dim}>{each.kind === 'milestone' ? 'no offer to price' : 'nothing on sale a year'}</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className={classes.foot}>
        <span>{count(all.length)} shown</span>
        {query.hasNextPage && (
          <Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Older moments
          </Button>
        )}
      </div>
    </>
  )
}
