import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { problemOf } from '../api/client'
import { catalogTextQuery, dataKey, definitionsQuery, rollBack, sessionQuery, versionsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import type { CatalogVersion } from '../api/types'
import { moment } from '../lib/format'
import { Dialog } from '../shared/Dialog'
import { Empty } from '../shared/Empty'
import { CheckField, TextField } from '../shared/Field'
import { PageHead } from '../shared/PageHead'
import { useParam } from '../shared/open'
import { ProblemWords } from '../shared/ProblemWords'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { DiffPanel, Preview } from './Preview'
import lists from '../shared/List.module.css'
import classes from './Versions.module.css'

/** The newest versions, beside the matrix. */
export function NewVersions() {
  const query = useQuery(versionsQuery(5))
  return (
    <Panel id="versions" title="Versions" of="the newest" action={<Link href="/packaging/versions" className={classes.link}>All versions and differences</Link>}>
      <Await query={query} waiting={<WaitingRows rows={3} className={lists.row} />}>
        {({ items }) =>
          items?.length ? (
            <ul className={lists.rows}>
              {items.map((item) => (
                <li key={`${item.version} ${item.activated_at}`} className={lists.row}>
                  <div className={`${lists.line} ${classes.wraps}`}>
                    <code className={classes.version}>{item.version}</code>
                    {item.active && <span className={lists.tag}>active</span>}
                    <time className={lists.end} dateTime={item.activated_at}>
                      {moment(item.activated_at)}
                    </time>
                  </div>
                  <p className={lists.words}>
                    {item.note || 'Without a note'}
                    {item.author && <span className={lists.dim}> · {item.author}</span>}
                  </p>
                </li>
              ))}
            </ul>
          ) : (
            <p className={classes.none}>Versions stand here once a catalog is applied.</p>
          )
        }
      </Await>
    </Panel>
  )
}

/** How many versions the page lists; older ones stay in the API. */
const shown = 100

/** Every version with who, when and why; what differs between any two; the way back. */
export function Versions() {
  const query = useQuery(versionsQuery(shown))
  const [from, setFrom] = useParam('from')
  const [to, setTo] = useParam('to')
  const [back, setBack] = useParam('back')
  return (
    <div className={classes.page}>
      <PageHead title="Catalog versions" question="What was changed, by whom, and why?" above={{ title: 'Packaging', path: '/packaging' }} />
      <Await query={query} waiting={<WaitingRows rows={6} className={lists.row} />}>
        {({ items }) => {
          const versions = items ?? []
          const active = versions.find((each) => each.active) ?? versions[0]
          if (!active) {
            return (
              <Empty title="No catalog was applied yet" snippet={snippets.catalog()}>
                Apply one, and each version of it is kept here:
              </Empty>
            )
          }
          const left = versions.some((each) => each.version === from) ? from : (versions.find((each) => each.version !== active.version)?.version ?? active.version)
          const right = versions.some((each) => each.version === to) ? to : active.version
          return (
            <div className={classes.parts}>
              <Panel id="versions" title="Versions" of="the newest first; choose two to compare">
                <div className={classes.scroll} tabIndex={0} role="group" aria-label="Versions">
                  <table className={classes.table}>
                    <thead>
                      <tr>
                        <th scope="col">From</th>
                        <th scope="col">To</th>
                        <th scope="col">Version</th>
                        <th scope="col">Applied</th>
                        <th scope="col">By</th>
                        <th scope="col">Note</th>
                        <th scope="col">
                          <span className="hidden">Roll back</span>
                        </th>
                      </tr>
                    </thead>
                    <tbody>
                      {versions.map((item, index) => (
                        <Row
                          key={`${item.version} ${item.activated_at} ${index}`}
                          item={item}
                          again={versions.findIndex((each) => each.version === item.version) < index}
                          active={item.version === active.version}
                          from={left === item.version}
                          to={right === item.version}
                          setFrom={setFrom}
                          setTo={setTo}
                          setBack={setBack}
                        />
                      ))}
                    </tbody>
                  </table>
                </div>
              </Panel>
              <Difference from={left} to={right} />
              <RollBack version={back} active={active.version} close={() => setBack('')} />
            </div>
          )
        }}
      </Await>
    </div>
  )
}

interface RowProps {
  item: CatalogVersion
  /** It was applied once more later: it is chosen there. */
  again: boolean
  active: boolean
  from: boolean
  to: boolean
  setFrom: (version: string) => void
  setTo: (version: string) => void
  setBack: (version: string) => void
}

function Row({ item, again, active, from, to, setFrom, setTo, setBack }: RowProps) {
  return (
    <tr>
      <td>{!again && <input type="radio" name="from" aria-label={`Compare from ${item.version}`} checked={from} onChange={() => setFrom(item.version)} />}</td>
      <td>{!again && <input type="radio" name="to" aria-label={`Compare to ${item.version}`} checked={to} onChange={() => setTo(item.version)} />}</td>
      <th scope="row">
        <code className={classes.version}>{item.version}</code>
      </th>
      <td>
        <time dateTime={item.activated_at}>{moment(item.activated_at)}</time>
      </td>
      <td>{item.author || '–'}</td>
      <td className={classes.note}>{item.note || '–'}</td>
      <td className={classes.act}>
        {item.active && <span className={lists.tag}>active</span>}
        {!again && !active && (
          <Button size="compact-sm" variant="default" onClick={() => setBack(item.version)} aria-haspopup="dialog">
            Roll back<span className="hidden"> to {item.version}</span>
          </Button>
        )}
      </td>
    </tr>
  )
}

function Difference({ from, to }: { from: string; to: string }) {
  const before = useQuery(catalogTextQuery(from))
  const after = useQuery(catalogTextQuery(to))
  if (from === to) return <p className={classes.none}>Choose two different versions to see what differs.</p>
  return (
    <Await query={before} waiting={<WaitingRows rows={4} className={lists.row} />}>
      {(old) => (
        <Await query={after} waiting={<WaitingRows rows={4} className={lists.row} />}>
          {(text) => <DiffPanel before={old} after={text} title={`From ${from} to ${to}`} />}
        </Await>
      )}
    </Await>
  )
}

function RollBack({ version, active, close }: { version: string; active: string; close: () => void }) {
  const client = useQueryClient()
  const definitions = useQuery(definitionsQuery)
  const session = useQuery(sessionQuery)
  const open = version !== '' && version !== (definitions.data?.version ?? active)
  const before = useQuery({ ...catalogTextQuery(active), enabled: open })
  const after = useQuery({ ...catalogTextQuery(version), enabled: open })
  const [note, setNote] = useState('')
  const [accepted, setAccepted] = useState(false)
  const back = useMutation({
    mutationFn: () => rollBack(version, note.trim() || `Back to ${version}`, session.data?.name ?? '', accepted ? 'limit_below_usage' : undefined),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: dataKey })
      setNote('')
      setAccepted(false)
      close()
    },
  })
  const problem = back.error && problemOf(back.error)
  return (
    <Dialog title={`Roll back to ${version}`} open={open} close={close}>
      <form
        className={classes.back}
        onSubmit={(event) => {
          event.preventDefault()
          back.mutate()
        }}
      >
        <TextField label="Note" hint="Why, for whoever looks at the versions later." value={note} set={setNote} />
        {problem && (
          <p role="alert" className={classes.wrong}>
            <ProblemWords problem={problem} />
          </p>
        )}
        {(problem?.code === 'limit_below_usage' || accepted) && (
          <CheckField label="Apply it although accounts are above its limits" hint="They keep what they have and cannot add more." value={accepted} set={setAccepted} />
        )}
        <div className={classes.acts}>
          <Button type="button" variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={back.isPending}>
            Roll back
          </Button>
        </div>
        {before.data !== undefined && after.data !== undefined && <Preview before={before.data} after={after.data} />}
      </form>
    </Dialog>
  )
}
