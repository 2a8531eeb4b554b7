package meter

import (
	"encoding/json"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Usage is the state of one meter of one account. The zero value is nothing used yet. It is
// not safe for concurrent use.
type Usage struct {
	life   cell
	series []series // a kind of window each; in the order of the meter's, mostly

	over []outsideKey // windows that have rows outside and are over, since the last Spill
}

// cell is the usage of a window, or of the account's life.
type cell struct {
	value quantity.Quantity
	late  quantity.Quantity // part of value that came from events of earlier, closed windows
	more  *more             // what an aggregate needs besides
}

// more is what some aggregates keep of a window.
type more struct {
	members  *members  // unique
	extremes *extremes // max, min
	journal  *journal  // latest, and levels that are set
	groups   *groups   // the parts
}

func (c *cell) extra() *more {
	if c.more == nil {
		c.more = &more{}
	}
	return c.more
}

// add counts ch and says whether the value is another one now, or what is wrong with it.
func (c *cell) add(def *catalog.Meter, ch *change) (changed bool, problem string) {
	before := c.value
	switch def.Aggregate {
	case catalog.Max, catalog.Min:
		m := c.extra()
		if m.extremes == nil {
			m.extremes = &extremes{}
		}
		m.extremes.add(ch.amount, def.Aggregate == catalog.Min)
		c.value = m.extremes.best()
	case catalog.Unique:
		m := c.extra()
		if m.members == nil {
			m.members = &members{}
		}
		m.members.add(ch.member)
		c.value = m.members.quantity()
	case catalog.Latest:
		c.write(ch)
	case catalog.Level:
		if def.Set == "" {
			c.value = c.value.Add(ch.amount)
			break
		}
		if !c.write(ch) {
			return false, "the level was set for " + ch.at.String() + ", and too many changes of a later time had come in before to tell what it is now"
		}
	default:
		c.value = c.value.Add(ch.amount)
	}
	if len(def.By) > 0 {
		m := c.extra()
		if m.groups == nil {
			m.groups = &groups{}
		}
		m.groups.add(ch.group.bytes(), ch.amount)
	}
	return c.value != before, ""
}

// write puts ch into the journal.
func (c *cell) write(ch *change) bool {
	m := c.extra()
	if m.journal == nil {
		m.journal = &journal{}
	}
	ok := m.journal.add(ch.entry())
	c.value = m.journal.value()
	return ok
}

func (ch *change) entry() entry { return entry{ch.at, ch.amount, ch.moves} }

// approximate says whether value is an estimate.
func (c *cell) approximate() bool {
	return c.more != nil && c.more.members != nil && c.more.members.estimated()
}

// series are the windows of one kind.
type series struct {
	kind  catalog.WindowKind
	width clock.Time // of rolling ones
	// since is the start of the window the meter was first used in. A window from then on
	// is closed an hour after its end, used or not.
	since clock.Time
	// until is the end of the last window begun: the next begins there or later, whatever
	// becomes of the anchor.
	until clock.Time
	// closed is the end of the last window that Close took away: an anchor that has moved
	// since must not make another window of that time.
	closed clock.Time
	// pastDue is when the windows before since are closed: an hour (and up to ten minutes) after the last event
	// that belonged to one of them.
	pastDue clock.Time
	spans   []span // by start, none overlapping; only those with usage
}

// span is an open window, or a step of a rolling one.
type span struct {
	subscription.Period
	cell
}

// in returns the series of def's window i, made when it is not there.
func (u *Usage) in(i int, w catalog.Window) *series {
	if i < len(u.series) {
		if s := &u.series[i]; s.kind == w.Kind && s.width == w.Width {
			return s
		}
	}
	if s := u.seriesOf(w); s != nil {
		return s
	}
	u.series = append(u.series, series{kind: w.Kind, width: w.Width})
	return &u.series[len(u.series)-1]
}

// seriesOf returns the series of a window, nil when there is none.
func (u *Usage) seriesOf(w catalog.Window) *series {
	for i := range u.series {
		if s := &u.series[i]; s.kind == w.Kind && s.width == w.Width {
			return s
		}
	}
	return nil
}

// prune drops series that are no longer asked for, once nothing of them is open.
func (u *Usage) prune(windows []catalog.Window) {
	u.series = slices.DeleteFunc(u.series, func(s series) bool {
		asked := slices.ContainsFunc(windows, func(w catalog.Window) bool { return s.kind == w.Kind && s.width == w.Width })
		return !asked && (s.kind == catalog.Rolling || len(s.spans) == 0)
	})
}

// Closed is the usage of a window that is over.
type Closed struct {
	subscription.Period
	Per   catalog.Period
	Value quantity.Quantity // may be below zero where corrections outweigh the rest
	Late  quantity.Quantity
	// Approximate: Value is an estimate with a relative standard error of StandardError.
	Approximate bool
}

// Close removes the windows that are over for good at now (an hour after their end) and
// returns those that had usage, by kind, oldest first.
func Close(u *Usage, now clock.Time) []Closed {
	var over []Closed
	for i := range u.series {
		s := &u.series[i]
		if s.kind == catalog.Rolling {
			continue
		}
		s.settlePast(now)
		n := 0
		for ; n < len(s.spans) && s.closesAt(&s.spans[n]) <= now; n++ {
			m := &s.spans[n]
			if m.value != 0 || m.late != 0 {
				over = append(over, Closed{m.Period, catalog.PeriodOf(s.kind, 0), m.value, m.late, m.approximate()})
			}
			u.forget(s, m)
		}
		if n > 0 {
			s.closed = max(s.closed, s.spans[n-1].End)
		}
		if s.spans = slices.Delete(s.spans, 0, n); len(s.spans) == 0 {
			s.spans = nil
		}
	}
	return over
}

// MarshalJSON writes the usage for people, such as those who compare a replay with what is
// stored; nothing reads it again.
func (u Usage) MarshalJSON() ([]byte, error) {
	type window struct {
		Per   catalog.Period    `json:"per"`
		Start clock.Time        `json:"start"`
		End   clock.Time        `json:"end"`
		Value quantity.Quantity `json:"value"`
		Late  quantity.Quantity `json:"late,omitempty"`
	}
	out := struct {
		Life    quantity.Quantity `json:"life"`
		Windows []window          `json:"windows,omitempty"`
	}{Life: u.life.value}
	for i := range u.series {
		s := &u.series[i]
		for j := range s.spans {
			m := &s.spans[j]
			out.Windows = append(out.Windows, window{catalog.PeriodOf(s.kind, s.width), m.Start, m.End, m.value, m.late})
		}
	}
	return json.Marshal(out)
}

// NextDue returns when Close next has something to do, false when it has not.
func NextDue(u *Usage) (clock.Time, bool) {
	var due clock.Time
	for i := range u.series {
		s := &u.series[i]
		if s.kind == catalog.Rolling || len(s.spans) == 0 {
			continue
		}
		if t := s.closesAt(&s.spans[0]); due == 0 || t < due {
			due = t
		}
	}
	return due, due != 0
}
