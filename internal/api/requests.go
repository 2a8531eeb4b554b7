package api

import (
	"context"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/store"
	"github.com/headroomhq/headroom/internal/subscription"
)

type outcomeRequest struct {
	DecisionParam
	IdempotencyParam
	Body struct {
		Type   string `json:"type" enum:"seen,clicked,dismissed,requested,accepted"`
		User   string `json:"user,omitempty"`
		Role   string `json:"role,omitempty" enum:"admin,member"`
		Token  string `json:"token,omitempty" doc:"of the preview that was confirmed; required for accepted"`
		Reason string `json:"reason,omitempty" maxLength:"256"`
	}
}

type outcomeAnswer struct {
	Body struct {
		engine.OutcomeAnswer
		Position string `json:"position"`
	}
}

func (s *Server) outcome(ctx context.Context, in *outcomeRequest) (*outcomeAnswer, error) {
	account, found := engine.AccountOf("dec", in.ID)
	if !found {
		return nil, fault.New(fault.NotFound, "decision_unknown", "there is no decision %q", fault.Shorten(in.ID)).
			WithMend("use the decision_id that POST /v1/decide answered")
	}
	if err := caller(ctx, &account, &in.Body.User, &in.Body.Role); err != nil {
		return nil, err
	}
	call := engine.OutcomeCall{Act: offer.Act{Decision: in.ID, Type: in.Body.Type, User: s.people.name(in.Body.User),
		Role: offer.Role(in.Body.Role), Reason: in.Body.Reason}}
	if err := s.sealReason(ctx, account, &call.Act); err != nil {
		return nil, err
	}
	if in.Body.Type == "accepted" {
		b, err := s.confirmed(in.Body.Token, in.ID)
		if err != nil {
			return nil, err
		}
		if err := keyed(in.IdempotencyKey, "accepting"); err != nil {
			return nil, err
		}
		call.Binding = b
	}
	return s.recordOutcome(ctx, account, call, in.IdempotencyKey)
}

// confirmed reads a confirmation token: nothing is charged that was not shown.
func (s *Server) confirmed(token, decision string) (*subscription.Binding, error) {
	if token == "" {
		return nil, fault.New(fault.Invalid, "token_missing", "accepting costs money, so it needs the token of the preview that was confirmed").
			WithField("token", "", "is required").WithMend("call POST /v1/subscriptions/preview with the decision_id, show its amounts, and send its token")
	}
	b, err := subscription.Verify(s.TokenSecret, token, clock.At(time.Now()))
	if err != nil {
		return nil, err
	}
	if b.Decision != decision {
		return nil, fault.New(fault.Stale, "token_invalid", "the token was made for another decision").
			WithMend("preview this decision and confirm that")
	}
	return &b, nil
}

func (s *Server) recordOutcome(ctx context.Context, account string, call engine.OutcomeCall, key string) (*outcomeAnswer, error) {
	if key == "" && call.Act.Decision != "" { // a repeated outcome is the same outcome
		key = call.Act.Decision + "/" + call.Act.Type
		if call.Binding != nil || call.Act.Type == "requested" {
			key = ""
		}
	}
	rec, err := s.call(event.KindOutcome, account, call.Act.User, call.Act.Type, key, call)
	if err != nil {
		return nil, err
	}
	out := &outcomeAnswer{}
	var position uint64
	if out.Body.OutcomeAnswer, position, err = answered[engine.OutcomeAnswer](ctx, s, rec); err != nil {
		return nil, err
	}
	out.Body.Position = s.Runner.Position(position)
	return out, s.unsealAnswer(ctx, &out.Body.OutcomeAnswer)
}

type requestAnswer struct {
	ID string `path:"id" maxLength:"600"`
	IdempotencyParam
	Body struct {
		User  string `json:"user,omitempty" doc:"the admin who answers"`
		Token string `json:"token,omitempty" doc:"of the preview that was confirmed; required to approve"`
	}
}

func (s *Server) approve(ctx context.Context, in *requestAnswer) (*outcomeAnswer, error) {
	return s.answerRequest(ctx, in, true)
}

func (s *Server) decline(ctx context.Context, in *requestAnswer) (*outcomeAnswer, error) {
	return s.answerRequest(ctx, in, false)
}

func (s *Server) answerRequest(ctx context.Context, in *requestAnswer, approve bool) (*outcomeAnswer, error) {
	account, found := engine.AccountOf("req", in.ID)
	if !found {
		return nil, fault.New(fault.NotFound, "request_unknown", "there is no upgrade request %q", fault.Shorten(in.ID))
	}
	role := "admin"
	if err := caller(ctx, &account, &in.Body.User, &role); err != nil {
		return nil, err
	}
	if role != "admin" {
		return nil, fault.New(fault.Denied, "not_allowed_to_buy", "only an admin of the account answers upgrade requests")
	}
	call := engine.OutcomeCall{Request: in.ID, Approve: approve, By: s.people.name(in.Body.User)}
	if approve {
		decision := ""
		err := s.Runner.Read(ctx, account, 0, func(v runner.View) error {
			if v.Account != nil {
				for _, r := range v.Account.Offers.Requests {
					if r.ID == in.ID {
						decision = r.Decision
					}
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if call.Binding, err = s.confirmed(in.Body.Token, decision); err != nil {
			return nil, err
		}
		if err := keyed(in.IdempotencyKey, "approving"); err != nil {
			return nil, err
		}
	}
	out, err := s.recordOutcome(ctx, account, call, in.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	if r := out.Body.Request; r != nil && out.Body.At == 0 {
		out.Body.Outcome = offer.Outcome{Decision: r.Decision, Account: r.Account, User: r.User, Offer: r.Offer,
			Type: map[bool]string{true: "accepted", false: "declined"}[approve], At: r.DecidedAt}
	}
	return out, nil
}

type requestsRequest struct {
	PageParams
	PositionParam
	Account string `query:"account"`
	Status  string `query:"status" enum:"open,approved,declined"`
}

type listAnswer[T any] struct{ Body store.List[T] }

func (s *Server) listRequests(ctx context.Context, in *requestsRequest) (*listAnswer[offer.Request], error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	l, err := s.Store.Requests(ctx, store.RequestFilter{Account: in.Account, Status: in.Status}, in.page())
	if err != nil {
		return nil, err
	}
	return &listAnswer[offer.Request]{l}, s.unsealRequests(ctx, l.Items)
}
