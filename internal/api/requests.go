package api

import (
	"cmp"
	"context"
	"time"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
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
		Token  string `json:"token,omitempty" doc:"of the preview that was confirmed; required to accept what costs money"`
		Reason string `json:"reason,omitempty" maxLength:"256"`
		Name   string `json:"name,omitempty" maxLength:"200" doc:"of who requests, as colleagues know them; a user token says it for browsers"`
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
	accepts := in.Body.Type == offer.Accepted && in.Body.Role == access.RoleAdmin // an admin does what a member was shown
	if err := s.ownDecision(ctx, account, in.ID, accepts); err != nil {
		return nil, err
	}
	call := engine.OutcomeCall{Act: offer.Act{Decision: in.ID, Type: in.Body.Type, User: s.people.name(in.Body.User),
		Role: offer.Role(in.Body.Role), Reason: in.Body.Reason}}
	if err := s.sealReason(ctx, account, &call.Act); err != nil {
		return nil, err
	}
	if in.Body.Type == "requested" {
		var err error
		if call.Act.Name, err = s.sealName(ctx, call.Act.User, in.Body.Name); err != nil {
			return nil, err
		}
	}
	if in.Body.Type == "accepted" {
		var free bool
		err := s.offersOf(ctx, account, func(st *offer.State) {
			kept, found := st.Find(in.ID)
			free = found && offer.Free(kept.Give)
		})
		if err != nil {
			return nil, err
		}
		if !free || in.Body.Token != "" {
			if call.Binding, err = s.confirmed(in.Body.Token, func(b *subscription.Binding) bool { return b.Decision == in.ID && b.Request == "" }); err != nil {
				return nil, err
			}
			if err := keyed(in.IdempotencyKey, "accepting"); err != nil {
				return nil, err
			}
		}
	}
	return s.recordOutcome(ctx, account, call, in.IdempotencyKey)
}

// offersOf reads what an account's offers remember; nothing of an account nobody knows.
func (s *Server) offersOf(ctx context.Context, account string, f func(*offer.State)) error {
	return s.Runner.Read(ctx, account, 0, func(v runner.View) error {
		if v.Account != nil {
			f(&v.Account.Offers)
		}
		return nil
	})
}

// confirmed reads a confirmation token: nothing is charged that was not shown. meant says whether
// it was made for what is confirmed now.
func (s *Server) confirmed(token string, meant func(*subscription.Binding) bool) (*subscription.Binding, error) {
	if token == "" {
		return nil, fault.New(fault.Invalid, "token_missing", "accepting costs money, so it needs the token of the preview that was confirmed").
			WithField("token", "", "is required").WithMend("call POST /v1/subscriptions/preview with the decision_id or the request_id, show its amounts, and send its token")
	}
	b, err := subscription.Verify(s.TokenSecret, token, clock.At(time.Now()))
	if err != nil {
		return nil, err
	}
	if !meant(&b) {
		return nil, fault.New(fault.Stale, "token_invalid", "the token was made for another decision or request").
			WithMend("preview what is to be confirmed, and confirm that")
	}
	return &b, nil
}

// forNothingElse: the token was made for a change as such.
func forNothingElse(b *subscription.Binding) bool { return b.Decision == "" && b.Request == "" }

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
	return s.outcomeOf(ctx, rec)
}

// ApproveAlways is how later requests like the one that is approved are approved at once.
type ApproveAlways struct {
	What   string       `json:"what,omitempty" enum:"give,offer,feature"`
	For    string       `json:"for,omitempty" enum:"member,everybody"`
	AtMost money.Amount `json:"at_most"`
	Per    string       `json:"per" enum:"month,year"`
	Until  time.Time    `json:"until,omitzero"`
}

type requestAnswer struct {
	ID string `path:"id" maxLength:"600"`
	IdempotencyParam
	Body struct {
		User   string         `json:"user,omitempty" doc:"the admin who answers"`
		Token  string         `json:"token,omitempty" doc:"of the preview that was confirmed; required to approve what costs money"`
		Reason string         `json:"reason,omitempty" maxLength:"256" doc:"why it is declined, told to who asked"`
		Always *ApproveAlways `json:"always,omitempty" doc:"approve later requests like it at once"`
	}
}

func (s *Server) approve(ctx context.Context, in *requestAnswer) (*outcomeAnswer, error) {
	return s.answerRequest(ctx, in, true)
}

func (s *Server) decline(ctx context.Context, in *requestAnswer) (*outcomeAnswer, error) {
	return s.answerRequest(ctx, in, false)
}

// admin binds the call to the account and refuses whoever is no admin of it.
func admin(ctx context.Context, account, user *string, doing string) error {
	role := string(offer.Admin)
	if err := caller(ctx, account, user, &role); err != nil {
		return err
	}
	if role != string(offer.Admin) {
		return fault.New(fault.Denied, "not_allowed_to_buy", "only an admin of the account %s", doing)
	}
	return nil
}

func (s *Server) answerRequest(ctx context.Context, in *requestAnswer, approve bool) (*outcomeAnswer, error) {
	account, found := engine.AccountOf("req", in.ID)
	if !found {
		return nil, offer.RequestUnknown(in.ID)
	}
	if err := admin(ctx, &account, &in.Body.User, "answers upgrade requests"); err != nil {
		return nil, err
	}
	call := engine.OutcomeCall{Request: in.ID, Approve: approve, By: s.people.name(in.Body.User)}
	var err error
	if approve {
		call.Binding, err = s.confirmedRequest(ctx, account, in)
		if w := in.Body.Always; w != nil {
			call.Always = &offer.Always{What: w.What, For: w.For, AtMost: w.AtMost, Per: w.Per, Until: clock.At(w.Until)}
		}
	} else {
		call.Why, err = s.seal(ctx, cmp.Or(call.By, s.ofAccount(account)), in.ID+"/declined", in.Body.Reason)
	}
	if err != nil {
		return nil, err
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

// confirmedRequest reads the token that an approval needs: of a preview of the request, or of the
// decision it came from. What costs nothing needs none.
func (s *Server) confirmedRequest(ctx context.Context, account string, in *requestAnswer) (*subscription.Binding, error) {
	var r offer.Request
	if err := s.offersOf(ctx, account, func(st *offer.State) { r, _ = st.Request(in.ID) }); err != nil {
		return nil, err
	}
	if r.ID != "" && offer.Free(r.Give) {
		return nil, nil
	}
	b, err := s.confirmed(in.Body.Token, func(b *subscription.Binding) bool {
		return b.Request == in.ID || b.Request == "" && b.Decision != "" && b.Decision == r.Decision
	})
	if err != nil {
		return nil, err
	}
	return b, keyed(in.IdempotencyKey, "approving")
}

type askRequest struct {
	IdempotencyParam
	Body struct {
		Account  string             `json:"account,omitempty"`
		User     string             `json:"user,omitempty"`
		Feature  string             `json:"feature,omitempty" doc:"what the person wants to use: the request is for the smallest thing that unlocks it"`
		Quantity *quantity.Quantity `json:"quantity,omitempty" doc:"how much of the feature; 1 when left out"`
		Give     *catalog.Give      `json:"give,omitempty" doc:"what approving is to give, where that is chosen already"`
		Reason   string             `json:"reason,omitempty" maxLength:"256"`
		Name     string             `json:"name,omitempty" maxLength:"200" doc:"of who asks, as colleagues know them; a user token says it for browsers"`
	}
}

// ask opens an upgrade request that no offer led to.
func (s *Server) ask(ctx context.Context, in *askRequest) (*outcomeAnswer, error) {
	role, b := "", &in.Body
	if err := caller(ctx, &b.Account, &b.User, &role); err != nil {
		return nil, err
	}
	if err := checkName("feature", b.Feature); err != nil {
		return nil, err
	}
	if b.User == "" {
		return nil, fault.New(fault.Invalid, "user_missing", "user is missing").WithField("user", "", "is required: who asks")
	}
	if err := s.inside(ctx, b.Account, b.User, func(g *catalog.Give) bool { return g.Invite == "" }); err != nil {
		return nil, err
	}
	call := engine.RequestCall{Ask: &offer.Ask{User: s.people.name(b.User), Feature: b.Feature}}
	if b.Give != nil {
		call.Ask.Give = *b.Give
	}
	if b.Quantity != nil {
		call.Quantity = *b.Quantity
	}
	var err error
	if call.Ask.Reason, err = s.seal(ctx, call.Ask.User, "request/"+b.Account+"/"+b.Feature, b.Reason); err != nil {
		return nil, err
	}
	if call.Ask.Name, err = s.sealName(ctx, call.Ask.User, b.Name); err != nil {
		return nil, err
	}
	rec, err := s.call(event.KindRequest, b.Account, call.Ask.User, "ask", in.IdempotencyKey, call)
	if err != nil {
		return nil, err
	}
	return s.outcomeOf(ctx, rec)
}

// outcomeOf makes the record and answers with what came of it, as far as the caller may see it.
func (s *Server) outcomeOf(ctx context.Context, rec event.Record) (*outcomeAnswer, error) {
	out := &outcomeAnswer{}
	var position uint64
	var err error
	if out.Body.OutcomeAnswer, position, err = answered[engine.OutcomeAnswer](ctx, s, rec); err != nil {
		return nil, err
	}
	out.Body.Position = s.Runner.Position(position)
	s.forMembers(ctx, &out.Body.OutcomeAnswer)
	return out, s.unsealAnswer(ctx, &out.Body.OutcomeAnswer)
}

// sealName seals what a person is called, under the person's own key. What a user token says goes before what a page
// sends: nobody asks under another's name.
func (s *Server) sealName(ctx context.Context, user, sent string) (string, error) {
	p := principal(ctx)
	if p.Kind == access.Browser {
		sent = p.Name
	}
	if user == "" {
		return "", nil
	}
	return s.seal(ctx, user, "name", sent)
}

// forMembers takes out of an answer what a member's browser is not to see: money, and what others said.
func (s *Server) forMembers(ctx context.Context, a *engine.OutcomeAnswer) {
	p := principal(ctx)
	if p.Kind != access.Browser || p.Role == access.RoleAdmin {
		return
	}
	a.Subscription = nil
	if a.Request != nil {
		seen := a.Request.SeenBy(s.people.name(p.User))
		a.Request = &seen
	}
}

type requestsRequest struct {
	PageParams
	PositionParam
	Account string `query:"account"`
	Status  string `query:"status" enum:"open,approved,declined,expired,superseded,undone"`
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
