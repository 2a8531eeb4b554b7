package subscription

import (
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

func TestTrialsOfPlans(t *testing.T) {
	free := step{"2026-01-01", Change{Plan: "free"}}
	try := step{"2026-01-10", Change{Plan: "pro", TrialEndsAt: day(t, "2026-01-24")}}
	for _, c := range []struct {
		name  string
		given []step
		at    string // as it is then
		then  string
	}{
		{"it runs", []step{try}, "2026-01-23T23:59:59Z", "trialing pro v3, monthly, USD 149.00 until 24 Jan 2026 then free"},
		{"at its end the plan follows that the catalog names", []step{try}, "2026-01-24", "active free, monthly, USD 0.00"},
		{"or the one that was bought", []step{try, {"2026-01-12", Change{Plan: "pro", Effective: AtRenewal}}}, "2026-01-24", "active pro v3, monthly, USD 149.00"},
		{"or none, when that is so", []step{{"2026-01-10", Change{Plan: "starter", TrialEndsAt: day(t, "2026-01-24")}}}, "2026-01-24", "expired starter, monthly, USD 49.00"},
		{"from yearly, too", []step{{"2026-01-10", Change{Plan: "pro", Interval: Year, TrialEndsAt: day(t, "2026-01-24")}}}, "2026-01-24", "active free, monthly, USD 0.00"},
		{"add-ons are not kept", []step{{"2026-01-10", Change{Plan: "pro", Addons: addons(one("sponsors")), TrialEndsAt: day(t, "2026-01-24")}}}, "2026-01-24", "active free, monthly, USD 0.00"},
		{"who takes the free plan first tries the higher one", []step{free}, "2026-01-01", "trialing pro v3, monthly, USD 149.00 until 15 Jan 2026 then free"},
		{"and falls to the free one", []step{free}, "2026-01-15", "active free, monthly, USD 0.00"},
		{"in that time it can be bought", []step{free, {"2026-01-05", Change{Plan: "pro"}}}, "2026-01-20", "active pro v3, monthly, USD 149.00"},
		{"or the free plan taken at once", []step{free, {"2026-01-05", Change{Plan: "free"}}}, "2026-01-05", "active free, monthly, USD 0.00"},
		{"whoever has tried it takes the free plan as it is", []step{try, {"2026-01-12", Change{Cancel: true}}, {"2026-01-15", Change{Plan: "free"}}}, "2026-01-15", "active free, monthly, USD 0.00"},
		{"whoever has paid does, too", []step{{"2026-01-01", Change{Plan: "starter"}}, {"2026-01-12", Change{Cancel: true}}, {"2026-01-15", Change{Plan: "free"}}}, "2026-01-15", "active free, monthly, USD 0.00"},
		{"a trial from a free plan falls back to it", []step{free, {"2026-01-05", Change{Plan: "free"}}, {"2026-02-01", Change{Plan: "starter", TrialEndsAt: day(t, "2026-02-08")}}}, "2026-02-08", "active free, monthly, USD 0.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &shop{t: t, cat: market(t)}
			for _, st := range c.given {
				s.does(st.at, st.ch)
			}
			s.waits(c.at)
			if got := s.stands(); got != c.then {
				t.Errorf("got  %s\nwant %s", got, c.then)
			}
			if s.sub.PaidSince != 0 && s.sub.Recurring == 0 && s.sub.MRR() != 0 {
				t.Error("a free plan pays")
			}
		})
	}
}

func TestAPaymentAfterAReverseTrialIsANewLogo(t *testing.T) {
	s := &shop{t: t, cat: market(t)}
	s.does("2026-01-01", Change{Plan: "free"})
	s.waits("2026-01-20")
	before := s.sub
	s.does("2026-03-01", Change{Plan: "starter"})
	if got := TypeOf(&before, &s.sub, s.cat); got != "new_logo" {
		t.Errorf("it is %q", got)
	}
}

func TestWhatFollowsATrialIsSaidInWords(t *testing.T) {
	s := &shop{t: t, cat: market(t)}
	s.does("2026-01-01", Change{Plan: "free"})
	next, what := Advance(s.sub, day(t, "2026-01-03"), s.cat) // the time for undoing is over
	if what.Kind != Settled || next.Version != s.sub.Version || next.Undo != nil {
		t.Fatalf("%+v", what)
	}
	if _, what = Advance(next, day(t, "2026-01-15"), s.cat); what.Kind != TrialExpired || what.Note != "Trial of Pro expired, Free, monthly follows" {
		t.Errorf("%+v", what)
	}
}

func TestTrialsOfAddonsAndFeatures(t *testing.T) {
	tenDays := 10 * clock.Day
	for _, c := range []struct {
		name    string
		plan    string // what the account has
		addons  *[]AddonLine
		addon   string
		feature string
		asked   clock.Time
		tried   []Trial
		want    string // the id and the days it runs, or the fault
	}{
		{"an add-on, for as long as the catalog says", "pro", nil, "sponsors", "", 0, nil, "addon:sponsors 10d"},
		{"for less", "pro", nil, "sponsors", "", 3 * clock.Day, nil, "addon:sponsors 3d"},
		{"for more", "pro", nil, "sponsors", "", 11 * clock.Day, nil, "trial_length_invalid"},
		{"for less than nothing", "pro", nil, "sponsors", "", -1, nil, "trial_length_invalid"},
		{"a second time", "pro", nil, "sponsors", "", 0, []Trial{{ID: "addon:sponsors", State: TrialOver}}, "trial_used"},
		{"another one meanwhile", "pro", nil, "sponsors", "", 0, []Trial{{ID: "feature:emails", State: TrialRunning}}, "addon:sponsors 10d"},
		{"one that is there already", "pro", addons(one("sponsors")), "sponsors", "", 0, nil, "already_has"},
		{"one that is there in a bundle", "pro", addons(one("stage")), "sponsors", "", 0, nil, "already_has"},
		{"one that needs a higher plan", "starter", nil, "sponsors", "", 0, nil, "addon_needs"},
		{"one that cannot be tried", "pro", nil, "theme", "", 0, nil, "trial_not_offered"},
		{"one for others", "pro", nil, "charity", "", 0, nil, "not_eligible"},
		{"one that does not exist", "pro", nil, "moon", "", 0, nil, "unknown_addon"},
		{"without a plan", "", nil, "sponsors", "", 0, nil, "no_subscription"},
		{"a feature that the plan lacks", "starter", nil, "", "recordings", 0, nil, "feature:recordings 7d"},
		{"a feature that the plan has", "pro", nil, "", "recordings", 0, nil, "already_has"},
		{"more of a counted feature", "pro", nil, "", "emails", 0, nil, "feature:emails 7d"},
		{"a feature that cannot be tried", "pro", nil, "", "branding", 0, nil, "trial_not_offered"},
		{"a feature that does not exist", "pro", nil, "", "moon", 0, nil, "unknown_feature"},
		{"a thousand and first thing", "pro", nil, "sponsors", "", 0, make([]Trial, MaxTrials), "trials_too_many"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &shop{t: t, cat: market(t)}
			if c.plan != "" {
				s.does("2026-01-01", Change{Plan: c.plan, Addons: c.addons})
			}
			var trial Trial
			var err error
			if c.addon != "" {
				trial, err = TryAddon(&s.sub, c.addon, c.asked, c.tried, s.terms("2026-01-10"))
			} else {
				trial, err = TryFeature(&s.sub, c.feature, c.asked, c.tried, s.terms("2026-01-10"))
			}
			got := fault.CodeOf(err)
			if err == nil {
				got = trial.ID + " " + daysOf(trial.EndsAt-trial.StartedAt)
				if !trial.RunningAt(trial.StartedAt) || trial.RunningAt(trial.EndsAt) || trial.EndsAt > day(t, "2026-01-10")+tenDays {
					t.Errorf("it runs from %s to %s", trial.StartedAt, trial.EndsAt)
				}
			}
			if got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
		})
	}
}

func TestTrialsAreExtendedAsTheCatalogSays(t *testing.T) {
	s := &shop{t: t, cat: market(t)}
	s.does("2026-01-01", Change{Plan: "pro", TrialEndsAt: day(t, "2026-01-15")})
	s.does("2026-01-02", Change{Plan: "pro", Effective: AtRenewal})
	var err error
	for _, want := range []string{"22 Jan 2026", "29 Jan 2026"} {
		if s.sub, err = ExtendTrial(s.sub, s.terms("2026-01-03")); err != nil || dayOf(s.sub.TrialEndsAt) != want || dayOf(s.sub.Pending.At) != want {
			t.Fatalf("%s, pending %+v, %v", dayOf(s.sub.TrialEndsAt), s.sub.Pending, err)
		}
	}
	before := s.sub
	if after, err := ExtendTrial(s.sub, s.terms("2026-01-03")); fault.CodeOf(err) != "trial_extensions_used" || after.Version != before.Version {
		t.Errorf("a third time: %v", err)
	}
	s.waits("2026-01-29")
	if _, err := ExtendTrial(s.sub, s.terms("2026-01-30")); fault.CodeOf(err) != "trial_over" {
		t.Errorf("after its end: %v", err)
	}
	trial := Trial{ID: "feature:emails", Feature: "emails", StartedAt: day(t, "2026-01-01"), EndsAt: day(t, "2026-01-08"), State: TrialRunning}
	longer, err := trial.Extend(s.terms("2026-01-07"))
	if err != nil || dayOf(longer.EndsAt) != "15 Jan 2026" || longer.Extended != 1 {
		t.Errorf("%+v %v", longer, err)
	}
	if _, err = longer.Extend(s.terms("2026-01-14")); fault.CodeOf(err) != "trial_extensions_used" {
		t.Errorf("a second time: %v", err)
	}
	if _, err = longer.Extend(s.terms("2026-01-15")); fault.CodeOf(err) != "trial_over" {
		t.Errorf("after its end: %v", err)
	}
	addon := Trial{ID: "addon:sponsors", Addon: "sponsors", StartedAt: day(t, "2026-01-01"), EndsAt: day(t, "2026-01-08"), State: TrialRunning}
	if _, err = addon.Extend(s.terms("2026-01-07")); fault.CodeOf(err) != "trial_not_extendable" {
		t.Errorf("one that the catalog does not let be extended: %v", err)
	}
	s.cat.Features["emails"].Trial.Extend = 400 * 24 * time.Hour
	if _, err = trial.Extend(s.terms("2026-01-07")); fault.CodeOf(err) != "trial_too_long" {
		t.Errorf("beyond 366 days: %v", err)
	}
}

func TestWhatFollowsATrialComesAlsoWhereItIsNoLongerSold(t *testing.T) {
	const free, freeTwo = `{title: Free, price: {month: "0"}, reverse: pro,`, `{title: Free, version: 2, price: {month: "0"}, earlier: {1: {price: {month: "0"}}},`
	had := []step{{"2026-01-01", Change{Plan: "free"}}, {"2026-01-02", Change{Plan: "free"}}}
	for _, c := range []struct {
		name  string
		given []step
		try   Change
		later []string
		then  string
	}{
		{"the free plan it came from, retired since", had, Change{Plan: "starter"}, []string{"{title: Free,", "{title: Free, retired: true,", "then: free, ", ""}, "active free, monthly, USD 0.00"},
		{"or not ready any more", had, Change{Plan: "starter"}, []string{"{title: Free,", "{title: Free, ready: not_ready,", "then: free, ", ""}, "active free, monthly, USD 0.00"},
		{"in the version it had", had, Change{Plan: "starter"}, []string{free, freeTwo}, "active free v1, monthly, USD 0.00"},
		{"that is also the one the catalog names", []step{{"2026-01-01", Change{Plan: "starter"}}, {"2026-01-02", Change{Plan: "free"}}}, Change{Plan: "pro"}, []string{free, freeTwo}, "active free v1, monthly, USD 0.00"},
		{"one that the catalog names, to who had none", nil, Change{Plan: "pro"}, []string{"{title: Free,", "{title: Free, retired: true,", "then: free, ", ""}, "active free, monthly, USD 0.00"},
		{"one that costs something since: nothing is charged that was not shown", had, Change{Plan: "starter"}, []string{`month: "0"}, reverse: pro,`, `month: "5"},`, "then: free, ", ""}, "expired starter, monthly, USD 49.00"},
	} {
		s := &shop{t: t, cat: market(t)}
		for _, st := range c.given {
			s.does(st.at, st.ch)
		}
		c.try.TrialEndsAt = day(t, "2026-01-20")
		s.does("2026-01-10", c.try)
		s.cat = market(t, c.later...)
		if s.waits("2026-01-20"); s.stands() != c.then {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, s.stands(), c.then)
		}
	}
}

func TestWhatWaitsForTheEndOfATrialComesWhenItIsEndedEarly(t *testing.T) {
	for _, c := range []struct {
		name string
		ch   Change // at the end of the trial
		then string
	}{
		{"a purchase", Change{Plan: "pro", Effective: AtRenewal}, "active pro v3, monthly, USD 149.00"},
		{"of another plan", Change{Plan: "starter", Quantity: 2, Effective: AtRenewal}, "active 2 × starter, monthly, USD 98.00"},
		{"an end", Change{Cancel: true, Effective: AtRenewal}, "ended pro v3, monthly, USD 149.00"},
	} {
		s := &shop{t: t, cat: market(t)}
		s.does("2026-01-01", Change{Plan: "pro", TrialEndsAt: day(t, "2026-01-15")})
		s.does("2026-01-02", c.ch)
		before := s.sub
		next, err := EndTrial(s.sub, s.terms("2026-01-05"))
		if s.sub = next; err != nil || s.stands() != c.then || next.ChangedAt != day(t, "2026-01-05") || next.Version != before.Version+1 {
			t.Errorf("%s: %s since %s, version %d after %d, %v", c.name, s.stands(), next.ChangedAt, next.Version, before.Version, err)
		}
		if next.Status == Active && (next.PaidSince != next.ChangedAt || next.Anchor != next.ChangedAt) {
			t.Errorf("%s: paid since %s, periods from %s", c.name, next.PaidSince, next.Anchor)
		}
	}
}

func TestATrialMayBeEndedEarly(t *testing.T) {
	s := &shop{t: t, cat: market(t)}
	s.does("2026-01-01", Change{Plan: "pro", TrialEndsAt: day(t, "2026-01-15")})
	next, err := EndTrial(s.sub, s.terms("2026-01-05"))
	if s.sub = next; err != nil || s.stands() != "active free, monthly, USD 0.00" {
		t.Errorf("%s, %v", s.stands(), err)
	}
	if _, err = EndTrial(s.sub, s.terms("2026-01-05")); fault.CodeOf(err) != "trial_over" {
		t.Errorf("twice: %v", err)
	}
}

func TestATrialOfAPlanIsAsLongAsTheCatalogSays(t *testing.T) {
	s := &shop{t: t, cat: market(t)}
	for _, c := range []struct {
		plan  string
		asked clock.Time
		want  string
	}{
		{"pro", 0, "14d"}, {"pro", 3 * clock.Day, "3d"}, {"pro", 15 * clock.Day, "trial_length_invalid"}, {"starter", 0, "trial_not_offered"}, {"moon", 0, "unknown_plan"},
	} {
		ch, err := TryPlan(c.plan, c.asked, s.terms("2026-01-01"))
		got := fault.CodeOf(err)
		if err == nil {
			got = daysOf(ch.TrialEndsAt - day(t, "2026-01-01"))
		}
		if got != c.want {
			t.Errorf("%s for %s: got %s, want %s", c.plan, daysOf(c.asked), got, c.want)
		}
	}
}

func TestWhoPaysMayTryAHigherPlanBesideTheirs(t *testing.T) {
	for _, c := range []struct {
		name  string
		has   Change
		plan  string
		tried []Trial
		want  string
	}{
		{"a higher plan", Change{Plan: "starter"}, "pro", nil, "plan:pro 14d"},
		{"the plan they have", Change{Plan: "pro"}, "pro", nil, "already_has"},
		{"one tried before", Change{Plan: "starter"}, "pro", []Trial{{ID: "plan:pro", State: TrialOver}}, "trial_used"},
		{"one while another is tried", Change{Plan: "starter"}, "pro", []Trial{{ID: "plan:team", Plan: "team", Beside: true, State: TrialRunning, EndsAt: day(t, "2026-02-01")}}, "trial_running"},
		{"one that cannot be tried", Change{Plan: "starter"}, "team", nil, "trial_not_offered"},
		{"one that does not exist", Change{Plan: "starter"}, "moon", nil, "unknown_plan"},
	} {
		s := &shop{t: t, cat: market(t)}
		s.does("2026-01-01", c.has)
		trial, err := TryBeside(&s.sub, c.plan, 0, c.tried, s.terms("2026-01-10"))
		got := fault.CodeOf(err)
		if err == nil {
			got = trial.ID + " " + daysOf(trial.EndsAt-trial.StartedAt)
		}
		if got != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.name, got, err, c.want)
		}
	}
}

func TestWhatWasTriedBesideAPlanIsNotTriedAgainLater(t *testing.T) {
	s := &shop{t: t, cat: market(t)}
	terms := s.terms("2026-01-10")
	terms.Tried = []Trial{{ID: "plan:pro", Plan: "pro", Beside: true, State: TrialOver}}
	if _, err := Apply(s.sub, Change{Plan: "pro", TrialEndsAt: day(t, "2026-01-20")}, terms); fault.CodeOf(err) != "trial_used" {
		t.Errorf("got %v", err)
	}
}
