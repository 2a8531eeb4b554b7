import { useQuery } from '@tanstack/react-query'
import { dryRunQuery } from '../api/queries'
import type { CatalogChange, CatalogImpact, Finding } from '../api/types'
import { problemOf } from '../api/client'
import { diff, hunks, summary } from '../lib/diff'
import { count, money, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { Panel } from '../shared/Panel'
import { Findings } from './Lint'
import { useMemo } from 'react'
import classes from './Preview.module.css'

/** What applying a text in the place of another would do: in words, in lines, and to accounts. */
export function Preview({ before, after, findings }: { before: string; after: string; findings?: Finding[] }) {
  const dry = useQuery(dryRunQuery(after))
  const problem = dry.error && problemOf(dry.error)
  return (
    <div className={classes.preview} aria-busy={dry.isPending}>
      {problem && (
        <div role="alert" className={classes.refused}>
          <p>
            <strong>{problem.message}</strong> {problem.mend}
          </p>
        </div>
      )}
      {dry.data && (
        <>
          <div className={classes.columns}>
            <Panel id="impact" title="What it does to accounts" of="if it were applied now">
              <Impact impact={dry.data.impact} />
            </Panel>
            <Panel id="changes" title="Changes in words" of={plural(dry.data.changes?.length ?? 0, 'change', 'changes')}>
              <ChangeList changes={dry.data.changes ?? []} />
            </Panel>
          </div>
        </>
      )}
      {(dry.data || findings) && (
        <Panel id="findings" title="Findings" of="in the catalog as it would be">
          <Findings findings={dry.data?.findings ?? findings ?? []} none="Nothing to say: every rule is kept." />
        </Panel>
      )}
      <DiffPanel before={before} after={after} />
    </div>
  )
}

export const plural = (n: number, one: string, many: string) => `${count(n)} ${n === 1 ? one : many}`

export function ChangeList({ changes }: { changes: CatalogChange[] }) {
  if (changes.length === 0) return <p className={classes.none}>Nothing changes in meaning.</p>
  const kinds = { added: 'added', removed: 'removed', changed: 'changed' }
  return (
    <ul className={classes.list}>
      {changes.map((change, index) => (
        <li key={`${change.path} ${index}`}>
          <span className={classes.kind}>{kinds[change.kind]}</span> {change.words}
        </li>
      ))}
    </ul>
  )
}

function Impact({ impact }: { impact: CatalogImpact | undefined }) {
  if (!impact || (impact.accounts === 0 && !impact.squeezed?.length && !impact.at_risk?.accounts)) return <p className={classes.none}>No account changes.</p>
  const risk = impact.at_risk
  return (
    <div className={classes.impact}>
      <dl className={classes.figures}>
        <div>
          <dt>Accounts that change</dt>
          <dd>{count(impact.accounts)}</dd>
        </div>
        <div>
          <dt>Squeezed</dt>
          <dd>{count(impact.squeezed_total ?? impact.squeezed?.length ?? 0)}</dd>
        </div>
        <div>
          <dt>Renewal money at risk, a year</dt>
          <dd>{risk ? [risk.amount, ...(risk.others ?? [])].map((each) => money(each.amount, each.currency, { short: true })).join(' and ') : '–'}</dd>
        </div>
      </dl>
      {risk && (risk.why?.length ?? 0) > 0 && (
        <ul className={classes.list}>
          {risk.why?.map((why) => (
            <li key={why}>{why}</li>
          ))}
        </ul>
      )}
      {impact.plans?.map((plan) => (
        <div key={plan.plan}>
          <h3>
            {words(plan.plan)}, {plural(plan.accounts, 'account', 'accounts')}
          </h3>
          <ul className={classes.list}>
            {plan.changes?.map((change) => (
              <li key={change}>{change}</li>
            ))}
          </ul>
        </div>
      ))}
      {(impact.squeezed?.length ?? 0) > 0 && (
        <div>
          <h3>Above their new limit</h3>
          <ul className={classes.list}>
            {impact.squeezed?.map((each) => (
              <li key={`${each.account} ${each.feature}`}>
                <AccountLink account={each.account} />: {words(each.feature)} {count(each.usage)} of {count(each.limit)}
              </li>
            ))}
          </ul>
        </div>
      )}
      {(impact.examples?.length ?? 0) > 0 && (
        <div>
          <h3>For example</h3>
          <ul className={classes.list}>
            {impact.examples?.map((each) => (
              <li key={each.account}>
                <AccountLink account={each.account} name={each.name} />: {each.changes?.join('; ')}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  )
}

/** Old and new lines with the place they stand at, unchanged ones about them. */
export function DiffPanel({ before, after, title = 'The catalog’s text' }: { before: string; after: string; title?: string }) {
  const all = useMemo(() => diff(before, after), [before, after])
  const signs = { same: ' ', old: '−', new: '+' }
  const said = { same: '', old: 'removed: ', new: 'added: ' }
  return (
    <Panel id="diff" title={title} of={summary(all)}>
      {hunks(all).map((hunk) => (
        <div key={`${hunk[0]?.old} ${hunk[0]?.new}`} className={classes.scroll} tabIndex={0} role="group" aria-label={`Lines from ${hunk[0]?.new ?? hunk[0]?.old ?? 1}`}>
          <table className={classes.diff}>
            <tbody>
              {hunk.map((line) => (
                <tr key={`${line.old} ${line.new}`} className={classes[line.kind]}>
                  <td className={classes.number}>{line.old}</td>
                  <td className={classes.number}>{line.new}</td>
                  <td className={classes.sign} aria-hidden="true">
                    {signs[line.kind]}
                  </td>
                  <td className={classes.text}>
                    {said[line.kind] && <span className="hidden">{said[line.kind]}</span>}
                    {line.text}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ))}
    </Panel>
  )
}
