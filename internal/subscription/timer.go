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
)

// Event is what Advance did. Note says it in plain words.
type Event struct {
	Kind EventKind
	At   clock.Time
	Note string
}

// NextDue returns when time next changes cur, false when it never will.
func NextDue(cur *Subscription) (clock.Time, bool) { return 0, false }

// Advance does what is due first at or before at. Call it until it returns NothingDue.
func Advance(cur Subscription, at clock.Time, cat *catalog.Catalog) (Subscription, Event) {
	return cur, Event{}
}

// AsOf returns cur as it is at now, with everything due done; cur itself when nothing is.
func AsOf(cur *Subscription, now clock.Time, cat *catalog.Catalog) *Subscription { return cur }
