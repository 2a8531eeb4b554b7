import { Button } from '@mantine/core'
import { useState } from 'react'
import type { OffersCatalog } from '../api/offers'
import { titleOf } from '../lib/entitlement'
import { words } from '../lib/format'
import { CheckField, ChoiceField, KeysField, TextField } from '../shared/Field'
import { giveTitles, gives, kindWords, type GiveKind, type OfferForm } from './definition'
import classes from './Offers.module.css'

interface FieldsProps {
  form: OfferForm
  set: (fields: Partial<OfferForm>) => void
  shown: OffersCatalog
  wrong: Partial<Record<keyof OfferForm, string>>
}

type Named = { key: string; title?: string; retired?: boolean }

const options = (list: Named[] | undefined, value: string): [string, string][] => {
  const all = (list ?? []).filter((each) => !each.retired || each.key === value).map((each): [string, string] => [each.key, titleOf(each, words(each.key))])
  return [['', 'choose'], ...all, ...(value && !all.some(([key]) => key === value) ? [[value, value] as [string, string]] : [])]
}

/** When an offer is made, where, to whom, and what it gives. */
export function OfferFields({ form, set, shown, wrong }: FieldsProps) {
  const places = [...new Set([...(shown.placements ?? []).map((each) => each.key), ...(shown.offers ?? []).flatMap((each) => each.at ?? []), ...form.at])].toSorted()
  return (
    <div className={classes.form}>
      <Gives form={form} set={set} shown={shown} wrong={wrong} />
      <KeysField
        label="On the moments"
        hint={wrong.on ?? 'One of them has to be alive.'}
        options={(shown.signals ?? []).filter((each) => each.state !== 'retired' || form.on.includes(each.key)).map((each): [string, string] => [each.key, titleOf(each as Named, words(each.key))])}
        chosen={form.on}
        set={(on) => set({ on })}
      />
      <KeysField label="At the places" hint={wrong.at} options={places.map((each): [string, string] => [each, each])} chosen={form.at} set={(at) => set({ at })} />
      <AddPlace add={(place) => set({ at: [...form.at.filter((each) => each !== place), place] })} />
      <TextField
        label="Only for"
        hint="A condition over account, user, usage, money and placement; empty for everybody. A mistake in it is said with its place beside the preview."
        placeholder="account.plan == 'starter' && user.role == 'admin'"
        lines={2}
        value={form.for}
        set={(value) => set({ for: value })}
      />
      <div className={classes.two}>
        <ChoiceField label="Kind" value={form.kind} set={(kind) => set({ kind })} options={Object.entries(kindWords)} />
        <TextField label="Chance that it is accepted, %" hint="With its worth it decides which offer goes first; 10 when left out." number value={form.chance} set={(chance) => set({ chance })} wrong={wrong.chance} />
        <TextField label="Quiet after a dismissal" hint="Of this offer, for this account." placeholder="14d" value={form.cooldown} set={(cooldown) => set({ cooldown })} wrong={wrong.cooldown} />
        <TextField label="Shown at most" placeholder="3 per 30d" value={form.atMost} set={(atMost) => set({ atMost })} wrong={wrong.atMost} />
        <TextField label="Held out, % of families" hint="They never see it, to measure what it earns." number value={form.holdout} set={(holdout) => set({ holdout })} wrong={wrong.holdout} />
        <TextField label="Its button leads to" hint="A path or https address; empty for the billing page." placeholder="/billing?offer={offer}" value={form.link} set={(link) => set({ link })} />
      </div>
      <CheckField label="A save" hint="Shown to who is about to buy less, and to nobody else." value={form.save} set={(save) => set({ save })} />
      <CheckField label="Also for people outside of the customer" hint="Guests and others by their profile." value={form.external} set={(external) => set({ external })} />
    </div>
  )
}

function AddPlace({ add }: { add: (place: string) => void }) {
  const [place, setPlace] = useState('')
  const right = /^[a-z0-9_]+(\.[a-z0-9_]+)*$/.test(place)
  return (
    <div className={classes.line}>
      <TextField label="Another place" placeholder="team.page" value={place} set={setPlace} wrong={place && !right ? 'A name such as team.page.' : undefined} />
      <Button
        type="button"
        variant="default"
        disabled={!right}
        onClick={() => {
          add(place)
          setPlace('')
        }}
      >
        Add the place
      </Button>
    </div>
  )
}

function Gives({ form, set, shown, wrong }: FieldsProps) {
  const sold = [...(shown.addons ?? []), ...(shown.bundles ?? [])]
  const lists: Record<string, Named[] | undefined> = { plan: shown.plans, addon: sold, refer: shown.referrals as Named[] | undefined, invite: shown.profiles, feature: shown.features }
  const choose = (label: string, list: Named[] | undefined) => <ChoiceField label={label} value={form.what} set={(what) => set({ what })} options={options(list, form.what)} hint={wrong.what} />
  return (
    <div className={classes.two}>
      <ChoiceField label="It gives" value={form.give} set={(give) => set({ give: give as GiveKind, what: give === 'talk' ? 'sales' : '', quantity: '', fit: false })} options={gives.map((each) => [each, giveTitles[each]])} />
      {form.give === 'plan' && choose('Which plan', lists['plan'])}
      {form.give === 'addon' && (
        <>
          {choose('Which add-on', lists['addon'])}
          <TextField label="How many" hint="1 when left out." number value={form.quantity} set={(quantity) => set({ quantity })} wrong={wrong.quantity} />
          <CheckField label="As many as are needed" hint="At least that many: what covers what is used or asked for." value={form.fit} set={(fit) => set({ fit })} />
        </>
      )}
      {form.give === 'trial' && (
        <>
          <ChoiceField label="A trial of" value={form.tried} set={(tried) => set({ tried, what: '' })} options={[['plan', 'a plan'], ['addon', 'an add-on'], ['feature', 'a feature']]} />
          {choose('Which one', lists[form.tried])}
        </>
      )}
      {form.give === 'refer' && choose('Which program', lists['refer'])}
      {form.give === 'invite' && choose('Whom', lists['invite'])}
      {form.give === 'talk' && <ChoiceField label="With" value={form.what} set={(what) => set({ what })} options={[['sales', 'sales'], ['success', 'customer success']]} />}
    </div>
  )
}
