package subscription

import "github.com/headroomhq/headroom/internal/clock"

// This file is the one place that knows where a billing period begins. Periods are counted
// from the calendar, not from one another, so that an anchor on the 31st gives 31 January,
// 28 February, 31 March and never drifts to the 28th.

// Period is a span of time: Start belongs to it, End is the first instant after it.
type Period struct {
	Start clock.Time `json:"start"`
	End   clock.Time `json:"end"`
}

// Contains says whether t lies in p.
func (p Period) Contains(t clock.Time) bool { return p.Start <= t && t < p.End }

// MonthOf returns the billing month that contains t: months begin on the anchor's day of
// the month (the month's last day where it has fewer) and time of day, UTC, before the
// anchor as well as after it. The unset anchor gives calendar months.
func MonthOf(anchor, t clock.Time) Period {
	_, _, day := civil(anchor.Day())
	clockTime := anchor - clock.Time(anchor.Day())*clock.Day
	y, m, _ := civil(t.Day())
	start := boundary(y, m, day, clockTime)
	if start > t {
		y, m = monthBefore(y, m)
		return Period{Start: boundary(y, m, day, clockTime), End: start}
	}
	y, m = monthAfter(y, m)
	return Period{Start: start, End: boundary(y, m, day, clockTime)}
}

// YearOf returns the billing year that contains t: years begin on the anchor's month, day
// and time of day, UTC; 29 February is the 28th in other years. The unset anchor gives
// calendar years.
func YearOf(anchor, t clock.Time) Period {
	_, month, day := civil(anchor.Day())
	clockTime := anchor - clock.Time(anchor.Day())*clock.Day
	y, _, _ := civil(t.Day())
	start := boundary(y, month, day, clockTime)
	if start > t {
		return Period{Start: boundary(y-1, month, day, clockTime), End: start}
	}
	return Period{Start: start, End: boundary(y+1, month, day, clockTime)}
}

// PeriodOf returns the month or the year that contains t, as the interval is.
func PeriodOf(i Interval, anchor, t clock.Time) Period {
	if i == Year {
		return YearOf(anchor, t)
	}
	return MonthOf(anchor, t)
}

// boundary is the instant in a month at which a period begins.
func boundary(y, m, day int64, clockTime clock.Time) clock.Time {
	if last := daysIn(y, m); day > last {
		day = last
	}
	return clock.Time(days(y, m, day))*clock.Day + clockTime
}

func monthBefore(y, m int64) (int64, int64) {
	if m == 1 {
		return y - 1, 12
	}
	return y, m - 1
}

func monthAfter(y, m int64) (int64, int64) {
	if m == 12 {
		return y + 1, 1
	}
	return y, m + 1
}

// daysIn returns the number of days of a month of the Gregorian calendar.
func daysIn(y, m int64) int64 {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// The two conversions below are the usual arithmetic of the Gregorian calendar, with years
// that begin in March so that the leap day comes last. A meter asks for periods on every
// event, and package time takes ten times as long for the same answer.

// days returns the number of days from 1970-01-01 to the given day.
func days(y, m, d int64) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era := floorDiv(y, 400)
	yearOfEra := y - era*400
	dayOfYear := (153*(m-3)+2)/5 + d - 1
	return era*146_097 + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - 719_468
}

// civil is the inverse of days.
func civil(day int32) (y, m, d int64) {
	n := int64(day) + 719_468
	era := floorDiv(n, 146_097)
	dayOfEra := n - era*146_097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36_524 - dayOfEra/146_096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	marchMonth := (5*dayOfYear + 2) / 153
	d = dayOfYear - (153*marchMonth+2)/5 + 1
	y, m = yearOfEra+era*400, marchMonth+3
	if m > 12 {
		y, m = y+1, m-12
	}
	return y, m, d
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
