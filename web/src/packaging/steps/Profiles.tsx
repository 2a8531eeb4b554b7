import { Button } from '@mantine/core'
import { useState } from 'react'
import { words } from '../../lib/format'
import { CheckField, ChoiceField, TextField } from '../../shared/Field'
import { Form } from '../../shared/Form'
import { Panel } from '../../shared/Panel'
import { keyFor } from '../draft'
import { titleOf } from '../../lib/entitlement'
import type { StepProps } from './ValueFeatures'
import classes from './Step.module.css'

/** Who plays which part in the product, and whom they bring in. */
export function Profiles({ hand, shown }: StepProps) {
  const profiles = shown.profiles ?? []
  const name = (key: string) => titleOf(profiles.find((each) => each.key === key), key)
  return (
    <>
      <Panel id="profiles" title="Profiles" of="the parts people play, and whom they invite">
        <p className={classes.lead}>Use spreads where one person needs another. Name the parts people play, whom each brings in, and which of them takes a seat that is paid for.</p>
        {profiles.length === 0 ? (
          <p className={classes.none}>No profiles yet.</p>
        ) : (
          <ul>
            {profiles.map((profile) => (
              <li key={profile.key} className={classes.item}>
                <div>
                  <strong>{titleOf(profile)}</strong>
                  <p className={classes.dim}>
                    {profile.invites?.length ? `Invites ${profile.invites.map(name).join(', ')}` : 'Invites nobody'}
                    {profile.seat ? `; takes one of ${titleOf(shown.features?.find((each) => each.key === profile.seat), profile.seat)}` : '; takes no seat'}.
                  </p>
                </div>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <Panel id="new-profile" title="Add a profile">
        <NewProfile key={profiles.length} hand={hand} shown={shown} />
      </Panel>
    </>
  )
}

function NewProfile({ hand, shown }: StepProps) {
  const profiles = shown.profiles ?? []
  const seats = (shown.features ?? []).filter((each) => each.kind === 'seats')
  const [title, setTitle] = useState('')
  const [invites, setInvites] = useState<string[]>([])
  const [seat, setSeat] = useState('')
  const [tried, setTried] = useState(false)
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (!title.trim()) return
        const key = keyFor(title, profiles.map((each) => each.key))
        hand.edit({ path: `profiles.${key}`, value: { title: title.trim(), ...(invites.length > 0 ? { invites } : {}), ...(seat ? { seat } : {}) } })
      }}
    >
      <div className={classes.two}>
        <TextField label="Profile" placeholder="Host" value={title} set={setTitle} wrong={tried && !title.trim() ? 'Say what it is called.' : undefined} />
        <ChoiceField label="Takes a seat of" value={seat} set={setSeat} options={[['', 'none'], ...seats.map((each): [string, string] => [each.key, titleOf(each)])]} />
      </div>
      {profiles.length > 0 && (
        <div>
          {profiles.map((each) => (
            <CheckField
              key={each.key}
              label={`Invites ${each.title || words(each.key)}`}
              value={invites.includes(each.key)}
              set={(on) => setInvites(on ? [...invites, each.key] : invites.filter((other) => other !== each.key))}
            />
          ))}
        </div>
      )}
      <div>
        <Button type="submit">Add the profile</Button>
      </div>
    </Form>
  )
}
