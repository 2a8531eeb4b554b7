package catalog

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// never is a price that nothing has: what is not sold.
const never = money.Twelfths(1<<63 - 1)

// Bounds of what looks right in a family of plans.
const (
	steepStep    = 5  // times the price of the plan below
	deepDiscount = 40 // percent off for paying by the year
	manyPlans    = 5  // of one family
)

// Below returns the plan that an account would move up from to p: the nearest below it that is
// still sold; nil when there is none.
func (c *Catalog) Below(p *Plan) *Plan {
	for below := c.Plans[p.Above]; below != nil; below = c.Plans[below.Above] {
		if !below.Retired {
			return below
		}
	}
	return nil
}

// compared says how what two plans or add-ons give of a feature stands to each other: below 0
// where a gives less, above 0 where it gives more; false where the two cannot be compared. A
// nil entitlement gives nothing.
func (f *Feature) compared(a, b *Entitlement) (int, bool) {
	if f == nil || a == nil && b == nil {
		return 0, false
	}
	amount := func(e *Entitlement) (quantity.Quantity, bool) {
		switch {
		case e == nil:
			return 0, true
		case f.Kind == Boolean:
			if e.Allowed {
				return 1, true
			}
			return 0, true
		case e.Unlimited:
			return 1<<63 - 1, true
		case f.Kind == Valued:
			if i := slices.Index(f.Values, e.Value); i >= 0 {
				return quantity.Quantity(i) + 1, true
			}
			q, err := quantity.Parse(e.Value)
			return q, err == nil
		}
		return e.Limit, true
	}
	if a != nil && b != nil && !a.Unlimited && !b.Unlimited && (a.Per != b.Per || a.PerUnit != b.PerUnit) {
		return 0, false
	}
	x, ok := amount(a)
	y, also := amount(b)
	return cmp.Compare(x, y), ok && also
}

// advisePlans looks at plans beside each other, and at what they cost.
func (r *reader) advisePlans() {
	families := map[string]int{}
	open, conditional := false, ""
	for _, p := range sorted(r.c.Plans) {
		if p.Retired {
			continue
		}
		path := "plans." + p.Key
		r.adviseYear(path+".price.year", p.Price)
		if families[p.Family]++; families[p.Family] == manyPlans+1 {
			r.doubt("too_many_plans", path, "", "retire some, or make add-ons of them", "the family %s has more than %d plans that are sold", p.Family, manyPlans)
		}
		open = open || p.Eligible == nil
		if p.Eligible != nil && conditional == "" {
			conditional = p.Key
		}
		if p.Trial != nil {
			r.adviseTrial(path, p)
		}
		for _, e := range sorted(p.Entitlements) {
			r.adviseAllowance(path+".entitlements."+e.Feature, p, e)
		}
		if below := r.c.Below(p); below != nil {
			r.adviseStep(path, below, p)
		}
		if r.highest(p) && !r.grows(p) {
			r.doubt("no_next_step", path, "", "add an overage price, a pack, an add-on, or a plan above it", "whoever is on %s has nothing more to buy", p.Key)
		}
	}
	if !open && conditional != "" {
		r.doubt("plan_for_nobody_else", "plans."+conditional+".eligible", "", "let one plan have no eligible:", "every plan is for some accounts only, so who fits none cannot buy")
	}
	for _, a := range sorted(r.c.Addons) {
		if !a.Retired {
			r.adviseYear(a.path()+".price.year", a.Price)
			for _, e := range sorted(a.Entitlements) {
				r.adviseRollover(a.path()+".entitlements."+e.Feature, e)
			}
		}
	}
	r.adviseSeats()
	r.adviseBundles()
}

// adviseYear compares the price of a year with that of twelve months.
func (r *reader) adviseYear(path string, p Prices) {
	month, byMonth := p.Month.Cost(r.c.Currency, 1)
	year, byYear := p.Year.Cost(r.c.Currency, 1)
	if !byMonth || !byYear || month == 0 {
		return
	}
	given := money.Of(year, r.c.Currency).String()
	switch twelve := 12 * month; {
	case year >= twelve:
		r.doubt("yearly_no_discount", path, given, "give ten to twenty percent off, such as ten months' price for the year", "a year costs as much as twelve months (%s)", money.Of(twelve, r.c.Currency))
	case year*100 < twelve*(100-deepDiscount):
		r.doubt("yearly_too_deep", path, given, "give ten to twenty percent off, such as ten months' price for the year", "a year costs %d%% of twelve months", int64(year*100/twelve))
	}
}

func (r *reader) adviseTrial(path string, p *Plan) {
	asks, stays := false, false
	var longest *Signal
	for _, s := range sorted(r.c.Signals) {
		if s.Retired() {
			continue
		}
		asks = asks || s.When.TrialEndsIn != 0
		if s.When.TrialEndsIn != 0 && s.When.TrialEndsIn >= p.Trial.Length {
			r.doubt("never_fires", "signals."+s.Key+".when.trial_ends_in", durationWords(s.When.TrialEndsIn), "let it be shorter than the trial", "the trial of %s is no longer than that (%s), so it fires as the trial begins or not at all", p.Key, durationWords(p.Trial.Length))
		}
		if s.Type == NewLogo && s.When.TrialEndsIn == 0 {
			stays = stays || s.Decays >= p.Trial.Length
			if longest == nil || s.Decays > longest.Decays {
				longest = s
			}
		}
	}
	if !asks {
		r.doubt("trial_without_moment", path+".trial", durationWords(p.Trial.Length), "add a signal with when: {trial_ends_in: 3d}", "nothing is noticed before the trial of %s ends", p.Key)
	}
	if longest != nil && !stays {
		r.doubt("expired_before_trial_ends", path+".trial", durationWords(p.Trial.Length), "lengthen decays of "+longest.Key+", or shorten the trial", "the trial lasts %s, and the signal that stays alive longest, %s, %s", durationWords(p.Trial.Length), longest.Key, durationWords(longest.Decays))
	}
}

// people are words in the names of what counts people: unlimited users are never a fault.
var people = regexp.MustCompile(`(?i)(^|[^a-z])(users?|seats?|members?|people|persons?|guests?|collaborators?|viewers?|editors?|admins?|team|teammates?|employees|logins?|accounts?)([^a-z]|$)`)

// CountsPeople says whether a feature counts those who use the product, not what they get out of it.
func (f *Feature) CountsPeople() bool {
	return f.Kind == Seats || people.MatchString(f.Key) || people.MatchString(f.Title) || people.MatchString(f.Meter)
}

// valued says whether the price is meant to grow with a feature: it is charged for above the
// limit somewhere, or a signal watches its limit.
func (r *reader) valued(f *Feature) bool {
	for _, entitlements := range r.c.given() {
		if e := entitlements[f.Key]; e != nil && e.Overage != nil {
			return true
		}
	}
	for _, s := range r.c.Signals {
		if s.When.Limit == f.Key && !s.Retired() {
			return true
		}
	}
	return false
}

// watched says whether a live signal looks at a feature's limit or at its lock.
func (r *reader) watched(feature string) bool {
	for _, s := range r.c.Signals {
		if !s.Retired() && (s.When.Limit == feature || s.When.Gate == feature) {
			return true
		}
	}
	return false
}

// adviseAllowance looks at what a plan gives of one feature.
func (r *reader) adviseAllowance(path string, p *Plan, e *Entitlement) {
	f := r.c.Features[e.Feature]
	if f == nil || !f.Counted() {
		return
	}
	paid := p.Price.monthly(r.c.Currency) != never && p.Price.monthly(r.c.Currency) > 0
	if e.Unlimited && paid && !f.CountsPeople() && r.valued(f) {
		r.doubt("unlimited_value_metric", path, "unlimited", "set a limit that only the busiest reach, and overage above it", "%s grows with what customers get out of the product, and %s gives it without limit at one price", f.Title, p.Key)
	}
	if e.Soft && !e.Unlimited && e.Overage == nil && !r.watched(f.Key) {
		r.doubt("free_soft_limit", path, e.Limit.String(), "write overage:, remove soft, or add a signal on the limit", "the limit of %s may be passed at no price, and no signal notices", f.Title)
	}
	r.adviseRollover(path, e)
}

func (r *reader) adviseRollover(path string, e *Entitlement) {
	if e.Rollover != nil && e.Rollover.Cap == 0 && e.Rollover.For > 0 { // else it ends with the next period
		r.doubt("unbounded_rollover", path+".rollover", "", "write rollover: {cap: …}", "what is left of %s piles up without a bound", e.Feature)
	}
}

// adviseStep compares a plan with the one below it.
func (r *reader) adviseStep(path string, below, p *Plan) {
	low, high := below.Price.monthly(r.c.Currency), p.Price.monthly(r.c.Currency)
	sold := low != never && high != never && high > low
	if sold && low > 0 && high > steepStep*low {
		r.doubt("steep_step", path+".price", "", "put a plan or add-ons between the two", "%s costs %d times as much as %s", p.Key, int64(high/low), below.Key)
	}
	// What the plan gives more of, and what that would cost as overage of the plan below.
	var raised []string
	overage, all := money.Twelfths(0), sold
	for _, f := range sorted(r.c.Features) {
		a, b := below.Entitlements[f.Key], p.Entitlements[f.Key]
		order, known := f.compared(a, b)
		at := path + ".entitlements." + f.Key
		switch {
		case !known:
			all = all && a == nil && b == nil
		case order > 0:
			given := ""
			if b != nil {
				given = b.Words(f, r.c.Currency)
			}
			r.doubt("plan_gives_less", at, given, "give at least as much as "+below.Key, "%s gives less of %s than %s below it", p.Key, f.Key, below.Key)
		case order == 0 && f.Counted() && a != nil && !a.Unlimited && a.Limit > 0 && a.Overage == nil:
			r.doubt("equal_limits", at, b.Limit.String(), "let the limit grow with the plan", "%s gives as much of %s as %s below it", p.Key, f.Key, below.Key)
		case order < 0:
			raised = append(raised, f.Key)
			cost, ok := overageFor(a, b)
			overage, all = overage+cost, all && ok
		}
	}
	if all && len(raised) > 0 && overage < high-low {
		r.doubt("overage_undercuts_plan", path+".price", "", "price the overage of "+below.Key+" above what a unit costs here", "all that %s gives more of (%s) is cheaper as overage of %s", p.Key, strings.Join(raised, ", "), below.Key)
	}
	if sold {
		r.adviseAddons(below, p, raised, high-low)
	}
}

// overageFor returns what a month of the difference between two allowances costs as overage of
// the lower one; false when it cannot be had that way.
func overageFor(low, high *Entitlement) (money.Twelfths, bool) {
	if low == nil || high == nil || low.Overage == nil || high.Unlimited || low.Per != "month" {
		return 0, false
	}
	units := (int64(high.Limit-low.Limit) + int64(low.Overage.Unit) - 1) / int64(low.Overage.Unit)
	cost, fits := times(low.Overage.Price, units)
	return money.Monthly(cost), fits
}

// adviseAddons finds add-ons that make the step to a plan pointless.
func (r *reader) adviseAddons(below, p *Plan, raised []string, step money.Twelfths) {
	for _, a := range sorted(r.c.Addons) {
		price := a.Price.monthly(r.c.Currency)
		if a.Retired || a.Ready == NotReady || a.Eligible != nil || price >= step || len(a.Needs) > 0 && !slices.Contains(a.Needs, below.Key) || slices.Contains(a.Excludes, below.Key) || len(raised) == 0 {
			continue
		}
		if !slices.ContainsFunc(raised, func(feature string) bool {
			order, known := r.c.Features[feature].compared(a.Entitlements[feature], added(below.Entitlements[feature], p.Entitlements[feature]))
			return !known || order < 0
		}) {
			r.doubt("addon_cheaper_than_step", a.path()+".price", "", "price it above the step, or let "+p.Key+" add something else", "%s gives all that %s adds to %s, and costs less than the step", a.Key, p.Key, below.Key)
		}
	}
}

// added returns what has to be added to one entitlement to reach another.
func added(low, high *Entitlement) *Entitlement {
	if low == nil || high == nil || high.Unlimited {
		return high
	}
	more := *high
	more.Limit -= low.Limit
	return &more
}

// highest says whether no plan that is sold stands above p.
func (r *reader) highest(p *Plan) bool {
	for _, other := range r.c.Plans {
		if !other.Retired && other != p && r.c.Below(other) == p {
			return false
		}
	}
	return true
}

// grows says whether somebody on p, which they pay for, can buy more without another plan. A
// plan sold by agreement is agreed anew.
func (r *reader) grows(p *Plan) bool {
	price := p.Price.monthly(r.c.Currency)
	if price == never || price == 0 || p.Unit != "" {
		return true
	}
	for _, e := range p.Entitlements {
		if e.Overage != nil || e.PerUnit {
			return true
		}
	}
	for _, pr := range []*Price{p.Price.Month, p.Price.Year} {
		if pr == nil {
			continue
		}
		for _, s := range *pr {
			if s.Each > 0 && len(s.Tiers) == 0 && s.Base > 0 || len(s.Tiers) > 0 {
				return true
			}
		}
	}
	for _, a := range r.c.Addons {
		if !a.Retired && a.Ready != NotReady && !slices.Contains(a.Excludes, p.Key) && (len(a.Needs) == 0 || slices.Contains(a.Needs, p.Key) || !slices.ContainsFunc(a.Needs, func(n string) bool { return r.c.Plans[n] != nil })) {
			return true
		}
	}
	return false
}

// adviseSeats finds a catalog in which customers can only grow by people.
func (r *reader) adviseSeats() {
	var seat *Feature
	for _, f := range sorted(r.c.Features) {
		limits, differs := r.limits(f)
		switch {
		case !f.Counted():
			if f.Kind == Boolean && differs {
				return // a feature of a higher plan
			}
		case limits && f.CountsPeople():
			if seat == nil {
				seat = f
			}
		case limits:
			return
		}
	}
	for _, a := range r.c.Addons {
		if !a.Retired && slices.ContainsFunc(slices.Collect(maps.Keys(a.Entitlements)), func(key string) bool {
			return r.c.Features[key] != nil && !r.c.Features[key].CountsPeople()
		}) {
			return
		}
	}
	if seat != nil {
		r.doubt("seats_only_growth", "features."+seat.Key, "", "limit what the product is used for, too: a meter, a feature of a higher plan, an add-on", "%s is all that a customer can buy more of", seat.Title)
	}
}

// limits says whether some plan that is sold limits a feature, and whether plans differ in it.
func (r *reader) limits(f *Feature) (limits, differs bool) {
	first := true
	var before *Entitlement
	for _, p := range sorted(r.c.Plans) {
		if p.Retired {
			continue
		}
		e := p.Entitlements[f.Key]
		limits = limits || e != nil && !e.Unlimited
		if order, known := f.compared(before, e); !first && known && order != 0 {
			differs = true
		}
		before, first = e, false
	}
	return limits, differs
}

// adviseBundles finds bundles whose parts people may be paying for in full.
func (r *reader) adviseBundles() {
	for _, b := range sorted(r.c.Addons) {
		if b.Kind != OfBundle || b.Retired || b.Ready == NotReady || b.Eligible != nil {
			continue
		}
		var parts money.Twelfths
		for key, n := range b.Includes {
			part := r.c.Addons[key]
			price := never
			if part != nil && !part.Retired && part.Ready != NotReady {
				price = part.Price.monthly(r.c.Currency)
			}
			if price == never {
				parts = -1
				break
			}
			parts += price * money.Twelfths(n)
		}
		if price := b.Price.monthly(r.c.Currency); price != never && price < parts {
			r.doubt("switchable_bundle", "bundles."+b.Key, "", "write eligible: and who it is for; a dry run says what is at risk", "whoever pays %s for its parts could switch to %s for %s a month",
				monthWords(parts, r.c.Currency), b.Key, monthWords(price, r.c.Currency))
		}
	}
}

// monthWords writes what a month costs, to the minor unit.
func monthWords(m money.Twelfths, c money.Currency) string {
	return money.Of(money.Minor(m/12), c).String()
}
