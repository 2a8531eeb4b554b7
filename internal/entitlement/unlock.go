package entitlement

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Unlock is something that can be bought from here and would have made the answer yes.
type Unlock struct {
	Plan     string            `json:"plan,omitempty"`
	Addon    string            `json:"addon,omitempty"`
	Pack     string            `json:"pack,omitempty"`     // the add-on, when it is a pack or a top-up
	Kind     catalog.AddonKind `json:"kind,omitempty"`     // of the add-on
	Quantity int64             `json:"quantity,omitempty"` // of the add-on, to buy on top of what is there
	Title    string            `json:"title"`
	// Price is of the plan (times the subscription's quantity) or of Quantity add-ons, More what the
	// whole subscription would cost more, each interval; nil for who cannot buy.
	Price    *money.Amount         `json:"price,omitempty"`
	More     *money.Amount         `json:"difference,omitempty"`
	Interval subscription.Interval `json:"interval"` // once for what is bought once
	Gives    string                `json:"gives"`    // in plain words: "50 Speakers", "20 more Sponsor tiers"
	Limit    *quantity.Quantity    `json:"limit"`    // the limit then; nil for boolean and unlimited
}

// Once is the interval of what is bought once.
const Once subscription.Interval = "once"

// unlocks lists what would allow q of f, the least money first: any plan for an account
// without a live subscription; otherwise the plans above its own in the family, and of each
// add-on, pack, bundle and top-up as few as do. What subscription.Apply would refuse (an
// add-on whose needs are not met, what is retired, not ready, not sold by this interval or
// not to this account) is left out. barred says that something was because the account is
// not eligible for it.
func unlocks(in Input, f *catalog.Feature, q quantity.Quantity) (out []Unlock, barred bool) {
	out = []Unlock{}
	in.bare = true
	var cur subscription.Subscription
	if in.Subscription != nil {
		cur = *in.Subscription
	}
	bars := func(err error) { barred = barred || fault.CodeOf(err) == "not_eligible" }
	for _, key := range sortedKeys(in.Catalog.Plans) {
		p := in.Catalog.Plans[key]
		if !relevant(f, p.Entitlements) || p.Retired || p.Ready == catalog.NotReady || cur.Live() && !above(in.Catalog, key, cur.Plan) {
			continue
		}
		ch, n := subscription.Change{Plan: key}, cur.Quantity
		if !cur.Live() {
			n = 1
			if ch.Interval = subscription.Month; p.Price.Month == nil {
				ch.Interval = subscription.Year
			}
		}
		u, next, err := try(in, f, q, cur, ch)
		if bars(err); u != nil {
			u.Plan, u.Title = key, named(p.Title, key)
			u.Price.Minor, _ = subscription.PriceFor(p.Price, u.Interval).Cost(u.Price.Currency, n)
			u.Gives = amount(f, GivenOf(in.Catalog, &subscription.Subscription{Plan: next.Plan, PlanVersion: next.PlanVersion, Quantity: next.Quantity}, f.Key), "")
			out = append(out, *u)
		}
	}
	if cur.Live() {
		for _, key := range sortedKeys(in.Catalog.Addons) {
			u, err := in.addon(f, in.Catalog.Addons[key], q, cur)
			if bars(err); u != nil {
				out = append(out, *u)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Unlock) int { return cmp.Compare(a.cost(), b.cost()) })
	return out, barred
}

// Priceless returns what could be bought for who may ask for it and not buy it: without prices, in
// the same order.
func Priceless(all []Unlock) []Unlock {
	out := slices.Clone(all)
	for i := range out {
		out[i].Price, out[i].More = nil, nil
	}
	return out
}

// Priceless returns the answer for who may ask and not buy: without prices, in figures and in words.
func (a Answer) Priceless() Answer {
	a.Unlock = Priceless(a.Unlock)
	if a.Overage != nil {
		a.Message, a.Overage = strings.Replace(a.Message, a.Overage.words(), "", 1), nil
	}
	return a
}

// cost is what taking it means in money at first: each interval, or once.
func (u *Unlock) cost() money.Minor {
	if u.Interval == Once {
		return u.Price.Minor
	}
	return u.More.Minor
}

// relevant says whether entitlements may open f: by themselves, or by opening what it is a part of.
func relevant(f *catalog.Feature, all map[string]*catalog.Entitlement) bool {
	return gives(f, all[f.Key]) || f.PartOf != ""
}

// addon tries as few of an add-on as do; nil when none does, with why it cannot be bought.
func (in *Input) addon(f *catalog.Feature, a *catalog.Addon, q quantity.Quantity, cur subscription.Subscription) (*Unlock, error) {
	if !relevant(f, a.Entitlements) || a.Retired || a.Ready == catalog.NotReady {
		return nil, nil
	}
	n, ok := in.enough(f, a, q, &cur)
	if !ok {
		return nil, nil
	}
	lines := []subscription.AddonLine{{Key: a.Key, Quantity: n}}
	ch := subscription.Change{Once: lines}
	then := *in
	if a.OneOff() {
		then = in.with(f, a, n)
	} else {
		all := withMore(cur.Addons, a.Key, n)
		ch = subscription.Change{Addons: &all}
	}
	u, next, err := try(then, f, q, cur, ch)
	if u == nil {
		return nil, err
	}
	u.Addon, u.Quantity, u.Title, u.Kind = a.Key, n, named(a.Title, a.Key), a.Kind
	if a.Kind == catalog.OfPack || a.Kind == catalog.OfTopUp {
		u.Pack = a.Key
	}
	price := subscription.PriceFor(a.Price, u.Interval)
	if a.OneOff() {
		price, u.Interval, u.More.Minor = a.Price.Once, Once, 0
	}
	u.Price.Minor, _ = price.Cost(u.Price.Currency, n)
	u.Gives = amount(f, GivenOf(in.Catalog, &subscription.Subscription{Addons: lines, Quantity: next.Quantity}, f.Key), "more ")
	return u, nil
}

// with is in after n of an add-on were bought once.
func (in *Input) with(f *catalog.Feature, a *catalog.Addon, n int64) Input {
	then, st := *in, State{}
	if in.State != nil {
		st = *in.State
	}
	st.Grants = slices.Clone(st.Grants)
	st.Grants = append(st.Grants, TopUp(a, n, in.Now)...)
	if _, based := st.Base[f.Key]; !based && f.Counted() && len(in.givens(f)) == 0 {
		st.Base = map[string]quantity.Quantity{f.Key: in.used(f, catalog.Lifetime)}
	}
	then.State = &st
	return then
}

// try makes the change on paper and returns what it would be if q were allowed then; nil when
// it would not be, with the error when the change cannot be made.
func try(in Input, f *catalog.Feature, q quantity.Quantity, cur subscription.Subscription, ch subscription.Change) (*Unlock, *subscription.Subscription, error) {
	next, err := subscription.Apply(cur, ch, in.terms())
	if err != nil {
		return nil, nil, err
	}
	in.Subscription = &next
	a, _ := answer(&in, f.Key, q)
	if !a.Allowed {
		return nil, nil, nil
	}
	more := next.Recurring
	if cur.Status == subscription.Active {
		more -= cur.Recurring
	}
	price, difference := money.Of(0, next.Currency), money.Of(more, next.Currency)
	return &Unlock{Price: &price, More: &difference, Interval: next.Interval, Limit: a.Limit}, &next, nil
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

// enough returns how many of an add-on, on top of what is there, allow q: the least number,
// found by halving, since more of it never allow less.
func (in *Input) enough(f *catalog.Feature, a *catalog.Addon, q quantity.Quantity, cur *subscription.Subscription) (int64, bool) {
	allows := func(n int64) bool {
		then := *in
		if a.OneOff() {
			then = in.with(f, a, n)
		} else {
			sub := *cur
			sub.Addons = withMore(cur.Addons, a.Key, n)
			then.Subscription = &sub
		}
		got, _ := answer(&then, f.Key, q)
		return got.Allowed
	}
	if allows(1) {
		return 1, true
	}
	e := a.Entitlements[f.Key]
	if e == nil || e.Limit <= 0 {
		return 0, false
	}
	most := in.used(f, e.Per).Add(in.reserved(f)).Add(q) // as if nothing else gave any
	low, high := int64(1), min(int64((most-1)/e.Limit)+1, subscription.MaxQuantity)
	if high <= 1 || !allows(high) {
		return 0, false
	}
	for high-low > 1 {
		if half := low + (high-low)/2; allows(half) {
			high = half
		} else {
			low = half
		}
	}
	return high, true
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
