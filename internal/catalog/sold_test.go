package catalog

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// shop is a small catalog that sells in two currencies, with something of everything.
const shop = `version: 1
currency: USD
currencies: [EUR]
meters:
  emails: {event: email.sent, aggregate: sum, property: count}
  hosts: {add: host.added, remove: host.removed}
  credits: {fed_by: consume}
  rooms: {fed_by: consume, aggregate: level}
  peak: {event: x, aggregate: max, property: n}
features:
  emails: {meter: emails}
  hosts: {kind: seats, meter: hosts}
  credits: {meter: credits, pooled: true}
  rooms: {meter: rooms}
  peak: {meter: peak}
  support: {kind: value, values: [email, chat, phone]}
  retention: {kind: value}
  recordings: {}
  chapters: {part_of: recordings}
plans:
  free: {title: Free}
  pro:
    above: free
    version: 3
    unit: workspace
    price: {month: {USD: "12", EUR: "11"}}
    trial: 14d
    entitlements: {emails: {limit: 100, per: month}, support: chat, retention: 30, recordings: true, hosts: 3}
    earlier: {1: {price: {month: "8"}, entitlements: {emails: 50}}, 2: {price: {month: {USD: "10", EUR: "9"}}}}
  top: {above: pro, price: {month: {USD: "20", EUR: "18"}}, entitlements: {support: phone}}
addons:
  host: {kind: seat, price: {month: {USD: "15", EUR: "14"}}, entitlements: {hosts: 1}}
  mail: {kind: pack, price: {month: {USD: "5.05", EUR: "5"}}, entitlements: {emails: {limit: 100, per: month}}, needs: [pro, top]}
  films: {kind: module, price: {month: {USD: "10", EUR: "9"}}, entitlements: {recordings: true, support: chat}, needs: [pro]}
  burst: {kind: top_up, price: {once: {USD: "4", EUR: "4"}}, entitlements: {credits: 50}, expires: 90d}
`

// shopWith returns the shop with one more part of a bundle.
func shopWith(more string) []byte { return []byte(shop + marker + "more.yaml\n" + more + "\n") }

func mustShop(t testing.TB, more string) *Catalog {
	t.Helper()
	c, findings := Parse("shop.yaml", shopWith(more))
	if err := AsError(findings); err != nil {
		t.Fatal(err)
	}
	return c
}

func flat2(usd, eur money.Minor) *Price { return &Price{"USD": {Each: usd}, "EUR": {Each: eur}} }

func TestWhatIsSoldIsReadInEveryForm(t *testing.T) {
	const price = "addons: {x: {price: {month: {USD: %s, EUR: 1}}}}"
	scale := func(form string) func(*Catalog) any {
		return func(c *Catalog) any { return (*c.Addons["x"].Price.Month)["USD"] }
	}
	given := func(c *Catalog) any { return *c.Plans["x"].Entitlements["emails"] }
	for _, c := range []struct {
		name, more string
		got        func(*Catalog) any
		want       any
	}{
		{"a price in each currency", "", func(c *Catalog) any { return c.Plans["pro"].Price.Month }, flat2(1200, 1100)},
		{"the catalog's currency first", "", func(c *Catalog) any { return c.Currencies }, []money.Currency{"USD", "EUR"}},
		{"a base with some included", fmt.Sprintf(price, `{base: "20", each: "5", included: 3}`), scale(""), Scale{Base: 2000, Each: 500, Included: 3}},
		{"a base for any number", fmt.Sprintf(price, `{base: 20}`), scale(""), Scale{Base: 2000}},
		{"tiers, each pricing its own units", fmt.Sprintf(price, `{tiers: [{to: 10, each: 12}, {each: 9, base: 1}]}`), scale(""),
			Scale{Tiers: []Tier{{To: 10, Each: 1200}, {Each: 900, Base: 100}}}},
		{"tiers by volume", fmt.Sprintf(price, `{tiers: [{to: 10, each: 12}, {each: 9}], volume: true}`), scale(""),
			Scale{Tiers: []Tier{{To: 10, Each: 1200}, {Each: 900}}, Volume: true}},
		{"a price paid once", "", func(c *Catalog) any { return c.Addons["burst"].Price }, Prices{Once: flat2(400, 400)}},
		{"what expires", "", func(c *Catalog) any { return c.Addons["burst"].Expires }, 90 * day},
		{"a limit that may be passed", "plans: {x: {entitlements: {emails: {limit: 5, soft: true}}}}", given,
			Entitlement{Feature: "emails", Limit: quantity.Of(5), Soft: true}},
		{"grace in percent", "plans: {x: {entitlements: {emails: {limit: 5, grace: 10%}}}}", given,
			Entitlement{Feature: "emails", Limit: quantity.Of(5), Grace: &Grace{Percent: 10}}},
		{"grace in time", "plans: {x: {entitlements: {emails: {limit: 5, grace: 7d}}}}", given,
			Entitlement{Feature: "emails", Limit: quantity.Of(5), Grace: &Grace{For: 7 * day}}},
		{"grace in both", "plans: {x: {entitlements: {emails: {limit: 5, grace: {percent: 5%, for: 2d}}}}}", given,
			Entitlement{Feature: "emails", Limit: quantity.Of(5), Grace: &Grace{Percent: 5, For: 2 * day}}},
		{"rollover to the end of the next period", "plans: {x: {entitlements: {emails: {limit: 5, per: month, rollover: true}}}}", given,
			Entitlement{Feature: "emails", Limit: quantity.Of(5), Per: Month, Rollover: &Rollover{}}},
		{"rollover with a cap", "plans: {x: {entitlements: {emails: {limit: 5, per: month, rollover: {cap: 9, for: 60d}}}}}", given,
			Entitlement{Feature: "emails", Limit: quantity.Of(5), Per: Month, Rollover: &Rollover{Cap: quantity.Of(9), For: 60 * day}}},
		{"no rollover", "plans: {x: {entitlements: {emails: {limit: 5, rollover: false}}}}", given,
			Entitlement{Feature: "emails", Limit: quantity.Of(5)}},
		{"a limit for each unit", "plans: {x: {unit: seat, entitlements: {emails: {limit: 5, per_unit: true}}}}", given,
			Entitlement{Feature: "emails", Limit: quantity.Of(5), PerUnit: true}},
		{"overage in two currencies", "plans: {x: {entitlements: {emails: {limit: 5, overage: {unit: 10, price: {USD: 2, EUR: 1}}}}}}", given,
			Entitlement{Feature: "emails", Limit: quantity.Of(5), Overage: &Overage{Unit: quantity.Of(10), Price: 200, In: map[money.Currency]money.Minor{"EUR": 100}}}},
		{"a value of a few", "", func(c *Catalog) any { return c.Plans["pro"].Entitlements["support"].Value }, "chat"},
		{"a value that is a number", "", func(c *Catalog) any { return c.Plans["pro"].Entitlements["retention"].Value }, "30"},
		{"seats", "", func(c *Catalog) any { return c.Plans["pro"].Entitlements["hosts"].Limit }, quantity.Of(3)},
		{"a trial of so long", "", func(c *Catalog) any { return *c.Plans["pro"].Trial }, Trial{Length: 14 * day}},
		{"a trial with what follows", "plans: {x: {trial: {length: 7d, then: free, extend: 3d}}}", func(c *Catalog) any { return *c.Plans["x"].Trial },
			Trial{Length: 7 * day, Then: "free", Extend: 3 * day, Extensions: 1}},
		{"a trial of one feature", "features: {x: {meter: emails, trial: {length: 7d, limit: 20}}}", func(c *Catalog) any { return *c.Features["x"].Trial },
			Trial{Length: 7 * day, Limit: quantity.Of(20)}},
		{"an earlier version with its own entitlements", "", func(c *Catalog) any { return c.PlanOf("pro", 1).Entitlements["emails"].Limit }, quantity.Of(50)},
		{"an earlier version, as it is now but for the price", "", func(c *Catalog) any {
			p := *c.PlanOf("pro", 2)
			return []any{p.Price.Month, p.Entitlements["support"].Value, p.Version, p.Family, p.Unit}
		}, []any{flat2(1000, 900), "chat", 2, "core", "workspace"}},
		{"a feature with all there is", "features: {x: {part_of: recordings, locked: hidden, role: expansion, use_cases: [selling], ready: partner, translations: {de: {title: Filme, benefit: Gut}, pt-BR: {title: F}}}}",
			func(c *Catalog) any { return *c.Features["x"] },
			Feature{Key: "x", Title: "x", Kind: Boolean, PartOf: "recordings", Hidden: true, Role: "expansion", UseCases: []string{"selling"}, Ready: Partner,
				Translations: map[string]Translation{"de": {"Filme", "Gut"}, "pt-BR": {"F", ""}}}},
		{"an add-on with all there is", "addons: {x: {kind: service_tier, price: {month: {USD: 1, EUR: 1}}, entitlements: {support: phone}, needs: [pro], excludes: [top], complements: [host], trial: 7d, retired: true, ready: not_ready, role: expansion, use_cases: [help]}}",
			func(c *Catalog) any { a := *c.Addons["x"]; a.Entitlements = nil; return a },
			Addon{Key: "x", Title: "x", Kind: OfServiceTier, Price: Prices{Month: flat2(100, 100)}, Needs: []string{"pro"}, Excludes: []string{"top"}, Complements: []string{"host"},
				Trial: &Trial{Length: 7 * day}, Retired: true, Ready: NotReady, Role: "expansion", UseCases: []string{"help"}}},
		{"a plan for some", "plans: {x: {eligible: \"account.traits.nonprofit == true\", retired: true, ready: partner, use_cases: [a], reverse: pro}}",
			func(c *Catalog) any {
				p := c.Plans["x"]
				return []any{p.Eligible.Source, p.Retired, p.Ready, p.UseCases, p.Reverse}
			},
			[]any{"account.traits.nonprofit == true", true, Partner, []string{"a"}, "pro"}},
		{"profiles", "profiles: {host: {title: Host, invites: [speaker], seat: hosts}, speaker: {}}", func(c *Catalog) any { return *c.Profiles["host"] },
			Profile{"host", "Host", []string{"speaker"}, "hosts", false}},
		{"a placement", "profiles: {host: {}}\nplacements: {billing.page: {title: Billing, feature: emails, profile: host}}", func(c *Catalog) any { return *c.Places["billing.page"] },
			Placement{"billing.page", "Billing", "emails", "host", ""}},
		{"a placement is known without an offer", "placements: {billing.page: {}}", func(c *Catalog) any { return c.Placements() }, []string{"billing.page"}},
		{"a launch", "launches: {x: {title: X, addon: films, on: 2026-12-01, for: \"account.plan == 'pro'\", case: Good}}", func(c *Catalog) any {
			l := c.Launches["x"]
			return []any{l.Title, l.Addon, l.On.String(), l.For.Source, l.Case}
		}, []any{"X", "films", "2026-12-01T00:00:00Z", "account.plan == 'pro'", "Good"}},
		{"how changes are charged", "billing: {proration: day, downgrade: renewal, undo: 24h}", func(c *Catalog) any { return c.Billing }, Billing{"day", "renewal", 24 * time.Hour}},
		{"how changes are charged when nothing is said", "", func(c *Catalog) any { return c.Billing }, Billing{"second", "now", 0}},
		{"what is told apart otherwise", "taxonomy: {service_tier: upsell, new_family: upsell}", func(c *Catalog) any { return c.Taxonomy },
			map[Growth]RevenueType{"service_tier": Upsell, NewFamily: Upsell}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.got(mustShop(t, c.more)); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestWhatCannotBeSoldIsAnError(t *testing.T) {
	const month = "price: {month: {USD: 1, EUR: 1}}"
	for _, c := range []struct{ name, more, want string }{
		{"a price in one of two currencies", "addons: {x: {price: {month: 5}}}", `price_missing addons.x.price.month "EUR" @1:29`},
		{"a plan priced in the other currency only", "plans: {x: {price: {year: {EUR: 5}}}}", `price_missing plans.x.price.year "USD" @1:27`},
		{"an overage in one of two currencies", "plans: {x: {entitlements: {emails: {limit: 1, overage: {price: 2}}}}}", `price_missing plans.x.entitlements.emails.overage.price "EUR" @1:64`},
		{"an overage not in the catalog's currency", "plans: {x: {entitlements: {emails: {limit: 1, overage: {price: {EUR: 2}}}}}}", `price_missing plans.x.entitlements.emails.overage.price "" @1:64`},
		{"what is not sold any more may lack one", "addons: {x: {retired: true, price: {month: 5}}}", ""},
		{"a currency the catalog does not sell in", "addons: {x: {price: {month: {USD: 1, EUR: 1, CHF: 1}}}}", `unknown_currency addons.x.price.month.CHF "CHF" @1:46`},
		{"currencies twice", "currencies: [EUR]", `duplicate_key currencies "" @1:13`},
		{"tiers that do not rise", "addons: {x: {price: {month: {USD: {tiers: [{to: 9, each: 1}, {to: 9, each: 1}, {each: 1}]}, EUR: 1}}}}", `tiers_not_rising addons.x.price.month.USD.tiers[1] "" @1:62`},
		{"tiers without an end", "addons: {x: {price: {month: {USD: {tiers: [{to: 9, each: 1}]}, EUR: 1}}}}", `tiers_not_open addons.x.price.month.USD.tiers[0] "" @1:44`},
		{"an open tier in the middle", "addons: {x: {price: {month: {USD: {tiers: [{each: 1}, {each: 1}]}, EUR: 1}}}}", `tiers_not_rising addons.x.price.month.USD.tiers[0] "" @1:44`},
		{"tiers and a price for each", "addons: {x: {price: {month: {USD: {each: 1, tiers: [{each: 1}]}, EUR: 1}}}}", `contradiction addons.x.price.month.USD "" @1:35`},
		{"a negative tier", "addons: {x: {price: {month: {USD: {tiers: [{each: -1}]}, EUR: 1}}}}", `negative_price addons.x.price.month.USD.tiers[0].each "-1" @1:51`},
		{"a price that is no number", "addons: {x: {price: {month: {USD: .nan, EUR: 1}}}}", `wrong_type addons.x.price.month.USD ".nan" @1:35`},
		{"some included of nothing", "addons: {x: {price: {month: {USD: {base: 1, included: 2}, EUR: 1}}}}", `missing addons.x.price.month.USD "" @1:35`},
		{"volume of no tiers", "addons: {x: {price: {month: {USD: {each: 1, volume: true}, EUR: 1}}}}", `contradiction addons.x.price.month.USD "" @1:35`},
		{"a plan sold once", "plans: {x: {price: {once: {USD: 1, EUR: 1}}}}", `contradiction plans.x.price.once "" @1:27`},
		{"a top-up each month", "addons: {x: {kind: top_up, entitlements: {credits: 1}, " + month + "}}", `contradiction addons.x.price "" @1:63`},
		{"a pack once", "addons: {x: {kind: pack, entitlements: {credits: 1}, price: {once: {USD: 1, EUR: 1}}}}", `contradiction addons.x.price.once "" @1:68`},
		{"a top-up of nothing", "addons: {x: {kind: top_up, price: {once: {USD: 1, EUR: 1}}}}", `contradiction addons.x "top_up" @1:10`},
		{"a top-up of a truth", "addons: {x: {kind: top_up, entitlements: {recordings: true}, price: {once: {USD: 1, EUR: 1}}}}", `contradiction addons.x "top_up" @1:10`},
		{"a top-up that rolls over", "addons: {x: {kind: top_up, entitlements: {credits: {limit: 5, rollover: true}}, price: {once: {USD: 1, EUR: 1}}}}", `contradiction addons.x.entitlements.credits.rollover "" @1:73`},
		{"a truth bought once", "addons: {x: {entitlements: {recordings: true}, price: {once: {USD: 1, EUR: 1}}}}", `contradiction addons.x.entitlements.recordings "" @1:41`},
		{"a trial of what is bought once", "addons: {x: {trial: 7d, price: {once: {USD: 1, EUR: 1}}}}", `contradiction addons.x.trial "" @1:21`},
		{"a seat of no seats", "addons: {x: {kind: seat, entitlements: {credits: 1}, " + month + "}}", `contradiction addons.x "seat" @1:10`},
		{"once and each month", "addons: {x: {price: {once: {USD: 1, EUR: 1}, month: {USD: 1, EUR: 1}}}}", `contradiction addons.x.price.once "" @1:28`},
		{"what is paid each month and expires", "addons: {x: {expires: 9d, " + month + "}}", `contradiction addons.x.expires "" @1:23`},
		{"what needs and excludes the same", "addons: {x: {needs: [pro], excludes: [pro]}}", `contradiction addons.x.needs[0] "pro" @1:22`},
		{"what is excluded by everything it needs", "addons: {x: {needs: [y]}, y: {excludes: [x]}}", `unreachable addons.x.needs "y" @1:21`},
		{"what is excluded by one thing of two it needs", "addons: {x: {needs: [y, pro]}, y: {excludes: [x]}}", ""},
		{"what excludes itself", "addons: {x: {excludes: [x]}}", `contradiction addons.x.excludes[0] "x" @1:25`},
		{"what goes well with what it excludes", "addons: {x: {excludes: [pro], complements: [pro]}}", `contradiction addons.x.complements[0] "pro" @1:45`},
		{"what excludes nothing known", "addons: {x: {excludes: [proo]}}", `unknown_reference addons.x.excludes[0] "proo" @1:25`},
		{"a bundle among the add-ons", "addons: {x: {kind: bundle}}", `contradiction addons.x.kind "bundle" @1:20`},
		{"soft and at a price", "plans: {x: {entitlements: {emails: {limit: 1, soft: true, overage: {price: {USD: 1, EUR: 1}}}}}}", `contradiction plans.x.entitlements.emails.soft "true" @1:53`},
		{"grace where the limit does not bind", "plans: {x: {entitlements: {emails: {limit: 1, soft: true, grace: 5%}}}}", `contradiction plans.x.entitlements.emails.grace "" @1:66`},
		{"grace without a limit", "plans: {x: {entitlements: {emails: {limit: unlimited, grace: 5%}}}}", `contradiction plans.x.entitlements.emails.grace "" @1:62`},
		{"grace of nothing", "plans: {x: {entitlements: {emails: {limit: 1, grace: 0%}}}}", `out_of_range plans.x.entitlements.emails.grace "0%" @1:54`},
		{"rollover without a limit", "plans: {x: {entitlements: {emails: {limit: unlimited, per: month, rollover: true}}}}", `contradiction plans.x.entitlements.emails.rollover "" @1:77`},
		{"rollover of a level", "plans: {x: {entitlements: {rooms: {limit: 5, rollover: true}}}}", `contradiction plans.x.entitlements.rooms.rollover "" @1:56`},
		{"rollover of a peak", "plans: {x: {entitlements: {peak: {limit: 5, per: month, rollover: true}}}}", `contradiction plans.x.entitlements.peak.rollover "" @1:67`},
		{"rollover of no period", "plans: {x: {entitlements: {emails: {limit: 5, rollover: true}}}}", `contradiction plans.x.entitlements.emails.rollover "" @1:57`},
		{"rollover of a rolling window", "plans: {x: {entitlements: {emails: {limit: 5, per: rolling 24h, rollover: true}}}}", `contradiction plans.x.entitlements.emails.rollover "" @1:75`},
		{"rollover of nothing", "plans: {x: {entitlements: {emails: {limit: 5, per: month, rollover: {cap: 0}}}}}", `out_of_range plans.x.entitlements.emails.rollover "" @1:69`},
		{"a limit for each unit of none", "plans: {x: {entitlements: {emails: {limit: 5, per_unit: true}}}}", `contradiction plans.x.entitlements.emails.per_unit "true" @1:57`},
		{"an add-on's limit for each unit", "addons: {x: {entitlements: {emails: {limit: 5, per_unit: true}}}}", `contradiction addons.x.entitlements.emails.per_unit "true" @1:58`},
		{"a value that is none of them", "plans: {x: {entitlements: {support: fax}}}", `invalid_value plans.x.entitlements.support "fax" @1:37`},
		{"a value that is there or not", "plans: {x: {entitlements: {support: true}}}", `contradiction plans.x.entitlements.support "true" @1:37`},
		{"a value with a limit", "plans: {x: {entitlements: {support: {limit: 5}}}}", `contradiction plans.x.entitlements.support "" @1:37`},
		{"a number that is a word", "plans: {x: {entitlements: {retention: long}}}", `invalid_number plans.x.entitlements.retention "long" @1:39`},
		{"values of a metered feature", "features: {x: {meter: emails, values: [a]}}", `contradiction features.x.values "" @1:39`},
		{"a value with a meter", "features: {x: {kind: value, meter: emails}}", `contradiction features.x.meter "emails" @1:36`},
		{"seats that are added up from events", "features: {x: {kind: seats, meter: emails}}", `contradiction features.x.meter "emails" @1:36`},
		{"seats of no meter", "features: {x: {kind: seats}}", `missing features.x "" @1:12`},
		{"seats that are claimed", "features: {x: {kind: seats, meter: rooms}}", ""},
		{"a family's share of what events count", "features: {x: {meter: emails, pooled: true}}", `contradiction features.x.pooled "true" @1:39`},
		{"a family's share of a rolling limit", "plans: {x: {entitlements: {credits: {limit: 5, per: rolling 7d}}}}", `contradiction plans.x.entitlements.credits.per "rolling 7d" @1:53`},
		{"a family's share of a rolling limit of an add-on", "addons: {x: {entitlements: {credits: {limit: 5, per: rolling 24h}}}}", `contradiction addons.x.entitlements.credits.per "rolling 24h" @1:54`},
		{"a family's share of a month", "plans: {x: {entitlements: {credits: {limit: 5, per: month}}}}", ""},
		{"a family's share of a truth", "features: {x: {pooled: true}}", `contradiction features.x.pooled "true" @1:24`},
		{"parts of each other", "features: {x: {part_of: y}, y: {part_of: x}}", `cycle features.x.part_of "y" @1:25`},
		{"a part of nothing", "features: {x: {part_of: recording}}", `unknown_reference features.x.part_of "recording" @1:25`},
		{"a language that is none", "features: {x: {translations: {German: {title: a}}}}", `invalid_language features.x.translations.German "German" @1:31`},
		{"a trial of none of a metered feature", "features: {x: {meter: emails, trial: {length: 7d, limit: 0}}}", `out_of_range features.x.trial.limit "0" @1:58`},
		{"a trial of a truth with a limit", "features: {x: {trial: {length: 7d, limit: 3}}}", `contradiction features.x.trial.limit "3" @1:43`},
		{"a trial of a number", "features: {x: {kind: value, trial: 7d}}", `contradiction features.x.trial "" @1:36`},
		{"a trial of an add-on that something follows", "addons: {x: {trial: {length: 7d, then: pro}}}", `contradiction addons.x.trial.then "" @1:40`},
		{"a trial without a length", "plans: {x: {trial: {then: free}}}", `missing plans.x.trial "" @1:20`},
		{"a trial that is extended by nothing said", "plans: {x: {trial: {length: 7d, extensions: 2}}}", `missing plans.x.trial "" @1:20`},
		{"a trial followed by nothing known", "plans: {x: {trial: {length: 7d, then: fre}}}", `unknown_reference plans.x.trial.then "fre" @1:39`},
		{"trials that follow each other", "plans: {x: {trial: {length: 7d, then: y}}, y: {trial: {length: 7d, then: x}}}", `cycle plans.x.trial.then "y" @1:39`},
		{"a trial followed by what is retired", "plans: {x: {trial: {length: 7d, then: y}}, y: {retired: true}}", `contradiction plans.x.trial.then "y" @1:39`},
		{"a reverse trial of what cannot be tried", "plans: {x: {reverse: top}}", `contradiction plans.x.reverse "top" @1:22`},
		{"a reverse trial of nothing known", "plans: {x: {reverse: prro}}", `unknown_reference plans.x.reverse "prro" @1:22`},
		{"a reverse trial of itself", "plans: {x: {reverse: x, trial: 7d}}", `cycle plans.x.reverse "x" @1:22`},
		{"a reverse trial before what is paid for", "plans: {x: {price: {month: {USD: 1, EUR: 0}}, reverse: pro}}", `contradiction plans.x.reverse "pro" @1:56`},
		{"a reverse trial before what costs nothing", "plans: {x: {price: {month: {USD: 0, EUR: 0}}, reverse: pro}}", ""},
		{"an earlier version that is later", "plans: {x: {version: 2, earlier: {2: {}}}}", `contradiction plans.x.earlier.2 "2" @1:38`},
		{"an earlier version of no number", "plans: {x: {version: 2, earlier: {old: {}}}}", `invalid_number plans.x.earlier.old "old" @1:35`},
		{"an earlier version twice", "plans: {x: {version: 2, earlier: {1: {}, 1: {}}}}", `duplicate_key plans.x.earlier.1 "1" @1:42`},
		{"an earlier version with a fault", "plans: {x: {version: 2, earlier: {1: {entitlements: {emails: true}}}}}", `contradiction plans.x.earlier.1.entitlements.emails "true" @1:62`},
		{"a condition of someone signed in", "plans: {x: {eligible: \"user.role == 'admin'\"}}", `invalid_condition plans.x.eligible "user.role == 'admin'" @1:24`},
		{"a condition on a plan that is not there", "plans: {x: {eligible: \"account.plan == 'prro'\"}}", `unknown_reference plans.x.eligible "prro" @1:40`},
		{"a profile that invites nobody known", "profiles: {x: {invites: [y]}}", `unknown_reference profiles.x.invites[0] "y" @1:26`},
		{"a profile that takes a seat of none", "profiles: {x: {seat: emails}}", `contradiction profiles.x.seat "emails" @1:22`},
		{"a placement about nothing known", "placements: {x: {feature: email}}", `unknown_reference placements.x.feature "email" @1:27`},
		{"a placement for nobody known", "placements: {x: {profile: hst}}", `unknown_reference placements.x.profile "hst" @1:27`},
		{"a placement that cannot be one", "placements: {\"a page\": {}}", `invalid_key placements.a page "a page" @1:14`},
		{"a launch of nothing", "launches: {x: {on: 2026-12-01}}", `missing launches.x "" @1:12`},
		{"a launch of two things", "launches: {x: {feature: emails, addon: mail, on: 2026-12-01}}", `contradiction launches.x.addon "mail" @1:40`},
		{"a launch without a day", "launches: {x: {feature: emails}}", `missing launches.x "" @1:12`},
		{"a launch on no day", "launches: {x: {feature: emails, on: soon}}", `invalid_time launches.x.on "soon" @1:37`},
		{"billing by the month", "billing: {proration: month}", `invalid_value billing.proration "month" @1:22`},
		{"a kind of growth nobody knows", "taxonomy: {new_famliy: upsell}", `unknown_key taxonomy.new_famliy "new_famliy" @1:12`},
		{"growth that is a new customer", "taxonomy: {more: new_logo}", `invalid_value taxonomy.more "new_logo" @1:18`},
		{"a profile that nobody has", "profiles: {host: {}}\noffers: {x: {give: {plan: pro}, for: \"user.profile == 'hots'\"}}", `unknown_reference offers.x.for "hots" @2:55`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, findings := Parse("shop.yaml", shopWith(c.more))
			var got []string
			for _, f := range findings {
				if f.Severity == SeverityError {
					got = append(got, short(f))
					if f.Mend == "" || f.Message == "" || f.Line == 0 {
						t.Errorf("%+v lacks something", f)
					}
				}
			}
			if strings.Join(got, "\n") != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), c.want)
			}
		})
	}
}

func TestDiffTellsWhatIsSoldInWords(t *testing.T) {
	old := mustShop(t, `
bundles: {both: {includes: [mail, films], discount: 10%}}
taxonomy: {pack: cross_sell}
`)
	text := strings.NewReplacer(
		"price: {month: {USD: \"12\", EUR: \"11\"}}", "price: {month: {USD: {tiers: [{to: 10, each: 12}, {each: 9}]}, EUR: \"12\"}}",
		"trial: 14d", "trial: {length: 14d, then: free, extend: 7d, extensions: 2}",
		"emails: {limit: 100, per: month}, support: chat", "emails: {limit: 100, per: month, per_unit: true, rollover: {cap: 200, for: 60d}, overage: {unit: 10, price: {USD: 1, EUR: 0.9}}}, support: phone",
		"hosts: 3", "hosts: {limit: 3, grace: {percent: 10%, for: 7d}}",
		"1: {price: {month: \"8\"}, entitlements: {emails: 50}}, ", "",
		"values: [email, chat, phone]", "values: [email, chat, phone, visit]",
		"chapters: {part_of: recordings}", "chapters: {part_of: recordings, locked: hidden, translations: {de: {title: Kapitel}}}",
		"host: {kind: seat", "host: {kind: capacity, expires: 2d, retired: true, excludes: [top], complements: [films]",
		"kind: top_up, price: {once", "kind: feature, ready: not_ready, price: {once",
	).Replace(shop)
	text = strings.Replace(text, ", expires: 2d", "", 1)
	c, findings := Parse("", []byte(text+marker+`more.yaml
bundles: {both: {includes: {mail: 2, films: 1}, discount: 20%}}
profiles: {host: {invites: [guest], seat: hosts}, guest: {}}
placements: {billing.page: {feature: emails}}
launches: {x: {addon: films, on: 2026-12-01}}
billing: {undo: 24h}
taxonomy: {pack: upsell}
`))
	if c == nil {
		t.Fatal(findings)
	}
	want := strings.TrimSpace(`
+ billing: the catalog's billing is added: by the second
+ features.chapters.locked: feature chapters: locked is now hidden
+ features.chapters.translations.de.title: feature chapters: translations de title is now Kapitel
~ features.support.values: feature support: values from email, chat, phone to email, chat, phone, visit
- plans.pro.earlier.1: plan pro: earlier 1 is no longer kept; 8.00 USD a month; emails 50
~ plans.pro.entitlements.emails: plan pro: entitlements emails from 100 per month to 100 per month for each unit, rolls over up to 200 for 60d, then 1.00 USD or 0.90 EUR per 10
~ plans.pro.entitlements.hosts: plan pro: entitlements hosts from 3 to 3, 10% grace for 7d
~ plans.pro.entitlements.support: plan pro: entitlements support from chat to phone
~ plans.pro.price.month: plan pro: price month from 12.00 USD to 12.00 USD each up to 10, then 9.00 USD
~ plans.pro.price.month.EUR: plan pro: price month EUR from 11.00 EUR to 12.00 EUR
~ plans.pro.trial: plan pro: trial from 14d to 14d, then free, 2 extensions of 7d
- addons.burst.kind: add-on burst: kind is no longer top-up
+ addons.burst.ready: add-on burst: ready is now not ready
+ addons.host.complements: add-on host: complements is now films
+ addons.host.excludes: add-on host: excludes is now top
~ addons.host.kind: add-on host: kind from seat to capacity
+ addons.host.retired: add-on host: retired is now yes
~ bundles.both.discount: bundle both: discount from 10% to 20%
~ bundles.both.entitlements.emails: bundle both: entitlements emails from 100 per month to 200 per month
~ bundles.both.includes: bundle both: includes from films, mail to films, 2 of mail
~ bundles.both.price.month: bundle both: price month from 13.55 USD to 16.08 USD
~ bundles.both.price.month.EUR: bundle both: price month EUR from 12.60 EUR to 15.20 EUR
+ profiles.guest: profile guest is added: guest
+ profiles.host: profile host is added: host
+ placements.billing.page: placement billing.page is added: billing.page
+ launches.x: launch x is added: films on 2026-12-01T00:00:00Z
~ taxonomy.pack: the type of revenue of pack from cross_sell to upsell
`)
	var got []string
	for _, change := range Diff(old, c) {
		got = append(got, change.String())
	}
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

// A price that rises with each tier's units never falls as more is bought.
func TestAGraduatedPriceNeverFallsAsMoreIsBought(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Scale{Base: money.Minor(rapid.Int64Range(0, 1e6).Draw(t, "base"))}
		to := int64(0)
		for range rapid.IntRange(0, 6).Draw(t, "tiers") {
			to += rapid.Int64Range(1, 1e6).Draw(t, "width")
			s.Tiers = append(s.Tiers, Tier{To: to, Each: money.Minor(rapid.Int64Range(0, 1e5).Draw(t, "each")), Base: money.Minor(rapid.Int64Range(0, 1e5).Draw(t, "tier's base"))})
		}
		if len(s.Tiers) > 0 {
			s.Tiers = append(s.Tiers, Tier{Each: 7})
		} else {
			s.Each, s.Included = money.Minor(rapid.Int64Range(0, 1e6).Draw(t, "each")), rapid.Int64Range(0, 100).Draw(t, "included")
		}
		p := &Price{"USD": s}
		n := rapid.Int64Range(0, 1e7).Draw(t, "n")
		more := n + rapid.Int64Range(0, 1e6).Draw(t, "more")
		few, ok1 := p.Cost("USD", n)
		many, ok2 := p.Cost("USD", more)
		if ok2 && (!ok1 || few > many) {
			t.Fatalf("%d cost %d, and %d cost %d", n, few, more, many)
		}
	})
}
