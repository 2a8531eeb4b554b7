import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { post, problemOf, remove } from '../api/client'
import { accountPath, clockQuery, dataKey, definitionsQuery, grantsQuery, overridesQuery, reservationsQuery, trialsQuery } from '../api/queries'
import type { Page } from '../api/types'
import { count, moment } from '../lib/format'
import { titleOf } from '../lib/entitlement'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { ProblemWords } from '../shared/ProblemWords'
import { grantSource, noExtension, overrideWords, trialState, trialWords } from './words'
import lists from '../shared/List.module.css'
import classes from './Account.module.css'

/** Grants, overrides, trials and reservations of an account, each with its way back. */
export function Given({ account }: { account: string }) {
  const catalog = useQuery(definitionsQuery).data
  const now = useQuery(clockQuery).data?.now
  const name = (feature: string) => titleOf(catalog?.features?.find((each) => each.key === feature), feature)
  const path = (rest: string) => accountPath(account, rest)
  const over = (until: string | null | undefined) => Boolean(until && now && until <= now)
  return (
    <div className={classes.three}>
      <List id="grants" title="Grants" query={useQuery(grantsQuery(account))} none="No grants. One adds to what the plan gives." past={(grant) => Boolean(grant.revoked_at) || over(grant.expires_at)} item={(grant) => (
        <li key={grant.id} className={classes.item}>
          <p>
            <strong>{name(grant.feature)}</strong>
            {grant.quantity > 0 && `: ${count(grant.quantity - grant.used)} left of ${count(grant.quantity)}`}, {grantSource(grant.source, catalog)}
            <span className={classes.dim}>
              {grant.revoked_at ? `revoked ${moment(grant.revoked_at)}` : grant.expires_at ? `${over(grant.expires_at) ? 'expired' : 'expires'} ${moment(grant.expires_at)}` : 'never expires'}
              {grant.quantity > 0 && `, priority ${grant.priority}`}
              {grant.reason && `. ${grant.reason}`}
            </span>
          </p>
          {!grant.revoked_at && !over(grant.expires_at) && <Act words="Revoke" of={`the grant of ${name(grant.feature)}`} act={() => remove(path(`/grants/${encodeURIComponent(grant.id)}`))} />}
        </li>
      )} />
      <List id="overrides" title="Overrides" query={useQuery(overridesQuery(account))} none="No overrides. One replaces all that gives a feature." item={(override) => (
        <li key={override.feature} className={classes.item}>
          <p>
            <strong>{name(override.feature)}</strong>: {overrideWords(override)}
            <span className={classes.dim}>
              {override.until ? `until ${moment(override.until)}` : 'for good'}
              {override.reason && `. ${override.reason}`}
            </span>
          </p>
          <Act words="Clear" of={`the override of ${name(override.feature)}`} act={() => remove(path(`/overrides/${encodeURIComponent(override.feature)}`))} />
        </li>
      )} />
      <List id="trials" title="Trials" query={useQuery(trialsQuery(account))} none="No trials so far." past={(trial) => trial.state !== 'running'} item={(trial) => (
        <li key={`${trial.id} ${trial.started_at}`} className={classes.item}>
          <p>
            <strong>{trialWords(trial.id, catalog)}</strong>, {trialState(trial)}
            <span className={classes.dim}>
              {trial.state === 'running' ? 'ends' : 'ended'} {moment(trial.ends_at)}
              {(trial.extended ?? 0) > 0 && `, extended ${trial.extended === 1 ? 'once' : `${trial.extended} times`}`}
            </span>
          </p>
          {trial.state === 'running' && (
            <>
              {catalog && noExtension(trial, catalog) ? (
                <span className={classes.inline}>{noExtension(trial, catalog)}</span>
              ) : (
                <Act words="Extend" of={`the trial of ${trialWords(trial.id, catalog)}`} act={() => post(path(`/trials/${encodeURIComponent(trial.id)}/extend`), {})} />
              )}
              <Act words="End" of={`the trial of ${trialWords(trial.id, catalog)}`} act={() => remove(path(`/trials/${encodeURIComponent(trial.id)}`))} />
            </>
          )}
        </li>
      )} />
      <List id="reservations" title="Reservations" query={useQuery(reservationsQuery(account))} none="Nothing is reserved." past={(reservation) => reservation.state !== 'open'} item={(reservation) => (
        <li key={reservation.id} className={classes.item}>
          <p>
            <strong>{name(reservation.feature)}</strong>: {count(reservation.quantity)}, {reservation.state}
            {reservation.finalized !== undefined && `, ${count(reservation.finalized)} taken`}
            <span className={classes.dim}>
              {reservation.state === 'open' ? 'expires' : 'would have expired'} {moment(reservation.expires_at)}
              {reservation.for && `, for ${reservation.for}`}
            </span>
          </p>
          {reservation.state === 'open' && (
            <Act words="Release" of={`the reservation of ${name(reservation.feature)}`} act={() => post(`/v1/reservations/${encodeURIComponent(reservation.id)}/release`, {})} />
          )}
        </li>
      )} />
    </div>
  )
}

interface ListProps<T> {
  id: string
  title: string
  query: UseQueryResult<Page<T>>
  none: string
  /** What is over: it stands folded below the rest. */
  past?: (item: T) => boolean
  item: (item: T) => ReactNode
}

function List<T>({ id, title, query, none, past = () => false, item }: ListProps<T>) {
  return (
    <Panel id={id} title={title}>
      <Await query={query} waiting={<WaitingRows rows={1} className={lists.row} />}>
        {({ items }) => {
          const live = (items ?? []).filter((each) => !past(each))
          const over = (items ?? []).filter(past)
          return (
            <>
              {live.length > 0 ? <ul>{live.map(item)}</ul> : <p className={classes.none}>{over.length > 0 ? 'None now.' : none}</p>}
              {over.length > 0 && (
                <details className={classes.past}>
                  <summary>{count(over.length)} in the past</summary>
                  <ul>{over.map(item)}</ul>
                </details>
              )}
            </>
          )
        }}
      </Await>
    </Panel>
  )
}

/** One thing to do to an item; what went wrong stands beside it. */
function Act({ words, of, act }: { words: string; of: string; act: () => Promise<unknown> }) {
  const client = useQueryClient()
  const go = useMutation({ mutationFn: act, onSuccess: () => client.invalidateQueries({ queryKey: dataKey }) })
  const problem = go.error && problemOf(go.error)
  return (
    <>
      <Button size="compact-sm" variant="default" loading={go.isPending} onClick={() => go.mutate()}>
        {words}
        <span className="hidden"> {of}</span>
      </Button>
      {problem && (
        <span role="alert" className={classes.wrong}>
          <ProblemWords problem={problem} />
        </span>
      )}
    </>
  )
}
