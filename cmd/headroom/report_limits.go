package main

import (
	"os"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

// catalogLimits answers the report's questions from a catalog. Exports call plans and
// features by key or by title, in whatever case.
type catalogLimits struct {
	plans    map[string]*catalog.Plan
	features map[string]string // name as exported -> feature key
}

// readLimits reads a catalog for its limits.
func readLimits(name string) (*catalogLimits, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fault.New(fault.NotFound, "file_unreadable", "--catalog %s cannot be read: %v", name, unwrapPath(err)).
			WithMend("check the name").WithCause(err)
	}
	c, findings := catalog.Parse(name, text)
	if err := catalog.AsError(findings); err != nil {
		return nil, err
	}
	l := &catalogLimits{plans: map[string]*catalog.Plan{}, features: map[string]string{}}
	for key, p := range c.Plans {
		l.plans[plainName(key)], l.plans[plainName(p.Title)] = p, p
	}
	for key, f := range c.Features {
		l.features[plainName(key)], l.features[plainName(f.Title)] = key, key
		if f.Meter != "" {
			if _, taken := l.features[plainName(f.Meter)]; !taken {
				l.features[plainName(f.Meter)] = key
			}
		}
	}
	return l, nil
}

func plainName(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// Limit returns the limit of a feature on a plan. Those of other periods than a month are left
// out: usage in an export is by the month.
func (l *catalogLimits) Limit(plan, feature string) (limit quantity.Quantity, lifetime, ok bool) {
	p := l.plans[plainName(plan)]
	if p == nil {
		return 0, false, false
	}
	e := p.Entitlements[l.features[plainName(feature)]]
	if e == nil || e.Unlimited || e.Limit <= 0 || e.Per != catalog.Lifetime && e.Per != catalog.Month {
		return 0, false, false
	}
	return e.Limit, e.Per == catalog.Lifetime, true
}
