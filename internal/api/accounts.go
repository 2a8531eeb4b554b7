package api

import (
	"cmp"
	"context"
	"strings"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/store"
)

type putAccountRequest struct {
	AccountParam
	IdempotencyParam
	Body event.AccountChange
}

type accountAnswer struct {
	Body struct {
		account.Account
		Plan     string           `json:"plan,omitempty"`
		Status   string           `json:"status,omitempty"`
		MRR      money.Amount     `json:"mrr"`
		Problems map[string]int64 `json:"problems,omitempty" doc:"events that could not be used, by what was wrong"`
		Position string           `json:"position"`
	}
}

func (s *Server) putAccount(ctx context.Context, in *putAccountRequest) (*accountAnswer, error) {
	if err := in.Body.Check(in.Account); err != nil {
		return nil, err
	}
	if in.Body.Parent != nil {
		if err := s.noCircle(ctx, in.Account, *in.Body.Parent); err != nil {
			return nil, err
		}
	}
	rec, err := s.call(event.KindAccount, in.Account, "", "", in.IdempotencyKey, in.Body)
	if err != nil {
		return nil, err
	}
	_, position, err := answered[account.Account](ctx, s, rec)
	if err != nil {
		return nil, err
	}
	return s.getAccount(ctx, &accountRead{AccountParam: in.AccountParam, PositionParam: PositionParam{s.Runner.Position(position)}})
}

// noCircle refuses a parent that is below the account, as far as can be known here and now: two
// calls at once, or a part of the family on a node that does not answer, may still make a circle,
// so whatever walks up a family has an end of its own.
func (s *Server) noCircle(ctx context.Context, key, parent string) error {
	chain, circle := []string{key}, false
	_ = s.ancestors(ctx, key, parent, func(above string, v runner.View) bool { // what cannot be read is not known
		chain = append(chain, above)
		circle = v.Account.Facts.Parent == key
		return circle
	})
	if !circle {
		return nil
	}
	for i := range chain {
		chain[i] = fault.Shorten(chain[i])
	}
	return fault.New(fault.Invalid, "parent_circle", "account %s would be above itself: %s", chain[0], strings.Join(append(chain, chain[0]), " → ")).
		WithMend("name a parent that is not below this account, or take the parent of %s away first (\"parent\": null)", chain[len(chain)-1]).
		WithField("parent", parent, "is below this account")
}

func (s *Server) getAccount(ctx context.Context, in *accountRead) (*accountAnswer, error) {
	out := &accountAnswer{}
	err := s.account(ctx, in, func(v runner.View) error {
		a := v.Account
		out.Body.Account = a.Facts
		out.Body.Plan, out.Body.Status = a.Subscription.Plan, string(a.Subscription.Status)
		currency := a.Ledger.Currency
		if currency == "" {
			currency = v.Catalog.Currency
		}
		out.Body.MRR = a.Ledger.MRR.Amount(currency)
		out.Body.Problems = a.Problems
		out.Body.Position = s.Runner.Position(v.State.Position)
		return nil
	})
	return out, err
}

// SignalLine is a signal as lists show it.
type SignalLine struct {
	signal.Signal
	AccountName string `json:"account_name,omitempty"`
	ScoreNow    int    `json:"score_now" doc:"the score, decayed to now"`
}

type accountSignalsRequest struct {
	AccountParam
	PageParams
	PositionParam
}

func (s *Server) accountSignals(ctx context.Context, in *accountSignalsRequest) (*listAnswer[SignalLine], error) {
	if err := cmp.Or(s.listed(ctx, in.Position), s.hasAccount(ctx, in.Account)); err != nil {
		return nil, err
	}
	return s.signals(ctx, in.Account, "", in.Position, in.page())
}

type listSignalsRequest struct {
	PageParams
	PositionParam
	Key string `query:"key" doc:"only of this rule"`
}

func (s *Server) listSignals(ctx context.Context, in *listSignalsRequest) (*listAnswer[SignalLine], error) {
	return s.signals(ctx, "", in.Key, in.Position, in.page())
}

func (s *Server) signals(ctx context.Context, account, key, position string, p store.Page) (*listAnswer[SignalLine], error) {
	if err := s.listed(ctx, position); err != nil {
		return nil, err
	}
	l, err := s.Store.Signals(ctx, store.SignalFilter{Account: account, Key: key}, p)
	if err != nil {
		return nil, err
	}
	names, err := namesOf(ctx, s, l.Items, func(x *signal.Signal) string { return x.Account })
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	return mapped(l, func(x signal.Signal) SignalLine {
		return SignalLine{Signal: x, AccountName: names[x.Account], ScoreNow: signal.ScoreAt(&x, now)}
	}), nil
}
