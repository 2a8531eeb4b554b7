import { useState } from 'react'
import { useLocation } from 'wouter'
import type { OffersCatalog } from '../api/offers'
import { Foot } from '../packaging/EditDialog'
import { Dialog } from '../shared/Dialog'
import { ChoiceField, TextField } from '../shared/Field'
import { Form } from '../shared/Form'
import { useOpen, useParam } from '../shared/open'
import { titleOf } from '../lib/entitlement'
import { words } from '../lib/format'
import { keyFor } from '../packaging/draft'
import type { DraftInHand } from '../packaging/useDraft'
import { editHref } from './address'
import classes from './Offers.module.css'

/** Begins an offer in the draft; all the rest is said in its editor. */
export function NewOffer({ hand }: { hand: DraftInHand }) {
  const [open, setOpen] = useOpen('new')
  return (
    <Dialog title="New offer" open={open && hand.shown !== undefined} close={() => setOpen(false)} narrow>
      {hand.shown && <Beginning hand={hand} shown={hand.shown} close={() => setOpen(false)} />}
    </Dialog>
  )
}

function Beginning({ hand, shown, close }: { hand: DraftInHand; shown: OffersCatalog; close: () => void }) {
  const [, go] = useLocation()
  const sold: [string, string][] = [
    ...(shown.plans ?? []).filter((each) => !each.retired).map((each): [string, string] => [`plan:${each.key}`, `Plan ${titleOf(each)}`]),
    ...(shown.addons ?? []).filter((each) => !each.retired).map((each): [string, string] => [`addon:${each.key}`, `Add-on ${titleOf(each)}`]),
    ['talk:sales', 'A talk with sales'],
  ]
  const signals = (shown.signals ?? []).filter((each) => each.state !== 'retired')
  const [title, setTitle] = useState('')
  const [give, setGive] = useState(sold[0]?.[0] ?? '')
  const [on, setOn] = useState(signals[0]?.key ?? '')
  const [asked] = useParam('at') // the placement that was missed, or that the list is filtered by
  const [at, setAt] = useState(asked || (shown.placements?.[0]?.key ?? ''))
  const [tried, setTried] = useState(false)
  const wrongAt = /^[a-z0-9_]+(\.[a-z0-9_]+)*$/.test(at.trim()) ? undefined : 'A name such as speakers.add.'
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (!title.trim() || wrongAt || !on) return
        const key = keyFor(title, (shown.offers ?? []).map((each) => each.key))
        const [what = '', of = ''] = give.split(':')
        hand.edit({ path: `offers.${key}`, value: { on: [on], give: { [what]: of }, at: [at.trim()], kind: 'contextual', content: { title: title.trim() } } })
        go(editHref(key))
      }}
    >
      <TextField label="Title" hint="What the person reads first." placeholder="Room for {limit_next} speakers" value={title} set={setTitle} wrong={tried && !title.trim() ? 'Say what it says.' : undefined} />
      <ChoiceField label="It gives" value={give} set={setGive} options={sold} />
      {signals.length === 0 ? (
        <p className={classes.none}>There are no moments yet, and an offer reacts to one: make one under Moments first.</p>
      ) : (
        <ChoiceField label="On the moment" value={on} set={setOn} options={signals.map((each): [string, string] => [each.key, titleOf(each as { key: string; title?: string }, words(each.key))])} />
      )}
      <TextField label="At the place" value={at} set={setAt} wrong={tried ? wrongAt : undefined} />
      <Foot cancel={close} words="Begin it in the draft" />
    </Form>
  )
}
