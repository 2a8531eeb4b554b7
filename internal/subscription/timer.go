package subscription

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// EventKind is what happened to a subscription by the passing of time.
type EventKind string

// The kinds of events.
const (
	NothingDue   EventKind = ""
	TrialExpired EventKind = "trial_expired" // nothing was bought; nothing is charged
	Changed      EventKind = "changed"       // the pending change took effect
	ChangeFailed EventKind = "change_failed" // the pending change no longer fits the catalog; all stays as it was
	Over         EventKind = "ended"         // it ended, as asked for before
	Settled      EventKind = "settled"       // the last change can no longer be undone; nothing else changed
)

// Event is what Advance did. Note says it in plain words.
type Event struct {
	Kind EventKind
	At   clock.Time // when it was due, which is when it took effect
	Note string
}

// NextDue returns when time next changes cur, false when it never will.
func NextDue(cur *Subscription) (clock.Time, bool) {
	kind, at := due(cur)
	return at, kind != NothingDue
}

// due returns what happens next, in the order in which things of the same instant happen:
// an end that was asked for, then a pending change (which may be the purchase that a trial
// ends with), then the end of the trial. The end of the time for undoing comes last.
func due(cur *Subscription) (EventKind, clock.Time) {
	kind, at := NothingDue, clock.Time(0)
	consider := func(k EventKind, t clock.Time) {
		if t != 0 && (kind == NothingDue || t < at) {
			kind, at = k, t
		}
	}
	if cur.Live() {
		consider(Over, cur.EndsAt)
		if cur.Pending != nil {
			consider(Changed, cur.Pending.At)
		}
		if cur.Status == Trialing {
			consider(TrialExpired, cur.TrialEndsAt)
		}
	}
	if cur.Undo != nil {
		consider(Settled, cur.Undo.Until)
	}
	return kind, at
}

// Advance does the first thing due at or before at, as of the time it was due, and says
// what it was. Call it until it returns NothingDue.
func Advance(cur Subscription, at clock.Time, cat *catalog.Catalog) (Subscription, Event) {
	kind, when := due(&cur)
	if kind == NothingDue || when > at {
		return cur, Event{}
	}
	next := cur
	next.Undo = nil
	switch kind {
	case Settled:
		return next, Event{Kind: kind, At: when}
	case Over:
		next = end(cur, when)
		next.Version++
	case TrialExpired:
		next = expire(cur, when, cat)
	case Changed:
		taken := next
		taken.Pending = nil
		changed, _, err := takeJust(taken, cur.Pending.Change, Terms{Catalog: cat, Now: when}, when)
		if err != nil {
			taken.Version++
			return taken, Event{Kind: ChangeFailed, At: when, Note: "The change planned for the renewal could not be made and was dropped: " + err.Error()}
		}
		next = changed
		next.PaidTo = 0 // at the renewal nothing is left of what was paid for
	}
	return next, Event{Kind: kind, At: when, Note: Describe(&cur, &next, cat)}
}

// AsOf returns cur as it is at now, with everything due done; cur itself when nothing is.
// It lets a read between two records give the same answer as the record that follows.
func AsOf(cur *Subscription, now clock.Time, cat *catalog.Catalog) *Subscription {
	if kind, at := due(cur); kind == NothingDue || at > now {
		return cur
	}
	next := *cur
	for {
		var happened Event
		if next, happened = Advance(next, now, cat); happened.Kind == NothingDue {
			return &next
		}
	}
}
