// Package meter turns events and consumption into usage: how much of something an account
// used in its life and in each window that an allowance is for, to the last digit, whatever
// the order in which the events come in.
package meter

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Result is what a record did to a meter.
type Result struct {
	Changed bool // some total is another one now
	// Late: it belongs to a window that is over and closed, or to the time before the meter
	// was first used; of several windows, to such a one of the longest kind. Totals change,
	// but no moment fires for what has passed.
	Late    bool
	Problem string // why nothing was counted, in plain words; empty when it was

	late uint16 // the same for each of the meter's windows, a bit each
}

// LateFor is Late for the windows of one period.
func (r Result) LateFor(def *catalog.Meter, per catalog.Period) bool {
	for i, w := range def.Windows() {
		if w.Per == per {
			return r.late&(1<<i) != 0
		}
	}
	return r.Late
}

// Apply counts record r, whose type def counts. cal says where the account's windows begin
// and now is state time; an event from the future counts as of now. A meter that takes
// events in any split and with any reading in between ends the same.
func Apply(u *Usage, def *catalog.Meter, r *event.Record, cal subscription.Calendar, now clock.Time) Result {
	if def.FedByConsume {
		return Result{Problem: "meter " + def.Key + " is fed by consume, so events do not count"}
	}
	if len(def.Where) > 0 && !catalog.Passes(def.Where, r) {
		return Result{}
	}
	var ch change
	if problem := ch.read(def, r, now); problem != "" {
		return Result{Problem: problem}
	}
	return u.apply(def, &ch, cal, now)
}

// apply counts ch in the life and in all windows of def.
func (u *Usage) apply(def *catalog.Meter, ch *change, cal subscription.Calendar, now clock.Time) Result {
	changed, problem := u.life.add(def, ch)
	if problem != "" {
		return Result{Problem: problem}
	}
	res := Result{Changed: changed}
	windows := def.Windows()
	if len(u.series) > len(windows) {
		u.prune(windows)
	}
	for i := range windows {
		late, changed := u.in(i, windows[i]).apply(def, ch, cal, now)
		if late {
			res.late |= 1 << i
		}
		res.Changed = res.Changed || changed
	}
	res.Late = res.late&1 != 0
	return res
}

// Consume adds q (positive) to a meter that is fed by consume; the caller has made sure
// that the limit allows it.
func Consume(u *Usage, def *catalog.Meter, q quantity.Quantity, cal subscription.Calendar, now clock.Time) {
	u.apply(def, &change{amount: q, at: now}, cal, now)
}

// Release gives q (positive) back, to the life's total and to the windows of now, never
// more than there is in each; a rolling window gives its newest back first. It returns what
// the life's total went down by.
func Release(u *Usage, def *catalog.Meter, q quantity.Quantity, cal subscription.Calendar, now clock.Time) quantity.Quantity {
	back := min(q, max(u.life.value, 0))
	u.life.value -= back
	for i, w := range def.Windows() {
		s := u.in(i, w)
		if w.Kind == catalog.Rolling {
			left := q
			for n := len(s.spans) - 1; n >= 0 && left > 0; n-- {
				part := min(left, max(s.spans[n].value, 0))
				s.spans[n].value -= part
				left -= part
			}
			continue
		}
		if n, ok := s.find(s.periodOf(cal, now).Start); ok {
			m := &s.spans[n]
			m.value -= min(q, max(m.value, 0))
		}
	}
	return back
}

// Reading is the usage of a meter in one period.
type Reading struct {
	// Period is the window that now lies in: the time before now for a rolling one, and
	// unset for the account's life.
	subscription.Period
	Value quantity.Quantity // may be below zero inside, where a removal came before its addition
	Late  quantity.Quantity // part of Value that came from events of earlier, closed windows
	// ResetsAt is when Value next falls by itself: the end of the window, or when the oldest
	// usage of a rolling one drops out; unset when it does not.
	ResetsAt clock.Time
	// Approximate: Value is an estimate with a relative standard error of StandardError.
	Approximate bool
}

// Read returns the usage at now that an allowance per period is compared with. A window is
// that of the calendar, except after the anchor or the time zone has moved: one that has
// usage is kept to its end, and the next runs from there to the new beginning (or, when that
// is next to nothing away, to the one after), so that windows never overlap. u may be nil.
func Read(u *Usage, def *catalog.Meter, per catalog.Period, cal subscription.Calendar, now clock.Time) Reading {
	w, ok := window(def, per)
	if !ok {
		if u == nil {
			return Reading{}
		}
		return Reading{Value: u.life.value, Approximate: u.life.approximate()}
	}
	var s *series
	if u != nil {
		s = u.seriesOf(w)
	}
	switch {
	case w.Kind == catalog.Rolling:
		return s.rolling(def, w, now)
	case s == nil:
		p := cal.Of(w.Kind, now)
		return Reading{Period: p, ResetsAt: p.End}
	}
	p := s.periodOf(cal, now)
	out := Reading{Period: p, ResetsAt: p.End}
	if i, ok := s.find(p.Start); ok {
		m := &s.spans[i]
		out.Value, out.Late, out.Approximate = m.value, m.late, m.approximate()
	}
	return out
}

// Value returns the Value of Read, never below zero.
func Value(u *Usage, def *catalog.Meter, per catalog.Period, cal subscription.Calendar, now clock.Time) quantity.Quantity {
	if u == nil {
		return 0
	}
	w, ok := window(def, per)
	if !ok {
		return max(u.life.value, 0)
	}
	s := u.seriesOf(w)
	if s == nil {
		return 0
	}
	if n := len(s.spans); n > 0 && w.Kind != catalog.Rolling && s.spans[n-1].Contains(now) {
		return max(s.spans[n-1].value, 0) // by far the most frequent case
	}
	return max(Read(u, def, per, cal, now).Value, 0)
}

// window returns the window of a period; false for the life, the only one of a level.
func window(def *catalog.Meter, per catalog.Period) (catalog.Window, bool) {
	if per == catalog.Lifetime || def.Aggregate == catalog.Level {
		return catalog.Window{}, false
	}
	for _, w := range def.Windows() {
		if w.Per == per {
			return w, true
		}
	}
	return catalog.WindowOf(per)
}
