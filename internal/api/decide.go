package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/runner"
)

// DecideRequest asks what to show a person at a placement.
type DecideRequest struct {
	Account   string `json:"account"`
	User      string `json:"user"`
	Role      string `json:"role,omitempty" enum:"admin,member" doc:"who can buy sees the price; with a secret key admin when left out; a user token says it for browsers"`
	Profile   string `json:"profile,omitempty" doc:"the role the user plays in the product"`
	Placement string `json:"placement"`
	Feature   string `json:"feature,omitempty" doc:"what the moment is about"`
	Requested bool   `json:"requested,omitempty" doc:"the person asked, as on a pricing page: no signal is needed and no budget is spent"`
}

// DecideAnswer is a decision with the position that saw it.
type DecideAnswer struct {
	offer.Decision
	Position string `json:"position,omitempty"`
}

func (s *Server) decide(w http.ResponseWriter, r *http.Request) error {
	var req DecideRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	if err := caller(r.Context(), &req.Account, &req.User, &req.Role); err != nil {
		return err
	}
	if err := cmp.Or(checkName("feature", req.Feature), checkName("placement", req.Placement), checkName("profile", req.Profile)); err != nil {
		return err
	}
	if req.User == "" {
		return fault.New(fault.Invalid, "user_missing", "user is missing").WithField("user", "", "is required: who would see the offer").
			WithMend("send the id of the person as your product knows them")
	}
	if req.Placement == "" {
		return fault.New(fault.Invalid, "placement_missing", "placement is missing").WithField("placement", "", "is required: where the offer would appear")
	}
	after, err := s.after(r.Context(), r.Header.Get(positionHeader))
	if err != nil {
		return err
	}
	d, position, err := s.decideFor(r.Context(), req, after, r.Header.Get(idempotencyHeader))
	if err != nil {
		return err
	}
	if principal(r.Context()).Kind == access.Browser {
		d.Considered = nil // how offers are weighed is not for the customer's browser
	}
	return writeJSON(w, http.StatusOK, DecideAnswer{d, s.Runner.Position(position)})
}

// decideFor looks first: where there is nothing to show there is nothing to record. What
// is about to be shown, or held back from a holdout, is decided by Step.
func (s *Server) decideFor(ctx context.Context, req DecideRequest, after uint64, key string) (offer.Decision, uint64, error) {
	ask := engine.DecideCall{Placement: req.Placement, Feature: req.Feature, Requested: req.Requested,
		Role: offer.Role(req.Role), Profile: req.Profile}
	if ask.Role == "" {
		ask.Role = offer.Admin // a server that does not say asks for somebody who can buy
		if principal(ctx).Account != "" {
			ask.Role = offer.Member
		}
	}
	user := s.people.name(req.User)
	var d offer.Decision
	var position uint64
	err := s.Runner.Read(ctx, req.Account, after, func(v runner.View) error {
		position = v.State.Position
		d = v.Decide(ask, req.Account, user)
		return nil
	})
	if d.At == 0 { // nobody has heard of the account
		d.At = s.Clock.Now()
	}
	if err != nil || d.Status != "show" && d.Variant != "holdout" {
		return d, position, err
	}
	rec, err := s.call(event.KindDecide, req.Account, user, req.Placement, key, ask)
	if err != nil {
		return d, position, err
	}
	return answered[offer.Decision](ctx, s, rec)
}

// DecisionParam names the decision in the path.
type DecisionParam struct {
	ID string `path:"id" maxLength:"600"`
}

type explainRequest struct {
	DecisionParam
	PositionParam
}

type explainAnswer struct {
	Body struct {
		offer.Decision
		Outcomes []offer.Outcome `json:"outcomes"`
	}
}

func (s *Server) explain(ctx context.Context, in *explainRequest) (*explainAnswer, error) {
	_, found := engine.AccountOf("dec", in.ID)
	if !found {
		return nil, fault.New(fault.NotFound, "decision_unknown", "there is no decision %q", fault.Shorten(in.ID))
	}
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	out := &explainAnswer{}
	var err error
	if out.Body.Decision, err = s.Store.Decision(ctx, in.ID); err != nil {
		return nil, err
	}
	if out.Body.Outcomes, err = s.Store.Outcomes(ctx, in.ID); err != nil {
		return nil, err
	}
	if out.Body.Outcomes == nil {
		out.Body.Outcomes = []offer.Outcome{}
	}
	return out, s.unsealOutcomes(ctx, out.Body.Outcomes)
}

func decideOperation(s *Server, op *huma.Operation) {
	describe[DecideRequest, DecideAnswer](s, op, "200")
	header(op, positionHeader, false)
	header(op, idempotencyHeader, false)
}
