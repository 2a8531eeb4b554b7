package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/store"
)

// ReadinessScore is how ready an account is to grow by one type of revenue, and why.
type ReadinessScore struct {
	signal.Readiness
	Since     clock.Time               `json:"since" doc:"the daily look that the change is told against, of an earlier day; null: there was none"`
	Before    *int                     `json:"before" nullable:"true" doc:"the score then"`
	Change    int                      `json:"change" doc:"of the score since then"`
	Changes   []signal.ReadinessChange `json:"changes" doc:"the parts that give something else than then, the largest change first; they add up to the difference of the sums"`
	Explained string                   `json:"explained" doc:"the change in a sentence"`
}

type readinessAnswer struct {
	Body struct {
		Account  string           `json:"account" doc:"the account's key"`
		Items    []ReadinessScore `json:"items" doc:"by type of revenue"`
		Position string           `json:"position" doc:"position of the answer"`
	}
}

func (s *Server) accountReadiness(ctx context.Context, in *accountRead) (*readinessAnswer, error) {
	out := &readinessAnswer{}
	out.Body.Account, out.Body.Items = in.Account, []ReadinessScore{}
	err := s.account(ctx, in, func(v runner.View) error {
		for _, n := range v.Account.Readiness(v.Catalog, v.State.Now) {
			r := ReadinessScore{Readiness: n.Readiness, Since: n.Since, Changes: []signal.ReadinessChange{}, Explained: "There was no daily look to compare with yet."}
			if n.Since != 0 {
				before := n.Before.Score()
				r.Before, r.Change, r.Changes = &before, n.Score-before, n.Changes
				r.Explained = n.Explain(n.Before, n.Changes, "yesterday")
			}
			out.Body.Items = append(out.Body.Items, r)
		}
		out.Body.Position = s.Runner.Position(v.State.Position)
		return nil
	})
	return out, err
}

type readinessListRequest struct {
	PageParams
	PositionParam
	Type  string `query:"type" enum:"new_logo,upsell,cross_sell,renewal,save"`
	Ready bool   `query:"ready" doc:"only accounts that are ready"`
	Plan  string `query:"plan" maxLength:"200"`
}

// ReadinessLine is how ready an account was at its last daily look.
type ReadinessLine struct {
	Account       string                   `json:"account" doc:"the account's key"`
	AccountName   string                   `json:"account_name,omitempty" doc:"its name, if it has one"`
	Plan          string                   `json:"plan,omitempty" doc:"its plan"`
	Type          catalog.RevenueType      `json:"type" doc:"type of revenue"`
	Score         int64                    `json:"score" doc:"0 to 100"`
	Change        int64                    `json:"change" doc:"since the look of the day before"`
	Ready         bool                     `json:"ready" doc:"the score is at the mark or above"`
	At            clock.Time               `json:"at" doc:"the daily look at which it last changed"`
	Contributions []signal.Contribution    `json:"contributions" doc:"the parts that gave anything"`
	Changes       []signal.ReadinessChange `json:"changes" doc:"what changed since the look of the day before"`
	Explained     string                   `json:"explained,omitempty" doc:"the change in a sentence"`
}

func (s *Server) readiness(ctx context.Context, in *readinessListRequest) (*listAnswer[ReadinessLine], error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	f := store.ReadinessFilter{Type: in.Type, Ready: in.Ready, Plan: in.Plan}
	for t := range cat.Readiness {
		f.Types = append(f.Types, string(t))
	}
	l, err := s.Store.Readiness(ctx, f, in.page())
	if err != nil {
		return nil, err
	}
	return mapped(l, func(x store.Ready) ReadinessLine {
		return ReadinessLine{Account: x.Account, AccountName: x.Name, Plan: x.Plan, Type: x.Type, Score: x.Score, Change: x.Change, Ready: x.Ready,
			At: x.At, Contributions: x.Contributions, Changes: x.Changes, Explained: x.Explained}
	}), nil
}
