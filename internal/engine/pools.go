package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

// What a family shares is held by the account that has the entitlement: its children's claims
// are records in its partition, so that one place decides, however many ask at once.

// MaxFamily is how many parents up a pool is looked for.
const MaxFamily = 10

// holderFor is what an answer says of whose pool it is about: nothing when it is one's own.
func (a *Account) holderFor(child string) string {
	if child == "" {
		return ""
	}
	return a.key
}

// poolable refuses a claim for another account on what is not shared.
func poolable(f *catalog.Feature, child string) error {
	if child == "" || f.Pooled {
		return nil
	}
	return fault.New(fault.Conflict, "not_pooled", "feature %s is not shared by the accounts of a family", f.Key).
		WithMend("declare it as pooled in the catalog, or subscribe the account itself").WithField("/feature", f.Key, "is not pooled")
}

// canHold refuses one more holder of a pool that has as many as there can be.
func (a *Account) canHold(f *catalog.Feature, child string) error {
	holders := a.Entitled.Pools[f.Key]
	if _, known := holders[child]; child == "" || known || len(holders) < entitlement.MaxHolders {
		return nil
	}
	return fault.New(fault.Conflict, "pool_full", "%d accounts hold parts of %s of account %s, the most there can be", len(holders), f.Key, fault.Shorten(a.key)).
		WithMend("release what one of them no longer needs")
}

// hold notes that a child holds q more of a pool.
func (s *State) hold(a *Account, f *catalog.Feature, child string, q quantity.Quantity, c *catalog.Catalog) {
	if !f.Pooled {
		return
	}
	entitlement.Hold(a.Input(c, s.Now), f, child, q)
}

// holds refuses the release of what an account does not hold. What is not held by a child is
// the holder's own.
func (s *State) holds(a *Account, f *catalog.Feature, child string, q quantity.Quantity, c *catalog.Catalog) error {
	has := entitlement.HeldBy(a.Input(c, s.Now), f, child)
	if q <= has {
		return nil
	}
	if child == "" {
		child = a.key
	}
	return fault.New(fault.Conflict, "not_held", "account %s holds %s of %s, so %s cannot be released", fault.Shorten(child), has, f.Key, q).
		WithMend("release no more than the account holds").WithField("/quantity", q.String(), "is more than "+has.String())
}
