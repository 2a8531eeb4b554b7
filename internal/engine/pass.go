package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// pass does what the passing of time brings an account at the moment due, by kind in
// alphabetical order, but for what ends before the next period begins: the value ledger, imports,
// meters, rollovers, subscription, trials, upgrade requests, grants and the like, trial signals, other signals, and
// last the daily look.
func (s *State) pass(a *Account, due clock.Time, c *catalog.Catalog) {
	s.closeValue(a, due, c)
	s.endImports(a, due)
	s.closePeriods(a, due, c)
	s.rollOver(a, c)
	for {
		next, what := subscription.Advance(a.Subscription, due, c)
		if what.Kind == subscription.NothingDue {
			break
		}
		if what.Kind == subscription.Settled {
			a.Subscription, a.Reversal = next, nil
			continue
		}
		from := origin{source: "subscription"}
		if what.Kind == subscription.ChangeFailed { // otherwise the note says what happened as it is
			from.why = what.Note
		}
		s.replace(a, next, from, c)
		if what.Kind == subscription.Changed || what.Kind == subscription.Over {
			s.occur(a, subscriptionChanged, "", c, said("plan", a.Subscription.Plan))
		}
	}
	s.passTrials(a, due, c)
	s.passRequests(a, due, c)
	s.passEntitled(a, due, c)
	if plan, ends := a.planTrial(); ends != 0 {
		if p := c.Plans[plan]; p != nil {
			t := signal.Trial{Plan: p.Key, Title: p.Title, EndsAt: ends}
			s.fired(a, signal.OnTrial(&a.Signals, t, c.SignalsOnTrial(), s.context(a, "", c)), c)
		}
	}
	s.passInvites(a)
	s.passDomain(a)
	s.passSignals(a, c)
	s.passDay(a, due, c)
}
