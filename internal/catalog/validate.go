package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/condition"
)

// broken reports an error about the definition or value at path.
func (r *reader) broken(code, path, given, mend, format string, args ...any) {
	r.find(SeverityError, code, path, given, mend, format, args...)
}

// require checks that what must be there is, and fills in what is left out.
func (r *reader) require() {
	start := Position{File: r.file, Line: 1, Column: 1}
	if !r.has("", "version") {
		r.report(SeverityError, "missing", "version", "", start, "version is missing", "begin with version: 1")
	}
	if !r.has("", "currency") {
		r.report(SeverityError, "missing", "currency", "", start, "currency is missing", "write the currency of all prices, such as currency: USD")
	}
	for _, f := range sorted(r.c.Features) {
		if f.Kind == "" && !r.has("features."+f.Key, "kind") {
			f.Kind = Boolean
			if f.Meter != "" {
				f.Kind = Metered
			}
		}
	}
	for _, p := range sorted(r.c.Plans) {
		r.settle("plans."+p.Key, p.Entitlements)
		for _, n := range versions(p) {
			r.settle(earlierPath(p, n), p.Earlier[n].Entitlements)
		}
		r.inherit(p)
	}
	for _, a := range sorted(r.c.Addons) {
		if a.Kind != OfBundle {
			r.settle(a.path(), a.Entitlements)
		}
	}
	r.bundles()
	for _, compile := range r.late {
		compile()
	}
	for _, s := range sorted(r.c.Signals) {
		path := "signals." + s.Key
		for _, key := range []string{"when", "type"} {
			if r.signs[path] != nil && !r.has(path, key) {
				r.broken("missing", path, "", map[string]string{
					"when": "write when: {limit: …, reaches: 80%}, {gate: …}, {event: …, nth: …}, {absent: …, for: 14d} or {trial_ends_in: 3d}",
					"type": "write type: " + strings.Join(revenueTypes, ", "),
				}[key], "%s is missing", key)
			}
		}
	}
	for _, o := range sorted(r.c.Offers) {
		if o.Give.Addon != "" && o.Give.Quantity == 0 {
			o.Give.Quantity = 1
		}
		r.content(o)
	}
	for i, t := range r.c.Routing {
		path := fmt.Sprintf("routing[%d]", i)
		if r.signs[path] != nil && !r.has(path, "to") {
			r.broken("missing", path, "", "write to: self_service, or who owns the opportunity", "to is missing")
		}
		if t.Motion == "" {
			t.Motion = motionOf(t.To)
		}
	}
	if n := len(r.c.Routing); n == 0 || r.has(fmt.Sprintf("routing[%d]", n-1), "when") {
		r.c.Routing = append(r.c.Routing, &Route{To: selfService, Motion: selfService})
	}
}

// motionOf tells from the name of an owner how the deal is worked.
func motionOf(to string) string {
	switch {
	case to == "self_service":
		return "self_service"
	case strings.Contains(to, "success"):
		return "success"
	case strings.Contains(to, "partner"):
		return "partner"
	default:
		return "sales"
	}
}

// validate finds what contradicts itself: references to nothing and rules that cannot hold.
func (r *reader) validate() {
	for _, m := range sorted(r.c.Meters) {
		r.meter(m)
	}
	for _, f := range sorted(r.c.Features) {
		r.feature(f)
	}
	r.parts()
	for _, p := range sorted(r.c.Plans) {
		r.plan(p)
	}
	r.planCircles()
	for _, a := range sorted(r.c.Addons) {
		r.addon(a)
	}
	r.reachable()
	for _, p := range sorted(r.c.Profiles) {
		r.profile(p)
	}
	for _, p := range sorted(r.c.Places) {
		r.place(p)
	}
	for _, l := range sorted(r.c.Launches) {
		r.launch(l)
	}
	r.valueMetrics()
	for _, m := range sorted(r.c.Milestones) {
		r.milestone(m)
	}
	r.milestoneCircles()
	r.contactPolicy()
	for _, s := range sorted(r.c.Surveys) {
		r.survey(s)
	}
	for _, x := range sorted(r.c.Experiments) {
		r.experiment(x)
	}
	r.readinessRules()
	for _, s := range sorted(r.c.Signals) {
		r.signal(s)
	}
	for _, o := range sorted(r.c.Offers) {
		r.offer(o)
	}
	for i, t := range r.c.Routing {
		r.compared(fmt.Sprintf("routing[%d].when", i), t.When, nil)
	}
}

// maxSuggested is how many names are searched for the one that was meant.
const maxSuggested = 500

// refer checks that a definition exists in its section.
func refer[T any](r *reader, section string, all map[string]*T, path, key string) bool {
	if key == "" || all[key] != nil {
		return key != ""
	}
	mend := "define it under " + section
	if known := slices.Sorted(maps.Keys(all)); len(known) > 0 && len(known) <= maxSuggested {
		if near := condition.Nearest(key, known); near != "" {
			mend = "did you mean " + near + "? Or " + mend
		} else if len(known) <= 12 {
			mend += ", or use one of " + strings.Join(known, ", ")
		}
	}
	r.broken("unknown_reference", path, key, mend, "there is no %q under %s", key, section)
	return false
}

// circles finds definitions that lead to each other in a circle by one key, each circle once.
func circles[T any](r *reader, section, key, message, join, mend string, all map[string]*T, step func(*T) (from, to string)) {
	walk := map[string]int{} // by definition, the walk that came by first
	for n, d := range sorted(all) {
		for at := d; at != nil; {
			here, next := step(at)
			if walk[here] == 0 {
				walk[here] = n + 1
				at = all[next]
				continue
			}
			if walk[here] == n+1 {
				circle := []string{here}
				for other := next; other != here && len(circle) < 10; _, other = step(all[other]) {
					circle = append(circle, other)
				}
				r.broken("cycle", section+"."+here+"."+key, next, mend, message, strings.Join(append(circle, here), join))
			}
			break
		}
	}
}

// compared checks the fixed texts that a condition compares names with: a plan that does
// not exist would make it silently false for everybody.
func (r *reader) compared(path string, c *condition.Condition, placements []string) {
	if c == nil {
		return
	}
	for _, comparison := range c.Compared() {
		var known []string
		switch comparison.Name {
		case "account.plan":
			if r.c.Plans[comparison.Value] != nil {
				continue
			}
			known = slices.Sorted(maps.Keys(r.c.Plans))
			known = known[:min(len(known), maxSuggested)]
		case "type":
			known = revenueTypes
		case "placement":
			known = placements
		case "user.profile":
			if len(r.c.Profiles) == 0 {
				continue // they are described nowhere, so any will do
			}
			known = slices.Sorted(maps.Keys(r.c.Profiles))
		case "user.role":
			known = []string{"admin", "member"}
		case "account.stage":
			known = stages
		case "money.interval":
			known = []string{string(Month), string(Year)}
		default:
			continue
		}
		if comparison.Value == "" || slices.Contains(known, comparison.Value) {
			continue
		}
		mend := "known: " + strings.Join(known, ", ")
		if len(known) == 0 {
			mend = "there is none yet"
		}
		if near := condition.Nearest(comparison.Value, known); near != "" {
			mend = "did you mean " + near + "? " + mend
		}
		r.report(SeverityError, "unknown_reference", path, comparison.Value, r.rules[path].inside(comparison.Line, comparison.Column),
			fmt.Sprintf("%s is never %q here", comparison.Name, comparison.Value), mend)
	}
}
