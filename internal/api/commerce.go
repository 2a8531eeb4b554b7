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
	"github.com/headroomhq/headroom/internal/subscription"
)

type putSubscriptionRequest struct {
	AccountParam
	IdempotencyParam
	RawBody []byte
	Body    struct {
		subscription.Change
		Token string `json:"token,omitempty" doc:"of a preview: the change is refused unless it still costs what was shown. It is enough alone; whatever else is sent must be what it was made for"`
	}
}

type subscriptionAnswer struct {
	Body struct {
		engine.Subscribed
		Position string `json:"position"`
	}
}

// putSubscription changes the subscription. What plan, interval, quantity and add-ons are said
// to be is the same when it is said again, and a token holds for one version of the subscription;
// what is bought once would be bought again, so that needs a key.
func (s *Server) putSubscription(ctx context.Context, in *putSubscriptionRequest) (*subscriptionAnswer, error) {
	call := engine.SubscribeCall{Change: in.Body.Change}
	sent, err := subscription.ReadSent(in.RawBody)
	if err != nil {
		return nil, err
	}
	if len(in.Body.Once) > 0 && in.Body.Token == "" {
		if err := keyed(in.IdempotencyKey, "buying something once"); err != nil {
			return nil, err
		}
	}
	if in.Body.Token != "" {
		b, err := s.confirmed(in.Body.Token, forNothingElse)
		if err == nil {
			err = b.Agrees(sent)
		}
		if err != nil {
			return nil, err
		}
		call.Binding = b
	}
	return s.subscribe(ctx, in.Account, call, in.IdempotencyKey)
}

type deleteSubscriptionRequest struct {
	AccountParam
	IdempotencyParam
	Effective string `query:"effective" enum:"now,renewal" doc:"now when left out, unless the catalog lets changes to less wait for the renewal"`
}

func (s *Server) deleteSubscription(ctx context.Context, in *deleteSubscriptionRequest) (*subscriptionAnswer, error) {
	call := engine.SubscribeCall{Change: subscription.Change{Cancel: true, Effective: in.Effective}}
	return s.subscribe(ctx, in.Account, call, in.IdempotencyKey)
}

func (s *Server) subscribe(ctx context.Context, account string, call engine.SubscribeCall, key string) (*subscriptionAnswer, error) {
	if err := event.CheckKey(account); err != nil {
		return nil, err
	}
	rec, err := s.call(event.KindSubscription, account, "", "", key, call)
	if err != nil {
		return nil, err
	}
	out := &subscriptionAnswer{}
	var position uint64
	out.Body.Subscribed, position, err = answered[engine.Subscribed](ctx, s, rec)
	out.Body.Position = s.Runner.Position(position)
	return out, err
}

type accountRead struct {
	AccountParam
	PositionParam
}

func (s *Server) getSubscription(ctx context.Context, in *accountRead) (*subscriptionAnswer, error) {
	out := &subscriptionAnswer{}
	err := s.account(ctx, in, func(v runner.View) error {
		out.Body.Subscribed = v.State.Subscribed(v.Account, v.Catalog)
		out.Body.Position = s.Runner.Position(v.State.Position)
		return nil
	})
	return out, err
}

// account reads an account that must exist.
func (s *Server) account(ctx context.Context, in *accountRead, f func(runner.View) error) error {
	after, err := s.after(ctx, in.Position)
	if err != nil {
		return err
	}
	return s.Runner.Read(ctx, in.Account, after, func(v runner.View) error {
		if v.Account == nil {
			return accountUnknown(in.Account)
		}
		return f(v)
	})
}

// previewLife is how long a confirmation token may be used, in real time.
const previewLife = 15 * clock.Minute

type previewRequest struct {
	PositionParam
	RawBody []byte
	Body    struct {
		subscription.Change
		Account    string `json:"account,omitempty"`
		DecisionID string `json:"decision_id,omitempty" doc:"preview what accepting this decision changes"`
		RequestID  string `json:"request_id,omitempty" doc:"preview what approving this upgrade request changes"`
	}
}

type previewAnswer struct {
	Body struct {
		subscription.Quote
		Token     string     `json:"token"`
		ExpiresAt clock.Time `json:"expires_at"`
	}
}

func (s *Server) preview(ctx context.Context, in *previewRequest) (*previewAnswer, error) {
	req := &in.Body
	if _, err := subscription.ReadSent(in.RawBody); err != nil {
		return nil, err
	}
	if req.Account == "" && req.DecisionID != "" {
		req.Account, _ = engine.AccountOf("dec", req.DecisionID)
	}
	if req.Account == "" && req.RequestID != "" {
		req.Account, _ = engine.AccountOf("req", req.RequestID)
	}
	user, role := "", string(offer.Admin)
	if err := caller(ctx, &req.Account, &user, &role); err != nil {
		return nil, err
	}
	if role != string(offer.Admin) {
		return nil, fault.New(fault.Denied, "not_allowed_to_buy", "only an admin of the account sees prices").
			WithMend("let the member request the upgrade instead")
	}
	after, err := s.after(ctx, in.Position)
	if err != nil {
		return nil, err
	}
	out := &previewAnswer{}
	out.Body.ExpiresAt = clock.At(time.Now()) + previewLife
	var b subscription.Binding
	err = s.Runner.Read(ctx, req.Account, after, func(v runner.View) error {
		if v.Account == nil {
			return accountUnknown(req.Account)
		}
		if req.RequestID != "" {
			b, err = v.BindRequest(req.RequestID)
		} else {
			b, err = v.Bind(req.Change, req.DecisionID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	b.ExpiresAt = out.Body.ExpiresAt
	out.Body.Quote, out.Body.Token = b.Quote, b.Sign(s.TokenSecret)
	return out, nil
}
