import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { decidedQuery, explained, opportunitiesOf, signalsPage, timelinePage, type Explained, type FiredSignal } from '../api/moments'
import { count, moment, money, relative, sentence, term, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { Dialog } from '../shared/Dialog'
import { useParam } from '../shared/open'
import { Await, WaitingRows } from '../shared/Panel'
import { ruleHref } from './terms'
import lists from '../shared/List.module.css'
import classes from './SignalDialog.module.css'

/** How many decisions of the account are looked at for those on one signal. */
const most = 12

/** The decisions made on a signal, oldest first: those of the account while it was alive that name it. */
async function decidedOn(signal: FiredSignal, stop: AbortSignal): Promise<Explained[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await timelinePage(signal.account, 'decision', cursor, stop)
    for (const entry of page.items ?? []) if (entry.id && entry.at >= signal.at && entry.at <= signal.decays_at) ids.push(entry.id)
    const oldest = page.items?.at(-1)
    cursor = oldest && oldest.at >= signal.at ? page.next : undefined
  } while (cursor)
  const all = await Promise.all(ids.slice(-most).map((id) => explained(id, stop)))
  return all.filter((decision) => decision.signal === signal.id).toSorted((a, b) => (a.at < b.at ? -1 : 1))
}

/** One signal opened: why it fired, how its score is made, and what was decided on it. */
export function SignalDialog({ known, titles, now }: { known: FiredSignal[]; titles: (key: string) => string; now: string | undefined }) {
  const [place, setPlace] = useParam('signal')
  const { id, account } = signalAt(place)
  const listed = known.find((signal) => signal.id === id)
  // Who was sent the address may have another part of the feed before them.
  const found = useQuery({ queryKey: ['signal', id, account], queryFn: ({ signal: stop }) => findSignal(account, id, stop), enabled: id !== '' && account !== '' && !listed })
  const signal = listed ?? found.data
  return (
    <Dialog title={signal ? `${signal.account_name || signal.account}: ${titles(signal.key)}` : 'Signal'} open={id !== '' && (signal !== undefined || found.isFetched)} close={() => setPlace('')}>
      {signal ? <Opened signal={signal} title={titles(signal.key)} now={now} /> : <p>This signal is not among the newest of its account.</p>}
    </Dialog>
  )
}

/** How the address names a signal: by its id, and the account that it is of. */
export const placeOf = (signal: Pick<FiredSignal, 'id' | 'account'>): string => `${signal.id}@${signal.account}`

function signalAt(place: string): { id: string; account: string } {
  const at = place.indexOf('@')
  return at < 0 ? { id: place, account: '' } : { id: place.slice(0, at), account: place.slice(at + 1) }
}

function Opened({ signal, title, now }: { signal: FiredSignal; title: string; now: string | undefined }) {
  const decided = useQuery(decidedQuery(signal, (stop) => decidedOn(signal, stop)))
  const opportunities = useQuery(opportunitiesOf(signal.account))
  const worked = opportunities.data?.items?.filter((each) => each.signals?.includes(signal.id)) ?? []
  const data = Object.entries(signal.data ?? {})
  const alive = now !== undefined && signal.decays_at > now
  return (
    <div className={classes.parts}>
      <p>
        {sentence(signal.evidence)} <span className={lists.tag}>{term(signal.type)}</span>
      </p>
      <p className={classes.dim}>
        Fired {moment(signal.at)}
        {signal.user && <> by the person {signal.user}</>}. {alive ? `Worth acting on until ${moment(signal.decays_at)}` : `It is over since ${moment(signal.decays_at)}`}
        {now && ` (${relative(signal.decays_at, now)})`}.
      </p>
      <p>
        <AccountLink account={signal.account} name={signal.account_name} /> ·{' '}
        <Link href={ruleHref(signal.key)} className={classes.link}>
          The rule: {title}
        </Link>
      </p>
      <section aria-labelledby="score-title">
        <h3 id="score-title">Score {count(signal.score)} when it fired, {count(signal.score_now)} now</h3>
        {signal.score_parts?.length ? (
          <ul className={classes.list}>
            {signal.score_parts.map((part) => (
              <li key={part.name}>
                <strong>{part.points >= 0 ? `+${part.points}` : `−${-part.points}`}</strong> {sentence(part.why)}
              </li>
            ))}
          </ul>
        ) : (
          <p className={classes.dim}>It has no parts on record.</p>
        )}
      </section>
      <section aria-labelledby="data-title">
        <h3 id="data-title">The figures behind it</h3>
        {data.length > 0 ? (
          <dl className={classes.data}>
            {data.map(([key, value]) => (
              <div key={key}>
                <dt>{words(key)}</dt>
                <dd>{/^\d{4}-\d\d-\d\dT/.test(value) ? moment(value) : value}</dd>
              </div>
            ))}
          </dl>
        ) : (
          <p className={classes.dim}>None beside the sentence above.</p>
        )}
      </section>
      <section aria-labelledby="decided-title">
        <h3 id="decided-title">What was decided on it</h3>
        <Await query={decided} waiting={<WaitingRows rows={1} className={lists.row} />}>
          {(decisions) =>
            decisions.length === 0 && worked.length === 0 ? (
              <p className={classes.dim}>{alive ? 'Nothing yet: no offer was shown on it, and nobody works on it.' : 'Nothing: no offer was shown on it while it was alive, and nobody worked on it.'}</p>
            ) : (
              <ul className={classes.list}>
                {decisions.map((decision) => (
                  <li key={decision.decision_id ?? decision.at}>
                    <strong>{decision.offer_key ? words(decision.offer_key) : 'An offer'}</strong> {decision.variant === 'holdout' ? 'was kept back to measure what it earns' : 'was shown'} at {decision.placement}, {moment(decision.at)}
                    {decision.outcomes?.length ? `: ${decision.outcomes.map((outcome) => words(outcome.type).toLowerCase()).join(', ')}` : '; no answer yet'}
                  </li>
                ))}
                {worked.map((each) => (
                  <li key={each.id}>
                    <strong>Opportunity, {money(each.amount.amount, each.amount.currency)}</strong> for {words(each.owner).toLowerCase()}: {words(each.stage).toLowerCase()}. {sentence(each.reason)}
                  </li>
                ))}
              </ul>
            )
          }
        </Await>
      </section>
    </div>
  )
}

/** A signal by its id among those of an account, for an address that was sent to somebody. */
async function findSignal(account: string, id: string, stop: AbortSignal): Promise<FiredSignal | null> {
  const page = await signalsPage({ account }, undefined, 200, stop)
  return page.items?.find((signal) => signal.id === id) ?? null
}
