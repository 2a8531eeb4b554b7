import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { approvalsQuery, requestsQuery, type Approval, type RequestLine } from '../api/offers'
import { clockQuery } from '../api/queries'
import { askSnippet } from './snippets'
import { day, money, moment, sentence, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { Empty } from '../shared/Empty'
import { useParam } from '../shared/open'
import { PageHead } from '../shared/PageHead'
import { Panel, WaitingRows } from '../shared/Panel'
import { ProblemWords } from '../shared/ProblemWords'
import { problemOf } from '../api/client'
import { decisionHref, editHref } from './address'
import { Filter, OffersNav } from './OffersNav'
import { reminderWords, requestStates, waitWords } from './words'
import lists from '../shared/List.module.css'
import classes from './Offers.module.css'

/** What members asked their admins for, and who still waits. */
export function Requests() {
  const [said, setStatus] = useParam('status')
  const status = said || 'open'
  const query = useInfiniteQuery(requestsQuery(status === 'any' ? '' : status))
  const clock = useQuery(clockQuery)
  const all = query.data?.pages.flatMap((page) => page.items ?? []) ?? []
  const accounts = [...new Set(all.map((each) => each.account))].slice(0, 20)
  const problem = query.error && problemOf(query.error)
  return (
    <div className={classes.page}>
      <PageHead title="Requests" question="Who asked for more, and who still waits?" above={{ title: 'Offers', path: '/offers' }} />
      <OffersNav />
      <div className={classes.stack}>
        <Panel
          id="requests"
          title="Upgrade requests"
          of="members ask, admins of the customer answer: in the product, not here"
          action={<Filter label="Status" value={status} set={(next) => setStatus(next === 'open' ? '' : next)} options={[...requestStates, ['any', 'any']]} />}
        >
          {query.isPending && (
            <div aria-busy="true">
              <WaitingRows rows={6} className={lists.row} />
            </div>
          )}
          {problem && (
            <p role="alert" className={classes.alert}>
              <ProblemWords problem={problem} />
            </p>
          )}
          {query.isSuccess && all.length === 0 && (status === 'open' || status === 'any' ? (
            <Empty title={status === 'open' ? 'Nobody waits for an answer' : 'Nobody asked for anything yet'} snippet={askSnippet()}>
              A member who meets a lock asks an admin from your product:
            </Empty>
          ) : (
            <p className={classes.none} role="status">
              No request is {requestStates.find(([each]) => each === status)?.[1].toLowerCase() ?? status}.
            </p>
          ))}
          {all.length > 0 && (
            <ul className={classes.list}>
              {all.map((each) => (
                <Line key={each.id} request={each} now={clock.data?.now ?? each.at} />
              ))}
            </ul>
          )}
          {query.hasNextPage && (
            <Button size="xs" variant="default" onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
              More requests
            </Button>
          )}
        </Panel>
        {accounts.length > 0 && (
          <Panel id="approvals" title="Approvals that stand" of="of the accounts above: what their admins said yes to in advance">
            <ul className={classes.list}>
              {accounts.map((account) => (
                <Approvals key={account} account={account} />
              ))}
            </ul>
          </Panel>
        )}
      </div>
    </div>
  )
}

function Line({ request, now }: { request: RequestLine; now: string }) {
  const joined = request.joined?.length ?? 0
  const reminders = reminderWords(request, (time) => day(time))
  return (
    <li>
      <div className={classes.line}>
        <span>
          <AccountLink account={request.account} />: <strong>{request.title || words(request.feature ?? request.offer)}</strong>, asked by {request.name || `person ${request.user.slice(0, 8)}`}
          {joined > 0 && ` and ${joined} more`}
        </span>
        <span className={request.status === 'open' ? `${classes.tag} ${classes.warn}` : classes.tag}>{requestStates.find(([each]) => each === request.status)?.[1] ?? words(request.status)}</span>
      </div>
      {request.reason && <p className={classes.words}>“{request.reason}”</p>}
      <p className={classes.dim}>
        {sentence([waitWords(request, now), reminders].filter(Boolean).join('; '))} Since {moment(request.at)}. {request.answer && `The answer: “${request.answer}”. `}
        {request.approval_id && 'Answered by an approval that stands. '}
        {request.decision_id && <Link href={decisionHref(request.decision_id)}>The offer it came from</Link>} {request.offer && !request.decision_id && <Link href={editHref(request.offer)}>The offer</Link>}
      </p>
    </li>
  )
}

function Approvals({ account }: { account: string }) {
  const query = useQuery(approvalsQuery(account))
  const items = query.data?.items ?? []
  return (
    <li>
      <AccountLink account={account} />
      {query.isError ? <span className={classes.dim}>: {query.error.message}</span> : items.length === 0 ? <span className={classes.dim}>: none</span> : items.map((each) => <One key={each.id} approval={each} />)}
    </li>
  )
}

function One({ approval }: { approval: Approval }) {
  const { at_most: most, left, per } = approval
  return (
    <p>
      {approval.title}: up to {money(most.amount, most.currency)} a {per}, {money(left.amount, left.currency)} left, used {approval.uses?.length === 1 ? 'once' : `${approval.uses?.length ?? 0} times`}
      {approval.until ? `, until ${day(approval.until)}` : ''}
      {approval.lapsed ? '. It lapsed: who gave it is no admin of the account any more' : ''}
    </p>
  )
}
