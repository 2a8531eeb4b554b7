package catalog

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/quantity"
)

func TestABundleIsWorkedOutFromItsParts(t *testing.T) {
	for _, c := range []struct {
		name, more string
		got        func(b *Addon) any
		want       any
	}{
		{"its price is the sum in each currency, less the discount", "bundles: {b: {includes: [mail, films], discount: 10%}}",
			func(b *Addon) any { return b.Price }, Prices{Month: flat2(1355, 1260)}}, // 13.545 away from zero
		{"without a discount it is the sum", "bundles: {b: {includes: [mail, films]}}",
			func(b *Addon) any { return b.Price }, Prices{Month: flat2(1505, 1400)}},
		{"several of one part", "bundles: {b: {includes: {mail: 3, films: 1}}}",
			func(b *Addon) any { return b.Price }, Prices{Month: flat2(1515+1000, 1500+900)}},
		{"an interval that only some parts have is none of its", "addons: {y: {price: {month: {USD: 1, EUR: 1}, year: {USD: 9, EUR: 9}}}}\nbundles: {b: {includes: [mail, y]}}",
			func(b *Addon) any { return b.Price }, Prices{Month: flat2(605, 600)}},
		{"what is bought once together", "addons: {y: {price: {once: {USD: 1, EUR: 1}}, entitlements: {credits: 5}, expires: 90d}}\nbundles: {b: {includes: [burst, y], discount: 50%}}",
			func(b *Addon) any {
				return []any{b.Price, b.OneOff(), b.Expires, b.Entitlements["credits"].Limit}
			},
			[]any{Prices{Once: flat2(250, 250)}, true, 90 * day, quantity.Of(55)}},
		{"its own price", "bundles: {b: {includes: [mail, films], price: {month: {USD: 15, EUR: 12}}}}",
			func(b *Addon) any { return b.Price }, Prices{Month: flat2(1500, 1200)}},
		{"limits are added up", "bundles: {b: {includes: {mail: 3, host: 2}}}",
			func(b *Addon) any { return []any{*b.Entitlements["emails"], *b.Entitlements["hosts"]} },
			[]any{Entitlement{Feature: "emails", Limit: quantity.Of(300), Per: Month}, Entitlement{Feature: "hosts", Limit: quantity.Of(2)}}},
		{"unlimited wins", "addons: {y: {price: {month: {USD: 1, EUR: 1}}, entitlements: {emails: {limit: unlimited, per: month}}}}\nbundles: {b: {includes: [mail, y]}}",
			func(b *Addon) any { return *b.Entitlements["emails"] }, Entitlement{Feature: "emails", Unlimited: true, Per: Month}},
		{"the greatest value", "addons: {y: {price: {month: {USD: 1, EUR: 1}}, entitlements: {support: phone, retention: 90}}, z: {price: {month: {USD: 1, EUR: 1}}, entitlements: {support: email, retention: 100}}}\nbundles: {b: {includes: [films, y, z]}}",
			func(b *Addon) any {
				return b.Entitlements["support"].Value + " " + b.Entitlements["retention"].Value
			}, "phone 100"},
		{"what is there in one part", "bundles: {b: {includes: [films, mail]}}", func(b *Addon) any { return b.Entitlements["recordings"].Allowed }, true},
		{"it needs what all its parts need", "bundles: {b: {includes: [films, mail]}}", func(b *Addon) any { return b.Needs }, []string{"pro"}},
		{"it does not need what it includes", "addons: {y: {price: {month: {USD: 1, EUR: 1}}, needs: [films]}}\nbundles: {b: {includes: [y, films]}}", func(b *Addon) any { return b.Needs }, []string{"pro"}},
		{"it excludes what its parts exclude", "addons: {y: {price: {month: {USD: 1, EUR: 1}}, excludes: [free]}}\nbundles: {b: {includes: [y, mail], excludes: [top]}}", func(b *Addon) any { return b.Excludes }, []string{"top", "free"}},
		{"it is as ready as its parts", "addons: {y: {price: {month: {USD: 1, EUR: 1}}, ready: partner}}\nbundles: {b: {includes: [y, mail]}}", func(b *Addon) any { return b.Ready }, Partner},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.got(mustShop(t, c.more).Addons["b"]); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestABundleThatCannotBeIsAnError(t *testing.T) {
	for _, c := range []struct{ name, more, want string }{
		{"of nothing", "bundles: {b: {title: B}}", `missing bundles.b "" @1:11`},
		{"of an empty list", "bundles: {b: {includes: []}}", `missing bundles.b.includes "" @1:25`},
		{"of what is not there", "bundles: {b: {includes: [mial]}}", `unknown_reference bundles.b.includes "mial" @1:25`},
		{"of a plan", "bundles: {b: {includes: [pro]}}", `unknown_reference bundles.b.includes "pro" @1:25`},
		{"of a bundle", "bundles: {b: {includes: [mail]}, c: {includes: {b: 1}}}", `cycle bundles.c.includes.b "b" @1:52`},
		{"of itself", "bundles: {b: {includes: [b]}}", `cycle bundles.b.includes "b" @1:25`},
		{"of none of a part", "bundles: {b: {includes: {mail: 0}}}", `out_of_range bundles.b.includes.mail "0" @1:32`},
		{"of what is retired", "addons: {y: {retired: true}}\nbundles: {b: {includes: [y]}}", `contradiction bundles.b.includes "y" @2:25`},
		{"of parts that exclude each other", "addons: {y: {excludes: [mail]}}\nbundles: {b: {includes: [mail, y]}}", `contradiction bundles.b.includes "mail" @2:25`},
		{"of parts for different plans", "addons: {y: {price: {month: {USD: 1, EUR: 1}}, needs: [free]}}\nbundles: {b: {includes: [films, y]}}", `unreachable bundles.b.includes "y" @2:25`},
		{"that needs what a part cannot have", "bundles: {b: {includes: [films], needs: [top]}}", `contradiction bundles.b.needs[0] "top" @1:42`},
		{"of parts without an interval in common", "addons: {y: {price: {year: {USD: 9, EUR: 9}}}}\nbundles: {b: {includes: [mail, y]}}", `price_missing bundles.b "" @2:11`},
		{"of a part without a price", "addons: {y: {}}\nbundles: {b: {includes: [mail, y]}}", `price_missing bundles.b.includes "y" @2:25`},
		{"of a part priced by tiers", "addons: {y: {price: {month: {USD: {tiers: [{to: 5, each: 2}, {each: 1}]}, EUR: 1}}}}\nbundles: {b: {includes: [mail, y]}}", `contradiction bundles.b.includes "y" @2:25`},
		{"with a price and a discount", "bundles: {b: {includes: [mail, films], price: {month: {USD: 1, EUR: 1}}, discount: 5%}}", `contradiction bundles.b.discount "" @1:84`},
		{"dearer than its parts", "bundles: {b: {includes: [mail, films], price: {month: {USD: 16, EUR: 1}}}}", `contradiction bundles.b.price.month "16.00 USD" @1:55`},
		{"priced in one of two currencies", "bundles: {b: {includes: [mail, films], price: {month: 1}}}", `price_missing bundles.b.price.month "EUR" @1:55`},
		{"of what is bought once and each month", "bundles: {b: {includes: [mail, burst], price: {month: {USD: 1, EUR: 1}}}}", `contradiction bundles.b.includes "burst" @1:25`},
		{"of parts that give by the month and in all", "addons: {y: {price: {month: {USD: 1, EUR: 1}}, entitlements: {emails: 5}}}\nbundles: {b: {includes: [mail, y]}}", `contradiction bundles.b.includes "emails" @2:25`},
		{"of parts that expire after different times", "addons: {y: {price: {once: {USD: 1, EUR: 1}}, expires: 5d}}\nbundles: {b: {includes: [burst, y]}}", `contradiction bundles.b.includes "y" @2:25`},
		{"named like an add-on", "bundles: {mail: {includes: [films]}}", `duplicate_key bundles.mail "mail" @1:11`},
		{"with a discount above all", "bundles: {b: {includes: [mail], discount: 101%}}", `out_of_range bundles.b.discount "101%" @1:43`},
		{"with more than can be counted", "addons: {y: {entitlements: {emails: {limit: 1000000000000, per: month}}, price: {month: {USD: 1, EUR: 1}}}}\nbundles: {b: {includes: {y: 2}}}", `out_of_range bundles.b.includes.y "y" @2:29`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, findings := Parse("shop.yaml", shopWith(c.more))
			var got []string
			for _, f := range findings {
				if f.Severity == SeverityError {
					got = append(got, short(f))
				}
			}
			if strings.Join(got, "\n") != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), c.want)
			}
		})
	}
}

// Whatever the parts cost and however many there are: all of them in a bundle never cost
// more, and less by the discount to half a cent.
func TestABundleNeverCostsMoreThanItsParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		b.WriteString(head + "currencies: [EUR]\naddons:\n")
		n := rapid.IntRange(1, 5).Draw(t, "parts")
		counts := make([]int64, n)
		includes := make([]string, n)
		for i := range n {
			cents := func(name string) string {
				c := rapid.Int64Range(0, 1e7).Draw(t, name)
				return fmt.Sprintf("%d.%02d", c/100, c%100)
			}
			fmt.Fprintf(&b, "  a%d: {price: {month: {USD: \"%s\", EUR: \"%s\"}", i, cents("usd"), cents("eur"))
			if rapid.Bool().Draw(t, "yearly") {
				fmt.Fprintf(&b, ", year: {USD: \"%s\", EUR: \"%s\"}", cents("usd a year"), cents("eur a year"))
			}
			b.WriteString("}}\n")
			counts[i] = rapid.Int64Range(1, 20).Draw(t, "count")
			includes[i] = fmt.Sprintf("a%d: %d", i, counts[i])
		}
		discount := rapid.Int64Range(0, 100).Draw(t, "discount")
		fmt.Fprintf(&b, "bundles: {b: {includes: {%s}, discount: %d%%}}\n", strings.Join(includes, ", "), discount)
		c := must2(t, b.String())
		times := rapid.Int64Range(1, 50).Draw(t, "times")
		for _, by := range intervals {
			price := *by.of(&c.Addons["b"].Price)
			for _, currency := range price.Currencies() {
				got, _ := price.Cost(currency, 1)
				many, _ := price.Cost(currency, times)
				var sum, all int64
				for i := range n {
					part := *by.of(&c.Addons[fmt.Sprintf("a%d", i)].Price)
					one, _ := part.Cost(currency, counts[i])
					more, _ := part.Cost(currency, counts[i]*times)
					sum += int64(one)
					all += int64(more)
				}
				if off := int64(got)*200 - sum*(100-discount)*2; int64(many) > all || off > 100 || off <= -100 {
					t.Fatalf("%s: the bundle costs %d, its parts %d, less %d%%", by.name, got, sum, discount)
				}
			}
		}
	})
}

// must2 is must for properties.
func must2(t *rapid.T, text string) *Catalog {
	c, findings := Parse("catalog.yaml", []byte(text))
	if c == nil {
		t.Fatalf("%v\n%s", findings, text)
	}
	return c
}

func TestManyBundlesOfMuchAreRefusedQuickly(t *testing.T) {
	var b strings.Builder
	b.WriteString(head + "features:\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "  f%d: {}\n", i)
	}
	b.WriteString("addons:\n  all:\n    entitlements:\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "      f%d: true\n", i)
	}
	b.WriteString("bundles:\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "  b%d: {includes: [all]}\n", i)
	}
	c, findings := Parse("", []byte(b.String()))
	if c != nil || len(findings) == 0 || findings[len(findings)-1].Code != "too_large" {
		t.Error(len(findings))
	}
}
