package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// RequestCall is the body of a request record: exactly one of Ask, Revoke and Read is set.
type RequestCall struct {
	// Ask is a wish without an offer. Where it gives nothing, it is for what unlocks so much
	// (Quantity, 1 when 0) of its feature.
	Ask      *offer.Ask        `json:"ask,omitempty"`
	Quantity quantity.Quantity `json:"quantity,omitempty"`
	Revoke   string            `json:"revoke,omitempty"` // a standing approval's id
	Read     string            `json:"read,omitempty"`   // a notice's id
	User     string            `json:"user,omitempty"`   // pseudonym of who revokes or reads
	Admin    bool              `json:"admin,omitempty"`  // they are an admin of the account
}

// request takes a wish, revokes a standing approval or marks a notice as read.
func (s *State) request(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[RequestCall](r)
	if err != nil {
		return refused(err)
	}
	switch {
	case call.Ask != nil:
		return s.wish(a, call, c)
	case call.Revoke != "":
		ap, err := a.Offers.Revoke(call.Revoke, s.Now)
		if err != nil {
			return refused(err)
		}
		return ok(ap)
	default:
		n, first, err := a.Offers.Read(call.Read, call.User, call.Admin, s.Now)
		if err != nil {
			return refused(err)
		}
		if first {
			s.effects.Notices = append(s.effects.Notices, n)
		}
		return ok(n)
	}
}

// wish opens a request that no offer led to.
func (s *State) wish(a *Account, call RequestCall, c *catalog.Catalog) Answer {
	ask := *call.Ask
	if s.Catalog == "" {
		return refused(noCatalog())
	}
	if err := s.resolve(a, &ask, call.Quantity, c); err != nil {
		return refused(err)
	}
	ask.Has = &a.Subscription
	r, how, err := offer.Open(&a.Offers, ask, a.key, c, s.Now, a.ids())
	if err != nil {
		return refused(err)
	}
	r = s.asked(a, r, ask.User, how, c)
	if how != offer.AskedBefore {
		s.occur(a, offerRequested, ask.User, c, said("feature", r.Feature))
	}
	out := OutcomeAnswer{RequestID: r.ID, Request: &r, Joined: how == offer.AskedToo,
		Outcome: offer.Outcome{Account: a.key, User: ask.User, Type: offer.Requested, At: s.Now}}
	if r.Status == offer.Approved {
		s.tellHas(a, &out, offer.Kept{Feature: r.Feature, Give: r.Give}, c)
	}
	return ok(out)
}

// resolve makes sure that the wish is for something the account can get, and finds the smallest
// such thing where only a feature is named. Faults: unknown_feature, request_of_nothing,
// request_needless, nothing_unlocks, request_impossible.
func (s *State) resolve(a *Account, ask *offer.Ask, q quantity.Quantity, c *catalog.Catalog) error {
	if q <= 0 {
		q = quantity.One
	}
	if ask.Give == (catalog.Give{}) {
		if ask.Feature == "" {
			return fault.New(fault.Invalid, "request_of_nothing", "the request is for nothing in particular").
				WithMend("name a feature, or what approving it is to give").WithField("/feature", "", "is required where there is no give")
		}
		has := entitlement.Check(a.Input(c, s.Now), ask.Feature, q)
		switch {
		case has.Reason == entitlement.UnknownFeature:
			return fault.New(fault.NotFound, "unknown_feature", "feature %q is not in the catalog", fault.Shorten(ask.Feature)).
				WithField("/feature", ask.Feature, "is not in the catalog")
		case has.Allowed:
			return fault.New(fault.Conflict, "request_needless", "the account may use %s already", ask.Feature).
				WithMend("check the feature again: it is open")
		case len(has.Unlock) == 0:
			return fault.New(fault.Conflict, "nothing_unlocks", "nothing the catalog sells to this account would open %s", ask.Feature).
				WithMend("talk to somebody: an override or another catalog could open it")
		}
		u := &has.Unlock[0]
		ask.Give = catalog.Give{Plan: u.Plan, Addon: u.Addon, Quantity: u.Quantity}
		return nil
	}
	if c.Features[ask.Feature] == nil && ask.Feature != "" {
		return fault.New(fault.NotFound, "unknown_feature", "feature %q is not in the catalog", fault.Shorten(ask.Feature)).
			WithField("/feature", ask.Feature, "is not in the catalog")
	}
	impossible := func(why string) error {
		return fault.New(fault.Conflict, "request_impossible", "it cannot be asked for: %s", why).
			WithMend("ask for something else; GET /v1/accounts/{account}/billing lists what there is")
	}
	if offer.ForAnyone(ask.Give) {
		return impossible("nobody needs to approve it")
	}
	if g := &ask.Give; g.Plan != "" && c.Plans[g.Plan] == nil || g.Addon != "" && c.Addons[g.Addon] == nil || g.Feature != "" && c.Features[g.Feature] == nil {
		return impossible("the catalog has no " + g.Plan + g.Addon + g.Feature)
	}
	worth, o := offer.WorthOf(ask.Give, &a.Subscription, a.features(c, s.Now), a.Terms(c, s.Now))
	if o != nil {
		return impossible(o.Reason)
	}
	ask.Give = worth.Give
	return nil
}

// asked tells admins of a request that was just opened or joined, or approves it at once where a
// standing approval covers it. It returns the request as it is then.
func (s *State) asked(a *Account, r offer.Request, user, how string, c *catalog.Catalog) offer.Request {
	if how == offer.AskedBefore {
		return r
	}
	done, yes, note := s.covered(a, r, user, c)
	if yes {
		return done
	}
	kind := offer.NoticeAsked
	if how == offer.AskedToo {
		kind = offer.NoticeJoined
	}
	s.effects.Requests = append(s.effects.Requests, r)
	s.notify(a, kind, r, note)
	return r
}

// MayApprove says whether somebody who gave a standing approval may still approve: not when the
// account knows that they left, or are a member by now.
func (a *Account) MayApprove(user string) bool {
	m, known := a.Members.Of(user)
	return !known || m.LeftOn == 0 && m.Role != string(offer.Member)
}

// covered approves a request that a standing approval covers: for no more than was shown to the
// admin who gave it, and within what they allow. What would leave an add-on behind is for
// an admin to see first. note is what admins are told where none covers it that could have.
func (s *State) covered(a *Account, r offer.Request, user string, c *catalog.Catalog) (done offer.Request, yes bool, note string) {
	if len(a.Offers.Approvals) == 0 || s.Catalog == "" {
		return r, false, ""
	}
	var quote *subscription.Quote
	once := false
	cost := func(string) money.Amount { return money.Of(0, c.Currency) }
	if !offer.Free(r.Give) {
		ch := offer.Change(r.Give, &a.Subscription, c)
		q, next, err := subscription.Preview(a.Subscription, ch, a.Terms(c, s.Now))
		if err != nil || len(q.Dropped) > 0 {
			return r, false, ""
		}
		has := a.Subscription
		quote, once = &q, len(ch.Once) > 0
		cost = func(per string) money.Amount { return money.Of(offer.CostOf(&has, &next, q, per), next.Currency) }
	}
	ap, lapsed := a.Offers.Standing(&r, user, cost, a.MayApprove, s.Now)
	if lapsed && ap == nil {
		note = "A standing approval is not used for it: who gave it has left, or is no admin any more."
	}
	if ap == nil {
		return r, false, note
	}
	id, by, counts := ap.ID, ap.By, cost(ap.Per).Minor
	before := clone(a.Offers)
	res, err := offer.Answer(&a.Offers, offer.Verdict{Request: r.ID, Approve: true, By: by, Approval: id}, s.Now)
	if err == nil {
		a.Offers.Use(id, offer.Use{Request: r.ID, Cost: counts, Once: once, At: s.Now})
		err = s.accept(a, s.onRequest(res, nil, by), c)
	}
	if err != nil { // it waits for an admin, who is told what is wrong
		a.Offers = before
		return r, false, ""
	}
	if res.Outcome != nil {
		s.effects.Outcomes = append(s.effects.Outcomes, *res.Outcome)
	}
	s.approved(a, res.Request, quote)
	s.occur(a, offerAccepted, by, c, said("offer", r.Offer))
	return res.Request, true, ""
}

// approved tells everybody of a request that took effect. quote is what it charged; nil: nothing.
func (s *State) approved(a *Account, r offer.Request, quote *subscription.Quote) {
	s.tellAll(a, offer.NoticeApproved, r)
	cost := ""
	if quote != nil {
		cost = offer.Words(quote.Now) + " was charged; the subscription costs " + offer.Words(quote.Recurring) + " each " + string(a.Subscription.Interval) + " from the next invoice on."
	}
	s.notify(a, offer.NoticeActivated, r, cost)
}

// tellAll lists a request as it is now, with its notices of one kind.
func (s *State) tellAll(a *Account, kind string, r offer.Request) {
	s.effects.Requests = append(s.effects.Requests, r)
	s.notify(a, kind, r, "")
}

func (s *State) notify(a *Account, kind string, r offer.Request, cost string) {
	s.effects.Notices = append(s.effects.Notices, a.Offers.Tell(kind, r, cost, s.Now, a.ids())...)
}

// passRequests reminds admins of requests and lets those expire that nobody answered.
func (s *State) passRequests(a *Account, due clock.Time, c *catalog.Catalog) {
	reminded, expired := a.Offers.PassRequests(c, due)
	for i := range reminded {
		s.tellAll(a, offer.NoticeReminded, reminded[i])
	}
	for i := range expired {
		s.tellAll(a, offer.NoticeExpired, expired[i])
		s.occur(a, requestExpired, expired[i].User, c, said("offer", expired[i].Offer))
	}
}

// supersede closes requests for what the subscription gives by now.
func (s *State) supersede(a *Account, c *catalog.Catalog) {
	for _, r := range a.Offers.Supersede(&a.Subscription, c, s.Now) {
		s.tellAll(a, offer.NoticeActivated, r)
	}
}

// sold notes that a purchase was undone: the outcome of its offer, its request, and who hears.
func (s *State) sold(a *Account, of *sale, what string, c *catalog.Catalog) {
	s.occur(a, subscriptionUndone, "", c)
	if of == nil {
		return
	}
	out, r := offer.TakenBack(&a.Offers, of.Decision, of.Request, of.Offer, a.key, of.User, s.Now)
	if out != nil {
		s.effects.Outcomes = append(s.effects.Outcomes, *out)
	}
	if r != nil {
		s.tellAll(a, offer.NoticeUndone, *r)
		return
	}
	s.effects.Notices = append(s.effects.Notices, a.Offers.TellUndone(a.key, of.Decision, of.User, what, "", s.Now, a.ids())...)
}
