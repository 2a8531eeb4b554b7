package meter

import (
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Grace is how long after its end a window still takes its own late events.
const Grace = clock.Hour

// Steps is in how many steps a rolling window moves on.
const Steps = 48

// maxPast bounds how many windows from before the first use are open at once.
var maxPast = [...]int{catalog.Hourly: 48, catalog.Daily: 62, catalog.Weekly: 104, catalog.Monthly: 240, catalog.Yearly: 20}

// sliver is what is left between two windows, when the anchor has moved, that makes no
// window of its own.
var sliver = [...]clock.Time{catalog.Hourly: clock.Minute, catalog.Daily: clock.Hour, catalog.Weekly: clock.Day,
	catalog.Monthly: clock.Day, catalog.Yearly: clock.Day}

// apply counts ch in the window it belongs to.
func (s *series) apply(def *catalog.Meter, ch *change, cal subscription.Calendar, now clock.Time) (late, changed bool) {
	var m *span
	if s.kind == catalog.Rolling {
		if m = s.step(ch.at, now); m == nil {
			return true, false
		}
	} else if m, late = s.windowFor(ch.at, cal, now); m == nil {
		return true, false
	}
	adjustment := late && !m.Contains(ch.at)
	if adjustment && (def.Aggregate == catalog.Max || def.Aggregate == catalog.Min || def.Aggregate == catalog.Latest) {
		s.drop(m)
		return true, false // a highest of another window is none of this one
	}
	before := m.value
	changed, _ = m.add(def, ch)
	if adjustment {
		m.late = m.late.Add(m.value - before)
	}
	return late, changed
}

// drop takes a window away again that was opened for nothing.
func (s *series) drop(m *span) {
	if m.more != nil || m.value != 0 {
		return
	}
	if i, ok := s.find(m.Start); ok {
		s.spans = slices.Delete(s.spans, i, i+1)
	}
}

// pastStep is what pastDue is rounded up to, so that a stream of history does not move the
// account's timer with every event.
const pastStep = 10 * clock.Minute

// windowFor returns the window in which something that happened at the time at is counted,
// and whether that time is over: its own window while it is open; the window of now as an
// adjustment once it is closed; and, before the meter was first used, a window of its own
// that is open as long as such events keep coming in.
func (s *series) windowFor(at clock.Time, cal subscription.Calendar, now clock.Time) (m *span, late bool) {
	if n := len(s.spans); n > 0 && s.pastDue == 0 {
		if m := &s.spans[n-1]; m.Contains(at) && now < m.End+Grace {
			return m, false // by far the most frequent case
		}
	}
	if s.since == 0 {
		s.since = cal.Of(s.kind, now).Start
		s.until = s.since
	}
	s.settlePast(now)
	p := s.periodOf(cal, at)
	switch {
	case at >= s.since && p.End+Grace > now:
		return s.open(p), false
	case at < s.since && (len(s.spans) < maxPast[s.kind] || s.spans[0].Start <= at):
		s.pastDue = (now + Grace + pastStep - 1) / pastStep * pastStep
		return s.open(p), true
	}
	return s.open(s.periodOf(cal, now)), true
}

// settlePast moves since to before the past windows once they are due, so that what still
// comes in for them is late like anything else.
func (s *series) settlePast(now clock.Time) {
	if s.pastDue == 0 || s.pastDue > now {
		return
	}
	s.pastDue = 0
	s.since = min(s.since, s.spans[0].Start)
}

// closesAt returns when m is over for good.
func (s *series) closesAt(m *span) clock.Time {
	if m.Start < s.since {
		return s.pastDue
	}
	return m.End + Grace
}

// periodOf returns the window that t lies in, never overlapping another one.
func (s *series) periodOf(cal subscription.Calendar, t clock.Time) subscription.Period {
	if n := len(s.spans); n > 0 && s.spans[n-1].Contains(t) {
		return s.spans[n-1].Period
	}
	p := cal.Of(s.kind, t)
	if s.since == 0 {
		return p
	}
	least := sliver[s.kind]
	if t >= s.until {
		if p.Start < s.until {
			p.Start = s.until
			if p.End-p.Start < least {
				p.End = cal.Of(s.kind, p.End).End
			}
		} else if p.Start-s.until < least {
			p.Start = s.until
		}
		return p
	}
	p.End = min(p.End, s.until)
	if t >= s.since {
		p.Start = max(p.Start, s.since)
	} else {
		p.End = min(p.End, s.since)
	}
	if t < s.closed {
		p.End = min(p.End, s.closed)
	} else {
		p.Start = max(p.Start, s.closed)
	}
	for i := range s.spans {
		switch m := &s.spans[i]; {
		case m.Contains(t):
			return m.Period
		case m.End <= t:
			p.Start = max(p.Start, m.End)
		default:
			p.End = min(p.End, m.Start)
		}
	}
	return p
}

// find returns where the window that begins at start is, or would be.
func (s *series) find(start clock.Time) (int, bool) {
	return slices.BinarySearchFunc(s.spans, start, func(m span, start clock.Time) int {
		switch {
		case m.Start < start:
			return -1
		case m.Start > start:
			return 1
		}
		return 0
	})
}

// open returns the window p, begun when it was not there.
func (s *series) open(p subscription.Period) *span {
	i, ok := s.find(p.Start)
	if !ok {
		s.spans = slices.Insert(s.spans, i, span{Period: p})
		s.until = max(s.until, p.End)
	}
	return &s.spans[i]
}

// step returns the step of a rolling window that t lies in, nil when it has dropped out by
// now; what has dropped out is taken away.
func (s *series) step(t, now clock.Time) *span {
	size := s.width / Steps
	gone := 0
	for gone < len(s.spans) && s.spans[gone].End+s.width <= now {
		gone++
	}
	if gone > 0 {
		s.spans = slices.Delete(s.spans, 0, gone)
	}
	if n := len(s.spans); n > 0 && s.spans[n-1].Contains(t) {
		return &s.spans[n-1]
	}
	start := t - (t%size+size)%size
	if start+size+s.width <= now {
		return nil
	}
	i, ok := s.find(start)
	if !ok {
		s.spans = slices.Insert(s.spans, i, span{Period: subscription.Period{Start: start, End: start + size}})
	}
	return &s.spans[i]
}

// rolling reads a rolling window at now; s may be nil.
func (s *series) rolling(def *catalog.Meter, w catalog.Window, now clock.Time) Reading {
	out := Reading{Period: subscription.Period{Start: now - w.Width, End: now}}
	if s == nil {
		return out
	}
	first := true
	for i := range s.spans {
		m := &s.spans[i]
		if m.End+s.width <= now || m.Start > now {
			continue
		}
		switch empty := m.value == 0 && (m.more == nil || m.more.empty()); {
		case empty:
			continue
		case first, def.Aggregate == catalog.Latest,
			def.Aggregate == catalog.Max && m.value > out.Value, def.Aggregate == catalog.Min && m.value < out.Value:
			out.Value = m.value
		case def.Aggregate != catalog.Max && def.Aggregate != catalog.Min:
			out.Value = out.Value.Add(m.value)
		}
		if first {
			out.ResetsAt = m.End + s.width
		}
		first = false
	}
	return out
}

// empty says whether nothing is left of what was kept.
func (m *more) empty() bool {
	return (m.extremes == nil || len(m.extremes.values) == 0) && (m.journal == nil || len(m.journal.entries) == 0 && m.journal.folded == 0)
}
