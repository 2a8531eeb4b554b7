// Package meter turns events and consumption into usage: how much of something an account
// used in its life and in each billing month, to the last digit, whatever the order in which
// the events come in.
package meter

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Result is what a record did to a meter.
type Result struct {
	Changed bool // some total is another one now
	// Late: it belongs to a month that is over and closed, or to the time before the meter
	// was first used. Totals change, but no moment fires for what has passed.
	Late    bool
	Problem string // why nothing was counted, in plain words; empty when it was
}

// Apply counts record r, whose type def counts. anchor is the subscription's (unset:
// calendar months) and now is state time; an event from the future counts as of now. A
// meter that takes events in any split and with any reading in between ends the same.
func Apply(u *Usage, def *catalog.Meter, r *event.Record, anchor, now clock.Time) Result {
	if def.FedByConsume {
		return Result{Problem: "meter " + def.Key + " is fed by consume, so events do not count"}
	}
	at := min(r.When(), now)
	switch def.Aggregate {
	case catalog.Level:
		amount, problem := levelAmount(def, r)
		if problem == "" {
			u.total = u.total.Add(amount)
		}
		return Result{Changed: amount != 0, Problem: problem}
	case catalog.Unique:
		member, problem := memberOf(def, r)
		if problem != "" {
			return Result{Problem: problem}
		}
		everNew := u.members.insert(member)
		m, late := u.monthFor(at, anchor, now)
		monthNew := m.members.insert(member)
		if monthNew {
			m.add(quantity.One, at)
		}
		return Result{Changed: everNew || monthNew, Late: late}
	case catalog.Sum:
		amount, problem := number(def, r)
		if problem != "" {
			return Result{Problem: problem}
		}
		return u.add(amount, at, anchor, now)
	default:
		return u.add(quantity.One, at, anchor, now)
	}
}

// Consume adds q (positive) to a meter that is fed by consume; the caller has made sure
// that the limit allows it.
func Consume(u *Usage, def *catalog.Meter, q quantity.Quantity, anchor, now clock.Time) {
	if def.Aggregate == catalog.Level {
		u.total = u.total.Add(q)
		return
	}
	u.add(q, now, anchor, now)
}

// Release gives q (positive) back, to the life's total and to the month of now, never more
// than there is in each. It returns what the life's total went down by.
func Release(u *Usage, def *catalog.Meter, q quantity.Quantity, anchor, now clock.Time) quantity.Quantity {
	back := min(q, max(u.total, 0))
	u.total -= back
	if def.Aggregate == catalog.Level {
		return back
	}
	p := u.periodOf(anchor, now)
	for i := range u.months {
		if m := &u.months[i]; m.Period == p {
			m.Value -= min(q, max(m.Value, 0))
		}
	}
	return back
}

// Value returns the usage at now that an allowance per period is compared with: of the
// account's life, or of the month that now lies in. It is never below zero, though a level
// whose removals came in before its additions is, for a while, inside. u may be nil.
func Value(u *Usage, def *catalog.Meter, per catalog.Period, anchor, now clock.Time) quantity.Quantity {
	var v quantity.Quantity
	switch {
	case u == nil:
	case per == catalog.Month && def.Aggregate != catalog.Level:
		v = MonthAt(u, anchor, now).Value
	case def.Aggregate == catalog.Unique && !def.FedByConsume:
		v = quantity.Of(int64(len(u.members)))
	default:
		v = u.total
	}
	return max(v, 0)
}

// number reads the property that a sum adds.
func number(def *catalog.Meter, r *event.Record) (quantity.Quantity, string) {
	switch v := r.Prop(def.Property); v.Kind {
	case event.Number:
		q, err := quantity.Parse(v.Text)
		if err != nil {
			return 0, "property " + def.Property + ": " + err.Error()
		}
		return q, ""
	case event.Null:
		return 0, "property " + def.Property + " is missing"
	default:
		return 0, fmt.Sprintf("property %s is %q, not a number", def.Property, fault.Shorten(v.Text))
	}
}

// levelAmount returns how far an event moves a level: up or down, by one or by a property.
func levelAmount(def *catalog.Meter, r *event.Record) (quantity.Quantity, string) {
	amount := quantity.One
	if def.Property != "" {
		var problem string
		if amount, problem = number(def, r); problem != "" {
			return 0, problem
		}
		if amount < 0 {
			return 0, "property " + def.Property + " is " + amount.String() + "; a level moves by amounts from 0 on"
		}
	}
	if r.Type == def.Remove && def.Remove != def.Add {
		return -amount, ""
	}
	return amount, ""
}

// memberOf returns the hash of the property that unique tells apart. 1 and "1" are the same
// member, since clients disagree about the type of ids. SHA-256 cut to 64 bits: nobody
// chooses ids that collide, and among a million members two do by chance once in 37 million
// accounts.
func memberOf(def *catalog.Meter, r *event.Record) (uint64, string) {
	v := r.Prop(def.Property)
	if v.Kind == event.Null || v.Text == "" {
		return 0, "property " + def.Property + " is missing"
	}
	sum := sha256.Sum256([]byte(v.Text))
	return binary.BigEndian.Uint64(sum[:8]), ""
}
