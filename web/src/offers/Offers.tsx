import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { definitionsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import { words } from '../lib/format'
import { DraftBar } from '../packaging/DraftBar'
import { Empty } from '../shared/Empty'
import { useOpen, useParam } from '../shared/open'
import { PageHead } from '../shared/PageHead'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { shapeWords } from './definition'
import { choices, filtered } from './list'
import { periods } from './funnel'
import { NewOffer } from './NewOffer'
import { OfferTable } from './OfferTable'
import { Filter, OffersNav } from './OffersNav'
import { useOffers, usePeriod } from './useOffers'
import lists from '../shared/List.module.css'
import classes from './Offers.module.css'

const any = ['', 'any'] as const

/** Every offer of the catalog, what it is and how it does. */
export function Offers() {
  const query = useQuery(definitionsQuery)
  const { period, span, set } = usePeriod()
  const { hand, rows = [], counted } = useOffers(span)
  const [q, setQ] = useParam('q')
  const [shape, setShape] = useParam('shape')
  const [kind, setKind] = useParam('kind')
  const [state, setState] = useParam('state')
  const [at, setAt] = useParam('at')
  const [on, setOn] = useParam('on')
  const [, setNew] = useOpen('new')
  const found = filtered(rows, { q, shape, kind, state, at, on })
  return (
    <div className={classes.page}>
      <PageHead title="Offers" question="What do we say, to whom, and does it work?" />
      <OffersNav />
      <Panel
        id="offers"
        title="Offers"
        of={rows.length > 0 ? `${found.length === rows.length ? rows.length : `${found.length} of ${rows.length}`}` : undefined}
        action={
          <Button size="xs" onClick={() => setNew(true)}>
            New offer
          </Button>
        }
      >
        <Await query={query} waiting={<WaitingRows rows={8} className={lists.row} />}>
          {() =>
            rows.length === 0 ? (
              <Empty title="There are no offers yet" snippet={snippets.decide()}>
                Make the first one with “New offer”. Then your product asks at a place in it what to show there:
              </Empty>
            ) : (
              <>
                <div className={classes.tools} role="search" aria-label="Filter offers">
                  <input type="search" aria-label="Search offers by key or title" placeholder="Key or title" value={q} onChange={(event) => setQ(event.currentTarget.value)} />
                  <Filter label="Shape" value={shape} set={setShape} options={[any, ...choices(rows.map((row) => row.shape)).map((each) => [each, shapeWords(each)] as const)]} />
                  <Filter label="Kind" value={kind} set={setKind} options={[any, ...choices(rows.map((row) => row.kind)).map((each) => [each, words(each)] as const)]} />
                  <Filter label="State" value={state} set={setState} options={[any, ['live', 'Live'], ['paused', 'Paused'], ['retired', 'Retired']]} />
                  <Filter label="At" value={at} set={setAt} options={[any, ...choices(rows.flatMap((row) => row.at)).map((each) => [each, each] as const)]} />
                  <Filter label="On" value={on} set={setOn} options={[any, ...choices(rows.flatMap((row) => row.on)).map((each) => [each, words(each)] as const)]} />
                  <Filter label="Figures of the" value={period} set={set} options={periods} />
                </div>
                {found.length === 0 ? (
                  <p className={classes.none} role="status">
                    No offer is like this. <Link href="/offers">Show all of them</Link>
                  </p>
                ) : (
                  <OfferTable rows={found} counted={counted} period={period} shown={hand.shown ?? { version: '' }} span={span} />
                )}
              </>
            )
          }
        </Await>
      </Panel>
      <NewOffer hand={hand} />
      <DraftBar hand={hand} />
    </div>
  )
}
