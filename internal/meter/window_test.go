package meter

import (
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/subscription"
)

func TestUsageIsKeptForEachWindow(t *testing.T) {
	for _, c := range []struct {
		name, zone, anchor string
		per                catalog.Period
		given              []happening
		now                string
		value, late        string
		from, resets       string
	}{
		{"an hour", "", "", "hour", []happening{{"2026-03-10T12:00:00Z", "e", "", "1"}, {"2026-03-10T12:59:59Z", "e", "", "2"}, {"2026-03-10T13:00:00Z", "e", "", "4"}},
			"2026-03-10T13:10:00Z", "4", "0", "2026-03-10T13:00:00Z", "2026-03-10T14:00:00Z"},
		{"an hour from the anchor's minute", "", "2026-01-01T00:20:00Z", "hour", []happening{{"2026-03-10T12:19:00Z", "e", "", "1"}, {"2026-03-10T12:20:00Z", "e", "", "2"}},
			"2026-03-10T12:30:00Z", "2", "0", "2026-03-10T12:20:00Z", "2026-03-10T13:20:00Z"},
		{"a day by local clocks", "America/New_York", "", "day", []happening{{"2026-03-10T03:59:00Z", "e", "", "1"}, {"2026-03-10T04:00:00Z", "e", "", "2"}},
			"2026-03-10T12:00:00Z", "2", "0", "2026-03-10T04:00:00Z", "2026-03-11T04:00:00Z"},
		{"a day of 23 hours", "America/New_York", "", "day", []happening{{"2026-03-08T04:59:00Z", "e", "", "1"}, {"2026-03-08T05:00:00Z", "e", "", "2"}, {"2026-03-09T03:59:00Z", "e", "", "4"}},
			"2026-03-09T03:59:30Z", "6", "0", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
		{"a day of 25 hours", "America/New_York", "", "day", []happening{{"2026-11-01T04:00:00Z", "e", "", "1"}, {"2026-11-02T04:59:00Z", "e", "", "2"}},
			"2026-11-02T04:59:30Z", "3", "0", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
		{"a week from Monday", "", "", "week", []happening{{"2026-03-08T23:59:00Z", "e", "", "1"}, {"2026-03-09", "e", "", "2"}},
			"2026-03-12", "2", "0", "2026-03-09", "2026-03-16"},
		{"a month from the local 31st", "Asia/Tokyo", "2026-01-30T15:00:00Z", "month", []happening{{"2026-02-27T14:59:00Z", "e", "", "1"}, {"2026-02-27T15:00:00Z", "e", "", "2"}},
			"2026-03-01", "2", "0", "2026-02-27T15:00:00Z", "2026-03-30T15:00:00Z"},
		{"a year from the leap day", "", "2024-02-29", "year", []happening{{"2026-02-27", "e", "", "1"}, {"2026-02-28", "e", "", "2"}},
			"2026-06-01", "2", "0", "2026-02-28", "2027-02-28"},
		{"late within the hour, for a day", "", "", "day", []happening{{"2026-03-09T12:00:00Z", "e", "", "1"}, {"2026-03-10T00:30:00Z", "e", "2026-03-09T23:00:00Z", "2"}},
			"2026-03-10T00:40:00Z", "0", "0", "2026-03-10", "2026-03-11"},
		{"later than that, for a day", "", "", "day", []happening{{"2026-03-09T12:00:00Z", "e", "", "1"}, {"2026-03-10T01:00:00Z", "e", "2026-03-09T23:00:00Z", "2"}},
			"2026-03-10T01:40:00Z", "2", "2", "2026-03-10", "2026-03-11"},
		{"late for an hour is not late for a day", "", "", "day", []happening{{"2026-03-09T12:00:00Z", "e", "", "1"}, {"2026-03-09T20:00:00Z", "e", "2026-03-09T12:30:00Z", "2"}},
			"2026-03-09T21:00:00Z", "3", "0", "2026-03-09", "2026-03-10"},

		{"the last day", "", "", "rolling 24h", []happening{{"2026-03-09T12:00:00Z", "e", "", "1"}, {"2026-03-10T11:00:00Z", "e", "", "2"}},
			"2026-03-10T12:00:00Z", "3", "0", "2026-03-09T12:00:00Z", "2026-03-10T12:30:00Z"},
		{"it drops out at the end of its step", "", "", "rolling 24h", []happening{{"2026-03-09T12:00:00Z", "e", "", "1"}, {"2026-03-10T11:00:00Z", "e", "", "2"}},
			"2026-03-10T12:30:00Z", "2", "0", "2026-03-09T12:30:00Z", "2026-03-11T11:30:00Z"},
		{"late, and still in it", "", "", "rolling 24h", []happening{{"2026-03-09T12:00:00Z", "e", "", "1"}, {"2026-03-10T11:00:00Z", "e", "2026-03-09T18:00:00Z", "2"}},
			"2026-03-10T12:30:00Z", "2", "0", "2026-03-09T12:30:00Z", "2026-03-10T18:30:00Z"},
		{"too late for it", "", "", "rolling 24h", []happening{{"2026-03-09T12:00:00Z", "e", "", "1"}, {"2026-03-10T11:00:00Z", "e", "2026-03-08T12:00:00Z", "2"}},
			"2026-03-10T12:00:00Z", "1", "0", "2026-03-09T12:00:00Z", "2026-03-10T12:30:00Z"},
		{"nothing in it any more", "", "", "rolling 7d", []happening{{"2026-03-01T12:00:00Z", "e", "", "1"}},
			"2026-03-10T12:00:00Z", "0", "0", "2026-03-03T12:00:00Z", ""},
		{"thirty days in steps of fifteen hours", "", "", "rolling 30d", []happening{{"2026-03-01T12:00:00Z", "e", "", "1"}},
			"2026-03-31T12:00:00Z", "1", "0", "2026-03-01T12:00:00Z", "2026-03-31T18:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone, err := clock.Zone(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			cal := subscription.Calendar{Anchor: at(t, c.anchor), Zone: zone}
			def := defined(t, "{event: e, aggregate: sum, property: n}", c.per, catalog.Hour)
			u := &Usage{}
			for _, h := range c.given {
				r := happens(h.typ, at(t, h.when), h.n)
				r.ReceivedAt = at(t, h.now)
				Apply(u, def, r, cal, r.ReceivedAt)
			}
			got := Read(u, def, c.per, cal, at(t, c.now))
			if got.Value.String() != c.value || got.Late.String() != c.late || got.Start != at(t, c.from) || got.ResetsAt != at(t, c.resets) {
				t.Errorf("%s, %s late, from %s, resets at %s; want %s, %s, %s, %s", got.Value, got.Late, got.Start, got.ResetsAt, c.value, c.late, c.from, c.resets)
			}
			if v := Value(u, def, c.per, cal, at(t, c.now)); v != got.Value {
				t.Errorf("value %s, reading %s", v, got.Value)
			}
		})
	}
}

func TestLateIsToldForEachWindow(t *testing.T) {
	def := defined(t, "{event: e}", catalog.Hour, catalog.Day, catalog.Month, "rolling 5h")
	u := &Usage{}
	Apply(u, def, happens("e", at(t, "2026-03-01"), ""), utc, at(t, "2026-03-01"))
	for _, c := range []struct{ name, when, late string }{
		{"at once", "2026-03-10T12:00:00Z", ""},
		{"of two hours ago", "2026-03-10T09:59:00Z", "hour"},
		{"of the day before", "2026-03-09T12:00:00Z", "day, hour, rolling 5h"},
		{"of the month before", "2026-02-09T12:00:00Z", ", month, day, hour, rolling 5h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := Apply(u, def, happens("e", at(t, c.when), ""), utc, at(t, "2026-03-10T12:00:00Z"))
			var late []string
			for _, per := range []catalog.Period{catalog.Lifetime, catalog.Month, catalog.Day, catalog.Hour, "rolling 5h"} {
				if res.LateFor(def, per) {
					late = append(late, string(per))
				}
			}
			if got := strings.Join(late, ", "); got != c.late || res.Late != strings.Contains(c.late, "month") {
				t.Errorf("late for %q, want %q; in all %v", got, c.late, res.Late)
			}
		})
	}
}

func TestALateHighestOrLatestIsOfItsOwnWindowOnly(t *testing.T) {
	for _, c := range []struct{ aggregate, month, life string }{{"max", "5", "9"}, {"min", "5", "1"}, {"latest", "5", "5"}} {
		t.Run(c.aggregate, func(t *testing.T) {
			def := defined(t, "{event: e, aggregate: "+c.aggregate+", property: n}")
			u := &Usage{}
			for _, h := range []happening{{"2026-02-10", "e", "", "3"}, {"2026-03-10", "e", "", "5"}, {"2026-03-11", "e", "2026-02-20", "9"}, {"2026-03-11", "e", "2026-02-21", "1"}} {
				r := happens(h.typ, at(t, h.when), h.n)
				r.ReceivedAt = at(t, h.now)
				Apply(u, def, r, utc, r.ReceivedAt)
			}
			now := at(t, "2026-03-12")
			if month, life := Value(u, def, catalog.Month, utc, now), Value(u, def, catalog.Lifetime, utc, now); month.String() != c.month || life.String() != c.life {
				t.Errorf("month %s and life %s, want %s and %s", month, life, c.month, c.life)
			}
		})
	}
}

func TestWindowsOfTheCatalogComeAndGo(t *testing.T) {
	monthly := defined(t, "{event: e}")
	daily := defined(t, "{event: e}", catalog.Day, "rolling 24h")
	u := &Usage{}
	call := func(def *catalog.Meter, now string) {
		Apply(u, def, happens("e", at(t, now), ""), utc, at(t, now))
	}
	read := func(per catalog.Period, now string) string {
		return Read(u, daily, per, utc, at(t, now)).Value.String()
	}
	call(monthly, "2026-03-10T09:00:00Z")
	call(daily, "2026-03-10T10:00:00Z") // the day begins with what comes in from then on
	if got := read(catalog.Day, "2026-03-10T11:00:00Z") + " " + read("rolling 24h", "2026-03-10T11:00:00Z"); got != "1 1" {
		t.Error(got)
	}
	if closed := rows(Close(u, at(t, "2026-04-02"))); closed != "1 Mar to 1 Apr: 1, 10 Mar to 11 Mar: 1" {
		t.Error(closed)
	}
	call(monthly, "2026-04-10T09:00:00Z")
	call(monthly, "2026-04-10T09:00:00Z")
	if n := len(u.series); n != 1 {
		t.Errorf("%d kinds of windows are kept, one is asked for", n)
	}
	if _, err := DecodeUsageOf(u); err != nil {
		t.Error(err)
	}
}

// DecodeUsageOf stores u and reads it again.
func DecodeUsageOf(u *Usage) (*Usage, error) {
	again, _, err := DecodeUsage(u.AppendBinary(nil))
	return again, err
}
