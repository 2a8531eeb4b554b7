package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/packaging"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/store"
	"github.com/valyala/fastjson"
)

// FeatureParam names the feature in the path.
type FeatureParam struct {
	Feature string `path:"feature" maxLength:"200" doc:"the feature's key"`
}

type limitDesignRequest struct {
	FeatureParam
	PositionParam
	SegmentBy  string `query:"segment_by" maxLength:"200" doc:"trait of accounts by which the distribution is parted"`
	Clusters   int    `query:"clusters" minimum:"0" maximum:"100" doc:"how many clusters; by the Bayesian information criterion when left out"`
	Plan       string `query:"plan" maxLength:"200" doc:"plan whose limit is weighed, all others keep theirs; when left out each limit is weighed for the plan whose limit today is the nearest at or above it, else the nearest to it"`
	Candidates string `query:"candidates" maxLength:"1000" doc:"limits to weigh besides those suggested, parted by commas; when left out the one that the plan has today"`
	Upgrade    int64  `query:"upgrade" minimum:"0" maximum:"100" default:"20" doc:"percent of squeezed accounts that are assumed to upgrade, and of those that would fit into a lower plan to step down"`
}

type limitDesignAnswer struct{ Body packaging.LimitAnswer }

// usualUpgrade is the percent that is assumed when none is said: the default of upgrade.
const usualUpgrade = 20

// maxCandidates bounds how many limits are weighed in a call.
const maxCandidates = 20

func (s *Server) limitDesign(ctx context.Context, in *limitDesignRequest) (*limitDesignAnswer, error) {
	cat, f, err := s.feature(ctx, in.Feature)
	if err != nil {
		return nil, err
	}
	m := cat.Meters[f.Meter]
	if !f.Counted() || m == nil {
		return nil, fault.New(fault.Invalid, "feature_not_metered", "feature %s is not counted, so it has no limit", f.Key).
			WithMend("ask about a feature of kind metered or seats").WithField("path.feature", f.Key, "is not metered")
	}
	q := packaging.LimitQuestion{Catalog: cat, Feature: f, Per: allowancePeriod(cat, f.Key), Clusters: in.Clusters, Upgrade: in.Upgrade, Plan: in.Plan}
	if in.Plan != "" && cat.Plans[in.Plan] == nil {
		return nil, fault.New(fault.Invalid, "unknown_plan", "plan %q is not in the catalog", fault.Shorten(in.Plan)).
			WithMend("use the key of a plan of the catalog, or leave it out").WithField("query.plan", in.Plan, "is not in the catalog")
	}
	for text := range strings.SplitSeq(in.Candidates, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		limit, err := quantity.Parse(text)
		if err != nil || limit <= 0 || len(q.Candidates) >= maxCandidates {
			return nil, fault.New(fault.Invalid, "candidate_invalid", "candidate %q is not one of up to %d numbers above zero", fault.Shorten(text), maxCandidates).
				WithField("query.candidates", in.Candidates, "must be numbers above zero, parted by commas")
		}
		q.Candidates = append(q.Candidates, limit)
	}
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	if q.Members, err = s.members(ctx, cat, f, q.Per, in.SegmentBy); err != nil {
		return nil, err
	}
	return &limitDesignAnswer{packaging.Limits(q)}, nil
}

// feature returns a feature of the active catalog.
func (s *Server) feature(ctx context.Context, key string) (*catalog.Catalog, *catalog.Feature, error) {
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, nil, err
	}
	f := cat.Features[key]
	if f == nil {
		return nil, nil, fault.New(fault.NotFound, "unknown_feature", "feature %q is not in the catalog", fault.Shorten(key)).
			WithMend("use the key of a feature of the catalog").WithField("path.feature", key, "is not in the catalog")
	}
	return cat, f, nil
}

// allowancePeriod returns the period that most plans limit a feature by, of several the first by name.
func allowancePeriod(cat *catalog.Catalog, feature string) catalog.Period {
	by := map[catalog.Period]int{}
	var all []catalog.Period
	for _, p := range cat.Plans {
		if e := p.Entitlements[feature]; e != nil && !e.Unlimited {
			if by[e.Per]++; by[e.Per] == 1 {
				all = append(all, e.Per)
			}
		}
	}
	if len(all) == 0 {
		return catalog.Month // a meter keeps months where no allowance asks for others; a level has its own
	}
	return slices.MinFunc(all, func(a, b catalog.Period) int { return cmp.Or(cmp.Compare(by[b], by[a]), cmp.Compare(a, b)) })
}

// completePeriods is how many closed periods count beside the current one.
const completePeriods = 3

// spans are about the lengths of the periods of the calendar, rounded up.
var spans = map[catalog.Period]clock.Time{catalog.Day: clock.Day, catalog.Week: 7 * clock.Day, catalog.Month: 31 * clock.Day, catalog.Year: 366 * clock.Day}

// members gathers the accounts that have a feature, with the most they used of it in a period.
func (s *Server) members(ctx context.Context, cat *catalog.Catalog, f *catalog.Feature, per catalog.Period, trait string) ([]packaging.Member, error) {
	var list []packaging.Member
	at := map[string]int{}
	var parser fastjson.Parser
	err := s.Store.Subscribers(ctx, trait != "", func(x store.Subscriber, doc []byte) (err error) {
		m := packaging.Member{Account: x.Account, Name: x.Name, Plan: x.Plan, MRR: money.Twelfths(x.MRR), Currency: money.Currency(x.Currency)}
		if trait != "" {
			m.Segment, err = traitOf(&parser, doc, trait)
		}
		at[m.Account] = len(list)
		list = append(list, m)
		return err
	})
	if err != nil {
		return nil, err
	}
	all, meter := s.holdings(cat), cat.Meters[f.Meter]
	now := all.now
	err = s.Store.States(ctx, func(key string, state []byte) error {
		i, ok := at[key]
		if !ok {
			return nil
		}
		x, err := all.read(key, state)
		if err == nil {
			err = x.member(&list[i], f)
		}
		if err != nil {
			return err
		}
		list[i].Usage, err = engine.StoredUsage(state, meter, per, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	if span := spans[per]; span != 0 && meter.Aggregate != catalog.Level {
		err = s.Store.Peaks(ctx, meter.Key, string(per), now-(completePeriods+1)*span, func(account string, usage int64) {
			if i, ok := at[account]; ok {
				list[i].Usage = max(list[i].Usage, quantity.Quantity(usage))
			}
		})
	}
	return slices.DeleteFunc(list, func(m packaging.Member) bool { return m.Limit <= 0 && !m.Unlimited && m.Usage <= 0 }), err
}

// traitOf reads one trait out of an account's document, as text; empty when it has none.
func traitOf(p *fastjson.Parser, doc []byte, trait string) (string, error) {
	v, err := p.ParseBytes(doc)
	if err != nil {
		return "", fmt.Errorf("stored account: %w", err)
	}
	switch v = v.Get("traits", trait); {
	case v == nil || v.Type() == fastjson.TypeNull:
		return "", nil
	case v.Type() == fastjson.TypeString:
		return fault.Shorten(string(v.GetStringBytes())), nil
	}
	return fault.Shorten(v.String()), nil // a number, true or false
}
