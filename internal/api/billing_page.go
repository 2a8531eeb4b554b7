package api

import (
	"context"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/runner"
)

type billingRequest struct {
	AccountParam
	PositionParam
	User     string `query:"user" doc:"who looks at the page"`
	Role     string `query:"role" enum:"admin,member" doc:"who can buy sees money; with a secret key admin when left out; a user token says it for browsers"`
	Decision string `query:"decision" maxLength:"600" doc:"preselect what this decision offers: the deep link of an offer"`
	Offer    string `query:"offer" maxLength:"200" doc:"preselect what this offer gives"`
	Plan     string `query:"plan" maxLength:"200" doc:"preselect this plan"`
	Language string `query:"language" maxLength:"200" doc:"of titles, as Accept-Language says it: the first that the catalog has"`
}

type billingAnswer struct {
	Body struct {
		engine.BillingPage
		Token     string     `json:"token,omitempty" doc:"confirms what is preselected, for who can buy"`
		ExpiresAt clock.Time `json:"expires_at,omitzero"`
		Position  string     `json:"position"`
	}
}

// billing is the page where people see what they have and what they could have. What is
// preselected comes with its preview and the token that confirms it.
func (s *Server) billing(ctx context.Context, in *billingRequest) (*billingAnswer, error) {
	account := in.Account
	if err := caller(ctx, &account, &in.User, &in.Role); err != nil {
		return nil, err
	}
	if err := s.ownDecision(ctx, account, in.Decision, in.Role == access.RoleAdmin); err != nil {
		return nil, err
	}
	ask := engine.BillingAsk{User: s.people.name(in.User), Buyer: in.Role != string(offer.Member), Decision: in.Decision, Offer: in.Offer, Plan: in.Plan}
	for tag := range strings.SplitSeq(in.Language, ",") {
		if tag, _, _ = strings.Cut(tag, ";"); strings.TrimSpace(tag) != "" {
			ask.Languages = append(ask.Languages, strings.TrimSpace(tag))
		}
	}
	out := &billingAnswer{}
	err := s.account(ctx, &accountRead{AccountParam{account}, in.PositionParam}, func(v runner.View) error {
		_, external := v.Account.Reader(v.Catalog, ask.User, "", true)
		external = external && principal(ctx).Kind == access.Browser
		ask.Buyer = ask.Buyer && !external
		out.Body.BillingPage = v.BillingPage(ask)
		if external {
			forOutside(&out.Body.BillingPage, v.Catalog)
		}
		out.Body.Position = s.Runner.Position(v.State.Position)
		return s.signSelected(v, out)
	})
	if err != nil {
		return nil, err
	}
	return out, s.unsealRequests(ctx, out.Body.Requests)
}

// signSelected adds the token of what is preselected: the same that a preview would give.
func (s *Server) signSelected(v runner.View, out *billingAnswer) error {
	sel := out.Body.Preselected
	if sel == nil || sel.Quote == nil {
		return nil
	}
	b, err := v.Bind(offer.Change(sel.Give, &v.Account.Subscription, v.Catalog), sel.Decision)
	if err != nil {
		return err
	}
	b.ExpiresAt = clock.At(time.Now()) + previewLife
	out.Body.Token, out.Body.ExpiresAt = b.Sign(s.TokenSecret), b.ExpiresAt
	return nil
}
