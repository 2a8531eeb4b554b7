import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { OffersCatalog } from '../api/offers'
import { definitionsQuery } from '../api/queries'
import { DraftBar } from '../packaging/DraftBar'
import { useDraft, type DraftInHand } from '../packaging/useDraft'
import { CheckField, ChoiceField, TextField } from '../shared/Field'
import { Form } from '../shared/Form'
import { PageHead } from '../shared/PageHead'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { Contacts } from './Contacts'
import { OffersNav } from './OffersNav'
import { budgetEdit, budgetsOf, budgetWords, channels, channelWords, quietEdit, quietOf, scopes, scopeWords, spanWords, wrongBudget, type Budget, type BudgetScope, type QuietForm } from './policy'
import lists from '../shared/List.module.css'
import classes from './Offers.module.css'

/** How often people are contacted at most, over all channels, and when nothing is said. */
export function Policy() {
  const query = useQuery(definitionsQuery)
  const hand = useDraft()
  const policy = (hand.shown as OffersCatalog | undefined)?.contact
  return (
    <div className={classes.page}>
      <PageHead title="Contact policy" question="How often do we ask, and when do we say nothing?" above={{ title: 'Offers', path: '/offers' }} />
      <OffersNav />
      <div className={classes.stack}>
        <Panel id="who" title="What would it do" of="to an account, or a person of it, now">
          <Contacts />
        </Panel>
        <Panel id="budgets" title="Budgets" of="all offers and all contacts that your own systems claim count">
          <Await query={query} waiting={<WaitingRows rows={4} className={lists.row} />}>
            {() => (
              <div className={classes.form}>
                <ul className={classes.list}>
                  {budgetsOf(policy).map((budget) => (
                    <BudgetLine key={`${budget.scope} ${budget.channel} ${budget.atMost} ${budget.per}`} budget={budget} hand={hand} />
                  ))}
                </ul>
                <NewBudget key={JSON.stringify(policy)} hand={hand} taken={budgetsOf(policy).filter((each) => !each.usual)} />
                <AfterDismissal key={policy?.after_dismissal} hand={hand} now={policy?.after_dismissal ?? ''} />
              </div>
            )}
          </Await>
        </Panel>
        <Panel id="quiet" title="Quiet rules" of="while one holds, nothing is said but help, and saves">
          <Await query={query} waiting={<WaitingRows rows={8} className={lists.row} />}>
            {() => (
              <ul className={classes.list}>
                {quietOf(policy).map((rule) => (
                  <Quiet key={`${rule.rule} ${rule.on} ${rule.holds}`} rule={rule} hand={hand} />
                ))}
              </ul>
            )}
          </Await>
        </Panel>
      </div>
      <DraftBar hand={hand} />
    </div>
  )
}

function BudgetLine({ budget, hand }: { budget: Budget; hand: DraftInHand }) {
  const [editing, setEditing] = useState(false)
  const [atMost, setAtMost] = useState(String(budget.atMost))
  const [per, setPer] = useState(budget.per)
  const wrong = wrongBudget(atMost, per)
  const words = budgetWords(budget)
  if (!editing) {
    return (
      <li className={classes.line}>
        <span>
          {words} {budget.usual && <span className={classes.dim}>This one holds until the catalog says another.</span>}
        </span>
        <span className={classes.actions}>
          <Button size="compact-xs" variant="default" onClick={() => setEditing(true)} aria-label={`Change: ${words}`}>
            Change
          </Button>
          {!budget.usual && (
            <Button size="compact-xs" variant="default" onClick={() => hand.edit(budgetEdit(budget.scope, budget.channel, '', ''))} aria-label={`Remove: ${words}`}>
              Remove
            </Button>
          )}
        </span>
      </li>
    )
  }
  return (
    <li>
      <Form
        className={classes.form}
        send={() => {
          if (Object.keys(wrong).length > 0) return
          hand.edit(budgetEdit(budget.scope, budget.channel, atMost, per))
          setEditing(false)
        }}
      >
        <div className={classes.two}>
          <TextField label={`At most, ${channelWords[budget.channel] ?? budget.channel} for ${scopeWords[budget.scope]}`} number value={atMost} set={setAtMost} wrong={wrong.atMost} />
          <TextField label="Within" value={per} set={setPer} wrong={wrong.per} />
        </div>
        <span className={classes.actions}>
          <Button type="submit" size="xs">
            Put into the draft
          </Button>
          <Button type="button" size="xs" variant="default" onClick={() => setEditing(false)}>
            Cancel
          </Button>
        </span>
      </Form>
    </li>
  )
}

function NewBudget({ hand, taken }: { hand: DraftInHand; taken: Budget[] }) {
  const [scope, setScope] = useState<BudgetScope>('person')
  const left = channels.filter((channel) => !taken.some((each) => each.scope === scope && each.channel === channel))
  const [chosen, setChannel] = useState('')
  const channel = left.find((each) => each === chosen) ?? left[0]
  const [atMost, setAtMost] = useState('')
  const [per, setPer] = useState('7d')
  const [tried, setTried] = useState(false)
  const wrong = wrongBudget(atMost, per)
  return (
    <Form
      className={classes.form}
      send={() => {
        setTried(true)
        if (channel && Object.keys(wrong).length === 0) hand.edit(budgetEdit(scope, channel, atMost, per))
      }}
    >
      <div className={classes.two}>
        <ChoiceField label="Another budget, for" value={scope} set={(next) => setScope(next as BudgetScope)} options={scopes.map((each) => [each, scopeWords[each] ?? each])} />
        <ChoiceField label="Of" value={channel ?? ''} set={setChannel} options={left.map((each) => [each, channelWords[each] ?? each])} />
        <TextField label="At most" number value={atMost} set={setAtMost} wrong={tried ? wrong.atMost : undefined} />
        <TextField label="Within" value={per} set={setPer} wrong={tried ? wrong.per : undefined} />
      </div>
      <div>
        <Button type="submit" size="xs" disabled={!channel}>
          Put it into the draft
        </Button>
      </div>
    </Form>
  )
}

function AfterDismissal({ hand, now }: { hand: DraftInHand; now: string }) {
  const [value, setValue] = useState(now)
  const wrong = value === '' || /^\d+(m|h|d|w)$/.test(value) ? undefined : 'A number and a unit, such as 1d.'
  return (
    <Form
      className={classes.line}
      send={() => {
        if (!wrong) hand.edit(value === '' ? { path: 'contact.after_dismissal', remove: true } : { path: 'contact.after_dismissal', value })
      }}
    >
      <TextField
        label="After a dismissal, quiet for"
        hint={`Who dismissed an offer sees no other for ${spanWords(now || '1d')}, but ambient ones.`}
        placeholder="1d"
        value={value}
        set={setValue}
        wrong={wrong}
      />
      <Button type="submit" size="xs" variant="default" disabled={value === now}>
        Put the silence into the draft
      </Button>
    </Form>
  )
}

function Quiet({ rule, hand }: { rule: QuietForm; hand: DraftInHand }) {
  const [holds, setHolds] = useState(rule.holds)
  const wrong = rule.usual === '' || /^[1-9]\d*(m|h|d|w)$/.test(holds) ? undefined : 'A number and a unit, such as 3d.'
  return (
    <li className={classes.line}>
      <CheckField label={rule.title} hint={rule.does} value={rule.on} set={(on) => hand.edit(quietEdit(rule, on, rule.holds))} />
      {rule.usual !== '' && rule.on && (
        <Form className={classes.actions} send={() => !wrong && hand.edit(quietEdit(rule, true, holds))}>
          <TextField label={`${rule.title}: for`} value={holds} set={setHolds} wrong={wrong} />
          <Button type="submit" size="xs" variant="default" disabled={holds === rule.holds} aria-label={`Put into the draft: the time of ${rule.title}`}>
            Put into the draft
          </Button>
        </Form>
      )}
    </li>
  )
}
