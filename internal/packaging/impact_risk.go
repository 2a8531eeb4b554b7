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

// option is something an account could have instead, each interval.
type option struct {
	cost     money.Minor
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
	best := func(options []option) (money.Minor, string) {
		for _, o := range options { // the cheapest first
			if o.cost >= sub.Recurring {
				break
			}
			if !slices.ContainsFunc(o.eligible, func(c *condition.Condition) bool { return h.Input.Eligible != nil && !h.Input.Eligible(c) }) {
				return o.cost, o.words
			}
		}
		return sub.Recurring, ""
	}
	before, _ := best(c.before)
	after, words := best(c.after)
	if after >= before {
		return
	}
	saved := before - after
	if sub.Interval != subscription.Year {
		saved *= 12
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

// options returns what an account could have by a catalog that gives all it has by the old one.
func (im *Impact) options(cat *catalog.Catalog, sub *subscription.Subscription) []option {
	var all []option
	own := cat.PlanOf(sub.Plan, sub.PlanVersion)
	if own != nil {
		if cost, ok := cost(own, sub, sub.Addons, cat); ok {
			all = append(all, option{cost: cost, words: "the price of " + callIt(own.Title, own.Key) + " as it was bought falls"})
		}
		all = append(all, im.bundled(cat, own, sub, nil)...)
	}
	for _, key := range slices.Sorted(maps.Keys(cat.Plans)) {
		p := cat.Plans[key]
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
		for _, lines := range [][]subscription.AddonLine{sub.Addons, nil} {
			if lines == nil && len(sub.Addons) == 0 {
				continue
			}
			if c, ok := cost(p, sub, lines, cat); ok && im.covers(cat, p, sub, lines) {
				all = append(all, option{c, "they could switch to " + name, eligible})
			}
		}
		all = append(all, im.bundled(cat, p, sub, eligible)...)
	}
	slices.SortStableFunc(all, func(a, b option) int { return cmp.Compare(a.cost, b.cost) })
	return all
}

// bundled returns the options to have a bundle in the place of its parts.
func (im *Impact) bundled(cat *catalog.Catalog, p *catalog.Plan, sub *subscription.Subscription, eligible []*condition.Condition) []option {
	var all []option
	for _, key := range slices.Sorted(maps.Keys(cat.Addons)) {
		b := cat.Addons[key]
		if b.Kind != catalog.OfBundle || b.Retired || b.Ready == catalog.NotReady || slices.Contains(b.Excludes, p.Key) {
			continue
		}
		lines, held := withBundle(sub.Addons, b)
		if !held {
			continue
		}
		if c, ok := cost(p, sub, lines, cat); ok && im.covers(cat, p, sub, lines) {
			conditions := slices.Clone(eligible)
			if b.Eligible != nil {
				conditions = append(conditions, b.Eligible)
			}
			words := "they could switch to the bundle " + callIt(b.Title, b.Key)
			if p.Key != sub.Plan {
				words += " on " + callIt(p.Title, p.Key)
			}
			all = append(all, option{c, words, conditions})
		}
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

// cost returns what a plan with add-ons costs each interval of a subscription; false when it is
// not sold so, or something of it excludes something else.
func cost(p *catalog.Plan, sub *subscription.Subscription, lines []subscription.AddonLine, cat *catalog.Catalog) (money.Minor, bool) {
	total, ok := subscription.PriceFor(p.Price, sub.Interval).Cost(sub.Currency, sub.Quantity)
	for _, l := range lines {
		a := cat.Addons[l.Key]
		if !ok || a == nil || slices.Contains(a.Excludes, p.Key) {
			return 0, false
		}
		needed := len(a.Needs) == 0
		for _, need := range a.Needs {
			needed = needed || need == p.Key || slices.ContainsFunc(lines, func(l subscription.AddonLine) bool { return l.Key == need })
		}
		price, sold := subscription.PriceFor(a.Price, sub.Interval).Cost(sub.Currency, l.Quantity)
		total, ok = total+price, needed && sold && total+price <= catalog.MaxPrice
	}
	return total, ok
}

// covers says whether a plan with add-ons gives as much of everything as the subscription gives
// by the old catalog.
func (im *Impact) covers(cat *catalog.Catalog, p *catalog.Plan, sub *subscription.Subscription, lines []subscription.AddonLine) bool {
	other := *sub
	other.Plan, other.PlanVersion, other.Addons = p.Key, p.Version, lines
	for key, f := range im.old.Features {
		was := entitlement.GivenOf(im.old, sub, key)
		if !was.Allowed {
			continue
		}
		if cat.Features[key] == nil {
			return false
		}
		is := entitlement.GivenOf(cat, &other, key)
		switch {
		case !is.Allowed:
			return false
		case f.Kind == catalog.Valued:
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
