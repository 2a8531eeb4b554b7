import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { reversalsQuery, type Reversal, type Span } from '../api/offers'
import { count, percent, words } from '../lib/format'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { editHref } from './address'
import { lengthWords } from './words'
import lists from '../shared/List.module.css'
import classes from './Offers.module.css'

const states: Record<string, [words: string, tone: string | undefined]> = {
  too_little: ['Too little to say', undefined],
  ok: ['Fine', classes.live],
  watch: ['Watched', classes.warn],
  alarm: ['Alarm', classes.bad],
}

/** How often what was accepted is taken back, and what is watched because of it. */
export function Reversals({ span, offer }: { span: Span; offer: string }) {
  const query = useQuery(reversalsQuery(span))
  return (
    <Panel id="reversals" title="Taken back" of="of what was accepted, with the 95% interval">
      <Await query={query} waiting={<WaitingRows rows={3} className={lists.row} />}>
        {({ items }) => {
          const lines = (items ?? []).filter((each) => !offer || each.offer === offer)
          return lines.length === 0 ? (
            <p className={classes.none}>Nothing was accepted in this time, so nothing could be taken back.</p>
          ) : (
            <div className={classes.scroll} tabIndex={0} role="group" aria-label="Reversals by offer">
              <table className={classes.table}>
                <thead>
                  <tr>
                    <th scope="col">Offer</th>
                    <th scope="col" className={classes.number}>
                      Accepted
                    </th>
                    <th scope="col" className={classes.number}>
                      Undone
                    </th>
                    <th scope="col">Rate</th>
                    <th scope="col">Usually after</th>
                    <th scope="col">State</th>
                  </tr>
                </thead>
                <tbody>
                  {lines.map((each) => (
                    <Line key={each.offer} line={each} />
                  ))}
                </tbody>
              </table>
            </div>
          )
        }}
      </Await>
    </Panel>
  )
}

function Line({ line }: { line: Reversal }) {
  const [state, tone] = states[line.state] ?? [words(line.state), undefined]
  return (
    <tr>
      <th scope="row">
        <Link href={editHref(line.offer)}>{words(line.offer)}</Link>
      </th>
      <td className={classes.number}>{count(line.accepted)}</td>
      <td className={classes.number}>{count(line.undone)}</td>
      <td>{line.rate && line.low && line.high ? `${percent(line.rate)}, between ${percent(line.low)} and ${percent(line.high)}` : 'no number: fewer than 20 were accepted'}</td>
      <td>{line.median_seconds === undefined ? '–' : lengthWords(line.median_seconds)}</td>
      <td className={classes.wide}>
        <span className={[classes.tag, tone].filter(Boolean).join(' ')}>{state}</span>
        <span className={classes.under}>{line.rule}</span>
      </td>
    </tr>
  )
}
