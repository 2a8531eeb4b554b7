import { Button } from '@mantine/core'
import { useState } from 'react'
import { CheckField, ChoiceField, KeysField, RadioField, TextField } from '../../shared/Field'
import { Form } from '../../shared/Form'
import { addonKinds, includesOf, needOptions, partsOf, rightQuantity, soldKeys } from '../addons'
import { keyFor } from '../draft'
import { currenciesOf, newPrice, PriceFields, pricesOf, wrongPrices } from '../PriceFields'
import { titleOf } from '../../lib/entitlement'
import type { StepProps } from './ValueFeatures'
import classes from './Step.module.css'

/** Kinds that give a quantity of something counted. */
const quantities = ['capacity', 'pack', 'top_up']

export function NewAddon({ hand, shown }: StepProps) {
  const currency = shown.currency ?? 'USD'
  const features = (shown.features ?? []).filter((each) => each.kind !== 'value')
  const [title, setTitle] = useState('')
  const [chosen, setFeature] = useState('')
  const feature = features.find((each) => each.key === chosen) ?? features[0]
  const [kind, setKind] = useState('')
  const [limit, setLimit] = useState('')
  const [needs, setNeeds] = useState<string[]>([])
  const [prices, setPrices] = useState(() => pricesOf(undefined, currenciesOf(shown), ['month', 'year']))
  const [tried, setTried] = useState(false)
  if (!feature) return <p className={classes.none}>An add-on gives a feature; add one in the first step.</p>
  const counted = feature.kind !== 'boolean'
  const kinds = addonKinds.filter(([each]) => (quantities.includes(each) ? counted : each !== 'seat' || feature.kind === 'seats'))
  const sold = kinds.some(([each]) => each === kind) ? kind : ''
  const wrong = counted && !/^[1-9]\d*(\.\d+)?$/.test(limit)
  const soldAs = (next: string) => {
    // A top-up is bought once; all else each interval.
    if ((next === 'top_up') !== (kind === 'top_up')) setPrices(pricesOf(undefined, currenciesOf(shown), next === 'top_up' ? ['once'] : ['month', 'year']))
    setKind(next)
  }
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (!title.trim() || wrong || wrongPrices(prices)) return
        hand.edit({
          path: `addons.${keyFor(title, soldKeys(shown))}`,
          value: {
            title: title.trim(),
            ...(sold ? { kind: sold } : {}),
            ...newPrice(prices, currency),
            entitlements: { [feature.key]: counted ? Number(limit) : true },
            ...(needs.length > 0 ? { needs } : {}),
          },
        })
      }}
    >
      <div className={classes.two}>
        <TextField label="Add-on" placeholder="Sponsor stage" value={title} set={setTitle} wrong={tried && !title.trim() ? 'Say what it is called.' : undefined} />
        <ChoiceField
          label="Gives"
          value={feature.key}
          set={(next) => {
            setFeature(next)
            soldAs('')
          }}
          options={features.map((each): [string, string] => [each.key, titleOf(each)])}
        />
        {counted && <TextField label="How much" number value={limit} set={setLimit} wrong={tried && wrong ? 'Say how much, above 0.' : undefined} />}
        <ChoiceField label="Kind" value={sold} set={soldAs} options={kinds} />
      </div>
      <PriceFields prices={prices} set={setPrices} tried={tried} unit="" />
      <KeysField label="The add-on needs one of" hint="None: it can be bought with any plan." options={needOptions(shown)} chosen={needs} set={setNeeds} />
      <div>
        <Button type="submit">Add the add-on</Button>
      </div>
    </Form>
  )
}

export function NewBundle({ hand, shown }: StepProps) {
  const currency = shown.currency ?? 'USD'
  const addons = partsOf(shown)
  const [title, setTitle] = useState('')
  const [parts, setParts] = useState<Record<string, string>>({})
  const [how, setHow] = useState('discount')
  const [discount, setDiscount] = useState('')
  const once = addons.some((each) => each.key in parts && each.price?.['once'] !== undefined)
  const [prices, setPrices] = useState(() => pricesOf(undefined, currenciesOf(shown), ['month', 'year', 'once']))
  const [needs, setNeeds] = useState<string[]>([])
  const [tried, setTried] = useState(false)
  if (addons.length === 0) return <p className={classes.none}>A bundle puts add-ons together; add them first.</p>
  const chosen = addons.filter((each) => each.key in parts)
  // What is sold once and what is sold each interval do not go into one bundle.
  const wanted = needs.filter((key) => !(key in parts))
  const mine = prices.filter((each) => (each.interval === 'once') === once)
  const wrong = {
    title: title.trim() ? undefined : 'Say what it is called.',
    parts: chosen.length > 0 ? undefined : 'Choose what it is put together from.',
    discount: how !== 'discount' || discount === '' || (/^\d{1,3}$/.test(discount) && Number(discount) <= 100) ? undefined : 'Whole percents from 0 to 100.',
    price: how !== 'own' || mine.some((each) => each.amount.trim()) ? undefined : 'Say at least one price.',
    quantity: chosen.some((each) => !rightQuantity(parts[each.key] ?? '')),
  }
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (wrong.title || wrong.parts || wrong.discount || wrong.price || wrong.quantity || (how === 'own' && wrongPrices(mine))) return
        hand.edit({
          path: `bundles.${keyFor(title, soldKeys(shown))}`,
          value: {
            title: title.trim(),
            includes: includesOf(Object.fromEntries(chosen.map((each) => [each.key, parts[each.key] ?? '1']))),
            ...(how === 'own' ? newPrice(mine, currency) : discount && Number(discount) > 0 ? { discount: `${discount}%` } : {}),
            ...(wanted.length > 0 ? { needs: wanted } : {}),
          },
        })
      }}
    >
      <div className={classes.two}>
        <TextField label="Bundle" placeholder="Stage and talks" value={title} set={setTitle} wrong={tried ? wrong.title : undefined} />
      </div>
      <fieldset className={classes.parts}>
        <legend>Put together from</legend>
        {addons.map((each) => (
          <div key={each.key} className={classes.part}>
            <CheckField
              label={titleOf(each)}
              value={each.key in parts}
              set={(on) => setParts(on ? { ...parts, [each.key]: '1' } : Object.fromEntries(Object.entries(parts).filter(([key]) => key !== each.key)))}
            />
            {each.key in parts && (
              <TextField
                label={`How many of ${titleOf(each)}`}
                number
                value={parts[each.key] ?? ''}
                set={(n) => setParts({ ...parts, [each.key]: n })}
                wrong={tried && !rightQuantity(parts[each.key] ?? '') ? 'A whole number, 1 or more.' : undefined}
              />
            )}
          </div>
        ))}
        {tried && wrong.parts && (
          <p role="alert" className={classes.wrong}>
            {wrong.parts}
          </p>
        )}
      </fieldset>
      <RadioField
        label="What it costs"
        value={how}
        set={setHow}
        options={[
          ['discount', 'Its parts together, less a discount'],
          ['own', 'A price of its own'],
        ]}
      />
      {how === 'discount' ? (
        <div className={classes.two}>
          <TextField label="Percent off" number placeholder="0" value={discount} set={setDiscount} wrong={tried ? wrong.discount : undefined} />
        </div>
      ) : (
        <>
          <PriceFields prices={mine} set={(next) => setPrices([...prices.filter((each) => (each.interval === 'once') !== once), ...next])} tried={tried} unit="" />
          {tried && wrong.price && (
            <p role="alert" className={classes.wrong}>
              {wrong.price}
            </p>
          )}
        </>
      )}
      <KeysField
        label="The bundle needs one of"
        hint="None: what its parts need."
        options={needOptions(shown).filter(([key]) => !(key in parts))}
        chosen={wanted}
        set={setNeeds}
      />
      <div>
        <Button type="submit">Add the bundle</Button>
      </div>
    </Form>
  )
}
