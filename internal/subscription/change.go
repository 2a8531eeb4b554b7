package subscription

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// Apply makes a change.
func Apply(cur Subscription, ch Change, cat *catalog.Catalog, now clock.Time) (Subscription, error) {
	return cur, nil
}

// Preview says what a change made at now would cost, and what Apply would make of it.
func Preview(cur Subscription, ch Change, cat *catalog.Catalog, now clock.Time) (Quote, Subscription, error) {
	return Quote{}, cur, nil
}

// Imported is a subscription as another system's export tells it, with its own amount.
type Imported struct {
	Plan     string // need not be in the catalog
	Interval Interval
	Quantity int64
	Currency string
	Amount   int64 // minor units, each interval in all
	StartsAt clock.Time
	EndsAt   clock.Time // first instant no longer paid for; unset while it goes on
	Trial    bool
}
