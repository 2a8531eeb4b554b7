package entitlement

import (
	"cmp"
	"math"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// How balances are used up. What passes the allowance of a period is drawn from the grants by
// Settle, after every change of usage, so that what is left of them is state. The part that
// was drawn in the period of now stays open: it is given back when usage falls. It stops being
// open when the period begins anew, or the limit rises: Lapse, before every change.

// live says whether the grant may be used at now. What rolled over may be while the
// allowance it came from is there.
func (g *Grant) live(now clock.Time, allowance bool) bool {
	return g.RevokedAt == 0 && (g.ExpiresAt == 0 || now < g.ExpiresAt) && (allowance || g.Source != FromRollover)
}

// left is what has not been used.
func (g *Grant) left() quantity.Quantity { return g.Amount - g.Used }

// balance is what grants add to a feature.
type balance struct {
	// excess is how far usage and reservations are above the allowance, of several above
	// the one with the most left.
	excess quantity.Quantity
	open   quantity.Quantity // drawn in the period of now, no more than excess
	left   quantity.Quantity // of live grants
	any    bool              // there is a live grant
	raises quantity.Quantity // what live grants add to the limit of a level
}

// balance works out what grants add to f now.
func (in *Input) balance(f *catalog.Feature, givens []Given) balance {
	var b balance
	if in.State == nil || len(in.State.Grants) == 0 || len(givens) > 0 && givens[0].override != nil {
		return b
	}
	for i := range in.State.Grants {
		g := &in.State.Grants[i]
		if g.Feature != f.Key {
			continue
		}
		b.open = b.open.Add(g.Open)
		if g.live(in.Now, in.allowance(givens)) {
			b.any = true
			b.left, b.raises = b.left.Add(g.left()), b.raises.Add(g.Amount)
		}
	}
	if b.open == 0 && !b.any || in.isLevel(f) {
		return b
	}
	b.excess = in.excess(f, givens)
	b.open = min(b.open, b.excess)
	return b
}

// allowance says whether a subscription gives the feature, and not only a trial does.
func (in *Input) allowance(givens []Given) bool {
	return slices.ContainsFunc(givens, func(g Given) bool { return g.bought })
}

// excess is how far usage and reservations of f are above the allowance. Without one it is
// what was used since grants alone give it.
func (in *Input) excess(f *catalog.Feature, givens []Given) quantity.Quantity {
	reserved := in.reserved(f)
	if len(givens) == 0 {
		return max(in.used(f, catalog.Lifetime).Add(reserved)-in.base(f), 0)
	}
	least := quantity.Quantity(math.MaxInt64)
	for i := range givens {
		g := &givens[i]
		if g.Unlimited || g.override != nil {
			return 0
		}
		least = min(least, max(in.used(f, g.Per).Add(reserved)-g.Limit, 0))
	}
	return least
}

// base is the usage that grants without an allowance beside them begin at.
func (in *Input) base(f *catalog.Feature) quantity.Quantity {
	if in.State == nil {
		return 0
	}
	return in.State.Base[f.Key]
}

// limitOf is the limit of g with what grants add.
func (in *Input) limitOf(f *catalog.Feature, g *Given, b *balance) quantity.Quantity {
	if in.isLevel(f) {
		return g.Limit.Add(b.raises)
	}
	return g.Limit.Add(b.open).Add(b.left)
}

// reserved is what open reservations lock of f's meter.
func (in *Input) reserved(f *catalog.Feature) quantity.Quantity {
	if in.State == nil {
		return 0
	}
	var sum quantity.Quantity
	for i := range in.State.Reservations {
		r := &in.State.Reservations[i]
		if r.Feature == f.Key || f.Meter != "" && in.Catalog.Features[r.Feature] != nil && in.Catalog.Features[r.Feature].Meter == f.Meter {
			sum = sum.Add(r.Quantity)
		}
	}
	return sum
}

// inOrder returns the places of f's grants in the order in which they are burned: the lower
// priority first, of these the one that expires sooner, of these the older one.
func (st *State) inOrder(feature string) []int {
	var at []int
	for i := range st.Grants {
		if st.Grants[i].Feature == feature {
			at = append(at, i)
		}
	}
	slices.SortStableFunc(at, func(i, j int) int {
		a, b := &st.Grants[i], &st.Grants[j]
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), compareExpiry(a.ExpiresAt, b.ExpiresAt), cmp.Compare(a.GrantedAt, b.GrantedAt))
	})
	return at
}

// compareExpiry puts what never expires last.
func compareExpiry(a, b clock.Time) int {
	switch {
	case a == b:
		return 0
	case a == 0:
		return 1
	case b == 0:
		return -1
	}
	return cmp.Compare(a, b)
}

// Settles says whether a change of usage of f is to be told to Lapse and Settle: there are
// grants of it, or its grace is a matter of time.
func Settles(in Input, f *catalog.Feature) bool {
	if in.State == nil || !f.Counted() {
		return false
	}
	if in.State.Over[f.Key] != 0 || slices.ContainsFunc(in.State.Grants, func(g Grant) bool { return g.Feature == f.Key }) {
		return true
	}
	return slices.ContainsFunc(in.givens(f), func(g Given) bool { return g.Grace != nil && g.Grace.For > 0 })
}

// AnySettles says whether changes of any feature's usage are to be told to Lapse and Settle.
func AnySettles(in Input) bool {
	if st := in.State; st != nil && (len(st.Grants) > 0 || len(st.Over) > 0) {
		return true
	}
	timed := func(all map[string]*catalog.Entitlement) bool {
		for _, e := range all {
			if e.Grace != nil && e.Grace.For > 0 {
				return true
			}
		}
		return false
	}
	sub := in.Subscription
	if sub == nil {
		return false
	}
	if p := in.Catalog.PlanOf(sub.Plan, sub.PlanVersion); p != nil && timed(p.Entitlements) {
		return true
	}
	for _, line := range sub.Addons {
		if a := in.Catalog.Addons[line.Key]; a != nil && timed(a.Entitlements) {
			return true
		}
	}
	return slices.ContainsFunc(in.Trials, func(t subscription.Trial) bool {
		a := in.Catalog.Addons[t.Addon]
		return a != nil && timed(a.Entitlements)
	})
}

// Lapse makes a feature ready for a change of its usage: what was drawn from grants for a
// period that is over, or below a limit that has risen since, is used up for good. It says
// whether the state is another now. in.Subscription is as of now.
func Lapse(in Input, f *catalog.Feature) bool {
	st, changed := in.State, false
	givens := in.givens(f)
	has := slices.ContainsFunc(st.Grants, func(g Grant) bool { return g.Feature == f.Key })
	_, based := st.Base[f.Key]
	switch {
	case has && len(givens) == 0 && !based && !in.isLevel(f):
		if st.Base == nil {
			st.Base = make(map[string]quantity.Quantity)
		}
		st.Base[f.Key], changed = in.used(f, catalog.Lifetime), true
	case based && (!has || len(givens) > 0):
		delete(st.Base, f.Key)
		changed = true
	}
	if has && !in.isLevel(f) {
		var open quantity.Quantity
		order := st.inOrder(f.Key)
		for _, i := range order {
			open = open.Add(st.Grants[i].Open)
		}
		for _, i := range order {
			over := min(st.Grants[i].Open, open-in.excess(f, givens))
			if over <= 0 {
				continue
			}
			st.Grants[i].Open -= over
			open -= over
			changed = true
		}
	}
	changed = in.passed(f, givens, false) || changed
	return st.tidy(in.Now) || changed
}

// Settle draws what passes the allowance from the grants after usage has changed, and gives
// back what no longer does. It says whether the state is another now.
func Settle(in Input, f *catalog.Feature) bool {
	st, changed := in.State, false
	givens := in.givens(f)
	if !in.isLevel(f) && (len(givens) == 0 || givens[0].override == nil) {
		order := st.inOrder(f.Key)
		var open quantity.Quantity
		for _, i := range order {
			open = open.Add(st.Grants[i].Open)
		}
		missing := quantity.Quantity(0)
		if len(order) > 0 {
			missing = in.excess(f, givens) - open
		}
		allowance := in.allowance(givens)
		for _, i := range order {
			g := &st.Grants[i]
			if part := min(missing, g.left()); part > 0 && g.live(in.Now, allowance) {
				g.Used, g.Open = g.Used+part, g.Open+part
				missing -= part
				changed = true
			}
		}
		for _, i := range slices.Backward(order) {
			g := &st.Grants[i]
			if part := min(-missing, g.Open); part > 0 && g.live(in.Now, allowance) {
				g.Used, g.Open = g.Used-part, g.Open-part
				missing += part
				changed = true
			}
		}
	}
	return in.passed(f, givens, true) || changed
}

// passed keeps when usage went above the limit; after says that usage has just changed.
func (in *Input) passed(f *catalog.Feature, givens []Given, after bool) bool {
	st := in.State
	since, over := st.Over[f.Key]
	g := greatest(givens)
	if !over && (!after || g.Grace == nil || g.Grace.For == 0) {
		return false
	}
	b := in.balance(f, givens)
	above := g.Allowed && !g.Unlimited && g.Grace != nil && in.used(f, g.Per) > in.limitOf(f, &g, &b)
	switch {
	case above && (!over || since < in.began(f, g.Per)) && after:
		if st.Over == nil {
			st.Over = make(map[string]clock.Time)
		}
		st.Over[f.Key] = in.Now
		return true
	case !above && over:
		delete(st.Over, f.Key)
		return true
	}
	return false
}

// tidy moves grants that give nothing any more to the past.
func (st *State) tidy(now clock.Time) bool {
	n := 0
	for i := range st.Grants {
		g := &st.Grants[i]
		used := g.Amount > 0 && g.left() == 0
		if g.Open == 0 && (used || g.RevokedAt != 0 || g.ExpiresAt != 0 && g.ExpiresAt <= now) {
			st.Past = append(st.Past, *g)
			continue
		}
		st.Grants[n] = *g
		n++
	}
	if n == len(st.Grants) {
		return false
	}
	if st.Grants = slices.Clip(st.Grants[:n]); n == 0 {
		st.Grants = nil
	}
	if over := len(st.Past) - MaxPast; over > 0 {
		st.Past = slices.Delete(st.Past, 0, over)
	}
	return true
}
