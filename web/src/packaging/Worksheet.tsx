import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { definitionsQuery } from '../api/queries'
import { PageHead } from '../shared/PageHead'
import { useParam } from '../shared/open'
import { Await, WaitingRows } from '../shared/Panel'
import { DraftBar } from './DraftBar'
import { EditDialog } from './EditDialog'
import { Lint } from './Lint'
import { Expansion, Moments, Offers } from './steps/Offering'
import { Plans } from './steps/Plans'
import { Profiles } from './steps/Profiles'
import { FirstCurrency, ValueFeatures, type StepProps } from './steps/ValueFeatures'
import { ValueMetrics } from './steps/ValueMetrics'
import { useDraft } from './useDraft'
import { standingOf, steps, type Step } from './worksheet'
import lists from '../shared/List.module.css'
import classes from './Worksheet.module.css'

const titles: Record<Step, string> = {
  value: 'Value features',
  plans: 'Plans',
  offers: 'Offers',
  moments: 'Upgrade moments',
  profiles: 'Profiles and collaboration',
  expansion: 'Expansion moments',
}

const sections: Record<Step, string[]> = {
  value: ['features', 'meters', 'value'],
  plans: ['plans', 'addons', 'bundles', 'billing'],
  offers: ['offers', 'placements'],
  moments: ['signals', 'routing'],
  profiles: ['profiles', 'placements'],
  expansion: ['addons', 'bundles', 'launches', 'signals'],
}

/** The work of a step. Before there is a currency no price could be said, so it is asked for first. */
function Work({ step, hand, shown }: StepProps & { step: Step }) {
  if (!shown.currency) return <FirstCurrency hand={hand} />
  switch (step) {
    case 'value':
      return (
        <>
          <ValueFeatures hand={hand} shown={shown} />
          <ValueMetrics hand={hand} shown={shown} />
        </>
      )
    case 'plans':
      return <Plans hand={hand} shown={shown} />
    case 'offers':
      return <Offers hand={hand} shown={shown} />
    case 'moments':
      return <Moments hand={hand} shown={shown} />
    case 'profiles':
      return <Profiles hand={hand} shown={shown} />
    case 'expansion':
      return <Expansion hand={hand} shown={shown} />
  }
}

/** Packaging step by step, from why customers buy to when they want more. It writes the draft. */
export function Worksheet() {
  const query = useQuery(definitionsQuery)
  const hand = useDraft()
  const [asked, setStep] = useParam('step')
  const step: Step = steps.find((each) => each === asked) ?? 'value'
  const index = steps.indexOf(step)
  const before = steps[index - 1]
  const after = steps[index + 1]
  return (
    <div className={classes.page}>
      <PageHead title="Packaging worksheet" question="What do customers buy, and when do they want more?" above={{ title: 'Packaging', path: '/packaging' }} />
      <Await query={query} waiting={<WaitingRows rows={6} className={lists.row} />}>
        {() =>
          hand.shown && (
            <>
              <nav aria-label="Steps">
                <ol className={classes.steps}>
                  {steps.map((each, i) => (
                    <li key={each}>
                      <button type="button" aria-current={each === step ? 'step' : undefined} onClick={() => setStep(each)}>
                        <span className={classes.number} aria-hidden="true">
                          {i + 1}
                        </span>
                        <span>
                          {titles[each]}
                          <small>{standingOf(each, hand.shown ?? { version: '' }) || 'nothing yet'}</small>
                        </span>
                      </button>
                    </li>
                  ))}
                </ol>
              </nav>
              <div className={classes.columns}>
                <div className={classes.work}>
                  <Work step={step} hand={hand} shown={hand.shown} />
                  <div className={classes.onward}>
                    {before && (
                      <button type="button" onClick={() => setStep(before)}>
                        <span aria-hidden="true">← </span>
                        {titles[before]}
                      </button>
                    )}
                    {after ? (
                      <button type="button" onClick={() => setStep(after)}>
                        {titles[after]}
                        <span aria-hidden="true"> →</span>
                      </button>
                    ) : (
                      <Link href="/packaging">The whole matrix</Link>
                    )}
                  </div>
                </div>
                {hand.definitions?.version && <Lint title="Lint for this step" sections={sections[step]} className={classes.lint} />}
              </div>
            </>
          )
        }
      </Await>
      <EditDialog hand={hand} />
      <DraftBar hand={hand} />
    </div>
  )
}
