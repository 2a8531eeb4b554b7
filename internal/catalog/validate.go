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

// content fills what an offer leaves unsaid from what it gives.
func (r *reader) content(o *Offer) {
	action := "Upgrade"
	title := ""
	if p := r.c.Plans[o.Give.Plan]; p != nil {
		title = p.Title
	}
	if a := r.c.Addons[o.Give.Addon]; a != nil {
		title, action = a.Title, "Add"
	}
	if o.Content.Title == "" {
		o.Content.Title = title
	}
	if o.Content.Action == "" {
		o.Content.Action = action
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

func (r *reader) signal(s *Signal) {
	path := "signals." + s.Key + ".when"
	if !r.has("signals."+s.Key, "when") {
		return
	}
	has := r.signs[path]
	if has == nil {
		return // not a map, reported
	}
	var given []string
	for _, key := range whenRules {
		if has[key] {
			given = append(given, key)
		}
	}
	if len(given) != 1 {
		mend := "write exactly one of " + strings.Join(whenRules, ", ")
		if len(given) == 0 {
			r.broken("missing", path, "", mend, "the signal has no condition")
		} else {
			r.broken("contradiction", path, "", mend+"; make two signals of it", "the signal has %d conditions: %s", len(given), strings.Join(given, ", "))
		}
		return
	}
	for _, extra := range whenExtras {
		if has[extra.key] && !slices.Contains(strings.Fields(strings.NewReplacer(",", "", " or ", " ").Replace(extra.of)), given[0]) {
			r.broken("contradiction", path+"."+extra.key, "", "remove "+extra.key, "%s belongs to %s, not to %s", extra.key, extra.of, given[0])
		}
	}
	w := &s.When
	switch given[0] {
	case "limit":
		if !has["reaches"] {
			r.broken("missing", path, "", "write reaches: 80%", "how much of the limit is missing")
		}
		if refer(r, "features", r.c.Features, path+".limit", w.Limit) && !r.c.Features[w.Limit].Counted() && r.c.Features[w.Limit].Kind != "" {
			r.broken("contradiction", path+".limit", w.Limit, "write gate: "+w.Limit+", or name a metered feature", "%s is a %s feature and has no limit", w.Limit, r.c.Features[w.Limit].Kind)
		}
	case "gate":
		refer(r, "features", r.c.Features, path+".gate", w.Gate)
		if w.Times == 0 {
			w.Times = 1
		}
		if !has["within"] {
			if w.Times > 1 {
				r.broken("missing", path, "", "write within: 7d", "%d times within how long is missing", w.Times)
			}
			w.Within = day
		}
	default:
		r.windowed(s, given[0], has)
	}
}

func (r *reader) offer(o *Offer) {
	path := "offers." + o.Key
	for i, on := range o.On {
		refer(r, "signals", r.c.Signals, fmt.Sprintf("%s.on[%d]", path, i), on)
	}
	has := r.signs[path+".give"]
	switch {
	case r.signs[path] == nil: // not a map, reported
	case !r.has(path, "give"):
		r.broken("missing", path, "", "write give: {plan: …} or give: {addon: …}", "the offer gives nothing")
	case has == nil:
	case has["plan"] && has["addon"]:
		r.broken("contradiction", path+".give", "", "make two offers of it", "the offer gives a plan and an add-on")
	case !has["plan"] && !has["addon"]:
		r.broken("missing", path+".give", "", "write give: {plan: …} or give: {addon: …}", "the offer gives nothing")
	case has["plan"] && has["quantity"]:
		r.broken("contradiction", path+".give.quantity", "", "remove quantity", "only add-ons have a quantity")
	}
	refer(r, "plans", r.c.Plans, path+".give.plan", o.Give.Plan)
	refer(r, "addons", r.c.Addons, path+".give.addon", o.Give.Addon)
	r.compared(path+".for", o.For, o.At)
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
