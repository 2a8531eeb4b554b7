import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { lintQuery } from '../api/queries'
import type { Finding } from '../api/types'
import { count } from '../lib/format'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { compared } from './findings'
import { hrefOf } from './matrix'
import lists from '../shared/List.module.css'
import classes from './Lint.module.css'

const order = ['error', 'warning', 'info', 'note']
const rank = (severity: string) => (order.indexOf(severity) + order.length) % order.length

interface LintProps {
  title?: string
  /** Only findings of these sections; all when left out. */
  sections?: string[]
  className?: string | undefined
}

/** What is doubtful in the active catalog, seen with how it is used. */
export function Lint({ title = 'Lint', sections, className }: LintProps) {
  const query = useQuery(lintQuery)
  return (
    <Panel id="lint" title={title} of="the active catalog, with how it is used" className={className}>
      <Await query={query} waiting={<WaitingRows rows={4} className={lists.row} />}>
        {({ findings }) => <Findings findings={within(findings ?? [], sections)} none="Nothing to say: every rule is kept." linked />}
      </Await>
    </Panel>
  )
}

function within(findings: Finding[], sections: string[] | undefined): Finding[] {
  return sections ? findings.filter((finding) => sections.includes(/^\w*/.exec(finding.path)?.[0] ?? '')) : findings
}

/** What a change adds to what the active catalog has already, and what it mends; the rest folded. */
export function ChangedFindings({ findings }: { findings: Finding[] }) {
  const active = useQuery(lintQuery)
  // Without a catalog there is nothing to compare with: all is new.
  if (active.isPending) return <p className={classes.none}>Comparing with the active catalog…</p>
  const { added, resolved, same } = compared(active.data?.findings ?? [], findings)
  return (
    <div className={classes.compared}>
      <h3>{added.length === 0 ? 'Nothing is added' : added.length === 1 ? '1 is added' : `${count(added.length)} are added`}</h3>
      {added.length > 0 && <Findings findings={added} none="" linked />}
      {resolved.length > 0 && (
        <>
          <h3>{resolved.length === 1 ? '1 is resolved' : `${count(resolved.length)} are resolved`}</h3>
          <Findings findings={resolved} none="" />
        </>
      )}
      {same.length > 0 && (
        <details className={classes.more}>
          <summary>{count(same.length)} as before</summary>
          <Findings findings={same} none="" />
        </details>
      )}
    </div>
  )
}

/** Findings, the gravest first. `linked` where their places can be gone to. */
export function Findings({ findings, none, linked = false }: { findings: Finding[]; none: string; linked?: boolean }) {
  if (findings.length === 0) return <p className={classes.none}>{none}</p>
  return (
    <ul className={lists.rows}>
      {byRule(findings).map(([first, ...more]) => (
        <li key={`${first.severity} ${first.code}`} className={lists.row}>
          <One finding={first} linked={linked} />
          {more.length > 0 && (
            <details className={classes.more}>
              <summary>
                {count(more.length)} more of <code className={classes.code}>{first.code}</code>
              </summary>
              {more.map((finding, index) => (
                <One key={`${finding.path} ${index}`} finding={finding} linked={linked} mend={finding.mend !== first.mend} />
              ))}
            </details>
          )}
        </li>
      ))}
    </ul>
  )
}

/** Findings of a rule together, the gravest rules first. */
function byRule(findings: Finding[]): [Finding, ...Finding[]][] {
  const rules = new Map<string, [Finding, ...Finding[]]>()
  for (const finding of findings.toSorted((a, b) => rank(a.severity) - rank(b.severity))) {
    const key = `${finding.severity} ${finding.code}`
    const known = rules.get(key)
    if (known) known.push(finding)
    else rules.set(key, [finding])
  }
  return [...rules.values()]
}

function One({ finding, linked, mend = true }: { finding: Finding; linked: boolean; mend?: boolean }) {
  return (
    <>
      <div className={classes.line}>
        <span className={finding.severity === 'error' ? classes.error : finding.severity === 'warning' ? classes.warning : classes.info}>{finding.severity}</span>
        <code className={classes.code}>{finding.code}</code>
        {finding.path && (
          <span className={classes.place}>
            {linked ? <Link href={hrefOf(finding.path)}>{finding.path}</Link> : finding.path}
            {finding.line > 0 && ` line ${finding.line}`}
          </span>
        )}
      </div>
      <p className={lists.words}>{finding.message.charAt(0).toUpperCase() + finding.message.slice(1)}.</p>
      {mend && finding.mend && <p className={`${lists.words} ${lists.dim}`}>To mend it: {finding.mend}.</p>}
    </>
  )
}
