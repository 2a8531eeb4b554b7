package subscription

import (
	"reflect"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

func lines(more ...AddonLine) []AddonLine { return more }

// one is one of an add-on.
func one(key string) AddonLine { return AddonLine{Key: key, Quantity: 1} }

func TestWhatIsSoldAndWhatItCosts(t *testing.T) {
	for _, c := range []struct {
		name   string
		given  []Change // on 1 January 2026
		change Change   // on 16 January
		then   string
	}{
		{"the price of the catalog's currency", nil, Change{Plan: "starter"}, "active starter, monthly, USD 49.00"},
		{"in another currency", nil, Change{Plan: "starter", Currency: "EUR"}, "active starter, monthly, EUR 45.00"},
		{"in a currency without cents", nil, Change{Plan: "starter", Currency: "JPY"}, "active starter, monthly, JPY 7000"},
		{"a price that is missing in a currency", nil, Change{Plan: "starter", Interval: Year, Currency: "JPY"}, "currency_not_priced"},
		{"a currency that the catalog does not have", nil, Change{Plan: "starter", Currency: "GBP"}, "currency_mismatch"},
		{"something that is no currency", nil, Change{Plan: "starter", Currency: "gold"}, "currency_mismatch"},
		{"a subscription keeps its currency", []Change{{Plan: "starter", Currency: "EUR"}}, Change{Plan: "pro"}, "active pro v3, monthly, EUR 139.00"},
		{"an add-on is charged in it", []Change{{Plan: "pro", Currency: "EUR"}}, Change{Addons: addons(one("sponsors"))}, "active pro v3, monthly, with sponsors, EUR 214.00"},
		{"unless it has no price in it", []Change{{Plan: "pro", Currency: "EUR"}}, Change{Addons: addons(one("film"))}, "currency_not_priced"},
		{"the currency of what is paid for cannot be switched", []Change{{Plan: "starter", Currency: "EUR"}}, Change{Plan: "pro", Currency: "USD"}, "currency_mismatch"},
		{"nor by sending the currency alone", []Change{{Plan: "starter"}}, Change{Currency: "EUR"}, "currency_mismatch"},
		{"from a free plan it can", []Change{{Plan: "starter", TrialEndsAt: 1}, {Cancel: true}, {Plan: "pro", TrialEndsAt: 1}, {Cancel: true}, {Plan: "free"}}, Change{Plan: "pro", Currency: "EUR"}, "active pro v3, monthly, EUR 139.00"},
		{"after the end it can", []Change{{Plan: "starter"}, {Cancel: true}}, Change{Plan: "starter", Currency: "EUR"}, "active starter, monthly, EUR 45.00"},

		{"a base, and each unit beyond those included", nil, Change{Plan: "team", Quantity: 5}, "active 5 × team, monthly, USD 50.00"},
		{"no more than are included", nil, Change{Plan: "team", Quantity: 2}, "active 2 × team, monthly, USD 20.00"},
		{"graduated tiers price each unit by its own tier", nil, Change{Plan: "team", Interval: Year, Quantity: 12}, "active 12 × team, yearly, USD 1160.00"},
		{"volume tiers price all units by the last one's tier", nil, Change{Plan: "bulk", Quantity: 11}, "active 11 × bulk, monthly, USD 93.00"},
		{"seats have their own price", []Change{{Plan: "starter"}}, Change{Addons: addons(AddonLine{"seats", 7})}, "active starter, monthly, with 7 × seats, USD 105.00"},
		{"a bundle costs less than its parts", []Change{{Plan: "pro"}}, Change{Addons: addons(one("stage"))}, "active pro v3, monthly, with stage, USD 224.20"},

		{"who names no version gets the newest", nil, Change{Plan: "pro"}, "active pro v3, monthly, USD 149.00"},
		{"an earlier version by name", nil, Change{Plan: "pro", PlanVersion: 1}, "active pro v1, monthly, USD 99.00"},
		{"a version that does not exist", nil, Change{Plan: "pro", PlanVersion: 7}, "plan_version_unknown"},
		{"more of the version that was bought costs its price", []Change{{Plan: "pro", PlanVersion: 1}}, Change{Quantity: 3}, "active 3 × pro v1, monthly, USD 297.00"},
		{"so does another interval", []Change{{Plan: "pro", PlanVersion: 2}}, Change{Interval: Year}, "active pro v2, yearly, USD 1290.00"},
		{"an add-on does not move to the newest version", []Change{{Plan: "pro", PlanVersion: 1}}, Change{Addons: addons(one("theme"))}, "active pro v1, monthly, with theme, USD 114.00"},
		{"naming the same plan does not either", []Change{{Plan: "pro", PlanVersion: 1}}, Change{Plan: "pro"}, "active pro v1, monthly, USD 99.00"},
		{"naming the version does", []Change{{Plan: "pro", PlanVersion: 1}}, Change{PlanVersion: 3}, "active pro v3, monthly, USD 149.00"},
		{"who comes back from another plan gets the newest", []Change{{Plan: "pro", PlanVersion: 1}, {Plan: "starter"}}, Change{Plan: "pro"}, "active pro v3, monthly, USD 149.00"},

		{"a retired plan is not sold to newcomers", nil, Change{Plan: "legacy"}, "retired"},
		{"nor to those of another plan", []Change{{Plan: "starter"}}, Change{Plan: "legacy"}, "retired"},
		{"a plan that is not ready is never sold", nil, Change{Plan: "quantum"}, "not_ready"},
		{"a plan for others", nil, Change{Plan: "nonprofit"}, "not_eligible"},
		{"an add-on that is retired", []Change{{Plan: "pro"}}, Change{Addons: addons(one("old_pack"))}, "retired"},
		{"an add-on that is not ready", []Change{{Plan: "pro"}}, Change{Addons: addons(one("soon"))}, "not_ready"},
		{"an add-on for others", []Change{{Plan: "pro"}}, Change{Addons: addons(one("charity"))}, "not_eligible"},
		{"an add-on that needs another", []Change{{Plan: "pro"}}, Change{Addons: addons(one("shirt"))}, "addon_needs"},
		{"which a bundle has", []Change{{Plan: "pro"}}, Change{Addons: addons(one("shirt"), one("stage"))}, "active pro v3, monthly, with shirt and stage, USD 229.20"},
		{"add-ons that exclude each other", []Change{{Plan: "pro"}}, Change{Addons: addons(one("basic_support"), one("gold_support"))}, "addon_excludes"},
		{"a bundle that excludes an add-on", []Change{{Plan: "pro"}}, Change{Addons: addons(one("film"), one("stage"))}, "addon_excludes"},
		{"a bundle whose parts need a higher plan", []Change{{Plan: "starter"}}, Change{Addons: addons(one("stage"))}, "addon_needs"},

		{"a top-up is no part of the recurring price", []Change{{Plan: "pro"}}, Change{Once: lines(AddonLine{"mails", 3})}, "active pro v3, monthly, USD 149.00"},
		{"a top-up among the add-ons", []Change{{Plan: "pro"}}, Change{Addons: addons(one("mails"))}, "addon_once"},
		{"an add-on among what is bought once", []Change{{Plan: "pro"}}, Change{Once: lines(one("theme"))}, "addon_not_once"},
		{"a top-up without a plan", nil, Change{Once: lines(one("mails"))}, "plan_required"},
		{"a top-up that is waited for", []Change{{Plan: "pro"}}, Change{Once: lines(one("mails")), Effective: AtRenewal}, "once_now"},
		{"a service that needs a higher plan", []Change{{Plan: "starter"}}, Change{Once: lines(one("setup"))}, "addon_needs"},
		{"a service together with the plan it needs", []Change{{Plan: "starter"}}, Change{Plan: "pro", Once: lines(one("setup"))}, "active pro v3, monthly, USD 149.00"},
		{"a service without a price in the currency", []Change{{Plan: "pro", Currency: "EUR"}}, Change{Once: lines(one("setup"))}, "currency_not_priced"},
		{"something once that does not exist", []Change{{Plan: "pro"}}, Change{Once: lines(one("moon"))}, "unknown_addon"},
		{"the same thing once twice", []Change{{Plan: "pro"}}, Change{Once: lines(one("mails"), one("mails"))}, "addon_duplicate"},
		{"less than nothing once", []Change{{Plan: "pro"}}, Change{Once: lines(AddonLine{"mails", -1})}, "quantity_invalid"},
		{"less than nothing", nil, Change{Plan: "pro", Quantity: -1}, "quantity_invalid"},
		{"more than anybody has", nil, Change{Plan: "pro", Quantity: MaxQuantity + 1}, "quantity_invalid"},
		{"a top-up in a trial leaves it running", []Change{{Plan: "pro", TrialEndsAt: day(t, "2026-01-20")}}, Change{Once: lines(one("mails"))}, "trialing pro v3, monthly, USD 149.00 until 20 Jan 2026 then free"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &shop{t: t, cat: market(t)}
			for _, ch := range c.given {
				if ch.TrialEndsAt == 1 {
					ch.TrialEndsAt = day(t, "2026-01-10")
				}
				s.does("2026-01-01", ch)
			}
			before := *AsOf(&s.sub, day(t, "2026-01-16"), s.cat)
			_, next, err := Preview(s.sub, c.change, s.terms("2026-01-16"))
			got := fault.CodeOf(err)
			if s.sub = next; err == nil {
				got = s.stands()
			} else if !strings.Contains(err.Error(), "(") || !reflect.DeepEqual(next, before) {
				t.Errorf("%v has no mend, or what was there changed from %+v to %+v", err, before, next)
			}
			if got != c.then {
				t.Errorf("got  %s (%v)\nwant %s", got, err, c.then)
			}
		})
	}
}

func TestWhoHasSomethingKeepsIt(t *testing.T) {
	for _, c := range []struct {
		name    string
		given   Change
		segment string   // of the account, when it bought
		later   []string // how the catalog is different afterwards
		change  Change
		then    string
	}{
		{"a plan that is retired since: more of it", Change{Plan: "starter"}, "", []string{"{title: Starter,", "{title: Starter, retired: true,"}, Change{Quantity: 2}, "active 2 × starter, monthly, USD 98.00"},
		{"an add-on that is retired since: more of it", Change{Plan: "pro", Addons: addons(one("seats"))}, "", []string{"{title: Speaker seats,", "{title: Speaker seats, retired: true,"}, Change{Addons: addons(AddonLine{"seats", 2})}, "active pro v3, monthly, with 2 × seats, USD 165.00"},
		{"an add-on that is not ready any more", Change{Plan: "pro", Addons: addons(one("theme"))}, "", []string{"{title: Theme,", "{title: Theme, ready: not_ready,"}, Change{Quantity: 2}, "active 2 × pro v3, monthly, with theme, USD 313.00"},
		{"but no more of it", Change{Plan: "pro", Addons: addons(one("theme"))}, "", []string{"{title: Theme,", "{title: Theme, ready: not_ready,"}, Change{Addons: addons(AddonLine{"theme", 2})}, "not_ready"},
		{"who is not eligible any more", Change{Plan: "nonprofit"}, "nonprofit", nil, Change{Quantity: 2}, "active 2 × nonprofit, monthly, USD 18.00"},
		{"a plan that is gone: the same again", Change{Plan: "bulk"}, "", []string{"  bulk:", "  other:"}, Change{Plan: "bulk"}, "active bulk, monthly, USD 10.00"},
		{"a plan that is gone: more of it", Change{Plan: "bulk"}, "", []string{"  bulk:", "  other:"}, Change{Quantity: 2}, "plan_gone"},
		{"a plan that is gone: another one", Change{Plan: "bulk"}, "", []string{"  bulk:", "  other:"}, Change{Plan: "starter"}, "active starter, monthly, USD 49.00"},
		{"a plan that is gone: the end", Change{Plan: "bulk"}, "", []string{"  bulk:", "  other:"}, Change{Cancel: true}, "ended bulk, monthly, USD 10.00"},
		{"a dearer price: the same again", Change{Plan: "starter"}, "", []string{`month: "49"`, `month: "59"`}, Change{Plan: "starter"}, "active starter, monthly, USD 49.00"},
		{"a dearer price: more of it", Change{Plan: "starter"}, "", []string{`month: "49"`, `month: "59"`}, Change{Quantity: 2}, "active 2 × starter, monthly, USD 118.00"},
		{"an add-on that is gone is left behind", Change{Plan: "pro", Addons: addons(one("seats"))}, "", []string{"  seats:", "  chairs:"}, Change{Quantity: 2}, "active 2 × pro v3, monthly, USD 298.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &shop{t: t, cat: market(t), segment: c.segment}
			s.does("2026-01-01", c.given)
			s.cat, s.segment = market(t, c.later...), ""
			_, next, err := Preview(s.sub, c.change, s.terms("2026-01-16"))
			got := fault.CodeOf(err)
			if s.sub = next; err == nil {
				got = s.stands()
			}
			if got != c.then {
				t.Errorf("got  %s (%v)\nwant %s", got, err, c.then)
			}
		})
	}
}

func TestAddonsAreCarriedOverOrDroppedWithAReason(t *testing.T) {
	for _, c := range []struct {
		name    string
		given   Change
		change  Change
		then    string
		dropped string
		carried string
	}{
		{"all of them go along", Change{Plan: "starter", Addons: addons(one("theme"), AddonLine{"seats", 3})}, Change{Plan: "pro"},
			"active pro v3, monthly, with 3 × seats and theme, USD 188.00", "", "seats 3, theme 1"},
		{"what the lower plan does not allow", Change{Plan: "pro", Addons: addons(one("sponsors"), one("theme"))}, Change{Plan: "starter"},
			"active starter, monthly, with theme, USD 64.00", "sponsors needs pro", "theme 1"},
		{"what needs something that is dropped", Change{Plan: "pro", Addons: addons(one("sponsors"), one("theme"), one("shirt"))}, Change{Interval: Year},
			"active pro v3, yearly, USD 1490.00", "shirt needs theme, sponsors is not sold by the year, theme is not sold by the year", ""},
		{"what the new plan has already", Change{Plan: "starter", Addons: addons(one("film"), one("basic_support"))}, Change{Plan: "pro"},
			"active pro v3, monthly, USD 149.00", "basic_support is included in Pro already, film is included in Pro already", ""},
		{"a limit adds to the new plan's", Change{Plan: "starter", Addons: addons(one("seats"))}, Change{Plan: "pro"},
			"active pro v3, monthly, with seats, USD 157.00", "", "seats 1"},
		{"what the new plan must not be had with", Change{Plan: "starter", Addons: addons(one("gold_support"))}, Change{Plan: "free"},
			"active free, monthly, USD 0.00", "gold_support cannot be had together with free", ""},
		{"nothing is dropped by more of the same", Change{Plan: "pro", Addons: addons(one("sponsors"), one("film"))}, Change{Quantity: 2},
			"active 2 × pro v3, monthly, with film and sponsors, USD 407.00", "", ""},
		{"what is named stays, or the change is refused", Change{Plan: "pro", Addons: addons(one("sponsors"))}, Change{Plan: "starter", Addons: addons(one("sponsors"))},
			"addon_needs", "", ""},
		{"at the renewal it is shown before", Change{Plan: "pro", Addons: addons(one("sponsors"))}, Change{Plan: "starter", Effective: AtRenewal},
			"active pro v3, monthly, with sponsors, USD 228.00, on 1 Feb 2026 starter", "sponsors needs pro", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &shop{t: t, cat: market(t)}
			s.does("2026-01-01", c.given)
			q, next, err := Preview(s.sub, c.change, s.terms("2026-01-16"))
			got := fault.CodeOf(err)
			if s.sub = next; err == nil {
				got = s.stands()
			}
			var dropped, carried []string
			for _, d := range q.Dropped {
				dropped = append(dropped, d.Addon+" "+d.Reason)
			}
			for _, l := range q.Carried {
				carried = append(carried, l.Key+" "+string(rune('0'+l.Quantity)))
			}
			if d, k := strings.Join(dropped, ", "), strings.Join(carried, ", "); got != c.then || d != c.dropped || k != c.carried {
				t.Errorf("got  %s; dropped %q, carried %q (%v)\nwant %s; dropped %q, carried %q", got, d, k, err, c.then, c.dropped, c.carried)
			}
		})
	}
}

func TestWhichKindOfGrowthItIs(t *testing.T) {
	for _, c := range []struct {
		name     string
		taxonomy string
		given    Change
		change   Change
		want     string
	}{
		{"a higher plan of the family", "", Change{Plan: "starter"}, Change{Plan: "pro"}, "upsell"},
		{"a plan of another family", "", Change{Plan: "starter"}, Change{Plan: "team", Quantity: 9}, "cross_sell"},
		{"more of the same", "", Change{Plan: "starter"}, Change{Quantity: 2}, "upsell"},
		{"an add-on with a feature not had before", "", Change{Plan: "pro"}, Change{Addons: addons(one("theme"))}, "cross_sell"},
		{"an add-on with more of a feature", "", Change{Plan: "pro"}, Change{Addons: addons(one("seats"))}, "upsell"},
		{"a top-up is none", "", Change{Plan: "pro"}, Change{Once: lines(one("mails"))}, ""},
		{"the company counts another family as upsell", "taxonomy: {new_family: upsell}", Change{Plan: "starter"}, Change{Plan: "team", Quantity: 9}, "upsell"},
		{"the company counts modules as upsell", "taxonomy: {module: upsell}", Change{Plan: "pro"}, Change{Addons: addons(one("theme"))}, "upsell"},
		{"the company counts seats as cross-sell", "taxonomy: {seat: cross_sell}", Change{Plan: "pro"}, Change{Addons: addons(one("seats"))}, "cross_sell"},
		{"the company counts all growth as cross-sell", "taxonomy: {more: cross_sell}", Change{Plan: "starter"}, Change{Quantity: 2}, "cross_sell"},
		{"a first payment is new, whatever the taxonomy", "taxonomy: {more: cross_sell}", Change{Plan: "pro", TrialEndsAt: day(t, "2026-01-10")}, Change{Plan: "pro"}, "new_logo"},
	} {
		s := &shop{t: t, cat: market(t, "billing: {undo: 2d}", c.taxonomy)}
		s.does("2026-01-01", c.given)
		before := s.sub
		s.does("2026-01-05", c.change)
		if got := string(TypeOf(&before, &s.sub, s.cat)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWhatIsBoughtOnceIsALineOfItsOwn(t *testing.T) {
	s := &shop{t: t, cat: market(t)}
	s.does("2026-01-01", Change{Plan: "starter"})
	q := s.does("2026-01-16T12:00:00Z", Change{Plan: "pro", Once: lines(AddonLine{"mails", 2}, one("setup"))})
	const want = "Credit for the unused rest of Starter, monthly, until 1 Feb 2026 -24.50; Pro, monthly, for the rest of the period until 1 Feb 2026 74.50; " +
		"2 × Mail top-up, once 24.00; Set-up, once 500.00"
	if got := written(q.Lines); got != want || q.Now != money.Of(57400, "USD") || q.Recurring != money.Of(14900, "USD") || q.NextInvoice.Total != q.Recurring {
		t.Errorf("got %s\nwant %s\n%+v", got, want, q)
	}
	if mrr := s.sub.MRR(); mrr != money.Monthly(14900) {
		t.Errorf("MRR %d counts what was bought once", mrr)
	}
}
