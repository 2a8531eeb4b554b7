import { useQuery } from '@tanstack/react-query'
import { accountSignalsQuery, type AccountSignal } from '../api/accounts'
import { count, moment, relative, sentence, term, words } from '../lib/format'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import lists from '../shared/List.module.css'
import classes from './Account.module.css'
import own from './AccountParts.module.css'

/** The compelling events that fired for the account: evidence, score as it is now, until when it counts. */
export function AccountSignals({ account, now }: { account: string; now: string | undefined }) {
  const query = useQuery(accountSignalsQuery(account))
  return (
    <Panel id="signals" title="Signals" of="compelling events that fired, newest first">
      <Await query={query} waiting={<WaitingRows rows={4} className={lists.row} />}>
        {({ items }) =>
          !items?.length ? (
            <p className={classes.none}>No compelling event has fired for this account.</p>
          ) : (
            <ul className={own.signals}>
              {items.map((signal) => (
                <li key={signal.id}>
                  <details>
                    <summary>
                      <strong>{words(signal.key)}</strong>
                      <span className={lists.tag}>{term(signal.type)}</span>
                      <span className={own.words}>{sentence(signal.evidence)}</span>
                      <span className={own.score}>
                        score {signal.score_now}
                        {signal.score_now !== signal.score && <span className={classes.inline}> of {signal.score} when it fired</span>}
                      </span>
                      <time dateTime={signal.at} title={moment(signal.at)}>
                        {now ? relative(signal.at, now) : moment(signal.at)}
                      </time>
                    </summary>
                    <SignalParts signal={signal} />
                  </details>
                </li>
              ))}
            </ul>
          )
        }
      </Await>
    </Panel>
  )
}

/** What a score is made of, and until when it counts. */
export function SignalParts({ signal }: { signal: AccountSignal }) {
  return (
    <div className={own.parts}>
      <ul>
        {signal.score_parts?.map((part) => (
          <li key={part.name}>
            <strong>{count(part.points)}</strong> {sentence(part.why || words(part.name))}
          </li>
        ))}
      </ul>
      <p className={classes.dim}>It counts until {moment(signal.decays_at)}, less each day.</p>
    </div>
  )
}
