package meter

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Grace is how long after its end a month still takes its own late events.
const Grace = clock.Hour

// maxPast bounds how many months from before the first use are open at once: 20 years.
const maxPast = 240

// Usage is the state of one meter of one account. The zero value is nothing used yet. Only
// months with usage are kept, until they are closed.
type Usage struct {
	total quantity.Quantity // of the account's life; unique counts its members instead
	// since is the start of the month the meter was first used in. A month from then on is
	// closed an hour after its end, used or not.
	since clock.Time
	// until is the end of the last month begun: the next begins there or later, whatever
	// becomes of the anchor.
	until clock.Time
	// closed is the end of the last month that Close took away: an anchor that has moved
	// since must not make another month of that time.
	closed clock.Time
	// pastDue is when the months before since are closed: an hour after the last event
	// that belonged to one of them.
	pastDue clock.Time
	months  []Month // by start, none overlapping
	members Set     // of the account's life
}

// Month is the usage of one billing month.
type Month struct {
	subscription.Period
	Value quantity.Quantity
	Late  quantity.Quantity // part of Value that came from events of earlier, closed months

	members Set
}

// Closed is the usage of a month that is over.
type Closed struct {
	subscription.Period
	Value quantity.Quantity // may be below zero where corrections outweigh the rest
	Late  quantity.Quantity
}

// Close removes the months that are over for good at now (an hour after their end) and
// returns those that had usage, oldest first.
func Close(u *Usage, now clock.Time) []Closed {
	u.settlePast(now)
	var over []Closed
	n := 0
	for ; n < len(u.months) && u.closesAt(&u.months[n]) <= now; n++ {
		if m := &u.months[n]; m.Value != 0 || m.Late != 0 {
			over = append(over, Closed{Period: m.Period, Value: m.Value, Late: m.Late})
		}
	}
	if n > 0 {
		u.closed = max(u.closed, u.months[n-1].End)
	}
	if u.months = slices.Delete(u.months, 0, n); len(u.months) == 0 {
		u.months = nil
	}
	return over
}

// NextDue returns when Close next has something to do, false when it has not.
func NextDue(u *Usage) (clock.Time, bool) {
	if len(u.months) == 0 {
		return 0, false
	}
	return u.closesAt(&u.months[0]), true
}

// MonthAt returns the month that now lies in, with its usage so far; u may be nil. It is
// the month of the anchor, except after the anchor has moved: a month that has usage is kept
// to its end, and the next runs from there to the new anchor's day (or, when that is less
// than a day away, to the one after), so that months never overlap.
func MonthAt(u *Usage, anchor, now clock.Time) Month {
	if u == nil {
		return Month{Period: subscription.MonthOf(anchor, now)}
	}
	p := u.periodOf(anchor, now)
	if i, ok := u.find(p.Start); ok {
		m := u.months[i]
		m.members = nil
		return m
	}
	return Month{Period: p}
}

// add counts v at the time at.
func (u *Usage) add(v quantity.Quantity, at, anchor, now clock.Time) Result {
	u.total = u.total.Add(v)
	m, late := u.monthFor(at, anchor, now)
	m.add(v, at)
	return Result{Changed: v != 0, Late: late}
}

// add counts v, which happened at the time at: outside of m when m only takes it in as an
// adjustment for a closed month.
func (m *Month) add(v quantity.Quantity, at clock.Time) {
	m.Value = m.Value.Add(v)
	if !m.Contains(at) {
		m.Late = m.Late.Add(v)
	}
}

// monthFor returns the month in which something that happened at the time at is counted,
// and whether that time is over: its own month while it is open; the month of now as an
// adjustment once it is closed; and, before the meter was first used, a month of its own
// that is open as long as such events keep coming in.
func (u *Usage) monthFor(at, anchor, now clock.Time) (m *Month, late bool) {
	if n := len(u.months); n > 0 && u.pastDue == 0 {
		if m := &u.months[n-1]; m.Contains(at) && now < m.End+Grace {
			return m, false // by far the most frequent case
		}
	}
	if u.since == 0 {
		u.since = subscription.MonthOf(anchor, now).Start
		u.until = u.since
	}
	u.settlePast(now)
	p := u.periodOf(anchor, at)
	switch {
	case at >= u.since && p.End+Grace > now:
		return u.open(p), false
	case at < u.since && (len(u.months) < maxPast || u.months[0].Start <= at):
		u.pastDue = now + Grace
		return u.open(p), true
	}
	return u.open(u.periodOf(anchor, now)), true
}

// settlePast moves since to before the past months once they are due, so that what still
// comes in for them is late like anything else.
func (u *Usage) settlePast(now clock.Time) {
	if u.pastDue == 0 || u.pastDue > now {
		return
	}
	u.pastDue = 0
	u.since = min(u.since, u.months[0].Start)
}

// closesAt returns when m is over for good.
func (u *Usage) closesAt(m *Month) clock.Time {
	if m.Start < u.since {
		return u.pastDue
	}
	return m.End + Grace
}

// periodOf returns the month that t lies in, never overlapping another one.
func (u *Usage) periodOf(anchor, t clock.Time) subscription.Period {
	if n := len(u.months); n > 0 && u.months[n-1].Contains(t) {
		return u.months[n-1].Period
	}
	p := subscription.MonthOf(anchor, t)
	if u.since == 0 {
		return p
	}
	if t >= u.until {
		if p.Start < u.until {
			p.Start = u.until
			if p.End-p.Start < clock.Day {
				p.End = subscription.MonthOf(anchor, p.End).End
			}
		} else if p.Start-u.until < clock.Day {
			p.Start = u.until
		}
		return p
	}
	p.End = min(p.End, u.until)
	if t >= u.since {
		p.Start = max(p.Start, u.since)
	} else {
		p.End = min(p.End, u.since)
	}
	if t < u.closed {
		p.End = min(p.End, u.closed)
	} else {
		p.Start = max(p.Start, u.closed)
	}
	for i := range u.months {
		switch m := &u.months[i]; {
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

// find returns where the month that begins at start is, or would be.
func (u *Usage) find(start clock.Time) (int, bool) {
	return slices.BinarySearchFunc(u.months, start, func(m Month, s clock.Time) int {
		switch {
		case m.Start < s:
			return -1
		case m.Start > s:
			return 1
		}
		return 0
	})
}

// open returns the month p, begun when it was not there.
func (u *Usage) open(p subscription.Period) *Month {
	i, ok := u.find(p.Start)
	if !ok {
		u.months = slices.Insert(u.months, i, Month{Period: p})
		u.until = max(u.until, p.End)
	}
	return &u.months[i]
}

// Set holds 64-bit hashes, sorted: exact, at 8 bytes a member in memory and 11 in JSON.
type Set []uint64

// insert says whether h was not there yet.
func (s *Set) insert(h uint64) bool {
	i, there := slices.BinarySearch(*s, h)
	if !there {
		*s = slices.Insert(*s, i, h)
	}
	return !there
}

// text writes the members as base64, 8 bytes each.
func (s *Set) text() string {
	b := make([]byte, 0, 8*len(*s))
	for _, h := range *s {
		b = binary.BigEndian.AppendUint64(b, h)
	}
	return base64.RawStdEncoding.EncodeToString(b)
}

// setFrom reads what text wrote.
func setFrom(text string) (Set, error) {
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("members of a meter: %w", err)
	}
	if len(b)%8 != 0 {
		return nil, fmt.Errorf("members of a meter: %d bytes are not a list of 8-byte hashes", len(b))
	}
	var s Set
	for ; len(b) > 0; b = b[8:] {
		s = append(s, binary.BigEndian.Uint64(b))
	}
	return s, nil
}

// stored is Usage in JSON: times in microseconds and quantities in millionths, because
// hundreds of thousands of these are read at every start.
type stored struct {
	Total   int64         `json:"t,omitempty"`
	Since   int64         `json:"s,omitempty"`
	Until   int64         `json:"u,omitempty"`
	Closed  int64         `json:"c,omitempty"`
	PastDue int64         `json:"p,omitempty"`
	Months  []storedMonth `json:"m,omitempty"`
	Members string        `json:"h,omitempty"`
}

type storedMonth struct {
	Start   int64  `json:"s"`
	End     int64  `json:"e"`
	Value   int64  `json:"v,omitempty"`
	Late    int64  `json:"l,omitempty"`
	Members string `json:"h,omitempty"`
}

// MarshalJSON writes u compactly: the same bytes for the same state.
func (u *Usage) MarshalJSON() ([]byte, error) {
	s := stored{int64(u.total), int64(u.since), int64(u.until), int64(u.closed), int64(u.pastDue), nil, u.members.text()}
	for i := range u.months {
		m := &u.months[i]
		s.Months = append(s.Months, storedMonth{int64(m.Start), int64(m.End), int64(m.Value), int64(m.Late), m.members.text()})
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (u *Usage) UnmarshalJSON(text []byte) error {
	var s stored
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	members, err := setFrom(s.Members)
	if err != nil {
		return err
	}
	*u = Usage{quantity.Quantity(s.Total), clock.Time(s.Since), clock.Time(s.Until), clock.Time(s.Closed), clock.Time(s.PastDue), nil, members}
	for _, m := range s.Months {
		if members, err = setFrom(m.Members); err != nil {
			return err
		}
		p := subscription.Period{Start: clock.Time(m.Start), End: clock.Time(m.End)}
		u.months = append(u.months, Month{p, quantity.Quantity(m.Value), quantity.Quantity(m.Late), members})
	}
	return nil
}
