package subscription

import (
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
)

func TestWhatWaitsForTheRenewalIsNotLostByAChangeOfAmount(t *testing.T) {
	five := step{"2026-01-01", Change{Plan: "pro", Quantity: 5}}
	down := step{"2026-01-05", Change{Plan: "starter"}}
	for _, c := range []struct {
		name   string
		given  []step
		change Change // on 10 January
		shown  string // after it, or the fault
		then   string // after the renewal of 1 February
	}{
		{"fewer of the plan wait", []step{five}, Change{Quantity: 3}, "active 5 × pro v3, monthly, USD 745.00, on 1 Feb 2026 ", "active 3 × pro v3, monthly, USD 447.00"},
		{"fewer after a cancellation: there is no renewal", []step{five, {"2026-01-05", Change{Cancel: true}}}, Change{Quantity: 3}, "pending_conflict", "ended 5 × pro v3, monthly, USD 745.00"},
		{"also when it is said", []step{five, {"2026-01-05", Change{Cancel: true}}}, Change{Quantity: 3, Effective: AtRenewal}, "pending_conflict", "ended 5 × pro v3, monthly, USD 745.00"},
		{"fewer at once leave the cancellation", []step{five, {"2026-01-05", Change{Cancel: true}}}, Change{Quantity: 3, Effective: Now}, "active 3 × pro v3, monthly, USD 447.00", "ended 3 × pro v3, monthly, USD 447.00"},
		{"fewer of a plan that is named go on", []step{five, {"2026-01-05", Change{Cancel: true}}}, Change{Plan: "pro", Quantity: 3}, "active 5 × pro v3, monthly, USD 745.00, on 1 Feb 2026 pro", "active 3 × pro v3, monthly, USD 447.00"},
		{"fewer while a lower plan waits: fewer of that", []step{five, down}, Change{Quantity: 3}, "active 5 × pro v3, monthly, USD 745.00, on 1 Feb 2026 starter", "active 3 × starter, monthly, USD 147.00"},
		{"twice fewer: the last holds", []step{five, {"2026-01-05", Change{Quantity: 4}}}, Change{Quantity: 3}, "active 5 × pro v3, monthly, USD 745.00, on 1 Feb 2026 ", "active 3 × pro v3, monthly, USD 447.00"},
		{"more while a lower plan waits: more at once, and then of that", []step{five, down}, Change{Quantity: 6}, "active 6 × pro v3, monthly, USD 894.00, on 1 Feb 2026 starter", "active 6 × starter, monthly, USD 294.00"},
		{"fewer add-ons while a lower plan waits", []step{{"2026-01-01", Change{Plan: "pro", Addons: addons(one("theme"))}}, down}, Change{Addons: addons()}, "active pro v3, monthly, with theme, USD 164.00, on 1 Feb 2026 starter", "active starter, monthly, USD 49.00"},
		{"add-ons that do not go with it", []step{{"2026-01-01", Change{Plan: "pro", Addons: addons(one("sponsors"), one("theme"))}}, down}, Change{Addons: addons(one("sponsors"))}, "pending_conflict", "active starter, monthly, with theme, USD 64.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &shop{t: t, cat: market(t, "{undo: 2d}", "{downgrade: renewal}")}
			for _, st := range c.given {
				s.does(st.at, st.ch)
			}
			_, next, err := Preview(s.sub, c.change, s.terms("2026-01-10"))
			shown := fault.CodeOf(err)
			if s.sub = next; err == nil {
				shown = s.stands()
			}
			s.waits("2026-02-01")
			if then := s.stands(); shown != c.shown || then != c.then {
				t.Errorf("got  %q, then %s (%v)\nwant %q, then %s", shown, then, err, c.shown, c.then)
			}
		})
	}
}

func TestWhatIsLessAndSoWaits(t *testing.T) {
	for _, c := range []struct {
		name   string
		given  Change
		change Change
		want   string
	}{
		{"a lower plan", Change{Plan: "pro"}, Change{Plan: "starter"}, "active pro v3, monthly, USD 149.00, on 1 Feb 2026 starter"},
		{"the same by the year, though it costs less a month", Change{Plan: "pro"}, Change{Interval: Year}, "active pro v3, yearly, USD 1490.00"},
		{"the same by the month", Change{Plan: "pro", Interval: Year}, Change{Interval: Month}, "active pro v3, monthly, USD 149.00"},
		{"more of it by the year", Change{Plan: "pro"}, Change{Interval: Year, Quantity: 2}, "active 2 × pro v3, yearly, USD 2980.00"},
		{"a lower plan by the month, though the year cost less a month", Change{Plan: "pro", Interval: Year}, Change{Plan: "starter", Interval: Month}, "active pro v3, yearly, USD 1490.00, on 1 Jan 2027 starter"},
		{"a lower plan with something once", Change{Plan: "pro"}, Change{Plan: "starter", Once: lines(one("mails"))}, "once_now"},
		{"which may be had now", Change{Plan: "pro"}, Change{Plan: "starter", Once: lines(one("mails")), Effective: Now}, "active starter, monthly, USD 49.00"},
		{"something once alone", Change{Plan: "pro"}, Change{Once: lines(one("mails"))}, "active pro v3, monthly, USD 149.00"},
		{"a lower plan, with what is there sent back", Change{Plan: "pro"}, Change{Plan: "starter", StartsAt: day(t, "2026-01-01"), Anchor: day(t, "2026-01-01")}, "active pro v3, monthly, USD 149.00, on 1 Feb 2026 starter"},
	} {
		s := &shop{t: t, cat: market(t, "{undo: 2d}", "{downgrade: renewal}")}
		s.does("2026-01-01", c.given)
		_, next, err := Preview(s.sub, c.change, s.terms("2026-01-10"))
		got := fault.CodeOf(err)
		if s.sub = next; err == nil {
			got = s.stands()
		}
		if got != c.want {
			t.Errorf("%s:\ngot  %s (%v)\nwant %s", c.name, got, err, c.want)
		}
	}
}
