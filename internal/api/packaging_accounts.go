package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/packaging"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/store"
	"github.com/headroomhq/headroom/internal/subscription"
)

// holdings reads out of stored states what accounts may use of features, as entitlement says it.
// Most accounts have a plan and nothing else: what such a plan gives is worked out once.
type holdings struct {
	cat   *catalog.Catalog
	now   clock.Time
	terms engine.TermsReader
	plain map[soldAs]bool
}

// soldAs is all that decides whether an account without anything special has a feature.
type soldAs struct {
	plan    string
	version int
	status  subscription.Status
	feature string
}

func (s *Server) holdings(cat *catalog.Catalog) *holdings {
	return &holdings{cat: cat, now: s.Clock.Now(), plain: map[soldAs]bool{}}
}

// holding is one account's stored state.
type holding struct {
	engine.Bought
	of    *holdings
	key   string
	state []byte
	whole *engine.Account // read when it is first needed
}

// read reads an account's state, which must stay as it is while the holding is used.
func (h *holdings) read(key string, state []byte) (*holding, error) {
	b, err := h.terms.Read(state)
	return &holding{Bought: b, of: h, key: key, state: state}, err
}

// special says whether more than its plan decides what the account has.
func (x *holding) special() bool {
	return x.Special || len(x.Trials) > 0 || len(x.Subscription.Addons) > 0
}

func (x *holding) input() (entitlement.Input, error) {
	if x.whole == nil {
		a, err := engine.ReadStored(x.key, x.state)
		if err != nil {
			return entitlement.Input{}, err
		}
		x.whole = a
	}
	return x.whole.Input(x.of.cat, x.of.now), nil
}

// has says whether the account has a feature: by its plan as bought, add-ons, trials, grants or an
// override, whatever of it is used up.
func (x *holding) has(feature string) (bool, error) {
	sub := &x.Subscription
	kind := soldAs{sub.Plan, sub.PlanVersion, sub.Status, feature}
	if has, known := x.of.plain[kind]; known && !x.special() {
		return has, nil
	}
	in, err := x.input()
	if err != nil {
		return false, err
	}
	has := entitlement.Check(in, feature, 0).Allowed
	if !x.special() {
		x.of.plain[kind] = has
	}
	return has, nil
}

// member fills in what an account may use of a counted feature, and what of that its plan gives.
func (x *holding) member(m *packaging.Member, f *catalog.Feature) error {
	sub := &x.Subscription
	given := entitlement.GivenOf(x.of.cat, sub, f.Key)
	m.Limit, m.Unlimited = given.Limit, given.Unlimited
	if x.special() {
		in, err := x.input()
		if err != nil {
			return err
		}
		given, m.Limit = entitlement.Standing(in, f.Key)
		m.Unlimited = given.Unlimited
	}
	m.Plan = sub.Plan
	plan := x.of.cat.PlanOf(sub.Plan, sub.PlanVersion)
	var own catalog.Entitlement
	if plan != nil && plan.Entitlements[f.Key] != nil {
		own = *plan.Entitlements[f.Key]
	}
	if own.PerUnit {
		m.Times = max(sub.Quantity, 1)
	}
	m.Kept = given.Source == "override" || m.Unlimited && !own.Unlimited || plan != x.of.cat.Plans[sub.Plan]
	if !m.Unlimited && !own.Unlimited {
		m.Extra = max(m.Limit-own.Limit*quantity.Quantity(max(m.Times, 1)), 0)
	}
	return nil
}

// target is what accounts have or lack: a feature, or an add-on; and whom it is for.
type target struct {
	feature *catalog.Feature
	addon   *catalog.Addon
	isFor   *condition.Condition // nil: everybody
}

// heldBy says whether an account has it, and how many of an add-on.
func (t target) heldBy(x *holding) (bool, int64, error) {
	if t.feature != nil {
		has, err := x.has(t.feature.Key)
		return has, 0, err
	}
	for _, l := range x.Subscription.Addons {
		if l.Key == t.addon.Key {
			return true, l.Quantity, nil
		}
	}
	return false, 0, nil
}

// triedAs is the id of a trial of it.
func (t target) triedAs() string {
	if t.feature != nil {
		return "feature:" + t.feature.Key
	}
	return "addon:" + t.addon.Key
}

// subscriber is an account with a live subscription, as seen by a target.
type subscriber struct {
	*store.Subscriber
	isFor    bool // it is one of those the target is for
	has      bool
	quantity int64 // of the add-on
	used     bool  // of a metered feature
	trial    *subscription.Trial
	touches  int64
	lastAt   clock.Time
	interval subscription.Interval
}

// census is all accounts with a live subscription, by key, as seen by one target.
type census struct{ all []subscriber }

// censuses looks at all accounts for several targets, in one pass.
func (s *Server) censuses(ctx context.Context, cat *catalog.Catalog, targets []target) ([]census, error) {
	list := make([]census, len(targets))
	if len(targets) == 0 {
		return list, nil
	}
	documents := false
	for _, t := range targets {
		documents = documents || t.isFor != nil
	}
	at := map[string]int{}
	err := s.Store.Subscribers(ctx, documents, func(x store.Subscriber, doc []byte) error {
		at[x.Account] = len(at)
		var holds func(*condition.Condition) bool // made when somebody asks
		for i, t := range targets {
			one := subscriber{Subscriber: &x, isFor: t.isFor == nil}
			if t.isFor != nil {
				if holds == nil {
					holds = conditionsOf(&x, doc)
				}
				one.isFor = holds(t.isFor)
			}
			list[i].all = append(list[i].all, one)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	all := s.holdings(cat)
	err = s.Store.States(ctx, func(key string, state []byte) error {
		n, ok := at[key]
		if !ok {
			return nil
		}
		x, err := all.read(key, state)
		if err != nil {
			return err
		}
		for i, t := range targets {
			if err := list[i].all[n].look(t, x); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, t := range targets {
		for _, f := range t.features() {
			err = s.Store.Touches(ctx, f, func(g engine.GateRow) {
				if n, ok := at[g.Account]; ok {
					one := &list[i].all[n]
					one.touches += g.Touches
					one.lastAt = max(one.lastAt, g.LastAt)
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// look fills in what an account has of a target.
func (a *subscriber) look(t target, x *holding) (err error) {
	if a.has, a.quantity, err = t.heldBy(x); err != nil {
		return err
	}
	a.interval = x.Subscription.Interval
	for j := range x.Trials {
		if x.Trials[j].ID == t.triedAs() {
			a.trial = &x.Trials[j]
		}
	}
	if t.feature == nil || x.of.cat.Meters[t.feature.Meter] == nil {
		return nil
	}
	used, err := engine.StoredUsage(x.state, x.of.cat.Meters[t.feature.Meter], catalog.Lifetime, x.of.now)
	a.used = used > 0
	return err
}
