import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { decisionsMadeQuery, funnelMomentsQuery, type FunnelMoment, type MadeDecision, type Span } from '../api/offers'
import { moment, sentence, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { Dialog } from '../shared/Dialog'
import { useParam } from '../shared/open'
import { Await, WaitingRows } from '../shared/Panel'
import { decisionHref } from './address'
import { stepTitles } from './funnel'
import { codeWords } from './words'
import lists from '../shared/List.module.css'
import classes from './Offers.module.css'

/** What a step of an offer is called as an outcome. */
const reached: Record<string, string> = { offered: '', seen: 'seen', clicked: 'clicked', confirmed: 'accepted', active: 'active', held_out: 'held_out' }

/** What is behind a step of the funnel: moments, or the decisions of an offer. */
export function Behind({ offer, at, span }: { offer: string; at: string; span: Span }) {
  const [step, setStep] = useParam('step')
  const title = step === 'held_out' ? 'Held out' : (stepTitles[step] ?? step)
  const ofMoments = !offer && (step === 'moment' || step === 'offered' || step === 'held_out')
  return (
    <Dialog title={`${title}: what is behind it`} open={step !== '' && span.from !== ''} close={() => setStep('')}>
      {ofMoments ? <Moments step={step} at={at} span={span} /> : <Decisions offer={offer} step={step} span={span} />}
    </Dialog>
  )
}

function Moments({ step, at, span }: { step: string; at: string; span: Span }) {
  const query = useQuery(funnelMomentsQuery({ ...span, feature: '', milestone: '', placement: at, state: step === 'moment' ? '' : step }))
  return (
    <Await query={query} waiting={<WaitingRows rows={6} className={lists.row} />}>
      {({ items, next }) => (
        <>
          <ul className={classes.list}>
            {(items ?? []).map((each) => (
              <MomentLine key={each.id} moment={each} />
            ))}
          </ul>
          {(items ?? []).length === 0 && <p className={classes.none}>None in this time.</p>}
          {next && (
            <p className={classes.none}>
              These are the newest. <Link href="/moments">All moments</Link>
            </p>
          )}
        </>
      )}
    </Await>
  )
}

function MomentLine({ moment: each }: { moment: FunnelMoment }) {
  return (
    <li>
      <AccountLink account={each.account} name={each.account_name} />: {{ limit: 'reached the limit of', locked: 'touched, locked:', milestone: 'reached' }[each.kind] ?? each.kind} {each.title}
      {each.placement ? ` at ${each.placement}` : ''}, {moment(each.at)}
      <span className={classes.under}>
        {each.decision_id ? (
          <>
            {words(each.offer ?? '')}: <Link href={decisionHref(each.decision_id)}>why it was offered</Link>
          </>
        ) : (
          sentence(`${words(each.state)}${each.reason ? `: ${each.reason}` : each.why ? `: ${codeWords(each.why).toLowerCase()}` : ''}`)
        )}
      </span>
    </li>
  )
}

function Decisions({ offer, step, span }: { offer: string; step: string; span: Span }) {
  const query = useInfiniteQuery(decisionsMadeQuery({ ...span, offer, reached: reached[step] ?? '' }))
  const all = query.data?.pages.flatMap((page) => page.items ?? []) ?? []
  return (
    <>
      {query.isPending && <WaitingRows rows={6} className={lists.row} />}
      {query.isError && (
        <p role="alert" className={classes.alert}>
          {query.error.message}
        </p>
      )}
      <ul className={classes.list}>
        {all.map((each) => (
          <DecisionLine key={each.id} decision={each} />
        ))}
      </ul>
      {query.isSuccess && all.length === 0 && <p className={classes.none}>None in this time.</p>}
      {query.hasNextPage && (
        <Button size="xs" variant="default" onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
          More of them
        </Button>
      )}
    </>
  )
}

function DecisionLine({ decision: each }: { decision: MadeDecision }) {
  return (
    <li>
      <AccountLink account={each.account} name={each.account_name} />: <Link href={decisionHref(each.id)}>{each.title || words(each.offer)}</Link> at {each.placement}, {moment(each.at)}
      <span className={classes.under}>
        {sentence(each.why)} {each.held_out ? 'Held out.' : each.outcome ? `${words(each.outcome)}.` : 'Nothing was heard of it.'}
      </span>
    </li>
  )
}
