package subscription

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
)

// This file knows what may be sold to whom, and which add-ons go with what.

// sellable holds the rules of what may be bought in going from had to next. Who has
// something keeps it: that a thing is retired, not ready or not for this account binds only
// what is new or more of it.
func sellable(had, next *Subscription, ch Change, t Terms) error {
	plan := t.Catalog.Plans[next.Plan]
	newPlan := next.Plan != had.Plan
	if newPlan && next.Plan != t.follows {
		if err := forSale("plan "+plan.Key, "/plan", plan.Retired, plan.Ready, plan.Eligible, t); err != nil {
			return err
		}
	}
	grown := newPlan || slices.ContainsFunc(next.Addons, func(line AddonLine) bool { return had.addon(line.Key) == 0 })
	for _, line := range next.Addons {
		addon, path := t.Catalog.Addons[line.Key], pathOf(ch, line.Key)
		if addon == nil {
			return fault.New(fault.Invalid, "unknown_addon", "add-on %q is not in the catalog", fault.Shorten(line.Key)).
				WithMend("use one of: %s", some(t.Catalog.Addons)).WithField(path, line.Key, "is not in the catalog")
		}
		if before := had.addon(line.Key); line.Quantity > before {
			retired, eligible := addon.Retired, addon.Eligible
			if before > 0 {
				retired, eligible = false, nil
			}
			if err := forSale("add-on "+addon.Key, path, retired, addon.Ready, eligible, t); err != nil {
				return err
			}
		}
		if _, err := misfit(next, addon, PriceFor(addon.Price, next.Interval), grown, path, t.Catalog); err != nil {
			return err
		}
	}
	return nil
}

// forSale says whether something may be bought by whoever does not have it.
func forSale(what, path string, retired bool, ready catalog.Readiness, eligible *condition.Condition, t Terms) error {
	switch {
	case retired:
		return fault.New(fault.Conflict, "retired", "%s is no longer sold", what).
			WithMend("choose another one; who has it keeps it").WithField(path, what, "is retired in the catalog")
	case ready == catalog.NotReady:
		return fault.New(fault.Conflict, "not_ready", "%s is not ready to be delivered, so it is not sold yet", what).
			WithMend("sell it once its readiness in the catalog is own or partner").WithField(path, what, "is not ready")
	case eligible != nil && t.Eligible != nil && !t.Eligible(eligible):
		return fault.New(fault.Conflict, "not_eligible", "%s is not for this account", what).
			WithMend("the catalog sells it where: %s", eligible.Source).WithField(path, what, "is for others")
	}
	return nil
}

// misfit returns why the add-on, which s may have already, does not go with s, as words that
// complete a sentence beginning with the add-on and as a fault about path; empty and nil when
// it does. together asks about what must not be had together too.
func misfit(s *Subscription, addon *catalog.Addon, price *catalog.Price, together bool, path string, cat *catalog.Catalog) (string, error) {
	if missing := unmet(s, addon, cat); missing != nil {
		return unfit(fault.Conflict, "addon_needs", addon.Key, path, "needs "+strings.Join(missing, " or "),
			"take one of them with it, or send addons without "+addon.Key)
	}
	if other := excluded(s, addon, cat); together && other != "" {
		return unfit(fault.Conflict, "addon_excludes", addon.Key, path, "cannot be had together with "+other, "choose one of the two")
	}
	switch {
	case price != nil:
		return "", nil
	case addon.OneOff():
		return unfit(fault.Invalid, "addon_once", addon.Key, path, "is bought once, not each "+string(s.Interval), "send it under once")
	}
	return unfit(fault.Invalid, "addon_not_priced", addon.Key, path, "is not sold by the "+string(s.Interval),
		"use the other interval, or give the add-on a price per "+string(s.Interval)+" in the catalog")
}

func unfit(kind fault.Kind, code, addon, path, why, mend string) (string, error) {
	return why, fault.New(kind, code, "add-on %s %s", addon, why).WithMend("%s", mend).WithField(path, addon, why)
}

// unmet returns what the add-on needs one of and s has none of; nil when it has. Of a bundle
// the catalog says what all of its parts need.
func unmet(s *Subscription, addon *catalog.Addon, cat *catalog.Catalog) []string {
	if len(addon.Needs) == 0 || slices.ContainsFunc(addon.Needs, func(need string) bool {
		return need == s.Plan || s.has(need, addon.Key, cat)
	}) {
		return nil
	}
	return addon.Needs
}

// excluded returns what s has that the add-on excludes (a bundle excludes what its parts do);
// empty when there is nothing. The other way round is the other add-on's to say.
func excluded(s *Subscription, addon *catalog.Addon, cat *catalog.Catalog) string {
	for _, other := range addon.Excludes {
		if other == s.Plan || s.has(other, addon.Key, cat) {
			return other
		}
	}
	return ""
}

// has says whether s has the add-on, by itself or in a bundle, in a line other than except.
func (s *Subscription) has(key, except string, cat *catalog.Catalog) bool {
	return slices.ContainsFunc(s.Addons, func(line AddonLine) bool {
		if line.Key == except {
			return false
		}
		a := cat.Addons[line.Key]
		return line.Key == key || a != nil && a.Includes[key] > 0
	})
}

// carry returns the add-ons of had that go with next, and those that do not with the reason:
// what the catalog no longer has; and with another plan, version or interval also what is not
// sold by it, is in the plan already, or lacks what it needs.
func carry(had, next *Subscription, plan *catalog.Plan, cat *catalog.Catalog) ([]AddonLine, []Dropped) {
	lines := slices.Clone(had.Addons)
	if lines == nil {
		lines = []AddonLine{}
	}
	var dropped []Dropped
	newPlan := next.Plan != had.Plan
	switched := newPlan || next.PlanVersion != had.PlanVersion || next.Interval != had.Interval || next.Currency != had.Currency
	for again := true; again; { // what is dropped may be what another one needs
		again = false
		trial := *next
		trial.Addons = lines
		for i, line := range lines {
			why := ""
			addon := cat.Addons[line.Key]
			switch {
			case addon == nil:
				why = "is no longer in the catalog"
			case !switched:
			case newPlan && addon.Retired:
				why = "is no longer sold"
			case newPlan && includedIn(plan, addon, cat):
				why = "is included in " + planTitle(cat, plan.Key) + " already"
			default:
				each := PriceFor(addon.Price, next.Interval)
				if why, _ = misfit(&trial, addon, each, true, "", cat); why == "" && !soldIn(each, next.Currency) {
					why = "is not sold in " + string(next.Currency)
				}
			}
			if why != "" {
				dropped = append(dropped, Dropped{Addon: line.Key, Reason: why})
				lines = slices.Delete(slices.Clone(lines), i, i+1)
				again = true
				break
			}
		}
	}
	slices.SortFunc(dropped, func(a, b Dropped) int { return cmp.Compare(a.Addon, b.Addon) })
	return lines, dropped
}

// includedIn says whether the plan gives all that the add-on gives, so that having both
// would be paying twice. A limit is never included: an add-on's adds to the plan's.
func includedIn(plan *catalog.Plan, addon *catalog.Addon, cat *catalog.Catalog) bool {
	for feature, e := range addon.Entitlements {
		p, f := plan.Entitlements[feature], cat.Features[feature]
		switch {
		case !gives(e):
		case p == nil:
			return false
		case p.Unlimited || p.Allowed && e.Allowed:
		case e.Value != "" && f != nil && slices.Index(f.Values, p.Value) >= slices.Index(f.Values, e.Value) && len(f.Values) > 0:
		default:
			return false
		}
	}
	return len(addon.Entitlements) > 0
}
