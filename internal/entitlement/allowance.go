package entitlement

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Allowance is a metered feature of which a plan and add-ons give so much and no more. It
// depends on nothing of the account but what was bought, so one serves many accounts.
type Allowance struct {
	Feature *catalog.Feature
	grants  []Given
}

// Allowances returns the limited metered features of a plan with add-ons, by key.
func Allowances(cat *catalog.Catalog, plan string, addons []subscription.AddonLine) []Allowance {
	var out []Allowance
	for _, key := range sortedKeys(cat.Features) {
		f := cat.Features[key]
		if !f.Counted() {
			continue
		}
		if g := grants(cat, plan, addons, f); len(g) > 0 && !g[0].Unlimited {
			out = append(out, Allowance{Feature: f, grants: g})
		}
	}
	return out
}

// Measure returns what is used of the allowance, its limit and when it resets (unset for
// what never does), as an answer of Check says it.
func (al *Allowance) Measure(in Input) (usage, limit quantity.Quantity, resetsAt clock.Time) {
	g := al.grants[0]
	if len(al.grants) > 1 {
		g = best(in, al.Feature, in.Subscription.Plan, in.Subscription.Addons, 0)
	}
	return in.used(al.Feature, g.Per), g.Limit, in.resetsAt(al.Feature, g.Per)
}
