import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { analyse, registryQuery, type Precursor, type Precursors, type RegisteredRule, type RuleDefinition } from '../api/moments'
import { clockQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import { count, moment, relative, sentence, term, words } from '../lib/format'
import { DraftBar } from '../packaging/DraftBar'
import { useDraft } from '../packaging/useDraft'
import { Empty } from '../shared/Empty'
import { ChoiceField } from '../shared/Field'
import { useParam } from '../shared/open'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { AnalysisState } from './AnalysisState'
import { shareWords } from './backtest'
import { MomentsPage } from './MomentsPage'
import { grows, intervalWords, liftWords } from './lift'
import { StateDialog } from './StateDialog'
import { dateWords, owners, ruleHref, states, stateWord, titled } from './terms'
import { useAnalysis } from './useAnalysis'
import lists from '../shared/List.module.css'
import classes from './Moments.module.css'

/** The lift of each rule, from what precedes each type of upgrade. */
async function lifts(ofTypes: string[], progress: (at: { done: number; total: number }) => void, signal: AbortSignal): Promise<Record<string, Precursor>> {
  const out: Record<string, Precursor> = {}
  for (const type of ofTypes) {
    const answer = await analyse<Precursors>('GET', '/v1/signals/precursors', { query: { type } }, progress, signal)
    for (const item of answer.items ?? []) if (item.kind === 'signal') out[`${type} ${item.name}`] = item
  }
  return out
}

/** Compelling events as hypotheses: what is claimed, and what the data say. */
export function Registry() {
  const query = useQuery(registryQuery)
  const { data: clock } = useQuery(clockQuery)
  const hand = useDraft()
  const [owner, setOwner] = useParam('owner')
  const [state, setState] = useParam('state')
  const [, setChanging] = useParam('change')
  const { analysis, run, cancel } = useAnalysis<Record<string, Precursor>>()
  const drafted = new Map((hand.shown?.signals as RuleDefinition[] | undefined)?.map((each) => [each.key, each]))
  const measure = () => {
    const ofTypes = grows.filter((type) => query.data?.items?.some((item) => item.type === type))
    run('lifts', (progress, signal) => lifts(ofTypes, progress, signal))
  }
  return (
    <MomentsPage title="Registry" question="Which of our beliefs about customers hold?">
      <Panel
        id="registry"
        title="Compelling events"
        of="what we claim, and what the data say"
        action={
          <Button size="xs" variant="default" onClick={measure} disabled={analysis.running || !query.data}>
            Measure lift
          </Button>
        }
      >
        <div className={classes.tools}>
          <ChoiceField label="Owner" value={owner} set={setOwner} options={[['', 'all'], ...owners.filter(([key]) => key !== '')]} />
          <ChoiceField label="State" value={state} set={setState} options={[['', 'all'], ...states.map(([key]): [string, string] => [key, stateWord(key)])]} />
        </div>
        <AnalysisState
          analysis={analysis}
          cancel={cancel}
          run={measure}
          calm={analysis.result ? 'Lifts are against accounts of the same age, 30 days after the rule fired first.' : 'Lift is measured over the whole history, when you ask for it.'}
        />
        <Await query={query} waiting={<WaitingRows rows={8} className={lists.row} />}>
          {({ items, notes }) => {
            const shown = (items ?? []).filter((item) => (!owner || item.owner === owner) && (!state || (drafted.get(item.key)?.state || item.state) === state))
            if (!items?.length) {
              return (
                <Empty title="No compelling events yet" snippet={snippets.catalog()}>
                  Each rule of the catalog is one. Write the <Link href="/moments/new">first rule</Link>, or bring a catalog from a file:
                </Empty>
              )
            }
            return (
              <>
                {shown.length === 0 ? (
                  <p className={classes.none} role="status">
                    None is so. Take a filter away.
                  </p>
                ) : (
                  <div className={classes.scroll} tabIndex={0} role="group" aria-label="Compelling events">
                    <table className={classes.table}>
                      <thead>
                        <tr>
                          <th scope="col">Hypothesis</th>
                          <th scope="col">State</th>
                          <th scope="col">Review</th>
                          <th scope="col">Firings</th>
                          <th scope="col">Precision</th>
                          <th scope="col">Lift</th>
                          <th scope="col">To be noticed</th>
                        </tr>
                      </thead>
                      <tbody>
                        {shown.map((item) => (
                          <Row key={item.key} item={item} drafted={drafted.get(item.key)} now={clock?.now} lift={analysis.result?.[`${item.type} ${item.key}`]} measured={analysis.result !== undefined} change={() => setChanging(item.key)} />
                        ))}
                      </tbody>
                    </table>
                  </div>
                )}
                <ul className={classes.notes} aria-label="What the figures rest on">
                  {notes?.map((note) => <li key={note}>{sentence(note)}</li>)}
                </ul>
              </>
            )
          }}
        </Await>
      </Panel>
      <StateDialog hand={hand} />
      <DraftBar hand={hand} />
    </MomentsPage>
  )
}

interface RowProps {
  item: RegisteredRule
  drafted: RuleDefinition | undefined
  now: string | undefined
  lift: Precursor | undefined
  measured: boolean
  change: () => void
}

function Row({ item, drafted, now, lift, measured, change }: RowProps) {
  const state = drafted?.state || (drafted ? 'testing' : item.state)
  const fired = (days: number) => item.windows?.find((each) => each.days === days)?.fired ?? 0
  return (
    <tr>
      <th scope="row" className={classes.words}>
        <Link href={ruleHref(item.key)}>{titled(item)}</Link> <span className={classes.tag}>{term(item.type)}</span>
        <span className={classes.small}>{item.hypothesis ? sentence(item.hypothesis) : 'No hypothesis is said.'}</span>
        <span className={classes.small}>{item.owner ? `Owner: ${words(item.owner)}` : 'Nobody owns it'}</span>
      </th>
      <td>
        {stateWord(state)} {state !== item.state && <span className={classes.tag}>in the draft</span>}
        {(drafted?.evidence ?? item.evidence) && <span className={classes.small}>{sentence(drafted?.evidence ?? item.evidence)}</span>}
        <button type="button" className={classes.link} aria-haspopup="dialog" onClick={change} aria-label={`Change the state of ${titled(item)}`}>
          Change
        </button>
      </td>
      <td>{reviewWords(item, now)}</td>
      <td className={classes.figure}>
        <Link href={`/moments?rule=${encodeURIComponent(item.key)}`}>{count(item.fired)} in all</Link>
        <span className={classes.small}>
          {count(fired(7))} in 7 days, {count(fired(30))} in 30, {count(fired(90))} in 90
        </span>
        <span className={classes.small}>{item.last_at ? `last ${now ? relative(item.last_at, now) : moment(item.last_at)}` : 'it never fired'}</span>
      </td>
      <td>
        {item.precision === null ? (
          <span className={classes.small}>Not measured: {term(item.type).toLowerCase()} rules are about keeping, not growing</span>
        ) : item.precision.followed === 0 ? (
          <span className={classes.small}>None was followed for 30 days yet</span>
        ) : (
          <>
            {shareWords(item.precision.share)}
            <span className={classes.small}>
              {intervalWords(item.precision.interval, shareWords)}; {count(item.precision.grew)} of {count(item.precision.followed)} grew
            </span>
          </>
        )}
      </td>
      <td>{lift ? <>{liftWords(lift)}</> : <span className={classes.small}>{measured ? 'Too little to say' : 'Not measured'}</span>}</td>
      <td className={classes.words}>
        {item.words?.length ? item.words.map((each) => <span key={each}>{sentence(each)} </span>) : <span className={classes.dim}>Nothing.</span>}
        {item.drift.before_precision !== '' && item.drift.recent_precision !== '' && (
          <span className={classes.small}>
            Precision {shareWords(item.drift.recent_precision)} lately, {shareWords(item.drift.before_precision)} before
          </span>
        )}
      </td>
    </tr>
  )
}

function reviewWords(item: RegisteredRule, now: string | undefined) {
  if (!item.review) return <span className={classes.small}>No day is said</span>
  if (!item.overdue) return dateWords(item.review)
  return (
    <>
      <span className={`${classes.tag} ${classes.warn}`}>overdue</span>
      <span className={classes.small}>
        It was to be looked at on {dateWords(item.review)}
        {now && `, ${relative(item.review, now)}`}
      </span>
    </>
  )
}
