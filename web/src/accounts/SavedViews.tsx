import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { forgetView, keepView, viewsQuery } from '../api/accounts'
import { problemOf } from '../api/client'
import { dataKey } from '../api/queries'
import { Dialog } from '../shared/Dialog'
import { TextField } from '../shared/Field'
import { Form } from '../shared/Form'
import { useOpen } from '../shared/open'
import { ProblemWords } from '../shared/ProblemWords'
import { builtIn, viewAt, writeState, type ListState } from './views'
import classes from './Accounts.module.css'
import forms from './Account.module.css'

const page = 'accounts'
const href = (query: string) => (query ? `/accounts?${query}` : '/accounts')

/** The views of the list: those that everybody needs, and those that somebody kept by name. */
export function SavedViews({ state }: { state: ListState }) {
  const client = useQueryClient()
  const query = useQuery(viewsQuery(page))
  const own = query.data?.items ?? []
  const here = viewAt(builtIn, state)
  const kept = here ? undefined : viewAt(own, state)
  const [open, setOpen] = useOpen('keep-view')
  const again = () => client.invalidateQueries({ queryKey: dataKey })
  const forget = useMutation({ mutationFn: ({ name }: { name: string; query: string }) => forgetView(page, name), onSuccess: again })
  const undo = useMutation({
    mutationFn: ({ name, query }: { name: string; query: string }) => keepView(page, name, query),
    onSuccess: () => {
      forget.reset()
      return again()
    },
  })
  return (
    <>
      <nav aria-label="Views" className={classes.views}>
        <ul>
          {builtIn.map((view) => (
            <li key={view.name}>
              <Link href={href(view.query)} title={view.about} aria-current={view === here ? 'true' : undefined}>
                {view.name}
              </Link>
            </li>
          ))}
          {own.map((view) => (
            <li key={`own ${view.name}`} className={classes.own}>
              <Link href={href(view.query)} title={view.author ? `Kept by ${view.author}` : 'Kept by name'} aria-current={view === kept ? 'true' : undefined}>
                {view.name}
              </Link>
              <button type="button" onClick={() => forget.mutate(view)} aria-label={`Forget the view ${view.name}`}>
                ×
              </button>
            </li>
          ))}
        </ul>
        <Button size="compact-sm" variant="default" onClick={() => setOpen(true)} aria-haspopup="dialog" disabled={Boolean(here ?? kept)}>
          Keep this view
        </Button>
      </nav>
      <p role="status" className={forget.isSuccess ? classes.forgot : 'hidden'}>
        {forget.isSuccess && (
          <>
            Nobody has the view “{forget.variables.name}” any more.{' '}
            <Button size="compact-xs" variant="default" loading={undo.isPending} onClick={() => undo.mutate(forget.variables)}>
              Undo
            </Button>
          </>
        )}
      </p>
      {(forget.error ?? undo.error) && (
        <p role="alert" className={forms.wrong}>
          <ProblemWords problem={problemOf(forget.error ?? undo.error)} />
        </p>
      )}
      <Dialog title="Keep this view" open={open} close={() => setOpen(false)} narrow>
        <Keep state={state} close={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

function Keep({ state, close }: { state: ListState; close: () => void }) {
  const client = useQueryClient()
  const [name, setName] = useState('')
  const keep = useMutation({
    mutationFn: () => keepView(page, name.trim(), writeState({ ...state, cursor: '' })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: dataKey })
      close()
    },
  })
  return (
    <Form className={forms.form} send={() => void (name.trim() && keep.mutate())}>
      <TextField label="Name" value={name} set={setName} required hint="Everybody who signs in here sees it. One of the same name is replaced." />
      {keep.isError && (
        <p role="alert" className={forms.wrong}>
          <ProblemWords problem={problemOf(keep.error)} />
        </p>
      )}
      <div className={forms.foot}>
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button type="submit" loading={keep.isPending}>
          Keep
        </Button>
      </div>
    </Form>
  )
}
