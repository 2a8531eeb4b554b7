package subscription

import (
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// Calendar says where an account's windows begin: at the anchor's point of the hour, day,
// week, month or year, by the clock on the wall of a time zone. The zero value gives full
// hours, midnights, Mondays, firsts of the month and of January, in UTC.
type Calendar struct {
	Anchor clock.Time
	Zone   *time.Location // nil: UTC
}

// Of returns the window of kind w (not a rolling one) that contains t. Windows of a kind leave no gap and never
// overlap. The 31st is the last day of shorter months, 29 February the 28th of other years.
// A local day has 23 or 25 hours when the clocks change; a beginning that the clocks skip
// moves forward by what they skip, one that they show twice is the first.
func (c Calendar) Of(w catalog.WindowKind, t clock.Time) Period {
	if w == catalog.Hourly {
		return c.hour(t)
	}
	if c.Zone == nil {
		switch w {
		case catalog.Monthly:
			return MonthOf(c.Anchor, t)
		case catalog.Yearly:
			return YearOf(c.Anchor, t)
		}
	}
	a := c.wall()
	n := a.number(w, c.local(t))
	start, end := c.instant(a.start(w, n)), c.instant(a.start(w, n+1))
	for start > t {
		n--
		start, end = c.instant(a.start(w, n)), start
	}
	for end <= t {
		n++
		start, end = end, c.instant(a.start(w, n+1))
	}
	return Period{Start: start, End: end}
}

// hour returns the hour that contains t. Where the clocks change by less than an hour, one
// is cut short there.
func (c Calendar) hour(t clock.Time) Period {
	offset := c.offset(t)
	minute := mod(c.local(c.Anchor), clock.Hour)
	if c.Anchor == 0 {
		minute = 0
	}
	start := t - mod(t+offset-minute, clock.Hour)
	p := Period{Start: start, End: start + clock.Hour}
	if c.Zone != nil {
		from, until := time.UnixMicro(int64(t)).In(c.Zone).ZoneBounds()
		if at := clock.At(from); !from.IsZero() && at > p.Start {
			p.Start = at
		}
		if at := clock.At(until); !until.IsZero() && at < p.End {
			p.End = at
		}
	}
	return p
}

// wall is the anchor as the local calendar and clock show it.
type wall struct {
	month, day int64
	weekday    int64      // days since a Monday
	clock      clock.Time // since midnight
}

func (c Calendar) wall() wall {
	if c.Anchor == 0 {
		return wall{month: 1, day: 1}
	}
	local := c.local(c.Anchor)
	_, m, d := civil(local.Day())
	return wall{m, d, weekdayOf(int64(local.Day())), local - clock.Time(local.Day())*clock.Day}
}

// weekdayOf returns the days since a Monday, 0 to 6; 1970-01-01 was a Thursday.
func weekdayOf(day int64) int64 { return day + 3 - 7*floorDiv(day+3, 7) }

// number returns which window of its kind a local time lies in or, when it is before the
// anchor's point, just after: days, weeks, months or years since the beginning of time.
func (a wall) number(w catalog.WindowKind, local clock.Time) int64 {
	day := int64(local.Day())
	switch w {
	case catalog.Daily:
		return day
	case catalog.Weekly:
		return floorDiv(day+3-a.weekday, 7)
	case catalog.Yearly:
		y, _, _ := civil(local.Day())
		return y
	}
	y, m, _ := civil(local.Day())
	return y*12 + m - 1
}

// start returns the local time at which window number n begins.
func (a wall) start(w catalog.WindowKind, n int64) clock.Time {
	switch w {
	case catalog.Daily:
		return clock.Time(n)*clock.Day + a.clock
	case catalog.Weekly:
		return clock.Time(7*n-3+a.weekday)*clock.Day + a.clock
	case catalog.Yearly:
		return boundary(n, a.month, a.day, a.clock)
	}
	y := floorDiv(n, 12)
	return boundary(y, n-12*y+1, a.day, a.clock)
}

// local returns t as the clocks of the zone show it, written as if it were UTC.
func (c Calendar) local(t clock.Time) clock.Time { return t + c.offset(t) }

// offset returns how far the zone is ahead of UTC at t.
func (c Calendar) offset(t clock.Time) clock.Time {
	if c.Zone == nil {
		return 0
	}
	_, seconds := time.UnixMicro(int64(t)).In(c.Zone).Zone()
	return clock.Time(seconds) * clock.Second
}

// instant returns when the clocks of the zone show local: the first time where they do so
// twice; where they skip it, as much later as they skip.
func (c Calendar) instant(local clock.Time) clock.Time {
	if c.Zone == nil {
		return local
	}
	// Offsets a day before and after are those of the two sides of a change.
	before, after := c.offset(local-clock.Day), c.offset(local+clock.Day)
	for _, t := range [2]clock.Time{local - max(before, after), local - min(before, after)} {
		if c.local(t) == local {
			return t
		}
	}
	return local - before
}

// mod is the remainder that is never below zero.
func mod(t, n clock.Time) clock.Time {
	if t %= n; t < 0 {
		t += n
	}
	return t
}
