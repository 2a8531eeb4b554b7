package catalog

import (
	"bytes"
	"maps"
)

// WithSignals returns the catalog with the signals of another one in the place of its own: what a
// version would have noticed with other rules. Plans, prices, offers and all else stay, and so
// does Version. Meters and milestones that only the other one has come along, so that a rule over
// them has something to look at; a rule about a feature that c does not have is left out: nobody
// had it then. Neither catalog is changed.
func (c *Catalog) WithSignals(other *Catalog) *Catalog {
	next := *c
	next.Meters, next.Features = own(c.Meters), maps.Clone(c.Features)
	next.Milestones = maps.Clone(c.Milestones)
	for key, m := range other.Meters {
		if next.Meters == nil {
			next.Meters = map[string]*Meter{}
		}
		if next.Meters[key] == nil {
			taken := *m
			next.Meters[key] = &taken
		}
	}
	for key, m := range other.Milestones {
		if next.Milestones == nil {
			next.Milestones = map[string]*Milestone{}
		}
		if next.Milestones[key] == nil && (m.Feature == "" || c.Features[m.Feature] != nil) {
			next.Milestones[key] = m
		}
	}
	next.Signals = make(map[string]*Signal, len(other.Signals))
	for key, s := range other.Signals {
		if f := s.When.feature(); f == "" || f == "any" || c.Features[f] != nil {
			taken := *s
			next.Signals[key] = &taken
		}
	}
	next.index = newIndex(&next)
	return &next
}

// About says whether a rule is about a feature.
func (w *When) About(feature string) bool { return w.feature() == feature }

// feature is the feature that a rule is about, empty when it is about none.
func (w *When) feature() string {
	for _, f := range []string{w.Limit, w.RunsOut, w.Unlimited, w.Held, w.Gate, w.Unused} {
		if f != "" {
			return f
		}
	}
	return ""
}

// own copies definitions that building an index writes to.
func own[T any](section map[string]*T) map[string]*T {
	out := make(map[string]*T, len(section))
	for key, d := range section {
		taken := *d
		out[key] = &taken
	}
	return out
}

// Proposal reads a text that proposes signals: a whole catalog, or only signals, which then take
// the place of those of their names in the active catalog, or come beside them. keys are the
// signals that such a part names; nil for a whole catalog.
func Proposal(active *Catalog, text []byte) (c *Catalog, keys []string, findings []Finding) {
	r := &reader{c: &Catalog{}, file: "proposal"}
	part := newMapping()
	if len(text) <= MaxText {
		for _, p := range split("proposal", text) {
			for _, d := range r.documents(p) {
				if o, ok := documentOf(d.node).(*mapping); ok {
					part.merge(o)
				}
			}
		}
	}
	signals, ok := part.values["signals"].(*mapping)
	delete(part.values, "version")
	if !ok || len(part.values) != 1 || HasErrors(r.findings) {
		c, findings = Parse("proposal", text)
		return c, nil, findings
	}
	whole := newMapping()
	for _, p := range split("", active.text) {
		for _, d := range r.documents(p) {
			if o, ok := documentOf(d.node).(*mapping); ok {
				whole.merge(o)
			}
		}
	}
	whole.merge(part)
	var b bytes.Buffer
	writeDocument(&b, whole, "")
	c, findings = Parse("proposal", b.Bytes())
	for i := range findings { // places in a text that nobody has seen
		findings[i].File, findings[i].Line, findings[i].Column = "", 0, 0
	}
	return c, signals.keys, findings
}
