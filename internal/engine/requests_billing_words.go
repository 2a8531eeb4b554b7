package engine

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
)

// What a billing page calls things.

// features are the catalog's, by key, without what is hidden as long as it is locked.
func (p *page) features() []*catalog.Feature {
	var out []*catalog.Feature
	for _, key := range slices.Sorted(maps.Keys(p.c.Features)) {
		if !p.has[key].Hidden {
			out = append(out, p.c.Features[key])
		}
	}
	return out
}

func (p *page) addonKeys() []string { return slices.Sorted(maps.Keys(p.c.Addons)) }

// title is what people call a feature, in their language.
func (p *page) title(f *catalog.Feature) string {
	return cmp.Or(entitlement.ContentOf(f, p.ask.Languages).Title, f.Key)
}

func (p *page) planTitle(key string) string {
	if plan := p.c.Plans[key]; plan != nil {
		return cmp.Or(plan.Title, key)
	}
	return key
}

// titleOf is what people call what an option gives.
func (p *page) titleOf(g catalog.Give) string {
	if a := p.c.Addons[g.Addon]; a != nil {
		return cmp.Or(a.Title, g.Addon)
	}
	if f := p.c.Features[g.Feature]; f != nil {
		return p.title(f)
	}
	if g.Plan == "" {
		return p.Subscription.Title
	}
	return p.planTitle(g.Plan)
}

// inAWord says in a word what is given of a feature.
func inAWord(f *catalog.Feature, given map[string]entitlement.Answer) string {
	has := given[f.Key]
	switch {
	case has.Unlimited:
		return "unlimited"
	case f.Counted():
		if has.Limit == nil || *has.Limit == 0 && !has.Allowed {
			return "no"
		}
		return limitWords(has.Limit)
	case !has.Allowed:
		return "no"
	case has.Value != "":
		return has.Value
	}
	return "yes"
}

func limitWords(limit *quantity.Quantity) string {
	if limit == nil {
		return "unlimited"
	}
	return signal.Grouped(limit.String())
}

// messageOf is a fault's message, safe to show.
func messageOf(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message
	}
	return err.Error()
}
