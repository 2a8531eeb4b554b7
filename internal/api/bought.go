package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/store"
	"github.com/headroomhq/headroom/internal/subscription"
)

// What people of an account buy and ask for in the product, from their own browsers.

type confirmRequest struct {
	AccountParam
	IdempotencyParam
	Body struct {
		User  string `json:"user,omitempty" doc:"who buys; a user token says it for browsers"`
		Token string `json:"token" doc:"of a preview without a decision and without a request: what it showed is bought"`
	}
}

// confirmChange buys what a preview showed, for an admin's browser and for who may change subscriptions anyway. A token is good for one version of the subscription, so confirming twice
// buys once; what is bought once on top would be bought again, so that needs a key.
func (s *Server) confirmChange(ctx context.Context, in *confirmRequest) (*subscriptionAnswer, error) {
	user := in.Body.User
	if err := admin(ctx, &in.Account, &user, "buys"); err != nil {
		return nil, err
	}
	b, err := s.confirmed(in.Body.Token, forNothingElse)
	if err != nil {
		return nil, err
	}
	if p := principal(ctx); p.Kind == access.Browser {
		err = forSaleInPages(&b.Change)
	} else {
		err = p.Require(access.Admin) // as PUT …/subscription does
	}
	if err != nil {
		return nil, err
	}
	if err := keyed(in.IdempotencyKey, "buying"); err != nil {
		return nil, err
	}
	return s.subscribe(ctx, in.Account, engine.SubscribeCall{Change: b.Change, Binding: b, User: s.people.name(user)}, in.IdempotencyKey)
}

// forSaleInPages refuses what a page may show the price of and only the product's own server may do: dates in the
// past, trials without end, prices of yesterday, and ending the subscription, which needs more than a click. Buying
// less, without add-ons too, is for pages: the catalog says when that takes effect, so a page must not say now.
func forSaleInPages(ch *subscription.Change) error {
	var what string
	switch {
	case ch.PlanVersion != 0:
		what = "an earlier version of a plan"
	case ch.Currency != "":
		what = "another currency"
	case ch.Anchor != 0:
		what = "another day of billing"
	case ch.StartsAt != 0:
		what = "a start in the past"
	case ch.Effective == subscription.Now:
		what = "that it takes effect now, which is for the catalog to say"
	case ch.TrialEndsAt != 0:
		what = "the end of a trial"
	case ch.Cancel:
		what = "the end of the subscription"
	case ch.Undo:
		what = "taking a change back"
	default:
		return nil
	}
	return fault.New(fault.Denied, "not_for_browsers", "a page may buy plans, intervals, quantities and add-ons, not set %s", what).
		WithMend("do it from your server: PUT /v1/accounts/{account}/subscription, or POST …/undo for what was just bought")
}

type undoRequest struct {
	AccountParam
	IdempotencyParam
	Body *struct {
		Token string `json:"token,omitempty" doc:"of a preview with undo: it is refused unless it still gives back what was shown"`
	}
}

// undo takes the last change of the subscription back. Browsers of admins may where somebody of the account bought it.
func (s *Server) undo(ctx context.Context, in *undoRequest) (*subscriptionAnswer, error) {
	user := ""
	if err := admin(ctx, &in.Account, &user, "takes a purchase back"); err != nil {
		return nil, err
	}
	p := principal(ctx)
	if p.Kind != access.Browser {
		if err := p.Require(access.Admin); err != nil {
			return nil, err
		}
	}
	call := engine.SubscribeCall{Change: subscription.Change{Undo: true}, Bought: p.Kind == access.Browser, User: s.people.name(user)}
	if in.Body != nil && in.Body.Token != "" {
		b, err := s.confirmed(in.Body.Token, forNothingElse)
		if err != nil {
			return nil, err
		}
		call.Binding = b
	}
	return s.subscribe(ctx, in.Account, call, in.IdempotencyKey)
}

type accountRequestsRequest struct {
	AccountParam
	PageParams
	PositionParam
	User   string `query:"user" doc:"only those this person asked for or joined"`
	Role   string `query:"role" enum:"admin,member" doc:"with a secret key admin when left out; a user token says it for browsers"`
	Status string `query:"status" enum:"open,approved,declined,expired,superseded,undone"`
}

// accountRequests: an admin sees those of all, anybody else their own. State keeps a hundred at most, which is what
// people look at; older ones are in GET /v1/requests.
func (s *Server) accountRequests(ctx context.Context, in *accountRequestsRequest) (*listAnswer[offer.Request], error) {
	account := in.Account
	if err := caller(ctx, &account, &in.User, &in.Role); err != nil {
		return nil, err
	}
	browser := principal(ctx).Kind == access.Browser
	if !browser { // names and reasons of all, as in GET /v1/requests
		if err := principal(ctx).Require(access.Read); err != nil {
			return nil, err
		}
	}
	if in.Role == access.RoleMember && in.User == "" {
		return nil, fault.New(fault.Invalid, "user_missing", "user is missing").WithField("query.user", "", "is required: which member").
			WithMend("say which member, or leave role out to see all requests")
	}
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	f := store.RequestFilter{Account: account, Status: in.Status}
	own := s.people.name(in.User)
	if in.Role == access.RoleMember || in.User != "" && !browser {
		f.User = own
	}
	l, err := s.Store.Requests(ctx, f, in.page())
	if err != nil {
		return nil, err
	}
	if in.Role == access.RoleMember {
		for i := range l.Items {
			l.Items[i] = l.Items[i].SeenBy(own)
		}
	}
	return &listAnswer[offer.Request]{l}, s.unsealRequests(ctx, l.Items)
}
