import { useQuery } from '@tanstack/react-query'
import { peopleQuery, type AccountMember } from '../api/accounts'
import { count, day, words } from '../lib/format'
import { DataTable } from '../shared/Details'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { person } from './tabs'
import lists from '../shared/List.module.css'
import classes from './Account.module.css'

const standing = (member: AccountMember) => (member.left_on ? `left on ${day(member.left_on)}` : member.seen_on ? `seen on ${day(member.seen_on)}` : 'not seen yet')

/** Who uses the product there. Names stay under each person's key: they go by pseudonyms here. */
export function People({ account }: { account: string }) {
  const query = useQuery(peopleQuery(account))
  return (
    <Panel id="people" title="People" of="by pseudonym: names are kept apart, so that they can be erased">
      <Await query={query} waiting={<WaitingRows rows={5} className={lists.row} />}>
        {({ summary, items, single_threaded: single, lost_champions: lost, more }) =>
          !items?.length ? (
            <p className={classes.none}>Nobody has said who the people of this account are. Events with a user, identify calls and PUT /v1/accounts/…/people/… do.</p>
          ) : (
            <>
              <p className={classes.none}>
                {summary.count === 1 ? 'One person' : `${count(summary.count)}${more ? ' or more' : ''} people`}, {count(summary.active)} seen within 30 days, {count(summary.admins)} may buy, {count(summary.champions)} speak for the product.
                {single && ' One person alone was seen lately: if they leave, nobody is left.'}
                {(lost?.length ?? 0) > 0 && ` ${lost?.length === 1 ? 'A champion is' : `${count(lost?.length ?? 0)} champions are`} gone: ${lost?.map((each) => person(each.user)).join(', ')}.`}
              </p>
              <DataTable
                caption="People"
                file={`people-${account}.csv`}
                rows={items}
                rowKey={(row) => row.user}
                columns={[
                  { title: 'Person', text: true, show: (row) => <span title={row.user}>{person(row.user)}</span>, value: (row) => row.user },
                  { title: 'May', text: true, show: (row) => (row.role === 'admin' ? 'buy and approve' : row.role === 'member' ? 'use and ask' : '–'), value: (row) => row.role ?? null },
                  { title: 'Plays', text: true, show: (row) => words(row.profile ?? '') || '–', value: (row) => row.profile ?? null },
                  { title: 'In buying', text: true, show: (row) => [words(row.persona ?? ''), row.champion && 'champion'].filter(Boolean).join(', ') || '–', value: (row) => row.persona ?? null },
                  { title: 'Last', text: true, show: standing, value: (row) => row.seen_on ?? null },
                ]}
              />
            </>
          )
        }
      </Await>
    </Panel>
  )
}
