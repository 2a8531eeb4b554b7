import { Button } from '@mantine/core'
import { useState } from 'react'
import { ChoiceField, TextField } from '../../shared/Field'
import { Form } from '../../shared/Form'
import { useParam } from '../../shared/open'
import { Panel } from '../../shared/Panel'
import { keyFor } from '../draft'
import { Matrix } from '../Matrix'
import { plansInOrder } from '../matrix'
import { currenciesOf, newPrice, PriceFields, pricesOf, wrongPrices } from '../PriceFields'
import { titleOf } from '../../lib/entitlement'
import { NewAddon, NewBundle } from './Addons'
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
      <Panel id="new-bundle" title="Add a bundle" of="add-ons sold together">
        <NewBundle key={shown.bundles?.length ?? 0} hand={hand} shown={shown} />
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
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (!title.trim() || wrongPrices(prices)) return
        const key = keyFor(title, (shown.plans ?? []).map((plan) => plan.key))
        hand.edit({ path: `plans.${key}`, value: { title: title.trim(), ...(above ? { above } : {}), ...newPrice(prices, currency) } })
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
    </Form>
  )
}

