package subscription

import "github.com/headroomhq/headroom/internal/clock"

// Period is a span of time: Start belongs to it, End is the first instant after it.
type Period struct {
	Start clock.Time `json:"start"`
	End   clock.Time `json:"end"`
}

// Contains says whether t lies in p.
func (p Period) Contains(t clock.Time) bool { return p.Start <= t && t < p.End }

// MonthOf returns the billing month that contains t.
func MonthOf(anchor, t clock.Time) Period { return Period{} }

// YearOf returns the billing year that contains t.
func YearOf(anchor, t clock.Time) Period { return Period{} }

// PeriodOf returns the period of the interval that contains t.
func PeriodOf(i Interval, anchor, t clock.Time) Period {
	if i == Year {
		return YearOf(anchor, t)
	}
	return MonthOf(anchor, t)
}
