import { Button } from '@mantine/core'
import { useState } from 'react'
import type { AddonDefinition, CatalogDefinitions, EntitlementValue, FeatureDefinition, PlanDefinition } from '../api/types'
import { Dialog } from '../shared/Dialog'
import { CheckField, ChoiceField, KeysField, RadioField, TextField } from '../shared/Field'
import { Form } from '../shared/Form'
import { useParam } from '../shared/open'
import { valueAt, type Edit } from './draft'
import type { DraftInHand } from './useDraft'
import { addonKinds, needOptions } from './addons'
import { whoPays } from './editWords'
import { currenciesOf, PriceFields, priceEdits, pricesOf, wrongPrices } from './PriceFields'
import { formOf, numberOf, periods, titleOf, valueOf, wrongIn, type EntitlementForm } from '../lib/entitlement'
import classes from './EditDialog.module.css'

/** The dialog in which the place that the address names (?edit=plans.pro) is edited. */
export function EditDialog({ hand }: { hand: DraftInHand }) {
  const [path, setPath] = useParam('edit')
  const close = () => setPath('')
  const { shown } = hand
  const [section = '', key = '', part, feature] = path.split('.')
  const definition = shown && valueAt(shown, `${section}.${key}`)
  const edited = (edits: Edit[]) => {
    hand.edit(...edits)
    close()
  }
  const title = titleOf(definition as { key: string; title?: string } | undefined, key)
  const of = shown?.features?.find((each) => each.key === feature)

  let form = null
  if (shown && definition && part === 'entitlements' && of) {
    form = <EntitlementEditor key={path} path={path} feature={of} unit={(definition as PlanDefinition).unit} value={valueAt(shown, path) as EntitlementValue | undefined} shown={shown} was={hand.definitions} section={section} done={edited} cancel={close} />
  } else if (shown && definition && section === 'plans' && !part) {
    form = <PlanEditor key={path} plan={definition as PlanDefinition} shown={shown} was={hand.definitions} done={edited} cancel={close} />
  } else if (shown && definition && (section === 'addons' || section === 'bundles') && !part) {
    form = <AddonEditor key={path} section={section} addon={definition as AddonDefinition} shown={shown} done={edited} cancel={close} />
  }
  return (
    <Dialog title={of ? `${titleOf(of)} in ${title}` : title} open={path !== '' && form !== null} close={close} narrow>
      {form}
    </Dialog>
  )
}

interface EditorProps {
  done: (edits: Edit[]) => void
  cancel: () => void
}

/** The foot of a form: it puts the edit into the draft and never further. */
export function Foot({ cancel, words = 'Put into the draft' }: { cancel: () => void; words?: string }) {
  return (
    <div className={classes.foot}>
      <span className={classes.calm}>Nothing changes for customers until the draft is applied.</span>
      <Button type="button" variant="default" onClick={cancel}>
        Cancel
      </Button>
      <Button type="submit">{words}</Button>
    </div>
  )
}

interface EntitlementEditorProps extends EditorProps {
  path: string
  section: string
  feature: FeatureDefinition
  unit: string | undefined
  value: EntitlementValue | undefined
  shown: CatalogDefinitions
  was: CatalogDefinitions | undefined
}

/** Whether the draft makes a new version of a plan already, or the plan itself. */
function newInDraft(planPath: string, shown: CatalogDefinitions, was: CatalogDefinitions | undefined): 'version' | 'plan' | undefined {
  const before = valueAt(was, planPath) as PlanDefinition | undefined
  if (!before) return 'plan'
  return (before.version ?? 1) !== ((valueAt(shown, planPath) as PlanDefinition).version ?? 1) ? 'version' : undefined
}

function EntitlementEditor({ path, section, feature, unit, value, shown, was, done, cancel }: EntitlementEditorProps) {
  const [form, setForm] = useState(() => begin(formOf(value, feature), feature))
  const [tried, setTried] = useState(false)
  const [terms, setTerms] = useState(false)
  const set = (fields: Partial<EntitlementForm>) => setForm((before) => ({ ...before, ...fields }))
  const wrong = wrongIn(form, feature)
  const shownWrong = tried ? wrong : {}
  const level = shown.meters?.find((meter) => meter.key === feature.meter)?.['aggregate'] === 'level'
  const ofPlan = section === 'plans'
  const planPath = path.slice(0, path.indexOf('.entitlements.'))
  const made = ofPlan ? newInDraft(planPath, shown, was) : undefined
  const choices: [string, string][] =
    feature.kind === 'boolean'
      ? [['none', 'Not included'], ['included', 'Included']]
      : feature.kind === 'value'
        ? [['none', 'Nothing said'], ['value', 'A value']]
        : [['none', 'None'], ['limit', 'Up to a limit'], ['unlimited', 'Unlimited']]

  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (Object.keys(wrong).length > 0) return
        const next = valueOf(form, feature, value)
        const edit: Edit = next === undefined ? { path, remove: true } : { path, value: next }
        done(terms ? [...newVersion(valueAt(shown, planPath) as PlanDefinition), edit] : [edit])
      }}
    >
      <RadioField label="What it gives" value={form.how} set={(how) => set({ how: how as EntitlementForm['how'] })} options={choices} />
      {form.how === 'value' &&
        (feature.values?.length ? (
          <ChoiceField label="Value" value={form.value} set={(next) => set({ value: next })} options={feature.values.map((each) => [each, each])} />
        ) : (
          <TextField label="Value" number value={form.value} set={(next) => set({ value: next })} wrong={shownWrong.value} />
        ))}
      {form.how === 'limit' && (
        <>
          <div className={classes.two}>
            <TextField label="Limit" number value={form.limit} set={(limit) => set({ limit })} wrong={shownWrong.limit} />
            {!level && feature.kind !== 'seats' && (
              <ChoiceField
                label="Period"
                value={form.per}
                set={(per) => set({ per })}
                options={periods.some(([each]) => each === form.per) ? periods : [...periods, [form.per, form.per]]}
              />
            )}
          </div>
          {ofPlan && unit && <CheckField label={`For each ${unit}`} value={form.perUnit} set={(perUnit) => set({ perUnit })} />}
          {ofPlan && (
            <RadioField
              label="When it is reached"
              value={form.beyond}
              set={(beyond) => set({ beyond: beyond as EntitlementForm['beyond'] })}
              options={[
                ['hard', 'It stops'],
                ['grace', 'Grace, then it stops'],
                ['soft', 'It goes on at no price'],
                ['overage', 'It goes on at a price'],
              ]}
            />
          )}
          {ofPlan && form.beyond === 'overage' && (
            <div className={classes.two}>
              <TextField
                label={`Price, ${shown.currency ?? 'USD'}`}
                number
                value={form.overagePrice}
                set={(overagePrice) => set({ overagePrice })}
                wrong={shownWrong.overagePrice}
                hint={form.overageKept !== undefined ? 'It has prices in several currencies: left empty they stay.' : undefined}
              />
              <TextField label="For each started" number value={form.overageUnit} set={(overageUnit) => set({ overageUnit })} wrong={shownWrong.overageUnit} />
            </div>
          )}
          {ofPlan && form.beyond === 'grace' && (
            <div className={classes.two}>
              <TextField label="Percent above the limit" number value={form.gracePercent} set={(gracePercent) => set({ gracePercent })} wrong={shownWrong.gracePercent} />
              <TextField label="For how long" placeholder="7d" value={form.graceFor} set={(graceFor) => set({ graceFor })} wrong={shownWrong.graceFor} />
            </div>
          )}
          {ofPlan && form.per !== '' && !form.per.startsWith('rolling') && form.beyond !== 'soft' && (
            <>
              <CheckField label="What is left rolls over into the next period" value={form.rollover} set={(rollover) => set({ rollover })} />
              {form.rollover && (
                <div className={classes.two}>
                  <TextField label="At most" number placeholder="no bound" value={form.rolloverCap} set={(rolloverCap) => set({ rolloverCap })} wrong={shownWrong.rolloverCap} />
                  <TextField label="For how long" placeholder="one period" value={form.rolloverFor} set={(rolloverFor) => set({ rolloverFor })} wrong={shownWrong.rolloverFor} />
                </div>
              )}
            </>
          )}
        </>
      )}
      {ofPlan && !made && <NewVersionField value={terms} set={setTerms} />}
      {made === 'version' && <p className={classes.note}>The draft makes a new version of the plan: who has it now keeps what it gives.</p>}
      <Foot cancel={cancel} />
    </Form>
  )
}

/** What was not given yet begins with what its kind gives. */
function begin(form: EntitlementForm, feature: FeatureDefinition): EntitlementForm {
  return { ...form, value: form.value || (feature.values?.[0] ?? ''), rollover: form.rollover && form.beyond !== 'soft' }
}

function NewVersionField({ value, set }: { value: boolean; set: (value: boolean) => void }) {
  return (
    <CheckField
      label="Only for those who buy from now on"
      hint={`Makes a new version of the plan. ${whoPays}`}
      value={value}
      set={set}
    />
  )
}

/** Edits that keep what a plan is now as an earlier version. */
export function newVersion(plan: PlanDefinition): Edit[] {
  const version = plan.version ?? 1
  const terms = { ...(plan.price ? { price: plan.price } : {}), entitlements: plan.entitlements ?? {} }
  return [
    { path: `plans.${plan.key}.version`, value: version + 1 },
    { path: `plans.${plan.key}.earlier.${version}`, value: terms },
  ]
}

/** An edit for a field that may be empty. */
export function fieldEdit(path: string, before: string | undefined, after: string): Edit[] {
  const value = after.trim()
  if (value === (before ?? '')) return []
  return [value === '' ? { path, remove: true } : { path, value }]
}

const readiness: [string, string][] = [
  ['', 'by us'],
  ['partner', 'by a partner'],
  ['not_ready', 'not yet: never offered'],
]

function PlanEditor({ plan, shown, was, done, cancel }: EditorProps & { plan: PlanDefinition; shown: CatalogDefinitions; was: CatalogDefinitions | undefined }) {
  const path = `plans.${plan.key}`
  const currency = shown.currency ?? 'USD'
  const [title, setTitle] = useState(plan.title ?? '')
  const [prices, setPrices] = useState(() => pricesOf(plan.price, currenciesOf(shown), ['month', 'year']))
  const [above, setAbove] = useState(plan.above ?? '')
  const [trial, setTrial] = useState(typeof plan.trial === 'string' ? plan.trial : '')
  const [unit, setUnit] = useState(plan.unit ?? '')
  const [eligible, setEligible] = useState(plan.eligible ?? '')
  const [ready, setReady] = useState(plan.ready ?? '')
  const [retired, setRetired] = useState(plan.retired ?? false)
  const [terms, setTerms] = useState(false)
  const [tried, setTried] = useState(false)
  const wrong = wrongPrices(prices)
  const made = newInDraft(path, shown, was)
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (wrong || !title.trim()) return
        done([
          ...(terms ? newVersion(plan) : []),
          ...fieldEdit(`${path}.title`, plan.title, title),
          ...priceEdits(`${path}.price`, plan.price, prices, currency),
          ...fieldEdit(`${path}.above`, plan.above, above),
          ...(typeof plan.trial === 'object' ? [] : fieldEdit(`${path}.trial`, plan.trial as string | undefined, trial)),
          ...fieldEdit(`${path}.unit`, plan.unit, unit),
          ...fieldEdit(`${path}.eligible`, plan.eligible, eligible),
          ...fieldEdit(`${path}.ready`, plan.ready, ready),
          ...(retired === (plan.retired ?? false) ? [] : [retired ? { path: `${path}.retired`, value: true } : { path: `${path}.retired`, remove: true as const }]),
        ])
      }}
    >
      <TextField label="Title" value={title} set={setTitle} wrong={tried && !title.trim() ? 'A plan needs a title.' : undefined} />
      <PriceFields prices={prices} set={setPrices} tried={tried} unit={unit} />
      <div className={classes.two}>
        <ChoiceField
          label="Above"
          hint="The plan just below it on the upgrade path."
          value={above}
          set={setAbove}
          options={[['', 'no plan'], ...(shown.plans ?? []).filter((each) => each.key !== plan.key).map((each): [string, string] => [each.key, titleOf(each)])]}
        />
        {typeof plan.trial === 'object' && plan.trial !== null ? (
          <p className={classes.note}>The trial has terms of its own; edit them in the file.</p>
        ) : (
          <TextField label="Trial" placeholder="none, or 14d" value={trial} set={setTrial} />
        )}
        <TextField label="Sold by the" placeholder="nothing, or workspace" hint="What one unit of its quantity is." value={unit} set={setUnit} />
        <ChoiceField label="Delivered" value={ready} set={setReady} options={readiness} />
      </div>
      <TextField label="Only for accounts where" placeholder={'account.traits.segment == "nonprofit"'} hint="A condition; empty for everybody." value={eligible} set={setEligible} />
      <CheckField label="Retired" hint="No longer sold; who has it keeps it." value={retired} set={setRetired} />
      {!made && <NewVersionField value={terms} set={setTerms} />}
      <Foot cancel={cancel} />
    </Form>
  )
}

function AddonEditor({ section, addon, shown, done, cancel }: EditorProps & { section: string; addon: AddonDefinition; shown: CatalogDefinitions }) {
  const path = `${section}.${addon.key}`
  const bundle = section === 'bundles'
  const currency = shown.currency ?? 'USD'
  const [title, setTitle] = useState(addon.title ?? '')
  const [prices, setPrices] = useState(() => pricesOf(addon.price, currenciesOf(shown), addon.price?.['once'] !== undefined ? ['once'] : ['month', 'year']))
  const [discount, setDiscount] = useState(String(addon.discount ?? '').replace('%', ''))
  const [kind, setKind] = useState(addon.kind ?? '')
  const [needs, setNeeds] = useState(addon.needs ?? [])
  const [ready, setReady] = useState(addon.ready ?? '')
  const [retired, setRetired] = useState(addon.retired ?? false)
  const [tried, setTried] = useState(false)
  const wrongDiscount = discount !== '' && !((numberOf(discount) ?? 101) <= 100) ? 'Whole percents from 0 to 100.' : undefined
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (wrongPrices(prices) || !title.trim() || wrongDiscount) return
        done([
          ...fieldEdit(`${path}.title`, addon.title, title),
          ...(bundle && !addon.price ? [] : priceEdits(`${path}.price`, addon.price, prices, currency)),
          ...(bundle ? fieldEdit(`${path}.discount`, addon.discount === undefined ? undefined : String(addon.discount), discount === '' ? '' : `${discount}%`) : []),
          ...(bundle ? [] : fieldEdit(`${path}.kind`, addon.kind, kind)),
          ...(needs.toSorted().join() === (addon.needs ?? []).toSorted().join() ? [] : [needs.length > 0 ? { path: `${path}.needs`, value: needs } : { path: `${path}.needs`, remove: true as const }]),
          ...fieldEdit(`${path}.ready`, addon.ready, ready),
          ...(retired === (addon.retired ?? false) ? [] : [retired ? { path: `${path}.retired`, value: true } : { path: `${path}.retired`, remove: true as const }]),
        ])
      }}
    >
      <TextField label="Title" value={title} set={setTitle} wrong={tried && !title.trim() ? 'It needs a title.' : undefined} />
      {bundle && !addon.price ? (
        <TextField label="Percent off the sum of its parts" number value={discount} set={setDiscount} wrong={tried ? wrongDiscount : undefined} />
      ) : (
        <PriceFields prices={prices} set={setPrices} tried={tried} unit="" />
      )}
      <div className={classes.two}>
        {!bundle && <ChoiceField label="Kind" value={kind} set={setKind} options={addonKinds} />}
        <ChoiceField label="Delivered" value={ready} set={setReady} options={readiness} />
      </div>
      <KeysField label="Needs one of" hint={bundle ? 'None: what its parts need.' : 'None: it can be bought with any plan.'} options={needOptions(shown, addon.key)} chosen={needs} set={setNeeds} />
      <CheckField label="Retired" hint="No longer sold; who has it keeps it." value={retired} set={setRetired} />
      <Foot cancel={cancel} />
    </Form>
  )
}
