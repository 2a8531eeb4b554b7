// What the list of accounts calls things.

export const stageWords: Record<string, string> = {
  landed: 'Landed',
  activated: 'Activated',
  adopted: 'Adopted',
  expanding: 'Expanding',
  advocate: 'Advocate',
  at_risk: 'At risk',
  none: 'No subscription',
}

export const nextWords: Record<string, string> = { trial_ends: 'Trial ends', ends: 'Subscription ends', changes: 'Plan changes' }

export const traitHint = 'A trait of the accounts and its value, as industry=events'
