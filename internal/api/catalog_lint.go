package api

import (
	"context"
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/packaging"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// lintSpan is how far back the rules of lint look that need data.
const lintSpan = 90 * clock.Day

// LintAnswer is what lint finds.
type LintAnswer struct {
	Version  string            `json:"version" doc:"of the active catalog; empty: there is none yet"`
	Findings []catalog.Finding `json:"findings"`
}

// lintCatalog says what lint finds about the active catalog, with what accounts use.
func (s *Server) lintCatalog(ctx context.Context, in *struct{ PositionParam }) (*struct{ Body LintAnswer }, error) {
	active, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	out := &struct{ Body LintAnswer }{LintAnswer{Version: active.Version, Findings: []catalog.Finding{}}}
	if active.Version == "" {
		return out, nil
	}
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	if _, findings := catalog.Parse("catalog.yaml", active.Text()); findings != nil {
		out.Body.Findings = findings
	}
	uses := usesOf(active, s.Clock.Now())
	if err := s.eachAccount(ctx, uses.add); err != nil {
		return nil, err
	}
	found, err := s.lintData(ctx, uses)
	out.Body.Findings = append(out.Body.Findings, found...)
	return out, err
}

// uses gathers how accounts use the counted features of a catalog.
type uses struct {
	cat      *catalog.Catalog
	now      clock.Time
	features []*catalog.Feature
	periods  []catalog.Period // of the features
	members  [][]packaging.Member
	at       []map[string]int // by account, where it is among the members
	heard    map[string]bool  // meters for which anything ever came in
}

func usesOf(cat *catalog.Catalog, now clock.Time) *uses {
	u := &uses{cat: cat, now: now, heard: map[string]bool{}}
	for _, key := range slices.Sorted(maps.Keys(cat.Features)) {
		if f := cat.Features[key]; f.Counted() && cat.Meters[f.Meter] != nil {
			u.features = append(u.features, f)
			u.periods = append(u.periods, allowancePeriod(cat, key))
			u.at = append(u.at, map[string]int{})
		}
	}
	u.members = make([][]packaging.Member, len(u.features))
	return u
}

func (u *uses) add(key string, a *engine.Account) {
	for meter := range a.Usage {
		u.heard[meter] = true
	}
	sub := &a.Subscription
	if sub.Status != subscription.Active && sub.Status != subscription.Trialing {
		return
	}
	plan := u.cat.PlanOf(sub.Plan, sub.PlanVersion)
	if plan == nil {
		return
	}
	special := len(sub.Addons) > 0 || len(a.Trials) > 0 || len(a.Entitled.Grants) > 0 || len(a.Entitled.Overrides) > 0 || sub.Quantity != 1
	for i, f := range u.features {
		m := packaging.Member{Account: key, Plan: sub.Plan}
		if special {
			given, limit := entitlement.Standing(a.Input(u.cat, u.now), f.Key)
			m.Limit, m.Unlimited = limit, given.Unlimited
		} else if e := plan.Entitlements[f.Key]; e != nil {
			m.Limit, m.Unlimited = e.Limit, e.Unlimited
		}
		if used := a.Usage[f.Meter]; used != nil {
			// The newest window is open or the current one is empty, wherever windows begin.
			m.Usage = meter.Value(used, u.cat.Meters[f.Meter], u.periods[i], subscription.Calendar{}, u.now)
		}
		if m.Limit > 0 || m.Unlimited || m.Usage > 0 {
			u.at[i][key] = len(u.members[i])
			u.members[i] = append(u.members[i], m)
		}
	}
}

// lintData runs the rules of lint that need what accounts use.
func (s *Server) lintData(ctx context.Context, u *uses) ([]catalog.Finding, error) {
	in := packaging.LintInput{Catalog: u.cat, Members: map[string][]packaging.Member{}, Momentary: map[string]bool{}, Heard: u.heard}
	for i, f := range u.features {
		m := u.cat.Meters[f.Meter]
		switch span := spans[u.periods[i]]; {
		case m.Aggregate == catalog.Level || u.periods[i] == catalog.Lifetime: // as much as there is
		case span == 0:
			in.Momentary[f.Key] = true
		default:
			err := s.Store.Peaks(ctx, m.Key, string(u.periods[i]), u.now-(completePeriods+1)*span, func(account string, usage int64) {
				if n, ok := u.at[i][account]; ok {
					u.members[i][n].Usage = max(u.members[i][n].Usage, quantity.Quantity(usage))
				}
			})
			if err != nil {
				return nil, err
			}
		}
		in.Members[f.Key] = u.members[i]
	}
	var err error
	in.Refused, in.Qualified, err = s.qualified(ctx, u.now-lintSpan)
	if err != nil {
		return nil, err
	}
	return packaging.Lint(in), nil
}

// lintDecisions is how many decisions lint looks into, the newest.
const lintDecisions = 10_000

// qualified counts since when by offer the decisions that turned it away for what it says or
// gives, and those in which it could have been shown. Only what was decided with something to
// show, or to hold out, is on record.
func (s *Server) qualified(ctx context.Context, since clock.Time) (refused, fits map[string]int64, err error) {
	refused, fits = map[string]int64{}, map[string]int64{}
	err = s.Store.Considered(ctx, since, lintDecisions, func(offer, code string) {
		switch code {
		case "no_signal", "not_related", "routed_to_people": // not its turn
		case "chosen", "holdout", "outranked", "cooldown", "at_most":
			fits[offer]++
		default:
			refused[offer]++
		}
	})
	if err != nil {
		return nil, nil, err
	}
	funnels, err := s.Store.Funnels(ctx, since, 0)
	for _, f := range funnels {
		fits[f.Offer] += f.Shown + f.Holdout
	}
	return refused, fits, err
}
