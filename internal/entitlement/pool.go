package entitlement

import (
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Holding is how much of a pool an account of the family holds.
type Holding struct {
	Quantity quantity.Quantity `json:"quantity"`
	Since    clock.Time        `json:"since,omitempty"` // beginning of the period it is of, where usage has periods
}

// Pool is a shared feature as its holder sees it.
type Pool struct {
	Feature string             `json:"feature"`
	Usage   quantity.Quantity  `json:"usage"` // the holder's own and that of all others together
	Limit   *quantity.Quantity `json:"limit"` // nil when there is none
	// Over is how far usage is above the limit: nobody is thrown out, and nobody gets more.
	Over    quantity.Quantity `json:"over"`
	Holders []Held            `json:"holders"` // by account, the holder's own first
}

// Held is what one account holds of a pool.
type Held struct {
	Account  string            `json:"account"`
	Quantity quantity.Quantity `json:"quantity"`
}

// window is the beginning of the period in which holdings of f count; unset where usage never
// begins anew. A pooled feature has no rolling limit: the catalog refuses it.
func (in *Input) window(f *catalog.Feature) clock.Time {
	g := greatest(in.givens(f))
	if !g.Allowed || in.isLevel(f) {
		return 0
	}
	return in.began(f, g.Per)
}

// Hold notes that a child holds q more (or less) of a pool than before; empty for the holder itself.
func Hold(in Input, f *catalog.Feature, child string, q quantity.Quantity) {
	if child == "" {
		return
	}
	st, since := in.State, in.window(f)
	holders := st.Pools[f.Key]
	if holders == nil {
		holders = make(map[string]Holding)
	}
	h := holders[child]
	if h.Since != since {
		h = Holding{Since: since}
	}
	if h.Quantity = max(h.Quantity.Add(q), 0); h.Quantity > 0 {
		holders[child] = h
	} else {
		delete(holders, child)
	}
	switch {
	case len(holders) == 0:
		delete(st.Pools, f.Key)
	case st.Pools == nil:
		st.Pools = map[string]map[string]Holding{f.Key: holders}
	default:
		st.Pools[f.Key] = holders
	}
}

// HeldBy returns how much of a pool a child holds; of the holder itself (empty) what nobody
// else does.
func HeldBy(in Input, f *catalog.Feature, child string) quantity.Quantity {
	in.Subscription = current(in)
	since, holders := in.window(f), in.State.Pools[f.Key]
	if child != "" {
		if h := holders[child]; h.Since == since {
			return h.Quantity
		}
		return 0
	}
	own := in.used(f, greatest(in.givens(f)).Per)
	for _, h := range holders {
		if h.Since == since {
			own -= h.Quantity
		}
	}
	return max(own, 0)
}

// PoolsOf returns the pooled features that the account gives or others hold parts of, by key.
func PoolsOf(in Input, account string) []Pool {
	in.Subscription = current(in)
	out := []Pool{}
	for _, key := range sortedKeys(in.Catalog.Features) {
		f := in.Catalog.Features[key]
		if !f.Pooled || !f.Counted() || len(in.State.Pools[key]) == 0 && !in.has(f, 0) {
			continue
		}
		a, _ := answer(&in, key, 0)
		p := Pool{Feature: key, Usage: *a.Usage, Limit: a.Limit, Holders: []Held{{account, HeldBy(in, f, "")}}}
		if a.Limit != nil {
			p.Over = max(*a.Usage-*a.Limit, 0)
		}
		for _, child := range slices.Sorted(maps.Keys(in.State.Pools[key])) {
			if q := HeldBy(in, f, child); q > 0 {
				p.Holders = append(p.Holders, Held{child, q})
			}
		}
		out = append(out, p)
	}
	return out
}

// Lacks says whether a no is for want of any entitlement of the account's own, so that the
// pool of a family may answer in its place.
func (a *Answer) Lacks() bool {
	if a.Allowed {
		return false
	}
	switch a.Reason {
	case NotInPlan, NotEligible, NoSubscription, TrialExpired, SubscriptionEnded:
		return true
	}
	return false
}
