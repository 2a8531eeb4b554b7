import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { problemOf } from '../api/client'
import { offerPreviewQuery, someAccountsQuery, type FullOffer, type OfferPreview, type OffersCatalog, type PreviewAsked } from '../api/offers'
import { clockQuery } from '../api/queries'
import { money, sentence } from '../lib/format'
import { withEdit, type Edit } from '../packaging/draft'
import type { DraftInHand } from '../packaging/useDraft'
import { Field, TextField } from '../shared/Field'
import { AccountLink } from '../shared/AccountLink'
import { useParam } from '../shared/open'
import { Panel } from '../shared/Panel'
import { ProblemWords } from '../shared/ProblemWords'
import { listOf } from './definition'
import { fallbackWords, languagesOf } from './language'
import { Filter } from './OffersNav'
import { Shown } from './ShownOffer'
import { codeWords } from './words'
import classes from './Offers.module.css'
import mine from './Editor.module.css'

/** How long after the last key the server is asked. */
const pause = 250

/** The draft with what is in the form. */
function draftWith(hand: DraftInHand, edits: Edit[]): Pick<PreviewAsked, 'base' | 'edits'> {
  const { definitions, draft } = hand
  if (!definitions) return {}
  const all = edits.reduce((before, edit) => withEdit(before, edit, definitions), draft.edits)
  return all.length === 0 ? {} : { base: draft.edits.length > 0 ? draft.base : definitions.version, edits: all }
}

interface PanelProps {
  offer: FullOffer
  /** What is in the form and not in the draft. */
  edits: Edit[]
  hand: DraftInHand
}

/** The offer as somebody would see it, said by the server for the draft, and what keeps it away from them now. */
export function OfferPreviewPanel({ offer, edits, hand }: PanelProps) {
  const [account, setAccount] = useParam('account')
  const [user, setUser] = useParam('user')
  const [role, setRole] = useParam('role')
  const [language, setLanguage] = useParam('language')
  const [place, setPlace] = useParam('place')
  const [typed] = useDebouncedValue(account, pause)
  const accounts = useQuery(someAccountsQuery(typed))
  const first = useQuery({ ...someAccountsQuery(''), enabled: account === '' })
  const clock = useQuery(clockQuery)
  const places = listOf(offer.at)
  const placement = places.includes(place) ? place : (places[0] ?? '')
  // Half a key is no account: only one that is there is asked about.
  const known = account === '' || (accounts.data?.items ?? []).some((each) => each.key === account.trim())
  const asked: PreviewAsked = {
    offer: offer.key,
    account: known ? account.trim() || first.data?.items?.[0]?.key || '' : '',
    ...(user ? { user } : {}),
    role: role || 'admin',
    language,
    placement,
    ...(offer.save ? { intent: 'cancel' } : {}),
    ...draftWith(hand, edits),
  }
  const [settled] = useDebouncedValue(JSON.stringify(asked), pause)
  const query = useQuery(offerPreviewQuery(JSON.parse(settled) as PreviewAsked, settled === JSON.stringify(asked) && asked.account !== '' && placement !== ''))
  const problem = query.error && problemOf(query.error)
  const languages = [...new Set([...languagesOf(offer), ...translatedIn(hand.shown as OffersCatalog | undefined)])]
  const said = fallbackWords(offer, language, query.data?.preview.offer?.cta.action === 'request')
  const findings = query.data?.findings ?? []
  const answer = problem === null && findings.length === 0 && known ? query.data : undefined
  return (
    <Panel id="preview" title="Preview" of={edits.length > 0 || hand.draft.edits.length > 0 ? 'the draft, said by the server' : 'said by the server'}>
      <div className={classes.two}>
        <Field label="For the account" hint={<AccountHint account={asked.account} typed={account} name={accounts.data?.items?.find((each) => each.key === asked.account)?.name} />}>
          {(control) => (
            <>
              <input {...control} type="search" list="preview-accounts" autoComplete="off" placeholder={asked.account || 'key of an account'} value={account} onChange={(event) => setAccount(event.currentTarget.value)} />
              <datalist id="preview-accounts">
                {(accounts.data?.items ?? []).slice(0, 20).map((each) => (
                  <option key={each.key} value={each.key}>
                    {each.name}
                  </option>
                ))}
              </datalist>
            </>
          )}
        </Field>
        <TextField label="And the person" hint="Their id in your product; empty for somebody unknown." value={user} set={setUser} />
      </div>
      <div className={classes.tools}>
        <Filter label="At" value={placement} set={setPlace} options={places.map((each) => [each, each] as const)} />
        <Filter label="Who is" value={role} set={setRole} options={[['', 'admin, who can buy'], ['member', 'member, who can ask']]} />
        <Filter label="In" value={language} set={setLanguage} options={[['', 'the catalog’s language'], ...[...new Set([...languages.filter(Boolean), 'de', 'de-AT', 'fr'])].map((each) => [each, each] as const)]} />
      </div>
      {said && (
        <p className={classes.words} role="note">
          {said}
        </p>
      )}
      {problem && (
        <div role="alert" className={classes.alert}>
          <p>
            <ProblemWords problem={problem} />
          </p>
          {problem.places.length > 0 && <p>At {problem.places.join(', ')}.</p>}
        </div>
      )}
      {findings.length > 0 && (
        <div role="alert" className={classes.alert}>
          {findings.map((each, index) => (
            <p key={index}>
              <strong>{sentence(each.message)}</strong> {sentence(`To mend it: ${each.mend}`)} <code>{each.path}</code>
            </p>
          ))}
        </div>
      )}
      {!problem && placement === '' && <p className={classes.none}>Name a place for it, and how it looks there is shown here.</p>}
      <div className={mine.stage} aria-live="polite" aria-busy={query.isFetching && query.data === undefined}>
        {answer && <Answer answer={answer} role={asked.role} language={language} now={clock.data?.now ?? ''} />}
      </div>
      {answer && <Why answer={answer} offer={offer.key} />}
    </Panel>
  )
}

/** All languages that any offer is written in. */
const translatedIn = (catalog: OffersCatalog | undefined) => ((catalog?.offers ?? []) as FullOffer[]).flatMap((each) => Object.keys(each.content?.translations ?? {}))

function AccountHint({ account, name, typed }: { account: string; name: string | undefined; typed: string }) {
  if (!account && typed) return <>No account has this key.</>
  if (!account) return <>There is no account yet to look at it with.</>
  return (
    <>
      Filled from <AccountLink account={account} name={name} />
    </>
  )
}

function Answer({ answer, role, language, now }: { answer: OfferPreview; role: string; language: string; now: string }) {
  if (answer.preview.status === 'show') return <Shown decision={answer.preview} role={role} language={language} now={now} />
  return <p className={classes.none}>This account cannot take what the offer gives, so there is nothing to say to it. Choose another account.</p>
}

/** Each rule that keeps it away, and what would be shown there now. */
function Why({ answer, offer }: { answer: OfferPreview; offer: string }) {
  const rules = answer.in_the_way ?? []
  const { decision } = answer
  const expected = answer.preview.offer?.expected
  return (
    <>
      <h3 className={mine.sub}>{rules.length === 0 ? 'It would be shown to them now' : rules.length === 1 ? 'Not shown to them now: one rule stands in the way' : `Not shown to them now: ${rules.length} rules stand in the way`}</h3>
      {rules.length > 0 && (
        <ul className={mine.rules} aria-label="What stands in the way">
          {rules.map((rule) => (
            <li key={`${rule.code} ${rule.reason}`}>
              <span className={`${classes.tag} ${classes.warn}`}>{codeWords(rule.code)}</span> {rule.reason}
            </li>
          ))}
        </ul>
      )}
      {decision.offer_key !== offer && (
        <p className={classes.words}>
          {decision.offer_key && decision.status === 'show' ? `There now: ${decision.offer?.title ?? decision.offer_key} (${decision.offer_key}).` : `Nothing is shown there now: ${codeWords(decision.reason).toLowerCase()}.`}
        </p>
      )}
      {expected && (
        <p className={classes.words}>
          Worth {money(expected.year.amount, expected.year.currency)} a year{expected.estimated ? ', estimated from what would be bought afterwards' : ''}, at a chance of {expected.chance}%.
        </p>
      )}
      {(answer.problems ?? []).length > 0 && (
        <div role="alert" className={classes.alert}>
          {(answer.problems ?? []).map((each) => (
            <p key={each}>{each}</p>
          ))}
        </div>
      )}
      <details>
        <summary>What placeholders stand for here</summary>
        <dl className={mine.fills}>
          {(answer.fills ?? []).map(({ name, words }) => (
            <div key={name} className={mine.fill}>
              <dt>{`{${name}}`}</dt>
              <dd>{words || <span className={classes.dim}>nothing is known</span>}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  )
}
