package signal

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
)

// Coverage: what the catalog expects to hear, and what it hears.

// CoverageSpan is how far back types of events are looked for, and silentAfter how long a type that
// came in before must be away to be no longer received.
const (
	CoverageSpan = 90
	silentAfter  = 14 * clock.Day
)

// Received is what came in of an event type within CoverageSpan days.
type Received struct {
	Type   string
	Events int64
	Last   clock.Time
}

// Coverage is the answer.
type Coverage struct {
	At       clock.Time        `json:"at"`
	Version  string            `json:"version" doc:"of the active catalog"`
	Expected []ExpectedType    `json:"expected" doc:"event types that meters, rules and milestones are over: those not received first"`
	Unknown  []UnknownReceived `json:"unknown" doc:"types that came in and that nothing in the catalog is over, the most frequent first"`
	Others   int64             `json:"others" doc:"events of types beyond those that are counted by name"`
	Features []CoveredFeature  `json:"features" doc:"features with no rule, those with no offer first"`
	Never    []NeverFired      `json:"never_fired" doc:"rules that never fired"`
	Overdue  []OverdueReview   `json:"overdue" doc:"reviews that are past, the oldest first"`
	Notes    []string          `json:"notes"`
}

// ExpectedType is an event type the catalog expects.
type ExpectedType struct {
	Type   string     `json:"type"`
	Status string     `json:"status" enum:"never,no_longer,received" doc:"never: not within 90 days; no_longer: not in the last 14"`
	Events int64      `json:"events" doc:"in the last 90 days"`
	LastAt clock.Time `json:"last_at" doc:"empty: never in 90 days"`
	For    []string   `json:"for" doc:"what is over it, as meters.emails"`
}

// UnknownReceived is a type that nobody expects.
type UnknownReceived struct {
	Type   string     `json:"type"`
	Events int64      `json:"events" doc:"in the last 90 days"`
	LastAt clock.Time `json:"last_at"`
	Meant  string     `json:"meant,omitempty" doc:"a type that the catalog expects and that is written almost so"`
}

// CoveredFeature is a feature that no live rule is about.
type CoveredFeature struct {
	Feature string `json:"feature"`
	Title   string `json:"title"`
	Offer   bool   `json:"offer" doc:"an offer gives it"`
}

// NeverFired is a rule that never fired.
type NeverFired struct {
	Key   string `json:"key"`
	Title string `json:"title"`
	State string `json:"state"`
	Why   string `json:"why,omitempty" doc:"where it is plain"`
}

// OverdueReview is a review that is past.
type OverdueReview struct {
	Key    string     `json:"key"`
	Title  string     `json:"title"`
	Owner  string     `json:"owner"`
	Review clock.Time `json:"review"`
	Days   int64      `json:"days" doc:"since"`
}

// CoverageOf compares a catalog with what came in; fired says whether a rule ever fired.
func CoverageOf(c *catalog.Catalog, received []Received, fired func(rule string) bool, now clock.Time) *Coverage {
	out := &Coverage{At: now, Version: c.Version, Expected: []ExpectedType{}, Unknown: []UnknownReceived{}, Features: []CoveredFeature{},
		Never: []NeverFired{}, Overdue: []OverdueReview{}, Notes: []string{
			"Events are counted once, by the day on which they came in; imported usage is not among them.",
		}}
	over := uses(c)
	seen := make(map[string]Received)
	var expected []string
	for name := range over {
		expected = append(expected, name)
	}
	slices.Sort(expected)
	for _, r := range received {
		seen[r.Type] = r
		switch {
		case r.Type == "":
			out.Others = r.Events
		case over[r.Type] == nil:
			out.Unknown = append(out.Unknown, UnknownReceived{r.Type, r.Events, r.Last, condition.Nearest(r.Type, expected)})
		}
	}
	slices.SortStableFunc(out.Unknown, func(a, b UnknownReceived) int { return cmp.Compare(b.Events, a.Events) })
	silent := make(map[string]bool)
	for _, name := range expected {
		r := seen[name]
		x := ExpectedType{Type: name, Status: "received", Events: r.Events, LastAt: r.Last, For: over[name]}
		switch {
		case r.Events == 0:
			x.Status, silent[name] = "never", true
		case now-r.Last > silentAfter:
			x.Status = "no_longer"
		}
		out.Expected = append(out.Expected, x)
	}
	rank := map[string]int{"never": 0, "no_longer": 1, "received": 2}
	slices.SortStableFunc(out.Expected, func(a, b ExpectedType) int { return cmp.Compare(rank[a.Status], rank[b.Status]) })
	out.features(c)
	for _, key := range sortedRules(c) {
		r := c.Signals[key]
		if r.Retired() {
			continue
		}
		title := cmp.Or(r.Title, key)
		if !fired(key) {
			n := NeverFired{Key: key, Title: title, State: cmp.Or(r.State, "proposed")}
			for _, name := range typesOf(c, r) {
				if silent[name] {
					n.Why = fmt.Sprintf("no %s came in within %d days", name, CoverageSpan)
				}
			}
			out.Never = append(out.Never, n)
		}
		if r.Review != 0 && r.Review <= now {
			out.Overdue = append(out.Overdue, OverdueReview{key, title, r.Owner, r.Review, int64((now - r.Review) / clock.Day)})
		}
	}
	slices.SortStableFunc(out.Overdue, func(a, b OverdueReview) int { return cmp.Compare(a.Review, b.Review) })
	return out
}

// uses returns what in the catalog is over each event type. What we make ourselves is not waited for.
func uses(c *catalog.Catalog) map[string][]string {
	out := make(map[string][]string)
	add := func(name, path string) {
		if name != "" && !slices.Contains(out[name], path) && !own(name) {
			out[name] = append(out[name], path)
		}
	}
	for key, m := range c.Meters {
		for _, name := range []string{m.Event, m.Add, m.Remove, m.Set} {
			add(name, "meters."+key)
		}
	}
	for key, r := range c.Signals {
		if r.Retired() {
			continue
		}
		for _, name := range ruleTypes(c, r) {
			add(name, "signals."+key)
		}
	}
	for key, m := range c.Milestones {
		add(m.Event, "milestones."+key)
	}
	for _, name := range c.EventTypes() { // whatever else a catalog comes to expect
		if out[name] == nil {
			add(name, "catalog")
		}
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}

// own says whether the server makes the events of a type itself.
func own(name string) bool {
	const prefix = "headroom."
	return len(name) > len(prefix) && name[:len(prefix)] == prefix
}

// ruleTypes returns the event types that a rule names.
func ruleTypes(c *catalog.Catalog, r *catalog.Signal) []string {
	w := &r.When
	var out []string
	for _, name := range []string{w.Event, w.Without, w.Absent} {
		if name != "" {
			out = append(out, name)
		}
	}
	if w.Rate != "" && c.Meters[w.Rate] == nil {
		out = append(out, w.Rate)
	}
	for _, step := range w.Sequence {
		out = append(out, step.Event)
	}
	return out
}

// typesOf returns the event types without which a rule cannot fire.
func typesOf(c *catalog.Catalog, r *catalog.Signal) []string {
	w := &r.When
	out := ruleTypes(c, r)
	if w.Without != "" {
		out = slices.DeleteFunc(out, func(name string) bool { return name == w.Without })
	}
	for _, feature := range []string{w.Limit, w.RunsOut, w.Unlimited, w.Held} {
		if f := c.Features[feature]; f != nil && f.Meter != "" {
			if m := c.Meters[f.Meter]; m != nil {
				out = append(out, cmp.Or(m.Event, m.Add, m.Set))
			}
		}
	}
	if m := c.Meters[w.Rate]; w.Rate != "" && m != nil {
		out = append(out, cmp.Or(m.Event, m.Add, m.Set))
	}
	return slices.DeleteFunc(out, func(name string) bool { return name == "" })
}

// features lists those that no live rule is about.
func (v *Coverage) features(c *catalog.Catalog) {
	ruled, meters, offered := make(map[string]bool), make(map[string]bool), make(map[string]bool)
	for _, r := range c.Signals {
		w := &r.When
		if r.Retired() {
			continue
		}
		for _, f := range []string{w.Limit, w.RunsOut, w.Unlimited, w.Held, w.Gate, w.Unused} {
			ruled[f] = true
		}
		meters[w.Rate] = true
	}
	for _, o := range c.Offers {
		offered[o.Give.Feature] = true
		if a := c.Addons[o.Give.Addon]; a != nil {
			for f := range a.Entitlements {
				offered[f] = true
			}
		}
		if p := c.Plans[o.Give.Plan]; p != nil {
			for f := range p.Entitlements {
				offered[f] = true
			}
		}
	}
	keys := make([]string, 0, len(c.Features))
	for key := range c.Features {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		f := c.Features[key]
		if !ruled[key] && !(f.Meter != "" && meters[f.Meter]) {
			v.Features = append(v.Features, CoveredFeature{key, cmp.Or(f.Title, key), offered[key]})
		}
	}
	slices.SortStableFunc(v.Features, func(a, b CoveredFeature) int { return cmp.Compare(number(a.Offer), number(b.Offer)) })
}
