package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/money"
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
	By      string                `json:"by,omitempty"`     // pseudonym
	Why     string                `json:"why,omitempty"`    // of a decline, sealed
	Always  *offer.Always         `json:"always,omitempty"` // with Approve: later requests like it too
}

// OutcomeAnswer is what the sender of an outcome is told.
type OutcomeAnswer struct {
	offer.Outcome
	Subscription *Subscribed         `json:"subscription,omitempty"` // after acceptance
	Check        *entitlement.Answer `json:"check,omitempty"`        // of the decision's feature, after acceptance
	RequestID    string              `json:"request_id,omitempty"`
	Request      *offer.Request      `json:"request,omitempty"`
	Joined       bool                `json:"joined,omitempty"`   // somebody had asked for the same
	Approval     *offer.Approval     `json:"approval,omitempty"` // the standing approval that was given
}

// occurrences are our own events of what became of a decision.
var occurrences = map[string]string{offer.Seen: offerSeen, offer.Clicked: offerClicked, offer.Dismissed: offerDismissed,
	offer.Requested: offerRequested, offer.Accepted: offerAccepted}

func (s *State) outcome(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[OutcomeCall](r)
	if err != nil {
		return refused(err)
	}
	if call.Request != "" {
		return s.answerRequest(a, call, c)
	}
	before := clone(a.Offers) // a refused subscription change must leave the offer as it was
	call.Act.Has = &a.Subscription
	res, err := offer.Record(&a.Offers, call.Act, a.key, c, s.Now, a.ids())
	if err != nil {
		return refused(err)
	}
	out := OutcomeAnswer{Outcome: res.Outcome, Joined: res.Asked == offer.AskedToo}
	if res.Give != nil && !res.Repeated {
		from := sale{Decision: res.Decision.ID, Offer: res.Decision.Offer, User: res.Outcome.User}
		if len(res.Fulfilled) > 0 { // there are never two for the same
			from.Request = res.Fulfilled[0].ID
		}
		err := s.accept(a, acceptance{give: *res.Give, offer: res.Decision.Offer, user: res.Outcome.User, signal: res.Decision.Signal, binding: call.Binding,
			from: origin{source: "offer", ref: res.Decision.ID, motion: "self_service", why: "from offer " + res.Decision.Offer, sale: &from}}, c)
		if err != nil {
			a.Offers = before
			return refused(err)
		}
	}
	if !res.Repeated {
		if res.Outcome.Type == offer.Dismissed {
			s.tellDismissal(res.Outcome.User, res.Outcome.Decision, c)
		}
		s.effects.Outcomes = append(s.effects.Outcomes, res.Outcome)
		for i := range res.Fulfilled {
			s.approved(a, res.Fulfilled[i], quoted(call.Binding))
		}
		if res.Request != nil {
			*res.Request = s.asked(a, *res.Request, res.Outcome.User, res.Asked, c)
		}
		s.occur(a, occurrences[res.Outcome.Type], res.Outcome.User, c, said("offer", res.Outcome.Offer), said("placement", res.Decision.Placement))
	}
	if res.Request != nil {
		out.RequestID, out.Request = res.Request.ID, res.Request
	}
	if res.Give != nil || res.Request != nil && res.Request.Status == offer.Approved {
		s.tellHas(a, &out, res.Decision, c)
	}
	return ok(out)
}

// tellHas adds to an answer what the account has now.
func (s *State) tellHas(a *Account, out *OutcomeAnswer, d offer.Kept, c *catalog.Catalog) {
	sub := s.Subscribed(a, c)
	out.Subscription = &sub
	if f := a.featureOf(d, d.Give, c); f != "" {
		check := entitlement.Check(a.Input(c, s.Now), f, quantity.One)
		out.Check = &check
	}
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

// answerRequest approves or declines an upgrade request; approval activates.
func (s *State) answerRequest(a *Account, call OutcomeCall, c *catalog.Catalog) Answer {
	before := clone(a.Offers)
	res, err := offer.Answer(&a.Offers, offer.Verdict{Request: call.Request, Approve: call.Approve, By: call.By, Why: call.Why}, s.Now)
	if err != nil {
		return refused(err)
	}
	out := OutcomeAnswer{RequestID: res.Request.ID, Request: &res.Request}
	if res.Give != nil && !res.Repeated {
		if call.Always != nil {
			out.Approval, err = s.stand(a, res.Request, call, c)
		}
		if err == nil {
			err = s.accept(a, s.onRequest(res, call.Binding, call.By), c)
		}
		if err != nil {
			a.Offers = before
			return refused(err)
		}
	}
	if !res.Repeated {
		if res.Outcome != nil {
			out.Outcome = *res.Outcome
			s.effects.Outcomes = append(s.effects.Outcomes, *res.Outcome)
		}
		if call.Approve {
			s.approved(a, res.Request, quoted(call.Binding))
			s.occur(a, offerAccepted, call.By, c, said("offer", res.Request.Offer))
		} else {
			s.tellAll(a, offer.NoticeDeclined, res.Request)
			s.occur(a, requestDeclined, call.By, c, said("offer", res.Request.Offer))
		}
	}
	if res.Give != nil {
		s.tellHas(a, &out, offer.Kept{Feature: res.Request.Feature, Signal: res.Signal, Give: res.Request.Give}, c)
	}
	return ok(out)
}

// onRequest is the acceptance that an approved request is.
func (s *State) onRequest(res offer.Answered, b *subscription.Binding, by string) acceptance {
	r := &res.Request
	why := "approved request"
	if r.Offer != "" {
		why += " for offer " + r.Offer
	}
	return acceptance{give: r.Give, offer: r.Offer, user: r.User, signal: res.Signal, binding: b,
		from: origin{source: "request", ref: r.ID, motion: "self_service", why: why,
			sale: &sale{Decision: r.Decision, Offer: r.Offer, Request: r.ID, User: by}}}
}

// quoted is what a confirmed change charges; nil without a confirmation.
func quoted(b *subscription.Binding) *subscription.Quote {
	if b == nil {
		return nil
	}
	return &b.Quote
}

// stand makes the standing approval that an admin gives with a request: bounded by what the
// request costs, as it was shown, and by what the admin says.
func (s *State) stand(a *Account, r offer.Request, call OutcomeCall, c *catalog.Catalog) (*offer.Approval, error) {
	cost := func(string) money.Amount { return money.Of(0, c.Currency) }
	if !offer.Free(r.Give) {
		ch := offer.Change(r.Give, &a.Subscription, c)
		if call.Binding != nil {
			ch = call.Binding.Change
		}
		quote, next, err := subscription.Preview(a.Subscription, ch, a.Terms(c, s.Now))
		if err != nil {
			return nil, err
		}
		if call.Binding != nil {
			quote = call.Binding.Quote
		}
		has := a.Subscription
		cost = func(per string) money.Amount { return money.Of(offer.CostOf(&has, &next, quote, per), next.Currency) }
	}
	ap, err := offer.Stand(&a.Offers, r, *call.Always, call.By, cost, s.Now, a.ids())
	if err != nil {
		return nil, err
	}
	return &ap, nil
}
