package entitlement

import (
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Given is what a plan, add-ons and running trials give of one feature together, without
// grants; or an override instead of all of them.
type Given struct {
	Allowed   bool              // there is something to use, be it at a price
	Unlimited bool              // counted features without a limit
	Limit     quantity.Quantity // counted features; 0 when Unlimited
	Per       catalog.Period
	Overage   *catalog.Overage // when set, the limit is soft
	Soft      bool             // the limit may be passed at no price
	Grace     *catalog.Grace
	Value     string // valued features
	Source    string // "plan:pro,addon:sponsors"; empty when nothing gives it

	override *Override
	bought   bool              // something but a trial gives it
	tried    quantity.Quantity // part of Limit that trials give
	trialEnd clock.Time        // when the first of the trials that give it ends
	rolls    quantity.Quantity // part of Limit that rolls over
	rollCap  quantity.Quantity // of what may have rolled over in all,
	rollFree bool              // unless one of them has no bound
	rollFor  clock.Time        // until it expires; 0: to the end of the next period
}

// passable says whether the limit may be passed for good.
func (g *Given) passable() bool { return g.Overage != nil || g.Soft }

// GivenOf returns what a subscription gives of a feature by the catalog, be it live or not.
// Limits of the same period add up, an add-on's times its quantity; unlimited wins; one soft
// limit makes the sum soft; the greatest value counts. Of allowances of different periods,
// which cannot be added, it is the one with the greater limit (an answer uses the one with
// more left).
func GivenOf(cat *catalog.Catalog, sub *subscription.Subscription, feature string) Given {
	return greatest((&gathering{cat: cat, sub: sub, f: cat.Features[feature]}).gather(nil))
}

// Standing returns what everything an account has at in.Now gives of a feature, and the limit
// with what grants add to it (0 when there is none).
func Standing(in Input, feature string) (Given, quantity.Quantity) {
	f := in.Catalog.Features[feature]
	if f == nil {
		return Given{}, 0
	}
	givens := in.givens(f)
	g := greatest(givens)
	if g.Unlimited || !f.Counted() {
		return g, 0
	}
	b := in.balance(f, givens)
	return g, in.limitOf(f, &g, &b)
}

// greatest returns the one with the greatest limit.
func greatest(givens []Given) Given {
	var most Given
	for _, g := range givens {
		if !most.Allowed || g.Unlimited || !most.Unlimited && g.Limit > most.Limit {
			most = g
		}
	}
	return most
}

// givens returns what everything but grants gives of f, one for each period; none when nothing does.
func (in *Input) givens(f *catalog.Feature) []Given {
	givens, _ := in.gathered(f, false)
	return givens
}

// gathered returns the givens of f, and when wanted what each source gives.
func (in *Input) gathered(f *catalog.Feature, detailed bool) ([]Given, []Source) {
	if o := in.override(f.Key); o != nil {
		s := Source{Source: "override", ExpiresAt: o.Until, Limit: o.Limit}
		if o.Value != nil {
			s.Value = *o.Value
		}
		return in.overridden(f, o), []Source{s}
	}
	x := gathering{cat: in.Catalog, f: f, detailed: detailed}
	if in.Subscription != nil && in.Subscription.Live() {
		x.sub = in.Subscription
	}
	var trials []subscription.Trial
	if len(in.Trials) > 0 {
		trials = in.running()
	}
	return x.gather(trials), x.sources
}

// running returns the trials that run now.
func (in *Input) running() []subscription.Trial {
	var out []subscription.Trial
	for _, t := range in.Trials {
		if t.RunningAt(in.Now) {
			out = append(out, t)
		}
	}
	return out
}

// gathering puts together what gives a feature.
type gathering struct {
	cat *catalog.Catalog
	sub *subscription.Subscription // nil: none
	f   *catalog.Feature
	all []Given
	// detailed: sources is wanted, what each of them gives.
	detailed bool
	sources  []Source
}

// gather returns what the subscription and the trials give, one for each period.
func (x *gathering) gather(trials []subscription.Trial) []Given {
	if x.f == nil {
		return nil
	}
	var plan *catalog.Plan
	if x.sub != nil {
		plan = x.cat.PlanOf(x.sub.Plan, x.sub.PlanVersion)
	}
	if plan != nil {
		x.add(plan.Entitlements, 1, "plan:", plan.Key, nil)
	}
	// A part follows the whole only where the plan says nothing of the part.
	follows := x.f.PartOf != "" && (plan == nil || plan.Entitlements[x.f.Key] == nil)
	if follows && plan != nil {
		x.follow(plan.Entitlements, "plan:", plan.Key, nil)
	}
	if x.sub != nil {
		for _, line := range x.sub.Addons {
			if a := x.cat.Addons[line.Key]; a != nil && line.Quantity > 0 {
				x.add(a.Entitlements, line.Quantity, "addon:", line.Key, nil)
				if follows {
					x.follow(a.Entitlements, "addon:", line.Key, nil)
				}
			}
		}
	}
	for i := range trials {
		x.trial(&trials[i], follows)
	}
	if len(x.all) < 2 {
		return x.all
	}
	// What starts anew comes before what never does.
	slices.SortStableFunc(x.all, func(a, b Given) int {
		switch {
		case b.Per == catalog.Lifetime && a.Per != b.Per:
			return -1
		case a.Per == catalog.Lifetime && a.Per != b.Per:
			return 1
		}
		return 0
	})
	for _, g := range x.all {
		if g.Unlimited {
			return []Given{g}
		}
	}
	return x.all
}

// tryPlan adds what a plan gives that is tried beside another one: of a counted feature what
// it gives more than that.
func (x *gathering) tryPlan(t *subscription.Trial, follows bool) {
	p := x.cat.Plans[t.Plan]
	if p == nil {
		return
	}
	if e := p.Entitlements[x.f.Key]; gives(x.f, e) {
		more := *e
		if own := x.own(); own != nil && own.Per == e.Per && !e.Unlimited && x.f.Counted() {
			if more.Limit = x.whole(e) - x.whole(own); more.Limit <= 0 {
				return // as much as the account has
			}
			more.PerUnit = false
		}
		x.merge(&more, 1, "trial:", t.Plan, t)
	} else if follows {
		x.follow(p.Entitlements, "trial:", t.Plan, t)
	}
}

// whole is the limit of a plan's entitlement for all units that were bought.
func (x *gathering) whole(e *catalog.Entitlement) quantity.Quantity {
	if e.PerUnit && x.sub != nil {
		return multiple(e.Limit, max(x.sub.Quantity, 1))
	}
	return e.Limit
}

// own is what the subscription's plan says of the feature.
func (x *gathering) own() *catalog.Entitlement {
	if x.sub == nil {
		return nil
	}
	if p := x.cat.PlanOf(x.sub.Plan, x.sub.PlanVersion); p != nil {
		return p.Entitlements[x.f.Key]
	}
	return nil
}

// trial adds what is being tried. Trials of plans are subscriptions, but those beside one.
func (x *gathering) trial(t *subscription.Trial, follows bool) {
	if a := x.cat.Addons[t.Addon]; a != nil {
		x.add(a.Entitlements, 1, "trial:", t.Addon, t)
		if follows {
			x.follow(a.Entitlements, "trial:", t.Addon, t)
		}
		return
	}
	if t.Beside {
		x.tryPlan(t, follows)
		return
	}
	f := x.cat.Features[t.Feature]
	switch {
	case f == nil:
	case f.Key == x.f.Key:
		e := catalog.Entitlement{Feature: f.Key, Allowed: true, Per: x.period()}
		if f.Trial != nil {
			e.Limit = f.Trial.Limit
		}
		if f.Counted() && e.Limit == 0 {
			e.Unlimited = true // the catalog bounds it by time alone
		}
		if n := len(f.Values); n > 0 {
			e.Value = f.Values[n-1]
		}
		x.merge(&e, 1, "trial:", t.Feature, t)
	case follows && f.Key == x.f.PartOf:
		x.merge(&catalog.Entitlement{Feature: x.f.Key, Allowed: true, Unlimited: true}, 1, "trial:", t.Feature, t)
	}
}

// period is that of the first allowance there is, else the first that the meter is kept for.
func (x *gathering) period() catalog.Period {
	if len(x.all) > 0 {
		return x.all[0].Per
	}
	return periodOf(x.cat, x.f)
}

func periodOf(cat *catalog.Catalog, f *catalog.Feature) catalog.Period {
	if m := cat.Meters[f.Meter]; m != nil {
		if w := m.Windows(); len(w) > 0 {
			return w[0].Per
		}
	}
	return catalog.Lifetime
}

func (x *gathering) add(all map[string]*catalog.Entitlement, times int64, kind, key string, t *subscription.Trial) {
	if e := all[x.f.Key]; gives(x.f, e) {
		x.merge(e, times, kind, key, t)
	}
}

// follow lets a part of which a source says nothing follow the whole.
func (x *gathering) follow(all map[string]*catalog.Entitlement, kind, key string, t *subscription.Trial) {
	whole := x.cat.Features[x.f.PartOf]
	if whole == nil || all[x.f.Key] != nil || !gives(whole, all[whole.Key]) || x.f.Kind == catalog.Valued {
		return
	}
	x.merge(&catalog.Entitlement{Feature: x.f.Key, Allowed: true, Unlimited: true}, 1, kind, key, t)
}

// merge adds one entitlement, times so many.
func (x *gathering) merge(e *catalog.Entitlement, times int64, kind, key string, t *subscription.Trial) {
	per := e.Per
	if m := x.cat.Meters[x.f.Meter]; !x.f.Counted() || m != nil && m.Aggregate == catalog.Level {
		per = catalog.Lifetime
	}
	i := slices.IndexFunc(x.all, func(g Given) bool { return g.Per == per })
	if i < 0 {
		i, x.all = len(x.all), append(x.all, Given{Per: per})
	}
	g := &x.all[i]
	source := kind + key
	one := Source{Source: source}
	if t != nil {
		one.ExpiresAt = t.EndsAt
		if g.trialEnd == 0 || t.EndsAt < g.trialEnd {
			g.trialEnd = t.EndsAt
		}
	} else {
		g.bought = true
	}
	if e.PerUnit && x.sub != nil {
		times = max(x.sub.Quantity, 1)
	}
	g.Allowed = true
	switch {
	case x.f.Kind == catalog.Valued:
		one.Value = e.Value
		if g.Value == "" || Greater(x.f, e.Value, g.Value) {
			g.Value = e.Value
		}
	case x.f.Counted():
		limit := multiple(e.Limit, times)
		if x.detailed && !e.Unlimited {
			one.Limit = &limit
		}
		x.count(g, e, limit, times, t != nil)
	}
	if x.detailed {
		x.sources = append(x.sources, one)
	}
	if g.Source != "" {
		source = g.Source + "," + source
	}
	g.Source = source
}

// count adds a counted entitlement of so much.
func (x *gathering) count(g *Given, e *catalog.Entitlement, limit quantity.Quantity, times int64, trial bool) {
	if g.Unlimited || e.Unlimited {
		*g = Given{Allowed: true, Unlimited: true, Per: g.Per, Source: g.Source, bought: g.bought, trialEnd: g.trialEnd}
		return
	}
	g.Limit = g.Limit.Add(limit)
	g.Soft = g.Soft || e.Soft
	if g.Overage == nil {
		g.Overage = e.Overage
	}
	if g.Grace = moreGrace(g.Grace, e.Grace); g.passable() {
		g.Grace = nil
	}
	if trial {
		g.tried = g.tried.Add(limit)
		return
	}
	if o := e.Rollover; o != nil {
		g.rollFree = g.rollFree || o.Cap == 0
		g.rollCap, g.rolls = g.rollCap.Add(multiple(o.Cap, times)), g.rolls.Add(limit)
		g.rollFor = max(g.rollFor, clock.Time(o.For.Microseconds()))
	}
}

// moreGrace returns the more lenient of two graces in each of their bounds.
func moreGrace(a, b *catalog.Grace) *catalog.Grace {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	most := catalog.Grace{Percent: max(a.Percent, b.Percent), For: max(a.For, b.For)}
	if a.Percent == 0 || b.Percent == 0 { // no bound
		most.Percent = 0
	}
	if a.For == 0 || b.For == 0 {
		most.For = 0
	}
	if most.Percent == 0 && most.For == 0 {
		return a // one has no bound in percent, the other none in time: both together would bind nothing
	}
	return &most
}

// Greater says whether value a of a valued feature is more than b: by the order of the
// feature's values, else as numbers.
func Greater(f *catalog.Feature, a, b string) bool {
	if len(f.Values) > 0 {
		return slices.Index(f.Values, a) > slices.Index(f.Values, b)
	}
	x, errA := quantity.Parse(a)
	y, errB := quantity.Parse(b)
	if errA != nil || errB != nil {
		return errA == nil
	}
	return x > y
}

// gives says whether e lets anything of f be used.
func gives(f *catalog.Feature, e *catalog.Entitlement) bool {
	switch {
	case e == nil:
		return false
	case f.Kind == catalog.Valued:
		return e.Value != ""
	case !f.Counted():
		return e.Allowed
	}
	return e.Unlimited || e.Limit > 0 || e.Overage != nil || e.Soft
}

// multiple returns q*n for n from 0 on, held at the end of the range.
func multiple(q quantity.Quantity, n int64) quantity.Quantity {
	hi, lo := bits.Mul64(uint64(max(q, 0)), uint64(max(n, 0)))
	if hi != 0 || lo > math.MaxInt64 {
		return math.MaxInt64
	}
	return quantity.Quantity(lo)
}

// percentOf returns so many percent of q, rounded down.
func percentOf(q quantity.Quantity, percent int64) quantity.Quantity {
	hi, lo := bits.Mul64(uint64(max(q, 0)), uint64(max(percent, 0)))
	if hi >= 100 {
		return math.MaxInt64
	}
	of, _ := bits.Div64(hi, lo, 100)
	return quantity.Quantity(min(of, math.MaxInt64))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}
