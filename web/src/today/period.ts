// The month of the page stands in the address: ?month=2026-10.

import { useQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import { useSearchParams } from 'wouter'
import { clockQuery } from '../api/queries'
import { isMonth, monthOf, type Month } from '../lib/month'

export interface Period {
  /** The chosen month; undefined until the server has said what time it is. */
  month: Month | undefined
  /** The month of the server's clock. */
  current: Month | undefined
  choose: (month: Month) => void
}

export function usePeriod(): Period {
  const clock = useQuery(clockQuery)
  const [search, setSearch] = useSearchParams()
  const current = clock.data && monthOf(clock.data.now)
  const asked = search.get('month')
  const choose = useCallback(
    (month: Month) =>
      setSearch((before) => {
        const after = new URLSearchParams(before)
        if (month === current) after.delete('month') // "this month" stays this month tomorrow
        else after.set('month', month)
        return after
      }),
    [setSearch, current],
  )
  return { month: isMonth(asked) ? asked : current, current, choose }
}
