package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/condition"
)

// doubt reports what a rule of lint finds about the definition or value at path.
func (r *reader) doubt(code, path, given, mend, format string, args ...any) {
	r.find(SeverityWarning, code, path, given, mend, format, args...)
}

// placeholders are what package offer fills in, each in braces.
var placeholders = []string{"usage", "limit", "remaining", "limit_next", "feature", "benefit", "plan", "plan_next", "price", "saved", "percent", "quantity", "days", "role"}

// advise finds what is allowed and yet probably not meant.
func (r *reader) advise() {
	used := map[string]bool{}
	for _, f := range r.c.Features {
		used[f.Meter] = true
	}
	for _, m := range sorted(r.c.Meters) {
		if !used[m.Key] {
			r.doubt("unused_meter", "meters."+m.Key, "", "add a feature of kind metered, or remove the meter", "no feature uses the meter %s", m.Key)
		}
	}
	r.adviseFeatures()
	r.adviseGates()
	r.advisePrices()
	r.advisePlans()
	r.adviseSignals()
	r.adviseMoments()
	for _, o := range sorted(r.c.Offers) {
		r.adviseOffer(o)
		r.adviseSelling(o)
		r.adviseKind(o)
	}
	for i, t := range r.c.Routing {
		if t.When == nil && i < len(r.c.Routing)-1 {
			r.doubt("unreachable_route", fmt.Sprintf("routing[%d]", i+1), "", "put the route without a condition last",
				"this route is never reached: the one before it takes everything")
			break
		}
	}
}

// given lists the sets of entitlements that plans and add-ons give.
func (c *Catalog) given() []map[string]*Entitlement {
	var all []map[string]*Entitlement
	for _, p := range sorted(c.Plans) {
		all = append(all, p.Entitlements)
	}
	for _, a := range sorted(c.Addons) {
		all = append(all, a.Entitlements)
	}
	return all
}

// adviseGates finds features that some accounts lack, others have, and no moment promotes.
func (r *reader) adviseGates() {
	all := r.c.given()
	promoted := map[string]bool{}
	for _, s := range r.c.Signals {
		promoted[s.When.Gate] = promoted[s.When.Gate] || !s.Retired()
	}
	for _, f := range sorted(r.c.Features) {
		if f.Kind != Boolean || promoted[f.Key] {
			continue
		}
		sold, locked := false, false
		for _, entitlements := range all {
			e := entitlements[f.Key]
			sold = sold || (e != nil && e.Allowed)
		}
		for _, p := range r.c.Plans {
			e := p.Entitlements[f.Key]
			locked = locked || e == nil || !e.Allowed
		}
		if sold && locked {
			r.doubt("unpromoted_gate", "features."+f.Key, "", "add a signal with when: {gate: "+f.Key+", times: 2, within: 7d}",
				"%s is locked for some accounts, and no signal notices who wants it", f.Key)
		}
	}
}

// advisePrices finds intervals at which an account could not go on.
func (r *reader) advisePrices() {
	compare := func(path string, below, above Prices, words string) {
		for _, interval := range []struct {
			name         string
			below, above bool
		}{
			{"month", below.Month != nil, above.Month != nil},
			{"year", below.Year != nil, above.Year != nil},
		} {
			if interval.below && !interval.above && (above.Month != nil || above.Year != nil) {
				r.doubt("missing_price", path+".price", "", "add a price per "+interval.name,
					"%s by the %s, and this has no price per %s", words, interval.name, interval.name)
			}
		}
	}
	for _, p := range sorted(r.c.Plans) {
		if below := r.c.Plans[p.Above]; below != nil {
			compare("plans."+p.Key, below.Price, p.Price, "the plan below is sold")
		}
	}
	sold := func(prices *Prices, p *Plan) {
		if p != nil && p.Price.Month != nil {
			prices.Month = p.Price.Month
		}
		if p != nil && p.Price.Year != nil {
			prices.Year = p.Price.Year
		}
	}
	var anywhere Prices
	for _, p := range r.c.Plans {
		sold(&anywhere, p)
	}
	for _, a := range sorted(r.c.Addons) {
		needed := anywhere
		if len(a.Needs) > 0 {
			needed = Prices{}
			for _, need := range a.Needs {
				sold(&needed, r.c.Plans[need])
			}
		}
		compare(a.path(), needed, a.Price, "a plan it goes with is sold")
	}
}

func (r *reader) adviseSignals() {
	people := slices.ContainsFunc(r.c.Routing, func(t *Route) bool { return t.Motion != selfService })
	all := r.c.given()
	offered := map[string]bool{}
	for _, o := range r.c.Offers {
		for _, on := range o.On {
			offered[on] = true
		}
	}
	r.heard(offered)
	var unused []string
	for _, s := range sorted(r.c.Signals) {
		if s.Retired() {
			continue
		}
		path := "signals." + s.Key
		if !offered[s.Key] && !people {
			unused = append(unused, s.Key)
		}
		r.adviseRate(path, &s.When)
		if s.When.Limit == "" {
			continue
		}
		limited := slices.ContainsFunc(all, func(entitlements map[string]*Entitlement) bool {
			e := entitlements[s.When.Limit]
			return e != nil && !e.Unlimited && e.Limit > 0
		})
		if !limited {
			r.doubt("never_fires", path+".when.limit", s.When.Limit, "give it a limit in some plan", "no plan or add-on limits %s, so this never fires", s.When.Limit)
		}
	}
	// One finding for all: those who begin have many, and it is not to hide what matters.
	switch {
	case len(unused) == 1:
		r.doubt("unused_signal", "signals."+unused[0], "", "add an offer with on: ["+unused[0]+"], or a route to people", "no offer and no route uses this signal")
	case len(unused) > 1:
		named, more := unused, ""
		if most := 50; len(unused) > most {
			named, more = unused[:most], " and more"
		}
		r.doubt("unused_signal", "signals", "", "add offers with on: ["+unused[0]+"] and so on, or a route to people",
			"no offer and no route uses the %d signals %s%s", len(unused), strings.Join(named, ", "), more)
	}
}

// heard adds the signals that readiness, experiments and other signals listen to.
func (r *reader) heard(offered map[string]bool) {
	listen := func(c *condition.Condition) {
		if c == nil {
			return
		}
		for _, name := range c.Uses() {
			if key, is := strings.CutPrefix(name, "signals."); is {
				offered[key] = true
			}
		}
	}
	for _, s := range r.c.Signals {
		listen(s.When.Rule)
		listen(s.When.And)
	}
	for _, rule := range r.c.Readiness {
		for _, p := range rule.Parts {
			offered[p.Signal] = true
			listen(p.When)
		}
	}
	for _, x := range r.c.Experiments {
		offered[x.Outcome] = true
	}
}

func (r *reader) adviseOffer(o *Offer) {
	path := "offers." + o.Key
	switch {
	case len(o.On) == 0 && o.Save: // it answers who is about to buy less
	case len(o.On) == 0:
		r.doubt("offer_without_signal", path, "", "write on: and the signals it answers", "no signal leads to this offer, so it is never shown")
	case !slices.ContainsFunc(o.On, func(on string) bool { return !r.c.Signals[on].Retired() }):
		r.doubt("offer_without_signal", path+".on", strings.Join(o.On, ", "), "name a signal that is not retired", "all its signals are retired, so it is never shown")
	}
	if len(o.At) == 0 {
		r.doubt("offer_without_placement", path, "", "write at: and the placements, such as [billing.page]", "the offer has no placement, so it is never shown in the product")
	}
	for _, on := range o.On {
		w := r.c.Signals[on].When
		feature := w.Limit + w.Gate + w.RunsOut
		if feature != "" && !o.Save && o.Give.Plan+o.Give.Addon+o.Give.Feature != "" && !r.raises(o.Give, feature) {
			r.doubt("offer_does_not_help", path+".give", o.Give.Plan+o.Give.Addon, "give a plan or add-on that has more of it",
				"the signal %s is about %s, and the offer gives no more of it than other plans", on, feature)
		}
	}
	if price, given, buys := r.promised(&o.Give); buys && price.Month == nil && price.Year == nil {
		r.doubt("missing_price", path+".give", given, "add a price to "+given, "%s has no price, so nobody can buy it from this offer", given)
	}
	r.adviseWords(o)
	r.advisePlaces(path, o.At)
}

// raises says whether what an offer gives has more of a feature than some plan.
func (r *reader) raises(give Give, feature string) bool {
	if a := r.c.Addons[give.Addon]; a != nil {
		e := a.Entitlements[feature]
		return e != nil && (e.Allowed || e.Unlimited || e.Limit > 0)
	}
	if give.Feature != "" {
		return give.Feature == feature
	}
	p := r.c.Plans[give.Plan]
	if p == nil || p.Entitlements[feature] == nil {
		return false
	}
	e := p.Entitlements[feature]
	if len(r.c.Plans) == 1 {
		return e.Allowed || e.Unlimited || e.Limit > 0
	}
	for _, other := range r.c.Plans {
		if other == p {
			continue
		}
		o := other.Entitlements[feature]
		switch {
		case o == nil:
			if e.Allowed || e.Unlimited || e.Limit > 0 {
				return true
			}
		case (e.Allowed && !o.Allowed) || (e.Unlimited && !o.Unlimited) || (!o.Unlimited && e.Limit > o.Limit) || (e.Overage != nil && o.Overage == nil):
			return true
		}
	}
	return false
}
