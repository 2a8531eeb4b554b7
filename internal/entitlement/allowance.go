package entitlement

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Allowance is a counted feature of which a plan, add-ons and the like give so much and no
// more. Those of a subscription depend on nothing of the account but what was bought, so they
// serve many accounts.
type Allowance struct {
	Feature *catalog.Feature
	givens  []Given
}

// Allowances returns the limited counted features of a subscription, by key.
func Allowances(cat *catalog.Catalog, sub *subscription.Subscription) []Allowance {
	return allowances(cat, func(f *catalog.Feature) []Given {
		return (&gathering{cat: cat, sub: sub, f: f}).gather(nil)
	})
}

// AllowancesOf returns those of an account with all that it has, overrides and trials too.
func AllowancesOf(in Input) []Allowance {
	in.Subscription = current(in)
	return allowances(in.Catalog, func(f *catalog.Feature) []Given {
		givens := in.givens(f)
		if len(givens) == 0 && in.granted(f) {
			givens = []Given{{}} // grants alone
		}
		return givens
	})
}

func allowances(cat *catalog.Catalog, of func(*catalog.Feature) []Given) []Allowance {
	var out []Allowance
	for _, key := range sortedKeys(cat.Features) {
		f := cat.Features[key]
		if !f.Counted() {
			continue
		}
		if g := of(f); len(g) > 0 && !g[0].Unlimited {
			out = append(out, Allowance{Feature: f, givens: g})
		}
	}
	return out
}

// Special says whether an account has anything beside its subscription that makes its limits
// other than those of all who bought the same.
func Special(in Input) bool {
	return len(in.Trials) > 0 || in.State != nil && (len(in.State.Grants) > 0 || len(in.State.Overrides) > 0)
}

// Measure returns what is used of the allowance, its limit with what grants add, and when it
// resets (unset for what never does), as an answer of Check says it.
func (al *Allowance) Measure(in Input) (usage, limit quantity.Quantity, resetsAt clock.Time) {
	g := al.givens[0]
	if len(al.givens) > 1 {
		g = in.best(al.Feature, al.givens, 0)
	}
	usage = in.used(al.Feature, g.Per)
	if !g.Allowed && g.override == nil {
		usage = max(usage-in.base(al.Feature), 0)
	}
	b := in.balance(al.Feature, in.real(al.givens))
	return usage, in.limitOf(al.Feature, &g, &b), in.resetsAt(al.Feature, g.Per)
}

// real leaves out what stands for grants alone.
func (in *Input) real(givens []Given) []Given {
	if len(givens) == 1 && !givens[0].Allowed && givens[0].override == nil {
		return nil
	}
	return givens
}
