// Package meter turns events and consumption into usage, exactly.
package meter

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Grace is how long after its end a month still takes its own late events.
const Grace = clock.Hour

// Usage is the state of one meter of one account. The zero value is nothing used yet.
type Usage struct {
	total   quantity.Quantity
	since   clock.Time
	until   clock.Time
	pastDue clock.Time
	months  []Month
	members Set
}

// Set is a set of 64-bit hashes, sorted.
type Set []uint64

// Month is the usage of one period.
type Month struct {
	subscription.Period
	Value   quantity.Quantity
	Late    quantity.Quantity // part of Value that came from events of earlier, closed periods
	members Set
}

// Result is what a record did to a meter.
type Result struct {
	Changed bool
	Late    bool   // it belongs to a time that is over: totals change, no moment fires
	Problem string // why nothing was counted, in plain words
}

// Closed is the usage of a period that is over.
type Closed struct {
	subscription.Period
	Value quantity.Quantity
	Late  quantity.Quantity
}

// Apply counts record r, which def's events fed. anchor is the subscription's (zero:
// calendar months); now is state time.
func Apply(u *Usage, def *catalog.Meter, r *event.Record, anchor, now clock.Time) Result {
	return Result{}
}

// Consume adds q (positive) to a meter that is fed by consume.
func Consume(u *Usage, def *catalog.Meter, q quantity.Quantity, anchor, now clock.Time) {}

// Release gives q (positive) back, never more than is there, and returns what was given back.
func Release(u *Usage, def *catalog.Meter, q quantity.Quantity, anchor, now clock.Time) quantity.Quantity {
	return 0
}

// Close removes the periods that are over and returns those that had usage, oldest first.
func Close(u *Usage, now clock.Time) []Closed { return nil }

// NextDue returns when Close next has something to do, false when it has not.
func NextDue(u *Usage) (clock.Time, bool) { return 0, false }

// Value returns the usage at now that an allowance per period is compared with; never
// below zero. u may be nil.
func Value(u *Usage, def *catalog.Meter, per catalog.Period, anchor, now clock.Time) quantity.Quantity {
	return 0
}

// MonthAt returns the month that now lies in, with its usage so far. u may be nil.
func MonthAt(u *Usage, anchor, now clock.Time) Month { return Month{} }

// MarshalJSON writes u compactly, the same bytes for the same state.
func (u *Usage) MarshalJSON() ([]byte, error) { return nil, nil }

// UnmarshalJSON reads what MarshalJSON wrote.
func (u *Usage) UnmarshalJSON(b []byte) error { return nil }
