package entitlement

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// fataler is a *testing.T, a *testing.B or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

func usd(cents int64) *catalog.Price { return catalog.Flat("USD", money.Minor(cents)) }

func at(t fataler, s string) clock.Time {
	t.Helper()
	v, err := clock.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

type ents = map[string]*catalog.Entitlement

func limit(n int64) *catalog.Entitlement { return &catalog.Entitlement{Limit: quantity.Of(n)} }
func monthly(n int64) *catalog.Entitlement {
	return &catalog.Entitlement{Limit: quantity.Of(n), Per: catalog.Month}
}

// summit is the catalog of the tests.
func summit() *catalog.Catalog {
	soft := monthly(20000)
	soft.Overage = &catalog.Overage{Unit: quantity.Of(1000), Price: 200}
	return &catalog.Catalog{
		Version: "c-1", Currency: "USD",
		Meters: map[string]*catalog.Meter{
			"speakers": {Key: "speakers", Aggregate: catalog.Level, Add: "speaker.added", Remove: "speaker.removed"},
			"emails":   {Key: "emails", Aggregate: catalog.Sum, Event: "email.sent", Property: "count"},
			"exports":  {Key: "exports", Aggregate: catalog.Count, FedByConsume: true},
			"sponsors": {Key: "sponsors", Aggregate: catalog.Level, FedByConsume: true},
		},
		Features: map[string]*catalog.Feature{
			"recordings": {Key: "recordings", Title: "Talk recordings", Benefit: "Sell every talk after the day", Kind: catalog.Boolean},
			"speakers":   {Key: "speakers", Title: "Speakers", Kind: catalog.Metered, Meter: "speakers"},
			"emails":     {Key: "emails", Title: "Emails", Kind: catalog.Metered, Meter: "emails"},
			"exports":    {Key: "exports", Title: "Exports", Kind: catalog.Metered, Meter: "exports"},
			"sponsors":   {Key: "sponsors", Title: "Sponsor tiers", Kind: catalog.Metered, Meter: "sponsors"},
		},
		Plans: map[string]*catalog.Plan{
			"starter":  {Key: "starter", Title: "Starter", Family: "core", Price: catalog.Prices{Month: usd(4900), Year: usd(49000)}, Entitlements: ents{"speakers": limit(10), "recordings": {}, "emails": monthly(1000), "exports": monthly(5)}},
			"pro":      {Key: "pro", Title: "Pro", Family: "core", Above: "starter", Price: catalog.Prices{Month: usd(14900), Year: usd(149000)}, Entitlements: ents{"speakers": limit(50), "recordings": {Allowed: true}, "emails": soft, "exports": monthly(50)}},
			"business": {Key: "business", Title: "Business", Family: "core", Above: "pro", Price: catalog.Prices{Month: usd(49900)}, Entitlements: ents{"speakers": {Unlimited: true}, "recordings": {Allowed: true}, "emails": {Unlimited: true}, "exports": monthly(500)}},
			"studio":   {Key: "studio", Title: "Studio", Family: "studio", Price: catalog.Prices{Month: usd(900)}, Entitlements: ents{"recordings": {Allowed: true}}},
		},
		Addons: map[string]*catalog.Addon{
			"sponsors": {Key: "sponsors", Title: "Sponsor tiers", Price: catalog.Prices{Month: usd(7900)}, Entitlements: ents{"sponsors": limit(20)}, Needs: []string{"pro", "business"}},
			"pack":     {Key: "pack", Title: "Speaker pack", Price: catalog.Prices{Month: usd(3000), Year: usd(30000)}, Entitlements: ents{"speakers": limit(5)}},
			"reserve":  {Key: "reserve", Title: "Email reserve", Price: catalog.Prices{Month: usd(1000)}, Entitlements: ents{"emails": limit(3000)}},
		},
	}
}

// now is when the tests ask; months began on 1 March.
const now = "2026-03-10T12:00:00Z"

// has is what an account has and used before it asks.
type has struct {
	plan   string // none when empty
	addons []subscription.AddonLine
	ends   string // trial or subscription end, for the states below
	state  string // "trial", "ended" or active
	used   map[string]int64
}

func (h has) input(t fataler) Input {
	cat := summit()
	in := Input{Catalog: cat, Now: at(t, now)}
	if h.plan != "" {
		start := at(t, "2026-01-01")
		ch := subscription.Change{Plan: h.plan, Addons: &h.addons, StartsAt: start}
		if h.state == "trial" {
			ch.TrialEndsAt = at(t, h.ends)
		}
		s, err := subscription.Apply(subscription.Subscription{}, ch, subscription.Terms{Catalog: cat, Now: start})
		if err == nil && h.state == "ended" {
			s, err = subscription.Apply(s, subscription.Change{Cancel: true}, subscription.Terms{Catalog: cat, Now: at(t, h.ends)})
		}
		if err != nil {
			t.Fatal(err)
		}
		in.Subscription = &s
	}
	usage := map[string]*meter.Usage{}
	for key, n := range h.used {
		u, def := &meter.Usage{}, *cat.Meters[key]
		def.FedByConsume, def.Event, def.Property = false, "x", "n"
		r := &event.Record{Type: "x", At: in.Now, Props: []event.Prop{{Name: "n", Value: event.Value{Kind: event.Number, Text: quantity.Of(n).String()}}}}
		if def.Aggregate == catalog.Count {
			def.Aggregate = catalog.Sum
		}
		if res := meter.Apply(u, &def, r, subscription.Calendar{}, in.Now); res.Problem != "" {
			t.Fatal(res.Problem)
		}
		usage[key] = u
	}
	in.Usage = func(m string) *meter.Usage { return usage[m] }
	return in
}

// short writes an answer as "yes within_limit 3/10 left 7 until 1 Apr 2026 from plan:starter".
func short(a *Answer) string {
	out := "no"
	if a.Allowed {
		out = "yes"
	}
	out += " " + string(a.Reason)
	if a.Usage != nil {
		out += " " + a.Usage.String()
	}
	if a.Limit != nil {
		out += "/" + a.Limit.String() + " left " + a.Remaining.String()
	}
	if a.Shortfall != 0 {
		out += " short " + a.Shortfall.String()
	}
	if a.ResetsAt != 0 {
		out += " until " + day(a.ResetsAt)
	}
	if a.Source != "" {
		out += " from " + a.Source
	}
	return out
}

// offered writes unlocks as "pro 100.00; 2 pack 60.00": what, and the difference in price.
func offered(us []Unlock) string {
	var out []string
	for _, u := range us {
		s := u.Plan
		if u.Addon != "" {
			s = quantity.Of(u.Quantity).String() + " " + u.Addon
		}
		out = append(out, s+" "+u.cost().Decimal("USD")+" ("+u.Gives+")")
	}
	return strings.Join(out, "; ")
}

func TestMayThisAccountUseThis(t *testing.T) {
	starter, pro := has{plan: "starter"}, has{plan: "pro"}
	uses := func(h has, meter string, n int64) has { h.used = map[string]int64{meter: n}; return h }
	for _, c := range []struct {
		name    string
		given   has
		feature string
		asked   int64
		then    string
		unlock  string
		says    string
	}{
		{"a feature of the plan", pro, "recordings", 1, "yes included from plan:pro", "", "Talk recordings is included in Pro."},
		{"a feature of a higher plan", starter, "recordings", 1, "no not_in_plan", "pro 100.00 (Talk recordings); business 450.00 (Talk recordings)", "Talk recordings is not part of Starter."},
		{"a mistyped feature", pro, "recordngs", 1, "no unknown_feature", "", "There is no feature recordngs in the catalog."},
		{"a mistyped feature, asked for nothing", pro, "", 0, "no unknown_feature", "", "There is no feature  in the catalog."},
		{"no subscription", has{}, "recordings", 1, "no no_subscription", "studio 9.00 (Talk recordings); pro 149.00 (Talk recordings); business 499.00 (Talk recordings)", "The account has no subscription, so Talk recordings is locked."},
		{"no subscription, and something used", uses(has{}, "speakers", 12), "speakers", 1, "no no_subscription 12/0 left 0 short 13", "pro 149.00 (50 Speakers); business 499.00 (Speakers without a limit)", ""},
		{"a running trial", has{plan: "pro", state: "trial", ends: "2026-03-20"}, "recordings", 1, "yes included from plan:pro", "", ""},
		{"a trial that ran out", has{plan: "pro", state: "trial", ends: "2026-03-01"}, "recordings", 1, "no trial_expired", "studio 9.00 (Talk recordings); pro 149.00 (Talk recordings); business 499.00 (Talk recordings)", "The trial of Pro expired on 1 Mar 2026, so Talk recordings is locked."},
		{"a subscription that ended", has{plan: "pro", state: "ended", ends: "2026-02-01"}, "speakers", 1, "no subscription_ended 0/0 left 0 short 1", "starter 49.00 (10 Speakers); pro 149.00 (50 Speakers); business 499.00 (Speakers without a limit)", "The subscription to Pro ended on 1 Feb 2026, so Speakers is locked."},

		{"room is left", uses(starter, "speakers", 8), "speakers", 2, "yes within_limit 8/10 left 2 from plan:starter", "", "Speakers: 8 of 10 used, 2 left."},
		{"one too many", uses(starter, "speakers", 8), "speakers", 3, "no limit_reached 8/10 left 2 short 1 from plan:starter", "1 pack 30.00 (5 more Speakers); pro 100.00 (50 Speakers); business 450.00 (Speakers without a limit)", "Speakers: 8 of 10 used; 3 more are asked for and 2 left, 1 too few."},
		{"nothing is left", uses(starter, "speakers", 10), "speakers", 1, "no limit_reached 10/10 left 0 short 1 from plan:starter", "1 pack 30.00 (5 more Speakers); pro 100.00 (50 Speakers); business 450.00 (Speakers without a limit)", "Speakers: 10 of 10 used, none left."},
		{"over the limit since a downgrade", uses(starter, "speakers", 12), "speakers", 1, "no limit_reached 12/10 left 0 short 3 from plan:starter", "1 pack 30.00 (5 more Speakers); pro 100.00 (50 Speakers); business 450.00 (Speakers without a limit)", ""},
		{"asking whether there is anything, over the limit", uses(starter, "speakers", 12), "speakers", 0, "yes within_limit 12/10 left 0 from plan:starter", "", "Speakers: 12 of 10 used, 2 above the limit."},
		{"asking for less than nothing is asking whether there is anything", uses(starter, "speakers", 12), "speakers", -5, "yes within_limit 12/10 left 0 from plan:starter", "", ""},
		{"several packs are needed", uses(starter, "speakers", 10), "speakers", 12, "no limit_reached 10/10 left 0 short 12 from plan:starter", "3 pack 90.00 (15 more Speakers); pro 100.00 (50 Speakers); business 450.00 (Speakers without a limit)", ""},
		{"an add-on adds, times its quantity", uses(has{plan: "starter", addons: []subscription.AddonLine{{Key: "pack", Quantity: 3}}}, "speakers", 24), "speakers", 1, "yes within_limit 24/25 left 1 from plan:starter,addon:pack", "", ""},
		{"and more of it unlocks", uses(has{plan: "starter", addons: []subscription.AddonLine{{Key: "pack", Quantity: 3}}}, "speakers", 25), "speakers", 1, "no limit_reached 25/25 left 0 short 1 from plan:starter,addon:pack", "1 pack 30.00 (5 more Speakers); pro 100.00 (50 Speakers); business 360.00 (Speakers without a limit)", ""},
		{"unlimited wins", uses(has{plan: "business", addons: []subscription.AddonLine{{Key: "pack", Quantity: 1}}}, "speakers", 9000), "speakers", 1000, "yes included 9000 from plan:business,addon:pack", "", "Speakers: no limit in Business, 9,000 used."},
		{"an add-on for what the plan lacks", pro, "sponsors", 1, "no not_in_plan 0/0 left 0 short 1", "1 sponsors 79.00 (20 more Sponsor tiers)", "Sponsor tiers is not part of Pro."},
		{"its needs are not met", starter, "sponsors", 1, "no not_in_plan 0/0 left 0 short 1", "", ""},

		{"a monthly allowance says when it starts anew", uses(starter, "emails", 700), "emails", 300, "yes within_limit 700/1000 left 300 until 1 Apr 2026 from plan:starter", "", "Emails: 700 of 1,000 used, 300 left; starts anew on 1 Apr 2026."},
		{"this send needs 1,200 and 300 are left", uses(starter, "emails", 700), "emails", 1200, "no limit_reached 700/1000 left 300 short 900 until 1 Apr 2026 from plan:starter", "1 reserve 10.00 (3,000 more Emails); pro 100.00 (20,000 Emails a month, and more at a price); business 450.00 (Emails without a limit)", "Emails: 700 of 1,000 used; 1,200 more are asked for and 300 left, 900 too few; starts anew on 1 Apr 2026."},
		{"a soft limit is passed, at a price", uses(pro, "emails", 19500), "emails", 1000, "yes overage 19500/20000 left 500 until 1 Apr 2026 from plan:pro", "", "Emails: 19,500 of 20,000 used; 1,000 more pass the limit; above it each started 1,000 costs 2.00 USD; starts anew on 1 Apr 2026."},
		{"within a soft limit nothing is paid", uses(pro, "emails", 19500), "emails", 500, "yes within_limit 19500/20000 left 500 until 1 Apr 2026 from plan:pro", "", ""},
		{"allowances of different periods: the one with more left", uses(has{plan: "starter", addons: []subscription.AddonLine{{Key: "reserve", Quantity: 1}}}, "emails", 900), "emails", 500, "yes within_limit 900/3000 left 2100 from addon:reserve", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := Check(c.given.input(t), c.feature, quantity.Of(c.asked))
			if got := short(&a); got != c.then {
				t.Errorf("got  %s\nwant %s", got, c.then)
			}
			if got := offered(a.Unlock); got != c.unlock {
				t.Errorf("unlock\ngot  %s\nwant %s", got, c.unlock)
			}
			if c.says != "" && a.Message != c.says {
				t.Errorf("says\ngot  %s\nwant %s", a.Message, c.says)
			}
			if a.Message == "" || !strings.HasSuffix(a.Message, ".") {
				t.Errorf("%q is no sentence", a.Message)
			}
		})
	}
}

func TestAPlanTheCatalogNoLongerHasGivesNothing(t *testing.T) {
	in := has{plan: "pro"}.input(t)
	delete(in.Catalog.Plans, "pro")
	a := Check(in, "recordings", 0)
	if a.Allowed || a.Reason != NotInPlan || a.Message != "Talk recordings is not part of pro." {
		t.Errorf("got %+v", a)
	}
}

func TestConsumingDecidesByTheLimit(t *testing.T) {
	used := func(plan string, n int64) has { return has{plan: plan, used: map[string]int64{"exports": n}} }
	for _, c := range []struct {
		name    string
		given   has
		feature string
		asked   quantity.Quantity
		then    string // the answer as it stands afterwards, or the fault's code
	}{
		{"what fits", used("starter", 3), "exports", quantity.Of(2), "yes within_limit 5/5 left 0 until 1 Apr 2026 from plan:starter"},
		{"a fraction", used("starter", 3), "exports", 500_000, "yes within_limit 3.5/5 left 1.5 until 1 Apr 2026 from plan:starter"},
		{"what does not fit", used("starter", 3), "exports", quantity.Of(3), "no limit_reached 3/5 left 2 short 1 until 1 Apr 2026 from plan:starter"},
		{"without a subscription", has{}, "exports", quantity.One, "no no_subscription 0/0 left 0 short 1"},
		{"what is fed by events", used("starter", 3), "emails", quantity.One, "meter_fed_by_events"},
		{"what is on or off", used("starter", 3), "recordings", quantity.One, "feature_not_metered"},
		{"what does not exist", used("starter", 3), "nothing", quantity.One, "unknown_feature"},
		{"nothing", used("starter", 3), "exports", 0, "quantity_invalid"},
		{"less than nothing", used("starter", 3), "exports", -1, "quantity_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := Take(c.given.input(t), c.feature, c.asked)
			got := fault.CodeOf(err)
			if err == nil {
				got = short(&a)
			}
			if got != c.then {
				t.Errorf("got  %s\nwant %s", got, c.then)
			}
			if err == nil && a.Allowed == (len(a.Unlock) > 0) {
				t.Errorf("allowed %t with unlocks %s", a.Allowed, offered(a.Unlock))
			}
		})
	}
}

func TestTheListShowsEveryFeatureWithWhatSellsIt(t *testing.T) {
	h := has{plan: "starter", used: map[string]int64{"speakers": 10}}
	var got []string
	for _, item := range All(h.input(t)) {
		got = append(got, item.Feature+": "+short(&item.Answer)+" "+item.Content.Title+" "+item.Content.Benefit)
	}
	want := []string{
		"emails: yes within_limit 0/1000 left 1000 until 1 Apr 2026 from plan:starter Emails ",
		"exports: yes within_limit 0/5 left 5 until 1 Apr 2026 from plan:starter Exports ",
		"recordings: no not_in_plan Talk recordings Sell every talk after the day",
		"speakers: no limit_reached 10/10 left 0 short 1 from plan:starter Speakers ",
		"sponsors: no not_in_plan 0/0 left 0 short 1 Sponsor tiers ",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAnAnswerInJSONHasTheContractsFields(t *testing.T) {
	a := Check(has{plan: "starter", used: map[string]int64{"emails": 700}}.input(t), "emails", quantity.Of(500))
	text, err := json.Marshal(a)
	const want = `{"allowed":false,"reason":"limit_reached","message":"Emails: 700 of 1,000 used; 500 more are asked for and 300 left, 200 too few; starts anew on 1 Apr 2026.","feature":"emails","kind":"metered","usage":700,"limit":1000,"remaining":300,"shortfall":200,"resets_at":"2026-04-01T00:00:00Z","source":"plan:starter","sources":[{"source":"plan:starter","limit":1000}],"unlock":[{"addon":"reserve","quantity":1,"title":"Email reserve","price":{"amount":"10.00","currency":"USD"},"difference":{"amount":"10.00","currency":"USD"},"interval":"month","gives":"3,000 more Emails","limit":3000},`
	if err != nil || !strings.HasPrefix(string(text), want) {
		t.Errorf("got  %s\nwant %s…", text, want)
	}
	a = Check(has{plan: "pro"}.input(t), "recordings", quantity.One)
	if text, _ = json.Marshal(a); string(text) != `{"allowed":true,"reason":"included","message":"Talk recordings is included in Pro.","feature":"recordings","kind":"boolean","usage":null,"limit":null,"remaining":null,"shortfall":0,"resets_at":null,"source":"plan:pro","sources":[{"source":"plan:pro"}],"unlock":[]}` {
		t.Errorf("got %s", text)
	}
}

func BenchmarkCheck(b *testing.B) {
	in := has{plan: "pro", used: map[string]int64{"emails": 700}}.input(b)
	b.ReportAllocs()
	for b.Loop() {
		Check(in, "emails", quantity.One)
	}
}

func BenchmarkCheckThatSaysNo(b *testing.B) {
	in := has{plan: "starter", used: map[string]int64{"speakers": 10}}.input(b)
	b.ReportAllocs()
	for b.Loop() {
		Check(in, "speakers", quantity.One)
	}
}
