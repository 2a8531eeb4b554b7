package api

import (
	"context"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/store"
)

// StageMove is a move of an account from one stage to another.
type StageMove struct {
	At    clock.Time    `json:"at" doc:"when"`
	Stage account.Stage `json:"stage" doc:"the stage it came to"`
	From  account.Stage `json:"from,omitempty" doc:"the stage it left; absent on the first"`
	Why   string        `json:"why" doc:"the reason, in plain words"`
}

type lifecycleAnswer struct {
	Body struct {
		Account  string        `json:"account" doc:"the account's key"`
		Stage    account.Stage `json:"stage" enum:"landed,activated,adopted,expanding,advocate,at_risk,none" doc:"where it stands now; none: it has no subscription"`
		Why      string        `json:"why" doc:"the reason, in plain words"`
		Since    clock.Time    `json:"since" doc:"since when lists have it in that stage; null before its first daily look"`
		History  []StageMove   `json:"history" doc:"its moves, the latest first"`
		Next     string        `json:"next,omitempty" doc:"cursor of the next part of the history"`
		Position string        `json:"position" doc:"position of the answer"`
	}
}

type lifecycleRequest struct {
	AccountParam
	PositionParam
	PageParams
}

func (s *Server) accountLifecycle(ctx context.Context, in *lifecycleRequest) (*lifecycleAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	out := &lifecycleAnswer{}
	b := &out.Body
	b.Account = in.Account
	err := s.account(ctx, &accountRead{in.AccountParam, in.PositionParam}, func(v runner.View) error {
		b.Stage, b.Why = v.Account.StageWhy(v.Catalog, v.State.Now)
		if told, since := v.Account.StageSince(); told == b.Stage {
			b.Since = since
		}
		b.Position = s.Runner.Position(v.State.Position)
		return nil
	})
	if err != nil {
		return nil, err
	}
	l, err := s.Store.StageMoves(ctx, in.Account, in.page())
	if err != nil {
		return nil, err
	}
	moves := mapped(l, func(m engine.StageRow) StageMove { return StageMove{m.At, m.Stage, m.Before, m.Why} })
	b.History, b.Next = moves.Body.Items, moves.Body.Next
	return out, nil
}

type lifecycleListRequest struct {
	PageParams
	PositionParam
	Stage string `query:"stage" enum:"landed,activated,adopted,expanding,advocate,at_risk,none" doc:"list only accounts in this stage"`
	Plan  string `query:"plan" maxLength:"200"`
}

// StageLine is one stage of the inverted funnel.
type StageLine struct {
	Stage    account.Stage  `json:"stage" doc:"landed to advocate as the funnel widens, then at_risk, and none for those who have no subscription any more"`
	Accounts int64          `json:"accounts" doc:"how many are in it"`
	MRR      []money.Amount `json:"mrr" doc:"what they pay a month, by currency; nothing is converted"`
	In       int64          `json:"in" doc:"moves into it in the last 30 days"`
	Out      int64          `json:"out" doc:"moves out of it in the last 30 days"`
}

// MoveLine counts moves from one stage to another.
type MoveLine struct {
	From  account.Stage `json:"from,omitempty" doc:"the stage left; absent for accounts that came in"`
	To    account.Stage `json:"to" doc:"the stage come to"`
	Moves int64         `json:"moves" doc:"in the last 30 days; an account that moved twice counts twice"`
}

// StagedLine is an account in its stage.
type StagedLine struct {
	Account     string        `json:"account" doc:"the account's key"`
	AccountName string        `json:"account_name,omitempty" doc:"its name, if it has one"`
	Plan        string        `json:"plan,omitempty" doc:"its plan"`
	MRR         money.Amount  `json:"mrr" doc:"what it pays a month"`
	Stage       account.Stage `json:"stage" doc:"where it stands"`
	From        account.Stage `json:"from,omitempty" doc:"where it came from"`
	Since       clock.Time    `json:"since" doc:"since when"`
	Why         string        `json:"why" doc:"the reason at that time, in plain words"`
}

type lifecycleListAnswer struct {
	Body struct {
		Stages []StageLine  `json:"stages" doc:"the inverted funnel over accounts"`
		Moves  []MoveLine   `json:"moves" doc:"of the last 30 days"`
		Items  []StagedLine `json:"items" doc:"accounts, who moved last first"`
		Next   string       `json:"next,omitempty" doc:"cursor of the next part"`
	}
}

// movesOf is how far back moves are counted.
const movesOf = 30 * 24 * time.Hour

func (s *Server) lifecycle(ctx context.Context, in *lifecycleListRequest) (*lifecycleListAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	out := &lifecycleListAnswer{}
	out.Body.Stages, out.Body.Moves = []StageLine{}, []MoveLine{}
	if in.Cursor == "" { // the next parts are of accounts
		if err := s.stages(ctx, in.Plan, out); err != nil {
			return nil, err
		}
	}
	l, err := s.Store.Lifecycle(ctx, in.Stage, in.Plan, in.page())
	if err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	lines := mapped(l, func(x store.Staged) StagedLine {
		return StagedLine{Account: x.Account, AccountName: x.Name, Plan: x.Plan, MRR: paidIn(x.MRR, x.Currency, cat.Currency),
			Stage: x.Stage, From: x.Before, Since: x.Since, Why: x.Why}
	})
	out.Body.Items, out.Body.Next = lines.Body.Items, lines.Body.Next
	return out, nil
}

func (s *Server) stages(ctx context.Context, plan string, out *lifecycleListAnswer) error {
	counts, err := s.Store.StageCounts(ctx, plan)
	if err != nil {
		return err
	}
	moves, err := s.Store.MoveCounts(ctx, s.Clock.Now().Add(-movesOf), plan)
	if err != nil {
		return err
	}
	for _, stage := range account.Stages {
		line := StageLine{Stage: stage, MRR: []money.Amount{}}
		for _, c := range counts {
			if c.Stage != stage {
				continue
			}
			line.Accounts += c.Accounts
			if c.Currency != "" && c.MRR != 0 {
				line.MRR = append(line.MRR, money.Twelfths(c.MRR).Amount(money.Currency(c.Currency)))
			}
		}
		for _, m := range moves {
			if m.To == stage {
				line.In += m.Moves
			}
			if m.From == stage {
				line.Out += m.Moves
			}
		}
		out.Body.Stages = append(out.Body.Stages, line)
	}
	slices.SortStableFunc(moves, func(a, b store.MoveCount) int { return int(b.Moves - a.Moves) })
	for _, m := range moves {
		out.Body.Moves = append(out.Body.Moves, MoveLine{m.From, m.To, m.Moves})
	}
	return nil
}

// paidIn is an account's MRR in its own currency, or nothing in the catalog's.
func paidIn(twelfths int64, currency string, usual money.Currency) money.Amount {
	if currency == "" {
		return money.Twelfths(twelfths).Amount(usual)
	}
	return money.Twelfths(twelfths).Amount(money.Currency(currency))
}
