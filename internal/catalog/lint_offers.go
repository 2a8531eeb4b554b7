package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/condition"
)

// adviseFeatures looks at what sells a feature.
func (r *reader) adviseFeatures() {
	all := r.c.given()
	languages := map[string]bool{}
	for _, f := range r.c.Features {
		for language := range f.Translations {
			languages[language] = true
		}
	}
	wanted := slices.Sorted(maps.Keys(languages))
	for _, f := range sorted(r.c.Features) {
		path := "features." + f.Key
		sold := f.PartOf != "" || slices.ContainsFunc(all, func(entitlements map[string]*Entitlement) bool { return entitlements[f.Key].gives(f) })
		if !sold && f.Ready != NotReady && !r.launched(f.Key) {
			r.doubt("unsold_feature", path, "", "give it in a plan or an add-on, or remove it", "no plan and no add-on gives %s", f.Key)
		}
		if f.Benefit == "" && r.has(path, "title") && r.lockedSomewhere(f) && sold {
			r.doubt("missing_benefit", path, "", "write benefit:, what they get done with it", "%s is locked for some accounts, and nothing says why they would want it", f.Title)
		}
		var titles, benefits []string // languages that lack them
		for _, language := range wanted {
			t, there := f.Translations[language]
			if !there || t.Title == "" && r.has(path, "title") {
				titles = append(titles, language)
			}
			if f.Benefit != "" && t.Benefit == "" {
				benefits = append(benefits, language)
			}
		}
		missing := func(what string, languages []string) {
			if in := strings.Join(languages, ", "); in != "" {
				r.doubt("missing_translation", path, "", "add its "+what+" in "+in, "%s of %s is not translated into %s, other features are", what, f.Key, in)
			}
		}
		if slices.Equal(titles, benefits) {
			missing("title and benefit", titles)
			continue
		}
		missing("title", titles)
		missing("benefit", benefits)
	}
	for _, l := range sorted(r.c.Launches) {
		f, a := r.c.Features[l.Feature], r.c.Addons[l.Addon]
		if f != nil && f.Ready == NotReady || a != nil && a.Ready == NotReady {
			r.doubt("launch_not_ready", "launches."+l.Key, l.Feature+l.Addon, "set ready: when it is, and the launch after that", "%s is launched and not ready", l.Feature+l.Addon)
		}
	}
}

// gives says whether there is anything in it.
func (e *Entitlement) gives(f *Feature) bool {
	switch {
	case e == nil:
		return false
	case f.Kind == Boolean:
		return e.Allowed
	case f.Kind == Valued:
		return true
	}
	return e.Unlimited || e.Limit > 0 || e.Overage != nil || e.PerUnit
}

func (r *reader) launched(feature string) bool {
	for _, l := range r.c.Launches {
		if l.Feature == feature {
			return true
		}
	}
	return false
}

// lockedSomewhere says whether a plan that is sold does not give a feature at all.
func (r *reader) lockedSomewhere(f *Feature) bool {
	for _, p := range r.c.Plans {
		if !p.Retired && !p.Entitlements[f.Key].gives(f) {
			return true
		}
	}
	return false
}

// adviseSelling looks at whether an offer can be shown to anybody.
func (r *reader) adviseSelling(o *Offer) {
	path := "offers." + o.Key
	given := o.Give.Plan + o.Give.Addon
	retired, ready := false, Own
	var eligible *condition.Condition
	if p := r.c.Plans[o.Give.Plan]; p != nil {
		retired, ready, eligible = p.Retired, p.Ready, p.Eligible
	}
	a := r.c.Addons[o.Give.Addon]
	if a != nil {
		retired, ready, eligible = a.Retired, a.Ready, a.Eligible
	}
	if retired {
		r.doubt("offer_retired", path+".give", given, "offer what took its place, or remove the offer", "%s is no longer sold, so this is never shown", given)
	}
	if ready == NotReady {
		r.doubt("offer_not_ready", path+".give", given, "offer something else until it is ready", "%s is not ready, so this is never shown", given)
	}
	if o.Kind == Interruption && o.Contact.Cooldown == 0 && o.Contact.AtMost == 0 {
		r.doubt("pushy_offer", path, "", "write contact: {cooldown: 14d, at_most: 3 per 90d}", "this offer stands in the way of people, as often as its signal lives")
	}
	if o.Holdout == 0 {
		r.doubt("offer_without_holdout", path, "", "write holdout: 10%", "everybody who qualifies sees this offer, so nobody can say what it earned")
	}
	if words := r.contradiction(o, a, eligible); words != "" {
		r.doubt("unreachable_offer", path+".for", source(o.For), "mend the condition, or what the offer gives", "%s, so nobody can qualify", words)
	}
}

// claims are those of a condition; none of a missing one.
func claims(c *condition.Condition) []condition.Claim {
	if c == nil {
		return nil
	}
	return c.Claims()
}

// left returns the values that a name may still have when all claims hold; false when they do
// not bind it.
func left(all []condition.Claim, name string) (values []string, bound bool) {
	for _, c := range all {
		if c.Name == name && c.Is {
			if !bound {
				values, bound = slices.Clone(c.Values), true
				continue
			}
			values = slices.DeleteFunc(values, func(v string) bool { return !slices.Contains(c.Values, v) })
		}
	}
	for _, c := range all {
		if c.Name == name && !c.Is && bound {
			values = slices.DeleteFunc(values, func(v string) bool { return slices.Contains(c.Values, v) })
		}
	}
	return values, bound
}

// contradiction says in words why nobody can qualify for an offer; empty when somebody may.
func (r *reader) contradiction(o *Offer, a *Addon, eligible *condition.Condition) string {
	all := slices.Concat(claims(o.For), claims(eligible))
	for _, c := range all {
		if values, bound := left(all, c.Name); bound && len(values) == 0 {
			return "the conditions contradict each other about " + c.Name
		}
	}
	plans, bound := left(all, "account.plan")
	if !bound {
		return ""
	}
	if a == nil {
		if len(plans) == 1 && plans[0] == o.Give.Plan && !r.answersTrial(o) {
			return "it gives the plan " + o.Give.Plan + " to accounts that are on it"
		}
		return ""
	}
	needs := slices.DeleteFunc(slices.Clone(a.Needs), func(key string) bool { return r.c.Plans[key] == nil })
	for _, plan := range plans {
		if len(needs) == len(a.Needs) && len(needs) > 0 && !slices.Contains(needs, plan) || slices.Contains(a.Excludes, plan) {
			continue
		}
		return ""
	}
	return "accounts on " + strings.Join(plans, " or ") + " cannot buy " + a.Key
}

// answersTrial says whether an offer is about the end of a trial: it then sells a plan to those
// who try it.
func (r *reader) answersTrial(o *Offer) bool {
	for _, on := range o.On {
		if s := r.c.Signals[on]; s != nil && (s.When.TrialEndsIn != 0 || s.When.TrialExpired) {
			return true
		}
	}
	return !o.Save && r.c.Plans[o.Give.Plan] != nil && r.c.Plans[o.Give.Plan].Trial != nil
}
