// Which dialog is open stands in the address: ?open=movements.

import { useCallback } from 'react'
import { useSearchParams } from 'wouter'

/** Whether the dialog called name is open; opening makes a step that "back" undoes. */
export function useOpen(name: string): [boolean, (open: boolean) => void] {
  const [search, setSearch] = useSearchParams()
  const set = useCallback(
    (open: boolean) =>
      setSearch(
        (before) => {
          const after = new URLSearchParams(before)
          if (open) after.set('open', name)
          else after.delete('open')
          return after
        },
        { replace: !open },
      ),
    [setSearch, name],
  )
  return [search.get('open') === name, set]
}

/** One value of the address bar; '' where it is not there. Changing it makes no step. */
export function useParam(name: string): [string, (value: string) => void] {
  const [search, setSearch] = useSearchParams()
  const set = useCallback(
    (value: string) =>
      setSearch(
        (before) => {
          const after = new URLSearchParams(before)
          if (value) after.set(name, value)
          else after.delete(name)
          return after
        },
        { replace: true },
      ),
    [setSearch, name],
  )
  return [search.get(name) ?? '', set]
}
