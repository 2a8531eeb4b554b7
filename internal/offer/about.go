package offer

import (
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
)

// figures are the placeholders that are numbers of one feature.
var figures = []string{"usage", "limit", "remaining", "limit_next", "percent"}

// featureOf is the feature the offer speaks of: the moment's, where the offer is about it; that of
// the signal that is alive; those of its other signals, in their order; the moment's at all; the
// first one the give improves, by key. An offer is about the moment's feature when one of its
// signals is, when none of them is about any, or when its texts fit every feature: they name
// {feature}, or no figures. Figures without that name are of what the words say, which is
// counted: then the first of these that is goes before the others. Nil when it speaks of none.
func (x *deciding) featureOf(c *chosen) *catalog.Feature {
	numbers, named := x.speaks(&c.offer.Content)
	var own []string
	if c.signal != nil {
		own = append(own, c.signal.Data["feature"], ruled(x.Catalog.Signals[c.signal.Key]))
	}
	for _, on := range c.offer.On {
		own = append(own, ruled(x.Catalog.Signals[on]))
	}
	own = slices.DeleteFunc(own, func(key string) bool { return x.Catalog.Features[key] == nil })
	keys := slices.Concat(own, []string{x.about})
	if !numbers || named || len(own) == 0 || slices.Contains(own, x.about) {
		keys = slices.Concat([]string{x.about}, own)
	}
	keys = append(keys, x.improved(c)...)
	var first *catalog.Feature
	for _, key := range keys {
		switch f := x.Catalog.Features[key]; {
		case f == nil:
		case !numbers || named || f.Counted():
			return f
		case first == nil:
			first = f
		}
	}
	return first
}

// speaks says whether the texts, in any language, have figures in them, and whether they name the
// feature that these are of.
func (x *deciding) speaks(content *catalog.Content) (numbers, named bool) {
	look := func(c *catalog.Content) {
		for _, text := range []string{c.Title, c.Body, c.Action} {
			m, err := x.Catalog.Message(text)
			if err != nil {
				continue
			}
			for _, name := range m.Names() {
				numbers = numbers || slices.Contains(figures, name)
				named = named || name == "feature"
			}
		}
	}
	look(content)
	for _, t := range content.Translations {
		look(&t)
	}
	return numbers, named
}

// ruled is the feature that a signal's rule looks at; empty when it looks at none, or any.
func ruled(s *catalog.Signal) string {
	if s == nil {
		return ""
	}
	w := &s.When
	for _, key := range []string{w.Limit, w.Gate, w.RunsOut, w.Unlimited, w.Held, w.Unused} {
		if key != "" {
			return key
		}
	}
	return ""
}

// improved are the features that accepting gives the account: what it lacks first, then by key.
func (x *deciding) improved(c *chosen) []string {
	var lacks, others []string
	for _, e := range entitlementsOf(x.Catalog, c.give) {
		switch {
		case x.Catalog.Features[e.Feature] == nil || !gives(e):
		case !has(x.feature(e.Feature)):
			lacks = append(lacks, e.Feature)
		default:
			others = append(others, e.Feature)
		}
	}
	return append(lacks, others...)
}
