import { Button } from '@mantine/core'
import { useState } from 'react'
import { ChoiceField, TextField } from '../../shared/Field'
import { useParam } from '../../shared/open'
import { Panel } from '../../shared/Panel'
import { keyFor } from '../draft'
import { Matrix } from '../Matrix'
import { plansInOrder } from '../matrix'
import { currenciesOf, PriceFields, priceEdits, pricesOf, wrongPrices } from '../PriceFields'
import { titleOf } from '../../lib/entitlement'
import type { StepProps } from './ValueFeatures'
import classes from './Step.module.css'

export function Plans({ hand, shown }: StepProps) {
  const [, setEditing] = useParam('edit')
  return (
    <>
      <Panel id="plans" title="Plans" of="and what each gives: click a cell">
        <p className={classes.lead}>
          Two to four plans on one path, each for a kind of customer. Let limits stand where a customer has got so much value that more is worth more to them;
          what only some want is better sold beside the plans.
        </p>
        {(shown.plans?.length ?? 0) === 0 ? (
          <p className={classes.none}>No plans yet. Add the first one below; then its cells can be filled.</p>
        ) : (
          <Matrix definitions={shown} was={hand.definitions ?? shown} grouping="use_case" earlier={false} edit={setEditing} />
        )}
      </Panel>
      <Panel id="new-plan" title="Add a plan">
        <NewPlan key={shown.plans?.length ?? 0} hand={hand} shown={shown} />
      </Panel>
      <Panel id="new-addon" title="Add an add-on" of="bought on top of a plan">
        <NewAddon key={shown.addons?.length ?? 0} hand={hand} shown={shown} />
      </Panel>
    </>
  )
}

function NewPlan({ hand, shown }: StepProps) {
  const currency = shown.currency ?? 'USD'
  const plans = plansInOrder(shown.plans ?? []).filter((plan) => !plan.retired)
  const [title, setTitle] = useState('')
  const [prices, setPrices] = useState(() => pricesOf(undefined, currenciesOf(shown), ['month', 'year']))
  const [above, setAbove] = useState((plans.findLast((plan) => plan.family === plans[0]?.family) ?? plans.at(-1))?.key ?? '')
  const [tried, setTried] = useState(false)
  return (
    <form
      noValidate
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (!title.trim() || wrongPrices(prices)) return
        const key = keyFor(title, (shown.plans ?? []).map((plan) => plan.key))
        const price = Object.fromEntries(priceEdits('price', undefined, prices, currency).flatMap((edit) => ('value' in edit ? [[edit.path.slice('price.'.length), edit.value]] : [])))
        hand.edit({ path: `plans.${key}`, value: { title: title.trim(), ...(above ? { above } : {}), ...(Object.keys(price).length > 0 ? { price } : {}) } })
      }}
    >
      <div className={classes.two}>
        <TextField label="Plan" placeholder="Starter" value={title} set={setTitle} wrong={tried && !title.trim() ? 'Say what it is called.' : undefined} />
        <ChoiceField label="Above" hint="The plan just below it." value={above} set={setAbove} options={[['', 'no plan'], ...plans.map((plan): [string, string] => [plan.key, titleOf(plan)])]} />
      </div>
      <PriceFields prices={prices} set={setPrices} tried={tried} unit="" />
      <div>
        <Button type="submit">Add the plan</Button>
      </div>
    </form>
  )
}

function NewAddon({ hand, shown }: StepProps) {
  const currency = shown.currency ?? 'USD'
  const features = (shown.features ?? []).filter((each) => each.kind !== 'value')
  const [title, setTitle] = useState('')
  const [chosen, setFeature] = useState('')
  const feature = features.find((each) => each.key === chosen) ?? features[0]
  const [limit, setLimit] = useState('')
  const [prices, setPrices] = useState(() => pricesOf(undefined, currenciesOf(shown), ['month', 'year']))
  const [tried, setTried] = useState(false)
  const counted = feature !== undefined && feature.kind !== 'boolean'
  const wrong = counted && !/^[1-9]\d*(\.\d+)?$/.test(limit)
  if (!feature) return <p className={classes.none}>An add-on gives a feature; add one in the first step.</p>
  return (
    <form
      noValidate
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (!title.trim() || wrong || wrongPrices(prices)) return
        const key = keyFor(title, [...(shown.addons ?? []), ...(shown.bundles ?? []), ...(shown.plans ?? [])].map((each) => each.key))
        const price = Object.fromEntries(priceEdits('price', undefined, prices, currency).flatMap((edit) => ('value' in edit ? [[edit.path.slice('price.'.length), edit.value]] : [])))
        hand.edit({ path: `addons.${key}`, value: { title: title.trim(), ...(Object.keys(price).length > 0 ? { price } : {}), entitlements: { [feature.key]: counted ? Number(limit) : true } } })
      }}
    >
      <div className={classes.two}>
        <TextField label="Add-on" placeholder="Sponsor stage" value={title} set={setTitle} wrong={tried && !title.trim() ? 'Say what it is called.' : undefined} />
        <ChoiceField label="Gives" value={feature.key} set={setFeature} options={features.map((each): [string, string] => [each.key, titleOf(each)])} />
        {counted && <TextField label="How much" number value={limit} set={setLimit} wrong={tried && wrong ? 'Say how much, above 0.' : undefined} />}
      </div>
      <PriceFields prices={prices} set={setPrices} tried={tried} unit="" />
      <div>
        <Button type="submit">Add the add-on</Button>
      </div>
    </form>
  )
}
