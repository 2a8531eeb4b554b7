package entitlement

import (
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Given is what a plan and add-ons give of one feature together.
type Given struct {
	Allowed   bool              // there is something to use, be it at a price
	Unlimited bool              // metered features without a limit
	Limit     quantity.Quantity // metered features; 0 when Unlimited
	Per       catalog.Period
	Overage   *catalog.Overage // when set, the limit is soft
	Source    string           // "plan:pro,addon:sponsors"; empty when nothing gives it
}

// GivenOf returns what the plan and the add-ons give of a feature by the catalog. Limits of
// the same period add up, an add-on's times its quantity; unlimited wins; one soft limit
// makes the sum soft. Of allowances of different periods, which cannot be added, it is the
// one with the greater limit (an answer uses the one with more left).
func GivenOf(cat *catalog.Catalog, plan string, addons []subscription.AddonLine, feature string) Given {
	var most Given
	for _, g := range grants(cat, plan, addons, cat.Features[feature]) {
		if !most.Allowed || g.Unlimited || !most.Unlimited && g.Limit > most.Limit {
			most = g
		}
	}
	return most
}

// best returns what that answers q best: the one that allows it, without overage if
// possible, with the most left.
func best(in Input, f *catalog.Feature, plan string, addons []subscription.AddonLine, q quantity.Quantity) Given {
	all := grants(in.Catalog, plan, addons, f)
	if len(all) == 0 {
		return Given{}
	}
	if f.Kind == catalog.Boolean || len(all) == 1 {
		return all[0]
	}
	rank := func(g Given) (int, quantity.Quantity) {
		used := in.used(f, g.Per)
		switch {
		case g.Unlimited:
			return 3, 0
		case g.decide(used, q) == WithinLimit:
			return 2, g.Limit - used
		case g.decide(used, q) == Overage:
			return 1, g.Limit - used
		}
		return 0, g.Limit - used
	}
	return slices.MaxFunc(all, func(a, b Given) int {
		rankA, leftA := rank(a)
		rankB, leftB := rank(b)
		if rankA != rankB {
			return rankA - rankB
		}
		switch {
		case leftA < leftB:
			return -1
		case leftA > leftB:
			return 1
		}
		return 0
	})
}

// grants returns what is given of f, one grant per period, or none when nothing is.
func grants(cat *catalog.Catalog, plan string, addons []subscription.AddonLine, f *catalog.Feature) []Given {
	if f == nil {
		return nil
	}
	var all []Given
	never := f.Kind == catalog.Boolean || cat.Meters[f.Meter] != nil && cat.Meters[f.Meter].Aggregate == catalog.Level
	merge := func(e *catalog.Entitlement, times int64, source string) {
		if !gives(f, e) {
			return
		}
		per := e.Per
		if never {
			per = catalog.Lifetime
		}
		i := slices.IndexFunc(all, func(g Given) bool { return g.Per == per })
		if i < 0 {
			i, all = len(all), append(all, Given{Per: per})
		}
		g := &all[i]
		g.Allowed = true
		g.Unlimited = g.Unlimited || e.Unlimited
		g.Limit = g.Limit.Add(multiple(e.Limit, times))
		if g.Overage == nil {
			g.Overage = e.Overage
		}
		if g.Source != "" {
			g.Source += ","
		}
		g.Source += source
	}
	if p := cat.Plans[plan]; p != nil {
		merge(p.Entitlements[f.Key], 1, "plan:"+plan)
	}
	for _, line := range addons {
		if a := cat.Addons[line.Key]; a != nil {
			merge(a.Entitlements[f.Key], line.Quantity, "addon:"+line.Key)
		}
	}
	// What starts anew comes before what never does.
	slices.SortStableFunc(all, func(a, b Given) int {
		switch {
		case b.Per == catalog.Lifetime && a.Per != b.Per:
			return -1
		case a.Per == catalog.Lifetime && a.Per != b.Per:
			return 1
		}
		return 0
	})
	for _, g := range all {
		if g.Unlimited {
			g.Limit, g.Overage = 0, nil
			return []Given{g}
		}
	}
	return all
}

// gives says whether e lets anything of f be used.
func gives(f *catalog.Feature, e *catalog.Entitlement) bool {
	switch {
	case e == nil:
		return false
	case f.Kind == catalog.Boolean:
		return e.Allowed
	}
	return e.Unlimited || e.Limit > 0 || e.Overage != nil
}

// multiple returns q*n for n from 0 on, held at the end of the range.
func multiple(q quantity.Quantity, n int64) quantity.Quantity {
	hi, lo := bits.Mul64(uint64(max(q, 0)), uint64(max(n, 0)))
	if hi != 0 || lo > math.MaxInt64 {
		return math.MaxInt64
	}
	return quantity.Quantity(lo)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}
