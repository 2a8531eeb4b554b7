import { Button } from '@mantine/core'
import { useState } from 'react'
import { TextField } from '../../shared/Field'
import { Form } from '../../shared/Form'
import { Panel } from '../../shared/Panel'
import { keyFor } from '../draft'
import { amountWords, titleOf } from '../../lib/entitlement'
import { listed } from '../worksheet'
import type { StepProps } from './ValueFeatures'
import classes from './Step.module.css'

/** What customers gain in their own terms, and what that is worth to them. */
export function ValueMetrics({ hand, shown }: StepProps) {
  const metrics = shown.value ?? []
  const currency = shown.currency ?? 'USD'
  return (
    <Panel id="value" title="Value metrics" of="what customers gain, in their own terms">
      <p className={classes.lead}>Hours saved, tickets sold: worked out from what they use, so that the price can be seen as a share of what it brings.</p>
      {metrics.length > 0 && (
        <ul>
          {metrics.map((metric) => (
            <li key={metric.key} className={classes.item}>
              <div>
                <strong>{titleOf(metric)}</strong>
                <p className={classes.dim}>
                  {metric.formula} {metric.unit}
                  {metric['worth'] !== undefined && `, each worth ${amountWords(metric['worth'], currency)} to them`}
                  {metric['band'] !== undefined && `, priced at ${String(metric['band'])} of that`}
                </p>
              </div>
              <Button size="compact-sm" variant="default" onClick={() => hand.edit({ path: `value.${metric.key}`, remove: true })}>
                Remove<span className="hidden"> {titleOf(metric)}</span>
              </Button>
            </li>
          ))}
        </ul>
      )}
      {(shown.meters?.length ?? 0) === 0 ? (
        <p className={classes.none}>Add a feature that is counted first: value is worked out from its meter.</p>
      ) : (
        <NewMetric key={metrics.length} hand={hand} shown={shown} />
      )}
    </Panel>
  )
}

function NewMetric({ hand, shown }: StepProps) {
  const meters = (shown.meters ?? []).map((meter) => meter.key)
  const [title, setTitle] = useState('')
  const [unit, setUnit] = useState('')
  const [formula, setFormula] = useState('')
  const [worth, setWorth] = useState('')
  const [low, setLow] = useState('')
  const [high, setHigh] = useState('')
  const [assumptions, setAssumptions] = useState('')
  const [tried, setTried] = useState(false)
  const whole = (text: string) => text === '' || /^\d{1,4}$/.test(text)
  const wrong = {
    title: title.trim() ? undefined : 'Say what they gain.',
    formula: !formula.trim() ? 'Say how it is worked out.' : meters.some((meter) => new RegExp(`\\b${meter.replace(/\W/g, '\\$&')}\\b`).test(formula)) ? undefined : `Use a meter: ${meters.join(', ')}.`,
    worth: worth !== '' && !/^\d+(\.\d+)?$/.test(worth) ? 'An amount such as 40.' : undefined,
    band: !whole(low) || !whole(high) || Boolean(low) !== Boolean(high) || (low && Number(low) >= Number(high)) ? 'Two whole percentages, the smaller first.' : low && !worth ? 'A band needs a worth.' : undefined,
  }
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (wrong.title || wrong.formula || wrong.worth || wrong.band) return
        const key = keyFor(title, (shown.value ?? []).map((metric) => metric.key))
        const said = assumptions.split('\n').map((line) => line.trim()).filter(Boolean)
        hand.edit({
          path: `value.${key}`,
          value: {
            title: title.trim(),
            ...(unit.trim() ? { unit: unit.trim() } : {}),
            formula: formula.trim(),
            ...(worth ? { worth } : {}),
            ...(low ? { band: `${low}% to ${high}%` } : {}),
            ...(said.length > 0 ? { assumptions: said } : {}),
          },
        })
      }}
    >
      <div className={classes.two}>
        <TextField label="They gain" placeholder="Hours saved" value={title} set={setTitle} wrong={tried ? wrong.title : undefined} />
        <TextField label="In" placeholder="hours" value={unit} set={setUnit} />
        <TextField label="Worked out as" placeholder={`${meters[0]} * 0.5`} hint={`Meters: ${listed(meters.join(',')).join(', ')}`} value={formula} set={setFormula} wrong={tried ? wrong.formula : undefined} />
        <TextField label={`One is worth to them, ${shown.currency ?? 'USD'}`} number value={worth} set={setWorth} wrong={tried ? wrong.worth : undefined} />
        <TextField label="Price at least, % of it" number value={low} set={setLow} wrong={tried ? wrong.band : undefined} />
        <TextField label="Price at most, % of it" number value={high} set={setHigh} />
      </div>
      <TextField label="What this rests on" lines={2} hint="One assumption a line; statements to customers say them." value={assumptions} set={setAssumptions} />
      <div>
        <Button type="submit">Add the value metric</Button>
      </div>
    </Form>
  )
}
