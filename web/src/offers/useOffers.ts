import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { offersFunnelQuery, reversalsQuery, type OffersCatalog } from '../api/offers'
import { clockQuery, lintQuery } from '../api/queries'
import { useDraft, type DraftInHand } from '../packaging/useDraft'
import { useParam } from '../shared/open'
import { spanOf } from './funnel'
import { rowsOf, type OfferRow } from './list'

export const usualPeriod = '30d'

/** The period that the address names, on the server's clock. */
export function usePeriod() {
  const [said, set] = useParam('period')
  const { data: clock } = useQuery(clockQuery)
  const period = said || usualPeriod
  const day = clock?.now.slice(0, 10)
  const span = useMemo(() => spanOf(period, day && `${day}T00:00:00Z`), [period, day])
  return { period, span, now: clock?.now ?? '', set: (value: string) => set(value === usualPeriod ? '' : value) }
}

/** Every offer of the draft with how it does; undefined until the catalog came. */
export function useOffers(span: { from: string; to: string }): { hand: DraftInHand; rows: OfferRow[] | undefined; /** The figures came, so that none is none. */ counted: boolean } {
  const hand = useDraft()
  const funnel = useQuery(offersFunnelQuery(span))
  const reversals = useQuery(reversalsQuery(span))
  const lint = useQuery(lintQuery)
  const { shown, definitions } = hand
  const rows = useMemo(
    () =>
      shown &&
      definitions &&
      rowsOf({ shown: shown as OffersCatalog, active: definitions as OffersCatalog, counts: funnel.data?.items ?? [], reversals: reversals.data?.items ?? [], findings: lint.data?.findings ?? [] }),
    [shown, definitions, funnel.data, reversals.data, lint.data],
  )
  return { hand, rows, counted: funnel.data !== undefined }
}
