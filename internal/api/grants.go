package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/runner"
)

type postGrantRequest struct {
	AccountParam
	IdempotencyParam
	Body struct {
		Feature   string             `json:"feature" minLength:"1" maxLength:"200"`
		Quantity  *quantity.Quantity `json:"quantity,omitempty" doc:"how much; left out for a feature that is on or off, which it opens"`
		Priority  *int               `json:"priority,omitempty" minimum:"0" maximum:"100" doc:"lower ones are used first; 50 when left out"`
		ExpiresAt *clock.Time        `json:"expires_at,omitempty" doc:"from then on it gives nothing; for good without it and for"`
		For       string             `json:"for,omitempty" maxLength:"20" example:"30d" doc:"how long it may be used, instead of expires_at"`
		Reason    string             `json:"reason,omitempty" maxLength:"500" doc:"why, for those who look it up"`
	}
}

type grantAnswer struct {
	Body struct {
		entitlement.Grant
		Position string `json:"position"`
	}
}

func (s *Server) postGrant(ctx context.Context, in *postGrantRequest) (*grantAnswer, error) {
	ask := &engine.GrantAsk{Feature: in.Body.Feature, Quantity: in.Body.Quantity, Priority: in.Body.Priority, Reason: in.Body.Reason}
	if in.Body.ExpiresAt != nil {
		ask.ExpiresAt = *in.Body.ExpiresAt
	}
	if in.Body.For != "" {
		length, err := parseDays(in.Body.For)
		if err != nil || length <= 0 {
			return nil, fault.New(fault.Invalid, "grant_invalid", "for %q is not a length of time", fault.Shorten(in.Body.For)).
				WithMend("use days such as 30d, or hours such as 36h").WithField("/for", in.Body.For, "want days such as 30d, or hours such as 36h")
		}
		ask.For = clock.Time(length.Microseconds())
	}
	return s.grant(ctx, in.Account, in.Body.Feature, in.IdempotencyKey, engine.GrantCall{Grant: ask})
}

type grantRequest struct {
	AccountParam
	IdempotencyParam
	ID string `path:"id" maxLength:"400" doc:"the grant's id"`
}

func (s *Server) deleteGrant(ctx context.Context, in *grantRequest) (*grantAnswer, error) {
	return s.grant(ctx, in.Account, in.ID, in.IdempotencyKey, engine.GrantCall{Revoke: in.ID})
}

func (s *Server) grant(ctx context.Context, account, typ, key string, call engine.GrantCall) (*grantAnswer, error) {
	rec, err := s.call(event.KindGrant, account, "", typ, key, call)
	if err != nil {
		return nil, err
	}
	out := &grantAnswer{}
	var position uint64
	out.Body.Grant, position, err = answered[entitlement.Grant](ctx, s, rec)
	out.Body.Position = s.Runner.Position(position)
	return out, err
}

type grantsAnswer struct {
	Body struct {
		Items    []entitlement.Grant `json:"items"`
		Position string              `json:"position"`
	}
}

// listGrants answers all that are live and the newest that are over: there are few.
func (s *Server) listGrants(ctx context.Context, in *accountRead) (*grantsAnswer, error) {
	out := &grantsAnswer{}
	err := s.account(ctx, in, func(v runner.View) error {
		out.Body.Items = v.Account.Entitled.Listed()
		out.Body.Position = s.Runner.Position(v.State.Position)
		return nil
	})
	return out, err
}

type postOverrideRequest struct {
	AccountParam
	IdempotencyParam
	Body struct {
		Feature   string             `json:"feature" minLength:"1" maxLength:"200"`
		Allowed   *bool              `json:"allowed,omitempty" doc:"false locks a feature of any kind, true opens one that is on or off"`
		Limit     *quantity.Quantity `json:"limit,omitempty" doc:"of a counted feature, in place of what plan, add-ons and grants give"`
		Per       *string            `json:"per,omitempty" maxLength:"20" example:"month" doc:"period of the limit, that of the plan's allowance when left out; lifetime for none"`
		Unlimited bool               `json:"unlimited,omitempty" doc:"a counted feature without a limit"`
		Value     *string            `json:"value,omitempty" maxLength:"64" doc:"of a feature of kind value"`
		Until     *clock.Time        `json:"until,omitempty" doc:"from then on it means nothing; for good when left out"`
		Reason    string             `json:"reason,omitempty" maxLength:"500" doc:"why, for those who look it up"`
	}
}

type overrideAnswer struct {
	Body struct {
		entitlement.Override
		Position string `json:"position"`
	}
}

func (s *Server) postOverride(ctx context.Context, in *postOverrideRequest) (*overrideAnswer, error) {
	b := &in.Body
	o := entitlement.Override{Feature: b.Feature, Allowed: b.Allowed, Limit: b.Limit, Unlimited: b.Unlimited, Value: b.Value, Reason: b.Reason}
	if b.Until != nil {
		o.Until = *b.Until
	}
	if b.Per != nil {
		per := catalog.Period(*b.Per)
		if per == "lifetime" {
			per = catalog.Lifetime
		}
		o.Per = &per
	}
	return s.override(ctx, in.Account, b.Feature, in.IdempotencyKey, engine.GrantCall{Override: &o})
}

type overrideRequest struct {
	AccountParam
	IdempotencyParam
	Feature string `path:"feature" maxLength:"200" doc:"key of the feature"`
}

func (s *Server) deleteOverride(ctx context.Context, in *overrideRequest) (*overrideAnswer, error) {
	return s.override(ctx, in.Account, in.Feature, in.IdempotencyKey, engine.GrantCall{Clear: in.Feature})
}

func (s *Server) override(ctx context.Context, account, feature, key string, call engine.GrantCall) (*overrideAnswer, error) {
	rec, err := s.call(event.KindGrant, account, "", feature, key, call)
	if err != nil {
		return nil, err
	}
	out := &overrideAnswer{}
	var position uint64
	out.Body.Override, position, err = answered[entitlement.Override](ctx, s, rec)
	out.Body.Position = s.Runner.Position(position)
	return out, err
}

type overridesAnswer struct {
	Body struct {
		Items    []entitlement.Override `json:"items"`
		Position string                 `json:"position"`
	}
}

func (s *Server) listOverrides(ctx context.Context, in *accountRead) (*overridesAnswer, error) {
	out := &overridesAnswer{}
	err := s.account(ctx, in, func(v runner.View) error {
		out.Body.Items = append([]entitlement.Override{}, v.Account.Entitled.Overrides...)
		out.Body.Position = s.Runner.Position(v.State.Position)
		return nil
	})
	return out, err
}
