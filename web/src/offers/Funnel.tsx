import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { offersFunnelQuery, type FullFunnel, type MomentFunnel, type Span, type StepOfFunnel } from '../api/offers'
import { snippets } from '../api/snippets'
import { count, share, words } from '../lib/format'
import { Empty } from '../shared/Empty'
import { useParam } from '../shared/open'
import { PageHead } from '../shared/PageHead'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { editHref } from './address'
import { Behind } from './Behind'
import { choices } from './list'
import { chosen, lostWords, periods, stepTitles, worstOf } from './funnel'
import { Filter, OffersNav } from './OffersNav'
import { Reversals } from './Reversals'
import { usePeriod } from './useOffers'
import lists from '../shared/List.module.css'
import classes from './Offers.module.css'
import mine from './Funnel.module.css'

/** How far moments and offers come, and where most are lost. */
export function Funnel() {
  const { period, span, set } = usePeriod()
  const query = useQuery(offersFunnelQuery(span))
  const [offer, setOffer] = useParam('offer')
  const [at, setAt] = useParam('at')
  const data = query.data
  const places = choices((data?.moments ?? []).flatMap((each) => each.placement ?? []))
  return (
    <div className={classes.page}>
      <PageHead title="Funnel" question="How far do moments come, and where are they lost?" above={{ title: 'Offers', path: '/offers' }} />
      <OffersNav />
      <div className={classes.tools} role="search" aria-label="What the funnel is of">
        <Filter label="Offer" value={offer} set={(next) => { setOffer(next); if (next) setAt('') }} options={[['', 'all moments'], ...(data?.items ?? []).map((each) => [each.offer, words(each.offer)] as const)]} />
        {!offer && <Filter label="At" value={at} set={setAt} options={[['', 'any place'], ...places.map((each) => [each, each] as const)]} />}
        <Filter label="In the" value={period} set={set} options={periods} />
      </div>
      <div className={classes.stack}>
        <Await query={query} waiting={<WaitingRows rows={8} className={lists.row} />}>
          {(funnel) => <Parts funnel={funnel} offer={offer} at={at} span={span} />}
        </Await>
        <Reversals span={span} offer={offer} />
      </div>
      <Behind offer={offer} at={at} span={span} />
    </div>
  )
}

function Parts({ funnel, offer, at, span }: { funnel: FullFunnel; offer: string; at: string; span: Span }) {
  const { steps, heldOut, moments } = chosen(funnel, offer, at)
  const empty = (steps[0]?.count ?? 0) === 0 && heldOut === 0
  const worst = worstOf(steps)
  return (
    <>
      <Panel
        id="steps"
        title={offer ? words(offer) : at || 'All moments'}
        of={offer ? 'decisions of this offer' : 'moments at which more would have helped'}
        action={offer ? <Link href={editHref(offer)} className={classes.link}>Open the offer</Link> : undefined}
      >
        {empty ? (
          <Empty title="Nothing happened in this time" snippet={snippets.decide()}>
            Moments come from usage that meets a limit or a lock. Your product then asks what to show:
          </Empty>
        ) : (
          <>
            <p className={classes.words}>
              {worst ? `Most are lost at “${stepTitles[worst.step] ?? worst.step}”: ${lostWords(worst)}.` : 'Nothing is lost on the way.'} {heldOut > 0 && `${count(heldOut)} more ${heldOut === 1 ? 'is' : 'are'} held out, to measure what offers earn, and in no step.`}
            </p>
            <ol className={mine.steps}>
              {steps.map((step, index) => (
                <Step key={step.step} step={step} first={index === 0} all={steps[0]?.count ?? 0} />
              ))}
              {heldOut > 0 && (
                <li className={mine.step}>
                  <StepLink step="held_out" label={`Held out: ${heldOut}`} />
                  <span className={mine.name}>Held out</span>
                  <span className={mine.count}>{count(heldOut)}</span>
                  <span className={classes.dim}>they would have been offered something and were not, on purpose</span>
                </li>
              )}
            </ol>
          </>
        )}
      </Panel>
      {!offer && moments.length > 0 && <ByThing moments={moments} />}
      {!offer && (funnel.items ?? []).length > 0 && <ByOffer funnel={funnel} span={span} />}
    </>
  )
}

function Step({ step, first, all }: { step: StepOfFunnel; first: boolean; all: number }) {
  return (
    <li className={mine.step}>
      <StepLink step={step.step} label={`${stepTitles[step.step] ?? step.step}: ${step.count}`} />
      <span className={mine.name}>
        {stepTitles[step.step] ?? words(step.step)}
        <span className={classes.under}>{step.words}</span>
      </span>
      <span className={mine.count}>
        {count(step.count)} <span className={classes.dim}>{share(step.count, all)}</span>
      </span>
      <span className={mine.bar} aria-hidden="true">
        <span style={{ width: `${all > 0 ? (step.count / all) * 100 : 0}%` }} />
      </span>
      <span className={classes.dim}>{lostWords(step, first)}</span>
    </li>
  )
}

/** Opens what is behind a step; it covers the row. */
function StepLink({ step, label }: { step: string; label: string }) {
  const [, open] = useParam('step')
  return (
    <button type="button" className={mine.open} onClick={() => open(step)} aria-haspopup="dialog" aria-label={`${label}. See what is behind it`} />
  )
}

function ByThing({ moments }: { moments: MomentFunnel[] }) {
  return (
    <Panel id="things" title="By what it was about" of="and where">
      <div className={classes.scroll} tabIndex={0} role="group" aria-label="Funnel by thing and place">
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">About</th>
              {moments[0]?.steps.map((step) => (
                <th key={step.step} scope="col" className={classes.number}>
                  {stepTitles[step.step]}
                </th>
              ))}
              <th scope="col" className={classes.number}>
                Held out
              </th>
              <th scope="col">Most are lost</th>
            </tr>
          </thead>
          <tbody>
            {moments.map((each) => (
              <tr key={`${each.kind} ${each.feature ?? each.milestone} ${each.placement}`}>
                <th scope="row">
                  {each.title}
                  <span className={classes.under}>
                    {{ limit: 'limit reached', locked: 'locked', milestone: 'milestone reached' }[each.kind] ?? each.kind}
                    {each.placement ? `, at ${each.placement}` : ''}
                  </span>
                </th>
                {each.steps.map((step) => (
                  <td key={step.step} className={classes.number}>
                    {count(step.count)}
                  </td>
                ))}
                <td className={classes.number}>{count(each.held_out)}</td>
                <td>{each.worst_step ? `before “${stepTitles[each.worst_step] ?? each.worst_step}”` : 'nowhere'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

function ByOffer({ funnel, span }: { funnel: FullFunnel; span: Span }) {
  const [, setOffer] = useParam('offer')
  return (
    <Panel id="items" title="By offer" of={`decisions since ${span.from.slice(0, 10)}, each in every column it reached`}>
      <div className={classes.scroll} tabIndex={0} role="group" aria-label="Funnel by offer">
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">Offer</th>
              {['Shown', 'Seen', 'Clicked', 'Dismissed', 'Requested', 'Accepted', 'Undone', 'Held out'].map((each) => (
                <th key={each} scope="col" className={classes.number}>
                  {each}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(funnel.items ?? []).map((each) => (
              <tr key={each.offer}>
                <th scope="row">
                  <button type="button" className={mine.pick} onClick={() => setOffer(each.offer)}>
                    {words(each.offer)}
                  </button>
                  <span className={classes.under}>{each.title}</span>
                </th>
                {[each.shown, each.seen, each.clicked, each.dismissed, each.requested, each.accepted, each.undone, each.holdout].map((n, index) => (
                  <td key={index} className={classes.number}>
                    {count(n)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
