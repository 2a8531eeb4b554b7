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
	for _, f := range r.c.Features {
		if f.Kind == "" && !r.has("features."+f.Key, "kind") {
			f.Kind = Boolean
			if f.Meter != "" {
				f.Kind = Metered
			}
		}
	}
	for _, s := range r.c.Signals {
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
	for _, o := range r.c.Offers {
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
	for _, p := range sorted(r.c.Plans) {
		r.plan(p)
	}
	r.circles()
	for _, a := range sorted(r.c.Addons) {
		r.addon(a)
	}
	r.reachable()
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

func (r *reader) feature(f *Feature) {
	path := "features." + f.Key
	switch f.Kind {
	case Boolean:
		if r.has(path, "meter") {
			r.broken("contradiction", path+".meter", f.Meter, "write kind: metered, or remove the meter", "a boolean feature has no meter")
		}
	case Metered:
		if !r.has(path, "meter") {
			r.broken("missing", path, "", "write meter: and one of the meters", "a metered feature needs a meter")
			return
		}
		refer(r, "meters", r.c.Meters, path+".meter", f.Meter)
	}
}

func (r *reader) plan(p *Plan) {
	path := "plans." + p.Key
	r.entitled(path, p.Entitlements)
	if !refer(r, "plans", r.c.Plans, path+".above", p.Above) {
		return
	}
	if below := r.c.Plans[p.Above]; below.Family != p.Family {
		r.broken("contradiction", path+".above", p.Above, "give both the same family",
			"%s is of family %s, and the plan below it of family %s", p.Key, p.Family, below.Family)
	}
}

// circles finds plans that stand above each other in a circle, each circle once.
func (r *reader) circles() {
	walk := map[string]int{} // by plan, the walk that came by first
	for n, p := range sorted(r.c.Plans) {
		for at := p; at != nil; at = r.c.Plans[at.Above] {
			if walk[at.Key] == 0 {
				walk[at.Key] = n + 1
				continue
			}
			if walk[at.Key] == n+1 {
				circle := []string{at.Key}
				for next := at.Above; next != at.Key && len(circle) < 10; next = r.c.Plans[next].Above {
					circle = append(circle, next)
				}
				r.broken("cycle", "plans."+at.Key+".above", at.Above, "let the lowest plan have no above",
					"the plans stand above each other in a circle: %s", strings.Join(append(circle, at.Key), " above "))
			}
			break
		}
	}
}

func (r *reader) addon(a *Addon) {
	path := "addons." + a.Key
	r.entitled(path, a.Entitlements)
	for i, need := range a.Needs {
		if r.c.Plans[need] == nil && r.c.Addons[need] == nil {
			both := map[string]*struct{}{}
			for key := range r.c.Plans {
				both[key] = &struct{}{}
			}
			for key := range r.c.Addons {
				both[key] = &struct{}{}
			}
			refer(r, "plans or addons", both, fmt.Sprintf("%s.needs[%d]", path, i), need)
		}
	}
}

// reachable finds add-ons that nobody can ever buy, because what they need needs them.
func (r *reader) reachable() {
	can := map[string]bool{}
	unlocks := map[string][]string{} // by add-on, those that need it
	var next []string
	for key, a := range r.c.Addons {
		ok := len(a.Needs) == 0
		for _, need := range a.Needs {
			if r.c.Addons[need] != nil {
				unlocks[need] = append(unlocks[need], key)
			}
			ok = ok || r.c.Plans[need] != nil || r.c.Addons[need] == nil // what is not there is reported already
		}
		if ok {
			can[key] = true
			next = append(next, key)
		}
	}
	for len(next) > 0 {
		key := next[len(next)-1]
		next = next[:len(next)-1]
		for _, unlocked := range unlocks[key] {
			if !can[unlocked] {
				can[unlocked] = true
				next = append(next, unlocked)
			}
		}
	}
	for _, a := range sorted(r.c.Addons) {
		if !can[a.Key] {
			r.broken("cycle", "addons."+a.Key+".needs", strings.Join(a.Needs, ", "), "let it need a plan, or nothing",
				"nobody can buy %s: it needs only add-ons that need each other", a.Key)
		}
	}
	for _, o := range sorted(r.c.Offers) {
		if a := r.c.Addons[o.Give.Addon]; a != nil && !can[a.Key] {
			r.broken("unreachable", "offers."+o.Key+".give.addon", a.Key, "mend what the add-on needs", "the offer gives %s, which nobody can buy", a.Key)
		}
	}
}

// entitled checks entitlements against the features they are of.
func (r *reader) entitled(owner string, all map[string]*Entitlement) {
	for _, e := range sorted(all) {
		path := owner + ".entitlements." + e.Feature
		if !refer(r, "features", r.c.Features, path, e.Feature) {
			continue
		}
		f := r.c.Features[e.Feature]
		as := r.given[path]
		limit := path + ".limit"
		switch {
		case f.Kind == Boolean && as == asLimit:
			given := e.Limit.String()
			if e.Unlimited {
				given = "unlimited"
			}
			r.broken("contradiction", limit, given, "write true or false, or make the feature metered", "%s is a boolean feature and has no limit", e.Feature)
		case f.Kind == Metered && as == asTruth && e.Allowed:
			r.broken("contradiction", path, "true", "write a number, or unlimited", "%s is a metered feature and needs a limit", e.Feature)
		case f.Kind == Metered && as == asTruth:
			r.broken("contradiction", path, "false", "write 0, or leave it out", "%s is a metered feature and needs a limit", e.Feature)
		}
		r.per(path+".per", e, r.c.Meters[f.Meter])
		if e.Overage != nil && e.Unlimited {
			r.broken("contradiction", path+".overage", "", "remove overage, or write a limit", "nothing is above an unlimited allowance")
		}
		if e.Overage != nil && !r.has(path+".overage", "price") {
			r.broken("missing", path+".overage", "", `write overage: {unit: 1000, price: "2"}`, "the price of the overage is missing")
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
		if refer(r, "features", r.c.Features, path+".limit", w.Limit) && r.c.Features[w.Limit].Kind == Boolean {
			r.broken("contradiction", path+".limit", w.Limit, "write gate: "+w.Limit+", or name a metered feature", "%s is a boolean feature and has no limit", w.Limit)
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
