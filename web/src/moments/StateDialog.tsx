import { useState } from 'react'
import type { RuleDefinition } from '../api/moments'
import { titleOf } from '../lib/entitlement'
import { Foot } from '../packaging/EditDialog'
import type { DraftInHand } from '../packaging/useDraft'
import { Dialog } from '../shared/Dialog'
import { RadioField, TextField } from '../shared/Field'
import { Form } from '../shared/Form'
import { useParam } from '../shared/open'
import { stateEdits } from './stateEdits'
import { states } from './terms'
import classes from './RuleEditor.module.css'

/** Takes a hypothesis on to its next state, with what showed it; an edit of the draft as any other. */
export function StateDialog({ hand }: { hand: DraftInHand }) {
  const [key, setKey] = useParam('change')
  const rule = hand.shown?.signals?.find((each) => each.key === key) as RuleDefinition | undefined
  return (
    <Dialog title={`State of ${titleOf(rule, key)}`} open={key !== '' && rule !== undefined} close={() => setKey('')} narrow>
      {rule && <StateForm key={key} rule={rule} hand={hand} close={() => setKey('')} />}
    </Dialog>
  )
}

function StateForm({ rule, hand, close }: { rule: RuleDefinition; hand: DraftInHand; close: () => void }) {
  const [state, setState] = useState(rule.state || 'testing')
  const [evidence, setEvidence] = useState(rule.evidence ?? '')
  const [review, setReview] = useState(rule.review ?? '')
  const [tried, setTried] = useState(false)
  const needs = state === 'validated' || state === 'retired'
  const wrong = needs && !evidence.trim() ? (state === 'validated' ? 'Say what showed that it holds.' : 'Say what showed that it does not hold, or why it is not needed.') : undefined
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (wrong) return
        hand.edit(...stateEdits(rule, { state, evidence, review }))
        close()
      }}
    >
      <RadioField label="State" value={state} set={setState} options={states} />
      <TextField label="Evidence" lines={3} value={evidence} set={setEvidence} hint={needs ? 'Needed: a sentence with where the figures come from.' : 'What is known so far.'} wrong={tried ? wrong : undefined} />
      <TextField label="Review on" type="date" value={review} set={setReview} hint="When it is to be looked at again." />
      <Foot cancel={close} />
    </Form>
  )
}
