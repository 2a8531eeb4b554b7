package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// OutcomeCall is the body of an outcome record: Act for an outcome of a decision, or
// Request and Approve for an admin's answer to an upgrade request.
type OutcomeCall struct {
	Act     offer.Act             `json:"act"`
	Binding *subscription.Binding `json:"binding,omitempty"`
	Request string                `json:"request,omitempty"`
	Approve bool                  `json:"approve,omitempty"`
	By      string                `json:"by,omitempty"` // pseudonym
}

// OutcomeAnswer is what the sender of an outcome is told.
type OutcomeAnswer struct {
	offer.Outcome
	Subscription *Subscribed         `json:"subscription,omitempty"` // after acceptance
	Check        *entitlement.Answer `json:"check,omitempty"`        // of the decision's feature, after acceptance
	RequestID    string              `json:"request_id,omitempty"`
	Request      *offer.Request      `json:"request,omitempty"`
}

func (s *State) outcome(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[OutcomeCall](r)
	if err != nil {
		return refused(err)
	}
	if call.Request != "" {
		return s.answerRequest(a, call, c)
	}
	before := clone(a.Offers) // a refused subscription change must leave the offer as it was
	res, err := offer.Record(&a.Offers, call.Act, a.key, s.Now, a.ids())
	if err != nil {
		return refused(err)
	}
	if !res.Repeated && res.Outcome.Type == offer.Dismissed {
		s.tellDismissal(res.Outcome.User, res.Outcome.Decision, c)
	}
	out := OutcomeAnswer{Outcome: res.Outcome}
	if res.Request != nil {
		out.RequestID, out.Request = res.Request.ID, res.Request
	}
	if res.Give != nil {
		if !res.Repeated {
			from := origin{source: "offer", ref: res.Decision.ID, motion: "self_service", why: "from offer " + res.Decision.Offer}
			if _, err := s.change(a, offer.Change(*res.Give, &a.Subscription, c), call.Binding, from, c); err != nil {
				a.Offers = before
				return refused(err)
			}
		}
		sub := s.Subscribed(a, c)
		out.Subscription = &sub
		if f := a.featureOf(res.Decision, *res.Give, c); f != "" {
			check := entitlement.Check(a.Input(c, s.Now), f, quantity.One)
			out.Check = &check
		}
	}
	if !res.Repeated {
		s.effects.Outcomes = append(s.effects.Outcomes, res.Outcome)
		s.requests(res.Request, res.Fulfilled)
	}
	return ok(out)
}

// featureOf is the feature a decision was about: its own, its signal's, or the only one it gives.
func (a *Account) featureOf(d offer.Kept, g catalog.Give, c *catalog.Catalog) string {
	if d.Feature != "" {
		return d.Feature
	}
	for _, sig := range a.Signals.Live {
		if sig.ID == d.Signal && sig.Data["feature"] != "" {
			return sig.Data["feature"]
		}
	}
	if addon := c.Addons[g.Addon]; addon != nil && len(addon.Entitlements) == 1 {
		for f := range addon.Entitlements {
			return f
		}
	}
	return ""
}

func (s *State) requests(one *offer.Request, more []offer.Request) {
	if one != nil {
		s.effects.Requests = append(s.effects.Requests, *one)
	}
	s.effects.Requests = append(s.effects.Requests, more...)
}

// answerRequest approves or declines an upgrade request; approval activates.
func (s *State) answerRequest(a *Account, call OutcomeCall, c *catalog.Catalog) Answer {
	before := clone(a.Offers)
	res, err := offer.Answer(&a.Offers, call.Request, call.Approve, call.By, s.Now)
	if err != nil {
		return refused(err)
	}
	out := OutcomeAnswer{RequestID: res.Request.ID, Request: &res.Request}
	if res.Give != nil {
		if !res.Repeated {
			from := origin{source: "request", ref: res.Request.ID, motion: "self_service", why: "approved request for offer " + res.Request.Offer}
			if _, err := s.change(a, offer.Change(*res.Give, &a.Subscription, c), call.Binding, from, c); err != nil {
				a.Offers = before
				return refused(err)
			}
		}
		sub := s.Subscribed(a, c)
		out.Subscription = &sub
	}
	if !res.Repeated {
		if res.Outcome != nil {
			s.effects.Outcomes = append(s.effects.Outcomes, *res.Outcome)
		}
		s.requests(&res.Request, res.Fulfilled)
	}
	return ok(out)
}
