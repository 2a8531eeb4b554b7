package offer

import (
	"errors"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Worth is what a give would change for an account.
type Worth struct {
	// Give is what accepting gives this account: as many as cover what is needed, see
	// catalog.Give.Fit. Of an Estimated worth it is what that is estimated from.
	Give       catalog.Give
	After      subscription.Subscription
	Difference money.Minor // what each interval costs more; all of it when nothing is paid yet
	// Year is a year's money of the difference in MRR, in minor units. Exact: MRR in twelfths
	// of a minor unit a month is the same number of minor units a year. Below 0 it costs less.
	Year  money.Minor
	Scope Scope
	Once  money.Minor // what is charged once, for what is bought once; never recurring
	// Saved is by how much a year costs less than twelve months, of a switch to paying by the year.
	Saved money.Minor
	// Estimated: accepting changes no money itself. The rest is what would be bought after the
	// trial or the talk; nothing where nobody knows.
	Estimated bool
}

// value is what accepting brings, for putting offers in order: a year's money, and what is
// charged once. Of a save it is a year's money of what stays.
func (w *Worth) value(save bool) money.Minor {
	if save {
		return money.Minor(w.After.MRR())
	}
	return max(w.Year+w.Once, 0)
}

// Scope is how far a give reaches beyond what the account has. Of near-equal value, the
// wider one goes first.
type Scope int

// The scopes, from narrow to wide.
const (
	MoreSeats     Scope = iota // seats for more people
	MoreOfTheSame              // a higher limit
	NewScope                   // a feature the account does not have today
)

// Obstacle is why a give cannot be proposed to an account, in plain words, with the stable
// code that Considered carries.
type Obstacle struct {
	Code   string // already_has, already_tried or not_applicable
	Reason string
}

func notApplicable(reason string) *Obstacle { return &Obstacle{"not_applicable", reason} }

// WorthOf returns what give is worth to an account with the subscription, or the obstacle
// that forbids proposing it: it is there already, it would be no step up, or the
// subscription cannot take it. features are the account's standing, see Input.
func WorthOf(give catalog.Give, sub *subscription.Subscription, features map[string]Feature, t subscription.Terms) (Worth, *Obstacle) {
	v := valuing{sub: sub, terms: t, feature: func(key string) Feature { return features[key] }}
	return v.workOut(give)
}

// Estimate returns what the account would most probably buy, and what that is worth: the
// cheapest that gives the feature, or more of it; without a feature the plan just above its
// own. The zero Worth where there is nothing.
func Estimate(feature string, sub *subscription.Subscription, features map[string]Feature, t subscription.Terms) Worth {
	v := valuing{sub: sub, terms: t, feature: func(key string) Feature { return features[key] }}
	return v.estimate(feature)
}

// valuing works out what gives are worth to one account at one moment.
type valuing struct {
	sub     *subscription.Subscription
	terms   subscription.Terms
	feature func(key string) Feature // the account's standing
	// about and wanted are the feature of the moment and how much of it is asked for now.
	about  string
	wanted quantity.Quantity
	// leaving: what is bought may be less than what is there, and seats no more than needed.
	leaving bool
	// known are worths that were worked out before: many offers give the same.
	known map[catalog.Give]valued
}

type valued struct {
	worth    *Worth
	obstacle *Obstacle
}

// worth is WorthOf, worked out once for each give.
func (v *valuing) worth(give catalog.Give) (*Worth, *Obstacle) {
	if k, there := v.known[give]; there {
		return k.worth, k.obstacle
	}
	w, o := v.workOut(give)
	if v.known == nil {
		v.known = make(map[catalog.Give]valued)
	}
	v.known[give] = valued{&w, o}
	return &w, o
}

func (v *valuing) workOut(give catalog.Give) (Worth, *Obstacle) {
	switch {
	case give.Trial:
		return v.trial(give)
	case give.Interval != "":
		return v.annual(give)
	case give.Talk != "":
		w := v.estimate(v.about)
		w.Estimated = true
		return w, nil
	case ForAnyone(give):
		return Worth{Give: give, After: *v.sub}, nil
	}
	return v.purchase(give)
}

// purchase is the worth of what is bought.
func (v *valuing) purchase(give catalog.Give) (Worth, *Obstacle) {
	cat, sub := v.terms.Catalog, v.sub
	if o := v.stands(give); o != nil {
		return Worth{}, o
	}
	give = v.fitted(give)
	change := Change(give, sub, cat)
	after, err := subscription.Apply(*sub, change, v.terms)
	if err != nil {
		return Worth{}, obstacleOf(err)
	}
	if !sub.Live() && len(change.Once) > 0 {
		return Worth{}, notApplicable("the account has no subscription that " + titleOf(cat, give) + " could go with")
	}
	w := Worth{Give: give, After: after, Difference: after.Recurring, Year: money.Minor(after.MRR() - sub.MRR()), Scope: MoreOfTheSame}
	if sub.Status == subscription.Active && sub.Interval == after.Interval {
		w.Difference -= sub.Recurring
	}
	if len(change.Once) > 0 {
		w.Difference = 0
		w.Once, _ = cat.Addons[give.Addon].Price.Once.Cost(after.Currency, change.Once[0].Quantity) // sold in it, or Apply had refused
	}
	w.Scope = v.scope(give)
	return w, nil
}

func (v *valuing) scope(give catalog.Give) Scope {
	if a := v.terms.Catalog.Addons[give.Addon]; a != nil && a.Kind == catalog.OfSeat {
		return MoreSeats
	}
	for _, e := range entitlementsOf(v.terms.Catalog, give) {
		if gives(e) && !has(v.feature(e.Feature)) {
			return NewScope
		}
	}
	return MoreOfTheSame
}

// obstacleOf is the obstacle that a refused change is.
func obstacleOf(err error) *Obstacle {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return notApplicable(err.Error())
	}
	code := "not_applicable"
	switch f.Code {
	case "already_has":
		code = "already_has"
	case "trial_used":
		code = "already_tried"
	}
	return &Obstacle{code, f.Message}
}

// fitted returns give with as many of the add-on as cover what is used and asked for.
func (v *valuing) fitted(give catalog.Give) catalog.Give {
	if give.Addon == "" {
		return give
	}
	fit := give.Fit
	give.Fit, give.Quantity = false, max(give.Quantity, 1)
	a := v.terms.Catalog.Addons[give.Addon]
	if a == nil || !fit && !(a.OneOff() && v.wanted > 0) {
		return give
	}
	for _, e := range a.Entitlements {
		if e.Unlimited || e.Limit <= 0 {
			continue
		}
		short := v.short(e.Feature)
		if n := int64(short / e.Limit); n < subscription.MaxQuantity {
			if short%e.Limit > 0 {
				n++
			}
			give.Quantity = max(give.Quantity, n)
		}
	}
	return give
}

// short is how much of a feature is missing for what is used and asked for.
func (v *valuing) short(feature string) quantity.Quantity {
	f := v.feature(feature)
	if f.Unlimited {
		return 0
	}
	need := f.Usage
	if feature == v.about {
		need = need.Add(v.wanted)
	}
	return max(need-f.Limit, 0)
}

// trial is the worth of trying something: what it would be once bought. It is offered only
// where it can begin.
func (v *valuing) trial(give catalog.Give) (Worth, *Obstacle) {
	sub, t := v.sub, v.terms
	var err error
	switch paying := sub.Status == subscription.Active && sub.Recurring > 0; {
	case give.Plan != "" && paying:
		if o := v.stands(catalog.Give{Plan: give.Plan}); o != nil {
			return Worth{}, o
		}
		_, err = subscription.TryBeside(sub, give.Plan, 0, t.Tried, t)
	case give.Plan != "":
		if sub.Status == subscription.Trialing && sub.Plan == give.Plan {
			return Worth{}, &Obstacle{"already_tried", "the account is trying " + titleOf(t.Catalog, give) + " already"}
		}
		var ch subscription.Change
		if ch, err = subscription.TryPlan(give.Plan, 0, t); err == nil {
			_, err = subscription.Apply(*sub, ch, t)
		}
	case give.Addon != "":
		_, err = subscription.TryAddon(sub, give.Addon, 0, t.Tried, t)
	default:
		_, err = subscription.TryFeature(sub, give.Feature, 0, t.Tried, t)
	}
	if err != nil {
		return Worth{}, obstacleOf(err)
	}
	var w Worth
	if give.Feature != "" {
		w = v.estimate(give.Feature)
	} else if bought, o := v.purchase(catalog.Give{Plan: give.Plan, Addon: give.Addon, Quantity: give.Quantity}); o == nil {
		w = bought
	}
	w.Give, w.Estimated, w.Scope = give, true, v.scope(give)
	return w, nil
}

// annual is the worth of paying what is there by the year: no more revenue, as a rule less.
func (v *valuing) annual(give catalog.Give) (Worth, *Obstacle) {
	sub := v.sub
	switch {
	case sub.Status != subscription.Active || sub.Recurring <= 0:
		return Worth{}, notApplicable("the account pays for nothing that it could pay by the year")
	case string(sub.Interval) == give.Interval:
		return Worth{}, &Obstacle{"already_has", "the account pays by the year already"}
	}
	after, err := subscription.Apply(*sub, Change(give, sub, v.terms.Catalog), v.terms)
	if err != nil {
		return Worth{}, obstacleOf(err)
	}
	if len(after.Addons) < len(sub.Addons) {
		return Worth{}, notApplicable("an add-on the account has is not sold by the year")
	}
	return Worth{Give: give, After: after, Difference: after.Recurring, Year: money.Minor(after.MRR() - sub.MRR()),
		Saved: 12*sub.Recurring - after.Recurring, Scope: MoreOfTheSame}, nil
}

// estimate is Estimate.
func (v *valuing) estimate(feature string) Worth {
	cat := v.terms.Catalog
	var best Worth
	try := func(g catalog.Give) {
		w, o := v.purchase(g)
		if o == nil && w.Year+w.Once > 0 && (best.Give == (catalog.Give{}) || w.Year+w.Once < best.Year+best.Once) {
			best = w
		}
	}
	for _, p := range cat.PlansInOrder() {
		if feature == "" && p.Above == v.sub.Plan && v.sub.Live() || feature != "" && adds(p.Entitlements, feature) {
			try(catalog.Give{Plan: p.Key})
		}
	}
	if feature != "" && v.sub.Live() {
		for _, key := range sortedKeys(cat.Addons) {
			if adds(cat.Addons[key].Entitlements, feature) {
				try(catalog.Give{Addon: key, Quantity: 1, Fit: true})
			}
		}
	}
	return best
}

func adds(all map[string]*catalog.Entitlement, feature string) bool {
	e := all[feature]
	return e != nil && gives(e)
}

// stands returns the obstacle that lies in what the account already has.
func (v *valuing) stands(give catalog.Give) *Obstacle {
	cat, sub := v.terms.Catalog, v.sub
	title := titleOf(cat, give)
	if give.Addon != "" {
		addon := cat.Addons[give.Addon]
		if addon == nil || quantityOf(sub, give.Addon) == 0 {
			return nil
		}
		for _, e := range addon.Entitlements {
			if (e.Unlimited || e.Limit > 0) && !v.feature(e.Feature).Unlimited {
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
	case v.leaving:
		return nil // less than now, instead of nothing
	case above(cat, sub.Plan, give.Plan):
		return &Obstacle{"already_has", "the account is on a plan above " + title}
	case !above(cat, give.Plan, sub.Plan):
		return notApplicable(title + " is not above the account's plan")
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

// Change is what accepting give changes in sub: nothing for what is Free. Add-ons are added to
// those there; what is bought once is bought on top.
func Change(give catalog.Give, sub *subscription.Subscription, cat *catalog.Catalog) subscription.Change {
	switch {
	case Free(give):
		return subscription.Change{}
	case give.Interval != "":
		return subscription.Change{Interval: subscription.Interval(give.Interval)}
	case give.Addon == "":
		return subscription.Change{Plan: give.Plan}
	}
	n := max(give.Quantity, 1)
	if a := cat.Addons[give.Addon]; a != nil && a.OneOff() {
		return subscription.Change{Once: []subscription.AddonLine{{Key: give.Addon, Quantity: n}}}
	}
	var lines []subscription.AddonLine
	if sub.Live() {
		lines = slices.Clone(sub.Addons)
	}
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

// entitlementsOf returns what the plan, add-on or feature of give entitles to, by feature.
func entitlementsOf(cat *catalog.Catalog, give catalog.Give) []*catalog.Entitlement {
	var from map[string]*catalog.Entitlement
	if a := cat.Addons[give.Addon]; a != nil {
		from = a.Entitlements
	} else if p := cat.Plans[give.Plan]; p != nil {
		from = p.Entitlements
	} else if give.Feature != "" {
		return []*catalog.Entitlement{{Feature: give.Feature, Allowed: true}}
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

func named(title, key string) string {
	if title == "" {
		return key
	}
	return title
}
