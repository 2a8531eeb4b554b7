// The month and the currency of the page stand in the address: ?month=2026-10&currency=EUR.

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
  /** Of the figures of money; empty: the catalog's. */
  currency: string
  chooseCurrency: (currency: string) => void
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
  const chooseCurrency = useCallback(
    (currency: string) =>
      setSearch((before) => {
        const after = new URLSearchParams(before)
        if (currency) after.set('currency', currency)
        else after.delete('currency')
        return after
      }),
    [setSearch],
  )
  return { currency: search.get('currency') ?? '', chooseCurrency, month: isMonth(asked) ? asked : current, current, choose }
}
