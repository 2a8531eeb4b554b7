package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/packaging"
)

// limitBelowUsage is the code of what a catalog may be applied in spite of, when asked to.
const limitBelowUsage = "limit_below_usage"

// accepted reads what the caller accepts.
func accepted(query string) ([]string, error) {
	if query == "" {
		return nil, nil
	}
	list := strings.Split(query, ",")
	for _, one := range list {
		if one != limitBelowUsage {
			return nil, fault.New(fault.Invalid, "invalid", "accept is %q", fault.Shorten(one)).
				WithField("query.accept", one, "must be "+limitBelowUsage)
		}
	}
	return list, nil
}

// impactOf looks at every account to say what a catalog would do to it; at none where nothing
// is sold differently and nobody asks how it is used.
func (s *Server) impactOf(ctx context.Context, active, next *catalog.Catalog, used *uses) (*packaging.Impact, error) {
	im := packaging.NewImpact(active, next)
	paid := payers{dropped: droppedCurrencies(active, next)}
	nobody := active.Version == "" || im.Nobody() && len(paid.dropped) == 0
	if nobody && used == nil {
		return im, nil
	}
	now := s.Clock.Now()
	err := s.eachAccount(ctx, func(key string, a *engine.Account) {
		if !nobody {
			im.Add(packaging.Holder{Account: key, Name: a.Facts.Name, Input: a.Input(active, now)})
			paid.add(key, a)
		}
		if used != nil {
			used.add(key, a)
		}
	})
	if err == nil {
		err = paid.refused()
	}
	return im, err
}

// eachAccount calls f with every account as it stands after what was appended so far.
func (s *Server) eachAccount(ctx context.Context, f func(key string, a *engine.Account)) error {
	// Who subscribed a moment ago is stored by the next checkpoint.
	if err := s.Runner.WaitAll(ctx, s.Runner.Appended(), true); err != nil {
		return err
	}
	return s.Store.States(ctx, func(key string, state []byte) error {
		a, err := engine.ReadStored(key, state)
		if err != nil {
			return err
		}
		f(key, a)
		return nil
	})
}

// inUse refuses a catalog without something that accounts have: they would lose what they pay
// for.
func inUse(gone []packaging.Gone, next *catalog.Catalog) error {
	var e *fault.Error
	for _, g := range gone {
		names := g.Names()
		few := strings.Join(names[:min(len(names), 3)], ", ")
		if g.Accounts > 3 {
			few += " and more"
		}
		on := fmt.Sprintf("is missing while %s it (%s)", counted(g.Accounts, "account has", "accounts have"), fault.Shorten(few))
		switch {
		case g.Addon:
			if e == nil {
				e = fault.New(fault.Conflict, "addon_in_use", "add-on %q %s", g.Key, on).
					WithMend("keep the add-on with retired: true, or take it off their subscriptions first")
			}
			e.WithField("addons."+g.Key, "", on)
		case g.Version > 0:
			if e == nil {
				e = fault.New(fault.Conflict, "plan_in_use", "version %d of plan %q %s", g.Version, g.Key, on).
					WithMend("keep it under earlier: {%d: …}, or change its accounts to the newest version first, with plan_version in PUT /v1/accounts/{account}/subscription", g.Version)
				if p := next.Plans[g.Key]; p != nil && g.Version > p.Version { // earlier holds only lower ones
					e = e.WithMend("move them with plan_version %d in PUT /v1/accounts/{account}/subscription first, where the active catalog has it, or apply the old terms as a newer version of the plan, %d, with %d under earlier",
						p.Version, g.Version+1, g.Version)
				}
			}
			e.WithField(fmt.Sprintf("plans.%s.earlier.%d", g.Key, g.Version), "", on)
		default:
			if e == nil {
				e = fault.New(fault.Conflict, "plan_in_use", "plan %q %s", g.Key, on).
					WithMend("keep the plan with retired: true, or move its accounts to another one first")
			}
			e.WithField("plans."+g.Key, "", on)
		}
	}
	if e == nil {
		return nil
	}
	return e
}

// belowUsage refuses limits that accounts are above already.
func belowUsage(a *packaging.ImpactAnswer) error {
	first := a.Squeezed[0]
	e := fault.New(fault.Conflict, "limit_below_usage", "%s above a new limit, such as %s: it uses %s of %s, and the limit would be %s",
		counted(a.Above, "account is", "accounts are"), fault.Shorten(first.Account), first.Usage, first.Feature, first.Limit).
		WithMend("raise the limit, give the plan a new version and keep this one under earlier, or apply it with accept=%s (--accept %[1]s on the command line)", limitBelowUsage)
	for _, s := range a.Squeezed[:min(len(a.Squeezed), 10)] {
		e.WithField(s.Feature, s.Usage.String(), fmt.Sprintf("is above the new limit of %s on %s", s.Limit, fault.Shorten(s.Account)))
	}
	return e
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// weighed says what a catalog does to accounts, and refuses what must not be done to them.
func (s *Server) weighed(ctx context.Context, active, next *catalog.Catalog, a *application, used *uses) (*packaging.ImpactAnswer, error) {
	im, err := s.impactOf(ctx, active, next, used)
	if err != nil {
		return nil, err
	}
	if err := inUse(im.Gone(), next); err != nil {
		return nil, err
	}
	answer := im.Answer()
	if !a.dry && answer.Above > 0 && !slices.Contains(a.accept, limitBelowUsage) {
		return nil, belowUsage(&answer)
	}
	return &answer, nil
}
