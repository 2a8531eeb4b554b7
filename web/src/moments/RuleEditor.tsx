import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation, useParams, useSearchParams } from 'wouter'
import { problemOf } from '../api/client'
import { coverageQuery, type MomentsCatalog, type RuleDefinition } from '../api/moments'
import { catalogEditQuery, definitionsQuery } from '../api/queries'
import type { Finding } from '../api/types'
import { titleOf } from '../lib/entitlement'
import { DraftBar } from '../packaging/DraftBar'
import { keyFor, withEdit, type Edit } from '../packaging/draft'
import { useDraft, type DraftInHand } from '../packaging/useDraft'
import { ChoiceField, Field, TextField } from '../shared/Field'
import { Form } from '../shared/Form'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { BacktestPanel } from './BacktestPanel'
import { definitionOf, editsOf, formInAddress, formOf, newForm, withKind, wrongIn, type RuleForm } from './form'
import { fieldsOf, kindById, kinds } from './kinds'
import { MomentsPage } from './MomentsPage'
import { placeIn } from './position'
import { RuleField, type Mistake } from './RuleFields'
import { RuleText } from './RuleText'
import { ruleWords } from './ruleWords'
import { owners, ruleHref, states, types } from './terms'
import { useSettled } from './useSettled'
import lists from '../shared/List.module.css'
import classes from './RuleEditor.module.css'

const above = { title: 'Rules', path: '/moments/rules' }

/** What a rule is called while it is tried and not in the draft: its title may change, and nothing else by that. */
const unnamed = 'rule_being_written'

/** The editor of a rule that is there, or of a new one. */
export function RuleEditor() {
  const { rule: key } = useParams<{ rule?: string }>() // keys need no escaping
  const query = useQuery(definitionsQuery)
  const hand = useDraft()
  const catalog = hand.shown as MomentsCatalog | undefined
  const definition = catalog?.signals?.find((each) => each.key === key) as RuleDefinition | undefined
  return (
    <MomentsPage title={key === undefined ? 'New rule' : titleOf(definition, key)} question="Would this rule have found them in time?" above={above}>
      <Await query={query} waiting={<WaitingRows rows={8} className={lists.row} />}>
        {() =>
          catalog &&
          (key !== undefined && !definition ? (
            <p className={classes.none}>
              The catalog has no rule “{key}”. <Link href="/moments/rules">All rules</Link>
            </p>
          ) : (
            <Editor key={key ?? ''} ruleKey={key} before={definition} hand={hand} catalog={catalog} />
          ))
        }
      </Await>
      <DraftBar hand={hand} />
    </MomentsPage>
  )
}

interface EditorProps {
  ruleKey: string | undefined
  before: RuleDefinition | undefined
  hand: DraftInHand
  catalog: MomentsCatalog
}

function Editor({ ruleKey, before, hand, catalog }: EditorProps) {
  const [, navigate] = useLocation()
  const [search] = useSearchParams()
  const [form, setForm] = useState<RuleForm>(() => (before ? formOf(before) : (formInAddress(search) ?? newForm())))
  const [tried, setTried] = useState(false)
  const set = (fields: Partial<RuleForm>) => setForm((now) => ({ ...now, ...fields }))
  const { data: coverage } = useQuery(coverageQuery)
  const events = [...(coverage?.expected ?? []), ...(coverage?.unknown ?? [])].map((each) => each.type)

  const kind = kindById(form.kind)
  const wrong = wrongIn(form)
  const whole = Object.keys(wrong).length === 0
  const key = ruleKey ?? keyFor(form.title || (kind?.title ?? 'rule'), (catalog.signals ?? []).map((each) => each.key))
  const edits = editsOf(key, form, before)
  const settled = useSettled({ edits, key, form, whole }, 400)

  // What the server makes of it, together with what is in the draft already.
  const all = settled.edits.reduce<Edit[]>((now, edit) => (hand.definitions ? withEdit(now, edit, hand.definitions) : now), hand.draft.edits)
  const base = hand.draft.edits.length > 0 ? hand.draft.base : (hand.definitions?.version ?? '')
  const made = useQuery({ ...catalogEditQuery(base, all), enabled: settled.whole && hand.definitions !== undefined })
  const text = settled.whole ? made.data?.text : undefined
  const findings = settled.whole ? (made.data?.findings ?? []).filter((each) => each.path === `signals.${settled.key}` || each.path.startsWith(`signals.${settled.key}.`)) : []
  const errors = findings.filter((each) => each.severity === 'error')
  const mistakeOf = (field: 'rule' | 'and'): Mistake | undefined => {
    const finding = errors.find((each) => each.path.endsWith(`.when.${field}`))
    const condition = form.when[field] ?? ''
    // A mistake of an earlier text would stand in the wrong place.
    return finding && text !== undefined && settled.form.when[field] === condition ? { finding, at: placeIn(condition, field, finding, text) } : undefined
  }
  // A new rule says why: the registry judges it by that. It may be tried before.
  const unsaid: Record<string, string> = ruleKey === undefined && form.hypothesis.trim() === '' ? { hypothesis: 'Say why more would help them then: the registry judges the rule by it.' } : {}
  const missing = { ...wrong, ...unsaid }
  const shownWrong = tried ? wrong : Object.fromEntries(Object.entries(wrong).filter(([name]) => (form.when[name] ?? '').trim() !== ''))
  const ready = settled.whole && made.isSuccess && errors.length === 0
  const said = whole ? ruleWords(editedWhen(form, before), catalog) : ''

  return (
    <div className={classes.columns}>
      <Panel id="rule" title="The rule" of={said || 'fill in what it needs'}>
        <Form
          className={classes.form}
          send={() => {
            setTried(true)
            if (Object.keys(missing).length > 0 || edits.length === 0) return
            hand.edit(...edits)
            if (ruleKey === undefined) navigate(ruleHref(key), { replace: true })
          }}
        >
          <Field label="Fires when">
            {(control) => (
              <select {...control} value={form.kind} onChange={(event) => setForm(withKind(form, event.currentTarget.value))}>
                {[...new Set(kinds.map((each) => each.group))].map((group) => (
                  <optgroup key={group} label={group}>
                    {kinds
                      .filter((each) => each.group === group)
                      .map((each) => (
                        <option key={each.id} value={each.id}>
                          {each.title}
                        </option>
                      ))}
                  </optgroup>
                ))}
              </select>
            )}
          </Field>
          <div className={classes.fields}>
            {kind &&
              fieldsOf(kind).map((field) => (
                <div key={`${kind.id} ${field.key}`} className={field.type === 'condition' || field.type === 'where' || field.type === 'steps' ? classes.wide : undefined}>
                  <RuleField
                    field={field}
                    value={form.when[field.key] ?? ''}
                    set={(value) => setForm((now) => ({ ...now, when: { ...now.when, [field.key]: value } }))}
                    wrong={shownWrong[field.key]}
                    mistake={field.key === 'rule' || field.key === 'and' ? mistakeOf(field.key) : undefined}
                    catalog={catalog}
                    events={events}
                  />
                </div>
              ))}
          </div>
          <About form={form} set={set} wrong={tried ? missing : form.state === 'validated' ? wrong : {}} />
          <div className={classes.foot}>
            <span className={classes.calm}>
              {ruleKey === undefined && (
                <>
                  It will stand at <code>signals.{key}</code>.{' '}
                </>
              )}
              Nothing changes for customers until the draft is applied.
            </span>
            <Button type="submit" disabled={whole && edits.length === 0}>
              {whole && edits.length === 0 ? 'Nothing changed' : 'Put into the draft'}
            </Button>
          </div>
          {tried && Object.keys(missing).length > 0 && (
            <p role="alert" className={classes.wrong}>
              {Object.keys(missing).length === 1 ? 'One field has' : `${Object.keys(missing).length} fields have`} to be mended first.
            </p>
          )}
        </Form>
      </Panel>
      <div className={classes.results}>
        <BacktestPanel ruleKey={ruleKey ?? unnamed} definition={ready ? definitionOf(settled.form, before) : undefined} wrong={backtestWaits(settled.whole, errors)} isNew={!hand.definitions?.signals?.some((each) => each.key === ruleKey)} />
        <RuleText text={text} ruleKey={settled.key} findings={findings} problem={made.error ? problemOf(made.error) : undefined} />
      </div>
    </div>
  )
}

const editedWhen = (form: RuleForm, before: RuleDefinition | undefined) => definitionOf(form, before).when

const backtestWaits = (whole: boolean, errors: Finding[]) => (!whole ? 'It runs once the rule has all it needs.' : errors.length > 0 ? 'It runs once the mistake is mended.' : '')

/** What is said of a rule besides when it fires. */
function About({ form, set, wrong }: { form: RuleForm; set: (fields: Partial<RuleForm>) => void; wrong: Record<string, string> }) {
  return (
    <>
      <div className={classes.fields}>
        <TextField label="Title" value={form.title} set={(title) => set({ title })} hint="What people call it." />
        <ChoiceField label="Type" value={form.type} set={(type) => set({ type })} options={types} hint="Of the revenue it is about." />
      </div>
      <TextField label="Hypothesis" value={form.hypothesis} set={(hypothesis) => set({ hypothesis })} lines={2} hint="Why more would help them at this moment." wrong={wrong['hypothesis']} />
      <div className={classes.fields}>
        <ChoiceField label="Owner" value={form.owner} set={(owner) => set({ owner })} options={owners} />
        <ChoiceField label="State" value={form.state} set={(state) => set({ state })} options={[['', 'Testing'], ...states.filter(([key]) => key !== 'testing' || form.state === 'testing')]} />
        <TextField label="Review on" type="date" value={form.review} set={(review) => set({ review })} />
        <TextField label="Worth acting on for" value={form.decays} set={(decays) => set({ decays })} placeholder="30d" wrong={wrong['decays']} />
        <ChoiceField label="Driven by" value={form.driven} set={(driven) => set({ driven })} options={[['', 'worked out from the rule'], ['usage', 'usage'], ['time', 'time']]} />
      </div>
      {(form.state === 'validated' || form.evidence !== '') && (
        <TextField label="Evidence" value={form.evidence} set={(evidence) => set({ evidence })} lines={2} hint="What showed that the hypothesis holds." wrong={wrong['evidence']} />
      )}
    </>
  )
}
