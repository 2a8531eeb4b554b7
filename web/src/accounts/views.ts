// The list of accounts as the address says it: filters, order and place, and the views that name them.

/** What may stand in the address, by the names that the server has for it; q is its search. */
const filters = ['q', 'plan', 'no_plan', 'status', 'stage', 'near', 'next', 'requests', 'trait'] as const

export type Filter = (typeof filters)[number]

export interface ListState {
  filters: Partial<Record<Filter, string>>
  sort: string
  cursor: string
}

/** Largest first: where something is to be done is seen without a choice. */
export const usualSort = 'mrr'

export const sorts: Record<string, string> = {
  name: 'by name',
  mrr: 'highest MRR first, whichever currency',
  stage: 'who came to their stage last first',
  readiness: 'readiest first',
  limit: 'fullest limit first',
  signal: 'newest signal first',
  next: 'soonest date first',
}

/** Of what the list of an order is only those who have one. */
export const only: Record<string, string> = { stage: 'a stage', readiness: 'a readiness score', limit: 'a limit', signal: 'a signal', next: 'a date to come' }

export function readState(search: URLSearchParams): ListState {
  const state: ListState = { filters: {}, sort: search.get('sort') ?? usualSort, cursor: search.get('cursor') ?? '' }
  if (!(state.sort in sorts)) state.sort = usualSort
  for (const filter of filters) {
    const value = search.get(filter)
    if (value) state.filters[filter] = value
  }
  return state
}

/** The address of a state, without what is as usual. */
export function writeState({ filters: set, sort, cursor }: ListState): string {
  const search = new URLSearchParams()
  for (const filter of filters) {
    const value = set[filter]
    if (value) search.set(filter, value)
  }
  if (sort && sort !== usualSort) search.set('sort', sort)
  if (cursor) search.set('cursor', cursor)
  return search.toString()
}

/** What the server is asked for. */
export function serverQuery({ filters: set, sort, cursor }: ListState): Record<string, string> {
  const query: Record<string, string> = { sort }
  for (const [filter, value] of Object.entries(set)) {
    if (filter === 'q') query.search = value
    else if (filter !== 'trait') query[filter] = value
  }
  const [trait, value] = traitOf(set.trait ?? '')
  if (trait) {
    query.trait = trait
    query.value = value
  }
  if (cursor) query.cursor = cursor
  return query
}

/** "industry=events" as what is asked and what it must be; nothing while it is not both. */
export function traitOf(text: string): [trait: string, value: string] {
  const at = text.indexOf('=')
  const trait = text.slice(0, Math.max(at, 0)).trim()
  const value = text.slice(at + 1).trim()
  return trait && value ? [trait, value] : ['', '']
}

export interface View {
  name: string
  query: string
  /** What is in it, in words. */
  about: string
}

export const builtIn: View[] = [
  { name: 'All', query: '', about: 'Every account, the highest MRR first' },
  { name: 'Near a limit', query: 'near=80&sort=limit', about: 'At least 80% of a limit are used' },
  { name: 'Trials that end next', query: 'next=trial_ends&sort=next', about: 'The end of a trial is what comes next, the soonest first' },
  { name: 'Help first', query: 'stage=landed', about: 'Not activated yet: help comes before any offer' },
  { name: 'Growing', query: 'stage=expanding', about: 'Expanding now' },
  { name: 'At risk', query: 'stage=at_risk', about: 'Something says that they may leave' },
  { name: 'Without a plan', query: 'no_plan=true&sort=name', about: 'They use the product and have bought nothing' },
  { name: 'Open requests', query: 'requests=true', about: 'Somebody asked for an upgrade and waits for an answer' },
]

/** Filters that have no field of their own on the page, in words: each is shown, and can be taken away. */
export function withoutField(state: ListState): { filter: Filter; words: string }[] {
  const next: Record<string, string> = { trial_ends: 'the end of a trial comes next', ends: 'the end comes next', changes: 'a change comes next' }
  const words: Partial<Record<Filter, (value: string) => string>> = {
    near: (value) => `at least ${value}% of a limit used`,
    next: (value) => next[value] ?? `${value.replaceAll('_', ' ')} comes next`,
    status: (value) => `subscription ${value.replaceAll('_', ' ')}`,
    no_plan: () => 'without a plan',
    requests: () => 'with open requests',
  }
  return filters.flatMap((filter) => {
    const value = state.filters[filter]
    const say = words[filter]
    return value && say ? [{ filter, words: say(value) }] : []
  })
}

/** The view that an address shows, if it is one: where the list stands in it does not matter. */
export function viewAt<T extends { query: string }>(views: T[], state: ListState): T | undefined {
  const here = writeState({ ...state, cursor: '' })
  return views.find((view) => writeState({ ...readState(new URLSearchParams(view.query)), cursor: '' }) === here)
}
