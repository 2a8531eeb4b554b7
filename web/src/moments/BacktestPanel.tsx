import { useCallback, useEffect, useRef } from 'react'
import { analyse, type Backtest, type RuleDefinition } from '../api/moments'
import { count } from '../lib/format'
import { Panel } from '../shared/Panel'
import { AnalysisState } from './AnalysisState'
import { ruleIn, secondsWords } from './backtest'
import { BacktestResult } from './BacktestResult'
import { useAnalysis } from './useAnalysis'
import { useSettled } from './useSettled'
import analysisClasses from './Analysis.module.css'
import classes from './Moments.module.css'

/** How long the rule must stand still before it is tried. */
const pause = 600

/** As many accounts as are asked for: enough to draw weeks of, not so many that the answer is slow. */
const examples = 1_000

interface BacktestPanelProps {
  ruleKey: string
  /** The rule as it is in the form; undefined while it cannot be tried. */
  definition: Omit<RuleDefinition, 'key'> | undefined
  /** Why it cannot. */
  wrong: string
  /** The catalog has no such rule yet, so there is nothing to compare with. */
  isNew: boolean
}

/** Tries the rule over the stored history as soon as it stands still. */
export function BacktestPanel({ ruleKey, definition, wrong, isNew }: BacktestPanelProps) {
  const { analysis, run, cancel } = useAnalysis<Backtest>()
  // What is only said of a rule changes nothing about when it fires.
  const tried = definition && JSON.stringify({ when: definition.when, type: definition.type, ...(definition.decays ? { decays: definition.decays } : {}), ...(definition.state === 'retired' ? { state: 'retired' } : {}) })
  const settled = useSettled(tried ?? '', pause)
  const whole = useRef(definition)
  whole.current = definition ?? whole.current
  const start = useCallback(() => {
    if (settled === '') return
    const signals = JSON.stringify({ signals: { [ruleKey]: { ...whole.current, ...(JSON.parse(settled) as object) } } })
    run(settled, (progress, signal) => analyse<Backtest>('POST', '/v1/signals/backtest', { body: { signals, signal: ruleKey, examples } }, progress, signal))
  }, [settled, ruleKey, run])
  useEffect(start, [start])

  const rule = analysis.result && (ruleIn(analysis.result, ruleKey) ?? analysis.result.rules?.[0])
  const old = analysis.running || analysis.of !== (tried ?? '')
  return (
    <Panel id="backtest" title="Backtest" of="over all of the stored history">
      <AnalysisState
        analysis={analysis}
        cancel={cancel}
        run={start}
        calm={wrong || (analysis.result && old ? 'The figures are of the rule before the last change.' : analysis.result ? `${count(analysis.result.events)} events in ${secondsWords(analysis.result.seconds)}` : 'It runs by itself.')}
      />
      {analysis.result && rule ? (
        <div className={old ? analysisClasses.old : undefined} aria-busy={analysis.running || undefined}>
          <BacktestResult backtest={analysis.result} rule={rule} isNew={isNew} />
        </div>
      ) : (
        !analysis.running && !analysis.problem && <p className={classes.none}>For whom it would have fired, when, what they did then, and how that compares with others and with the rule as it is now.</p>
      )}
    </Panel>
  )
}
