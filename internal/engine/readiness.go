package engine

import (
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/signal"
)

// Readiness: computed whenever somebody asks, and once a day for lists. What the parts gave at
// the last two looks is kept, so that a change since yesterday can be explained.

// scored is what the parts of one type's rule gave at the last look, and at the one before it.
type scored struct {
	At       clock.Time    `json:"at"`
	Parts    signal.Points `json:"parts,omitempty"`
	BeforeAt clock.Time    `json:"before_at,omitzero"`
	Before   signal.Points `json:"before,omitempty"`
}

// yesterday returns the look that a change is told against: the last one made on an earlier day
// by the account's clock.
func (sc *scored) yesterday(a *Account, c *catalog.Catalog, now clock.Time) (signal.Points, clock.Time) {
	if sc == nil {
		return nil, 0
	}
	if today := a.calendar(c).Of(catalog.Daily, now); sc.At < today.Start {
		return sc.Parts, sc.At
	}
	return sc.Before, sc.BeforeAt
}

// ReadinessNow is how ready an account is for one type, and how that came about.
type ReadinessNow struct {
	signal.Readiness
	Account string
	At      clock.Time
	// Since is the look that Changes are told against; unset when there was none yet.
	Since   clock.Time
	Before  signal.Points
	Changes []signal.ReadinessChange
}

// Readiness works out how ready the account is at now, by type.
func (a *Account) Readiness(c *catalog.Catalog, now clock.Time) []ReadinessNow {
	out := []ReadinessNow{}
	if a == nil || len(c.Readiness) == 0 {
		return out
	}
	var check func(*condition.Condition) bool
	holds := func(cond *condition.Condition) bool {
		if check == nil {
			check = condition.Holds(a.signalVars(c, now))
		}
		return check(cond)
	}
	alive := make(map[string]*signal.Signal)
	for _, sig := range slices.Backward(a.Signals.Alive(now)) { // the newest of a rule last
		if r := c.Signals[sig.Key]; r != nil && !r.Retired() {
			alive[sig.Key] = &sig
		}
	}
	for _, t := range slices.Sorted(maps.Keys(c.Readiness)) {
		n := ReadinessNow{Account: a.key, At: now,
			Readiness: signal.ReadinessOf(c.Readiness[t], holds, func(key string) *signal.Signal { return alive[key] }, now)}
		var sc *scored
		if a.Journey != nil {
			sc = a.Journey.Scores[t]
		}
		n.Before, n.Since = sc.yesterday(a, c, now)
		n.Changes = n.Readiness.Since(n.Before, n.Since)
		out = append(out, n)
	}
	return out
}

// dailyReadiness keeps today's contributions, and tells lists of scores that are others now.
func (s *State) dailyReadiness(a *Account, c *catalog.Catalog) {
	if a.Journey != nil {
		for t := range a.Journey.Scores {
			if c.Readiness[t] == nil {
				delete(a.journeys().Scores, t)
			}
		}
	}
	for _, n := range a.Readiness(c, s.Now) {
		var sc *scored
		if a.Journey != nil {
			sc = a.Journey.Scores[n.Type]
		}
		parts := n.Points()
		if sc == nil && parts == nil {
			continue // nothing to tell, and nothing was told
		}
		j := a.journeys()
		if sc == nil {
			if j.Scores == nil {
				j.Scores = make(map[catalog.RevenueType]*scored)
			}
			sc = &scored{}
			j.Scores[n.Type] = sc
		}
		same := sc.At != 0 && maps.Equal(sc.Parts, parts) && maps.Equal(sc.Parts, sc.Before)
		n.Before, n.Since = sc.Parts, sc.At // of the look before this one
		n.Changes = n.Readiness.Since(n.Before, n.Since)
		sc.Before, sc.BeforeAt, sc.Parts, sc.At = sc.Parts, sc.At, parts, s.Now
		if !same {
			s.effects.Readiness = append(s.effects.Readiness, n)
		}
	}
}
