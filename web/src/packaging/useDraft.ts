import { useQuery } from '@tanstack/react-query'
import { useMemo, useSyncExternalStore } from 'react'
import { definitionsQuery } from '../api/queries'
import type { CatalogDefinitions } from '../api/types'
import { readDraft, withEdit, withEdits, type Draft, type Edit } from './draft'

// The draft lives in this browser's storage: every tab has the same one, and none loses it when it closes.
const place = 'headroom.catalog-draft'
const none: Draft = { base: '', edits: [] }

let draft: Draft | undefined
const listeners = new Set<() => void>()

function current(): Draft {
  draft ??= readDraft(localStorage.getItem(place)) ?? none
  return draft
}

function keep(next: Draft): void {
  draft = next
  if (next.edits.length > 0) localStorage.setItem(place, JSON.stringify(next))
  else localStorage.removeItem(place)
  for (const listener of listeners) listener()
}

// What another tab did to the draft.
window.addEventListener('storage', ({ key }) => {
  if (key !== null && key !== place) return
  draft = undefined
  for (const listener of listeners) listener()
})

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export interface DraftInHand {
  draft: Draft
  /** The active catalog; undefined until it came. */
  definitions: CatalogDefinitions | undefined
  /** The catalog as it will be. */
  shown: CatalogDefinitions | undefined
  /** The catalog was changed by somebody else since the first edit. */
  overtaken: boolean
  edit: (...edits: Edit[]) => void
  drop: (path: string) => void
  discard: () => void
  /** Takes the edits over to the active catalog. */
  rebase: () => void
}

/** The edits gathered so far, and the catalog they are of. */
export function useDraft(): DraftInHand {
  const draft = useSyncExternalStore(subscribe, current)
  const { data: definitions } = useQuery(definitionsQuery)
  const shown = useMemo(() => definitions && withEdits(definitions, draft.edits), [definitions, draft])
  const open = draft.edits.length > 0

  return {
    draft,
    definitions,
    shown,
    overtaken: open && definitions !== undefined && draft.base !== definitions.version,
    edit: (...edits) => {
      if (!definitions) return
      const before = current()
      keep({
        base: before.edits.length > 0 ? before.base : definitions.version,
        edits: edits.reduce((all, edit) => withEdit(all, edit, definitions), before.edits),
      })
    },
    drop: (path) => keep({ ...current(), edits: current().edits.filter((edit) => edit.path !== path) }),
    discard: () => keep(none),
    rebase: () => {
      if (!definitions) return
      keep({ base: definitions.version, edits: current().edits.reduce<Edit[]>((all, edit) => withEdit(all, edit, definitions), []) })
    },
  }
}
