package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/condition"
)

// Signals: when an account is likely to want more.

// Defaults of signals where the catalog says nothing.
const (
	defaultPace    = 7 * day  // that runs_out looks at
	defaultAhead   = day      // of its reset that a limit runs out
	defaultSoon    = 14 * day // within which what never resets runs out
	defaultReaches = 90       // percent of what is held
	defaultBelow   = 10       // percent of what is unused
	defaultFrom    = 2        // the value of a property that is new
	mostValues     = 256      // different values of a property that are told apart
	mostPeriods    = 24
	anyFeature     = "any"
)

var (
	driven     = []string{"usage", "time"}
	fits       = []string{"lower", "higher"}
	directions = []string{"above", "below"}

	signalFields = []field[Signal]{
		{"when", func(r *reader, v value, s *Signal) { object(r, v, whenFields, &s.When) }},
		{"title", func(r *reader, v value, s *Signal) { s.Title = r.text(v, maxTitle) }},
		{"type", func(r *reader, v value, s *Signal) { s.Type = RevenueType(r.oneOf(v, revenueTypes...)) }},
		{"hypothesis", func(r *reader, v value, s *Signal) { s.Hypothesis = r.text(v, maxBody) }},
		{"owner", func(r *reader, v value, s *Signal) { s.Owner = r.oneOf(v, owners...) }},
		{"state", func(r *reader, v value, s *Signal) { s.State = r.oneOf(v, states...) }},
		{"evidence", func(r *reader, v value, s *Signal) { s.Evidence = r.text(v, maxBody) }},
		{"driven", func(r *reader, v value, s *Signal) { s.Driven = r.oneOf(v, driven...) }},
		{"review", func(r *reader, v value, s *Signal) { s.Review = r.day(v) }},
		{"decays", func(r *reader, v value, s *Signal) { s.Decays = r.duration(v, maxDuration) }},
	}
)

func newSignal(key string) *Signal {
	return &Signal{Key: key, Title: key, State: "testing", Decays: 30 * day}
}

// whenRules name the conditions of a signal; exactly one of them stands under when.
var whenRules = []string{"limit", "runs_out", "unlimited", "held", "gate", "event", "first", "sequence", "rate", "absent", "unused",
	"flat", "fit", "value", "milestone", "stuck", "outside", "champion_left", "trial_ends_in", "trial_expired", "renews_in", "rule"}

// whenExtras are the keys that go with a condition.
var whenExtras = []struct {
	key string
	of  []string
}{
	{"reaches", []string{"limit", "held"}},
	{"ahead", []string{"runs_out"}},
	{"above", []string{"unlimited"}},
	{"periods", []string{"held"}},
	{"times", []string{"gate", "event"}},
	{"within", []string{"gate", "event", "sequence", "runs_out"}},
	{"without", []string{"gate", "event"}},
	{"nth", []string{"event"}},
	{"every", []string{"event"}},
	{"new", []string{"event"}},
	{"from", []string{"event"}},
	{"over", []string{"rate", "runs_out"}},
	{"rises", []string{"rate"}},
	{"falls", []string{"rate"}},
	{"at_least", []string{"rate"}},
	{"for", []string{"absent", "unused", "stuck"}},
	{"after", []string{"absent"}},
	{"below", []string{"unused"}},
	{"leaves", []string{"value"}},
	{"where", []string{"event", "first", "rate", "absent"}},
}

var whenFields = []field[When]{
	{"limit", func(r *reader, v value, w *When) { w.Limit = r.name(v) }},
	{"reaches", func(r *reader, v value, w *When) { w.Reaches = r.percent(v, 1, 1000) }},
	{"runs_out", func(r *reader, v value, w *When) { w.RunsOut = r.name(v) }},
	{"ahead", func(r *reader, v value, w *When) { w.Ahead = r.duration(v, maxWindow) }},
	{"unlimited", func(r *reader, v value, w *When) { w.Unlimited = r.name(v) }},
	{"above", func(r *reader, v value, w *When) { w.Above = r.amount(v) }},
	{"held", func(r *reader, v value, w *When) { w.Held = r.name(v) }},
	{"periods", func(r *reader, v value, w *When) { w.Periods = r.whole(v, mostPeriods) }},
	{"gate", func(r *reader, v value, w *When) { w.Gate = r.name(v) }},
	{"times", func(r *reader, v value, w *When) { w.Times = int(r.whole(v, maxTimes)) }},
	{"within", func(r *reader, v value, w *When) { w.Within = r.duration(v, maxWindow) }},
	{"event", func(r *reader, v value, w *When) { w.Event = r.eventType(v) }},
	{"nth", func(r *reader, v value, w *When) { w.Nth = r.whole(v, 999_999_999) }},
	{"every", func(r *reader, v value, w *When) { w.Every = r.whole(v, 999_999_999) }},
	{"without", func(r *reader, v value, w *When) { w.Without = r.eventType(v) }},
	{"new", func(r *reader, v value, w *When) { w.New = r.property(v) }},
	{"from", func(r *reader, v value, w *When) { w.From = r.whole(v, mostValues) }},
	{"first", func(r *reader, v value, w *When) { w.Event = r.eventType(v) }},
	{"sequence", func(r *reader, v value, w *When) { w.Sequence = r.sequence(v) }},
	{"rate", func(r *reader, v value, w *When) { w.Rate = r.eventType(v) }},
	{"over", func(r *reader, v value, w *When) { w.Over = r.duration(v, maxWindow) }},
	{"rises", func(r *reader, v value, w *When) { w.Rises = r.percent(v, 1, 100_000) }},
	{"falls", func(r *reader, v value, w *When) { w.Falls = r.percent(v, 1, 100) }},
	{"at_least", func(r *reader, v value, w *When) { w.AtLeast = r.amount(v) }},
	{"absent", func(r *reader, v value, w *When) { w.Absent = r.eventType(v) }},
	{"for", func(r *reader, v value, w *When) { w.For = r.duration(v, maxWindow) }},
	{"after", func(r *reader, v value, w *When) { w.After = r.whole(v, 999_999_999) }},
	{"unused", func(r *reader, v value, w *When) { w.Unused = r.name(v) }},
	{"below", func(r *reader, v value, w *When) { w.Below = r.percent(v, 1, 100) }},
	{"flat", func(r *reader, v value, w *When) { w.Flat, w.For = true, r.duration(v, maxDuration) }},
	{"fit", func(r *reader, v value, w *When) { w.Fit = r.oneOf(v, fits...) }},
	{"value", func(r *reader, v value, w *When) { w.Value = r.name(v) }},
	{"leaves", func(r *reader, v value, w *When) { w.Leaves = r.oneOf(v, directions...) }},
	{"milestone", func(r *reader, v value, w *When) { w.Milestone = r.name(v) }},
	{"stuck", func(r *reader, v value, w *When) { w.Stuck = r.name(v) }},
	{"outside", func(r *reader, v value, w *When) { w.Outside = r.whole(v, 1_000_000) }},
	{"champion_left", func(r *reader, v value, w *When) { r.championLeft(v, w) }},
	{"where", func(r *reader, v value, w *When) { w.Where = r.tests(v) }},
	{"trial_ends_in", func(r *reader, v value, w *When) { w.TrialEndsIn = r.duration(v, maxWindow) }},
	{"trial_expired", func(r *reader, v value, w *When) {
		if w.TrialExpired = r.truth(v); !w.TrialExpired && v.kind() == "false" {
			r.wrong(v, "invalid_value", "write trial_expired: true, or another condition", "a signal cannot wait for a trial not to expire")
		}
	}},
	{"renews_in", func(r *reader, v value, w *When) { w.RenewsIn = r.duration(v, maxWindow) }},
	{"rule", func(r *reader, v value, w *When) { r.signalRule(v, func(c *condition.Condition) { w.Rule = c }) }},
	{"and", func(r *reader, v value, w *When) { r.signalRule(v, func(c *condition.Condition) { w.And = c }) }},
}

// championLeft reads 30d, or true for who said that they left only.
func (r *reader) championLeft(v value, w *When) {
	switch v.kind() {
	case "true":
		w.ChampionLeft = true
	case "false":
		r.wrong(v, "invalid_value", "write champion_left: 30d or champion_left: true", "a signal cannot wait for a champion not to leave")
	default:
		w.ChampionLeft, w.For = true, r.duration(v, maxWindow)
	}
}

// signalRule reads a condition of ForSignal. It is compiled when all the names it may use are
// known, and given to set then.
func (r *reader) signalRule(v value, set func(*condition.Condition)) {
	s, ok := r.scalar(v, "write a condition in quotes")
	if !ok {
		return
	}
	r.late = append(r.late, func() {
		c, err := condition.CompileSignal(s, r.ruleNames())
		if c := r.compiledRule(v, s, c, err); c != nil {
			set(c)
		}
	})
}

// ruleNames are what conditions of signals may name.
func (r *reader) ruleNames() *condition.Names {
	if r.signalNames == nil {
		n := &condition.Names{}
		for _, f := range sorted(r.c.Features) {
			if f.Counted() {
				n.Features = append(n.Features, f.Key)
			}
		}
		for _, m := range sorted(r.c.Milestones) {
			n.Milestones = append(n.Milestones, m.Key)
		}
		for _, s := range sorted(r.c.Signals) {
			n.Signals = append(n.Signals, s.Key)
		}
		for _, p := range sorted(r.c.Profiles) {
			n.Profiles = append(n.Profiles, p.Key)
		}
		r.signalNames = n
	}
	return r.signalNames
}

func (r *reader) signal(s *Signal) {
	if !r.has("signals."+s.Key, "when") {
		return
	}
	path := "signals." + s.Key + ".when"
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
	rule := given[0]
	for _, extra := range whenExtras {
		if has[extra.key] && !slices.Contains(extra.of, rule) {
			r.broken("contradiction", path+"."+extra.key, "", "remove "+extra.key, "%s belongs to %s, not to %s", extra.key, orWords(extra.of), rule)
		}
	}
	if rule == "rule" && has["and"] {
		r.broken("contradiction", path+".and", source(s.When.And), "write it into the rule, after &&", "and belongs to the other conditions, not to rule")
	}
	switch rule {
	case "gate", "event", "first", "sequence", "rate", "absent":
		r.windowed(s, rule, has)
	case "limit", "runs_out", "unlimited", "held", "unused":
		r.measuredSignal(path, rule, &s.When, has)
	default:
		r.aboutAccount(path, rule, &s.When, has)
	}
	r.compared(path+".rule", s.When.Rule, nil)
	r.compared(path+".and", s.When.And, nil)
	r.refersToItself(path, s)
	if s.Driven == "" {
		s.Driven = s.When.drivenBy()
	}
}

// orWords writes a, b or c.
func orWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// need reports a key that a condition cannot do without.
func (r *reader) need(path string, has map[string]bool, key, mend, what string) {
	if !has[key] {
		r.broken("missing", path, "", mend, "%s is missing", what)
	}
}

// measuredSignal checks a condition over the use of one feature and fills in what is left out.
func (r *reader) measuredSignal(path, rule string, w *When, has map[string]bool) {
	feature := w.Limit + w.RunsOut + w.Unlimited + w.Held + w.Unused
	if rule != "unused" || feature != anyFeature {
		if refer(r, "features", r.c.Features, path+"."+rule, feature) && !r.c.Features[feature].Counted() && r.c.Features[feature].Kind != "" {
			r.broken("contradiction", path+"."+rule, feature, "write gate: "+feature+", or name a metered feature",
				"%s is a %s feature and has no limit", feature, r.c.Features[feature].Kind)
		}
	}
	set := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	switch rule {
	case "limit":
		r.need(path, has, "reaches", "write reaches: 80%", "how much of the limit")
	case "runs_out":
		set(&w.Over, defaultPace)
		set(&w.Ahead, defaultAhead)
		set(&w.Within, defaultSoon)
	case "unlimited":
		r.need(path, has, "above", "write above: 1000", "how much in a month")
	case "held":
		r.need(path, has, "periods", "write periods: 3", "in how many periods")
		if w.Periods == 1 && has["periods"] {
			r.broken("out_of_range", path+".periods", "1", fmt.Sprintf("write 2 to %d", mostPeriods), "what is held in one period is not held")
		}
		if w.Reaches == 0 {
			w.Reaches = defaultReaches
		}
		if w.Reaches > 100 {
			r.broken("out_of_range", path+".reaches", fmt.Sprintf("%d%%", w.Reaches), "write 1% to 100%", "what is held is never more than the limit")
		}
		if r.c.Features[feature] != nil && r.c.Features[feature].Counted() && !r.c.limited(feature) {
			r.broken("contradiction", path+".held", feature, "give it a limit in some plan, or write unlimited: "+feature, "no plan and no add-on limits %s", feature)
		}
	case "unused":
		r.need(path, has, "for", "write for: 30d", "for how long")
		if w.Below == 0 {
			w.Below = defaultBelow
		}
	}
}

// limited says whether any plan, earlier version or add-on limits a feature.
func (c *Catalog) limited(feature string) bool {
	return slices.ContainsFunc(c.everGiven(), func(entitlements map[string]*Entitlement) bool {
		e := entitlements[feature]
		return e != nil && !e.Unlimited && e.Limit > 0
	})
}

// aboutAccount checks a condition about the account as a whole.
func (r *reader) aboutAccount(path, rule string, w *When, has map[string]bool) {
	switch rule {
	case "value":
		r.need(path, has, "leaves", "write leaves: above or leaves: below", "in which direction it leaves its band")
		if refer(r, "value", r.c.Value, path+".value", w.Value) && r.c.Value[w.Value].Band == nil && !r.has("value."+w.Value, "band") {
			r.broken("contradiction", path+".value", w.Value, "write band: 5% to 20% at value."+w.Value, "%s has no band that it could leave", w.Value)
		}
	case "milestone":
		refer(r, "milestones", r.c.Milestones, path+".milestone", w.Milestone)
	case "stuck":
		if refer(r, "milestones", r.c.Milestones, path+".stuck", w.Stuck) && !r.has("milestones."+w.Stuck, "within") {
			r.broken("contradiction", path+".stuck", w.Stuck, "write within: 7d at milestones."+w.Stuck, "nothing says how long %s may take, so nobody is stuck before it", w.Stuck)
		}
	}
}

// refersToItself finds conditions that look at the signal they decide about.
func (r *reader) refersToItself(path string, s *Signal) {
	for key, c := range map[string]*condition.Condition{"rule": s.When.Rule, "and": s.When.And} {
		if c != nil && slices.Contains(c.Uses(), "signals."+s.Key) {
			r.broken("cycle", path+"."+key, "signals."+s.Key, "name another signal", "the signal looks at itself")
		}
	}
}

// drivenBy says whether use or the calendar makes a rule fire.
func (w *When) drivenBy() string {
	byTime := w.Flat || w.Stuck != "" || w.TrialEndsIn > 0 || w.TrialExpired || w.RenewsIn > 0
	if w.Rule != nil {
		has := func(prefix string) bool {
			return slices.ContainsFunc(w.Rule.Uses(), func(name string) bool { return strings.HasPrefix(name, prefix) })
		}
		byTime = has("time.") && !has("usage.") && !has("people.") && !has("signals.")
	}
	if byTime {
		return driven[1]
	}
	return driven[0]
}
