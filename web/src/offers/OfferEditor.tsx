import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import type { FullOffer, OffersCatalog } from '../api/offers'
import { definitionsQuery, lintQuery } from '../api/queries'
import { words } from '../lib/format'
import { DraftBar } from '../packaging/DraftBar'
import { Findings } from '../packaging/Lint'
import { useDraft, type DraftInHand } from '../packaging/useDraft'
import { Form } from '../shared/Form'
import { readable } from '../lib/message'
import { PageHead } from '../shared/PageHead'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { decoded, funnelHref } from './address'
import { definitionOf, editsOf, formOf, wrongIn, type OfferForm } from './definition'
import { isPaused, paused, resumed, stateOf } from './list'
import { OfferFields } from './OfferFields'
import { OfferPreviewPanel } from './OfferPreview'
import { OfferTexts } from './OfferTexts'
import { yamlOf } from './yaml'
import lists from '../shared/List.module.css'
import classes from './Offers.module.css'
import mine from './Editor.module.css'

/** One offer: what it says, to whom, when, and how that looks before it does. */
export function OfferEditor() {
  const query = useQuery(definitionsQuery)
  const hand = useDraft()
  const key = decoded(useParams<{ offer: string }>().offer)
  const shown = hand.shown as OffersCatalog | undefined
  const offer = shown?.offers?.find((each) => each.key === key) as FullOffer | undefined
  const head = (
    <PageHead title={readable(offer?.content?.title ?? '') || words(key)} question="What does it say, to whom, and when?" above={{ title: 'Offers', path: '/offers' }}>
      {offer && (
        <Link href={funnelHref(key)} className={mine.tool}>
          Its funnel
        </Link>
      )}
    </PageHead>
  )
  return (
    <div className={classes.page}>
      {head}
      <Await query={query} waiting={<WaitingRows rows={10} className={lists.row} />}>
        {() =>
          offer && shown ? (
            // What is put into the draft is what the form begins with from then on.
            <Editor key={`${key} ${JSON.stringify(offer)}`} offer={offer} shown={shown} hand={hand} />
          ) : (
            <p className={classes.none} role="status">
              There is no offer {key} in the catalog or the draft. <Link href="/offers">All offers</Link>
            </p>
          )
        }
      </Await>
      <DraftBar hand={hand} />
    </div>
  )
}

function Editor({ offer, shown, hand }: { offer: FullOffer; shown: OffersCatalog; hand: DraftInHand }) {
  const [form, setForm] = useState(() => formOf(offer))
  const [tried, setTried] = useState(false)
  const set = (fields: Partial<OfferForm>) => setForm((before) => ({ ...before, ...fields }))
  const path = `offers.${offer.key}`
  const definition = definitionOf(form, offer)
  const edits = editsOf(path, offer, definition)
  const wrong = wrongIn(form)
  return (
    <div className={mine.columns}>
      <Form
        className={classes.stack}
        send={() => {
          setTried(true)
          if (Object.keys(wrong).length === 0) hand.edit(...edits)
        }}
      >
        <Panel id="state" title="State" action={<code className={classes.dim}>{offer.key}</code>}>
          <Standing form={form} set={set} offer={{ ...definition, key: offer.key }} shown={shown} hand={hand} />
        </Panel>
        <Panel id="what" title="What, when and where">
          <OfferFields form={form} set={set} shown={shown} wrong={tried ? wrong : {}} />
        </Panel>
        <Panel id="words" title="What it says">
          <OfferTexts texts={form.texts} set={(texts) => set({ texts })} />
        </Panel>
        <div className={mine.foot}>
          <span className={classes.dim} role="status">
            {tried && Object.keys(wrong).length > 0
              ? `To be mended: ${Object.values(wrong).join(' ')}`
              : edits.length === 0
                ? 'As in the draft. Nothing changes for customers until the draft is applied.'
                : `${edits.length === 1 ? '1 change' : `${edits.length} changes`} not in the draft yet.`}
          </span>
          <Button type="button" variant="default" onClick={() => setForm(formOf(offer))} disabled={edits.length === 0}>
            Start again
          </Button>
          <Button type="submit" disabled={edits.length === 0}>
            Put into the draft
          </Button>
        </div>
      </Form>
      <div className={mine.beside}>
        <OfferPreviewPanel offer={{ ...definition, key: offer.key }} edits={edits} hand={hand} />
        <Panel id="yaml" title="As YAML" of="as it stands in the catalog’s file">
          <pre className={mine.yaml} tabIndex={0} aria-label="The offer as YAML">
            <code>{yamlOf('offers', offer.key, definition)}</code>
          </pre>
        </Panel>
        <OfferLint path={path} />
      </div>
    </div>
  )
}

interface StandingProps {
  form: OfferForm
  set: (fields: Partial<OfferForm>) => void
  offer: FullOffer
  shown: OffersCatalog
  hand: DraftInHand
}

/** Live, paused or retired, and what changes that. */
function Standing({ form, set, offer, shown, hand }: StandingProps) {
  const [, go] = useLocation()
  const { state, why } = stateOf(offer, shown)
  return (
    <div className={classes.line}>
      <p className={classes.words}>
        {state === 'live' ? 'It can be shown: nothing in the catalog keeps it away.' : `It is ${state}: ${why}.`}
      </p>
      <span className={classes.actions}>
        <Button type="button" size="xs" variant="default" onClick={() => set({ for: isPaused(form.for) ? resumed(form.for) : paused(form.for) })}>
          {isPaused(form.for) ? 'Resume it' : 'Pause it'}
        </Button>
        <Button
          type="button"
          size="xs"
          variant="default"
          onClick={() => {
            hand.edit({ path: `offers.${offer.key}`, remove: true })
            go('/offers')
          }}
        >
          Remove it
        </Button>
      </span>
    </div>
  )
}

function OfferLint({ path }: { path: string }) {
  const query = useQuery(lintQuery)
  return (
    <Panel id="lint" title="Lint" of="the active catalog, with how it is used">
      <Await query={query} waiting={<WaitingRows rows={2} className={lists.row} />}>
        {({ findings }) => <Findings findings={(findings ?? []).filter((each) => each.path === path || each.path.startsWith(`${path}.`))} none="Nothing to say about this offer." />}
      </Await>
    </Panel>
  )
}
