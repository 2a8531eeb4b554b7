import { Button } from '@mantine/core'
import { Link } from 'wouter'
import type { DraftInHand } from './useDraft'
import classes from './DraftBar.module.css'

/** How many edits wait, always in the same place at the foot of the page. */
export function DraftBar({ hand }: { hand: DraftInHand }) {
  const n = hand.draft.edits.length
  return (
    <div role="status" className={n > 0 ? classes.bar : 'hidden'}>
      {n > 0 && (
        <>
          <span>
            <strong>{n === 1 ? '1 edit' : `${n} edits`}</strong> in the draft, not applied: kept in this browser
          </span>
          <span className={classes.actions}>
            <Button size="xs" variant="default" onClick={hand.discard}>
              Discard
            </Button>
            <Button size="xs" component={Link} href="/packaging/changes">
              See what it changes
            </Button>
          </span>
        </>
      )}
    </div>
  )
}
