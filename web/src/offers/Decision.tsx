import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'wouter'
import { explainQuery, type ExplainedDecision } from '../api/offers'
import { moment, money, sentence, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { PageHead } from '../shared/PageHead'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { decoded, editHref } from './address'
import { shapeWords } from './definition'
import { codeWords } from './words'
import lists from '../shared/List.module.css'
import classes from './Offers.module.css'

/** Why somebody was shown an offer, which others were considered, and what became of it. */
export function Decision() {
  const id = decoded(useParams<{ id: string }>().id)
  const query = useQuery(explainQuery(id))
  return (
    <div className={classes.page}>
      <PageHead title="Decision" question="Why was this shown, and what became of it?" above={{ title: 'Offers', path: '/offers' }}>
        <code className={classes.dim}>{id}</code>
      </PageHead>
      <Await query={query} waiting={<WaitingRows rows={6} className={lists.row} />}>
        {(decision) => (
          <div className={classes.stack}>
            <What decision={decision} />
            <Considered decision={decision} />
            <Timeline decision={decision} />
          </div>
        )}
      </Await>
    </div>
  )
}

function What({ decision }: { decision: ExplainedDecision }) {
  const { offer, account, placement } = decision
  const heldOut = decision.variant === 'holdout'
  return (
    <Panel id="what" title={offer?.title || words(decision.offer_key ?? 'Nothing')} of={offer ? `${shapeWords(offer.type).toLowerCase()}, ${offer.kind}` : undefined}>
      <div className={classes.form}>
        <p className={classes.words}>
          {heldOut ? 'Kept back from' : 'Shown to'} <AccountLink account={account} /> at {placement}, {moment(decision.at)}, because of {codeWords(decision.reason).toLowerCase()}.{' '}
          {heldOut && 'The family belongs to those that do not see it, to measure what it earns. '}
          {decision.feature && `It was about ${words(decision.feature).toLowerCase()}. `}
          {decision.expires_at && `It could be acted on until ${moment(decision.expires_at)}. `}
          {decision.offer_key && <Link href={editHref(decision.offer_key)} className={classes.link}>Open the offer</Link>}
        </p>
        {offer && (
          <div className={classes.quiet}>
            {offer.body && <p>{offer.body}</p>}
            {offer.case && <p>{offer.case}</p>}
            {(offer.assumptions ?? []).length > 0 && <p className={classes.dim}>{sentence(`It assumes: ${(offer.assumptions ?? []).join('; ')}`)}</p>}
            <p>
              Its button said “{offer.cta.label}”
              {offer.price ? `, for ${money(offer.price.recurring.amount, offer.price.recurring.currency)} a ${offer.price.interval}` : ', without a price: the person cannot buy, or it costs nothing'}.
            </p>
            {offer.expected && (
              <p className={classes.dim}>
                Worth {money(offer.expected.year.amount, offer.expected.year.currency)} a year at a chance of {offer.expected.chance}%.
              </p>
            )}
          </div>
        )}
        {decision.help && <p className={classes.quiet}>Help came first: {decision.help.title}</p>}
      </div>
    </Panel>
  )
}

function Considered({ decision }: { decision: ExplainedDecision }) {
  const all = decision.considered ?? []
  return (
    <Panel id="considered" title="What was considered" of={all.length === 1 ? '1 offer' : `${all.length} offers`}>
      {all.length === 0 ? (
        <p className={classes.none}>It was not kept which offers were considered.</p>
      ) : (
        <ul className={classes.list}>
          {all.toSorted((a, b) => Number(b.chosen) - Number(a.chosen)).map((each) => (
            <li key={each.offer}>
              <div className={classes.line}>
                <span>
                  <Link href={editHref(each.offer)} className={classes.link}>
                    {words(each.offer)}
                  </Link>
                  : {sentence(each.reason)}
                </span>
                <span className={each.chosen ? `${classes.tag} ${classes.live}` : classes.tag}>{codeWords(each.code)}</span>
              </div>
              {(each.problems ?? []).map((problem) => (
                <p key={problem} className={classes.alert}>
                  {sentence(problem)}
                </p>
              ))}
            </li>
          ))}
        </ul>
      )}
      {[...(decision.quiet ?? []), ...(decision.refusals ?? [])].length > 0 && (
        <>
          <p className={classes.words}>What kept offers away then:</p>
          <ul className={classes.list}>
            {(decision.quiet ?? []).map((each) => (
              <li key={each.rule}>{sentence(each.reason)}</li>
            ))}
            {(decision.refusals ?? []).map((each) => (
              <li key={`${each.scope} ${each.channel} ${each.code}`}>{sentence(each.reason)}</li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  )
}

function Timeline({ decision }: { decision: ExplainedDecision }) {
  const outcomes = (decision.outcomes ?? []).toSorted((a, b) => a.at.localeCompare(b.at))
  return (
    <Panel id="timeline" title="What became of it">
      <ol className={classes.list}>
        <li>{decision.variant === 'holdout' ? 'Kept back' : 'Shown'}, {moment(decision.at)}</li>
        {outcomes.map((each) => (
          <li key={`${each.type} ${each.at}`}>
            {words(each.type)}
            {each.user && each.user !== decision.user ? ' by somebody else' : ''}, {moment(each.at)}
            {each.reason && <p className={classes.words}>“{each.reason}”</p>}
          </li>
        ))}
        {outcomes.length === 0 && <li className={classes.dim}>Nothing was heard of it.</li>}
      </ol>
    </Panel>
  )
}
