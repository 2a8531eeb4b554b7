package entitlement

import (
	"cmp"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Unlock is something that can be bought from here and would have made the answer yes.
type Unlock struct {
	Plan     string                `json:"plan,omitempty"`
	Addon    string                `json:"addon,omitempty"`
	Quantity int64                 `json:"quantity,omitempty"` // of the add-on, to buy on top of what is there
	Title    string                `json:"title"`
	Price    money.Amount          `json:"price"`      // of the plan (times the subscription's quantity) or of Quantity add-ons, each interval
	More     money.Amount          `json:"difference"` // what the whole subscription would cost more, each interval
	Interval subscription.Interval `json:"interval"`
	Gives    string                `json:"gives"` // in plain words: "50 Speakers", "20 more Sponsor tiers"
	Limit    *quantity.Quantity    `json:"limit"` // the limit then; nil for boolean and unlimited
}

// unlocks lists what would allow q of f, the smallest difference in price first: any plan
// for an account without a live subscription; otherwise the plans above its own in the
// family, and of each add-on as few as do. What subscription.Apply would refuse (an add-on
// whose needs are not met, a plan not sold by this interval) is left out.
func unlocks(in Input, f *catalog.Feature, q quantity.Quantity) []Unlock {
	out := []Unlock{}
	var cur subscription.Subscription
	if in.Subscription != nil {
		cur = *in.Subscription
	}
	for _, key := range sortedKeys(in.Catalog.Plans) {
		p := in.Catalog.Plans[key]
		if !gives(f, p.Entitlements[f.Key]) || cur.Live() && !above(in.Catalog, key, cur.Plan) {
			continue
		}
		ch, n := subscription.Change{Plan: key}, cur.Quantity
		if !cur.Live() {
			n = 1
			if ch.Interval = subscription.Month; p.Price.Month == nil {
				ch.Interval = subscription.Year
			}
		}
		if u, ok := try(in, f, q, cur, ch); ok {
			u.Plan, u.Title = key, named(p.Title, key)
			u.Price.Minor, _ = subscription.PriceFor(p.Price, u.Interval).Cost(u.Price.Currency, n)
			u.Gives = amount(f, GivenOf(in.Catalog, key, nil, f.Key), "")
			out = append(out, u)
		}
	}
	if cur.Live() {
		for _, key := range sortedKeys(in.Catalog.Addons) {
			a := in.Catalog.Addons[key]
			n, ok := enough(in, f, a, q, &cur)
			if !ok {
				continue
			}
			lines := withMore(cur.Addons, key, n)
			if u, ok := try(in, f, q, cur, subscription.Change{Addons: &lines}); ok {
				u.Addon, u.Quantity, u.Title = key, n, named(a.Title, key)
				u.Price.Minor, _ = subscription.PriceFor(a.Price, u.Interval).Cost(u.Price.Currency, n)
				u.Gives = amount(f, GivenOf(in.Catalog, "", []subscription.AddonLine{{Key: key, Quantity: n}}, f.Key), "more ")
				out = append(out, u)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Unlock) int { return cmp.Compare(a.More.Minor, b.More.Minor) })
	return out
}

// try makes the change on paper and says whether q would be allowed then.
func try(in Input, f *catalog.Feature, q quantity.Quantity, cur subscription.Subscription, ch subscription.Change) (Unlock, bool) {
	next, err := subscription.Apply(cur, ch, in.terms())
	if err != nil {
		return Unlock{}, false
	}
	in.Subscription = &next
	a, _ := answer(in, f.Key, q)
	if !a.Allowed {
		return Unlock{}, false
	}
	more := next.Recurring
	if cur.Status == subscription.Active {
		more -= cur.Recurring
	}
	return Unlock{Price: money.Of(0, next.Currency), More: money.Of(more, next.Currency), Interval: next.Interval, Limit: a.Limit}, true
}

// above says whether plan is higher than base in the same family.
func above(cat *catalog.Catalog, plan, base string) bool {
	for steps := 0; steps <= len(cat.Plans); steps++ { // the catalog has no circles; never hang on one
		p := cat.Plans[plan]
		if p == nil || p.Above == "" {
			return false
		}
		if p.Above == base {
			return true
		}
		plan = p.Above
	}
	return false
}

// enough returns how many of an add-on, on top of what is there, allow q.
func enough(in Input, f *catalog.Feature, a *catalog.Addon, q quantity.Quantity, cur *subscription.Subscription) (int64, bool) {
	e := a.Entitlements[f.Key]
	if !gives(f, e) {
		return 0, false
	}
	if f.Kind == catalog.Boolean || q == 0 || e.Unlimited || e.Overage != nil {
		return 1, true
	}
	var limit quantity.Quantity // of the allowance that the add-on adds to
	for _, g := range grants(in.Catalog, cur.Plan, cur.Addons, f) {
		if g.Per == e.Per || in.isLevel(f) {
			limit = g.Limit
		}
	}
	missing := in.used(f, e.Per).Add(q) - limit
	n := int64(max(missing-1, 0)/e.Limit) + 1
	return n, n <= subscription.MaxQuantity
}

// withMore returns the add-ons with n more of one.
func withMore(lines []subscription.AddonLine, key string, n int64) []subscription.AddonLine {
	out := slices.Clone(lines)
	for i := range out {
		if out[i].Key == key {
			out[i].Quantity += n
			return out
		}
	}
	return append(out, subscription.AddonLine{Key: key, Quantity: n})
}
