package subscription

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// TypeOf says which kind of growth the step from before to after was (requirement CAT-9):
//
//   - new_logo: nothing was ever paid for before, so a first payment from free or from a
//     trial is never expansion;
//   - cross_sell: new scope, that is a plan of another family, or an add-on not had before
//     that gives a feature not had before; when scope and amount grow at once, scope wins;
//   - upsell: everything else, within the scope already bought (more, higher, deeper).
//
// The catalog's taxonomy may say otherwise for each, and for an add-on not had before by its
// kind. It is empty when the MRR did not grow, and for a reactivation (paid before, not lately).
func TypeOf(before, after *Subscription, cat *catalog.Catalog) catalog.RevenueType {
	switch {
	case after.MRR() <= before.MRR():
		return ""
	case before.PaidSince == 0:
		return catalog.NewLogo
	case before.MRR() == 0:
		return ""
	}
	more := cmp.Or(cat.Taxonomy[catalog.MoreOfSame], catalog.Upsell)
	if before.Plan != after.Plan && familyOf(cat, before.Plan) != familyOf(cat, after.Plan) {
		if t := cmp.Or(cat.Taxonomy[catalog.NewFamily], catalog.CrossSell); t != more {
			return t
		}
	}
	for _, line := range after.Addons {
		addon := cat.Addons[line.Key]
		if addon == nil || before.addon(line.Key) > 0 {
			continue
		}
		if t := typeOfAddon(before, addon, more, cat); t != more {
			return t
		}
	}
	return more
}

// typeOfAddon says which kind of growth an add-on not had before is.
func typeOfAddon(before *Subscription, addon *catalog.Addon, more catalog.RevenueType, cat *catalog.Catalog) catalog.RevenueType {
	kind := catalog.Growth(cmp.Or(addon.Kind, catalog.OfFeature))
	if t := cat.Taxonomy[kind]; t != "" {
		return t
	}
	for feature, e := range addon.Entitlements {
		if gives(e) && !Gives(before, feature, cat) {
			return cmp.Or(cat.Taxonomy[catalog.NewFeature], catalog.CrossSell)
		}
	}
	return more
}

// familyOf returns the plan's family; a plan the catalog no longer has is its own.
func familyOf(cat *catalog.Catalog, plan string) string {
	if p := cat.Plans[plan]; p != nil {
		return p.Family
	}
	return "plan:" + plan
}

// Gives says whether what s has bought gives the feature at all.
func Gives(s *Subscription, feature string, cat *catalog.Catalog) bool {
	if p := cat.PlanOf(s.Plan, s.PlanVersion); p != nil && gives(p.Entitlements[feature]) {
		return true
	}
	return slices.ContainsFunc(s.Addons, func(line AddonLine) bool {
		a := cat.Addons[line.Key]
		return a != nil && gives(a.Entitlements[feature])
	})
}

// gives says whether e lets anything be used.
func gives(e *catalog.Entitlement) bool {
	return e != nil && (e.Allowed || e.Unlimited || e.Limit > 0 || e.Overage != nil || e.Value != "" || e.Soft)
}

// Describe says what changed from before to after in plain words, such as "Starter to Pro,
// monthly" or "Pro, monthly: Sponsor tiers added". It ends without a full stop.
func Describe(before, after *Subscription, cat *catalog.Catalog) string {
	switch {
	case after.Status == Ended:
		return planTitle(cat, after.Plan) + " ended"
	case after.Status == Expired:
		return "Trial of " + planTitle(cat, after.Plan) + " expired"
	case after.Plan == "":
		return "No subscription"
	case before.Status == Trialing && after.Status == Active && before.Then != "" && after.Plan == before.Then && after.Recurring == 0:
		return "Trial of " + planTitle(cat, before.Plan) + " expired, " + title(after, cat) + " follows"
	}
	var s string
	switch {
	case after.Status == Trialing && (!before.Live() || before.Status != Trialing):
		s = "Trial of " + title(after, cat)
	case !before.Live():
		s = title(after, cat)
	default:
		s = difference(before, after, cat)
	}
	if after.EndsAt != 0 && after.EndsAt != before.EndsAt {
		s += ", ends on " + dayOf(after.EndsAt)
	}
	if p := after.Pending; p != nil && (before.Pending == nil || before.Pending.At != p.At || after.ChangedAt == before.ChangedAt) {
		if to, _, err := target(*after, p.Change, Terms{Catalog: cat, Now: after.ChangedAt}); err == nil {
			s += ", from " + dayOf(p.At) + " on: " + title(&to, cat)
		}
	}
	return s
}

// difference describes a change of a live subscription.
func difference(before, after *Subscription, cat *catalog.Catalog) string {
	s := planTitle(cat, after.Plan)
	switch {
	case before.Plan != after.Plan:
		s = planTitle(cat, before.Plan) + " to " + s
	case before.PlanVersion != after.PlanVersion && before.PlanVersion != 0:
		s += fmt.Sprintf(" (version %d to %d)", before.PlanVersion, after.PlanVersion)
	}
	if before.Interval != after.Interval {
		s += ", " + adverb(before.Interval) + " to " + adverb(after.Interval)
	} else {
		s += ", " + adverb(after.Interval)
	}
	var parts []string
	if before.Quantity != after.Quantity {
		parts = append(parts, fromTo("quantity", before.Quantity, after.Quantity))
	}
	for _, line := range after.Addons {
		name := addonTitle(cat, line.Key)
		switch old := before.addon(line.Key); {
		case old == 0:
			parts = append(parts, counted(line.Quantity, name)+" added")
		case old != line.Quantity:
			parts = append(parts, fromTo(name, old, line.Quantity))
		}
	}
	for _, line := range before.Addons {
		if after.addon(line.Key) == 0 {
			parts = append(parts, addonTitle(cat, line.Key)+" removed")
		}
	}
	if before.Status == Trialing && after.Status == Active {
		parts = append(parts, "bought after the trial")
	}
	if len(parts) == 0 {
		return s
	}
	return s + ": " + strings.Join(parts, ", ")
}

func fromTo(what string, from, to int64) string {
	return what + " from " + strconv.FormatInt(from, 10) + " to " + strconv.FormatInt(to, 10)
}

// title names all that s has: "Pro, monthly, with Sponsor tiers".
func title(s *Subscription, cat *catalog.Catalog) string {
	out := counted(s.Quantity, planTitle(cat, s.Plan)) + ", " + adverb(s.Interval)
	if len(s.Addons) == 0 {
		return out
	}
	addons := make([]string, 0, len(s.Addons))
	for _, line := range s.Addons {
		addons = append(addons, counted(line.Quantity, addonTitle(cat, line.Key)))
	}
	return out + ", with " + strings.Join(addons, " and ")
}

func counted(n int64, what string) string {
	if n == 1 {
		return what
	}
	return strconv.FormatInt(n, 10) + " × " + what
}

func adverb(i Interval) string {
	if i == Year {
		return "yearly"
	}
	return "monthly"
}

// planTitle and addonTitle fall back to the key of what the catalog no longer has.
func planTitle(cat *catalog.Catalog, key string) string {
	if p := cat.Plans[key]; p != nil && p.Title != "" {
		return p.Title
	}
	return key
}

func addonTitle(cat *catalog.Catalog, key string) string {
	if a := cat.Addons[key]; a != nil && a.Title != "" {
		return a.Title
	}
	return key
}

// dayOf writes a day for people, in UTC: "14 Feb 2026".
func dayOf(t clock.Time) string { return t.Std().Format("2 Jan 2006") }
