package offer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
)

// many is a catalog of n offers, an add-on and a signal each, over 20 features; all at one place.
// Every second one has a condition.
func many(t testing.TB, n int) *catalog.Catalog {
	var b, addons, signals, offers strings.Builder
	b.WriteString("version: 1\ncurrency: USD\nmeters:\n")
	for i := range 20 {
		fmt.Fprintf(&b, "  m%d: {event: e%d, aggregate: count}\n", i, i)
	}
	b.WriteString("features:\n")
	for i := range 20 {
		fmt.Fprintf(&b, "  f%d: {title: Feature %d, benefit: More, kind: metered, meter: m%d}\n", i, i, i)
	}
	b.WriteString("plans:\n  base: {title: Base, price: {month: \"49\"}, entitlements: {f0: 10}}\n")
	for i := range n {
		fmt.Fprintf(&addons, "  a%d: {title: Addon %d, price: {month: \"%d\"}, entitlements: {f%d: 5}}\n", i, i, 5+i%40, i%20)
		fmt.Fprintf(&signals, "  s%d: {when: {event: done%d, nth: 1}, type: upsell}\n", i, i)
		cond := ""
		if i%2 == 0 {
			cond = `, for: "account.plan == 'base' && account.traits.segment != 'enterprise'"`
		}
		fmt.Fprintf(&offers, "  o%d: {on: [s%d], give: {addon: a%d}, at: [all]%s, content: {title: \"Room for {limit_next}\", body: \"{usage} of {limit}. {price}.\", action: Add}}\n", i, i, i, cond)
	}
	return parse(t, b.String()+"addons:\n"+addons.String()+"signals:\n"+signals.String()+"offers:\n"+offers.String())
}

// BenchmarkDecide draws the cost of a decision against the number of offers and of what is alive, where every
// offer is explained and where not.
func BenchmarkDecide(b *testing.B) {
	for _, offers := range []int{10, 50, 200, 1000} {
		cat := many(b, offers)
		for _, live := range []int{0, 1, 10} {
			for _, explained := range []bool{false, true} {
				in := onStarter(cat)
				in.Subscription.Plan, in.Placement, in.Signals, in.Brief = "base", "all", nil, !explained
				in.Vars["account"].(map[string]any)["plan"] = "base"
				for i := range live {
					in.Signals = append(in.Signals, signal.Signal{ID: fmt.Sprint("sig", i), Key: fmt.Sprint("s", i*(offers/10)), At: now - aDay, DecaysAt: now + aDay, Score: 50, Evidence: "Did it"})
				}
				in.Features = nil
				b.Run(fmt.Sprintf("offers=%d/live=%d/explained=%t", offers, live, explained), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						in.Features = nil
						in.Standing = func(string) Feature {
							return Feature{Allowed: true, Usage: quantity.Of(8), Limit: quantity.Of(10), Remaining: quantity.Of(2)}
						}
						d := Decide(in)
						if (d.Status == "show") != (live > 0) || d.Status == "show" && d.Offer.Give.Addon == "" {
							b.Fatalf("%s %s", d.Status, d.Reason)
						}
					}
				})
			}
		}
	}
}

// BenchmarkDecideByRules draws the cost of a decision at 200 offers against the number of signals in
// the catalog, of which ten are alive with an offer each, and of conditions among those offers.
func BenchmarkDecideByRules(b *testing.B) {
	for _, signals := range []int{10, 100, 1000} {
		for _, conditions := range []int{0, 10} {
			var text strings.Builder
			text.WriteString("version: 1\ncurrency: USD\nmeters: {m: {event: e, aggregate: count}}\n" +
				"features: {f: {title: Feature, kind: metered, meter: m}}\nplans:\n  base: {title: Base, price: {month: \"49\"}, entitlements: {f: 10}}\naddons:\n")
			for i := range 200 {
				fmt.Fprintf(&text, "  a%d: {title: Addon %d, price: {month: \"%d\"}, entitlements: {f: 5}}\n", i, i, 5+i%40)
			}
			text.WriteString("signals:\n  none: {when: {event: never, nth: 1}, type: upsell}\n")
			on := make([]string, 200)
			for i := range signals {
				fmt.Fprintf(&text, "  s%d: {when: {event: done%d, nth: 1}, type: upsell}\n", i, i)
				on[i%200] += fmt.Sprintf(", s%d", i)
			}
			text.WriteString("offers:\n")
			for i := range 200 {
				if on[i] == "" {
					on[i] = ", none"
				}
				cond := ""
				if i < conditions {
					cond = `, for: "account.plan == 'base' && account.traits.segment != 'enterprise'"`
				}
				fmt.Fprintf(&text, "  o%d: {on: [%s], give: {addon: a%d}, at: [all]%s, content: {title: \"Room for {limit_next}\", body: \"{usage} of {limit}. {price}.\", action: Add}}\n", i, on[i][2:], i, cond)
			}
			in := onStarter(parse(b, text.String()))
			in.Subscription.Plan, in.Placement, in.Signals, in.Brief = "base", "all", nil, true
			in.Vars["account"].(map[string]any)["plan"] = "base"
			for i := range 10 {
				in.Signals = append(in.Signals, signal.Signal{ID: fmt.Sprint("sig", i), Key: fmt.Sprint("s", i), At: now - aDay, DecaysAt: now + aDay, Score: 50, Evidence: "Did it"})
			}
			in.Standing = func(string) Feature {
				return Feature{Allowed: true, Usage: quantity.Of(8), Limit: quantity.Of(10), Remaining: quantity.Of(2)}
			}
			b.Run(fmt.Sprintf("signals=%d/conditions=%d", signals, conditions), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					in.Features = nil
					if d := Decide(in); d.Status != "show" {
						b.Fatal(d.Reason)
					}
				}
			})
		}
	}
}
