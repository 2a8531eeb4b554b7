import { useQuery } from '@tanstack/react-query'
import { signalsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import { moment, relative, term, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { Empty } from '../shared/Empty'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import lists from '../shared/List.module.css'

const rows = 8

/** The newest compelling events, each with its evidence. */
export function Signals({ now, className }: { now: string | undefined; className?: string | undefined }) {
  const query = useQuery(signalsQuery(rows))
  return (
    <Panel id="signals" title="Newest signals" of="where more would help" className={className}>
      <Await query={query} waiting={<WaitingRows rows={rows} className={lists.row} />}>
        {({ items }) =>
          !items?.length ? (
            <Empty title="No signals yet" snippet={snippets.event()}>
              A signal fires when an account’s events meet a rule of the catalog, such as reaching 80% of a limit. Send the events
              of your product:
            </Empty>
          ) : (
            <ul className={lists.rows}>
              {items.map((signal) => (
                <li key={signal.id} className={lists.row}>
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
                      {sentence(signal.evidence)} <span className={lists.dim}>{words(signal.key)}</span>
                    </span>
                    <span className={lists.end} title="How much weight the signal had when it fired, from 0 to 100">
                      score {signal.score}
                    </span>
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Await>
    </Panel>
  )
}

/** Evidence begins small when it is made for the middle of a sentence. */
export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`
}
