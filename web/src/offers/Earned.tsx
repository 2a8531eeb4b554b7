import { useQuery } from '@tanstack/react-query'
import { earnedQuery, type Span } from '../api/offers'
import { money } from '../lib/format'

/** The MRR that an offer brought since a time; a dash where it brought none. */
export function Earned({ offer, span }: { offer: string; span: Span }) {
  const { data, isPending } = useQuery(earnedQuery(span.from))
  if (isPending) return <>…</>
  if (!data) return <>not known</>
  const mrr = data.items?.find((each) => each.offer === offer)?.mrr ?? []
  if (mrr.length === 0) return <>–</>
  return (
    <>
      {mrr.map((each) => (
        <span key={each.currency}>{money(each.amount, each.currency, { signed: true })} </span>
      ))}
    </>
  )
}
