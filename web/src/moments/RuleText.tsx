import type { Problem } from '../api/client'
import type { Finding } from '../api/types'
import { sentence } from '../lib/format'
import { Panel } from '../shared/Panel'
import { ProblemWords } from '../shared/ProblemWords'
import { blockOf } from './position'
import classes from './RuleEditor.module.css'

interface RuleTextProps {
  /** The catalog's text with the rule in it; undefined while it is not whole. */
  text: string | undefined
  ruleKey: string
  findings: Finding[]
  problem: Problem | undefined
}

/** The rule as it will stand in the catalog's file, and what the server says of it. */
export function RuleText({ text, ruleKey, findings, problem }: RuleTextProps) {
  return (
    <Panel id="yaml" title="In the catalog" of="as it will stand in its file">
      <pre className={classes.yaml} tabIndex={0} role="group" aria-label="The rule as YAML">
        {text === undefined ? 'signals:\n  # stands here once the rule is whole' : `signals:\n${blockOf(text, 'signals', ruleKey).replace(/^(?=.)/gm, '  ')}`}
      </pre>
      {problem && (
        <p role="alert" className={classes.wrong}>
          <ProblemWords problem={problem} />
        </p>
      )}
      {findings.length > 0 && (
        <ul className={classes.findings} aria-label="What the server says of the rule">
          {findings.map((finding) => (
            <li key={`${finding.path} ${finding.code}`} className={finding.severity === 'error' ? classes.wrong : undefined}>
              <strong>{finding.severity === 'error' ? 'Error' : finding.severity === 'warning' ? 'Warning' : 'Note'}:</strong> {sentence(finding.message)} {sentence(finding.mend)}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
