import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useParams } from 'wouter'
import { problemOf } from '../api/client'
import { clockQuery, definitionsQuery, demandQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import type { CatalogDefinitions, FeatureDefinition, FeatureDemand } from '../api/types'
import { count, moment, money, relative, words } from '../lib/format'
import { AccountLink } from '../shared/AccountLink'
import { DataTable, type Column } from '../shared/Details'
import { Empty } from '../shared/Empty'
import { ChoiceField, TextField } from '../shared/Field'
import { Form } from '../shared/Form'
import { PageHead } from '../shared/PageHead'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { DraftBar } from './DraftBar'
import { fieldEdit } from './EditDialog'
import { addonsInOrder, plansInOrder } from './matrix'
import { plural } from './Preview'
import { useDraft, type DraftInHand } from './useDraft'
import { entitlementWords, titleOf } from '../lib/entitlement'
import { listed, whenWords } from './worksheet'
import lists from '../shared/List.module.css'
import classes from './Feature.module.css'

/** One feature: what is said to sell it, who has it, who is locked out, and what that is worth. */
export function Feature() {
  const { feature: key = '' } = useParams<{ feature: string }>()
  const query = useQuery(definitionsQuery)
  const hand = useDraft()
  const feature = hand.shown?.features?.find((each) => each.key === key)
  const counted = feature?.kind === 'metered' || feature?.kind === 'seats'
  return (
    <div className={classes.page}>
      <PageHead title={titleOf(feature, key)} question="Who has it, who wants it, and what unlocks it?" above={{ title: 'Packaging', path: '/packaging' }}>
        {counted && (
          <Link href={`/packaging/limits/${encodeURIComponent(key)}`} className={classes.tool}>
            Design its limit
          </Link>
        )}
      </PageHead>
      <Await query={query} waiting={<WaitingRows rows={6} className={lists.row} />}>
        {() =>
          !feature || !hand.shown ? (
            <p className={classes.none}>
              There is no feature {key} in the catalog. <Link href="/packaging">To the matrix</Link>
            </p>
          ) : (
            <div className={classes.parts}>
              <Demand feature={feature} shown={hand.shown} saved={Boolean(hand.definitions?.features?.some((each) => each.key === key))} />
              <div className={classes.columns}>
                <Content key={JSON.stringify(feature)} feature={feature} shown={hand.shown} hand={hand} />
                <div className={classes.stack}>
                  <Gives feature={feature} shown={hand.shown} />
                  <Promoted feature={feature} shown={hand.shown} />
                </div>
              </div>
            </div>
          )
        }
      </Await>
      <DraftBar hand={hand} />
    </div>
  )
}

/** What a feature says of itself in one language. */
interface Said {
  title: string
  benefit: string
}

const language = /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$/

function Content({ feature, shown, hand }: { feature: FeatureDefinition; shown: CatalogDefinitions; hand: DraftInHand }) {
  const path = `features.${feature.key}`
  const [title, setTitle] = useState(feature.title ?? '')
  const [benefit, setBenefit] = useState(feature.benefit ?? '')
  const [media, setMedia] = useState(feature.media ?? '')
  const [docs, setDocs] = useState(feature.docs ?? '')
  const [partOf, setPartOf] = useState(feature.part_of ?? '')
  const [useCases, setUseCases] = useState((feature.use_cases ?? []).join(', '))
  const [locked, setLocked] = useState(feature.locked === 'hidden' ? 'hidden' : '')
  const [ready, setReady] = useState(feature.ready ?? '')
  const [role, setRole] = useState(feature.role ?? '')
  const [said, setSaid] = useState<Record<string, Said>>(() =>
    Object.fromEntries(Object.entries(feature.translations ?? {}).map(([lang, each]) => [lang, { title: each.title ?? '', benefit: each.benefit ?? '' }])),
  )
  const [more, setMore] = useState('')
  const [tried, setTried] = useState(false)
  const link = (text: string) => (text !== '' && !/^https?:\/\/\S+$/.test(text) ? 'A link begins with https://' : undefined)
  const wrongLanguage = more !== '' && !language.test(more) ? 'A tag such as de or pt-BR.' : undefined
  const cases = listed(useCases)
  const translated = (lang: string, fields: Partial<Said>) => setSaid({ ...said, [lang]: { title: '', benefit: '', ...said[lang], ...fields } })

  return (
    <Panel id="content" title="Content" of="what is said to sell it">
      <Form
        className={classes.form}
        send={() => {
          setTried(true)
          if (!title.trim() || link(media) || link(docs)) return
          hand.edit(
            ...fieldEdit(`${path}.title`, feature.title, title),
            ...fieldEdit(`${path}.benefit`, feature.benefit, benefit),
            ...fieldEdit(`${path}.media`, feature.media, media),
            ...fieldEdit(`${path}.docs`, feature.docs, docs),
            ...fieldEdit(`${path}.part_of`, feature.part_of, partOf),
            ...fieldEdit(`${path}.locked`, feature.locked === 'hidden' ? 'hidden' : '', locked),
            ...fieldEdit(`${path}.ready`, feature.ready, ready),
            ...fieldEdit(`${path}.role`, feature.role, role),
            ...(cases.join() === (feature.use_cases ?? []).join() ? [] : [cases.length > 0 ? { path: `${path}.use_cases`, value: cases } : { path: `${path}.use_cases`, remove: true as const }]),
            ...Object.entries(said).flatMap(([lang, each]) => [
              ...fieldEdit(`${path}.translations.${lang}.title`, feature.translations?.[lang]?.title, each.title),
              ...fieldEdit(`${path}.translations.${lang}.benefit`, feature.translations?.[lang]?.benefit, each.benefit),
            ]),
          )
        }}
      >
        <div className={classes.two}>
          <TextField label="Title" value={title} set={setTitle} wrong={tried && !title.trim() ? 'A feature needs a title.' : undefined} />
          <TextField label="Why do they buy it?" value={benefit} set={setBenefit} />
          <TextField label="Picture or film" placeholder="https://" value={media} set={setMedia} wrong={tried ? link(media) : undefined} />
          <TextField label="Documentation" placeholder="https://" value={docs} set={setDocs} wrong={tried ? link(docs) : undefined} />
          <TextField label="For what use" hint="Keys, with commas between; the matrix groups by the first." value={useCases} set={setUseCases} />
          <ChoiceField
            label="Part of"
            value={partOf}
            set={setPartOf}
            options={[['', 'nothing'], ...(shown.features ?? []).filter((each) => each.key !== feature.key).map((each): [string, string] => [each.key, titleOf(each)])]}
          />
          <ChoiceField label="Where it is locked" value={locked} set={setLocked} options={[['', 'shown, with what unlocks it'], ['hidden', 'not shown']]} />
          <ChoiceField label="Delivered" value={ready} set={setReady} options={[['', 'by us'], ['partner', 'by a partner'], ['not_ready', 'not yet: never offered']]} />
          <ChoiceField label="Role" value={role} set={setRole} options={[['', 'none'], ['foundation', 'foundation: what everybody starts with'], ['expansion', 'expansion: what they grow into']]} />
        </div>
        {Object.entries(said).map(([lang, each]) => (
          <fieldset key={lang} className={classes.language}>
            <legend>{lang}</legend>
            <div className={classes.two}>
              <TextField label={`Title in ${lang}`} value={each.title} set={(next) => translated(lang, { title: next })} />
              <TextField label={`Why do they buy it, in ${lang}`} value={each.benefit} set={(next) => translated(lang, { benefit: next })} />
            </div>
          </fieldset>
        ))}
        <div className={classes.more}>
          <TextField label="Another language" placeholder="de" value={more} set={setMore} wrong={wrongLanguage} />
          <Button
            type="button"
            variant="default"
            size="sm"
            disabled={!more || Boolean(wrongLanguage) || more in said}
            onClick={() => {
              translated(more, {})
              setMore('')
            }}
          >
            Add the language
          </Button>
        </div>
        <div>
          <Button type="submit">Put into the draft</Button>
        </div>
      </Form>
    </Panel>
  )
}

/** What each plan and add-on gives of it. */
function Gives({ feature, shown }: { feature: FeatureDefinition; shown: CatalogDefinitions }) {
  const currency = shown.currency ?? 'USD'
  const rows = [
    ...plansInOrder(shown.plans ?? []).map((plan) => ({ path: `plans.${plan.key}`, title: titleOf(plan), said: entitlementWords(plan.entitlements?.[feature.key], feature, currency, plan.unit) })),
    ...addonsInOrder(shown)
      .filter((addon) => addon.entitlements?.[feature.key] !== undefined)
      .map((addon) => ({ path: `${addon.section}.${addon.key}`, title: `Add-on ${titleOf(addon)}`, said: entitlementWords(addon.entitlements?.[feature.key], feature, currency) })),
  ]
  return (
    <Panel id="plans" title="What gives it">
      {rows.length === 0 ? (
        <p className={classes.none}>There are no plans yet.</p>
      ) : (
        <dl className={classes.gives}>
          {rows.map((row) => (
            <div key={row.path}>
              <dt>
                <Link href={`/packaging?edit=${encodeURIComponent(`${row.path}.entitlements.${feature.key}`)}`}>{row.title}</Link>
              </dt>
              <dd>{[row.said.main, ...row.said.more].join(', ')}</dd>
            </div>
          ))}
        </dl>
      )}
    </Panel>
  )
}

/** Offers and signals of the catalog that are about the feature. */
function Promoted({ feature, shown }: { feature: FeatureDefinition; shown: CatalogDefinitions }) {
  const signals = (shown.signals ?? []).filter((signal) => signal.when?.['limit'] === feature.key || signal.when?.['gate'] === feature.key)
  const keys = signals.map((signal) => signal.key)
  const offers = (shown.offers ?? []).filter((offer) => [offer.on ?? []].flat().some((key) => keys.includes(key)))
  return (
    <Panel id="promoted" title="Moments and offers" of="about it">
      {signals.length === 0 ? (
        <p className={classes.none}>
          No moment notices who wants it. <Link href="/packaging/worksheet?step=moments">Add one</Link>
        </p>
      ) : (
        <ul className={classes.list}>
          {signals.map((signal) => (
            <li key={signal.key}>When {whenWords(signal, shown)}</li>
          ))}
          {offers.map((offer) => (
            <li key={offer.key}>Offer: {offer.content?.title || words(offer.key)}</li>
          ))}
          {offers.length === 0 && (
            <li>
              No offer is made on it. <Link href="/packaging/worksheet?step=offers">Add one</Link>
            </li>
          )}
        </ul>
      )}
    </Panel>
  )
}

type Touch = NonNullable<FeatureDemand['touched']>[number]

function Demand({ feature, shown, saved }: { feature: FeatureDefinition; shown: CatalogDefinitions; saved: boolean }) {
  const query = useQuery({ ...demandQuery(feature.key), enabled: saved })
  const now = useQuery(clockQuery).data?.now
  if (!saved) return <p className={classes.none}>It is new in the draft: nobody has it yet.</p>
  const unknown = query.error && problemOf(query.error).code === 'unknown_feature'
  const columns: Column<Touch>[] = [
    { title: 'Account', text: true, show: (each) => <AccountLink account={each.account} name={each.name} />, value: (each) => each.account },
    { title: 'Plan', text: true, show: (each) => (each.plan ? titleOf(shown.plans?.find((plan) => plan.key === each.plan), each.plan) : '–'), value: (each) => each.plan ?? null },
    { title: 'MRR', show: (each) => (each.mrr.currency ? money(each.mrr.amount, each.mrr.currency) : '–'), value: (each) => each.mrr.amount },
    { title: 'Times', show: (each) => count(each.touches), value: (each) => each.touches },
    { title: 'Last', show: (each) => <time dateTime={each.last_at} title={moment(each.last_at)}>{now ? relative(each.last_at, now) : moment(each.last_at)}</time>, value: (each) => each.last_at },
  ]
  return (
    <Panel id="demand" title="Demand" of="now, and who touched it while it was locked">
      {unknown ? (
        <p className={classes.none}>It is not in the active catalog.</p>
      ) : (
        <Await query={query} waiting={<WaitingRows rows={3} className={lists.row} />}>
          {(demand) => (
            <div className={classes.demand}>
              <dl className={classes.figures}>
                <div>
                  <dt>Have it</dt>
                  <dd>{plural(demand.has, 'account', 'accounts')}</dd>
                </div>
                <div>
                  <dt>Locked out</dt>
                  <dd>{plural(demand.locked_out, 'account', 'accounts')}</dd>
                </div>
                <div>
                  <dt>What those pay, MRR</dt>
                  <dd>{money(demand.locked_mrr.amount, demand.locked_mrr.currency, { short: true })}</dd>
                </div>
                <div>
                  <dt>Requests of members</dt>
                  <dd>{count(demand.requests)}</dd>
                </div>
              </dl>
              {(demand.unlock?.length ?? 0) > 0 && (
                <div>
                  <h3 className={classes.sub}>What unlocks it</h3>
                  <ul className={classes.list}>
                    {demand.unlock?.map((each) => (
                      <li key={`${each.plan} ${each.addon}`}>
                        {each.title}
                        {each.price && `, ${each.price}`}
                        {each.gives && `: ${each.gives}`}
                      </li>
                    ))}
                  </ul>
                </div>
              )}
              {demand.touched?.length ? (
                <DataTable caption="Who wanted it and could not" file={`demand-${feature.key}.csv`} columns={columns} rows={demand.touched} rowKey={(each) => each.account} />
              ) : (
                <Empty title="Nobody has touched it while it was locked" snippet={snippets.check(feature.key)}>
                  Demand is counted from checks that said no:
                </Empty>
              )}
            </div>
          )}
        </Await>
      )}
    </Panel>
  )
}
