package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/message"
	"github.com/headroomhq/headroom/internal/money"
)

// index is built by Parse for the engine's look-ups. All lists are in the order of keys.
// Retired signals are left out, and so are what only they lead to.
type index struct {
	metersOf       map[string][]*Meter
	featuresOf     map[string][]*Feature
	signalsOnLimit map[string][]*Signal
	signalsOnTrial []*Signal
	streams        *Streams
	moments        momentIndex
	offersAt       map[string][]*Offer
	offersOn       map[string][]*Offer
	offersAtOn     map[placeSignal][]int
	messages       map[string]*message.Message
	plans          []*Plan
	eventTypes     []string
	placements     []string
	value          []*ValueMetric
	valueMeters    []string
}

// Retired says whether the signal never fires any more.
func (s *Signal) Retired() bool { return s.State == "retired" }

func newIndex(c *Catalog) index {
	x := index{
		metersOf: map[string][]*Meter{}, featuresOf: map[string][]*Feature{},
		signalsOnLimit: map[string][]*Signal{},
		offersAt:       map[string][]*Offer{}, offersOn: map[string][]*Offer{},
		offersAtOn: map[placeSignal][]int{}, messages: map[string]*message.Message{},
		plans: planOrder(c),
	}
	types := map[string]bool{}
	for _, m := range sorted(c.Meters) {
		for _, t := range uniq(m.Event, m.Add, m.Remove, m.Set) {
			x.metersOf[t] = append(x.metersOf[t], m)
			types[t] = true
		}
	}
	for _, f := range sorted(c.Features) {
		if f.Meter != "" {
			x.featuresOf[f.Meter] = append(x.featuresOf[f.Meter], f)
		}
	}
	windows(c)
	for _, s := range sorted(c.Signals) {
		w := &s.When
		switch {
		case s.Retired():
		case w.Limit != "":
			x.signalsOnLimit[w.Limit] = append(x.signalsOnLimit[w.Limit], s)
		case w.TrialEndsIn != 0:
			x.signalsOnTrial = append(x.signalsOnTrial, s)
		}
	}
	x.streams = NewStreams(sorted(c.Signals), c.Meters)
	for _, t := range x.streams.EventTypes() {
		types[t] = true
	}
	x.moments = newMomentIndex(c)
	for t := range x.moments.milestonesOn {
		types[t] = true
	}
	maps.DeleteFunc(types, func(t string, _ bool) bool { return IsOwn(t) })
	for _, o := range sorted(c.Offers) {
		for _, at := range o.At {
			n := len(x.offersAt[at])
			x.offersAt[at] = append(x.offersAt[at], o)
			for _, on := range o.On {
				key := placeSignal{at, on}
				x.offersAtOn[key] = append(x.offersAtOn[key], n)
			}
		}
		x.compile(&o.Content)
		for _, on := range o.On {
			if s := c.Signals[on]; s != nil && !s.Retired() {
				x.offersOn[on] = append(x.offersOn[on], o)
			}
		}
	}
	x.eventTypes = slices.Sorted(maps.Keys(types))
	places := maps.Clone(x.offersAt)
	for key := range c.Places {
		places[key] = nil
	}
	x.placements = slices.Sorted(maps.Keys(places))
	x.value, x.valueMeters = sorted(c.Value), valueMeters(c)
	slices.SortStableFunc(x.value, func(a, b *ValueMetric) int { return boolOrder(a.Main, b.Main) })
	return x
}

// everGiven lists the sets of entitlements that anybody may have: of plans, their earlier
// versions and add-ons.
func (c *Catalog) everGiven() []map[string]*Entitlement {
	var all []map[string]*Entitlement
	for _, p := range sorted(c.Plans) {
		all = append(all, p.Entitlements)
		for _, n := range versions(p) {
			if !maps.Equal(p.Entitlements, p.Earlier[n].Entitlements) {
				all = append(all, p.Earlier[n].Entitlements)
			}
		}
	}
	for _, a := range sorted(c.Addons) {
		all = append(all, a.Entitlements)
	}
	return all
}

// uniq returns the non-empty words, each once.
func uniq(words ...string) []string {
	var out []string
	for _, w := range words {
		if w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// sorted returns the definitions of a section by key.
func sorted[T any](section map[string]*T) []*T {
	out := make([]*T, 0, len(section))
	for _, key := range slices.Sorted(maps.Keys(section)) {
		out = append(out, section[key])
	}
	return out
}

// planOrder orders plans by family, then from the lowest up, then by what a month costs,
// then by key.
func planOrder(c *Catalog) []*Plan {
	heights := make(map[string]int, len(c.Plans))
	var height func(p *Plan) int
	height = func(p *Plan) int { // Parse has refused circles
		if h, known := heights[p.Key]; known {
			return h
		}
		h := 0
		if below := c.Plans[p.Above]; below != nil {
			h = height(below) + 1
		}
		heights[p.Key] = h
		return h
	}
	for _, p := range c.Plans {
		height(p)
	}
	plans := sorted(c.Plans)
	slices.SortStableFunc(plans, func(a, b *Plan) int {
		return cmp.Or(strings.Compare(a.Family, b.Family), cmp.Compare(heights[a.Key], heights[b.Key]),
			cmp.Compare(a.Price.monthly(c.Currency), b.Price.monthly(c.Currency)), strings.Compare(a.Key, b.Key))
	})
	return plans
}

// monthly returns what a month of one costs, by the month if sold so; what is not sold comes last.
func (p Prices) monthly(c money.Currency) money.Twelfths {
	if month, sold := p.Month.Cost(c, 1); sold {
		return money.Monthly(month)
	}
	if year, sold := p.Year.Cost(c, 1); sold {
		return money.Yearly(year)
	}
	return 1<<63 - 1
}

// Text returns the text the catalog was parsed from, as given. It must not be changed.
func (c *Catalog) Text() []byte { return c.text }

// PositionOf returns where the definition or value at path stands in the text, else where
// the nearest path above it does; false when nothing of it is there.
func (c *Catalog) PositionOf(path string) (Position, bool) {
	for path != "" {
		if at, ok := c.positions[path]; ok {
			return at, true
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return Position{}, false
}

// MetersOf returns the meters an event type feeds, levels included, by key.
func (c *Catalog) MetersOf(eventType string) []*Meter { return c.index.metersOf[eventType] }

// FeaturesOf returns the features a meter measures, by key.
func (c *Catalog) FeaturesOf(meter string) []*Feature { return c.index.featuresOf[meter] }

// SignalsOnLimit returns the live signals on a feature's limit, by key.
func (c *Catalog) SignalsOnLimit(feature string) []*Signal { return c.index.signalsOnLimit[feature] }

// Streams returns the live signals on events and gates, by the stream of facts they look at.
func (c *Catalog) Streams() *Streams {
	if c.index.streams == nil { // a catalog that was not parsed: the one before the first
		return &noStreams
	}
	return c.index.streams
}

var noStreams Streams

// SignalsOnTrial returns the live signals on the end of a trial, by key.
func (c *Catalog) SignalsOnTrial() []*Signal { return c.index.signalsOnTrial }

// OffersAt returns the offers that may appear at a placement, by key.
func (c *Catalog) OffersAt(placement string) []*Offer { return c.index.offersAt[placement] }

// placeSignal is a placement and a signal.
type placeSignal struct{ place, signal string }

// OffersAtOn returns which of OffersAt(placement) react to a signal, by their place in that list;
// signals that are retired or not in the catalog included.
func (c *Catalog) OffersAtOn(placement, signal string) []int {
	return c.index.offersAtOn[placeSignal{placement, signal}]
}

// Message returns a text of an offer ready to be written: compiled once for a catalog. The error is
// that of message.Compile.
func (c *Catalog) Message(text string) (*message.Message, error) {
	if m := c.index.messages[text]; m != nil {
		return m, nil
	}
	return message.Compile(text)
}

// compile keeps the texts of an offer's content that can be read.
func (x *index) compile(content *Content) {
	for _, text := range []string{content.Title, content.Body, content.Action} {
		if m, err := message.Compile(text); err == nil {
			x.messages[text] = m
		}
	}
	for _, t := range content.Translations {
		x.compile(&t)
	}
}

// OffersOn returns the offers a live signal leads to, by key.
func (c *Catalog) OffersOn(signal string) []*Offer { return c.index.offersOn[signal] }

// PlansInOrder returns all plans by family, then from the lowest up, then by price.
func (c *Catalog) PlansInOrder() []*Plan { return c.index.plans }

// EventTypes returns all event types that meters, live signals and milestones expect from
// outside, sorted.
func (c *Catalog) EventTypes() []string { return c.index.eventTypes }

// Placements returns all placements that offers name or that are described, sorted.
func (c *Catalog) Placements() []string { return c.index.placements }
