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
// Settle, after every change of usage, so that what is left of them is state. Of what was drawn
// in the period of now, that above the limit of now is open: it is given back when usage falls.
// The rest is burned, because the limit has risen since: it stays used, but it counts in its
// period, so that a limit that falls again draws nothing twice. When the period is over all of
// it is used up for good, but for what reservations alone drew: Lapse, before every change.

// live says whether the grant may be used at now. What rolled over may be while the
// allowance it came from is there.
func (g *Grant) live(now clock.Time, allowance bool) bool {
	return g.RevokedAt == 0 && (g.ExpiresAt == 0 || now < g.ExpiresAt) && (allowance || g.Source != FromRollover)
}

// left is what has not been used.
func (g *Grant) left() quantity.Quantity { return g.Amount - g.Used }

// balance is what grants add to a feature.
type balance struct {
	open   quantity.Quantity // drawn in the period of now, as far as it counts
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
	var live, dead quantity.Quantity // drawn in the period of now
	for i := range in.State.Grants {
		g := &in.State.Grants[i]
		if g.Feature != f.Key {
			continue
		}
		if g.live(in.Now, in.allowance(givens)) {
			b.any = true
			b.left, b.raises = b.left.Add(g.left()), b.raises.Add(g.Amount)
			live = live.Add(g.drawn())
		} else {
			dead = dead.Add(g.drawn())
		}
	}
	d, any := in.State.Drawn[f.Key]
	if !any || in.isLevel(f) {
		return b
	}
	w := in.windowOf(f, givens)
	switch {
	case d.over(in.Now):
		if b.any {
			b.left = b.left.Add(d.Reserved) // which Lapse gives back
		}
		return b
	case !w.same(&d):
		return b
	case w.rolls:
		aged := max(live.Add(dead)-in.since(f, givens, &d), 0)
		live, dead = max(live-aged, 0), max(dead-max(aged-live, 0), 0)
	}
	// What was given back to a grant that is over is lost with it.
	b.open = live.Add(min(dead, max(in.excess(f, givens)-live, 0)))
	return b
}

// allowance says whether a subscription gives the feature, and not only a trial does.
func (in *Input) allowance(givens []Given) bool {
	return slices.ContainsFunc(givens, func(g Given) bool { return g.bought })
}

// excess is how far usage and reservations of f are above the allowance. Without one it is
// what was used since grants alone give it.
func (in *Input) excess(f *catalog.Feature, givens []Given) quantity.Quantity {
	return in.excessWith(f, givens, in.reserved(f))
}

// excessWith is excess with so much reserved.
func (in *Input) excessWith(f *catalog.Feature, givens []Given, reserved quantity.Quantity) quantity.Quantity {
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
		a, p := in.Catalog.Addons[t.Addon], in.Catalog.Plans[t.Plan]
		return a != nil && timed(a.Entitlements) || t.Beside && p != nil && timed(p.Entitlements)
	})
}

// Lapse makes a feature ready for a change of its usage: what was drawn from grants for a
// period that is over is used up for good, and what was drawn below a limit that has risen
// since is no longer open. It says whether the state is another now. in.Subscription is as of now.
func Lapse(in Input, f *catalog.Feature) bool {
	changed := false
	if givens := in.givens(f); f.Counted() {
		if !in.isLevel(f) {
			changed = in.rebase(f, givens)
			changed = in.lapse(f, givens) || changed
		}
		changed = in.passed(f, givens, false) || changed
	}
	return in.State.tidy(in.Now) || changed
}

// rebase keeps from which usage on grants without an allowance beside them are burned.
func (in *Input) rebase(f *catalog.Feature, givens []Given) bool {
	st := in.State
	has := slices.ContainsFunc(st.Grants, func(g Grant) bool { return g.Feature == f.Key })
	_, based := st.Base[f.Key]
	switch {
	case has && len(givens) == 0 && !based:
		if st.Base == nil {
			st.Base = make(map[string]quantity.Quantity)
		}
		st.Base[f.Key] = in.used(f, catalog.Lifetime)
		return true
	case based && (!has || len(givens) > 0):
		delete(st.Base, f.Key)
		if st.Drawn[f.Key].Based {
			st.final(f.Key)
		}
		return true
	}
	return false
}

// window is the period of now that draws belong to.
type window struct {
	until clock.Time // its end; unset for what never begins anew as a whole
	based bool       // of grants without an allowance beside them
	rolls bool
	free  bool // nothing is drawn: there is no limit, or an override
}

// windowOf returns the window of what gives f; of several periods the one that ends first counts.
func (in *Input) windowOf(f *catalog.Feature, givens []Given) window {
	w := window{based: len(givens) == 0}
	for i := range givens {
		g := &givens[i]
		if g.Unlimited || g.override != nil {
			return window{free: true}
		}
		if _, rolls := g.Per.Rolling(); rolls {
			w.rolls = true
		} else if ends := in.resetsAt(f, g.Per); ends != 0 && (w.until == 0 || ends < w.until) {
			w.until = ends
		}
	}
	return w
}

// same says whether d was drawn in this window.
func (w *window) same(d *Drawn) bool {
	return w.free || w.until == d.Until && w.based == d.Based
}

// since is how far usage and reservations are above the limit that d was drawn above, where
// usage falls by itself.
func (in *Input) since(f *catalog.Feature, givens []Given, d *Drawn) quantity.Quantity {
	if len(givens) != 1 {
		return in.excess(f, givens)
	}
	return max(in.used(f, givens[0].Per).Add(in.reserved(f))-d.Limit, 0)
}

// over says whether the window of what was drawn is over.
func (d *Drawn) over(now clock.Time) bool { return d.Until != 0 && now >= d.Until }

// drawn is what was drawn of the grant in the window of now.
func (g *Grant) drawn() quantity.Quantity { return g.Open.Add(g.Burned) }

// final uses up for good what was drawn for a feature.
func (st *State) final(feature string) {
	for i := range st.Grants {
		if g := &st.Grants[i]; g.Feature == feature {
			g.Open, g.Burned = 0, 0
		}
	}
	if delete(st.Drawn, feature); len(st.Drawn) == 0 {
		st.Drawn = nil
	}
}

// giveBack undoes draws, the last drawn first. To grants that are over it is lost.
func (in *Input) giveBack(order []int, q quantity.Quantity, allowance bool) bool {
	gave := false
	for _, live := range []bool{true, false} {
		for _, i := range slices.Backward(order) {
			g := &in.State.Grants[i]
			if part := min(q, g.Open); part > 0 && g.live(in.Now, allowance) == live {
				if g.Open -= part; live {
					g.Used -= part
				}
				q -= part
				gave = true
			}
		}
	}
	return gave
}

// lapse is Lapse of what was drawn.
func (in *Input) lapse(f *catalog.Feature, givens []Given) bool {
	st := in.State
	d, any := st.Drawn[f.Key]
	if !any {
		return false
	}
	order, allowance := st.inOrder(f.Key), in.allowance(givens)
	if d.over(in.Now) {
		in.giveBack(order, d.Reserved, allowance)
		st.final(f.Key)
		return true
	}
	w, changed := in.windowOf(f, givens), false
	open, burned := st.drawn(order)
	if w.rolls && w.same(&d) {
		aged := open.Add(burned) - in.since(f, givens, &d)
		for _, i := range order {
			g := &st.Grants[i]
			part := max(min(aged, g.drawn()), 0)
			closed := min(part, g.Burned)
			g.Burned -= closed
			g.Open -= part - closed
			aged -= part
			changed = changed || part > 0
		}
		open, burned = st.drawn(order)
	}
	opened := quantity.Quantity(0)
	if w.same(&d) {
		opened = min(in.excess(f, givens), open.Add(burned))
	}
	if back := min(open-opened, d.Reserved); back > 0 {
		in.giveBack(order, back, allowance)
		d.Reserved -= back
		st.Drawn[f.Key] = d
		open -= back
		changed = true
	}
	for _, i := range order {
		g := &st.Grants[i]
		closes := max(min(open-opened, g.Open), -g.Burned)
		g.Open, g.Burned = g.Open-closes, g.Burned+closes
		open -= closes
		changed = changed || closes != 0
	}
	if open, burned = st.drawn(order); open == 0 && burned == 0 {
		st.final(f.Key)
		changed = true
	}
	return changed
}

// drawn adds up what was drawn from grants in the window of now.
func (st *State) drawn(order []int) (open, burned quantity.Quantity) {
	for _, i := range order {
		open, burned = open.Add(st.Grants[i].Open), burned.Add(st.Grants[i].Burned)
	}
	return open, burned
}

// Settle draws what passes the allowance from the grants after usage has changed, and gives
// back what no longer does. It says whether the state is another now.
func Settle(in Input, f *catalog.Feature) bool {
	givens, changed := in.givens(f), false
	if w := in.windowOf(f, givens); f.Counted() && !in.isLevel(f) && !w.free {
		changed = in.settle(f, givens, &w)
	}
	return in.passed(f, givens, true) || changed
}

// settle is Settle of what is drawn.
func (in *Input) settle(f *catalog.Feature, givens []Given, w *window) bool {
	st := in.State
	order := st.inOrder(f.Key)
	if len(order) == 0 {
		return false
	}
	was, any := st.Drawn[f.Key]
	d, changed := was, false
	open, burned := st.drawn(order)
	if any && !w.same(&d) {
		open, burned = 0, 0 // of another window, which may be that of now again
	}
	excess, allowance := in.excess(f, givens), in.allowance(givens)
	if missing := excess - open - burned; missing > 0 {
		for _, i := range order {
			g := &st.Grants[i]
			part := min(missing, g.left())
			if part <= 0 || !g.live(in.Now, allowance) {
				continue
			}
			if any && !w.same(&was) {
				st.final(f.Key)
			}
			g.Used, g.Open = g.Used+part, g.Open+part
			missing -= part
			d = Drawn{Until: w.until, Based: w.based}
			if w.rolls && len(givens) == 1 {
				d.Limit = givens[0].Limit
			}
			any, changed, was = true, true, d
		}
	} else if open > excess {
		changed = in.giveBack(order, open-excess, allowance)
	}
	if !any || !w.same(&d) {
		return changed
	}
	open, burned = st.drawn(order)
	if open == 0 && burned == 0 {
		st.final(f.Key)
		return true
	}
	d.Reserved = max(open-in.excessWith(f, givens, 0), 0)
	if now, kept := st.Drawn[f.Key]; !kept || now != d {
		if st.Drawn == nil {
			st.Drawn = make(map[string]Drawn)
		}
		st.Drawn[f.Key], changed = d, true
	}
	return changed
}

// tidy moves grants that give nothing any more to the past.
func (st *State) tidy(now clock.Time) bool {
	n := 0
	for i := range st.Grants {
		g := &st.Grants[i]
		used := g.Amount > 0 && g.left() == 0
		if g.drawn() == 0 && (used || g.RevokedAt != 0 || g.ExpiresAt != 0 && g.ExpiresAt <= now) {
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
