import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useSearchParams } from 'wouter'
import { problemOf } from '../api/client'
import { applyCatalog, catalogEditQuery, catalogTextQuery, dataKey, rollBack, sessionQuery } from '../api/queries'
import { CheckField, TextField } from '../shared/Field'
import { PageHead } from '../shared/PageHead'
import { Panel } from '../shared/Panel'
import { ProblemWords } from '../shared/ProblemWords'
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
  const { draft } = hand
  const before = useQuery(catalogTextQuery(draft.base))
  const after = useQuery(catalogEditQuery(draft.base, draft.edits))
  const problem = (before.error && problemOf(before.error)) ?? (after.error && problemOf(after.error))
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
              <code>{edit.path}</code>
              <span className={classes.value}>{edit.remove ? 'is removed' : short(edit.value)}</span>
              <Button size="compact-xs" variant="default" onClick={() => hand.drop(edit.path)} aria-label={`Leave out ${edit.path}`}>
                Leave out
              </Button>
            </li>
          ))}
        </ul>
      </Panel>
      {problem && (
        <div role="alert" className={classes.notice}>
          <p>
            <ProblemWords problem={problem} />
          </p>
        </div>
      )}
      {before.data !== undefined && after.data && (
        <>
          <Preview before={before.data} after={after.data.text} findings={after.data.findings ?? []} />
          {!hand.overtaken && <Apply hand={hand} text={after.data.text} />}
        </>
      )}
    </>
  )
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 160 ? `${text.slice(0, 159)}…` : text
}

function Apply({ hand, text }: { hand: DraftInHand; text: string }) {
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
          apply.mutate()
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
        <div>
          <Button type="submit" loading={apply.isPending}>
            Apply the catalog
          </Button>
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
