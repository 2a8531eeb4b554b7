import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { problemOf } from '../api/client'
import { applyCatalog, catalogEditQuery, catalogTextQuery, dataKey, dryRunQuery, rollBack, sessionQuery } from '../api/queries'
import { sentence } from '../lib/format'
import { CheckField, TextField } from '../shared/Field'
import { PageHead } from '../shared/PageHead'
import { Panel } from '../shared/Panel'
import { ProblemWords } from '../shared/ProblemWords'
import { editWords, whoPays } from './editWords'
import { withoutWrong } from './findings'
import { hrefOf } from './matrix'
import { Preview } from './Preview'
import { useDraft, type DraftInHand } from './useDraft'
import classes from './Changes.module.css'

/** The refusal that may be overruled knowingly. */
const belowUsage = 'limit_below_usage'

/** What the draft changes, before it does; then how to take it back. */
export function Changes() {
  const hand = useDraft()
  const [search] = useSearchParams()
  const applied = search.get('applied')
  const open = hand.draft.edits.length > 0
  return (
    <div className={classes.page}>
      <PageHead title="Changes" question="What would this do, and to whom?" above={{ title: 'Packaging', path: '/packaging' }} />
      <div className={classes.parts}>
        {applied && !open && <Applied version={applied} before={search.get('before') ?? ''} />}
        {open ? (
          hand.definitions && <Draft hand={hand} />
        ) : (
          !applied && <p className={classes.none}>The draft is empty. Change a cell of the matrix, and what it does is shown here.</p>
        )}
      </div>
    </div>
  )
}

function Draft({ hand }: { hand: DraftInHand }) {
  const { draft, definitions = { version: '' } } = hand
  const before = useQuery(catalogTextQuery(draft.base))
  const after = useQuery(catalogEditQuery(draft.base, draft.edits))
  const errors = (after.data?.findings ?? []).filter((each) => each.severity === 'error')
  const wrong = errors.length > 0
  // One error would hide what all the rest does: that is shown without the edits that are wrong.
  const right = withoutWrong(draft.edits, errors)
  const partial = useQuery({ ...catalogEditQuery(draft.base, right), enabled: wrong && right.length > 0 })
  const possible = wrong && right.length > 0 && partial.data && !partial.data.findings?.some((each) => each.severity === 'error') ? partial.data : undefined
  const dry = useQuery({ ...dryRunQuery(after.data?.text ?? ''), enabled: after.data !== undefined && !wrong })
  const refused = !wrong && dry.error && problemOf(dry.error)
  const problem = (before.error && problemOf(before.error)) ?? (after.error && problemOf(after.error))
  const left = draft.edits.length - right.length
  const blocked = wrong
    ? `${errors.length === 1 ? 'One error has' : `${errors.length} errors have`} to be mended first; they stand above.`
    : refused && refused.status >= 400 && refused.status < 500
      ? 'The server would refuse it; the reason stands above.'
      : ''
  return (
    <>
      {hand.overtaken && (
        <div role="alert" className={classes.notice}>
          <p>Somebody applied another catalog since the first of these edits. Take them over to it, then look at what they change.</p>
          <Button size="xs" onClick={hand.rebase}>
            Take the edits over
          </Button>
        </div>
      )}
      <Panel id="edits" title="The draft" of={draft.edits.length === 1 ? '1 edit' : `${draft.edits.length} edits`}>
        <ul className={classes.edits}>
          {draft.edits.map((edit) => (
            <li key={edit.path}>
              <span className={classes.value}>
                {editWords(edit, definitions, draft.edits)} <code>{edit.path}</code>
              </span>
              <Button size="compact-xs" variant="default" onClick={() => hand.drop(edit.path)} aria-label={`Leave out ${edit.path}`}>
                Leave out
              </Button>
            </li>
          ))}
        </ul>
        <p className={classes.rule}>{whoPays}</p>
      </Panel>
      {problem && (
        <div role="alert" className={classes.notice}>
          <p>
            <ProblemWords problem={problem} />
          </p>
        </div>
      )}
      {(wrong || (refused && refused.places.length > 0)) && (
        <Panel id="errors" title="To be mended" of="before it can be applied">
          <div role="alert">
            <ul className={classes.errors}>
              {wrong
                ? errors.map((error, index) => (
                    <li key={`${error.path} ${index}`}>
                      <p>
                        <strong>{sentence(error.message)}</strong> {sentence(`To mend it: ${error.mend}`)}
                      </p>
                      <MendLink path={error.path} />
                    </li>
                  ))
                : [...new Set(refused ? refused.places : [])].map((path) => (
                    <li key={path}>
                      <MendLink path={path} />
                    </li>
                  ))}
            </ul>
          </div>
        </Panel>
      )}
      {before.data !== undefined && after.data && (
        <>
          {wrong ? (
            possible && <Preview before={before.data} after={possible.text} without={left === 1 ? 'without the edit to be mended' : `without the ${left} edits to be mended`} />
          ) : (
            <Preview before={before.data} after={after.data.text} />
          )}
          {wrong && !possible && !partial.isFetching && <p className={classes.none}>What it does to accounts is shown once the errors are mended.</p>}
          {!hand.overtaken && <Apply hand={hand} text={after.data.text} blocked={blocked} />}
        </>
      )}
    </>
  )
}

/** Leads to the step or the dialog in which a place of the catalog is edited. */
function MendLink({ path }: { path: string }) {
  const href = hrefOf(path)
  if (href === '/packaging/versions') return <code>{path}</code>
  return (
    <p>
      <Link href={href}>Mend it where it stands</Link> <code>{path}</code>
    </p>
  )
}

function Apply({ hand, text, blocked }: { hand: DraftInHand; text: string; /** Why it cannot be applied; '' when it can. */ blocked: string }) {
  const client = useQueryClient()
  const session = useQuery(sessionQuery)
  const [, setSearch] = useSearchParams()
  const [note, setNote] = useState('')
  const [accepted, setAccepted] = useState(false)
  const apply = useMutation({
    mutationFn: () =>
      applyCatalog(text, hand.draft.base, { note: note.trim(), author: session.data?.name ?? '', accept: accepted ? belowUsage : undefined }),
    onSuccess: async (answer) => {
      const before = hand.draft.base
      setSearch({ applied: answer.version, ...(before ? { before } : {}) }, { replace: true })
      hand.discard()
      await client.invalidateQueries({ queryKey: dataKey })
    },
  })
  const problem = apply.error && problemOf(apply.error)
  return (
    <Panel id="apply" title="Apply" of="in effect at once, for every account">
      <form
        className={classes.apply}
        onSubmit={(event) => {
          event.preventDefault()
          if (!blocked) apply.mutate()
        }}
      >
        <TextField label="Note" hint="Why, for whoever looks at the versions later." value={note} set={setNote} />
        {problem && (
          <p role="alert" className={classes.wrong}>
            <ProblemWords problem={problem} />
          </p>
        )}
        {(problem?.code === belowUsage || accepted) && (
          <CheckField label="Apply it although accounts are above the new limit" hint="They keep what they have and cannot add more." value={accepted} set={setAccepted} />
        )}
        <div className={classes.go}>
          <Button type="submit" loading={apply.isPending} disabled={blocked !== ''} aria-describedby={blocked ? 'apply-blocked' : undefined}>
            Apply the catalog
          </Button>
          {blocked && <p id="apply-blocked">{blocked}</p>}
        </div>
      </form>
    </Panel>
  )
}

/** Says that it is done, and takes it back with one press. */
function Applied({ version, before }: { version: string; before: string }) {
  const client = useQueryClient()
  const session = useQuery(sessionQuery)
  const undo = useMutation({
    mutationFn: (accept: string | undefined) => rollBack(before, `Undo of ${version}`, session.data?.name ?? '', accept),
    onSuccess: () => client.invalidateQueries({ queryKey: dataKey }),
  })
  const problem = undo.error && problemOf(undo.error)
  return (
    <div className={classes.done}>
      <p role="status">{undo.isSuccess ? `Rolled back: ${before} is active again.` : `Applied: ${version} is active.`}</p>
      {!undo.isSuccess && before && (
        <Button variant="default" onClick={() => undo.mutate(problem?.code === belowUsage ? belowUsage : undefined)} loading={undo.isPending}>
          {problem?.code === belowUsage ? 'Undo all the same' : `Undo: go back to ${before}`}
        </Button>
      )}
      {problem && (
        <p role="alert" className={classes.wrong}>
          <ProblemWords problem={problem} />
        </p>
      )}
    </div>
  )
}
