// Every kind of rule that the catalog knows, one row each: what the form asks for, what a
// definition of it holds, and how it is said. A test holds the table to the catalog's schema.

/** What a field of a rule is, which decides its control and what it may hold. */
export type FieldType =
  | 'feature' // any feature
  | 'metered' // a feature that is counted
  | 'metered_or_any'
  | 'meter_or_event'
  | 'event'
  | 'property'
  | 'milestone'
  | 'metric'
  | 'duration'
  | 'duration_or_true' // empty is true
  | 'percent'
  | 'whole'
  | 'quantity'
  | 'choice'
  | 'steps'
  | 'where'
  | 'condition'

/** A field: the key of the definition is also the key of the form. */
export interface KindField {
  key: string
  label: string
  type: FieldType
  /** What stands there when it is left empty; a field without it has to be filled. */
  otherwise?: string
  /** What a new rule begins with. */
  begin?: string
  hint?: string
  choices?: [value: string, words: string][]
  /** Of whole numbers. */
  least?: number
  most?: number
}

/** A kind of rule. */
export interface Kind {
  id: string
  group: string
  title: string
  /** The sentence of a rule: {key} is a field's value, [what stands in brackets] is left out when one in it is empty. */
  says: string
  fields: KindField[]
  /** What the definition holds besides. */
  fixed?: Record<string, true>
}

const within = (begin: string, otherwise?: string): KindField => ({ key: 'within', label: 'Within', type: 'duration', begin, ...(otherwise ? { otherwise } : {}) })
const feature = (key: string, label = 'Feature', type: FieldType = 'metered'): KindField => ({ key, label, type })
const event = (key = 'event', label = 'Event'): KindField => ({ key, label, type: 'event' })
const where: KindField = { key: 'where', label: 'Only where', type: 'where', otherwise: 'all of them', hint: 'A filter a line: page is pricing, plans · rows at least 100 · country is not de' }

/** The kinds by group. Where two have the same first key, the one with more of what is there is meant. */
export const kinds: Kind[] = [
  {
    id: 'limit',
    group: 'Limits',
    title: 'Usage reaches a share of its limit',
    says: '{limit} reaches {reaches} of its limit',
    fields: [feature('limit'), { key: 'reaches', label: 'Reaches', type: 'percent', begin: '80%' }],
  },
  {
    id: 'runs_out',
    group: 'Limits',
    title: 'A limit will be reached before it resets',
    says: '{runs_out} runs out {ahead} or more before it resets, at the pace of the last {over}',
    fields: [
      feature('runs_out'),
      { key: 'ahead', label: 'Before its reset', type: 'duration', otherwise: '1d' },
      { key: 'over', label: 'At the pace of the last', type: 'duration', otherwise: '7d' },
      { ...within('', '14d'), hint: 'Of what never resets: how soon it runs out.' },
    ],
  },
  {
    id: 'unlimited',
    group: 'Limits',
    title: 'Much is used of what has no limit',
    says: 'more than {above} of {unlimited} are used in a month without a limit',
    fields: [feature('unlimited'), { key: 'above', label: 'More than, in a month', type: 'quantity', begin: '1000' }],
  },
  {
    id: 'held',
    group: 'Limits',
    title: 'Usage is held just below its limit',
    says: '{held} stays between {reaches} and all of its limit for {periods} periods',
    fields: [feature('held'), { key: 'periods', label: 'Periods in a row', type: 'whole', begin: '3', least: 2, most: 24 }, { key: 'reaches', label: 'From', type: 'percent', otherwise: '90%' }],
  },
  {
    id: 'unused',
    group: 'Limits',
    title: 'What is paid for is hardly used',
    says: 'less than {below} of {unused} is used for {for}',
    fields: [feature('unused', 'Feature', 'metered_or_any'), { key: 'for', label: 'For', type: 'duration', begin: '30d' }, { key: 'below', label: 'Less than', type: 'percent', otherwise: '10%' }],
  },
  {
    id: 'gate',
    group: 'Locked features',
    title: 'A locked feature is wanted',
    says: 'locked {gate} is wanted {times} within {within}',
    fields: [feature('gate', 'Locked feature', 'feature'), { key: 'times', label: 'Times', type: 'whole', otherwise: '1', most: 1000 }, within('', '1d')],
  },
  {
    id: 'gate_without',
    group: 'Locked features',
    title: 'A locked feature is wanted, and then nothing follows',
    says: 'locked {gate} is wanted and {without} does not follow within {within}',
    fields: [feature('gate', 'Locked feature', 'feature'), event('without', 'Not followed by the event'), within('1d')],
  },
  {
    id: 'event',
    group: 'Events',
    title: 'An event happens for the nth time',
    says: '{event} happens for the {nth} time[, where {where}]',
    fields: [event(), { key: 'nth', label: 'Time number', type: 'whole', otherwise: '1' }, where],
  },
  { id: 'first', group: 'Events', title: 'An event happens for the first time', says: '{first} happens for the first time[, where {where}]', fields: [event('first'), where] },
  {
    id: 'event_every',
    group: 'Events',
    title: 'An event happens every so many times',
    says: '{event} happens for every {every} time[, where {where}]',
    fields: [event(), { key: 'every', label: 'Every so many times', type: 'whole', begin: '10' }, where],
  },
  {
    id: 'event_times',
    group: 'Events',
    title: 'An event happens often within a time',
    says: '{event} happens {times} within {within}[, where {where}]',
    fields: [event(), { key: 'times', label: 'Times', type: 'whole', begin: '5', most: 1000 }, within('7d'), where],
  },
  {
    id: 'event_without',
    group: 'Events',
    title: 'Something is begun and left',
    says: '{event} happens and {without} does not follow within {within}[, where {where}]',
    fields: [event(), event('without', 'Not followed by the event'), within('1d'), where],
  },
  {
    id: 'event_new',
    group: 'Events',
    title: 'A property has a value not met before',
    says: '{event} brings a {from} different {new}[, where {where}]',
    fields: [event(), { key: 'new', label: 'Property', type: 'property' }, { key: 'from', label: 'From which different value on', type: 'whole', otherwise: '2', most: 256 }, where],
  },
  {
    id: 'sequence',
    group: 'Events',
    title: 'Events follow each other',
    says: '{sequence} follow each other within {within}',
    fields: [{ key: 'sequence', label: 'Steps', type: 'steps', hint: 'An event a line, 2 to 8, in order; with filters after “where”: report.created where rows at least 100' }, within('14d')],
  },
  {
    id: 'rate_rises',
    group: 'Events',
    title: 'There is more of something than before',
    says: '{rate} rises by {rises} from one {over} to the next[, where {where}]',
    fields: [
      { key: 'rate', label: 'Meter or event', type: 'meter_or_event' },
      { key: 'over', label: 'In a window of', type: 'duration', begin: '7d' },
      { key: 'rises', label: 'Rises by', type: 'percent', begin: '50%' },
      { key: 'at_least', label: 'At least so much in the fuller window', type: 'quantity', otherwise: '10' },
      where,
    ],
  },
  {
    id: 'rate_falls',
    group: 'Events',
    title: 'There is less of something than before',
    says: '{rate} falls by {falls} from one {over} to the next[, where {where}]',
    fields: [
      { key: 'rate', label: 'Meter or event', type: 'meter_or_event' },
      { key: 'over', label: 'In a window of', type: 'duration', begin: '30d' },
      { key: 'falls', label: 'Falls by', type: 'percent', begin: '50%' },
      { key: 'at_least', label: 'At least so much in the fuller window', type: 'quantity', otherwise: '10' },
      where,
    ],
  },
  {
    id: 'absent',
    group: 'Events',
    title: 'An event no longer comes',
    says: '{absent} has not come for {for}, after {after} in all[, where {where}]',
    fields: [event('absent'), { key: 'for', label: 'Not for', type: 'duration', begin: '14d' }, { key: 'after', label: 'After so many', type: 'whole', otherwise: '1' }, where],
  },
  { id: 'milestone', group: 'Journey', title: 'A milestone is reached', says: '{milestone} is reached', fields: [{ key: 'milestone', label: 'Milestone', type: 'milestone' }] },
  {
    id: 'stuck',
    group: 'Journey',
    title: 'A milestone is not reached in its time',
    says: '{stuck} is not reached in its time[, {for} after it]',
    fields: [{ key: 'stuck', label: 'Milestone', type: 'milestone' }, { key: 'for', label: 'So long after its time', type: 'duration', otherwise: 'at once' }],
  },
  { id: 'trial_ends_in', group: 'Journey', title: 'A trial is about to end', says: 'a trial ends in {trial_ends_in}', fields: [{ key: 'trial_ends_in', label: 'Before its end', type: 'duration', begin: '3d' }] },
  { id: 'trial_expired', group: 'Journey', title: 'A trial ended and nothing was bought', says: 'a trial ended and nothing was bought', fields: [], fixed: { trial_expired: true } },
  { id: 'renews_in', group: 'Money', title: 'The subscription renews soon', says: 'the subscription renews in {renews_in}', fields: [{ key: 'renews_in', label: 'Before it renews', type: 'duration', begin: '30d' }] },
  { id: 'flat', group: 'Money', title: 'Nothing has grown', says: 'neither revenue nor usage has grown for {flat}', fields: [{ key: 'flat', label: 'For', type: 'duration', begin: '180d' }] },
  {
    id: 'fit',
    group: 'Money',
    title: 'Another plan would fit',
    says: 'a {fit} plan would fit the last full month',
    fields: [{ key: 'fit', label: 'The plan that would fit', type: 'choice', begin: 'higher', choices: [['higher', 'a higher one'], ['lower', 'a lower one']] }],
  },
  {
    id: 'value',
    group: 'Money',
    title: 'The price left the band of the value',
    says: 'the price for {value} went {leaves} its band',
    fields: [{ key: 'value', label: 'Value metric', type: 'metric' }, { key: 'leaves', label: 'The price is', type: 'choice', begin: 'below', choices: [['below', 'below the band'], ['above', 'above the band']] }],
  },
  { id: 'outside', group: 'People', title: 'People use it outside the plan', says: '{outside} people of the domain use it outside the plan', fields: [{ key: 'outside', label: 'So many people', type: 'whole', begin: '5', most: 1_000_000 }] },
  {
    id: 'champion_left',
    group: 'People',
    title: 'A champion left',
    says: 'a champion left[, or was not seen for {champion_left}]',
    fields: [{ key: 'champion_left', label: 'Or was not seen for', type: 'duration_or_true', otherwise: 'only when somebody said so', begin: '30d' }],
  },
  { id: 'rule', group: 'Anything', title: 'A condition comes true', says: '{rule}', fields: [{ key: 'rule', label: 'Condition', type: 'condition', hint: 'Looked at once a day: usage.emails.percent >= 70 && people.active >= 3' }] },
]

/** The condition that goes with every other kind. */
export const and: KindField = { key: 'and', label: 'And only where', type: 'condition', otherwise: 'everybody', hint: 'A condition that must hold as well: account.mrr == 0' }

/** All fields of a kind, with `and` where it may stand. */
export const fieldsOf = (kind: Kind): KindField[] => (kind.id === 'rule' ? kind.fields : [...kind.fields, and])

/** The keys that a rule of the kind cannot do without. */
export const required = (kind: Kind): string[] => [...kind.fields.filter((field) => field.otherwise === undefined || field.type === 'duration_or_true').map((field) => field.key), ...Object.keys(kind.fixed ?? {})]

export const kindById = (id: string): Kind | undefined => kinds.find((kind) => kind.id === id)

/** The kind that a definition is of: all it needs is there, and most of what is there it knows. */
export function kindOf(when: Record<string, unknown>): Kind | undefined {
  const known = (kind: Kind) => Object.keys(when).filter((key) => key in (kind.fixed ?? {}) || fieldsOf(kind).some((field) => field.key === key)).length
  return kinds.filter((kind) => required(kind).every((key) => key in when)).toSorted((a, b) => known(b) - known(a))[0]
}
