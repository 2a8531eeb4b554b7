import { Button } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import type { CatalogDefinitions, FeatureDefinition } from '../../api/types'
import { ChoiceField, RadioField, TextField } from '../../shared/Field'
import { Form } from '../../shared/Form'
import { Panel } from '../../shared/Panel'
import { fieldEdit } from '../EditDialog'
import type { DraftInHand } from '../useDraft'
import { titleOf } from '../../lib/entitlement'
import { currencyFor, currencyOptions, featureEdits, missingIn, noIdea, type FeatureIdea } from '../worksheet'
import classes from './Step.module.css'

export interface StepProps {
  hand: DraftInHand
  shown: CatalogDefinitions
}

const kinds: Record<string, string> = { boolean: 'on or off', metered: 'counted', seats: 'seats', value: 'a value' }

export function ValueFeatures({ hand, shown }: StepProps) {
  return (
    <>
      {!hand.definitions?.currency && <CurrencyField hand={hand} shown={shown} />}
      <Panel id="features" title="What customers value" of="and why they buy it, in their words">
        <p className={classes.lead}>
          Name what customers would miss if it were gone, and why they buy it. What grows with the value they get is worth counting: it becomes what plans
          limit and what they grow by.
        </p>
        {(shown.features?.length ?? 0) === 0 ? (
          <p className={classes.none}>No features yet. Add the first one below.</p>
        ) : (
          <ul>
            {shown.features?.map((feature) => (
              <li key={feature.key} className={classes.item}>
                <p>
                  <strong>{titleOf(feature)}</strong> <span className={classes.dim}>{kinds[feature.kind ?? ''] ?? feature.kind}</span>
                </p>
                {hand.definitions?.features?.some((each) => each.key === feature.key) && (
                  <Link href={`/packaging/features/${encodeURIComponent(feature.key)}`} className={classes.dim}>
                    Its page
                  </Link>
                )}
                <Why key={feature.benefit} feature={feature} hand={hand} />
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <Panel id="new-feature" title="Add a feature">
        <NewFeature hand={hand} shown={shown} />
      </Panel>
    </>
  )
}

function CurrencyField({ hand, shown }: StepProps) {
  return (
    <Panel id="currency" title="Currency" of="of all prices">
      <ChoiceField
        label="Currency"
        hint="Prices that were said already keep their number."
        value={shown.currency ?? ''}
        set={(value) => hand.edit({ path: 'currency', value })}
        options={currencyOptions(shown.currency)}
      />
    </Panel>
  )
}

/** What everything else waits for: prices cannot be said before. */
export function FirstCurrency({ hand }: { hand: DraftInHand }) {
  const [currency, setCurrency] = useState(() => currencyFor(navigator.language))
  return (
    <Panel id="currency" title="First: the currency" of="of all prices">
      <Form
        className={classes.form}
        send={() => {
          hand.edit({ path: 'currency', value: currency })
        }}
      >
        <p className={classes.lead}>What do your customers pay in? Every price is in it; more currencies can be added to the catalog later.</p>
        <div className={classes.two}>
          <ChoiceField label="Currency" value={currency} set={setCurrency} options={currencyOptions(currency)} />
        </div>
        <div>
          <Button type="submit">Use this currency</Button>
        </div>
      </Form>
    </Panel>
  )
}

/** Kept in the draft when the field is left; begun anew when the draft says something else. */
function Why({ feature, hand }: { feature: FeatureDefinition; hand: DraftInHand }) {
  const [text, setText] = useState(feature.benefit ?? '')
  return (
    <div className={classes.why} onBlur={() => hand.edit(...fieldEdit(`features.${feature.key}.benefit`, feature.benefit, text))}>
      <TextField label={`Why do they buy ${titleOf(feature)}?`} value={text} set={setText} />
    </div>
  )
}

function NewFeature({ hand, shown }: StepProps) {
  const [idea, setIdea] = useState(noIdea)
  const [tried, setTried] = useState(false)
  const set = (fields: Partial<FeatureIdea>) => setIdea((before) => ({ ...before, ...fields }))
  const missing = missingIn(idea)
  const wrong = tried ? missing : {}
  const level = idea.kind === 'seats' || (idea.kind === 'metered' && idea.measure === 'level')
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (Object.keys(missing).length > 0) return
        hand.edit(...featureEdits(idea, shown))
        setIdea({ ...noIdea, useCase: idea.useCase })
        setTried(false)
      }}
    >
      <div className={classes.two}>
        <TextField label="Feature" placeholder="Speakers" value={idea.title} set={(title) => set({ title })} wrong={wrong.title} />
        <TextField label="Why do they buy it?" placeholder="More voices bring more guests" value={idea.benefit} set={(benefit) => set({ benefit })} />
        <TextField label="For what use" placeholder="Run events" hint="Features are grouped by it." value={idea.useCase} set={(useCase) => set({ useCase })} />
      </div>
      <RadioField
        label="How is it given?"
        value={idea.kind}
        set={(kind) => set({ kind: kind as FeatureIdea['kind'] })}
        options={[
          ['boolean', 'On or off'],
          ['metered', 'So many of it'],
          ['seats', 'Seats'],
          ['value', 'A value, such as a level of support'],
        ]}
      />
      {idea.kind === 'metered' && (
        <ChoiceField
          label="How is it counted?"
          value={idea.measure}
          set={(measure) => set({ measure: measure as FeatureIdea['measure'] })}
          options={[
            ['each', 'each event counts one'],
            ['sum', 'a property of an event is added up'],
            ['level', 'up with one event, down with another'],
            ['consume', 'the product asks for it with consume'],
          ]}
        />
      )}
      <div className={classes.two}>
        {idea.kind === 'metered' && (idea.measure === 'each' || idea.measure === 'sum') && (
          <TextField label="Event" placeholder="email.sent" value={idea.event} set={(event) => set({ event })} wrong={wrong.event} />
        )}
        {idea.kind === 'metered' && idea.measure === 'sum' && <TextField label="Property" placeholder="count" value={idea.property} set={(property) => set({ property })} wrong={wrong.property} />}
        {level && (
          <>
            <TextField label="Event that adds one" placeholder="speaker.added" value={idea.add} set={(add) => set({ add })} wrong={wrong.add} />
            <TextField label="Event that takes one away" placeholder="speaker.removed" value={idea.remove} set={(remove) => set({ remove })} wrong={wrong.remove} />
          </>
        )}
        {idea.kind === 'value' && <TextField label="Values, from least to most" placeholder="email, phone (empty for a number)" value={idea.values} set={(values) => set({ values })} />}
      </div>
      <div>
        <Button type="submit">Add the feature</Button>
      </div>
    </Form>
  )
}
