package subscription

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/clock"
)

// at reads a day or an instant, for tables.
func at(t testing.TB, s string) clock.Time {
	t.Helper()
	if s == "" {
		return 0
	}
	v, err := clock.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestBillingMonthsFollowTheAnchorsDayAndTime(t *testing.T) {
	for _, c := range []struct{ name, anchor, instant, start, end string }{
		{"the anchor itself begins a month", "2026-01-15T09:30:00Z", "2026-01-15T09:30:00Z", "2026-01-15T09:30:00Z", "2026-02-15T09:30:00Z"},
		{"the instant before a boundary is in the month before", "2026-01-15T09:30:00Z", "2026-02-15T09:29:59.999999Z", "2026-01-15T09:30:00Z", "2026-02-15T09:30:00Z"},
		{"the 31st gives way in February", "2026-01-31", "2026-02-10", "2026-01-31", "2026-02-28"},
		{"and comes back in March", "2026-01-31", "2026-03-01", "2026-02-28", "2026-03-31"},
		{"a leap year's February has its 29th", "2024-01-31", "2024-03-01", "2024-02-29", "2024-03-31"},
		{"the 30th keeps to the 30th after February", "2026-01-30", "2026-03-30", "2026-03-30", "2026-04-30"},
		{"a month before the anchor", "2026-05-31", "2025-02-15", "2025-01-31", "2025-02-28"},
		{"over the turn of the year", "2026-01-15", "2026-12-31", "2026-12-15", "2027-01-15"},
		{"before 1970", "2026-01-15", "1969-12-20", "1969-12-15", "1970-01-15"},
		{"no anchor gives calendar months", "", "2026-02-14T12:00:00Z", "2026-02-01", "2026-03-01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := Period{at(t, c.start), at(t, c.end)}
			if got := MonthOf(at(t, c.anchor), at(t, c.instant)); got != want {
				t.Errorf("MonthOf(%s, %s) = %s to %s, want %s to %s", c.anchor, c.instant, got.Start, got.End, c.start, c.end)
			}
		})
	}
}

func TestBillingYearsFollowTheAnchor(t *testing.T) {
	for _, c := range []struct{ name, anchor, instant, start, end string }{
		{"an ordinary year", "2026-03-15", "2026-12-01", "2026-03-15", "2027-03-15"},
		{"29 February is the 28th in other years", "2024-02-29", "2025-06-01", "2025-02-28", "2026-02-28"},
		{"and the 29th again four years on", "2024-02-29", "2028-03-01", "2028-02-29", "2029-02-28"},
		{"a year before the anchor", "2026-03-15", "2025-01-01", "2024-03-15", "2025-03-15"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := Period{at(t, c.start), at(t, c.end)}
			if got := YearOf(at(t, c.anchor), at(t, c.instant)); got != want {
				t.Errorf("YearOf(%s, %s) = %s to %s, want %s to %s", c.anchor, c.instant, got.Start, got.End, c.start, c.end)
			}
		})
	}
}

// anInstant draws instants from the year 1600 to 2400, often at the edge of a day.
func anInstant(t *rapid.T, label string) clock.Time {
	day := clock.Time(rapid.Int64Range(-135_140, 157_054).Draw(t, label+" day"))
	return day*clock.Day + clock.Time(rapid.OneOf(
		rapid.SampledFrom([]int64{0, 1, int64(clock.Day) - 1}),
		rapid.Int64Range(0, int64(clock.Day)-1)).Draw(t, label+" time of day"))
}

func TestPeriodsContainTheirInstantAndTileTimeWithoutGapOrOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		anchor, x := anInstant(t, "anchor"), anInstant(t, "instant")
		for _, i := range []Interval{Month, Year} {
			p := PeriodOf(i, anchor, x)
			if !p.Contains(x) {
				t.Fatalf("%s: %v does not contain %s", i, p, x)
			}
			if next := PeriodOf(i, anchor, p.End); next.Start != p.End {
				t.Fatalf("%s: after %s to %s comes %s", i, p.Start, p.End, next.Start)
			}
			if before := PeriodOf(i, anchor, p.Start-1); before.End != p.Start {
				t.Fatalf("%s: before %s to %s ends at %s", i, p.Start, p.End, before.End)
			}
			for _, y := range []clock.Time{p.Start, p.End - 1, p.Start + (p.End-p.Start)/2} {
				if q := PeriodOf(i, anchor, y); q != p {
					t.Fatalf("%s: %s lies in %v, but in the same period %s gives %v", i, x, p, y, q)
				}
			}
		}
	})
}

func TestAPeriodBeginsOnTheAnchorsDayOrTheMonthsLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		anchor, x := anInstant(t, "anchor"), anInstant(t, "instant")
		a := time.UnixMicro(int64(anchor)).UTC()
		s := time.UnixMicro(int64(MonthOf(anchor, x).Start)).UTC()
		last := time.Date(s.Year(), s.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
		if s.Day() != min(a.Day(), last) {
			t.Fatalf("anchor %s: a month begins on %s", a, s)
		}
		if s.Sub(s.Truncate(24*time.Hour)) != a.Sub(a.Truncate(24*time.Hour)) {
			t.Fatalf("anchor %s: a month begins at %s", a, s)
		}
	})
}

func TestCivilDaysAgreeWithTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.Int32Range(-3_000_000, 3_000_000).Draw(t, "day")
		y, m, d := civil(day)
		want := time.Unix(int64(day)*86_400, 0).UTC()
		if int(y) != want.Year() || int(m) != int(want.Month()) || int(d) != want.Day() {
			t.Fatalf("day %d is %d-%d-%d, want %s", day, y, m, d, want)
		}
		if back := days(y, m, d); back != int64(day) {
			t.Fatalf("%d-%d-%d is day %d, want %d", y, m, d, back, day)
		}
	})
}
