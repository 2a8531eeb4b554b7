package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/store"
)

func (p PageParams) page() store.Page { return store.Page{Cursor: p.Cursor, Limit: p.Limit} }

// listed makes a list see what a position token saw: lists come from checkpoints, so this
// waits for one.
func (s *Server) listed(ctx context.Context, token string) error {
	position, err := s.after(ctx, token)
	if err != nil || position == 0 {
		return err
	}
	return s.Runner.WaitAll(ctx, position, true)
}

func mapped[A, B any](l store.List[A], f func(A) B) *listAnswer[B] {
	out := store.List[B]{Next: l.Next, Items: make([]B, len(l.Items))}
	for i := range l.Items {
		out.Items[i] = f(l.Items[i])
	}
	return &listAnswer[B]{out}
}

// namesOf looks up the names of the accounts that a page of a list is about.
func namesOf[T any](ctx context.Context, s *Server, items []T, account func(*T) string) (map[string]string, error) {
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = account(&items[i])
	}
	return s.Store.AccountNames(ctx, keys)
}

type limitsRequest struct {
	PageParams
	PositionParam
	Least int64 `query:"least" minimum:"0" doc:"only from this percentage of the limit on"`
}

// LimitLine is how near an account is to a limit.
type LimitLine struct {
	Account      string            `json:"account"`
	AccountName  string            `json:"account_name,omitempty"`
	Plan         string            `json:"plan,omitempty"`
	Feature      string            `json:"feature"`
	FeatureTitle string            `json:"feature_title"`
	Usage        quantity.Quantity `json:"usage"`
	Limit        quantity.Quantity `json:"limit"`
	Percent      int64             `json:"percent"`
	ResetsAt     clock.Time        `json:"resets_at"`
}

func (s *Server) listLimits(ctx context.Context, in *limitsRequest) (*listAnswer[LimitLine], error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	l, err := s.Store.Limits(ctx, in.Least, in.page())
	if err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	return mapped(l, func(x store.Limit) LimitLine {
		line := LimitLine{Account: x.Account, AccountName: x.Name, Plan: x.Plan, Feature: x.Feature, FeatureTitle: x.Feature,
			Usage: quantity.Quantity(x.Usage), Limit: quantity.Quantity(x.LimitRow.Limit), Percent: x.Percent, ResetsAt: x.ResetsAt}
		if f := cat.Features[x.Feature]; f != nil {
			line.FeatureTitle = f.Title
		}
		return line
	}), nil
}

type opportunitiesRequest struct {
	PageParams
	PositionParam
	Account string `query:"account"`
	Stage   string `query:"stage" enum:"open,in_progress,won,lost"`
	Owner   string `query:"owner"`
	Type    string `query:"type" enum:"new_logo,upsell,cross_sell,renewal,save"`
}

// OpportunityLine is an opportunity as lists show it.
type OpportunityLine struct {
	opportunity.Opportunity
	AccountName string `json:"account_name,omitempty"`
}

func (s *Server) listOpportunities(ctx context.Context, in *opportunitiesRequest) (*listAnswer[OpportunityLine], error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	l, err := s.Store.Opportunities(ctx, store.OpportunityFilter{Account: in.Account, Stage: in.Stage, Owner: in.Owner, Type: in.Type}, in.page())
	if err != nil {
		return nil, err
	}
	if err := s.unsealOpportunities(ctx, l.Items); err != nil {
		return nil, err
	}
	names, err := namesOf(ctx, s, l.Items, func(x *opportunity.Opportunity) string { return x.Account })
	if err != nil {
		return nil, err
	}
	return mapped(l, func(x opportunity.Opportunity) OpportunityLine {
		return OpportunityLine{Opportunity: x, AccountName: names[x.Account]}
	}), nil
}

type patchOpportunityRequest struct {
	ID string `path:"id" maxLength:"600"`
	IdempotencyParam
	Body opportunity.Edit
}

type opportunityAnswer struct {
	Body struct {
		opportunity.Opportunity
		Position string `json:"position"`
	}
}

func (s *Server) patchOpportunity(ctx context.Context, in *patchOpportunityRequest) (*opportunityAnswer, error) {
	account, found := engine.AccountOf("opp", in.ID)
	if !found {
		return nil, fault.New(fault.NotFound, "opportunity_not_found", "there is no opportunity %q", fault.Shorten(in.ID)).
			WithMend("list what there is with GET /v1/opportunities")
	}
	edit, err := s.sealEdit(ctx, account, in.ID, in.Body)
	if err != nil {
		return nil, err
	}
	rec, err := s.call(event.KindOpportunity, account, "", "", in.IdempotencyKey, engine.EditCall{ID: in.ID, Edit: edit})
	if err != nil {
		return nil, err
	}
	out := &opportunityAnswer{}
	var position uint64
	if out.Body.Opportunity, position, err = answered[opportunity.Opportunity](ctx, s, rec); err != nil {
		return nil, err
	}
	out.Body.Position = s.Runner.Position(position)
	return out, s.unseal(ctx, &out.Body.Note, &out.Body.LostWhy)
}
