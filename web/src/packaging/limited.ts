import type { EntitlementParts, EntitlementValue } from '../api/types'

/** An entitlement with another limit and all else as it was; where there was no limit, of the period that was looked at. */
export function limited(value: EntitlementValue | undefined, limit: number, per: string | undefined): EntitlementValue {
  if (typeof value === 'object' && value !== null) {
    const parts: EntitlementParts = { ...value, limit }
    return parts
  }
  const never = value === undefined || value === 'unlimited'
  return never && per && per !== 'lifetime' ? { limit, per } : limit
}
