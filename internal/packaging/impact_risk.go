package packaging

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/subscription"
)

// The renewal money at risk: what an account pays today, less the least it could pay for the
// same or more once the new catalog is active, as far as it could not pay that little before.

// option is something an account could have instead.
type option struct {
	cost     money.Minor // a year's
	own      bool        // paid at the interval of the account
	words    string
	eligible []*condition.Condition // all must hold
}

// choice is what accounts that have bought the same could switch to, the cheapest first.
type choice struct{ before, after []option }

// reason counts the accounts that could pay less in the same way.
type reason struct {
	accounts int
	money    map[money.Currency]money.Minor // a year's
}

// weigh adds what an account could save.
func (im *Impact) weigh(h *Holder) {
	sub := h.Input.Subscription
	if sub.Status != subscription.Active || sub.Recurring <= 0 {
		return
	}
	key := fmt.Sprintf("%s %s %s", bought(sub), sub.Interval, sub.Currency)
	c := im.switches[key]
	if c == nil {
		c = &choice{im.options(im.old, sub), im.options(im.new, sub)}
		im.switches[key] = c
	}
	paid := yearly(sub.Recurring, sub.Interval)
	best := func(options []option, own bool) (money.Minor, string) {
		for _, o := range options { // the cheapest first
			if o.cost >= paid {
				break
			}
			if (o.own || !own) && !slices.ContainsFunc(o.eligible, func(c *condition.Condition) bool { return h.Input.Eligible != nil && !h.Input.Eligible(c) }) {
				return o.cost, o.words
			}
		}
		return paid, ""
	}
	// A price that falls at the account's own interval costs that much, even where the other
	// interval was cheaper already.
	var saved money.Minor
	var words string
	for _, own := range []bool{true, false} {
		before, _ := best(c.before, own)
		if after, how := best(c.after, own); before-after > saved {
			saved, words = before-after, how
		}
	}
	if saved <= 0 {
		return
	}
	im.risky++
	im.risk[sub.Currency] += saved
	r := im.why[words]
	if r == nil {
		r = &reason{money: map[money.Currency]money.Minor{}}
		im.why[words] = r
	}
	r.accounts++
	r.money[sub.Currency] += saved
}

// yearly is what an amount of each interval comes to in a year.
func yearly(m money.Minor, i subscription.Interval) money.Minor {
	if i == subscription.Year {
		return m
	}
	return m * 12
}

// options returns what an account could have by a catalog that gives all it has by the old one,
// paid at either interval.
func (im *Impact) options(cat *catalog.Catalog, sub *subscription.Subscription) []option {
	var all []option
	for _, i := range []subscription.Interval{subscription.Month, subscription.Year} {
		x := offering{im: im, cat: cat, sub: sub, interval: i, own: i == sub.Interval || i == subscription.Month && sub.Interval == ""}
		all = append(all, x.options()...)
	}
	slices.SortStableFunc(all, func(a, b option) int { return cmp.Compare(a.cost, b.cost) })
	return all
}

// offering is a catalog as it is offered to a subscription at one interval.
type offering struct {
	im       *Impact
	cat      *catalog.Catalog
	sub      *subscription.Subscription
	interval subscription.Interval
	own      bool // the interval is the subscription's
}

func (x *offering) options() []option {
	var all []option
	own := x.cat.PlanOf(x.sub.Plan, x.sub.PlanVersion)
	if own != nil {
		// Who has things keeps them, whatever goes with what by now.
		if cost, ok := x.cost(own, x.sub.Addons); ok && (x.own || x.fits(own, x.sub.Addons)) {
			words := "the price of " + callIt(own.Title, own.Key) + " as it was bought falls"
			if !x.own {
				words = "they could pay for " + callIt(own.Title, own.Key) + " by the " + string(x.interval)
			}
			all = append(all, option{cost: yearly(cost, x.interval), own: x.own, words: words})
		}
		all = append(all, x.bundled(own, nil)...)
	}
	for _, key := range slices.Sorted(maps.Keys(x.cat.Plans)) {
		p := x.cat.Plans[key]
		if p.Retired || p.Ready == catalog.NotReady || own != nil && p.Key == own.Key && p.Version == own.Version {
			continue
		}
		var eligible []*condition.Condition
		if p.Eligible != nil {
			eligible = append(eligible, p.Eligible)
		}
		name := callIt(p.Title, p.Key)
		if own != nil && p.Key == own.Key {
			name = fmt.Sprintf("version %d of %s", p.Version, name)
		}
		all = x.with(all, p, x.sub.Addons, "they could switch to "+name, eligible)
		if len(x.sub.Addons) > 0 {
			all = x.with(all, p, nil, "they could switch to "+name, eligible)
		}
		all = append(all, x.bundled(p, eligible)...)
	}
	return all
}

// with adds a plan with add-ons, where it is sold so and gives all that the subscription does.
func (x *offering) with(all []option, p *catalog.Plan, lines []subscription.AddonLine, words string, eligible []*condition.Condition) []option {
	cost, ok := x.cost(p, lines)
	if !ok || !x.fits(p, lines) || !x.im.covers(x.cat, p, x.sub, lines) {
		return all
	}
	if !x.own {
		words += ", paid by the " + string(x.interval)
	}
	return append(all, option{yearly(cost, x.interval), x.own, words, eligible})
}

// bundled returns the options to have a bundle in the place of its parts.
func (x *offering) bundled(p *catalog.Plan, eligible []*condition.Condition) []option {
	var all []option
	for _, key := range slices.Sorted(maps.Keys(x.cat.Addons)) {
		b := x.cat.Addons[key]
		if b.Kind != catalog.OfBundle || b.Retired || b.Ready == catalog.NotReady {
			continue
		}
		lines, held := withBundle(x.sub.Addons, b)
		if !held {
			continue
		}
		conditions := slices.Clone(eligible)
		if b.Eligible != nil {
			conditions = append(conditions, b.Eligible)
		}
		words := "they could switch to the bundle " + callIt(b.Title, b.Key)
		if p.Key != x.sub.Plan {
			words += " on " + callIt(p.Title, p.Key)
		}
		all = x.with(all, p, lines, words, conditions)
	}
	return all
}

// withBundle takes a bundle's parts out of add-ons and puts as many of the bundle in; false
// when they do not hold it once.
func withBundle(lines []subscription.AddonLine, b *catalog.Addon) ([]subscription.AddonLine, bool) {
	times := int64(0)
	for part, n := range b.Includes {
		i := slices.IndexFunc(lines, func(l subscription.AddonLine) bool { return l.Key == part })
		if i < 0 || lines[i].Quantity < n {
			return nil, false
		}
		if fits := lines[i].Quantity / n; times == 0 || fits < times {
			times = fits
		}
	}
	if times == 0 {
		return nil, false
	}
	var out []subscription.AddonLine
	for _, l := range lines {
		l.Quantity -= times * b.Includes[l.Key]
		if l.Quantity > 0 {
			out = append(out, l)
		}
	}
	return append(out, subscription.AddonLine{Key: b.Key, Quantity: times}), true
}

// cost returns what a plan with add-ons costs each interval; false when it is not sold by it.
func (x *offering) cost(p *catalog.Plan, lines []subscription.AddonLine) (money.Minor, bool) {
	total, ok := subscription.PriceFor(p.Price, x.interval).Cost(x.sub.Currency, x.sub.Quantity)
	for _, l := range lines {
		a := x.cat.Addons[l.Key]
		if !ok || a == nil {
			return 0, false
		}
		price, sold := subscription.PriceFor(a.Price, x.interval).Cost(x.sub.Currency, l.Quantity)
		total, ok = total+price, sold && total+price <= catalog.MaxPrice
	}
	return total, ok
}

// fits says whether each add-on has with it what it needs, and nothing that it excludes.
func (x *offering) fits(p *catalog.Plan, lines []subscription.AddonLine) bool {
	for _, l := range lines {
		there := func(key string) bool {
			return key == p.Key || slices.ContainsFunc(lines, func(other subscription.AddonLine) bool {
				a := x.cat.Addons[other.Key]
				return other.Key != l.Key && (other.Key == key || a != nil && a.Includes[key] > 0)
			})
		}
		a := x.cat.Addons[l.Key]
		if a == nil || len(a.Needs) > 0 && !slices.ContainsFunc(a.Needs, there) || slices.ContainsFunc(a.Excludes, there) {
			return false
		}
	}
	return true
}

// covers says whether a plan with add-ons gives as much of everything as the subscription gives
// by the old catalog.
func (im *Impact) covers(cat *catalog.Catalog, p *catalog.Plan, sub *subscription.Subscription, lines []subscription.AddonLine) bool {
	other := *sub
	other.Plan, other.PlanVersion, other.Addons = p.Key, p.Version, lines
	for key, f := range im.old.Features {
		was := givenOf(im.old, sub, key)
		if !was.Allowed {
			continue
		}
		is := givenOf(cat, &other, key)
		switch {
		case !is.Allowed:
			return false
		case f.Kind == catalog.Valued:
			if now := cat.Features[key]; len(now.Values) == 0 || slices.Contains(now.Values, was.Value) {
				f = now // in whose order it is more or less
			}
			if entitlement.Greater(f, was.Value, is.Value) {
				return false
			}
		case f.Counted() && !is.Unlimited:
			if was.Unlimited || is.Per != was.Per || is.Limit < was.Limit {
				return false
			}
		}
	}
	return true
}

// atRisk sums up what was weighed.
func (im *Impact) atRisk() Risk {
	out := Risk{Amount: money.Of(im.risk[im.new.Currency], im.new.Currency), Accounts: im.risky, Why: []string{}}
	for _, c := range slices.Sorted(maps.Keys(im.risk)) {
		if c != im.new.Currency {
			out.Others = append(out.Others, money.Of(im.risk[c], c))
		}
	}
	sum := func(r *reason) (n money.Minor) {
		for _, m := range r.money {
			n += m
		}
		return n
	}
	keys := slices.SortedFunc(maps.Keys(im.why), func(a, b string) int {
		return cmp.Or(cmp.Compare(sum(im.why[b]), sum(im.why[a])), strings.Compare(a, b))
	})
	for _, key := range keys[:min(len(keys), maxWords)] {
		r := im.why[key]
		var amounts []string
		for _, c := range slices.Sorted(maps.Keys(r.money)) {
			amounts = append(amounts, money.Of(r.money[c], c).String())
		}
		accounts := "accounts"
		if r.accounts == 1 {
			accounts = "account"
		}
		out.Why = append(out.Why, fmt.Sprintf("%d %s, %s a year: %s", r.accounts, accounts, strings.Join(amounts, " and "), key))
	}
	return out
}

func callIt(title, key string) string { return cmp.Or(title, key) }
