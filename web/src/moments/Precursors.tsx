import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { analyse, type Precursor, type Precursors as Found } from '../api/moments'
import { definitionsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import type { CatalogDefinitions } from '../api/types'
import { titleOf } from '../lib/entitlement'
import { count, moment, sentence, term } from '../lib/format'
import { Empty } from '../shared/Empty'
import { ChoiceField } from '../shared/Field'
import { useParam } from '../shared/open'
import { Panel } from '../shared/Panel'
import { AnalysisState } from './AnalysisState'
import { secondsWords, shareWords } from './backtest'
import { newRuleHref } from './form'
import { certainty, grows, liftWords, ruleOfAction } from './lift'
import { MomentsPage } from './MomentsPage'
import { ruleHref } from './terms'
import { useAnalysis } from './useAnalysis'
import analysisClasses from './Analysis.module.css'
import classes from './Moments.module.css'

const kindWords = { event: 'event', gate: 'locked feature wanted', signal: 'rule fired' }

/** Which actions come before upgrades, and how much more often than without them. */
export function Precursors() {
  const { data: catalog } = useQuery(definitionsQuery)
  const [askedType, setType] = useParam('type')
  const [askedWithin, setWithin] = useParam('within')
  const type = grows.includes(askedType) ? askedType : 'upsell'
  const within = askedWithin || '30d'
  const { analysis, run, cancel } = useAnalysis<Found>()
  const of = `${type} ${within}`
  const start = () => run(of, (progress, signal) => analyse<Found>('GET', '/v1/signals/precursors', { query: { type, within } }, progress, signal))
  const found = analysis.result
  return (
    <MomentsPage title="Precursors" question="What do accounts do before they upgrade?">
      <Panel id="precursors" title="Actions before an upgrade" of="over all of the stored history">
        <div className={classes.tools}>
          <ChoiceField label="Upgrade" value={type} set={setType} options={grows.map((each): [string, string] => [each, term(each)])} />
          <ChoiceField label="Within, after the action" value={within} set={setWithin} options={[['7d', '7 days'], ['14d', '14 days'], ['30d', '30 days'], ['60d', '60 days'], ['90d', '90 days'], ...(['7d', '14d', '30d', '60d', '90d'].includes(within) ? [] : [[within, within] as [string, string]])]} />
          <div className={classes.end}>
            <Button onClick={start} disabled={analysis.running}>
              Find precursors
            </Button>
          </div>
        </div>
        <AnalysisState
          analysis={analysis}
          cancel={cancel}
          run={start}
          calm={found ? `${count(found.upgraded)} of ${count(found.accounts)} accounts upgraded, up to ${moment(found.until)}; ${secondsWords(found.seconds)}${analysis.of === of ? '' : '. The choice above was changed since'}` : 'It looks at every account from its start, and takes a while on a long history.'}
        />
        {found && (
          <div className={analysis.running || analysis.of !== of ? analysisClasses.old : undefined}>
            {found.items?.length ? <Actions items={found.items} type={found.type} days={found.within_days} catalog={catalog} /> : <Nothing />}
            <h3 className={classes.note}>Read it with care</h3>
            <ul className={classes.notes} aria-label="What the figures rest on">
              <li>Survivorship: who stays longer has more time to do everything, upgrading included. So accounts are compared with others of the same age that were still there, and only what came before an upgrade counts.</li>
              {found.notes?.map((note) => <li key={note}>{sentence(note)}</li>)}
            </ul>
          </div>
        )}
      </Panel>
    </MomentsPage>
  )
}

function Nothing() {
  return (
    <Empty title="No action came before an upgrade" snippet={snippets.event()}>
      It takes events of your product, and accounts that upgraded after them. Send the events:
    </Empty>
  )
}

const nameOf = (item: Precursor, catalog: CatalogDefinitions | undefined) =>
  item.kind === 'gate' ? titleOf(catalog?.features?.find((each) => each.key === item.name), item.name) : item.kind === 'signal' ? titleOf(catalog?.signals?.find((each) => each.key === item.name), item.name) : item.name

function Actions({ items, type, days, catalog }: { items: Precursor[]; type: string; days: number; catalog: CatalogDefinitions | undefined }) {
  return (
    <div className={classes.scroll} tabIndex={0} role="group" aria-label="Actions before an upgrade">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Action</th>
            <th scope="col" className={classes.number}>
              Accounts
            </th>
            <th scope="col" className={classes.number}>
              Upgraded
            </th>
            <th scope="col" className={classes.number}>
              Others
            </th>
            <th scope="col">Lift</th>
            <th scope="col">In words</th>
            <th scope="col">Next</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => {
            const when = ruleOfAction(item)
            const name = nameOf(item, catalog)
            return (
              <tr key={`${item.kind} ${item.name}`}>
                <th scope="row">
                  {name}
                  <span className={classes.small}>{kindWords[item.kind]}</span>
                </th>
                <td className={classes.number}>{count(item.accounts)}</td>
                <td className={classes.number}>
                  {shareWords(item.share)}
                  <span className={classes.small}>
                    {count(item.upgraded)} of {count(item.followed)}
                  </span>
                </td>
                <td className={classes.number}>{shareWords(item.base)}</td>
                <td>
                  {liftWords(item)}
                  <span className={classes.small}>
                    {certainty(item)}
                    {item.q !== '' && `; q ${item.q}`}
                  </span>
                </td>
                <td className={classes.words}>{sentence(item.words)}</td>
                <td>
                  {when ? (
                    <Link href={newRuleHref(when, { type, title: `Before an upgrade: ${name}`, hypothesis: item.lift === '' ? '' : `Who does this upgrades ${liftWords(item)} as often within ${days} days as others of the same age.` })}>Make a rule of it</Link>
                  ) : (
                    <Link href={ruleHref(item.name)}>The rule</Link>
                  )}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
