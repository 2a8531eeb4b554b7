package engine

import (
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// The types of our own occurrences, which rules, milestones and sequences may be over like any
// event of the product; see catalog.IsOwn. They are not metered.
const (
	offerSeen           = "headroom.offer.seen"
	offerClicked        = "headroom.offer.clicked"
	offerDismissed      = "headroom.offer.dismissed"
	offerRequested      = "headroom.offer.requested"
	offerAccepted       = "headroom.offer.accepted"
	requestDeclined     = "headroom.request.declined"
	requestExpired      = "headroom.request.expired"
	trialStarted        = "headroom.trial.started"
	trialExpired        = "headroom.trial.expired"
	trialConverted      = "headroom.trial.converted"
	subscriptionChanged = "headroom.subscription.changed"
	subscriptionUndone  = "headroom.subscription.undone"
	surveyAnswered      = "headroom.survey.answered"
	milestoneReached    = "headroom.milestone.reached"
	memberJoined        = "headroom.member.joined"
	memberLeft          = "headroom.member.left"
	inviteSent          = "headroom.invite.sent"
	inviteAccepted      = "headroom.invite.accepted"
	outsideChanged      = "headroom.outside.changed"
)

// occur tells the rules that something of our own happened now, by a person (a pseudonym) or by
// nobody in particular.
func (s *State) occur(a *Account, eventType, user string, c *catalog.Catalog, props ...event.Prop) {
	if event.IsOwnKey(a.key) {
		return
	}
	a.follow(c, s.Now)
	r := event.Record{Kind: event.KindEvent, Key: a.key, User: user, Type: eventType, ReceivedAt: s.Now, Props: props}
	s.milestones(a, &r, c)
	if s.noticeEvent(a, &r, false, c) {
		s.time(a, c)
	}
	switch eventType {
	case milestoneReached:
		s.milestoneSignals(a, &r, c)
	case memberLeft:
		s.goneChampions(a, c)
	case outsideChanged:
		s.outsideSignals(a, c)
	}
}

// milestoneSignals fires the rules on a milestone, and ends those on not reaching it.
func (s *State) milestoneSignals(a *Account, r *event.Record, c *catalog.Catalog) {
	key := r.Prop("milestone").Text
	m := c.Milestones[key]
	if m == nil {
		return
	}
	a.signals = nil
	at, began := a.Journey.Reached[key].At, a.startedAt()
	in := signal.Reached{Milestone: key, Title: m.Title, At: at}
	if at > began {
		in.Took = at.Sub(began)
	}
	s.fired(a, signal.OnMilestone(&a.Signals, c.SignalsOnMilestone(key), in, s.context(a, r.User, c)), c)
	for _, rule := range c.SignalsDaily() {
		signal.OnStuck(&a.Signals, rule, signal.Stuck{Milestone: key, Reached: true}, signal.Context{})
	}
}

// outsideSignals looks at the people outside of the account's plan as soon as there are others.
func (s *State) outsideSignals(a *Account, c *catalog.Catalog) {
	for _, r := range c.SignalsDaily() {
		if r.When.Outside > 0 {
			a.signals = nil
			s.fired(a, signal.OnOutside(&a.Signals, r, a.outsiders(), s.context(a, "", c)), c)
		}
	}
}

// trialsMoved tells of trials that began or ended; were are those as they were before.
func (s *State) trialsMoved(a *Account, were []subscription.Trial, c *catalog.Catalog) {
	for i := range were {
		now := a.trial(were[i].ID)
		if now < 0 || a.Trials[now].State == were[i].State {
			continue
		}
		t := a.Trials[now]
		switch t.State {
		case subscription.TrialRunning:
			s.occur(a, trialStarted, "", c, said("trial", t.ID))
		case subscription.TrialConverted:
			s.occur(a, trialConverted, "", c, said("trial", t.ID))
		case subscription.TrialOver:
			s.occur(a, trialExpired, "", c, said("trial", t.ID))
			a.signals = nil
			in := signal.Expired{Of: t.ID, Title: trialTitle(&t, c), At: t.EndsAt}
			s.fired(a, signal.OnTrialExpired(&a.Signals, c.SignalsOnTrialExpired(), in, s.context(a, "", c)), c)
		}
	}
}

// trialTitle is what people call what is tried.
func trialTitle(t *subscription.Trial, c *catalog.Catalog) string {
	switch {
	case c.Plans[t.Plan] != nil:
		return c.Plans[t.Plan].Title
	case c.Addons[t.Addon] != nil:
		return c.Addons[t.Addon].Title
	case c.Features[t.Feature] != nil:
		return c.Features[t.Feature].Title
	}
	return t.ID
}

// numbered is a property of an occurrence that is a number.
func numbered(name string, n int) event.Prop {
	return event.Prop{Name: name, Value: event.Value{Kind: event.Number, Text: strconv.Itoa(n)}}
}

// said is a property of an occurrence.
func said(name, text string) event.Prop {
	return event.Prop{Name: name, Value: event.Value{Kind: event.String, Text: text}}
}
