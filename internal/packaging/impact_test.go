package packaging_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/packaging"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

const shop = `version: 1
currency: USD
currencies: [USD, EUR]
meters: {reports: {fed_by: consume, aggregate: level}}
features:
  reports: {title: Reports, meter: reports}
  films: {title: Films}
  help: {title: Support, kind: value, values: [mail, chat, phone]}
plans:
  basic: {title: Basic, price: {month: {USD: "20", EUR: "18"}, year: {USD: "200", EUR: "180"}}, entitlements: {reports: 10, help: mail}}
  pro: {title: Pro, above: basic, price: {month: {USD: "50", EUR: "45"}, year: {USD: "500", EUR: "450"}}, entitlements: {reports: 100, films: true, help: chat}}
addons:
  films: {title: Films, price: {month: {USD: "12", EUR: "11"}}, entitlements: {films: true}}
  more: {title: More reports, price: {month: {USD: "8", EUR: "7"}}, entitlements: {reports: 50}}
`

// swapped returns the shop with texts in the place of others, in pairs.
func swapped(t testing.TB, pairs ...string) *catalog.Catalog {
	t.Helper()
	text := shop
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the shop has no %q", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	c, findings := catalog.Parse("", []byte(text))
	if c == nil {
		t.Fatal(findings)
	}
	return c
}

// holder is an account that pays the list price of the shop.
func holder(c *catalog.Catalog, key, plan string, reports int64, addons ...string) packaging.Holder {
	sub := &subscription.Subscription{Plan: plan, PlanVersion: 1, Interval: subscription.Month, Quantity: 1, Currency: "USD", Status: subscription.Active}
	total, _ := c.Plans[plan].Price.Month.Cost("USD", 1)
	for _, a := range addons {
		sub.Addons = append(sub.Addons, subscription.AddonLine{Key: a, Quantity: 1})
		cost, _ := c.Addons[a].Price.Month.Cost("USD", 1)
		total += cost
	}
	sub.Recurring = total
	now := clock.Time(1_800_000_000_000_000)
	u := &meter.Usage{}
	meter.Consume(u, c.Meters["reports"], quantity.Quantity(reports)*quantity.One, subscription.Calendar{}, now)
	return packaging.Holder{Account: key, Name: "The " + key, Input: entitlement.Input{Catalog: c, Subscription: sub, Now: now, State: &entitlement.State{},
		Usage: func(string) *meter.Usage { return u }}}
}

func impactOf(old, next *catalog.Catalog, holders ...packaging.Holder) packaging.ImpactAnswer {
	im := packaging.NewImpact(old, next)
	for _, h := range holders {
		im.Add(h)
	}
	return im.Answer()
}

func TestAnImpactSaysWhatAccountsGainAndLose(t *testing.T) {
	old := swapped(t)
	for _, c := range []struct {
		name  string
		pairs []string
		given []string // what changes for an account on basic with more reports
	}{
		{"a higher limit", []string{"reports: 10,", "reports: 20,"}, []string{"Reports is raised from 60 to 70"}},
		{"a lower limit", []string{"reports: 10,", "reports: 5,"}, []string{"Reports is lowered from 60 to 55"}},
		{"no limit", []string{"reports: 10,", "reports: unlimited,"}, []string{"Reports is raised from 60 to unlimited"}},
		{"a feature more", []string{"reports: 10,", "reports: 10, films: true,"}, []string{"gains Films"}},
		{"another value", []string{"help: mail", "help: chat"}, []string{"Support is raised from mail to chat"}},
		{"less from the add-on", []string{"{reports: 50}", "{reports: 40}"}, []string{"Reports is lowered from 60 to 50"}},
		{"what another plan gives", []string{"reports: 100,", "reports: 90,"}, nil},
		{"a price", []string{`{USD: "20", EUR: "18"}`, `{USD: "25", EUR: "18"}`}, nil},
		{"a title", []string{"title: Basic", "title: Small"}, nil},
		{"a part of what no plan gives", []string{"reports: {title: Reports, meter: reports}", "reports: {title: Reports, meter: reports, part_of: studio}\n  studio: {title: Studio}"}, []string{"loses Reports (60)"}},
		{"a part of a part of what no plan gives", []string{"reports: {title: Reports, meter: reports}", "reports: {title: Reports, meter: reports, part_of: desk}\n  desk: {title: Desk, part_of: studio}\n  studio: {title: Studio}", "help: mail}", "help: mail, desk: true}"}, []string{"loses Reports (60)"}},
		{"a part of what their plan gives", []string{"reports: {title: Reports, meter: reports}", "reports: {title: Reports, meter: reports, part_of: studio}\n  studio: {title: Studio}", "help: mail}", "help: mail, studio: true}"}, []string{"gains Studio"}},
		{"a new version, with the one they have kept", []string{"basic: {title: Basic,", "basic: {title: Basic, version: 2, earlier: {1: {entitlements: {reports: 10, help: mail}}},", "reports: 10, help: mail}}\n  pro", "reports: 5, help: mail}}\n  pro"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := impactOf(old, swapped(t, c.pairs...), holder(old, "acme", "basic", 3, "more"))
			var words []string
			for _, e := range got.Examples {
				words = e.Changes
			}
			if !slices.Equal(words, c.given) || got.Accounts != min(len(c.given), 1) {
				t.Errorf("got %+v, want %q", got, c.given)
			}
		})
	}
}

func TestWhoUsesMoreThanTheNewLimitIsSqueezed(t *testing.T) {
	old, next := swapped(t), swapped(t, "reports: 10,", "reports: 5,")
	within, above, gifted, free := holder(old, "within", "basic", 5), holder(old, "above", "basic", 6), holder(old, "gifted", "basic", 6), holder(old, "free", "basic", 6)
	gifted.Input.State.Grants = []entitlement.Grant{{ID: "g", Feature: "reports", Amount: 10 * quantity.One}}
	free.Input.State.Overrides = []entitlement.Override{{Feature: "reports", Unlimited: true}}
	got := impactOf(old, next, within, above, gifted, free)
	want := []packaging.Overfull{{Account: "above", Feature: "reports", Usage: 6 * quantity.One, Limit: 5 * quantity.One}}
	if !slices.Equal(got.Squeezed, want) || got.Above != 1 {
		t.Errorf("got %+v", got.Squeezed)
	}
}

func TestOfTwoValuesTheGreaterByTheNewOrderCounts(t *testing.T) {
	both := []string{"{reports: 50}", "{reports: 50, help: chat}"}
	old := swapped(t, both...)
	got := impactOf(old, swapped(t, append(both, "values: [mail, chat, phone]", "values: [chat, mail, phone]")...), holder(old, "acme", "basic", 3, "more"))
	if len(got.Examples) != 1 || !slices.Equal(got.Examples[0].Changes, []string{"Support changes from chat to mail"}) {
		t.Errorf("got %+v", got.Examples)
	}
}

// TestALimitOfAnotherPeriodIsHeldAgainstWhatWasKept: the account used 900 this month, of 1000.
func TestALimitOfAnotherPeriodIsHeldAgainstWhatWasKept(t *testing.T) {
	const text = "version: 1\ncurrency: USD\nmeters: {calls: {fed_by: consume}}\nfeatures: {calls: {title: Calls, meter: calls}}\nplans: {basic: {price: {month: \"20\"}, entitlements: {calls: {limit: 1000, per: month}}}}\n"
	parsed := func(limit string) *catalog.Catalog {
		c, findings := catalog.Parse("", []byte(strings.Replace(text, "{limit: 1000, per: month}", limit, 1)))
		if c == nil {
			t.Fatal(findings)
		}
		return c
	}
	old, now := parsed("{limit: 1000, per: month}"), clock.Time(1_800_000_000_000_000)
	u := &meter.Usage{}
	meter.Consume(u, old.Meters["calls"], 900*quantity.One, subscription.Calendar{}, now)
	sub := &subscription.Subscription{Plan: "basic", PlanVersion: 1, Interval: subscription.Month, Quantity: 1, Currency: "USD", Status: subscription.Active, Recurring: 2000}
	for _, c := range []struct {
		name, limit string
		above       int
	}{
		{"fewer a month", "{limit: 500, per: month}", 1},
		{"fewer a year than in this month alone", "{limit: 500, per: year}", 1},
		{"more a year than in this month", "{limit: 950, per: year}", 0},
		{"fewer in all", "{limit: 500, per: lifetime}", 1},
		{"fewer a day than on an average one", "{limit: 10, per: day}", 1},
		{"more a day than on an average one", "{limit: 100, per: day}", 0},
		{"fewer in any 24 hours than in an average day", "{limit: 10, per: rolling 24h}", 1},
		{"more in any 24 hours than in an average day", "{limit: 100, per: rolling 24h}", 0},
	} {
		got := impactOf(old, parsed(c.limit), packaging.Holder{Account: "acme", Input: entitlement.Input{Catalog: old, Subscription: sub, Now: now,
			State: &entitlement.State{}, Usage: func(string) *meter.Usage { return u }}})
		if got.Above != c.above {
			t.Errorf("%s: %d above the limit, want %d", c.name, got.Above, c.above)
		}
	}
}

func TestRenewalMoneyAtRiskIsWhatTheySaveByTheChange(t *testing.T) {
	const bundle = "bundles: {both: {title: Both, includes: [films, more], discount: 25%%%s}}\n"
	for _, c := range []struct {
		name     string
		pairs    []string
		accounts int
		year     string
		why      string
	}{
		{"a bundle of what they have", []string{"addons:\n", fmt.Sprintf(bundle, "") + "addons:\n"}, 1, "60.00", "1 account, 60.00 USD a year: they could switch to the bundle Both"},
		{"a bundle for others", []string{"addons:\n", fmt.Sprintf(bundle, `, eligible: "account.traits.kind == 'school'"`) + "addons:\n"}, 0, "0.00", ""},
		{"a bundle without discount", []string{"addons:\n", strings.Replace(fmt.Sprintf(bundle, ""), ", discount: 25%", "", 1) + "addons:\n"}, 0, "0.00", ""},
		{"a lower price of their plan", []string{`{USD: "20", EUR: "18"}`, `{USD: "18", EUR: "18"}`}, 1, "24.00", "1 account, 24.00 USD a year: the price of Basic as it was bought falls"},
		{"a higher price of their plan", []string{`{USD: "20", EUR: "18"}`, `{USD: "30", EUR: "18"}`}, 0, "0.00", ""},
		{"a lower price in another currency", []string{`{USD: "20", EUR: "18"}`, `{USD: "20", EUR: "10"}`}, 0, "0.00", ""},
		{"a cheaper version with as much", []string{"basic: {title: Basic,", "basic: {title: Basic, version: 2, earlier: {1: {price: {month: {USD: \"20\", EUR: \"18\"}}}},", `price: {month: {USD: "20", EUR: "18"}, year: {USD: "200", EUR: "180"}}, entitlements: {reports: 10`, `price: {month: {USD: "15", EUR: "18"}, year: {USD: "200", EUR: "180"}}, entitlements: {reports: 10`}, 1, "60.00",
			"1 account, 60.00 USD a year: they could switch to version 2 of Basic"},
		{"a plan with more for less than plan and add-ons", []string{`pro: {title: Pro, above: basic, price: {month: {USD: "50"`, `pro: {title: Pro, above: basic, price: {month: {USD: "35"`}, 1, "60.00", "1 account, 60.00 USD a year: they could switch to Pro"},
		{"a lower price by the year", []string{`year: {USD: "200", EUR: "180"}`, `year: {USD: "60", EUR: "50"}`, `more: {title: More reports, price: {month: {USD: "8", EUR: "7"}}`, `more: {title: More reports, price: {month: {USD: "8", EUR: "7"}, year: {USD: "80", EUR: "70"}}`,
			`films: {title: Films, price: {month: {USD: "12", EUR: "11"}}`, `films: {title: Films, price: {month: {USD: "12", EUR: "11"}, year: {USD: "120", EUR: "110"}}`}, 1, "220.00", "1 account, 220.00 USD a year: they could pay for Basic by the year"},
		{"a cheaper plan with less", []string{"reports: 10, help: mail}}\n", "reports: 10, help: mail}}\n  tiny: {title: Tiny, price: {month: {USD: \"1\", EUR: \"1\"}, year: {USD: \"10\", EUR: \"10\"}}, entitlements: {reports: 1}}\n"}, 0, "0.00", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			old := swapped(t)
			h := holder(old, "acme", "basic", 3, "films", "more") // 40 a month
			h.Input.Eligible = condition.Holds(map[string]any{"account": map[string]any{"traits": map[string]any{}}})
			trial := holder(old, "trying", "basic", 3, "films", "more")
			trial.Input.Subscription.Status = subscription.Trialing
			got := impactOf(old, swapped(t, c.pairs...), h, trial).AtRisk
			if got.Accounts != c.accounts || got.Amount.String() != c.year+" USD" || strings.Join(got.Why, "; ") != c.why {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestRenewalMoneyIsAtRiskWhenWhatWasForOthersIsForThem: nobody here fits a condition.
func TestRenewalMoneyIsAtRiskWhenWhatWasForOthersIsForThem(t *testing.T) {
	const both, friend = "bundles: {both: {title: Both, includes: [films, more], discount: 50%%%s}}\n", "  friend: {title: Friend%s, price: {month: {USD: \"5\", EUR: \"5\"}}, entitlements: {reports: 10, help: mail}}\n"
	const school = `, eligible: "account.traits.kind == 'school'"`
	bundle := func(more string) []string { return []string{"addons:\n", fmt.Sprintf(both, more) + "addons:\n"} }
	plan := func(more string) []string { return []string{"plans:\n", "plans:\n" + fmt.Sprintf(friend, more)} }
	needy := func(more string) []string {
		return []string{`entitlements: {films: true}}`, `entitlements: {films: true}` + more + `}`, "plans:\n", "plans:\n" + fmt.Sprintf(friend, "")}
	}
	for _, c := range []struct {
		name      string
		old, next []string
		addons    []string
		year      string
	}{
		{"a bundle", bundle(school), bundle(""), []string{"films", "more"}, "120.00"},
		{"a bundle that needs another plan", bundle(", needs: [pro]"), bundle(""), []string{"films", "more"}, "120.00"},
		{"a bundle that excludes their plan", bundle(", excludes: [basic]"), bundle(""), []string{"films", "more"}, "120.00"},
		{"a plan", plan(school), plan(""), nil, "180.00"},
		{"a plan that an add-on of theirs did not go with", needy(", needs: [basic]"), needy(""), []string{"films"}, "180.00"},
		{"a plan that an add-on of theirs excluded", needy(", excludes: [friend]"), needy(""), []string{"films"}, "180.00"},
		{"a plan for other others", plan(school), plan(strings.Replace(school, "school", "choir", 1)), nil, "0.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			old, next := swapped(t, c.old...), swapped(t, c.next...)
			h := holder(old, "acme", "basic", 1, c.addons...)
			h.Input.Eligible = func(x *condition.Condition) bool { return x == nil }
			im := packaging.NewImpact(old, next)
			im.Add(h)
			if got := im.Answer().AtRisk; im.Nobody() || got.Amount.String() != c.year+" USD" {
				t.Errorf("nobody %t, got %+v", im.Nobody(), got)
			}
		})
	}
}

func TestMoneyInOtherCurrenciesStandsApart(t *testing.T) {
	old := swapped(t)
	h := holder(old, "acme", "basic", 0)
	h.Input.Subscription.Currency, h.Input.Subscription.Recurring = "EUR", 1800
	got := impactOf(old, swapped(t, `EUR: "18"}, year`, `EUR: "17"}, year`), h).AtRisk
	if got.Accounts != 1 || got.Amount.String() != "0.00 USD" || len(got.Others) != 1 || got.Others[0] != money.Of(1200, "EUR") {
		t.Errorf("got %+v", got)
	}
}

func TestWhatGoesWhileAccountsHaveItIsNamed(t *testing.T) {
	old := swapped(t)
	im := packaging.NewImpact(old, swapped(t, "  films: {title: Films, price", "  movies: {title: Films, price"))
	im.Add(holder(old, "b", "basic", 0, "films"))
	im.Add(holder(old, "a", "pro", 0, "films"))
	im.Add(holder(old, "c", "pro", 0))
	gone := im.Gone()
	if len(gone) != 1 || !gone[0].Addon || gone[0].Key != "films" || gone[0].Accounts != 2 || !slices.Equal(gone[0].Names(), []string{"a", "b"}) {
		t.Errorf("got %+v", gone)
	}
	im = packaging.NewImpact(old, swapped(t, "basic: {title: Basic,", "basic: {title: Basic, version: 2,"))
	im.Add(holder(old, "a", "basic", 0))
	if gone := im.Gone(); im.Nobody() || len(gone) != 1 || gone[0].Version != 1 || gone[0].Key != "basic" {
		t.Errorf("got %+v", gone)
	}
}

func TestNobodyNeedBeLookedAtWhereNothingIsSoldDifferently(t *testing.T) {
	for _, c := range []struct {
		name   string
		nobody bool
		pairs  []string
	}{
		{"nothing", true, nil},
		{"a title", true, []string{"title: Pro", "title: Professional"}},
		{"a condition that stays", true, []string{"plans:\n", "plans:\n  x: {title: X, price: {month: {USD: \"1\", EUR: \"1\"}}, eligible: \"account.plan == ''\"}\n"}},
		{"a price", false, []string{`USD: "50"`, `USD: "51"`}},
		{"a limit", false, []string{"reports: 100", "reports: 101"}},
		{"a plan", false, []string{"pro: {title: Pro, above: basic,", "max: {title: Pro,"}},
	} {
		old := swapped(t)
		if strings.HasSuffix(c.name, "that stays") {
			old = swapped(t, c.pairs...)
		}
		if got := packaging.NewImpact(old, swapped(t, c.pairs...)).Nobody(); got != c.nobody {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// TestTheOrderOfAccountsChangesNothing also holds that no account is counted twice.
func TestTheOrderOfAccountsChangesNothing(t *testing.T) {
	old := swapped(t)
	next := swapped(t, "reports: 10,", "reports: 5,", `USD: "50"`, `USD: "40"`)
	var holders []packaging.Holder
	for i := range 300 {
		holders = append(holders, holder(old, fmt.Sprintf("a%03d", i), []string{"basic", "pro"}[i%2], int64(i%12)))
	}
	want := impactOf(old, next, holders...)
	if want.Accounts != 150 || want.AtRisk.Accounts != 150 || len(want.Examples) != packaging.MaxExamples || want.Examples[0].Account != "a000" {
		t.Fatalf("got %+v", want)
	}
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(holders), func(i, j int) { holders[i], holders[j] = holders[j], holders[i] })
	if got := impactOf(old, next, holders...); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func BenchmarkImpact(b *testing.B) {
	old := swapped(b)
	next := swapped(b, "reports: 10,", "reports: 5,", `USD: "50"`, `USD: "40"`)
	var holders []packaging.Holder
	for i := range 1000 {
		holders = append(holders, holder(old, fmt.Sprintf("a%03d", i), []string{"basic", "pro"}[i%2], int64(i%12)))
	}
	im := packaging.NewImpact(old, next)
	for i := 0; b.Loop(); i++ {
		im.Add(holders[i%1000])
	}
}
