package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// acceptance is an offer that was accepted, by a click or with a request that an admin approved.
type acceptance struct {
	give    catalog.Give
	offer   string // key
	user    string // pseudonym of who accepted, or asked
	signal  string // id of the signal behind it
	binding *subscription.Binding
	from    origin
}

// accept lets what an offer gives take effect, in the record that accepts it: what costs money
// changes the subscription, a trial begins, who wants to talk gets an opportunity that somebody
// works on. A referral and an invitation are the person's own next step.
func (s *State) accept(a *Account, by acceptance, c *catalog.Catalog) error {
	switch g := by.give; {
	case g.Trial:
		_, err := s.try(a, TrialAsk{Plan: g.Plan, Addon: g.Addon, Feature: g.Feature}, c)
		if err == nil {
			s.noticeLimits(a, c)
		}
		return err
	case g.Talk != "":
		s.talk(a, by, c)
		return nil
	case offer.Free(g):
		return nil
	}
	_, err := s.change(a, offer.Change(by.give, &a.Subscription, c), by.binding, by.from, c)
	return err
}

// talk opens an opportunity for somebody who wants to talk, or tells those who work on the
// same thing already.
func (s *State) talk(a *Account, by acceptance, c *catalog.Catalog) {
	asked := opportunity.Asked{
		Catalog: c, Account: a.key, Give: by.give, Offer: by.offer, Subscription: a.Subscription,
		Features: a.features(c, s.Now), Vars: a.Vars("", "", ""), Terms: a.Terms(c, s.Now),
		Existing: a.Opportunities, Number: a.Opened + 1, Now: s.Now, ID: a.ids(),
	}
	for i := range a.Signals.Live {
		if a.Signals.Live[i].ID == by.signal {
			asked.Signal = &a.Signals.Live[i]
		}
	}
	op, joined := opportunity.ForTalk(asked)
	if joined {
		s.keep(a, op)
		return
	}
	a.Opened++
	a.Opportunities = append(a.Opportunities, op)
	s.effects.Opportunities = append(s.effects.Opportunities, op)
	a.forgetClosed()
}
