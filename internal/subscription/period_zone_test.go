package subscription

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := clock.Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestWindowsBeginAtTheAnchorByTheLocalClock(t *testing.T) {
	for _, c := range []struct {
		name, zone, anchor string
		window             catalog.WindowKind
		at, start, end     string
	}{
		{"a full hour", "", "", catalog.Hourly, "2026-03-10T12:34:56Z", "2026-03-10T12:00:00Z", "2026-03-10T13:00:00Z"},
		{"an hour from the anchor's minute", "", "2026-01-31T09:15:00Z", catalog.Hourly, "2026-03-10T12:14:59Z", "2026-03-10T11:15:00Z", "2026-03-10T12:15:00Z"},
		{"an hour where clocks stand at the half", "Asia/Kolkata", "", catalog.Hourly, "2026-03-10T12:34:00Z", "2026-03-10T12:30:00Z", "2026-03-10T13:30:00Z"},
		{"an hour cut short by half an hour", "Australia/Lord_Howe", "", catalog.Hourly, "2026-10-03T15:20:00Z", "2026-10-03T14:30:00Z", "2026-10-03T15:30:00Z"},
		{"and the rest of it", "Australia/Lord_Howe", "", catalog.Hourly, "2026-10-03T15:30:00Z", "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z"},
		{"a day from midnight", "", "", catalog.Daily, "2026-03-10T12:00:00Z", "2026-03-10", "2026-03-11"},
		{"a day from the anchor's time of day", "", "2026-01-31T09:15:00Z", catalog.Daily, "2026-03-10T09:14:00Z", "2026-03-09T09:15:00Z", "2026-03-10T09:15:00Z"},
		{"a local day", "America/New_York", "", catalog.Daily, "2026-01-10T04:59:00Z", "2026-01-09T05:00:00Z", "2026-01-10T05:00:00Z"},
		{"a local day of 23 hours", "America/New_York", "", catalog.Daily, "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
		{"a local day of 25 hours", "America/New_York", "", catalog.Daily, "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
		{"a beginning that the clocks skip moves forward", "America/New_York", "2026-01-05T07:30:00Z", catalog.Daily, "2026-03-08T12:00:00Z", "2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z"},
		{"a beginning that they show twice is the first", "America/New_York", "2026-01-05T06:30:00Z", catalog.Daily, "2026-11-01T06:00:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"},
		{"midnight itself skipped", "America/Santiago", "", catalog.Daily, "2026-09-06T12:00:00Z", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
		{"a whole day skipped", "Pacific/Apia", "", catalog.Daily, "2011-12-30T12:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		{"a week from Monday", "", "", catalog.Weekly, "2026-03-10T12:00:00Z", "2026-03-09", "2026-03-16"},
		{"a week from the anchor's day", "", "2026-01-31T09:00:00Z", catalog.Weekly, "2026-03-10T12:00:00Z", "2026-03-07T09:00:00Z", "2026-03-14T09:00:00Z"},
		{"a week before the anchor", "", "2026-01-31T09:00:00Z", catalog.Weekly, "2025-12-31T12:00:00Z", "2025-12-27T09:00:00Z", "2026-01-03T09:00:00Z"},
		{"a local week with a change of clocks", "Europe/Berlin", "", catalog.Weekly, "2026-03-28", "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"a month", "", "", catalog.Monthly, "2026-02-10", "2026-02-01", "2026-03-01"},
		{"the 31st in February", "", "2026-01-31T09:00:00Z", catalog.Monthly, "2026-03-01", "2026-02-28T09:00:00Z", "2026-03-31T09:00:00Z"},
		{"a local month", "Europe/Berlin", "", catalog.Monthly, "2026-03-31T21:59:00Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"},
		{"a local month begins a day later in UTC", "Europe/Berlin", "", catalog.Monthly, "2026-03-31T22:00:00Z", "2026-03-31T22:00:00Z", "2026-04-30T22:00:00Z"},
		{"the local 31st", "America/New_York", "2026-02-01T03:00:00Z", catalog.Monthly, "2026-03-01T12:00:00Z", "2026-03-01T03:00:00Z", "2026-04-01T02:00:00Z"},
		{"a year", "", "", catalog.Yearly, "2026-02-10", "2026-01-01", "2027-01-01"},
		{"a year from the leap day", "", "2024-02-29T09:00:00Z", catalog.Yearly, "2026-02-28T10:00:00Z", "2026-02-28T09:00:00Z", "2027-02-28T09:00:00Z"},
		{"a local year", "Asia/Tokyo", "", catalog.Yearly, "2026-12-31T15:00:00Z", "2026-12-31T15:00:00Z", "2027-12-31T15:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cal := Calendar{Anchor: at(t, c.anchor), Zone: zone(t, c.zone)}
			if p := cal.Of(c.window, at(t, c.at)); p.Start != at(t, c.start) || p.End != at(t, c.end) {
				t.Errorf("%s to %s, want %s to %s", p.Start, p.End, c.start, c.end)
			}
		})
	}
}

var zones = []string{"", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Santiago", "Pacific/Apia", "Africa/Casablanca", "America/St_Johns", "Asia/Kathmandu", "Antarctica/Troll"}

func TestWindowsFillTimeWithoutGapOrOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(zones).Draw(t, "zone")
		z, err := clock.Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		cal := Calendar{Zone: z}
		if rapid.Bool().Draw(t, "anchored") {
			cal.Anchor = clock.Time(rapid.Int64Range(0, 1<<51).Draw(t, "anchor"))
		}
		w := catalog.WindowKind(rapid.IntRange(int(catalog.Hourly), int(catalog.Yearly)).Draw(t, "window"))
		when := clock.Time(rapid.Int64Range(1, 1<<51).Draw(t, "t"))
		for range 40 {
			p := cal.Of(w, when)
			if !p.Contains(when) {
				t.Fatalf("%s is not in %v", when, p)
			}
			for _, inside := range []clock.Time{p.Start, p.Start + (p.End-p.Start)/3, p.End - 1} {
				if q := cal.Of(w, inside); q != p {
					t.Fatalf("%s to %s holds %s, which says %s to %s", p.Start, p.End, inside, q.Start, q.End)
				}
			}
			if before := cal.Of(w, p.Start-1); before.End != p.Start {
				t.Fatalf("%s to %s comes before %s to %s", before.Start, before.End, p.Start, p.End)
			}
			when = p.End
		}
	})
}

func TestWithoutAZoneTheCalendarIsTheOneOfUTC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		anchor, when := clock.Time(rapid.Int64Range(0, 1<<51).Draw(t, "anchor")), clock.Time(rapid.Int64Range(0, 1<<51).Draw(t, "t"))
		for _, w := range []catalog.WindowKind{catalog.Hourly, catalog.Daily, catalog.Weekly, catalog.Monthly, catalog.Yearly} {
			// A zone without offset takes the general path.
			if a, b := (Calendar{Anchor: anchor}).Of(w, when), (Calendar{Anchor: anchor, Zone: time.UTC}).Of(w, when); a != b {
				t.Fatalf("%v and %v", a, b)
			}
		}
	})
}
