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
	// Who subscribed a moment ago is stored by the next checkpoint.
	if err := s.Runner.WaitAll(ctx, s.Runner.Appended(), true); err != nil {
		return nil, err
	}
	if err := s.Store.States(ctx, uses.read); err != nil {
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
	at       []map[string]int // by account, where it is among the members; of features that have closed periods
	heard    map[string]bool  // meters for which anything ever came in
	terms    engine.TermsReader
	meters   map[string]int // the features' meters, numbered
	usage    []*meter.Usage // by the meters' numbers, of one account
}

func usesOf(cat *catalog.Catalog, now clock.Time) *uses {
	u := &uses{cat: cat, now: now, heard: map[string]bool{}, meters: map[string]int{}}
	for _, key := range slices.Sorted(maps.Keys(cat.Features)) {
		f := cat.Features[key]
		if !f.Counted() || cat.Meters[f.Meter] == nil {
			continue
		}
		per := allowancePeriod(cat, key)
		var at map[string]int
		if closes(cat.Meters[f.Meter], per) {
			at = map[string]int{}
		}
		u.features, u.periods, u.at = append(u.features, f), append(u.periods, per), append(u.at, at)
		if _, known := u.meters[f.Meter]; !known {
			u.meters[f.Meter] = len(u.meters)
		}
	}
	u.members, u.usage = make([][]packaging.Member, len(u.features)), make([]*meter.Usage, len(u.meters))
	return u
}

// closes says whether a meter's periods end, and what was used in them is kept.
func closes(m *catalog.Meter, per catalog.Period) bool {
	return m.Aggregate != catalog.Level && per != catalog.Lifetime && spans[per] != 0
}

// read adds a stored account. Of most of them a plan is all they have: what is stored of those is not read whole.
func (u *uses) read(key string, state []byte) error {
	has, err := u.terms.Read(state)
	sub := &has.Subscription
	if err != nil || sub.Plan == "" {
		return err
	}
	if len(sub.Addons) > 0 || len(has.Trials) > 0 || has.Special || sub.Quantity != 1 {
		a, err := engine.ReadStored(key, state)
		if err == nil {
			u.add(key, a)
		}
		return err
	}
	clear(u.usage)
	err = engine.StoredUsages(state, func(m []byte, of *meter.Usage) (bool, error) {
		if n, counted := u.meters[string(m)]; counted {
			u.usage[n] = of
		}
		if !u.heard[string(m)] {
			u.heard[string(m)] = true
		}
		return true, nil
	})
	if err == nil {
		u.member(key, sub, nil)
	}
	return err
}

func (u *uses) add(key string, a *engine.Account) {
	for m := range a.Usage {
		u.heard[m] = true
	}
	for m, n := range u.meters {
		u.usage[n] = a.Usage[m]
	}
	sub := &a.Subscription
	if len(sub.Addons) == 0 && len(a.Trials) == 0 && len(a.Entitled.Grants) == 0 && len(a.Entitled.Overrides) == 0 && sub.Quantity == 1 {
		a = nil
	}
	u.member(key, sub, a)
}

// member adds an account of which u.usage is. special is it where more than its plan says what it may use.
func (u *uses) member(key string, sub *subscription.Subscription, special *engine.Account) {
	if sub.Status != subscription.Active && sub.Status != subscription.Trialing {
		return
	}
	plan := u.cat.PlanOf(sub.Plan, sub.PlanVersion)
	if plan == nil {
		return
	}
	for i, f := range u.features {
		m := packaging.Member{Account: key, Plan: sub.Plan}
		if special != nil {
			given, limit := entitlement.Standing(special.Input(u.cat, u.now), f.Key)
			m.Limit, m.Unlimited = limit, given.Unlimited
		} else if e := plan.Entitlements[f.Key]; e != nil {
			m.Limit, m.Unlimited = e.Limit, e.Unlimited
		}
		if used := u.usage[u.meters[f.Meter]]; used != nil {
			// The newest window is open or the current one is empty, wherever windows begin.
			m.Usage = meter.Value(used, u.cat.Meters[f.Meter], u.periods[i], subscription.Calendar{}, u.now)
		}
		if m.Limit <= 0 && !m.Unlimited && m.Usage <= 0 {
			continue
		}
		if u.at[i] != nil {
			u.at[i][key] = len(u.members[i])
		}
		u.members[i] = append(u.members[i], m)
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
