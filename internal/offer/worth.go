package offer

import (
	"errors"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Worth is what a give would change for an account.
type Worth struct {
	After      subscription.Subscription
	Difference money.Minor // what each interval costs more; all of it when nothing is paid yet
	// Year is a year's money of the difference in MRR, in minor units. Exact: MRR in twelfths
	// of a minor unit a month is the same number of minor units a year.
	Year  money.Minor
	Scope Scope
	Once  money.Minor // what is charged once, for what is bought once; never recurring
}

// Scope is how far a give reaches beyond what the account has. Of near-equal value, the
// wider one goes first.
type Scope int

// The scopes, from narrow to wide.
const (
	MoreOfTheSame Scope = iota // a higher limit
	NewScope                   // a feature the account does not have today
)

// Obstacle is why a give cannot be proposed to an account, in plain words, with the stable
// code that Considered carries.
type Obstacle struct {
	Code   string // already_has or not_applicable
	Reason string
}

// WorthOf returns what give is worth to an account with the subscription, or the obstacle
// that forbids proposing it: it is there already, it would be no step up, or the
// subscription cannot take it. features are the account's standing, see Input.
func WorthOf(give catalog.Give, sub *subscription.Subscription, features map[string]Feature, t subscription.Terms) (Worth, *Obstacle) {
	cat := t.Catalog
	if o := stands(cat, give, sub, features); o != nil {
		return Worth{}, o
	}
	change := Change(give, sub, cat)
	after, err := subscription.Apply(*sub, change, t)
	if err != nil {
		if f, ok := errors.AsType[*fault.Error](err); ok {
			return Worth{}, &Obstacle{"not_applicable", f.Message}
		}
		return Worth{}, &Obstacle{"not_applicable", err.Error()}
	}
	if !sub.Live() && len(change.Once) > 0 {
		return Worth{}, &Obstacle{"not_applicable", "the account has no subscription that " + titleOf(cat, give) + " could go with"}
	}
	w := Worth{After: after, Difference: after.Recurring, Year: money.Minor(after.MRR() - sub.MRR())}
	if sub.Status == subscription.Active && sub.Interval == after.Interval {
		w.Difference -= sub.Recurring
	}
	if len(change.Once) > 0 {
		w.Difference = 0
		w.Once, _ = cat.Addons[give.Addon].Price.Once.Cost(after.Currency, change.Once[0].Quantity) // sold in it, or Apply had refused
	}
	for _, e := range entitlementsOf(cat, give) {
		if gives(e) && !has(features[e.Feature]) {
			w.Scope = NewScope
		}
	}
	return w, nil
}

// stands returns the obstacle that lies in what the account already has.
func stands(cat *catalog.Catalog, give catalog.Give, sub *subscription.Subscription, features map[string]Feature) *Obstacle {
	title := titleOf(cat, give)
	if give.Addon != "" {
		addon := cat.Addons[give.Addon]
		if addon == nil || quantityOf(sub, give.Addon) == 0 {
			return nil
		}
		for _, e := range addon.Entitlements {
			if f := features[e.Feature]; !f.Unlimited && (e.Unlimited || e.Limit > 0) {
				return nil // more of it is more
			}
		}
		return &Obstacle{"already_has", "the account has " + title + " already"}
	}
	if !sub.Live() {
		return nil
	}
	switch {
	case sub.Plan == give.Plan && sub.Status == subscription.Trialing:
		return nil // buying what is being tried
	case sub.Plan == give.Plan:
		return &Obstacle{"already_has", "the account is on " + title + " already"}
	case above(cat, sub.Plan, give.Plan):
		return &Obstacle{"already_has", "the account is on a plan above " + title}
	case !above(cat, give.Plan, sub.Plan):
		return &Obstacle{"not_applicable", title + " is not above the account's plan"}
	}
	return nil
}

// above says whether plan lies above other in their family.
func above(cat *catalog.Catalog, plan, other string) bool {
	for range cat.Plans { // no longer than there are plans, even if they went in a circle
		p := cat.Plans[plan]
		if p == nil || p.Above == "" {
			return false
		}
		if plan = p.Above; plan == other {
			return true
		}
	}
	return false
}

// Change is what accepting give changes in sub. Add-ons are added to those there; what is
// bought once is bought on top.
func Change(give catalog.Give, sub *subscription.Subscription, cat *catalog.Catalog) subscription.Change {
	if give.Addon == "" {
		return subscription.Change{Plan: give.Plan}
	}
	if a := cat.Addons[give.Addon]; a != nil && a.OneOff() {
		return subscription.Change{Once: []subscription.AddonLine{{Key: give.Addon, Quantity: max(give.Quantity, 1)}}}
	}
	var lines []subscription.AddonLine
	if sub.Live() {
		lines = slices.Clone(sub.Addons)
	}
	n := max(give.Quantity, 1)
	for i := range lines {
		if lines[i].Key == give.Addon {
			lines[i].Quantity += n
			return subscription.Change{Addons: &lines}
		}
	}
	lines = append(lines, subscription.AddonLine{Key: give.Addon, Quantity: n})
	return subscription.Change{Addons: &lines}
}

func quantityOf(sub *subscription.Subscription, addon string) int64 {
	if !sub.Live() {
		return 0
	}
	for _, line := range sub.Addons {
		if line.Key == addon {
			return line.Quantity
		}
	}
	return 0
}

// entitlementsOf returns what the plan or add-on of give entitles to, by feature.
func entitlementsOf(cat *catalog.Catalog, give catalog.Give) []*catalog.Entitlement {
	var from map[string]*catalog.Entitlement
	if a := cat.Addons[give.Addon]; a != nil {
		from = a.Entitlements
	} else if p := cat.Plans[give.Plan]; p != nil {
		from = p.Entitlements
	}
	out := make([]*catalog.Entitlement, 0, len(from))
	for _, e := range from {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b *catalog.Entitlement) int { return strings.Compare(a.Feature, b.Feature) })
	return out
}

func gives(e *catalog.Entitlement) bool { return e.Allowed || e.Unlimited || e.Limit > 0 }

func has(f Feature) bool { return f.Allowed || f.Unlimited || f.Limit > 0 }

// titleOf is what people call the plan or add-on of give.
func titleOf(cat *catalog.Catalog, give catalog.Give) string {
	if a := cat.Addons[give.Addon]; a != nil {
		return named(a.Title, a.Key)
	}
	if p := cat.Plans[give.Plan]; p != nil {
		return named(p.Title, p.Key)
	}
	return give.Plan + give.Addon
}

func planTitle(cat *catalog.Catalog, key string) string {
	if p := cat.Plans[key]; p != nil {
		return named(p.Title, p.Key)
	}
	return key
}

func named(title, key string) string {
	if title == "" {
		return key
	}
	return title
}
