import { useId, type ReactNode } from 'react'
import classes from './Field.module.css'

interface FieldProps {
  label: string
  /** What the value means, where the label does not say it all. */
  hint?: ReactNode
  /** Why the value cannot be taken. */
  wrong?: string | undefined
  /** The control; it gets its id and what describes it. */
  children: (control: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true; className: string | undefined }) => ReactNode
}

/** A labelled control of a form, with room for what is wrong with it. */
export function Field({ label, hint, wrong, children }: FieldProps) {
  const id = useId()
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(' ')
  return (
    <div className={classes.field}>
      <label htmlFor={id}>{label}</label>
      {children({ id, className: classes.control, ...(described ? { 'aria-describedby': described } : {}), ...(wrong ? { 'aria-invalid': true as const } : {}) })}
      {hint && (
        <p id={`${id}-hint`} className={classes.hint}>
          {hint}
        </p>
      )}
      {wrong && (
        <p id={`${id}-wrong`} role="alert" className={classes.wrong}>
          {wrong}
        </p>
      )}
    </div>
  )
}

interface TextProps {
  label: string
  value: string
  set: (value: string) => void
  hint?: ReactNode
  wrong?: string | undefined
  placeholder?: string
  type?: 'text' | 'search' | 'date' | 'url'
  /** Digits and a decimal point. */
  number?: boolean
  lines?: number
  required?: boolean
}

export function TextField({ label, value, set, hint, wrong, placeholder, type = 'text', number = false, lines, required }: TextProps) {
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(control) =>
        lines ? (
          <textarea {...control} rows={lines} value={value} placeholder={placeholder} required={required} onChange={(event) => set(event.currentTarget.value)} />
        ) : (
          <input
            {...control}
            type={type}
            inputMode={number ? 'decimal' : undefined}
            autoComplete="off"
            value={value}
            placeholder={placeholder}
            required={required}
            onChange={(event) => set(event.currentTarget.value)}
          />
        )
      }
    </Field>
  )
}

interface ChoiceProps {
  label: string
  value: string
  set: (value: string) => void
  options: [value: string, words: string][]
  hint?: ReactNode
}

export function ChoiceField({ label, value, set, options, hint }: ChoiceProps) {
  return (
    <Field label={label} hint={hint}>
      {(control) => (
        <select {...control} value={value} onChange={(event) => set(event.currentTarget.value)}>
          {options.map(([option, words]) => (
            <option key={option} value={option}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

/** A few choices, all seen at once. */
export function RadioField({ label, value, set, options }: Omit<ChoiceProps, 'hint'>) {
  const name = useId()
  return (
    <fieldset className={classes.radios}>
      <legend>{label}</legend>
      {options.map(([option, words]) => (
        <label key={option}>
          <input type="radio" name={name} value={option} checked={value === option} onChange={() => set(option)} />
          {words}
        </label>
      ))}
    </fieldset>
  )
}

interface KeysProps {
  label: string
  hint?: ReactNode
  options: [key: string, words: string][]
  chosen: string[]
  set: (chosen: string[]) => void
}

/** Any number of choices, all seen at once; what is chosen keeps the order of the options. */
export function KeysField({ label, hint, options, chosen, set }: KeysProps) {
  const id = useId()
  const unknown = chosen.filter((key) => !options.some(([option]) => option === key))
  return (
    <fieldset className={classes.radios} aria-describedby={hint ? `${id}-hint` : undefined}>
      <legend>{label}</legend>
      {[...options, ...unknown.map((key): [string, string] => [key, key])].map(([key, words], _, all) => (
        <label key={key}>
          <input
            type="checkbox"
            checked={chosen.includes(key)}
            onChange={(event) => {
              const on = event.currentTarget.checked
              set(all.map(([option]) => option).filter((option) => (option === key ? on : chosen.includes(option))))
            }}
          />
          {words}
        </label>
      ))}
      {hint && (
        <p id={`${id}-hint`} className={`${classes.hint} ${classes.below}`}>
          {hint}
        </p>
      )}
    </fieldset>
  )
}

export function CheckField({ label, value, set, hint }: { label: string; value: boolean; set: (value: boolean) => void; hint?: ReactNode }) {
  const id = useId()
  return (
    <div className={classes.check}>
      <label>
        <input type="checkbox" checked={value} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(event) => set(event.currentTarget.checked)} />
        {label}
      </label>
      {hint && (
        <p id={`${id}-hint`} className={classes.hint}>
          {hint}
        </p>
      )}
    </div>
  )
}
