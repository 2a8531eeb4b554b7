package api

import (
	"cmp"
	"context"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/invite"
	"github.com/headroomhq/headroom/internal/runner"
)

type joinRequest struct {
	AccountParam
	IdempotencyParam
	Body struct {
		User    string `json:"user,omitempty" doc:"who asks; a user token says it for browsers"`
		Profile string `json:"profile,omitempty" maxLength:"200" doc:"the role they would play in the product"`
		Feature string `json:"feature,omitempty" maxLength:"200" doc:"of which they would take a seat; the seat of the profile when left out"`
		Reason  string `json:"reason,omitempty" maxLength:"1000" doc:"in their own words"`
	}
}

type joinAnswer struct {
	Body struct {
		invite.Ask
		Position string `json:"position"`
	}
}

// askToJoin is POST /v1/accounts/{account}/access-requests. A browser may ask to join another account than
// its token's, where the person's address is of that account's domain.
func (s *Server) askToJoin(ctx context.Context, in *joinRequest) (*joinAnswer, error) {
	p := principal(ctx)
	user, err := p.ForUser(in.Body.User)
	if err != nil {
		return nil, err
	}
	if user == "" {
		return nil, fault.New(fault.Invalid, "user_missing", "user is missing").WithField("user", "", "is required: who asks to join").
			WithMend("send the id of the person as your product knows them")
	}
	if err := cmp.Or(checkName("user", user), checkName("profile", in.Body.Profile)); err != nil {
		return nil, err
	}
	ask := invite.Ask{User: s.people.name(user), Profile: in.Body.Profile, Feature: in.Body.Feature}
	ask.OfDomain, err = s.ofDomain(ctx, in.Account, ask.User)
	if err != nil && (p.Kind != access.Browser || fault.CodeOf(err) != "account_not_found") {
		return nil, err
	}
	if p.Kind == access.Browser && !ask.OfDomain { // nor is a page told which accounts there are
		return nil, fault.New(fault.Denied, "not_of_domain", "only people whose address is of the account's domain ask to join it").
			WithMend("send the person's address with POST /v1/identify first, or make this call from your server")
	}
	if ask.Reason, err = s.seal(ctx, ask.User, "join/"+in.Account, in.Body.Reason); err != nil {
		return nil, err
	}
	rec, err := s.call(event.KindInvite, in.Account, ask.User, engine.InviteAsk, in.IdempotencyKey, ask)
	if err != nil {
		return nil, err
	}
	return s.asked(ctx, rec)
}

func (s *Server) asked(ctx context.Context, rec event.Record) (*joinAnswer, error) {
	out := &joinAnswer{}
	var position uint64
	var err error
	if out.Body.Ask, position, err = answered[invite.Ask](ctx, s, rec); err != nil {
		return nil, err
	}
	out.Body.Position = s.Runner.Position(position)
	return out, s.unseal(ctx, &out.Body.Reason)
}

// ofDomain says whether a person's address is of the account's domain.
func (s *Server) ofDomain(ctx context.Context, acct, user string) (bool, error) {
	domain := ""
	err := s.Runner.Read(ctx, acct, 0, func(v runner.View) error {
		if v.Account == nil {
			return accountUnknown(acct)
		}
		domain = v.Account.Domains.Claims
		return nil
	})
	if err != nil || domain == "" {
		return false, err
	}
	person, _, err := s.person(ctx, user)
	return person.Domain == domain, err
}

type joinsRequest struct {
	AccountParam
	PageParams
	PositionParam
	Role   string `query:"role" enum:"admin,member" doc:"a user token says it for browsers"`
	Status string `query:"status" enum:"open,approved,declined"`
}

// listAsks lists who asks to join: for admins.
func (s *Server) listAsks(ctx context.Context, in *joinsRequest) (*listAnswer[invite.Ask], error) {
	acct, user := in.Account, ""
	if err := caller(ctx, &acct, &user, &in.Role); err != nil {
		return nil, err
	}
	if in.Role == access.RoleMember {
		return nil, notAnAdmin()
	}
	if err := cmp.Or(s.listed(ctx, in.Position), s.hasAccount(ctx, acct)); err != nil {
		return nil, err
	}
	l, err := s.Store.AccessRequests(ctx, acct, in.Status, in.page())
	if err != nil {
		return nil, err
	}
	texts := make([]*string, len(l.Items))
	for i := range l.Items {
		texts[i] = &l.Items[i].Reason
	}
	return &listAnswer[invite.Ask]{l}, s.unseal(ctx, texts...)
}

func notAnAdmin() error {
	return fault.New(fault.Denied, "admin_needed", "only an admin of the account sees and answers who asks to join").
		WithMend("ask an admin of the account")
}

type answerJoinRequest struct {
	ID string `path:"id" maxLength:"600"`
	IdempotencyParam
	Body struct {
		User string `json:"user,omitempty" doc:"the admin who answers"`
	}
}

func (s *Server) approveAsk(ctx context.Context, in *answerJoinRequest) (*joinAnswer, error) {
	return s.answerAsk(ctx, in, engine.InviteApprove)
}

func (s *Server) declineAsk(ctx context.Context, in *answerJoinRequest) (*joinAnswer, error) {
	return s.answerAsk(ctx, in, engine.InviteRefuse)
}

func (s *Server) answerAsk(ctx context.Context, in *answerJoinRequest, what string) (*joinAnswer, error) {
	acct, found := engine.AccountOf("acc", in.ID)
	if !found {
		return nil, fault.New(fault.NotFound, "access_request_not_found", "there is no request to join %q", fault.Shorten(in.ID)).
			WithMend("list them with GET /v1/accounts/{account}/access-requests")
	}
	role := access.RoleAdmin
	if err := caller(ctx, &acct, &in.Body.User, &role); err != nil {
		return nil, err
	}
	if role != access.RoleAdmin {
		return nil, notAnAdmin()
	}
	rec, err := s.call(event.KindInvite, acct, s.people.name(in.Body.User), what, in.IdempotencyKey,
		engine.InviteAnswer{ID: in.ID, User: s.people.name(in.Body.User)})
	if err != nil {
		return nil, err
	}
	return s.asked(ctx, rec)
}
