package meter

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Void takes back what record r did when it was counted; r is the record as it came in, with
// its own ReceivedAt, and now is state time. The windows it was counted in become what they
// would be without it. Of windows that are closed since, sums and counts give it back in the
// window of now, as an adjustment (Result.Late); the others stay as they were closed.
//
// Where that cannot be exact Problem says so and nothing changes: for members beyond
// MaxExact, for the newest or best values once 8 newer or better ones are voided, for what
// was never counted. A record that had counted nothing changes nothing.
func Void(u *Usage, def *catalog.Meter, r *event.Record, cal subscription.Calendar, now clock.Time) Result {
	if def.FedByConsume {
		return Result{Problem: "meter " + def.Key + " is fed by consume, so there is no event to void"}
	}
	then := r.ReceivedAt
	if then == 0 || then > now {
		then = now
	}
	var ch change
	if !catalog.Passes(def.Where, r) || ch.read(def, r, then) != "" {
		return Result{}
	}
	if !u.life.take(def, &ch, true) {
		return Result{Problem: cannot(def, &u.life)}
	}
	windows := def.Windows()
	found := make([]source, len(windows))
	for i, w := range windows {
		if s := u.seriesOf(w); s != nil {
			found[i] = s.source(def, &ch, then, cal, now)
		}
		if m := found[i].span; m != nil && !m.take(def, &ch, true) {
			return Result{Problem: cannot(def, &m.cell)}
		}
	}
	before := u.life.value
	u.life.take(def, &ch, false)
	res := Result{Changed: u.life.value != before}
	for i, w := range windows {
		switch at := found[i]; {
		case at.span != nil:
			before := at.span.value
			at.span.take(def, &ch, false)
			if at.late {
				at.span.late += at.span.value - before
			}
			res.Changed = res.Changed || at.span.value != before
		case at.over && adds(def):
			s := u.seriesOf(w)
			m := s.open(s.periodOf(cal, now))
			m.take(def, &ch, false)
			m.late = m.late.Add(-ch.amount)
			res.late |= 1 << i
		}
	}
	res.Late = res.late&1 != 0
	return res
}

// Same says that record r, which replaces old, says the same to def in everything, the time
// included, so that what old counted can stay as it is. It matters to levels that are set and
// to latest: of events of one time the one that comes in later counts last there, and a
// repetition is not to overtake those that came in after what it repeats. For all other
// aggregates, where no order matters, it is false.
func Same(def *catalog.Meter, old, r *event.Record) bool {
	ordered := def.Aggregate == catalog.Latest || def.Aggregate == catalog.Level && def.Set != ""
	if !ordered || !catalog.Passes(def.Where, old) || !catalog.Passes(def.Where, r) {
		return false
	}
	var before, after change
	if before.read(def, old, old.ReceivedAt) != "" || after.read(def, r, r.ReceivedAt) != "" {
		return false
	}
	return before.entry() == after.entry()
}

// Import adds usage of a time before all windows that are open, which is known as a total
// only: to the account's life, not to its parts. def is a sum or a count.
func Import(u *Usage, q quantity.Quantity) { u.life.value = u.life.value.Add(q) }

// cannot says why an event cannot be voided.
func cannot(def *catalog.Meter, c *cell) string {
	switch {
	case c.approximate():
		return "meter " + def.Key + " counts more members than it keeps, so none of them can be taken out"
	case def.Aggregate == catalog.Unique:
		return "meter " + def.Key + " does not know the member of this event, so it was not counted or is voided already"
	}
	return "meter " + def.Key + " keeps the last 8 values of a period, and without this event it cannot tell what the value is"
}

// adds says whether usage of def is a sum, so that what is taken back can stand in another window.
func adds(def *catalog.Meter) bool {
	return def.Aggregate == catalog.Count || def.Aggregate == catalog.Sum
}

// source is where an event was counted.
type source struct {
	span *span // nil: nowhere that is still open
	late bool  // as an adjustment
	over bool  // in a window that is closed since
}

// source finds the window in which a record that came in at then was counted.
func (s *series) source(def *catalog.Meter, ch *change, then clock.Time, cal subscription.Calendar, now clock.Time) source {
	own := s.at(ch.at, now)
	if s.kind == catalog.Rolling {
		return source{span: own}
	}
	if s.since == 0 || then < s.since && ch.at < s.since && own == nil {
		return source{} // the catalog asks for these windows since later
	}
	p := cal.Of(s.kind, ch.at)
	if own != nil {
		p = own.Period
	}
	switch inTime := then < p.End+Grace; {
	case own != nil && (inTime || own.Start < s.since):
		return source{span: own}
	case inTime:
		return source{over: true}
	}
	at := source{span: s.at(then, now), late: true}
	if at.span == nil {
		return source{over: true}
	}
	// A late highest, lowest or latest is none of the window it came in in; a member may
	// have been in a window of its own, before the first use.
	if !adds(def) && (def.Aggregate != catalog.Unique || !at.span.take(def, ch, true)) {
		return source{}
	}
	return at
}

// at returns the window that t lies in if it is still open; one that is over may not have
// been taken away yet.
func (s *series) at(t, now clock.Time) *span {
	for i := len(s.spans) - 1; i >= 0; i-- {
		if m := &s.spans[i]; m.Contains(t) && (s.kind == catalog.Rolling || s.closesAt(m) > now) {
			return m
		}
	}
	return nil
}

// take takes ch back; false when what is left cannot be told. With try it only says so.
func (c *cell) take(def *catalog.Meter, ch *change, try bool) bool {
	m := c.more
	if m == nil {
		m = &more{}
	}
	switch def.Aggregate {
	case catalog.Max, catalog.Min:
		if m.extremes == nil || !m.extremes.remove(ch.amount, def.Aggregate == catalog.Min, try) {
			return false
		}
		c.value = m.extremes.best()
	case catalog.Unique:
		if m.members == nil || !m.members.remove(ch.member, try) {
			return false
		}
		c.value = m.members.quantity()
	case catalog.Level, catalog.Latest:
		if def.Aggregate == catalog.Latest || def.Set != "" {
			if m.journal == nil || !m.journal.remove(ch.entry(), try) {
				return false
			}
			c.value = m.journal.value()
			break
		}
		fallthrough
	default:
		if !try {
			c.value = c.value.Add(-ch.amount)
		}
	}
	if len(def.By) > 0 && !try {
		g := c.extra()
		if g.groups == nil {
			g.groups = &groups{}
		}
		g.groups.add(ch.group.bytes(), -ch.amount)
	}
	return true
}
