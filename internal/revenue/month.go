package revenue

import (
	"fmt"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// Month is a calendar month in UTC: twelve times the year plus the month counted from 0.
// The zero Month is none.
type Month int32

// MonthOf returns the month that t falls in.
func MonthOf(t clock.Time) Month {
	y, m := civil(t.Day())
	return Month(y*12 + m)
}

// civil turns days since 1970-01-01 into year and month from 0, proleptic Gregorian. It is
// plain integer arithmetic over 400-year eras whose years begin in March, so that the leap
// day comes last; time.Time takes several times as long and this runs once a ledger line.
func civil(day int32) (year, month int32) {
	z := day + 719468 // days from 0000-03-01 to 1970-01-01
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153 // 0 is March
	year, month = yoe+era*400, mp+2
	if month > 11 {
		year, month = year+1, month-12
	}
	return year, month
}

// ParseMonth reads a month such as "2019-04".
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil || t.Year() < 1 {
		return 0, fault.New(fault.Invalid, "month_invalid", "month %q is not a month", fault.Shorten(s)).
			WithMend("write it as year and month, such as 2019-04").WithField("month", s, "not a month such as 2019-04")
	}
	return Month(t.Year()*12 + int(t.Month()) - 1), nil
}

// Start returns the first instant of m.
func (m Month) Start() clock.Time {
	return clock.At(time.Date(int(m/12), time.Month(m%12)+1, 1, 0, 0, 0, 0, time.UTC))
}

// End returns the first instant after m: what took effect before it counts in m.
func (m Month) End() clock.Time { return (m + 1).Start() }

// String returns the month as "2019-04", "" for none.
func (m Month) String() string {
	if m == 0 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", m/12, m%12+1)
}

// MarshalText writes "2019-04".
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads "2019-04" or "" (none).
func (m *Month) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*m = 0
		return nil
	}
	v, err := ParseMonth(string(b))
	*m = v
	return err
}
