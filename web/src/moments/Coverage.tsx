import { useQuery } from '@tanstack/react-query'
import { Fragment, type ReactNode } from 'react'
import { Link } from 'wouter'
import { coverageQuery, type Coverage as Covered, type MomentsCatalog } from '../api/moments'
import { clockQuery, definitionsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import { count, moment, relative, sentence } from '../lib/format'
import { Empty } from '../shared/Empty'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { MomentsPage } from './MomentsPage'
import { nextOfExpected, nextOfFeature, nextOfUnknown, placeHref, whyNever, type Next } from './next'
import { dateWords, newOfferHref, ruleHref, stateWord, titled } from './terms'
import lists from '../shared/List.module.css'
import classes from './Moments.module.css'

const statusWords = { never: 'never came', no_longer: 'no longer comes', received: 'comes in' }

/** What the catalog expects to hear against what it hears. */
export function Coverage() {
  const query = useQuery(coverageQuery)
  const { data: catalog } = useQuery(definitionsQuery)
  const { data: clock } = useQuery(clockQuery)
  return (
    <MomentsPage title="Coverage" question="What happens that we would not notice?">
      <Await
        query={query}
        waiting={
          <Panel id="waiting" title="Events">
            <WaitingRows rows={8} className={lists.row} />
          </Panel>
        }
      >
        {(covered) => <Parts covered={covered} catalog={catalog} now={clock?.now} />}
      </Await>
    </MomentsPage>
  )
}

function Parts({ covered, catalog, now }: { covered: Covered; catalog: MomentsCatalog | undefined; now: string | undefined }) {
  const { expected, unknown, features, never_fired: never, overdue, notes, others } = covered
  const missing = (expected ?? []).filter((each) => each.status !== 'received').length
  const last = (at: string | null | undefined) => (at ? now ? <time dateTime={at} title={moment(at)}>{relative(at, now)}</time> : moment(at) : '–')
  return (
    <div className={classes.stack}>
      <Panel id="expected" title="Events that are expected" of={expected?.length ? `${count(missing)} of ${count(expected.length)} do not come in` : 'of the last 90 days'}>
        {expected?.length ? (
          <Table
            label="Events that are expected"
            columns={['Event', 'Heard', 'In 90 days', 'Last', 'What counts on it', 'Next']}
            rows={expected.map((each) => [
              each.type,
              <span key="s" className={each.status === 'received' ? classes.tag : `${classes.tag} ${classes.warn}`}>
                {statusWords[each.status]}
              </span>,
              count(each.events),
              last(each.last_at),
              <Places key="p" paths={each.for ?? []} />,
              <Do key="n" next={nextOfExpected(each)} />,
            ])}
          />
        ) : (
          <Empty title="Nothing is expected yet" snippet={snippets.event()}>
            Meters, <Link href="/moments/rules">rules</Link> and milestones say which events they are over. Then send the events of your product:
          </Empty>
        )}
      </Panel>
      <div className={classes.two}>
        <Panel id="features" title="Features without a rule" of={count(features?.length ?? 0)}>
          {features?.length ? (
            <Table
              label="Features without a rule"
              columns={['Feature', 'Offer', 'Next']}
              rows={features.map((each) => [
                each.title,
                each.offer ? 'one gives it' : 'none gives it',
                <Fragment key="n">
                  <Do next={nextOfFeature(each, catalog)} />
                  {!each.offer && (
                    <span className={classes.small}>
                      <Link href={newOfferHref({ feature: each.feature })}>Write an offer that gives it</Link>
                    </span>
                  )}
                </Fragment>,
              ])}
            />
          ) : (
            <p className={classes.none}>Every feature has a rule about it.</p>
          )}
        </Panel>
        <Panel id="never" title="Rules that never fired" of={count(never?.length ?? 0)}>
          {never?.length ? (
            <Table
              label="Rules that never fired"
              columns={['Rule', 'State', 'Why', 'Next']}
              rows={never.map((each) => [titled(each), stateWord(each.state), whyNever(each, covered, catalog), <Do key="n" next={{ words: 'Try it over the history', href: ruleHref(each.key) }} />])}
            />
          ) : (
            <p className={classes.none}>Every rule has fired.</p>
          )}
        </Panel>
        <Panel id="unknown" title="Events that nothing is over" of={count(unknown?.length ?? 0)}>
          {unknown?.length ? (
            <Table
              label="Events that nothing is over"
              columns={['Event', 'In 90 days', 'Last', 'Next']}
              rows={unknown.map((each) => [each.type, count(each.events), last(each.last_at), <Do key="n" next={nextOfUnknown(each)} />])}
            />
          ) : (
            <p className={classes.none}>Everything that comes in counts for something.</p>
          )}
          {others > 0 && <p className={classes.small}>{count(others)} more events are of types beyond those that are counted by name.</p>}
        </Panel>
        <Panel id="overdue" title="Reviews that are past" of={count(overdue?.length ?? 0)}>
          {overdue?.length ? (
            <Table
              label="Reviews that are past"
              columns={['Rule', 'Owner', 'Was due', 'Next']}
              rows={overdue.map((each) => [
                titled(each),
                each.owner || 'nobody',
                `${dateWords(each.review)}, ${count(each.days)} days ago`,
                <Do key="n" next={{ words: 'Say what was found', href: `/moments/registry?change=${encodeURIComponent(each.key)}` }} />,
              ])}
            />
          ) : (
            <p className={classes.none}>No review is past.</p>
          )}
        </Panel>
      </div>
      <ul className={classes.notes} aria-label="What the figures rest on">
        {notes?.map((note) => <li key={note}>{sentence(note)}</li>)}
      </ul>
    </div>
  )
}

function Do({ next }: { next: Next }) {
  return next.href ? <Link href={next.href}>{next.words}</Link> : <>{next.words}</>
}

function Places({ paths }: { paths: string[] }) {
  return paths.map((path, i) => {
    const href = placeHref(path)
    return (
      <Fragment key={path}>
        {i > 0 && ', '}
        {href ? <Link href={href}>{path}</Link> : path}
      </Fragment>
    )
  })
}

function Table({ label, columns, rows }: { label: string; columns: string[]; rows: ReactNode[][] }) {
  return (
    <div className={classes.scroll} tabIndex={0} role="group" aria-label={label}>
      <table className={classes.table}>
        <thead>
          <tr>
            {columns.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map((cell, i) =>
                i === 0 ? (
                  <th key={i} scope="row">
                    {cell}
                  </th>
                ) : (
                  <td key={i}>{cell}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
