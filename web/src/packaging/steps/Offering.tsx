import { Button } from '@mantine/core'
import { useState } from 'react'
import type { CatalogDefinitions, OfferDefinition, SignalDefinition } from '../../api/types'
import { term, words } from '../../lib/format'
import { ChoiceField, TextField } from '../../shared/Field'
import { Form } from '../../shared/Form'
import { Panel } from '../../shared/Panel'
import { keyFor } from '../draft'
import { titleOf } from '../../lib/entitlement'
import { momentsFor, offerEdits, signalOf, whenWords } from '../worksheet'
import type { StepProps } from './ValueFeatures'
import classes from './Step.module.css'

const list = (value: string | string[] | undefined): string[] => (value === undefined ? [] : Array.isArray(value) ? value : [value])

export function Offers({ hand, shown }: StepProps) {
  return (
    <>
      <Panel id="offers" title="Offers" of="what is proposed, where, and when">
        <p className={classes.lead}>An offer is made at a place in your product, to who has just met the reason for it. Say what they get, not what it costs you to give.</p>
        <OfferList offers={shown.offers ?? []} shown={shown} none="No offers yet." />
      </Panel>
      <Panel id="new-offer" title="Add an offer">
        <NewOffer key={shown.offers?.length ?? 0} hand={hand} shown={shown} gives={['plan', 'addon']} />
      </Panel>
    </>
  )
}

/** Which offers are made on a signal. */
const onSignal = (shown: CatalogDefinitions, key: string) => (shown.offers ?? []).filter((offer) => list(offer.on).includes(key))

export function Moments({ hand, shown }: StepProps) {
  return (
    <>
      <Panel id="moments" title="Upgrade moments" of="when more of what they have would help">
        <p className={classes.lead}>
          Each is a hypothesis: who reaches this wants more. Write down why you think so; what comes of it is counted, and what does not hold is retired.
        </p>
        <SignalList signals={shown.signals ?? []} shown={shown} hand={hand} none="No moments yet." />
      </Panel>
      <Panel id="new-moment" title="Add a moment">
        <NewMoment key={shown.signals?.length ?? 0} hand={hand} shown={shown} />
      </Panel>
    </>
  )
}

export function Expansion({ hand, shown }: StepProps) {
  const cross = (shown.signals ?? []).filter((signal) => signal.type === 'cross_sell')
  return (
    <>
      <Panel id="expansion" title="Expansion moments" of="when something new would help">
        <p className={classes.lead}>What is beyond their plan: an add-on, a module, a bundle. It is worth offering when they have just tried to use it, or do what it is for.</p>
        <SignalList signals={cross} shown={shown} hand={hand} none="No expansion moments yet." />
      </Panel>
      <Panel id="new-expansion" title="Offer an add-on at its moment">
        {(shown.addons?.length ?? 0) + (shown.bundles?.length ?? 0) === 0 ? (
          <p className={classes.none}>There are no add-ons; add one in the step Plans.</p>
        ) : (
          <NewOffer key={shown.offers?.length ?? 0} hand={hand} shown={shown} gives={['addon']} />
        )}
      </Panel>
      {(shown.launches?.length ?? 0) > 0 && (
        <Panel id="launches" title="Launches" of="what is being introduced">
          <ul>
            {shown.launches?.map((launch) => (
              <li key={launch.key} className={classes.item}>
                <p>
                  <strong>{titleOf(launch as { key: string; title?: string })}</strong> <span className={classes.dim}>{String(launch['case'] ?? '')}</span>
                </p>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  )
}

function OfferList({ offers, shown, none }: { offers: OfferDefinition[]; shown: CatalogDefinitions; none: string }) {
  if (offers.length === 0) return <p className={classes.none}>{none}</p>
  const signal = (key: string) => {
    const there = shown.signals?.find((each) => each.key === key)
    return there ? whenWords(there, shown) : words(key)
  }
  return (
    <ul>
      {offers.map((offer) => (
        <li key={offer.key} className={classes.item}>
          <div>
            <strong>{offer.content?.title || words(offer.key)}</strong>
            <p className={classes.dim}>
              Gives {givesWords(offer, shown)}, at {list(offer.at).join(', ')}, when {list(offer.on).map(signal).join(', or ')}.
            </p>
          </div>
        </li>
      ))}
    </ul>
  )
}

function givesWords(offer: OfferDefinition, shown: CatalogDefinitions): string {
  const give = offer.give ?? {}
  if (give['plan']) return `plan ${titleOf(shown.plans?.find((each) => each.key === give['plan']), String(give['plan']))}`
  if (give['addon']) return `add-on ${titleOf([...(shown.addons ?? []), ...(shown.bundles ?? [])].find((each) => each.key === give['addon']), String(give['addon']))}`
  return 'something'
}

function SignalList({ signals, shown, hand, none }: { signals: SignalDefinition[]; shown: CatalogDefinitions; hand: StepProps['hand']; none: string }) {
  if (signals.length === 0) return <p className={classes.none}>{none}</p>
  return (
    <ul>
      {signals.map((signal) => {
        const offers = onSignal(shown, signal.key)
        return (
          <li key={signal.key} className={classes.item}>
            <div>
              <strong>{sentence(whenWords(signal, shown))}</strong> <span className={classes.dim}>{[term(signal.type ?? ''), signal.state && words(signal.state)].filter(Boolean).join(', ')}</span>
              <p className={classes.dim}>{offers.length > 0 ? `Offers: ${offers.map((offer) => offer.content?.title || words(offer.key)).join(', ')}.` : 'No offer is made on it.'}</p>
            </div>
            <Hypothesis key={signal.hypothesis} signal={signal} hand={hand} />
          </li>
        )
      })}
    </ul>
  )
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** Kept in the draft when the field is left; begun anew when the draft says something else. */
function Hypothesis({ signal, hand }: { signal: SignalDefinition; hand: StepProps['hand'] }) {
  const [text, setText] = useState(signal.hypothesis ?? '')
  const path = `signals.${signal.key}.hypothesis`
  return (
    <div className={classes.why} onBlur={() => text.trim() !== (signal.hypothesis ?? '') && hand.edit(text.trim() ? { path, value: text.trim() } : { path, remove: true })}>
      <TextField label={`Why would they want more? (${words(signal.key)})`} value={text} set={setText} />
    </div>
  )
}

function NewOffer({ hand, shown, gives }: StepProps & { gives: ('plan' | 'addon')[] }) {
  const things: [string, string][] = [
    ...(gives.includes('plan') ? (shown.plans ?? []) : []).filter((each) => !each.retired && each.ready !== 'not_ready').map((each): [string, string] => [`plan:${each.key}`, `Plan ${titleOf(each)}`]),
    ...(gives.includes('addon') ? [...(shown.addons ?? []), ...(shown.bundles ?? [])] : []).filter((each) => !each.retired && each.ready !== 'not_ready').map((each): [string, string] => [`addon:${each.key}`, `Add-on ${titleOf(each)}`]),
  ]
  const moments = momentsFor(shown)
  const places = [...new Set([...(shown.placements ?? []).map((each) => each.key), ...(shown.offers ?? []).flatMap((offer) => list(offer.at))])]
  const [chosen, setGives] = useState('')
  const [moment, setMoment] = useState('')
  const [place, setPlace] = useState('')
  const [kind, setKind] = useState('contextual')
  const [title, setTitle] = useState('')
  const [body, setBody] = useState('')
  const [action, setAction] = useState('')
  const [tried, setTried] = useState(false)
  const given = chosen || (things[0]?.[0] ?? '')
  const at = moment || (moments[0]?.value ?? '')
  if (things.length === 0 || moments.length === 0) return <p className={classes.none}>An offer gives a plan or an add-on when a feature is wanted: add those first.</p>
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (!place.trim() || !title.trim()) return
        hand.edit(...offerEdits({ gives: given, moment: at, place, kind, title, body, action }, shown))
      }}
    >
      <div className={classes.two}>
        <ChoiceField label="It gives" value={given} set={setGives} options={things} />
        <ChoiceField label="Made when" value={at} set={setMoment} options={moments.map((each): [string, string] => [each.value, each.words])} />
        <TextField label="At the place" placeholder={places[0] ?? 'speakers.add'} hint={places.length > 0 ? `Places so far: ${places.slice(0, 6).join(', ')}` : 'A name for a place in your product.'} value={place} set={setPlace} wrong={tried && !place.trim() ? 'Name the place in your product.' : undefined} />
        <ChoiceField
          label="How much attention it asks for"
          value={kind}
          set={setKind}
          options={[
            ['contextual', 'at the point of need'],
            ['ambient', 'in the background'],
            ['interruption', 'in the way'],
          ]}
        />
        <TextField label="Title" placeholder="Room for {limit_next} speakers" value={title} set={setTitle} wrong={tried && !title.trim() ? 'Say what it says.' : undefined} />
        <TextField label="Button" placeholder="Upgrade" value={action} set={setAction} />
      </div>
      <TextField label="Text" placeholder="You have used {usage} of {limit}." value={body} set={setBody} />
      <div>
        <Button type="submit">Add the offer</Button>
      </div>
    </Form>
  )
}

function NewMoment({ hand, shown }: StepProps) {
  const made = momentsFor(shown).filter((each) => !each.value.startsWith('signal:'))
  const offers = shown.offers ?? []
  const [kind, setKind] = useState('feature')
  const [moment, setMoment] = useState('')
  const [event, setEvent] = useState('')
  const [nth, setNth] = useState('')
  const [days, setDays] = useState('3')
  const [hypothesis, setHypothesis] = useState('')
  const [offer, setOffer] = useState('')
  const [tried, setTried] = useState(false)
  const at = moment || (made[0]?.value ?? '')
  const wrong = {
    event: kind === 'event' && !event.trim() ? 'Name the event.' : undefined,
    nth: kind === 'event' && !/^[1-9]\d{0,8}$/.test(nth) ? 'Say which time, 1 or more.' : undefined,
    days: kind === 'trial' && !/^[1-9]\d{0,2}$/.test(days) ? 'Whole days.' : undefined,
  }
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (wrong.event || wrong.nth || wrong.days || (kind === 'feature' && !at)) return
        const taken = (shown.signals ?? []).map((each) => each.key)
        const own = { feature: signalOf(at, 'upsell', shown), event: undefined, trial: undefined }[kind]
        const key = own?.key ?? keyFor(kind === 'trial' ? 'trial ending' : `${event} ${nth}`, taken)
        const edits = own?.edits ?? [{ path: `signals.${key}`, value: kind === 'trial' ? { when: { trial_ends_in: `${days}d` }, type: 'new_logo' } : { when: { event: event.trim(), nth: Number(nth) }, type: 'upsell' } }]
        const promoted = offers.find((each) => each.key === offer)
        hand.edit(
          ...edits,
          ...(hypothesis.trim() ? [{ path: `signals.${key}.hypothesis`, value: hypothesis.trim() }] : []),
          ...(promoted ? [{ path: `offers.${offer}.on`, value: [...list(promoted.on), key] }] : []),
        )
      }}
    >
      <div className={classes.two}>
        <ChoiceField label="It comes when" value={kind} set={setKind} options={[['feature', 'a feature is wanted'], ['event', 'an event happens'], ['trial', 'a trial is about to end']]} />
        {kind === 'feature' && <ChoiceField label="Which" value={at} set={setMoment} options={made.map((each): [string, string] => [each.value, each.words.replace(' (a new moment)', '')])} />}
        {kind === 'event' && <TextField label="Event" placeholder="summit.published" value={event} set={setEvent} wrong={tried ? wrong.event : undefined} />}
        {kind === 'event' && <TextField label="For which time" number placeholder="8" value={nth} set={setNth} wrong={tried ? wrong.nth : undefined} />}
        {kind === 'trial' && <TextField label="Days before" number value={days} set={setDays} wrong={tried ? wrong.days : undefined} />}
        <ChoiceField label="Offer made on it" value={offer} set={setOffer} options={[['', 'none yet'], ...offers.map((each): [string, string] => [each.key, each.content?.title || words(each.key)])]} />
      </div>
      <TextField label="Why would they want more?" value={hypothesis} set={setHypothesis} />
      <div>
        <Button type="submit">Add the moment</Button>
      </div>
    </Form>
  )
}
