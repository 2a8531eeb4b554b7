import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Link, useParams, useSearchParams } from 'wouter'
import { problemOf } from '../api/client'
import { limitDesignQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import type { CatalogDefinitions, HistogramBin, LimitDesign, LimitSuggestion } from '../api/types'
import { count, money, words } from '../lib/format'
import { roundLimit, scaleTo } from '../lib/scale'
import { AccountLink } from '../shared/AccountLink'
import { DataTable, Details, OpenDetails, type Column } from '../shared/Details'
import { Empty } from '../shared/Empty'
import { PageHead } from '../shared/PageHead'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { DraftBar } from './DraftBar'
import { beginsWith, judgedFor, planTitle, revenueWords, squeezedBy, stepWords } from './designed'
import { LimitChart } from './LimitChart'
import { limited } from './limited'
import { plural } from './Preview'
import { useDraft, type DraftInHand } from './useDraft'
import { numberOf, titleOf } from '../lib/entitlement'
import lists from '../shared/List.module.css'
import classes from './LimitDesigner.module.css'

/** Where a limit should stand: how much accounts use, and what one at a given place would do. */
export function LimitDesigner() {
  const { feature = '' } = useParams<{ feature: string }>()
  const hand = useDraft()
  const [search, setSearch] = useSearchParams()
  const set = (values: Record<string, string>) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before)
        for (const [name, value] of Object.entries(values)) {
          if (value) after.set(name, value)
          else after.delete(name)
        }
        return after
      },
      { replace: true },
    )
  const asked = numberOf(search.get('candidate') ?? '')
  const segmentBy = search.get('segment_by') ?? ''
  const clusters = search.get('clusters') ?? ''
  const plan = search.get('plan') ?? ''
  const query = useQuery(limitDesignQuery({ feature, segmentBy, clusters, plan, candidates: asked === undefined ? [] : [asked] }))
  const definition = hand.shown?.features?.find((each) => each.key === feature)
  const metered = (hand.shown?.features ?? []).filter((each) => each.kind === 'metered' || each.kind === 'seats')
  const unmeasured = query.error && ['unknown_feature', 'feature_not_metered'].includes(problemOf(query.error).code)

  return (
    <div className={classes.page}>
      <PageHead
        title={`Limit of ${query.data?.title || titleOf(definition, feature)}`}
        question="Where should the limit stand, and whom would it squeeze?"
        above={{ title: 'Packaging', path: '/packaging' }}
      >
        <FeaturePicker feature={feature} options={metered.map((each) => [each.key, titleOf(each)])} />
      </PageHead>
      {unmeasured ? (
        <Empty title={`There is no metered feature ${feature}`} snippet={snippets.limits()}>
          The limit designer looks at features with a meter. From a CSV it works without a server:
        </Empty>
      ) : (
        <Await query={query} waiting={<WaitingRows rows={6} className={lists.row} />}>
          {(design) =>
            design.accounts === 0 ? (
              <Empty title="Nobody has used it yet" snippet={snippets.event()}>
                The distribution is drawn once usage comes in:
              </Empty>
            ) : (
              <Designer key={feature} design={design} asked={asked} segmentBy={segmentBy} clusters={clusters} plan={plan} set={set} hand={hand} />
            )
          }
        </Await>
      )}
      <DraftBar hand={hand} />
    </div>
  )
}

function FeaturePicker({ feature, options }: { feature: string; options: [string, string][] }) {
  const [search] = useSearchParams()
  if (options.length < 2) return null
  return (
    <nav aria-label="Metered features" className={classes.features}>
      {options.map(([key, title]) => (
        <Link key={key} href={`/packaging/limits/${encodeURIComponent(key)}${search.get('segment_by') ? `?segment_by=${encodeURIComponent(search.get('segment_by') ?? '')}` : ''}`} aria-current={key === feature ? 'page' : undefined}>
          {title}
        </Link>
      ))}
    </nav>
  )
}

interface DesignerProps {
  design: LimitDesign
  asked: number | undefined
  segmentBy: string
  clusters: string
  plan: string
  set: (values: Record<string, string>) => void
  hand: DraftInHand
}

function Designer({ design, asked, segmentBy, clusters, plan, set, hand }: DesignerProps) {
  const [search] = useSearchParams()
  const title = design.title || words(design.feature)
  const segments = design.segments ?? []
  const chosen = search.get('segment') ?? ''
  const segment = segments.find((each) => each.segment === chosen)
  const bins = (segment ?? design).histogram ?? []
  const most = Math.max(1, ...(design.histogram ?? []).map((bin) => bin.to), ...(design.limits ?? []).map((each) => each.limit))
  const middle = design.quantiles?.p50 ?? 0
  const scale = scaleTo(most, middle)

  const begins = beginsWith(design, asked)
  const [candidate, setCandidate] = useState(begins ?? roundLimit(middle))
  useEffect(() => {
    if (begins !== undefined) setCandidate(begins)
  }, [begins])
  const judged = judgedFor(design, candidate, plan)
  const shown = plan || judged?.plan || design.candidate_plan || ''
  useEffect(() => {
    // The server has no limit to begin with: the one that is drawn is asked about.
    if (begins === undefined) set({ candidate: String(candidate) })
  }, [begins])
  const move = (next: number, settled: boolean) => {
    setCandidate(next)
    // A line that moves stays with its plan, also beyond the limit of another one.
    if (settled) set({ candidate: String(next), plan: shown })
  }
  const pick = (each: LimitSuggestion) => {
    setCandidate(each.limit)
    set({ candidate: String(each.limit), plan: each.plan ?? '' })
  }

  return (
    <div className={classes.parts}>
      <Panel
        id="distribution"
        title="How much accounts use"
        of={`${plural(design.accounts, 'account', 'accounts')}${design.unlimited_accounts ? `, ${count(design.unlimited_accounts)} of them without a limit` : ''}${design.unit ? `, in ${design.unit}` : ''}`}
        action={<OpenDetails name="distribution">Table and definition</OpenDetails>}
      >
        <div className={classes.controls}>
          <Written label="Segments by trait" placeholder="none, or industry" value={segmentBy} commit={(value) => set({ segment_by: value })} />
          <label>
            Segment
            <select value={segment ? chosen : ''} onChange={(event) => set({ segment: event.currentTarget.value })}>
              <option value="">all together</option>
              {segments
                .filter((each) => each.segment !== '')
                .map((each) => (
                  <option key={each.segment} value={each.segment}>
                    {each.segment} ({count(each.accounts)})
                  </option>
                ))}
            </select>
          </label>
          <label>
            Groups
            <select value={clusters} onChange={(event) => set({ clusters: event.currentTarget.value })}>
              <option value="">as many as the data shows</option>
              {[2, 3, 4, 5, 6].map((n) => (
                <option key={n} value={n}>
                  {n}
                </option>
              ))}
            </select>
          </label>
          {(design.plans?.length ?? 0) > 0 && (
            <label>
              Limit of plan
              <select value={shown} onChange={(event) => set({ plan: event.currentTarget.value, candidate: '' })}>
                {!design.plans?.some((each) => each.plan === shown) && <option value={shown}>{shown ? words(shown) : 'none'}</option>}
                {design.plans?.map((each) => (
                  <option key={each.plan} value={each.plan}>
                    {each.title} ({each.unlimited ? 'unlimited' : each.limit === null ? 'not in it' : count(each.limit)} today)
                  </option>
                ))}
              </select>
            </label>
          )}
          <Written label="Candidate limit" value={String(candidate)} number commit={(value) => numberOf(value) !== undefined && move(numberOf(value) ?? 0, true)} />
        </div>
        <LimitChart title={title} bins={bins} scale={scale} most={most} breaks={design.breaks ?? []} limits={design.limits ?? []} candidate={candidate} move={move} />
        {(design.clusters?.length ?? 0) > 0 && (
          <p className={classes.note}>
            Groups: {design.clusters?.map((each) => `${plural(each.size, 'account', 'accounts')} around ${count(Number(each.center.toPrecision(3)))}`).join('; ')}.
            {(design.breaks?.length ?? 0) > 0 && ` Natural breaks at ${design.breaks?.map((each) => count(each)).join(', ')}.`}
          </p>
        )}
        {design.basis && (
          <p className={classes.note}>
            Counted is {design.basis}.
            {design.unused_accounts ? ` ${plural(design.unused_accounts, 'account has', 'accounts have')} it and did not use it.` : ''}
          </p>
        )}
        {design.notes?.map((note) => (
          <p key={note} className={classes.note}>
            {note}
          </p>
        ))}
        <Details name="distribution" title={`Usage of ${title}`} definition={<Definition />}>
          <DataTable caption={segment ? `Segment ${segment.segment}` : 'All segments'} file={`usage-${design.feature}.csv`} columns={binColumns} rows={bins} rowKey={(bin) => `${bin.from}`} />
        </Details>
      </Panel>
      <div className={classes.columns}>
        <Candidate candidate={candidate} plan={shown} judged={judged} design={design} hand={hand} />
        <Today design={design} />
      </div>
      {(design.suggestions?.length ?? 0) > 0 && (
        <Panel id="suggestions" title="Limits compared" of="those suggested by the breaks, and the candidate, each for one plan">
          <DataTable
            caption="What each limit would do"
            file={`limits-${design.feature}.csv`}
            columns={suggestionColumns(design, pick)}
            rows={design.suggestions ?? []}
            rowKey={(each) => `${each.limit}`}
            emphasised={(each) => each.limit === candidate}
          />
        </Panel>
      )}
      {(design.top_unlimited?.length ?? 0) > 0 && (
        <Panel id="unlimited" title="Top usage without a limit" of="the most value, and what they pay per unit of it">
          <DataTable caption="Accounts without a limit" file={`unlimited-${design.feature}.csv`} columns={topColumns} rows={design.top_unlimited ?? []} rowKey={(each) => each.account} />
        </Panel>
      )}
    </div>
  )
}

/** A field whose value is taken when it is left or Enter is pressed, not with every key. */
function Written({ label, value, commit, placeholder, number = false }: { label: string; value: string; commit: (value: string) => void; placeholder?: string; number?: boolean }) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  return (
    <label>
      {label}
      <input
        value={text}
        placeholder={placeholder}
        inputMode={number ? 'decimal' : undefined}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={() => text !== value && commit(text.trim())}
        onKeyDown={(event) => event.key === 'Enter' && commit(text.trim())}
      />
    </label>
  )
}

const binColumns: Column<HistogramBin>[] = [
  { title: 'Usage from', show: (bin) => count(bin.from), value: (bin) => bin.from },
  { title: 'to', show: (bin) => count(bin.to), value: (bin) => bin.to },
  { title: 'Accounts', show: (bin) => count(bin.accounts), value: (bin) => bin.accounts },
]

type Top = NonNullable<LimitDesign['top_unlimited']>[number]

const topColumns: Column<Top>[] = [
  { title: 'Account', text: true, show: (each) => <AccountLink account={each.account} name={each.name} />, value: (each) => each.account },
  { title: 'Plan', text: true, show: (each) => words(each.plan), value: (each) => each.plan },
  { title: 'Usage', show: (each) => count(each.usage), value: (each) => each.usage },
  { title: 'MRR', show: (each) => (each.mrr.currency ? money(each.mrr.amount, each.mrr.currency) : '–'), value: (each) => each.mrr.amount },
  { title: 'Paid per unit', show: (each) => (each.per_unit === null ? '–' : `${each.mrr.currency} ${each.per_unit}`), value: (each) => each.per_unit },
]

function suggestionColumns(design: LimitDesign, pick: (each: LimitSuggestion) => void): Column<LimitSuggestion>[] {
  return [
    {
      title: 'Limit',
      text: true,
      show: (each) => (
        <button type="button" className={classes.pick} onClick={() => pick(each)} aria-label={`Look at a limit of ${count(each.limit)} on ${planTitle(design, each.plan)}`}>
          {count(each.limit)}
        </button>
      ),
      value: (each) => each.limit,
    },
    { title: 'Plan', text: true, show: (each) => stepWords(each, planTitle(design, each.plan)), value: (each) => each.plan ?? null },
    { title: 'Accounts above', show: (each) => count(each.accounts_above), value: (each) => each.accounts_above },
    { title: 'Near it', show: (each) => count(each.accounts_near), value: (each) => each.accounts_near },
    { title: 'Squeezed', show: (each) => count(squeezedBy(each)), value: squeezedBy },
    { title: 'Would fit below', show: (each) => count(each.fitting_accounts ?? 0), value: (each) => each.fitting_accounts ?? 0 },
    { title: 'Revenue', show: revenueWords, value: (each) => each.revenue?.amount ?? null },
  ]
}

interface CandidateProps {
  candidate: number
  plan: string
  judged: LimitSuggestion | undefined
  design: LimitDesign
  hand: DraftInHand
}

function Candidate({ candidate, plan, judged, design, hand }: CandidateProps) {
  const title = planTitle(design, plan)
  const loosens = judged?.change === 'loosens'
  const touched = loosens ? (judged.fitting ?? []) : (judged?.squeezed ?? [])
  const all = !judged ? 0 : loosens ? (judged.fitting_accounts ?? 0) : squeezedBy(judged)
  const figures: [string, string][] = judged
    ? [
        ['Accounts above it', count(judged.accounts_above)],
        ['Near it', count(judged.accounts_near)],
        [loosens ? 'Above, and would fit' : 'Squeezed', count(all)],
        [loosens ? 'Revenue at risk' : 'Revenue', revenueWords(judged)],
      ]
    : []
  return (
    <Panel id="candidate" title={`A limit of ${count(candidate)}`} of={judged ? stepWords(judged, title) : 'what it would do today'}>
      <div className={classes.candidate} aria-live="polite" aria-busy={!judged}>
        {judged ? (
          <>
            <dl className={classes.figures}>
              {figures.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
            {(judged.revenue?.assumptions?.length ?? 0) > 0 && (
              <ul className={classes.assumptions} aria-label="What the revenue assumes">
                {judged.revenue?.assumptions?.map((each) => (
                  <li key={each}>{each}</li>
                ))}
              </ul>
            )}
            {touched.length > 0 && (
              <div>
                <h3 className={classes.sub}>{loosens ? `Given away: ${title} would hold what they use` : 'Squeezed: they use more, and may today'}</h3>
                <ul className={classes.squeezed}>
                  {touched.slice(0, 8).map((each) => (
                    <li key={each.account}>
                      <AccountLink account={each.account} name={each.name} />
                      <span>
                        {each.plan && `${planTitle(design, each.plan)}, `}uses {count(each.usage)}
                        {each.next && !loosens && `; ${planTitle(design, each.next)} would hold it`}
                      </span>
                    </li>
                  ))}
                </ul>
                {all > 8 && <p className={classes.note}>and {count(all - 8)} more.</p>}
              </div>
            )}
          </>
        ) : (
          <p className={classes.note}>Move the line and let it stand, and the server says what a limit there would do.</p>
        )}
      </div>
      {hand.shown && <IntoDraft candidate={candidate} plan={plan} title={title} design={design} shown={hand.shown} hand={hand} />}
    </Panel>
  )
}

interface IntoDraftProps {
  candidate: number
  plan: string
  title: string
  design: LimitDesign
  shown: CatalogDefinitions
  hand: DraftInHand
}

/** Puts the candidate into the draft as the limit of its plan. */
function IntoDraft({ candidate, plan, title, design, shown, hand }: IntoDraftProps) {
  const definition = shown.plans?.find((each) => each.key === plan)
  if (!definition) return null
  const now = definition.entitlements?.[design.feature]
  return (
    <div className={classes.into}>
      <Button size="xs" variant="default" onClick={() => hand.edit({ path: `plans.${plan}.entitlements.${design.feature}`, value: limited(now, candidate, design.per) })}>
        Put it into the draft
      </Button>
      <span className={classes.note}>as the limit of {title}</span>
    </div>
  )
}

function Today({ design }: { design: LimitDesign }) {
  return (
    <Panel id="limits" title="Limits of today" of="and who stops just below them">
      {design.limits?.length ? (
        <ul className={lists.rows}>
          {design.limits.map((each) => (
            <li key={each.limit} className={lists.row}>
              <div className={lists.line}>
                <strong className={lists.name}>{count(each.limit)}</strong>
                <span className={lists.tag}>{(each.plans ?? []).map(words).join(', ')}</span>
                <span className={lists.end}>{plural(each.accounts, 'account', 'accounts')}</span>
              </div>
              <p className={lists.words}>
                {each.words ??
                  `${count(each.bunched)} stop just below it${each.expected !== null ? `, where ${each.expected} would be expected${each.ratio !== null ? ` (${each.ratio} times as many)` : ''}` : ''}.`}
              </p>
            </li>
          ))}
        </ul>
      ) : (
        <p className={classes.note}>No plan limits it.</p>
      )}
    </Panel>
  )
}

function Definition() {
  return (
    <>
      <p>Each bar counts the accounts whose usage lies from its first value up to, but without, its last one. Usage of an allowance is that of its period.</p>
      <p>Groups are those with the least spread within them (exact one-dimensional k-means); how many there are is chosen by the Bayesian information criterion.</p>
      <p>The revenue of a candidate says under which assumptions it was worked out; it is an estimate, not a forecast.</p>
    </>
  )
}
