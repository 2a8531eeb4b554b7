package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/store"
)

type noticesRequest struct {
	AccountParam
	PageParams
	PositionParam
	User   string `query:"user" doc:"only those for this person"`
	Role   string `query:"role" enum:"admin,member" doc:"admin: and those for admins; alone: only those"`
	Unread bool   `query:"unread" doc:"only those nobody has read"`
}

// listNotices: a browser sees its person's, and those for admins when that is one.
func (s *Server) listNotices(ctx context.Context, in *noticesRequest) (*listAnswer[offer.Notice], error) {
	account := in.Account
	if err := caller(ctx, &account, &in.User, &in.Role); err != nil {
		return nil, err
	}
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	f := store.NoticeFilter{Account: account, User: s.people.name(in.User), Admin: in.Role == string(offer.Admin), Unread: in.Unread}
	l, err := s.Store.Notices(ctx, f, in.page())
	if err != nil {
		return nil, err
	}
	texts := make([]*string, len(l.Items))
	for i := range l.Items {
		texts[i] = &l.Items[i].Reason
	}
	return &listAnswer[offer.Notice]{l}, s.unseal(ctx, texts...)
}

type readNoticeRequest struct {
	AccountParam
	ID   string `path:"id" maxLength:"600"`
	Body *struct {
		User string `json:"user,omitempty" doc:"who read it"`
		Role string `json:"role,omitempty" enum:"admin,member" doc:"admin when left out; a user token says it for browsers"`
	}
}

type noticeAnswer struct {
	Body struct {
		offer.Notice
		Position string `json:"position"`
	}
}

func (s *Server) readNotice(ctx context.Context, in *readNoticeRequest) (*noticeAnswer, error) {
	account, user, role := in.Account, "", string(offer.Admin)
	if in.Body != nil {
		user = in.Body.User
		if in.Body.Role != "" {
			role = in.Body.Role
		}
	}
	if err := caller(ctx, &account, &user, &role); err != nil {
		return nil, err
	}
	call := engine.RequestCall{Read: in.ID, User: s.people.name(user), Admin: role == string(offer.Admin)}
	rec, err := s.call(event.KindRequest, account, call.User, "read", "", call)
	if err != nil {
		return nil, err
	}
	out := &noticeAnswer{}
	var position uint64
	if out.Body.Notice, position, err = answered[offer.Notice](ctx, s, rec); err != nil {
		return nil, err
	}
	out.Body.Position = s.Runner.Position(position)
	return out, s.unseal(ctx, &out.Body.Reason)
}

// StandingApproval is a standing approval with what is left of it.
type StandingApproval struct {
	offer.Approval
	Spent money.Amount `json:"spent"`
	Left  money.Amount `json:"left"`
	// Lapsed: it covers nothing while that is so.
	Lapsed bool `json:"lapsed,omitempty"`
}

type approvalsAnswer struct{ Body store.List[StandingApproval] }

// listApprovals reads them from state: there are few.
func (s *Server) listApprovals(ctx context.Context, in *accountRead) (*approvalsAnswer, error) {
	user := ""
	if err := admin(ctx, &in.Account, &user, "sees standing approvals"); err != nil {
		return nil, err
	}
	out := &approvalsAnswer{Body: store.List[StandingApproval]{Items: []StandingApproval{}}}
	return out, s.account(ctx, in, func(v runner.View) error {
		for _, ap := range v.Account.Offers.Approvals {
			if ap.Until > v.State.Now {
				line := standing(ap, v.State.Now)
				line.Lapsed = !v.Account.MayApprove(ap.By)
				out.Body.Items = append(out.Body.Items, line)
			}
		}
		return nil
	})
}

func standing(ap offer.Approval, now clock.Time) StandingApproval {
	spent := ap.Spent(now)
	return StandingApproval{Approval: ap, Spent: money.Of(spent, ap.AtMost.Currency), Left: money.Of(max(ap.AtMost.Minor-spent, 0), ap.AtMost.Currency)}
}

type revokeRequest struct {
	AccountParam
	ID string `path:"id" maxLength:"600"`
}

type approvalAnswer struct {
	Body struct {
		StandingApproval
		Position string `json:"position"`
	}
}

func (s *Server) deleteApproval(ctx context.Context, in *revokeRequest) (*approvalAnswer, error) {
	account, user := in.Account, principal(ctx).User
	if err := admin(ctx, &account, &user, "revokes standing approvals"); err != nil {
		return nil, err
	}
	call := engine.RequestCall{Revoke: in.ID, User: s.people.name(user), Admin: true}
	rec, err := s.call(event.KindRequest, account, call.User, "revoke", "", call)
	if err != nil {
		return nil, err
	}
	ap, position, err := answered[offer.Approval](ctx, s, rec)
	if err != nil {
		return nil, err
	}
	out := &approvalAnswer{}
	out.Body.StandingApproval, out.Body.Position = standing(ap, s.Clock.Now()), s.Runner.Position(position)
	return out, nil
}

type reversalsRequest struct {
	PositionParam
	SpanParams
}

type reversalsAnswer struct {
	Body struct {
		Items []offer.Reversal `json:"items"`
	}
}

func (s *Server) reversals(ctx context.Context, in *reversalsRequest) (*reversalsAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	from, to, err := s.span(in.SpanParams)
	if err != nil {
		return nil, err
	}
	out := &reversalsAnswer{}
	out.Body.Items, err = s.Store.Reversals(ctx, from, to)
	return out, err
}

func (s *Server) noticeRoutes() {
	add(s, "GET /v1/offers/reversals", access.Read, "How often what was accepted is undone", warmed(s, keeping(s, s.reversals), once))
	add(s, "POST /v1/requests", access.Decide, "Ask an admin for what unlocks a feature", s.ask)
	add(s, "POST /v1/accounts/{account}/subscription/confirm", access.Decide, "Buy what a preview showed", s.confirmChange)
	add(s, "POST /v1/accounts/{account}/subscription/undo", access.Decide, "Take the last change of the subscription back", s.undo)
	add(s, "GET /v1/accounts/{account}/requests", access.Decide, "Upgrade requests of an account", s.accountRequests)
	add(s, "GET /v1/accounts/{account}/billing", access.Decide, "All that a pricing and billing page shows", s.billing)
	add(s, "GET /v1/accounts/{account}/approvals", access.Decide, "Standing approvals of upgrade requests", s.listApprovals)
	add(s, "DELETE /v1/accounts/{account}/approvals/{id}", access.Decide, "Revoke a standing approval", s.deleteApproval)
	add(s, "GET /v1/accounts/{account}/notices", access.Decide, "What people of an account are told of requests", s.listNotices)
	add(s, "POST /v1/accounts/{account}/notices/{id}/read", access.Decide, "Mark a notice as read", s.readNotice)
}
