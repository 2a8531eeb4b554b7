import { useId, useRef } from 'react'
import type { MomentsCatalog } from '../api/moments'
import type { Finding } from '../api/types'
import { titleOf } from '../lib/entitlement'
import { sentence } from '../lib/format'
import { ChoiceField, Field, TextField } from '../shared/Field'
import type { KindField } from './kinds'
import { lineAndColumn } from './position'
import classes from './RuleEditor.module.css'

/** A mistake in a condition: what it is and where in its text. */
export interface Mistake {
  finding: Finding
  at: number | undefined
}

interface RuleFieldProps {
  field: KindField
  value: string
  set: (value: string) => void
  wrong: string | undefined
  mistake: Mistake | undefined
  catalog: MomentsCatalog
  /** Event types that the server knows of. */
  events: string[]
}

const titled = (list: { key: string; title?: string }[] | undefined): [string, string][] => (list ?? []).map((each) => [each.key, titleOf(each)])

/** The control of one field of a rule, by its type. */
export function RuleField({ field, value, set, wrong, mistake, catalog, events }: RuleFieldProps) {
  const hint = [field.hint, field.otherwise && field.type !== 'condition' && field.type !== 'where' && `Left empty: ${field.otherwise}.`].filter(Boolean).join(' ') || undefined
  const counted = catalog.features?.filter((feature) => feature.kind === 'metered' || feature.kind === 'seats')
  const choose = (options: [string, string][], none: string) => (
    <Choose label={field.label} value={value} set={set} options={options} none={none} hint={hint} wrong={wrong} />
  )
  switch (field.type) {
    case 'feature':
      return choose(titled(catalog.features), 'choose a feature')
    case 'metered':
      return choose(titled(counted), 'choose a counted feature')
    case 'metered_or_any':
      return choose([['any', 'any that is paid for'], ...titled(counted)], 'choose a counted feature')
    case 'milestone':
      return choose(titled(catalog.milestones as { key: string; title?: string }[] | undefined), 'choose a milestone')
    case 'metric':
      return choose(titled(catalog.value), 'choose a value metric')
    case 'choice':
      return <ChoiceField label={field.label} value={value} set={set} options={field.choices ?? []} hint={hint} />
    case 'event':
      return <Suggested label={field.label} value={value} set={set} options={events} hint={hint} wrong={wrong} />
    case 'meter_or_event':
      return <Suggested label={field.label} value={value} set={set} options={[...(catalog.meters ?? []).map((meter) => meter.key), ...events]} hint={hint} wrong={wrong} />
    case 'condition':
      return <Condition label={field.label} value={value} set={set} hint={hint} mistake={mistake} wrong={wrong} />
    case 'where':
    case 'steps':
      return <TextField label={field.label} value={value} set={set} lines={field.type === 'steps' ? 4 : 2} hint={hint} wrong={wrong} />
    case 'whole':
    case 'quantity':
    case 'percent':
      return <TextField label={field.label} value={value} set={set} number hint={hint} wrong={wrong} placeholder={field.otherwise ?? ''} />
    default:
      return <TextField label={field.label} value={value} set={set} hint={hint} wrong={wrong} placeholder={field.otherwise ?? (field.type.startsWith('duration') ? '7d' : '')} />
  }
}

interface ChooseProps {
  label: string
  value: string
  set: (value: string) => void
  options: [string, string][]
  none: string
  hint: string | undefined
  wrong: string | undefined
}

/** A choice of what the catalog has; what it no longer has stays chosen, and is said to be wrong. */
function Choose({ label, value, set, options, none, hint, wrong }: ChooseProps) {
  const unknown = value !== '' && !options.some(([key]) => key === value)
  return (
    <Field label={label} hint={hint} wrong={wrong ?? (unknown ? 'The catalog has none of this name.' : options.length === 0 ? 'The catalog has none yet.' : undefined)}>
      {(control) => (
        <select {...control} value={value} onChange={(event) => set(event.currentTarget.value)}>
          <option value="">{none}</option>
          {unknown && <option value={value}>{value}</option>}
          {options.map(([key, words]) => (
            <option key={key} value={key}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

/** A text with suggestions. */
function Suggested({ label, value, set, options, hint, wrong }: Omit<ChooseProps, 'options' | 'none'> & { options: string[] }) {
  const id = useId()
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(control) => (
        <>
          <input {...control} list={id} autoComplete="off" spellCheck={false} value={value} onChange={(event) => set(event.currentTarget.value)} />
          <datalist id={id}>
            {[...new Set(options)].map((option) => (
              <option key={option} value={option} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  )
}

interface ConditionProps extends Omit<ChooseProps, 'options' | 'none'> {
  mistake: Mistake | undefined
}

/** A condition in CEL, with the place of a mistake marked in its own text. */
function Condition({ label, value, set, hint, wrong, mistake }: ConditionProps) {
  const area = useRef<HTMLTextAreaElement>(null)
  const at = mistake?.at
  const place = at === undefined ? undefined : lineAndColumn(value, at)
  const length = at === undefined ? 0 : Math.max(1, /^\w+/.exec(value.slice(at))?.[0].length ?? 1)
  const go = () => {
    area.current?.focus()
    if (at !== undefined) area.current?.setSelectionRange(at, at + length)
  }
  const words = mistake && `${place ? `Line ${place.line}, column ${place.column}: ` : ''}${sentence(mistake.finding.message)} ${sentence(mistake.finding.mend)}`
  return (
    <div className={classes.condition}>
      <Field label={label} hint={hint} wrong={wrong ?? words}>
        {(control) => (
          <textarea {...control} ref={area} rows={3} spellCheck={false} autoCapitalize="off" className={`${control.className ?? ''} ${classes.code}`} value={value} onChange={(event) => set(event.currentTarget.value)} />
        )}
      </Field>
      {mistake && at !== undefined && (
        <div className={classes.mistake}>
          <pre tabIndex={0} role="group" aria-label="The condition with its mistake marked">
            {value.slice(0, at)}
            <mark>{value.slice(at, at + length) || '⌷'}</mark>
            {value.slice(at + length)}
          </pre>
          <button type="button" className={classes.plain} onClick={go}>
            Go to the mistake
          </button>
        </div>
      )}
    </div>
  )
}
