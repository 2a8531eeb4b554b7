// Where the pages under Offers are.

export const editHref = (offer: string) => `/offers/edit/${encodeURIComponent(offer)}`

export const funnelHref = (offer: string, period = '') => `/offers/funnel?${new URLSearchParams({ offer, ...(period && period !== '30d' ? { period } : {}) })}`

export const decisionHref = (id: string) => `/offers/decisions/${encodeURIComponent(id)}`

/** A part of an address as it was before it was escaped. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part // not of our making
  }
}
