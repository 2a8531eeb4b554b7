package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

// What accounts do on their way: milestones, the stages of their life, readiness to grow.

// stages are those an account may be in, none of them included; package account says what they mean.
var stages = []string{"none", "landed", "activated", "adopted", "expanding", "advocate", "at_risk"}

// usualLifecycle bounds the stages where the catalog says nothing.
var usualLifecycle = Lifecycle{
	AdoptedFeatures: 3, AdoptedShare: 25, UnderUse: 10, UnderUseFor: 30 * day, Expanding: 90 * day,
	AtRisk: 50, AtRiskOver: 28 * day, Advocate: 9,
}

const defaultReady = 60 // points of 100

var (
	milestoneFields = []field[Milestone]{
		{"title", func(r *reader, v value, m *Milestone) { m.Title = r.text(v, maxTitle) }},
		{"event", func(r *reader, v value, m *Milestone) { m.Event = r.eventType(v) }},
		{"where", func(r *reader, v value, m *Milestone) { m.Where = r.tests(v) }},
		{"nth", func(r *reader, v value, m *Milestone) { m.Nth = r.whole(v, 999_999_999) }},
		{"feature", func(r *reader, v value, m *Milestone) { m.Feature = r.name(v) }},
		{"at_least", func(r *reader, v value, m *Milestone) { m.AtLeast = r.amount(v) }},
		{"within", func(r *reader, v value, m *Milestone) { m.Within = r.duration(v, maxWindow) }},
		{"plans", func(r *reader, v value, m *Milestone) { m.Plans = r.names(v, r.name) }},
		{"for", func(r *reader, v value, m *Milestone) { m.For = r.rule(v, condition.ForAccount) }},
		{"optional", func(r *reader, v value, m *Milestone) { m.Optional = r.truth(v) }},
		{"after", func(r *reader, v value, m *Milestone) { m.After = r.name(v) }},
		{"help", func(r *reader, v value, m *Milestone) { object(r, v, helpFields, &m.Help) }},
	}
	helpFields = []field[Help]{
		{"title", func(r *reader, v value, h *Help) { h.Title = r.text(v, maxTitle) }},
		{"body", func(r *reader, v value, h *Help) { h.Body = r.text(v, maxBody) }},
		{"link", func(r *reader, v value, h *Help) { h.Link = r.link(v) }},
		{"invite", func(r *reader, v value, h *Help) { h.Invite = r.name(v) }},
	}
	lifecycleFields = []field[Lifecycle]{
		{"adopted", func(r *reader, v value, l *Lifecycle) { object(r, v, adoptedFields, l) }},
		{"under_use", func(r *reader, v value, l *Lifecycle) { object(r, v, underUseFields, l) }},
		{"expanding", func(r *reader, v value, l *Lifecycle) { l.Expanding = r.duration(v, maxDuration) }},
		{"at_risk", func(r *reader, v value, l *Lifecycle) { object(r, v, atRiskFields, l) }},
		{"advocate", func(r *reader, v value, l *Lifecycle) { l.Advocate = r.whole(v, 10) }},
	}
	adoptedFields = []field[Lifecycle]{
		{"features", func(r *reader, v value, l *Lifecycle) { l.AdoptedFeatures = r.whole(v, 1000) }},
		{"share", func(r *reader, v value, l *Lifecycle) { l.AdoptedShare = r.percent(v, 1, 100) }},
	}
	underUseFields = []field[Lifecycle]{
		{"below", func(r *reader, v value, l *Lifecycle) { l.UnderUse = r.percent(v, 1, 100) }},
		{"for", func(r *reader, v value, l *Lifecycle) { l.UnderUseFor = r.duration(v, maxWindow) }},
		{"help", func(r *reader, v value, l *Lifecycle) { object(r, v, helpFields, &l.Help) }},
	}
	atRiskFields = []field[Lifecycle]{
		{"falls", func(r *reader, v value, l *Lifecycle) { l.AtRisk = r.percent(v, 1, 100) }},
		{"over", func(r *reader, v value, l *Lifecycle) { l.AtRiskOver = r.duration(v, maxWindow) }},
	}
	readinessGroups = []string{"fit", "usage", "intent"}
	readinessFields = []field[ReadinessRule]{
		{"ready", func(r *reader, v value, rule *ReadinessRule) { rule.Ready = r.whole(v, 100) }},
		{"parts", func(r *reader, v value, rule *ReadinessRule) { r.readinessParts(v, rule) }},
	}
	partFields = []field[ReadinessPart]{
		{"group", func(r *reader, v value, p *ReadinessPart) { p.Group = r.oneOf(v, readinessGroups...) }},
		{"when", func(r *reader, v value, p *ReadinessPart) {
			r.signalRule(v, func(c *condition.Condition) { p.When = c })
		}},
		{"signal", func(r *reader, v value, p *ReadinessPart) { p.Signal = r.name(v) }},
		{"points", func(r *reader, v value, p *ReadinessPart) { p.Points = r.points(v) }},
		{"why", func(r *reader, v value, p *ReadinessPart) { p.Why = r.text(v, maxBody) }},
	}
)

func newMilestone(key string) *Milestone { return &Milestone{Key: key, Title: key} }

func (r *reader) milestone(m *Milestone) {
	path := "milestones." + m.Key
	if r.signs[path] == nil {
		return // not a map, reported
	}
	event, feature := r.has(path, "event"), r.has(path, "feature")
	switch {
	case event && feature:
		r.broken("contradiction", path+".feature", m.Feature, "make two milestones of it", "the milestone is an event and the use of a feature")
	case !event && !feature:
		r.broken("missing", path, "", "write event: and the type of an event, or feature: and at_least", "nothing reaches the milestone")
	case feature && refer(r, "features", r.c.Features, path+".feature", m.Feature) && !r.c.Features[m.Feature].Counted() && r.c.Features[m.Feature].Kind != "":
		r.broken("contradiction", path+".feature", m.Feature, "write event: and the type of an event", "%s is a %s feature, of which nothing is counted", m.Feature, r.c.Features[m.Feature].Kind)
	}
	for _, key := range []string{"where", "nth"} {
		if r.has(path, key) && !event {
			r.broken("contradiction", path+"."+key, "", "remove "+key, "%s belongs to event, not to feature", key)
		}
	}
	if r.has(path, "at_least") && !feature {
		r.broken("contradiction", path+".at_least", "", "write nth: instead", "at_least belongs to feature, not to event")
	}
	if event && m.Nth == 0 {
		m.Nth = 1
	}
	if feature && m.AtLeast == 0 {
		m.AtLeast = quantity.Of(1)
	}
	for i, plan := range m.Plans {
		refer(r, "plans", r.c.Plans, fmt.Sprintf("%s.plans[%d]", path, i), plan)
	}
	refer(r, "milestones", r.c.Milestones, path+".after", m.After)
	refer(r, "profiles", r.c.Profiles, path+".help.invite", m.Help.Invite)
	r.compared(path+".for", m.For, nil)
}

func (r *reader) milestoneCircles() {
	circles(r, "milestones", "after", "the milestones wait for each other in a circle: %s", " after ", "let the first have no after",
		r.c.Milestones, func(m *Milestone) (string, string) { return m.Key, m.After })
	refer(r, "profiles", r.c.Profiles, "lifecycle.under_use.help.invite", r.c.Lifecycle.Help.Invite)
}

// readiness reads {upsell: {ready: 60, parts: […]}}.
func (r *reader) readiness(v value) {
	if v.kind() == "nothing" {
		return
	}
	for _, e := range r.entries(v, "{upsell: {parts: […]}}") {
		if !slices.Contains(revenueTypes, e.key) {
			mend := "write one of " + orWords(revenueTypes)
			if near := condition.Nearest(e.key, revenueTypes); near != "" {
				mend = "did you mean " + near + "? " + mend
			}
			r.report(SeverityError, "unknown_key", e.value.path, e.key, e.keyPos, fmt.Sprintf("%q is not a type of revenue", fault.Shorten(e.key)), mend)
			continue
		}
		if r.c.Readiness[RevenueType(e.key)] != nil {
			r.report(SeverityError, "duplicate_key", e.value.path, e.key, e.keyPos, fmt.Sprintf("%q is here a second time", e.key), "keep one of the two")
			continue
		}
		rule := &ReadinessRule{Type: RevenueType(e.key), Ready: defaultReady}
		r.c.Readiness[rule.Type] = rule
		object(r, e.value, readinessFields, rule)
	}
}

// readinessParts reads the contributions; their conditions are compiled later.
func (r *reader) readinessParts(v value, rule *ReadinessRule) {
	elements := r.list(v)
	if len(elements) > maxValues {
		r.wrong(v, "too_long", "name fewer", "these are %d parts, the most is %d", len(elements), maxValues)
		return
	}
	rule.Parts = make([]ReadinessPart, len(elements)) // its own from here on: conditions are set in place
	for i, element := range elements {
		object(r, element, partFields, &rule.Parts[i])
	}
}

var pointsForm = regexp.MustCompile(`^-?[0-9]{1,3}$`)

// points reads -100 to 100, but not 0.
func (r *reader) points(v value) int64 {
	s, ok := r.scalar(v, "write a whole number such as 20")
	if !ok {
		return 0
	}
	n, _ := strconv.ParseInt(s, 10, 64)
	switch {
	case !pointsForm.MatchString(s):
		r.wrong(v, "invalid_number", "write -100 to 100", "%q is not a whole number", fault.Shorten(s))
	case n < -100 || n > 100 || n == 0:
		r.wrong(v, "out_of_range", "write -100 to 100, but not 0", "%s is out of range", s)
	default:
		return n
	}
	return 0
}

func (r *reader) readinessRules() {
	for _, key := range revenueTypes {
		rule := r.c.Readiness[RevenueType(key)]
		path := "readiness." + key
		if rule == nil || r.signs[path] == nil {
			continue
		}
		if !r.has(path, "parts") {
			r.broken("missing", path, "", "write parts: [{group: fit, when: …, points: 20}]", "nothing contributes to it")
		}
		for i := range rule.Parts {
			r.readinessPart(fmt.Sprintf("%s.parts[%d]", path, i), &rule.Parts[i])
		}
	}
}

func (r *reader) readinessPart(path string, p *ReadinessPart) {
	if r.signs[path] == nil {
		return // not a map, reported
	}
	for _, key := range []struct{ key, mend string }{{"group", "write group: fit, usage or intent"}, {"points", "write points: 20"}} {
		if !r.has(path, key.key) {
			r.broken("missing", path, "", key.mend, "%s is missing", key.key)
		}
	}
	switch when, signal := r.has(path, "when"), r.has(path, "signal"); {
	case when && signal:
		r.broken("contradiction", path+".signal", p.Signal, "make two parts of it", "the part is a condition and a signal")
	case !when && !signal:
		r.broken("missing", path, "", `write when: "account.mrr > 100", or signal:`, "nothing says when the points count")
	}
	refer(r, "signals", r.c.Signals, path+".signal", p.Signal)
	r.compared(path+".when", p.When, nil)
}
