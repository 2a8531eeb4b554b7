package subscription

import (
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
)

func TestUndoingAChange(t *testing.T) {
	pro := step{"2026-01-10", Change{Plan: "pro"}}
	upgrade := []step{{"2026-01-01", Change{Plan: "starter"}}, {"2026-01-16T12:00:00Z", Change{Plan: "pro"}}}
	for _, c := range []struct {
		name  string
		given []step
		used  bool // something of what was bought once
		at    string
		then  string
		back  string
		until string // how long the last change could be undone
	}{
		{"an upgrade within two days", upgrade, false, "2026-01-18", "active starter, monthly, USD 49.00",
			"Taken back: Pro, monthly, for the rest of the period until 1 Feb 2026 -74.50; Taken back: Credit for the unused rest of Starter, monthly, until 1 Feb 2026 24.50", "18 Jan 2026"},
		{"at the second the time is over it is too late", upgrade, false, "2026-01-18T12:00:00Z", "nothing_to_undo", "", "18 Jan 2026"},
		{"a first purchase", []step{pro}, false, "2026-01-11", "nothing", "Taken back: Pro, monthly, 10 Jan 2026 to 10 Feb 2026 -149.00", "12 Jan 2026"},
		{"a cancellation", []step{{"2026-01-01", Change{Plan: "pro"}}, {"2026-01-16T12:00:00Z", Change{Cancel: true}}}, false, "2026-01-17", "active pro v3, monthly, USD 149.00",
			"Taken back: Credit for the unused rest of Pro, monthly, until 1 Feb 2026 74.50", "18 Jan 2026"},
		{"a change that waits for the renewal", []step{pro, {"2026-01-16", Change{Plan: "starter", Effective: AtRenewal}}}, false, "2026-01-17", "active pro v3, monthly, USD 149.00", "", "18 Jan 2026"},
		{"the start of a trial", []step{{"2026-01-10", Change{Plan: "pro", TrialEndsAt: day(t, "2026-01-20")}}}, false, "2026-01-11", "nothing", "", "12 Jan 2026"},
		{"a top-up that is unused", []step{pro, {"2026-01-16", Change{Once: lines(AddonLine{"mails", 2})}}}, false, "2026-01-17", "active pro v3, monthly, USD 149.00", "Taken back: 2 × Mail top-up, once -24.00", "18 Jan 2026"},
		{"a top-up that is used", []step{pro, {"2026-01-16", Change{Once: lines(AddonLine{"mails", 2})}}}, true, "2026-01-17", "undo_used", "", "18 Jan 2026"},
		{"the next invoice ends the time", []step{{"2026-01-01", Change{Plan: "starter"}}, {"2026-01-31", Change{Plan: "pro"}}}, false, "2026-02-01", "nothing_to_undo", "", "1 Feb 2026"},
		{"so does the end of a trial it bought", []step{{"2026-01-10", Change{Plan: "pro", TrialEndsAt: day(t, "2026-01-20")}}, {"2026-01-19", Change{Plan: "pro"}}}, false, "2026-01-20", "nothing_to_undo", "", "20 Jan 2026"},
		{"before it, the trial goes on", []step{{"2026-01-10", Change{Plan: "pro", TrialEndsAt: day(t, "2026-01-20")}}, {"2026-01-19", Change{Plan: "pro"}}}, false, "2026-01-19T12:00:00Z", "trialing pro v3, monthly, USD 149.00 until 20 Jan 2026 then free",
			"Taken back: Pro, monthly, 19 Jan 2026 to 19 Feb 2026 -149.00", "20 Jan 2026"},
		{"once alone", append(upgrade, step{"2026-01-17", Change{Undo: true}}), false, "2026-01-17", "nothing_to_undo", "", ""},
		{"only the last change", append(upgrade, step{"2026-01-17", Change{Quantity: 2}}), false, "2026-01-17", "active pro v3, monthly, USD 149.00",
			"Taken back: 2 × Pro, monthly, for the rest of the period until 1 Feb 2026 -144.19; Taken back: Credit for the unused rest of Pro, monthly, until 1 Feb 2026 72.10", "19 Jan 2026"},
		{"nothing ever happened", nil, false, "2026-01-17", "nothing_to_undo", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &shop{t: t, cat: market(t)}
			for _, st := range c.given {
				s.does(st.at, st.ch)
			}
			until := ""
			if s.sub.Undo != nil {
				until = dayOf(s.sub.Undo.Until)
			}
			s.onceUsed = c.used
			q, next, err := Preview(s.sub, Change{Undo: true}, s.terms(c.at))
			got := fault.CodeOf(err)
			if s.sub = next; err == nil {
				got = s.stands()
			}
			if back := written(q.Lines); got != c.then || back != c.back || until != c.until {
				t.Errorf("got  %s, back %q, until %s (%v)\nwant %s, back %q, until %s", got, back, until, err, c.then, c.back, c.until)
			}
		})
	}
}

func TestATrialThatWasUndoneIsNotBegunAgain(t *testing.T) {
	s := &shop{t: t, cat: market(t)}
	trial := Change{Plan: "pro", TrialEndsAt: day(t, "2026-01-20")}
	s.does("2026-01-10", trial)
	s.does("2026-01-11", Change{Undo: true})
	if _, err := Apply(s.sub, trial, s.terms("2026-01-12")); s.stands() != "nothing" || fault.CodeOf(err) != "trial_used" {
		t.Errorf("after the undo %s, and the same trial again: %v", s.stands(), err)
	}
	s.does("2026-01-12", Change{Plan: "pro"})
	s.does("2026-01-13", Change{Undo: true})
	if _, err := Apply(s.sub, trial, s.terms("2026-01-13")); fault.CodeOf(err) != "trial_used" {
		t.Errorf("after another undo: %v", err)
	}
}

func TestAPurchaseThatWasUndoneMayBeMadeAgain(t *testing.T) {
	s := &shop{t: t, cat: market(t)}
	s.does("2026-01-13", Change{Plan: "pro"})
	s.does("2026-01-14", Change{Undo: true})
	if s.sub.PaidSince != 0 {
		t.Error("a purchase that was undone counts as the first payment")
	}
	before := s.sub
	s.does("2026-01-15", Change{Plan: "pro"})
	if got := TypeOf(&before, &s.sub, s.cat); got != "new_logo" {
		t.Errorf("the first payment that stays is %q", got)
	}
}

func TestNothingGoesTogetherWithAnUndo(t *testing.T) {
	s := &shop{t: t, cat: market(t)}
	s.does("2026-01-10", Change{Plan: "pro"})
	for _, ch := range []Change{{Plan: "pro"}, {Quantity: 2}, {Cancel: true}, {Effective: Now}, {Once: lines(one("mails"))}, {Currency: "USD"}, {PlanVersion: 1}, {StartsAt: 1}} {
		ch.Undo = true
		if _, err := Apply(s.sub, ch, s.terms("2026-01-11")); fault.CodeOf(err) != "undo_alone" {
			t.Errorf("%+v: got %v", ch, err)
		}
	}
	s.cat = market(t, "{undo: 2d}", "{}")
	s.sub.Undo = nil
	s.does("2026-01-11", Change{Quantity: 2})
	if s.sub.Undo != nil {
		t.Error("a catalog that says nothing of undoing lets it be done")
	}
}
