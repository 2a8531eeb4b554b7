import { Button } from '@mantine/core'
import { useRef, useState } from 'react'
import { Field, TextField } from '../shared/Field'
import { placeholders, type TextForm } from './definition'
import classes from './Offers.module.css'
import mine from './Editor.module.css'

/** The languages that the translation of an offer is begun in by one press. */
const common = ['de', 'fr', 'es', 'pt-BR', 'it', 'nl', 'ar', 'ja']

/** What an offer says, in each language; a placeholder goes where the cursor was last. */
export function OfferTexts({ texts, set }: { texts: TextForm[]; set: (texts: TextForm[]) => void }) {
  const last = useRef<{ index: number; field: 'title' | 'body' | 'action'; at: number }>(undefined)
  const [language, setLanguage] = useState('')
  const change = (index: number, fields: Partial<TextForm>) => set(texts.map((each, i) => (i === index ? { ...each, ...fields } : each)))
  const insert = (name: string) => {
    const { index, field, at } = last.current ?? { index: 0, field: 'body' as const, at: texts[0]?.body.length ?? 0 }
    const text = texts[index]?.[field] ?? ''
    change(index, { [field]: `${text.slice(0, at)}{${name}}${text.slice(at)}` })
    last.current = { index, field, at: at + name.length + 2 }
  }
  const wrong = language && (!/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(language) ? 'A language tag such as de or pt-BR.' : texts.some((each) => each.language.toLowerCase() === language.toLowerCase()) ? 'It is there already.' : '')
  return (
    <div className={classes.form}>
      <div>
        <p className={classes.words}>Placeholders are filled from the account’s own plan and usage. A sentence for which nothing is known is left out.</p>
        <div className={mine.names} role="group" aria-label="Placeholders">
          {placeholders.map(([name, meaning]) => (
            <button key={name} type="button" title={meaning} aria-label={`Put in {${name}}: ${meaning}`} onClick={() => insert(name)}>
              {`{${name}}`}
            </button>
          ))}
        </div>
      </div>
      {texts.map((text, index) => {
        const of = text.language ? ` in ${text.language}` : ''
        const line = (field: 'title' | 'body' | 'action', label: string, hint?: string) => (
          <Field label={`${label}${of}`} hint={hint}>
            {(control) => {
              const shared = {
                ...control,
                value: text[field],
                lang: text.language || undefined,
                dir: 'auto' as const,
                onSelect: (event: { currentTarget: { selectionStart: number | null } }) => (last.current = { index, field, at: event.currentTarget.selectionStart ?? 0 }),
              }
              return field === 'body' ? (
                <textarea {...shared} rows={3} onChange={(event) => change(index, { body: event.currentTarget.value })} />
              ) : (
                <input {...shared} type="text" autoComplete="off" onChange={(event) => change(index, { [field]: event.currentTarget.value })} />
              )
            }}
          </Field>
        )
        return (
          <fieldset key={text.language} className={mine.text}>
            <legend>{text.language ? `In ${text.language}` : 'As the catalog is written'}</legend>
            {line('title', 'Title')}
            {line('body', 'Body')}
            <div className={classes.two}>
              {line('action', 'Button', text.language ? undefined : 'Empty: what fits what it gives.')}
              <TextField label={`Picture or film${of}`} placeholder="https://" type="url" value={text.media} set={(media) => change(index, { media })} />
            </div>
            {text.language && (
              <span>
                <Button type="button" size="compact-xs" variant="default" onClick={() => set(texts.filter((_, i) => i !== index))}>
                  Remove {text.language}
                </Button>
              </span>
            )}
          </fieldset>
        )
      })}
      <div className={classes.line}>
        <TextField label="Another language" placeholder={common.find((each) => !texts.some((text) => text.language === each)) ?? 'de'} value={language} set={setLanguage} wrong={wrong || undefined} />
        <Button
          type="button"
          variant="default"
          disabled={!language || wrong !== ''}
          onClick={() => {
            set([...texts, { language, title: '', body: '', action: '', media: '' }])
            setLanguage('')
          }}
        >
          Add the language
        </Button>
      </div>
    </div>
  )
}
