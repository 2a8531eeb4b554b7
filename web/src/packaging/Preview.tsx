import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { definitionsQuery, dryRunQuery } from '../api/queries'
import type { CatalogChange, CatalogImpact } from '../api/types'
import { problemOf } from '../api/client'
import { diff, hunks, summary } from '../lib/diff'
import { titleOf } from '../lib/entitlement'
import { count, money } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { Panel } from '../shared/Panel'
import { ProblemWords } from '../shared/ProblemWords'
import { alike } from './findings'
import { ChangedFindings } from './Lint'
import classes from './Preview.module.css'

/** What applying a text in the place of another would do: to accounts, in words, and in lines. */
export function Preview({ before, after, without = '' }: { before: string; after: string; /** What of the draft is left out of it, in words. */ without?: string }) {
  const dry = useQuery(dryRunQuery(after))
  const problem = dry.error && problemOf(dry.error)
  return (
    <div className={classes.preview} aria-busy={dry.isPending}>
      {problem && (
        <div role="alert" className={classes.refused}>
          <p>
            <ProblemWords problem={problem} />
          </p>
        </div>
      )}
      {dry.data && (
        <>
          <div className={classes.columns}>
            <Panel id="impact" title="What it does to accounts" of={without || 'if it were applied now'}>
              <Impact impact={dry.data.impact} />
            </Panel>
            <Panel id="changes" title="Changes in words" of={plural(dry.data.changes?.length ?? 0, 'change', 'changes')}>
              <ChangeList changes={dry.data.changes ?? []} />
            </Panel>
          </div>
          <Panel id="findings" title="Findings" of="that this change adds or resolves">
            <ChangedFindings findings={dry.data.findings ?? []} />
          </Panel>
        </>
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

/** How many of a list are shown before the rest is folded. */
const shownFirst = 8

function Impact({ impact }: { impact: CatalogImpact | undefined }) {
  const catalog = useQuery(definitionsQuery).data
  if (!impact || (impact.accounts === 0 && !impact.squeezed?.length && !impact.at_risk?.accounts)) return <p className={classes.none}>No account changes.</p>
  const risk = impact.at_risk
  const examples = impact.examples ?? []
  const squeezed = impact.squeezed ?? []
  const nameOf = (account: string) => examples.find((each) => each.account === account)?.name
  const feature = (key: string) => titleOf(catalog?.features?.find((each) => each.key === key), key)
  const plan = (key: string) => titleOf(catalog?.plans?.find((each) => each.key === key), key)
  const above = (each: (typeof squeezed)[number]) => (
    <li key={`${each.account} ${each.feature}`}>
      <AccountLink account={each.account} name={nameOf(each.account)} />: {feature(each.feature)} {count(each.usage)} of {count(each.limit)}
    </li>
  )
  const unlisted = (impact.squeezed_total ?? 0) - squeezed.length
  return (
    <div className={classes.impact}>
      <dl className={classes.figures}>
        <div>
          <dt>Accounts that change</dt>
          <dd>{count(impact.accounts)}</dd>
        </div>
        <div>
          <dt>Above a new limit</dt>
          <dd>{count(impact.squeezed_total ?? squeezed.length)}</dd>
        </div>
        <div>
          <dt>Renewal money at risk, a year</dt>
          <dd>{risk ? [risk.amount, ...(risk.others ?? [])].map((each) => money(each.amount, each.currency, { short: true })).join(' and ') : '–'}</dd>
        </div>
      </dl>
      <p className={classes.definition}>
        Renewal money at risk is what accounts pay today, less the least they could pay for the same or more after this change, as far as they could not pay that little before.
      </p>
      {squeezed.length > 0 && (
        <div>
          <h3>Above their new limit</h3>
          <ul className={classes.list}>{squeezed.slice(0, shownFirst).map(above)}</ul>
          {(squeezed.length > shownFirst || unlisted > 0) && (
            <details className={classes.fold}>
              <summary>{count(squeezed.length - Math.min(squeezed.length, shownFirst) + Math.max(unlisted, 0))} more</summary>
              <ul className={classes.list}>{squeezed.slice(shownFirst).map(above)}</ul>
              {unlisted > 0 && <p className={classes.none}>{plural(unlisted, 'other is', 'others are')} not listed one by one.</p>}
            </details>
          )}
        </div>
      )}
      {risk && (risk.why?.length ?? 0) > 0 && (
        <div>
          <h3>Why money is at risk</h3>
          <ul className={classes.list}>
            {risk.why?.map((why) => (
              <li key={why}>{why}</li>
            ))}
          </ul>
        </div>
      )}
      {impact.plans?.map((each) => (
        <div key={each.plan}>
          <h3>
            {plan(each.plan)}, {plural(each.accounts, 'account', 'accounts')}
          </h3>
          <ul className={classes.list}>
            {each.changes?.map((change) => (
              <li key={change}>{change}</li>
            ))}
          </ul>
        </div>
      ))}
      {examples.length > 0 && (
        <details className={classes.fold}>
          <summary>{examples.length < impact.accounts ? `For example ${count(examples.length)} of them` : 'Who they are'}</summary>
          {alike(examples).map(({ changes, accounts }) => (
            <div key={changes.join()} className={classes.alike}>
              <p>{changes.join('; ')}</p>
              <ul className={classes.names}>
                {accounts.map((each) => (
                  <li key={each.account}>
                    <AccountLink account={each.account} name={each.name} />
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </details>
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
