package subscription

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

func usd(cents int64) *catalog.Price { return catalog.Flat("USD", money.Minor(cents)) }

// summit is the catalog of the tests: a platform for virtual summits.
func summit() *catalog.Catalog {
	limit := func(feature string, n int64) *catalog.Entitlement {
		return &catalog.Entitlement{Feature: feature, Limit: quantity.Of(n)}
	}
	type ents = map[string]*catalog.Entitlement
	return &catalog.Catalog{
		Version: "c-1", Currency: "USD",
		Plans: map[string]*catalog.Plan{
			"free":    {Key: "free", Title: "Free", Family: "core", Price: catalog.Prices{Month: usd(0)}, Entitlements: ents{"speakers": limit("speakers", 2)}},
			"starter": {Key: "starter", Title: "Starter", Family: "core", Above: "free", Price: catalog.Prices{Month: usd(4900), Year: usd(49000)}, Entitlements: ents{"speakers": limit("speakers", 10)}},
			"pro": {Key: "pro", Title: "Pro", Family: "core", Above: "starter", Price: catalog.Prices{Month: usd(14900), Year: usd(149000)}, Trial: &catalog.Trial{Length: 14 * 24 * time.Hour},
				Entitlements: ents{"speakers": limit("speakers", 50), "recordings": {Feature: "recordings", Allowed: true}}},
			"studio": {Key: "studio", Title: "Studio", Family: "studio", Price: catalog.Prices{Month: usd(29900)}, Entitlements: ents{}},
		},
		Addons: map[string]*catalog.Addon{
			"sponsors":   {Key: "sponsors", Title: "Sponsor tiers", Price: catalog.Prices{Month: usd(7900)}, Entitlements: ents{"sponsors": limit("sponsors", 20)}, Needs: []string{"pro"}},
			"more_seats": {Key: "more_seats", Title: "Speaker pack", Price: catalog.Prices{Month: usd(1000), Year: usd(10000)}, Entitlements: ents{"speakers": limit("speakers", 10)}},
		},
	}
}

func addons(lines ...AddonLine) *[]AddonLine { return &lines }

// given puts an account through changes, each made at its own time.
type step struct {
	at string
	ch Change
}

func given(t testing.TB, steps ...step) Subscription {
	t.Helper()
	var s Subscription
	var err error
	for _, st := range steps {
		if s, err = Apply(s, st.ch, Terms{Catalog: summit(), Now: at(t, st.at)}); err != nil {
			t.Fatalf("given at %s: %v", st.at, err)
		}
	}
	return s
}

// brief writes what a table compares: status, what is bought, price, and what is to come.
func brief(s *Subscription) string {
	out := string(s.Status) + " " + title(s, summit()) + " " + s.Recurring.Decimal("USD")
	if s.Status == Trialing {
		out += " until " + dayOf(s.TrialEndsAt)
	}
	if s.EndsAt != 0 {
		out += " ends " + dayOf(s.EndsAt)
	}
	if s.Pending != nil {
		out += " then " + s.Pending.Change.Plan + " on " + dayOf(s.Pending.At)
	}
	return out
}

func TestChangesOfASubscription(t *testing.T) {
	starter := step{"2026-01-10T08:00:00Z", Change{Plan: "starter"}}
	pro := step{"2026-01-10T08:00:00Z", Change{Plan: "pro"}}
	trial := step{"2026-01-10", Change{Plan: "pro", TrialEndsAt: 1769212800_000000}} // 24 January
	for _, c := range []struct {
		name  string
		given []step
		at    string
		when  Change
		then  string // brief, or the fault's code
	}{
		{"a first subscription is monthly and one of it", nil, "2026-01-10", Change{Plan: "starter"}, "active Starter, monthly 49.00"},
		{"it can be yearly and several", nil, "2026-01-10", Change{Plan: "pro", Interval: Year, Quantity: 3}, "active 3 × Pro, yearly 4470.00"},
		{"with add-ons", nil, "2026-01-10", Change{Plan: "pro", Addons: addons(AddonLine{"sponsors", 2}, AddonLine{"more_seats", 0})}, "active Pro, monthly, with Speaker pack and 2 × Sponsor tiers 317.00"},
		{"without naming a plan", nil, "2026-01-10", Change{Quantity: 2}, "plan_required"},
		{"to a plan that is not there", nil, "2026-01-10", Change{Plan: "platinum"}, "unknown_plan"},
		{"by an interval it is not sold by", nil, "2026-01-10", Change{Plan: "studio", Interval: Year}, "plan_not_priced"},
		{"by an interval nobody knows", nil, "2026-01-10", Change{Plan: "studio", Interval: "week"}, "interval_invalid"},
		{"in another currency", nil, "2026-01-10", Change{Plan: "pro", Currency: "EUR"}, "currency_mismatch"},
		{"a million and one of it", nil, "2026-01-10", Change{Plan: "pro", Quantity: 1_000_001}, "quantity_invalid"},
		{"less than none of it", nil, "2026-01-10", Change{Plan: "pro", Quantity: -1}, "quantity_invalid"},
		{"an add-on that is not there", nil, "2026-01-10", Change{Plan: "pro", Addons: addons(AddonLine{"gold", 1})}, "unknown_addon"},
		{"an add-on listed twice", nil, "2026-01-10", Change{Plan: "pro", Addons: addons(AddonLine{"sponsors", 1}, AddonLine{"sponsors", 1})}, "addon_duplicate"},
		{"an add-on without what it needs", nil, "2026-01-10", Change{Plan: "starter", Addons: addons(AddonLine{"sponsors", 1})}, "addon_needs"},
		{"an add-on not sold yearly", nil, "2026-01-10", Change{Plan: "pro", Interval: Year, Addons: addons(AddonLine{"sponsors", 1})}, "addon_not_priced"},
		{"a start in the future", nil, "2026-01-10", Change{Plan: "pro", StartsAt: at(t, "2026-01-11")}, "starts_at_invalid"},
		{"an absurd start", nil, "2026-01-10", Change{Plan: "pro", StartsAt: 5}, "starts_at_invalid"},
		{"an absurd anchor", nil, "2026-01-10", Change{Plan: "pro", Anchor: at(t, "2400-01-01")}, "anchor_invalid"},
		{"a time nobody knows", nil, "2026-01-10", Change{Plan: "pro", Effective: "tomorrow"}, "effective_invalid"},

		{"an upgrade takes effect at once", []step{starter}, "2026-01-20", Change{Plan: "pro"}, "active Pro, monthly 149.00"},
		{"what is left out is kept", []step{{"2026-01-10", Change{Plan: "pro", Quantity: 2}}}, "2026-01-20", Change{Addons: addons(AddonLine{"sponsors", 1})}, "active 2 × Pro, monthly, with Sponsor tiers 377.00"},
		{"a downgrade that orphans an add-on drops it", []step{{"2026-01-10", Change{Plan: "pro", Addons: addons(AddonLine{"sponsors", 1})}}}, "2026-01-20", Change{Plan: "starter"}, "active Starter, monthly 49.00"},
		{"unless it is asked for by name", []step{{"2026-01-10", Change{Plan: "pro", Addons: addons(AddonLine{"sponsors", 1})}}}, "2026-01-20", Change{Plan: "starter", Addons: addons(AddonLine{"sponsors", 1})}, "addon_needs"},
		{"and without the add-on", []step{{"2026-01-10", Change{Plan: "pro", Addons: addons(AddonLine{"sponsors", 1})}}}, "2026-01-20", Change{Plan: "starter", Addons: addons()}, "active Starter, monthly 49.00"},
		{"a downgrade at the renewal waits", []step{pro}, "2026-01-20", Change{Plan: "starter", Effective: AtRenewal}, "active Pro, monthly 149.00 then starter on 10 Feb 2026"},
		{"and happens then", []step{pro, {"2026-01-20", Change{Plan: "starter", Effective: AtRenewal}}}, "2026-02-10T08:00:00Z", Change{Quantity: 2}, "active 2 × Starter, monthly 98.00"},
		{"buying an add-on leaves it waiting", []step{pro, {"2026-01-20", Change{Plan: "starter", Effective: AtRenewal}}}, "2026-01-21", Change{Addons: addons(AddonLine{"more_seats", 1})}, "active Pro, monthly, with Speaker pack 159.00 then starter on 10 Feb 2026"},
		{"also one that cannot go with it then", []step{pro, {"2026-01-20", Change{Plan: "starter", Effective: AtRenewal}}}, "2026-01-21", Change{Addons: addons(AddonLine{"sponsors", 1})}, "active Pro, monthly, with Sponsor tiers 228.00 then starter on 10 Feb 2026"},
		{"naming the plan takes it back", []step{pro, {"2026-01-20", Change{Plan: "starter", Effective: AtRenewal}}}, "2026-01-21", Change{Plan: "pro"}, "active Pro, monthly 149.00"},
		{"so does a renewal into what is there", []step{pro, {"2026-01-20", Change{Plan: "starter", Effective: AtRenewal}}}, "2026-01-21", Change{Plan: "pro", Effective: AtRenewal}, "active Pro, monthly 149.00"},
		{"a renewal without a subscription", nil, "2026-01-10", Change{Plan: "pro", Effective: AtRenewal}, "no_subscription"},

		{"a cancellation ends it now", []step{pro}, "2026-01-20", Change{Cancel: true}, "ended Pro, monthly 149.00 ends 20 Jan 2026"},
		{"or at the renewal", []step{pro}, "2026-01-20", Change{Cancel: true, Effective: AtRenewal}, "active Pro, monthly 149.00 ends 10 Feb 2026"},
		{"naming the plan goes on", []step{pro, {"2026-01-20", Change{Cancel: true, Effective: AtRenewal}}}, "2026-01-21", Change{Plan: "pro"}, "active Pro, monthly 149.00"},
		{"buying an add-on does not undo it", []step{pro, {"2026-01-20", Change{Cancel: true, Effective: AtRenewal}}}, "2026-01-21", Change{Addons: addons(AddonLine{"sponsors", 1})}, "active Pro, monthly, with Sponsor tiers 228.00 ends 10 Feb 2026"},
		{"cancelling twice", []step{pro, {"2026-01-20", Change{Cancel: true}}}, "2026-01-21", Change{Cancel: true}, "no_subscription"},
		{"cancelling and changing at once", []step{pro}, "2026-01-20", Change{Cancel: true, Plan: "starter"}, "cancel_alone"},
		{"coming back begins anew", []step{pro, {"2026-01-20", Change{Cancel: true}}}, "2026-03-05", Change{Plan: "starter"}, "active Starter, monthly 49.00"},

		{"a trial", nil, "2026-01-10", trial.ch, "trialing Pro, monthly 149.00 until 24 Jan 2026"},
		{"a trial that ended before it began", nil, "2026-02-10", trial.ch, "trial_end_invalid"},
		{"a trial of more than 366 days", nil, "2026-01-10", Change{Plan: "pro", TrialEndsAt: at(t, "2027-01-12")}, "trial_end_invalid"},
		{"a trial while paying", []step{starter}, "2026-01-12", trial.ch, "trial_while_paying"},
		{"a trial from a free plan", []step{{"2026-01-01", Change{Plan: "free"}}}, "2026-01-12", trial.ch, "trialing Pro, monthly 149.00 until 24 Jan 2026"},
		{"a running trial may be extended", []step{trial}, "2026-01-12", Change{Plan: "pro", TrialEndsAt: at(t, "2026-02-01")}, "trialing Pro, monthly 149.00 until 1 Feb 2026"},
		{"a change without trial_ends_at buys", []step{trial}, "2026-01-12", Change{Plan: "pro"}, "active Pro, monthly 149.00"},
		{"a purchase at the end of the trial waits for it", []step{trial}, "2026-01-12", Change{Plan: "pro", Effective: AtRenewal}, "trialing Pro, monthly 149.00 until 24 Jan 2026 then pro on 24 Jan 2026"},
		{"and happens then", []step{trial, {"2026-01-12", Change{Plan: "pro", Effective: AtRenewal}}}, "2026-01-25", Change{Quantity: 2}, "active 2 × Pro, monthly 298.00"},
		{"the same plan cannot be tried twice", []step{trial}, "2026-02-12", Change{Plan: "pro", TrialEndsAt: at(t, "2026-02-20")}, "trial_used"},
		{"another can", []step{trial}, "2026-02-12", Change{Plan: "starter", TrialEndsAt: at(t, "2026-02-20")}, "trialing Starter, monthly 49.00 until 20 Feb 2026"},
		{"cancelling a trial at its end", []step{trial}, "2026-01-12", Change{Cancel: true, Effective: AtRenewal}, "trialing Pro, monthly 149.00 until 24 Jan 2026 ends 24 Jan 2026"},

		{"history is put in its order", []step{{"2026-06-01", Change{Plan: "starter", StartsAt: at(t, "2025-01-01")}}}, "2026-06-01", Change{Plan: "pro", StartsAt: at(t, "2025-03-01")}, "active Pro, monthly 149.00"},
		{"and not out of it", []step{{"2026-06-01", Change{Plan: "starter", StartsAt: at(t, "2025-03-01")}}}, "2026-06-01", Change{Plan: "pro", StartsAt: at(t, "2025-01-01")}, "starts_at_invalid"},
		{"sending its own start back means nothing", []step{{"2026-06-01", Change{Plan: "starter", StartsAt: at(t, "2025-03-01")}}, {"2026-06-01", Change{Plan: "pro"}}}, "2026-06-02", Change{Plan: "starter", StartsAt: at(t, "2025-03-01")}, "active Starter, monthly 49.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := given(t, c.given...)
			after, err := Apply(before, c.when, Terms{Catalog: summit(), Now: at(t, c.at)})
			got := fault.CodeOf(err)
			if err == nil {
				got = brief(&after)
			}
			if got != c.then {
				t.Fatalf("got  %s\nwant %s\n(%v)", got, c.then, err)
			}
			var f *fault.Error
			if err != nil && (fault.KindOf(err) == fault.Internal || !strings.Contains(err.Error(), "(")) {
				t.Errorf("the fault %v has no mend: %v", f, err)
			}
		})
	}
}

func TestANewCatalogChangesNoPriceUntilSomethingElseIsBought(t *testing.T) {
	s := given(t, step{"2026-01-10", Change{Plan: "pro"}})
	dearer := summit()
	dearer.Plans["pro"].Price.Month = usd(19900)
	for _, c := range []struct {
		name string
		ch   Change
		want money.Minor
	}{
		{"sending the same again keeps the price", Change{Plan: "pro", Interval: Month}, 14900},
		{"more of it is bought at the new price", Change{Quantity: 2}, 2 * 19900},
	} {
		after, err := Apply(s, c.ch, Terms{Catalog: dearer, Now: at(t, "2026-01-20")})
		if err != nil || after.Recurring != c.want {
			t.Errorf("%s: got %s, want %s (%v)", c.name, after.Recurring.Decimal("USD"), c.want.Decimal("USD"), err)
		}
	}
}

func TestWhatTimeDoesToASubscription(t *testing.T) {
	trial := step{"2026-01-10", Change{Plan: "pro", TrialEndsAt: at(t, "2026-01-24")}}
	pro := step{"2026-01-31", Change{Plan: "pro"}}
	for _, c := range []struct {
		name  string
		given []step
		due   string
		then  string
		note  string
	}{
		{"a paid subscription goes on", []step{pro}, "", "", ""},
		{"a trial expires and nothing is charged", []step{trial}, "2026-01-24", "expired Pro, monthly 149.00", "Trial of Pro expired"},
		{"a trial that is to be bought turns into a paid one", []step{trial, {"2026-01-12", Change{Interval: Year, Effective: AtRenewal}}}, "2026-01-24", "active Pro, yearly 1490.00", "Pro, monthly to yearly: bought after the trial"},
		{"a cancelled trial ends", []step{trial, {"2026-01-12", Change{Cancel: true, Effective: AtRenewal}}}, "2026-01-24", "ended Pro, monthly 149.00 ends 24 Jan 2026", "Pro ended"},
		{"a change waits for the month's last day", []step{pro, {"2026-02-05", Change{Plan: "starter", Effective: AtRenewal}}}, "2026-02-28", "active Starter, monthly 49.00", "Pro to Starter, monthly"},
		{"a cancelled subscription ends", []step{pro, {"2026-02-05", Change{Cancel: true, Effective: AtRenewal}}}, "2026-02-28", "ended Pro, monthly 149.00 ends 28 Feb 2026", "Pro ended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := given(t, c.given...)
			due, ok := NextDue(&s)
			if ok != (c.due != "") || due != at(t, c.due) {
				t.Fatalf("due at %s, want %q", due, c.due)
			}
			if !ok {
				return
			}
			if early, e := Advance(s, due-1, summit()); e.Kind != NothingDue || !reflect.DeepEqual(early, s) {
				t.Errorf("the instant before, %v happened", e)
			}
			after, e := Advance(s, due+clock.Day, summit())
			if brief(&after) != c.then || e.Note != c.note || e.At != due || after.ChangedAt != due || after.Version != s.Version+1 {
				t.Errorf("got  %s (%+v)\nwant %s (%s)", brief(&after), e, c.then, c.note)
			}
			if _, e := Advance(after, due+clock.Day, summit()); e.Kind != NothingDue {
				t.Errorf("then %v happened again", e)
			}
		})
	}
}

func TestAPlannedChangeThatNoLongerFitsTheCatalogLeavesAllAsItWas(t *testing.T) {
	s := given(t, step{"2026-01-31", Change{Plan: "pro"}}, step{"2026-02-01", Change{Plan: "starter", Effective: AtRenewal}})
	without := summit()
	delete(without.Plans, "starter")
	after, e := Advance(s, at(t, "2026-03-01"), without)
	if e.Kind != ChangeFailed || !strings.Contains(e.Note, "starter") || after.Plan != "pro" || after.Pending != nil || after.MRR() != s.MRR() {
		t.Errorf("got %s, %+v", brief(&after), e)
	}
}

func TestSwitchingTheIntervalBeginsANewPeriodAtOnce(t *testing.T) {
	s := given(t, step{"2026-01-10", Change{Plan: "pro"}}, step{"2026-01-25", Change{Interval: Year}})
	if s.Anchor != at(t, "2026-01-25") || s.StartsAt != at(t, "2026-01-10") || s.PaidUntil(at(t, "2026-02-01")) != at(t, "2027-01-25") {
		t.Errorf("anchor %s, starts %s, paid until %s", s.Anchor, s.StartsAt, s.PaidUntil(at(t, "2026-02-01")))
	}
}

func TestAFirstPaymentIsRememberedForGood(t *testing.T) {
	s := given(t, step{"2026-01-01", Change{Plan: "free"}})
	if s.PaidSince != 0 {
		t.Error("a free plan counts as paid")
	}
	s = given(t, step{"2026-01-01", Change{Plan: "free"}}, step{"2026-01-05", Change{Plan: "pro"}}, step{"2026-01-06", Change{Cancel: true}}, step{"2026-05-06", Change{Plan: "pro"}})
	if s.PaidSince != at(t, "2026-01-05") {
		t.Errorf("paid since %s", s.PaidSince)
	}
}

func TestImportsKeepTheirOwnPriceAndPlan(t *testing.T) {
	now := at(t, "2026-06-01")
	for _, c := range []struct {
		name string
		in   Imported
		then string
	}{
		{"a running subscription", Imported{Plan: "Gold", Currency: "USD", Amount: 12345, StartsAt: at(t, "2025-01-31")}, "active Gold, monthly 123.45"},
		{"one that ended", Imported{Plan: "Gold", Currency: "USD", Amount: 12345, StartsAt: at(t, "2025-01-31"), EndsAt: at(t, "2025-06-01")}, "ended Gold, monthly 123.45 ends 1 Jun 2025"},
		{"a trial that ended", Imported{Plan: "Gold", Currency: "USD", StartsAt: at(t, "2025-01-31"), EndsAt: at(t, "2025-06-01"), Trial: true}, "expired Gold, monthly 0.00"},
		{"no plan", Imported{Currency: "USD", StartsAt: now}, "plan_required"},
		{"no currency", Imported{Plan: "Gold", StartsAt: now}, "currency_invalid"},
		{"a negative amount", Imported{Plan: "Gold", Currency: "USD", Amount: -1, StartsAt: now}, "amount_invalid"},
		{"no start", Imported{Plan: "Gold", Currency: "USD"}, "starts_at_invalid"},
		{"an end before the start", Imported{Plan: "Gold", Currency: "USD", StartsAt: now, EndsAt: now - clock.Day}, "ends_at_invalid"},
		{"a negative quantity", Imported{Plan: "Gold", Currency: "USD", StartsAt: now, Quantity: -4}, "quantity_invalid"},
	} {
		s, err := Import(Subscription{}, c.in, now)
		got := fault.CodeOf(err)
		if err == nil {
			got = brief(&s)
		}
		if got != c.then {
			t.Errorf("%s: got %s, want %s", c.name, got, c.then)
		}
	}
}

// aChange draws changes that are often right and sometimes not.
func aChange(t *rapid.T, now clock.Time) Change {
	ch := Change{
		Plan:      rapid.SampledFrom([]string{"", "free", "starter", "pro", "studio", "gone"}).Draw(t, "plan"),
		Interval:  rapid.SampledFrom([]Interval{"", Month, Year}).Draw(t, "interval"),
		Quantity:  rapid.SampledFrom([]int64{0, 1, 2, 7, MaxQuantity}).Draw(t, "quantity"),
		Effective: rapid.SampledFrom([]string{"", Now, AtRenewal}).Draw(t, "effective"),
	}
	switch rapid.IntRange(0, 9).Draw(t, "also") {
	case 0:
		ch = Change{Cancel: true, Effective: ch.Effective}
	case 1, 2:
		ch.TrialEndsAt = now + clock.Time(rapid.Int64Range(1, 400).Draw(t, "trial days"))*clock.Day
	case 3, 4:
		ch.Addons = addons(AddonLine{"sponsors", rapid.Int64Range(0, 3).Draw(t, "sponsors")})
	case 5:
		ch.Addons = addons(AddonLine{"more_seats", rapid.Int64Range(1, 3).Draw(t, "packs")}, AddonLine{"sponsors", 1})
	case 6:
		ch.Addons = addons()
	case 7:
		ch.Anchor = now - clock.Time(rapid.Int64Range(-40, 40).Draw(t, "anchor days"))*clock.Day
	}
	return ch
}

func TestAPreviewIsWhatTheChangeThenDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cat := summit()
		var s Subscription
		now := clock.Time(1_767_225_600_000_000)
		for range rapid.IntRange(1, 12).Draw(t, "changes") {
			now += clock.Time(rapid.Int64Range(0, int64(50*clock.Day)).Draw(t, "later"))
			ch := aChange(t, now)
			quote, shown, err1 := Preview(s, ch, Terms{Catalog: cat, Now: now})
			before := *AsOf(&s, now, cat)
			after, err2 := Apply(s, ch, Terms{Catalog: cat, Now: now})
			if fault.CodeOf(err1) != fault.CodeOf(err2) || !reflect.DeepEqual(shown, after) {
				t.Fatalf("preview shows %+v (%v), the change makes %+v (%v)", shown, err1, after, err2)
			}
			if err2 != nil {
				if fault.KindOf(err2) == fault.Internal || !reflect.DeepEqual(after, before) {
					t.Fatalf("a refused change made %+v of %+v: %v", after, before, err2)
				}
				s = after
				continue
			}
			var sum money.Minor
			for _, line := range quote.Lines {
				sum += line.Amount.Minor
			}
			if sum != quote.Now.Minor {
				t.Fatalf("lines %v add up to %d, not to %s", quote.Lines, sum, quote.Now)
			}
			sum = 0
			for _, line := range quote.NextInvoice.Lines {
				sum += line.Amount.Minor
			}
			if sum != quote.NextInvoice.Total.Minor {
				t.Fatalf("lines %v add up to %d, not to %s", quote.NextInvoice.Lines, sum, quote.NextInvoice.Total)
			}
			if after.Version != before.Version+1 {
				t.Fatalf("version %d after %d", after.Version, before.Version)
			}
			if quote.Now.Minor < -before.Recurring || quote.Now.Minor > after.Recurring {
				t.Fatalf("%s now, more than a whole period of %d or %d", quote.Now, before.Recurring, after.Recurring)
			}
			if after.Status == Trialing && quote.Now.Minor > 0 {
				t.Fatalf("a trial costs %s", quote.Now)
			}
			if due, ok := NextDue(&after); ok && due <= now {
				t.Fatalf("after a change at %s something was due at %s: %+v", now, due, after)
			}
			text, err := json.Marshal(after)
			var back Subscription
			if err != nil || json.Unmarshal(text, &back) != nil || !reflect.DeepEqual(back, after) {
				t.Fatalf("%+v comes back from %s as %+v", after, text, back)
			}
			_ = Describe(&before, &after, cat)
			s = after
		}
	})
}

func TestTimeMayPassInOneStepOrInMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cat := summit()
		now := clock.Time(1_767_225_600_000_000)
		var s Subscription
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			s, _ = Apply(s, aChange(t, now), Terms{Catalog: cat, Now: now})
			now += clock.Day
		}
		later := now + clock.Time(rapid.Int64Range(0, 500).Draw(t, "days"))*clock.Day
		atOnce := *AsOf(&s, later, cat)
		bit := s
		for bit = *AsOf(&bit, min(now, later), cat); now < later; {
			now += clock.Time(rapid.Int64Range(1, 100).Draw(t, "days")) * clock.Day
			bit = *AsOf(&bit, min(now, later), cat)
		}
		if !reflect.DeepEqual(atOnce, bit) {
			t.Fatalf("at once %+v, bit by bit %+v", atOnce, bit)
		}
	})
}
