package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/event"
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
}

// said is a property of an occurrence.
func said(name, text string) event.Prop {
	return event.Prop{Name: name, Value: event.Value{Kind: event.String, Text: text}}
}
