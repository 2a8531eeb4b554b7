import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { definitionsQuery } from '../api/queries'
import { snippets } from '../api/snippets'
import { Empty } from '../shared/Empty'
import { PageHead } from '../shared/PageHead'
import { useParam } from '../shared/open'
import { Await, Panel, WaitingRows } from '../shared/Panel'
import { DraftBar } from './DraftBar'
import { EditDialog } from './EditDialog'
import { Lint } from './Lint'
import { Matrix } from './Matrix'
import type { Grouping } from './matrix'
import { NewVersions } from './Versions'
import { OutOfBand } from './OutOfBand'
import { useDraft } from './useDraft'
import lists from '../shared/List.module.css'
import classes from './Packaging.module.css'

/** What is sold: every plan against every feature, edited in place. */
export function Packaging() {
  const query = useQuery(definitionsQuery)
  const hand = useDraft()
  const [by, setBy] = useParam('group')
  const [earlier, setEarlier] = useParam('earlier')
  const [, setEditing] = useParam('edit')
  const grouping: Grouping = by === 'role' || by === 'none' ? by : 'use_case'
  const hasEarlier = hand.shown?.plans?.some((plan) => Object.keys(plan.earlier ?? {}).length > 0)

  return (
    <div className={classes.page}>
      <PageHead title="Packaging" question="Is it packaged right?">
        <Link href="/packaging/worksheet" className={classes.tool}>
          Worksheet
        </Link>
        <Link href="/packaging/versions" className={classes.tool}>
          Versions
        </Link>
      </PageHead>
      <Panel
        id="matrix"
        title="Plans and features"
        of="click a cell to change it; nothing is applied before you have seen what it does"
        action={
          <div className={classes.tools}>
            <label className={classes.pick}>
              Group by{' '}
              <select value={grouping} onChange={(event) => setBy(event.currentTarget.value === 'use_case' ? '' : event.currentTarget.value)}>
                <option value="use_case">use case</option>
                <option value="role">role</option>
                <option value="none">nothing</option>
              </select>
            </label>
            {hasEarlier && (
              <label className={classes.pick}>
                <input type="checkbox" checked={earlier === '1'} onChange={(event) => setEarlier(event.currentTarget.checked ? '1' : '')} /> earlier versions
              </label>
            )}
          </div>
        }
      >
        <Await query={query} waiting={<WaitingRows rows={8} className={lists.row} />}>
          {() =>
            hand.shown && (hand.shown.plans?.length || hand.shown.features?.length) ? (
              <Matrix definitions={hand.shown} was={hand.definitions ?? hand.shown} grouping={grouping} earlier={earlier === '1'} edit={setEditing} />
            ) : (
              <Empty title="There is no catalog yet" snippet={snippets.catalog()}>
                Write the first one step by step in the <Link href="/packaging/worksheet">worksheet</Link>, or bring one from a file:
              </Empty>
            )
          }
        </Await>
      </Panel>
      <div className={classes.below}>
        <Lint />
        <div className={classes.stack}>
          {(hand.definitions?.value?.length ?? 0) > 0 && <OutOfBand />}
          <NewVersions />
        </div>
      </div>
      <EditDialog hand={hand} />
      <DraftBar hand={hand} />
    </div>
  )
}
