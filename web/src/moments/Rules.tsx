import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { registryQuery, type MomentsCatalog, type RuleDefinition } from '../api/moments'
import { clockQuery, definitionsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import { titleOf } from '../lib/entitlement'
import { count, moment, relative, sentence, term } from '../lib/format'
import { DraftBar } from '../packaging/DraftBar'
import { same } from '../packaging/draft'
import { useDraft } from '../packaging/useDraft'
import { Empty } from '../shared/Empty'
import { ChoiceField, TextField } from '../shared/Field'
import { useParam } from '../shared/open'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { MomentsPage } from './MomentsPage'
import { ruleWords } from './ruleWords'
import { ruleHref, states, stateWord, types } from './terms'
import lists from '../shared/List.module.css'
import classes from './Moments.module.css'

/** Every rule of the catalog, with the draft in it. */
export function Rules() {
  const query = useQuery(definitionsQuery)
  const registry = useQuery(registryQuery)
  const { data: clock } = useQuery(clockQuery)
  const hand = useDraft()
  const [search, setSearch] = useParam('q')
  const [type, setType] = useParam('type')
  const [state, setState] = useParam('state')
  const catalog = hand.shown as MomentsCatalog | undefined
  const rules = (catalog?.signals ?? []) as RuleDefinition[]
  const was = new Map(hand.definitions?.signals?.map((each) => [each.key, each]))
  const counted = new Map(registry.data?.items?.map((each) => [each.key, each]))
  const needle = search.trim().toLowerCase()
  const shown = rules.filter(
    (rule) =>
      (!type || rule.type === type) &&
      (!state || (rule.state || 'testing') === state) &&
      (!needle || [rule.key, rule.title, rule.hypothesis, catalog && ruleWords(rule.when, catalog)].some((text) => text?.toLowerCase().includes(needle))),
  )
  return (
    <MomentsPage title="Rules" question="When is an account likely to want more?">
      <Panel
        id="rules"
        title="Rules"
        of={`${count(rules.length)} in the catalog${hand.draft.edits.length > 0 ? ', with the draft' : ''}`}
        action={
          <Button size="xs" component={Link} href="/moments/new">
            New rule
          </Button>
        }
      >
        <Await query={query} waiting={<WaitingRows rows={8} className={lists.row} />}>
          {() =>
            rules.length === 0 || !catalog ? (
              <Empty title="No rules yet" snippet={snippets.catalog()}>
                Write the <Link href="/moments/new">first rule</Link>, find one among the <Link href="/moments/precursors">precursors</Link> of upgrades, or bring a catalog from a file:
              </Empty>
            ) : (
              <>
                <div className={classes.tools}>
                  <div className={classes.wide}>
                    <TextField label="Search" type="search" value={search} set={setSearch} placeholder="title, key or what it is about" />
                  </div>
                  <ChoiceField label="Type" value={type} set={setType} options={[['', 'all'], ...types]} />
                  <ChoiceField label="State" value={state} set={setState} options={[['', 'all'], ...states.map(([key]): [string, string] => [key, stateWord(key)])]} />
                </div>
                {shown.length === 0 ? (
                  <p className={classes.none} role="status">
                    No rule is so. Take a filter away.
                  </p>
                ) : (
                  <div className={classes.scroll} tabIndex={0} role="group" aria-label="Rules">
                    <table className={classes.table}>
                      <thead>
                        <tr>
                          <th scope="col">Rule</th>
                          <th scope="col">Fires when</th>
                          <th scope="col">Type</th>
                          <th scope="col">State</th>
                          <th scope="col" className={classes.number}>
                            Fired in 30 days
                          </th>
                          <th scope="col">Last</th>
                        </tr>
                      </thead>
                      <tbody>
                        {shown.map((rule) => {
                          const before = was.get(rule.key)
                          const figures = counted.get(rule.key)
                          return (
                            <tr key={rule.key}>
                              <th scope="row">
                                <Link href={ruleHref(rule.key)}>{titleOf(rule)}</Link>{' '}
                                {!before ? <span className={classes.tag}>new in the draft</span> : !same(before, rule) && <span className={classes.tag}>edited in the draft</span>}
                                {rule.title && <span className={classes.small}>{rule.key}</span>}
                              </th>
                              <td className={classes.words}>{sentence(ruleWords(rule.when, catalog)) || 'A kind that this console does not know.'}</td>
                              <td>{term(rule.type ?? '')}</td>
                              <td>{stateWord(rule.state)}</td>
                              <td className={classes.number}>{figures ? <Link href={`/moments?rule=${encodeURIComponent(rule.key)}`}>{count(figures.windows?.find((each) => each.days === 30)?.fired ?? 0)}</Link> : '–'}</td>
                              <td>{figures?.last_at ? (clock ? <time dateTime={figures.last_at} title={moment(figures.last_at)}>{relative(figures.last_at, clock.now)}</time> : moment(figures.last_at)) : before ? 'never' : '–'}</td>
                            </tr>
                          )
                        })}
                      </tbody>
                    </table>
                  </div>
                )}
              </>
            )
          }
        </Await>
      </Panel>
      <DraftBar hand={hand} />
    </MomentsPage>
  )
}
