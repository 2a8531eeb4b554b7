import { Link } from 'wouter'
import type { CatalogDefinitions, EntitlementValue, FeatureDefinition } from '../api/types'
import { words } from '../lib/format'
import { valueAt } from './draft'
import { nameOf, partsWords } from './editWords'
import { addonsInOrder, featureGroups, planColumns, type Grouping } from './matrix'
import { entitlementWords, priceWords, titleOf } from '../lib/entitlement'
import classes from './Matrix.module.css'

interface MatrixProps {
  definitions: CatalogDefinitions
  /** The active catalog, for what the draft changes. */
  was: CatalogDefinitions
  grouping: Grouping
  earlier: boolean
  edit: (path: string) => void
}

interface Column {
  path: string
  version?: string
  title: string
  unit?: string
  entitlements: Record<string, EntitlementValue>
  /** Of a bundle: by feature what its parts give, in words. */
  gives?: Record<string, string>
}

/** Every plan against every feature; add-ons and bundles stand beside the plans. */
export function Matrix({ definitions, was, grouping, earlier, edit }: MatrixProps) {
  const currency = definitions.currency ?? 'USD'
  const plans = planColumns(definitions.plans ?? [], earlier)
  const addons = addonsInOrder(definitions)
  const groups = featureGroups(definitions.features ?? [], grouping)
  const valued = new Set((definitions.value ?? []).flatMap((metric) => metric.formula?.match(/[A-Za-z_]\w*/g) ?? []))
  const columns: Column[] = [
    ...plans.map(({ plan, version }) => ({
      path: version ? `plans.${plan.key}.earlier.${version}` : `plans.${plan.key}`,
      ...(version ? { version } : {}),
      title: titleOf(plan),
      ...(plan.unit ? { unit: plan.unit } : {}),
      entitlements: plan.entitlements ?? {},
    })),
    ...addons.map((addon) => ({ path: `${addon.section}.${addon.key}`, title: titleOf(addon), entitlements: addon.entitlements ?? {}, ...(addon.gives ? { gives: addon.gives } : {}) })),
  ]

  return (
    <div className={classes.scroll} tabIndex={0} role="group" aria-label="Plans and features">
      <table className={classes.matrix}>
        <caption className="hidden">What each plan and add-on gives of each feature</caption>
        <thead>
          <tr>
            <td className={classes.corner} />
            {plans.length > 0 && (
              <th colSpan={plans.length} scope="colgroup" className={classes.kind}>
                Plans
              </th>
            )}
            {addons.length > 0 && (
              <th colSpan={addons.length} scope="colgroup" className={`${classes.kind} ${classes.first}`}>
                Add-ons and bundles
              </th>
            )}
          </tr>
          <tr>
            <td className={classes.corner} />
            {plans.map(({ plan, version }) => (
              <th key={version ? `${plan.key} ${version}` : plan.key} scope="col" className={classes.column}>
                {version ? (
                  <span className={classes.title}>{titleOf(plan)}</span>
                ) : (
                  <button type="button" className={classes.head} onClick={() => edit(`plans.${plan.key}`)} aria-haspopup="dialog">
                    {titleOf(plan)}
                  </button>
                )}
                <Prices words={priceWords(plan.price, currency, plan.unit)} />
                <Tags
                  tags={[
                    changed(was, definitions, version ? `plans.${plan.key}.earlier.${version}` : `plans.${plan.key}`, true),
                    version ? `version ${version}, kept by who bought it` : (plan.version ?? 1) > 1 && `version ${plan.version}`,
                    plan.retired && 'retired: no longer sold',
                    ready(plan.ready),
                    plan.eligible && 'for some accounts only',
                    plan.family && plan.family !== 'core' && `family ${words(plan.family)}`,
                  ]}
                  title={plan.eligible}
                />
              </th>
            ))}
            {addons.map((addon, index) => (
              <th key={`${addon.section} ${addon.key}`} scope="col" className={[classes.column, classes.addon, index === 0 ? classes.first : ''].join(' ')}>
                <button type="button" className={classes.head} onClick={() => edit(`${addon.section}.${addon.key}`)} aria-haspopup="dialog">
                  {titleOf(addon)}
                </button>
                <Prices words={addon.costs ?? priceWords(addon.price, currency)} />
                <Tags
                  tags={[
                    changed(was, definitions, `${addon.section}.${addon.key}`, true),
                    addon.section === 'bundles' ? 'bundle' : addon.kind && words(addon.kind),
                    addon.includes && `of ${partsWords(addon.includes, definitions)}`,
                    addon.discount !== undefined && `${String(addon.discount).replace('%', '')}% off its parts`,
                    addon.needs?.length && `needs ${addon.needs.map((key) => nameOf(key, definitions)).join(' or ')}`,
                    addon.retired && 'retired: no longer sold',
                    ready(addon.ready),
                  ]}
                />
              </th>
            ))}
          </tr>
        </thead>
        {groups.map((group) => (
          <tbody key={group.name}>
            {group.name && (
              <tr>
                <th colSpan={columns.length + 1} scope="rowgroup" className={classes.group}>
                  <span>{group.name}</span>
                </th>
              </tr>
            )}
            {group.rows.map(({ feature, depth }) => (
              <tr key={feature.key}>
                <th scope="row" className={classes.row}>
                  <div className={classes[`depth${Math.min(depth, 3)}`]}>
                    <Link href={`/packaging/features/${encodeURIComponent(feature.key)}`}>{titleOf(feature)}</Link>
                    <Tags
                      tags={[
                        changed(was, definitions, `features.${feature.key}`, false),
                        depth > 0 && 'part',
                        feature.meter && valued.has(feature.meter) && 'value feature',
                        feature.kind === 'seats' && 'seats',
                        feature.pooled && 'shared by the family',
                        feature.locked === 'hidden' && 'hidden where locked',
                        ready(feature.ready),
                      ]}
                    />
                  </div>
                </th>
                {columns.map((column, index) => (
                  <td key={column.path} className={index === plans.length ? classes.first : undefined}>
                    <Cell column={column} feature={feature} currency={currency} was={was} edit={edit} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  )
}

function Cell({ column, feature, currency, was, edit }: { column: Column; feature: FeatureDefinition; currency: string; was: CatalogDefinitions; edit: (path: string) => void }) {
  const together = column.gives?.[feature.key]
  if (together) {
    return (
      <div className={classes.still}>
        <span className={classes.main}>{together.charAt(0).toUpperCase() + together.slice(1)}</span>
      </div>
    )
  }
  const value = column.entitlements[feature.key]
  const said = entitlementWords(value, feature, currency, column.unit)
  const path = `${column.path}.entitlements.${feature.key}`
  const before = valueAt(was, path) as EntitlementValue | undefined
  const differs = JSON.stringify(before) !== JSON.stringify(value)
  const content = (
    <>
      <span className={said.state === 'none' ? classes.none : classes.main}>
        {said.state === 'none' ? <span aria-hidden="true">–</span> : said.main}
        {said.state === 'none' && <span className="hidden">{said.main}</span>}
      </span>
      {said.more.map((line) => (
        <span key={line} className={classes.more}>
          {line}
        </span>
      ))}
      {differs && <span className={classes.was}>was {entitlementWords(before, feature, currency, column.unit).main}</span>}
    </>
  )
  // What others bought stays as it is, and a bundle gives what its parts give.
  if (column.version || column.path.startsWith('bundles.')) return <div className={classes.still}>{content}</div>
  return (
    <button type="button" className={differs ? `${classes.cell} ${classes.differs}` : classes.cell} onClick={() => edit(path)} aria-haspopup="dialog">
      <span className="hidden">
        {titleOf(feature)} in {column.title}:{' '}
      </span>
      {content}
    </button>
  )
}

function Prices({ words: lines }: { words: string[] }) {
  return (
    <span className={classes.prices}>
      {lines.length === 0 ? 'no price' : lines.map((line) => <span key={line}>{line}</span>)}
    </span>
  )
}

function Tags({ tags, title }: { tags: (string | false | 0 | undefined | null | true | '')[]; title?: string | undefined }) {
  const shown = tags.filter((tag): tag is string => typeof tag === 'string' && tag !== '')
  if (shown.length === 0) return null
  return (
    <span className={classes.tags} title={title}>
      {shown.map((tag) => (
        <span key={tag} className={tag === newTag || tag === changedTag ? classes.draft : undefined}>
          {tag}
        </span>
      ))}
    </span>
  )
}

const newTag = 'new in the draft'
const changedTag = 'changed in the draft'

/** Whether the draft makes or changes a definition; `own` leaves its entitlements to the cells. */
function changed(was: CatalogDefinitions, now: CatalogDefinitions, path: string, own: boolean): string | false {
  const before = valueAt(was, path)
  const after = valueAt(now, path)
  if (before === undefined && after !== undefined) return newTag
  const bare = (value: unknown) => JSON.stringify(own && typeof value === 'object' ? { ...value, entitlements: undefined } : value)
  return bare(before) === bare(after) ? false : changedTag
}

function ready(readiness: string | undefined): string | false {
  if (readiness === 'not_ready') return 'not ready: never offered'
  if (readiness === 'partner') return 'delivered by a partner'
  return false
}
