package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/store"
	"github.com/headroomhq/headroom/internal/subscription"
)

type postTrialRequest struct {
	AccountParam
	IdempotencyParam
	Body struct {
		Plan    string `json:"plan,omitempty" doc:"to try; one of plan, addon and feature"`
		Addon   string `json:"addon,omitempty" doc:"to try"`
		Feature string `json:"feature,omitempty" doc:"to try"`
		Length  string `json:"length,omitempty" doc:"such as 7d: at most what the catalog says, which it is when left out" example:"7d"`
	}
}

type trialAnswer struct {
	Body struct {
		engine.Tried
		Position string `json:"position"`
	}
}

func (s *Server) postTrial(ctx context.Context, in *postTrialRequest) (*trialAnswer, error) {
	ask := &engine.TrialAsk{Plan: in.Body.Plan, Addon: in.Body.Addon, Feature: in.Body.Feature}
	if in.Body.Length != "" {
		length, err := parseDays(in.Body.Length)
		if err != nil || length <= 0 {
			return nil, fault.New(fault.Invalid, "trial_length_invalid", "length %q is not a length of time", fault.Shorten(in.Body.Length)).
				WithField("/length", in.Body.Length, "want days such as 7d, or hours such as 36h").WithMend("leave length out for the catalog's")
		}
		ask.Length = clock.Time(length.Microseconds())
	}
	return s.trial(ctx, in.Account, in.IdempotencyKey, engine.TrialCall{Trial: ask})
}

type trialRequest struct {
	AccountParam
	IdempotencyParam
	ID string `path:"id" maxLength:"300" example:"addon:sponsors" doc:"what is tried, such as plan:pro"`
}

func (s *Server) extendTrial(ctx context.Context, in *trialRequest) (*trialAnswer, error) {
	return s.trial(ctx, in.Account, in.IdempotencyKey, engine.TrialCall{Extend: in.ID})
}

func (s *Server) deleteTrial(ctx context.Context, in *trialRequest) (*trialAnswer, error) {
	return s.trial(ctx, in.Account, in.IdempotencyKey, engine.TrialCall{EndTrial: in.ID})
}

func (s *Server) trial(ctx context.Context, account, key string, call engine.TrialCall) (*trialAnswer, error) {
	rec, err := s.call(event.KindGrant, account, "", "", key, engine.GrantCall{TrialCall: call})
	if err != nil {
		return nil, err
	}
	out := &trialAnswer{}
	var position uint64
	out.Body.Tried, position, err = answered[engine.Tried](ctx, s, rec)
	out.Body.Position = s.Runner.Position(position)
	return out, err
}

// listTrials answers all an account has tried: each thing once, so there are few.
func (s *Server) listTrials(ctx context.Context, in *accountRead) (*listAnswer[subscription.Trial], error) {
	out := &listAnswer[subscription.Trial]{}
	err := s.account(ctx, in, func(v runner.View) error {
		out.Body = store.List[subscription.Trial]{Items: v.Account.Tries(v.State.Now)}
		return nil
	})
	return out, err
}
