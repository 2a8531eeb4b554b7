import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { post, problemOf } from '../api/client'
import { accountPath, clockQuery, dataKey, definitionsQuery, entitlementsQuery } from '../api/queries'
import type { EntitlementItem, FeatureDefinition } from '../api/types'
import { count } from '../lib/format'
import { numberOf, titleOf } from '../lib/entitlement'
import { Dialog } from '../shared/Dialog'
import { ChoiceField, RadioField, TextField } from '../shared/Field'
import { Form } from '../shared/Form'
import { ProblemWords } from '../shared/ProblemWords'
import { standing } from './words'
import classes from './Account.module.css'

interface GiveProps {
  account: string
  kind: string
  close: () => void
}

const titles: Record<string, string> = { grant: 'Grant', override: 'Override an entitlement', trial: 'Start a trial' }

/** Gives something to one account beside what it has bought. */
export function GiveDialog({ account, kind, close }: GiveProps) {
  const title = titles[kind]
  return (
    <Dialog title={title ?? ''} open={title !== undefined} close={close} narrow>
      {kind === 'grant' && <GrantForm account={account} close={close} />}
      {kind === 'override' && <OverrideForm account={account} close={close} />}
      {kind === 'trial' && <TrialForm account={account} close={close} />}
    </Dialog>
  )
}

interface FormProps {
  account: string
  close: () => void
}

/** Sends what a form says, shows what is wrong with it, and closes when it is done. */
function useSend(account: string, what: string, close: () => void) {
  const client = useQueryClient()
  const send = useMutation({
    mutationFn: (body: unknown) => post<unknown>(accountPath(account, `/${what}`), body),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: dataKey })
      close()
    },
  })
  return { send, problem: send.error && problemOf(send.error) }
}

function useFeatures(account: string): { features: FeatureDefinition[]; items: EntitlementItem[] } {
  const catalog = useQuery(definitionsQuery)
  const entitlements = useQuery(entitlementsQuery(account))
  return { features: catalog.data?.features ?? [], items: entitlements.data?.items ?? [] }
}

function Foot({ words, busy, close, problem }: { words: string; busy: boolean; close: () => void; problem: { message: string; mend: string } | null }) {
  return (
    <>
      {problem && (
        <p role="alert" className={classes.wrong}>
          <ProblemWords problem={problem} />
        </p>
      )}
      <div className={classes.foot}>
        <Button type="button" variant="default" onClick={close}>
          Cancel
        </Button>
        <Button type="submit" loading={busy}>
          {words}
        </Button>
      </div>
    </>
  )
}

const options = (features: FeatureDefinition[]): [string, string][] => features.map((each) => [each.key, titleOf(each)])

/** What the next check says, before it does. */
function After({ item, words }: { item: EntitlementItem | undefined; words: string }) {
  return (
    <p className={classes.preview}>
      Now: {item ? standing(item) : '–'}. Then: {words}. In effect with the next check; it can be taken back below.
    </p>
  )
}

function GrantForm({ account, close }: FormProps) {
  const { features, items } = useFeatures(account)
  const grantable = features.filter((each) => each.kind !== 'value')
  const [chosen, setFeature] = useState('')
  const feature = grantable.find((each) => each.key === chosen) ?? grantable.find((each) => each.kind !== 'boolean') ?? grantable[0]
  const counted = feature?.kind !== 'boolean'
  const [quantity, setQuantity] = useState('')
  const [days, setDays] = useState('30')
  const [priority, setPriority] = useState('50')
  const [reason, setReason] = useState('')
  const [tried, setTried] = useState(false)
  const { send, problem } = useSend(account, 'grants', close)
  const amount = numberOf(quantity)
  const wrong = {
    quantity: counted && !(amount !== undefined && amount > 0) ? 'Say how much, above 0.' : undefined,
    days: days !== '' && !/^[1-9]\d{0,4}$/.test(days) ? 'Whole days, or empty for good.' : undefined,
    priority: !/^(100|\d{1,2})$/.test(priority) ? 'From 0 to 100; lower ones are used first.' : undefined,
  }
  const item = items.find((each) => each.feature === feature?.key)
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (wrong.quantity || wrong.days || wrong.priority || !feature) return
        send.mutate({
          feature: feature.key,
          ...(counted ? { quantity: amount } : {}),
          priority: Number(priority),
          ...(days ? { for: `${days}d` } : {}),
          ...(reason.trim() ? { reason: reason.trim() } : {}),
        })
      }}
    >
      <ChoiceField label="Feature" value={feature?.key ?? ''} set={setFeature} options={options(grantable)} />
      <div className={classes.two}>
        {counted && <TextField label="How much" number value={quantity} set={setQuantity} wrong={tried ? wrong.quantity : undefined} />}
        <TextField label="Expires after, days" number value={days} set={setDays} placeholder="never" wrong={tried ? wrong.days : undefined} />
        {counted && <TextField label="Priority" number hint="Lower ones are used first." value={priority} set={setPriority} wrong={tried ? wrong.priority : undefined} />}
      </div>
      <TextField label="Reason" hint="For whoever looks at it later." value={reason} set={setReason} />
      <After item={item} words={counted ? (amount ? `${count(amount)} more` : 'more, once you say how much') : 'open'} />
      <Foot words="Grant" busy={send.isPending} close={close} problem={problem} />
    </Form>
  )
}

function OverrideForm({ account, close }: FormProps) {
  const { features, items } = useFeatures(account)
  const clock = useQuery(clockQuery) // a test clock may stand elsewhere than the browser's
  const [chosen, setFeature] = useState('')
  const feature = features.find((each) => each.key === chosen) ?? features[0]
  const [how, setHow] = useState('limit')
  const [limit, setLimit] = useState('')
  const [value, setValue] = useState('')
  const [days, setDays] = useState('')
  const [reason, setReason] = useState('')
  const [tried, setTried] = useState(false)
  const { send, problem } = useSend(account, 'overrides', close)
  const kind = feature?.kind ?? 'boolean'
  const ways: [string, string][] =
    kind === 'boolean' ? [['open', 'Open'], ['locked', 'Locked']] : kind === 'value' ? [['value', 'A value'], ['locked', 'Locked']] : [['limit', 'A limit'], ['unlimited', 'Unlimited'], ['locked', 'Locked']]
  const way = ways.some(([each]) => each === how) ? how : (ways[0]?.[0] ?? 'locked')
  const picked = value || (feature?.values?.[0] ?? '')
  const wrong = {
    limit: way === 'limit' && numberOf(limit) === undefined ? 'Say how much, 0 or more.' : undefined,
    value: way === 'value' && !picked ? 'Say which value.' : undefined,
    days: days !== '' && !/^[1-9]\d{0,4}$/.test(days) ? 'Whole days, or empty for good.' : undefined,
  }
  const body = () => ({
    feature: feature?.key,
    ...(way === 'limit' ? { limit: numberOf(limit) } : way === 'unlimited' ? { unlimited: true } : way === 'value' ? { value: picked } : { allowed: way === 'open' }),
    ...(days && clock.data ? { until: new Date(Date.parse(clock.data.now) + Number(days) * 86_400_000).toISOString() } : {}),
    ...(reason.trim() ? { reason: reason.trim() } : {}),
  })
  const words = { limit: numberOf(limit) === undefined ? 'a limit of its own' : `a limit of ${count(numberOf(limit) ?? 0)}`, unlimited: 'unlimited', value: picked, open: 'open', locked: 'locked' }[way] ?? ''
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (!wrong.limit && !wrong.value && !wrong.days && feature) send.mutate(body())
      }}
    >
      <ChoiceField label="Feature" value={feature?.key ?? ''} set={setFeature} options={options(features)} hint="An override replaces all that gives it: plan, add-ons, trials and grants." />
      <RadioField label="What it is instead" value={way} set={setHow} options={ways} />
      {way === 'limit' && <TextField label="Limit" number value={limit} set={setLimit} wrong={tried ? wrong.limit : undefined} />}
      {way === 'value' &&
        (feature?.values?.length ? (
          <ChoiceField label="Value" value={picked} set={setValue} options={feature.values.map((each) => [each, each])} />
        ) : (
          <TextField label="Value" value={value} set={setValue} wrong={tried ? wrong.value : undefined} />
        ))}
      <TextField label="Ends after, days" number placeholder="for good" value={days} set={setDays} wrong={tried ? wrong.days : undefined} />
      <TextField label="Reason" hint="For whoever looks at it later." value={reason} set={setReason} />
      <After item={items.find((each) => each.feature === feature?.key)} words={words} />
      <Foot words="Override" busy={send.isPending} close={close} problem={problem} />
    </Form>
  )
}

function TrialForm({ account, close }: FormProps) {
  const catalog = useQuery(definitionsQuery)
  const sold = <T extends { retired?: boolean; ready?: string }>(list: T[] | undefined) => (list ?? []).filter((each) => !each.retired && each.ready !== 'not_ready')
  const things: [string, string][] = [
    ...sold(catalog.data?.plans).map((each): [string, string] => [`plan:${each.key}`, `Plan ${titleOf(each)}`]),
    ...sold([...(catalog.data?.addons ?? []), ...(catalog.data?.bundles ?? [])]).map((each): [string, string] => [`addon:${each.key}`, `Add-on ${titleOf(each)}`]),
    ...(catalog.data?.features ?? []).filter((each) => each.ready !== 'not_ready' && each.kind !== 'value').map((each): [string, string] => [`feature:${each.key}`, `Feature ${titleOf(each)}`]),
  ]
  const [chosen, setThing] = useState('')
  const thing = chosen || (things[0]?.[0] ?? '')
  const [days, setDays] = useState('')
  const [tried, setTried] = useState(false)
  const wrong = days !== '' && !/^[1-9]\d{0,2}$/.test(days) ? 'Whole days, or empty for the length the catalog says.' : undefined
  const { send, problem } = useSend(account, 'trials', close)
  const at = thing.indexOf(':')
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (!wrong && at > 0) send.mutate({ [thing.slice(0, at)]: thing.slice(at + 1), ...(days ? { length: `${days}d` } : {}) })
      }}
    >
      <ChoiceField label="Of" value={thing} set={setThing} options={things} hint="One trial of each thing for an account; it costs nothing and ends by itself." />
      <TextField label="Length, days" number placeholder="as the catalog says" value={days} set={setDays} wrong={tried ? wrong : undefined} />
      <Foot words="Start the trial" busy={send.isPending} close={close} problem={problem} />
    </Form>
  )
}
