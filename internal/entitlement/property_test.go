package entitlement

import (
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// anEntitlement draws what a plan or add-on may give of a feature, nil for nothing.
func anEntitlement(t *rapid.T, f *catalog.Feature) *catalog.Entitlement {
	e := &catalog.Entitlement{Feature: f.Key, Allowed: rapid.Bool().Draw(t, "allowed")}
	e.Limit = quantity.Of(rapid.Int64Range(0, 20).Draw(t, "limit"))
	e.Per = rapid.SampledFrom([]catalog.Period{catalog.Lifetime, catalog.Month}).Draw(t, "per")
	switch rapid.IntRange(0, 5).Draw(t, "kind of entitlement") {
	case 0:
		return nil
	case 1:
		e.Unlimited = true
	case 2:
		e.Overage = &catalog.Overage{Unit: quantity.One, Price: 1}
	}
	return e
}

// aWorld draws a catalog of one boolean and two metered features and an account in it,
// which uses some of everything.
func aWorld(t *rapid.T) Input {
	cat := summit()
	cat.Plans = map[string]*catalog.Plan{}
	cat.Addons = map[string]*catalog.Addon{}
	features := []string{"recordings", "speakers", "exports"}
	below := ""
	for i := range 3 {
		key := "plan" + strconv.Itoa(i)
		cat.Plans[key] = &catalog.Plan{Key: key, Title: key, Family: "core", Above: below, Entitlements: ents{},
			Price: catalog.Prices{Month: usd(rapid.Int64Range(0, 9999).Draw(t, "price"))}}
		for _, f := range features {
			cat.Plans[key].Entitlements[f] = anEntitlement(t, cat.Features[f])
		}
		below = key
	}
	for i := range 2 {
		key := "addon" + strconv.Itoa(i)
		cat.Addons[key] = &catalog.Addon{Key: key, Title: key, Entitlements: ents{}, Price: catalog.Prices{Month: usd(rapid.Int64Range(0, 9999).Draw(t, "price"))}}
		for _, f := range features {
			cat.Addons[key].Entitlements[f] = anEntitlement(t, cat.Features[f])
		}
	}
	cat.Addons["addon1"].Needs = []string{"plan2", "addon0"}
	in := Input{Catalog: cat, Now: 1_767_225_600_000_000}
	if rapid.IntRange(0, 9).Draw(t, "subscribed") > 0 {
		ch := subscription.Change{Plan: "plan" + strconv.Itoa(rapid.IntRange(0, 2).Draw(t, "plan"))}
		if n := rapid.Int64Range(0, 3).Draw(t, "add-ons"); n > 0 {
			ch.Addons = &[]subscription.AddonLine{{Key: "addon0", Quantity: n}}
		}
		s, err := subscription.Apply(subscription.Subscription{}, ch, subscription.Terms{Catalog: cat, Now: in.Now})
		if err != nil {
			t.Fatal(err)
		}
		in.Subscription = &s
	}
	usage := map[string]*meter.Usage{"speakers": {}, "exports": {}}
	for _, key := range []string{"speakers", "exports"} {
		def := *cat.Meters[key]
		def.FedByConsume = true
		meter.Consume(usage[key], &def, quantity.Of(rapid.Int64Range(0, 40).Draw(t, "used last year")), subscription.Calendar{}, in.Now-1)
		meter.Consume(usage[key], &def, quantity.Of(rapid.Int64Range(0, 40).Draw(t, "used this month")), subscription.Calendar{}, in.Now)
	}
	in.Usage = func(m string) *meter.Usage { return usage[m] }
	return in
}

func TestMoreEntitlementsNeverTurnYesIntoNo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := aWorld(t)
		feature := rapid.SampledFrom([]string{"recordings", "speakers", "exports"}).Draw(t, "feature")
		q := quantity.Of(rapid.Int64Range(0, 30).Draw(t, "asked"))
		before := Check(in, feature, q)
		if in.Subscription == nil || !before.Allowed {
			return
		}
		more := *in.Subscription
		what := rapid.SampledFrom([]string{"an add-on", "more of an add-on", "a higher limit", "no limit", "a price above the limit"}).Draw(t, "more")
		e := in.Catalog.Plans[more.Plan].Entitlements[feature]
		switch what {
		case "an add-on":
			more.Addons = append(slices.Clone(more.Addons), subscription.AddonLine{Key: "addon1", Quantity: rapid.Int64Range(1, 1_000_000).Draw(t, "of it")})
		case "more of an add-on":
			more.Addons = withMore(more.Addons, "addon0", rapid.Int64Range(1, 1_000_000).Draw(t, "of it"))
		default:
			if e == nil {
				return
			}
			better := *e
			switch what {
			case "a higher limit":
				better.Limit += quantity.Of(rapid.Int64Range(0, 1_000_000).Draw(t, "higher by"))
			case "no limit":
				better.Unlimited = true
			default:
				better.Overage = &catalog.Overage{Unit: quantity.One, Price: 1}
			}
			in.Catalog.Plans[more.Plan].Entitlements[feature] = &better
		}
		in.Subscription = &more
		if after := Check(in, feature, q); !after.Allowed {
			t.Fatalf("%s: %s was allowed (%s), now it is not (%s)", what, q, before.Message, after.Message)
		}
	})
}

func TestWhatIsSaidToUnlockDoesAndNoLessOfItWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := aWorld(t)
		feature := rapid.SampledFrom([]string{"recordings", "speakers", "exports"}).Draw(t, "feature")
		q := quantity.Of(rapid.Int64Range(0, 30).Draw(t, "asked"))
		a := Check(in, feature, q)
		if a.Allowed && len(a.Unlock) > 0 {
			t.Fatalf("allowed, and still %s", offered(a.Unlock))
		}
		for i, u := range a.Unlock {
			if i > 0 && u.More.Minor < a.Unlock[i-1].More.Minor {
				t.Fatalf("%s is not cheapest first", offered(a.Unlock))
			}
			buy := func(n int64) (Answer, subscription.Subscription) {
				var cur subscription.Subscription
				if in.Subscription != nil {
					cur = *in.Subscription
				}
				ch := subscription.Change{Plan: u.Plan}
				if u.Addon != "" {
					lines := withMore(cur.Addons, u.Addon, n)
					ch = subscription.Change{Addons: &lines}
				}
				next, err := subscription.Apply(cur, ch, subscription.Terms{Catalog: in.Catalog, Now: in.Now})
				if err != nil {
					t.Fatalf("%+v cannot be bought: %v", u, err)
				}
				then := in
				then.Subscription = &next
				return Check(then, feature, q), next
			}
			then, next := buy(u.Quantity)
			if !then.Allowed {
				t.Fatalf("%+v was bought, and then: %s", u, then.Message)
			}
			cost := next.Recurring
			if in.Subscription != nil {
				cost -= in.Subscription.Recurring
			}
			if cost != u.More.Minor {
				t.Fatalf("%+v costs %d more", u, cost)
			}
			if u.Quantity > 1 {
				if fewer, _ := buy(u.Quantity - 1); fewer.Allowed {
					t.Fatalf("one less of %+v would do", u)
				}
			}
		}
	})
}

func TestTheShortfallIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := aWorld(t)
		if in.Subscription == nil {
			return
		}
		q := quantity.Of(rapid.Int64Range(1, 30).Draw(t, "asked"))
		a := Check(in, "speakers", q)
		if a.Reason != LimitReached || a.Source != "plan:"+in.Subscription.Plan {
			return
		}
		e := *in.Catalog.Plans[in.Subscription.Plan].Entitlements["speakers"]
		e.Limit += a.Shortfall - 1
		in.Catalog.Plans[in.Subscription.Plan].Entitlements["speakers"] = &e
		if Check(in, "speakers", q).Allowed {
			t.Fatalf("a shortfall of %s is too much", a.Shortfall)
		}
		e.Limit++
		if !Check(in, "speakers", q).Allowed {
			t.Fatalf("a shortfall of %s is too little", a.Shortfall)
		}
	})
}

func TestConsumingNeverPassesAHardLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := has{plan: "starter"}.input(t)
		u := &meter.Usage{}
		in.Usage = func(string) *meter.Usage { return u }
		def := in.Catalog.Meters["exports"]
		for range rapid.IntRange(1, 30).Draw(t, "calls") {
			q := quantity.Quantity(rapid.Int64Range(1, 3_000_000).Draw(t, "millionths"))
			if rapid.IntRange(0, 3).Draw(t, "release") == 0 {
				meter.Release(u, def, q, in.calendar(), in.Now)
				continue
			}
			a, err := Take(in, "exports", q)
			if err != nil {
				t.Fatal(err)
			}
			used := meter.Value(u, def, catalog.Month, in.calendar(), in.Now)
			if a.Allowed != (used+q <= quantity.Of(5)) {
				t.Fatalf("%s of 5 used, %s asked for: %s", used, q, a.Message)
			}
			if a.Allowed {
				meter.Consume(u, def, q, in.calendar(), in.Now)
				if now := meter.Value(u, def, catalog.Month, in.calendar(), in.Now); now != *a.Usage || *a.Remaining != quantity.Of(5)-now {
					t.Fatalf("%s used now, the answer said %s with %s left", now, *a.Usage, *a.Remaining)
				}
			}
		}
	})
}
