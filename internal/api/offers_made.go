package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/store"
)

type decisionsMadeRequest struct {
	PageParams
	PositionParam
	SpanParams
	Offer   string `query:"offer" doc:"only of this offer"`
	Reached string `query:"reached" enum:"seen,clicked,dismissed,requested,accepted,undone,active,held_out" doc:"only those that this became of; active: accepted and not undone; held_out: kept back, which are left out otherwise"`
}

// DecisionMade is a decision of any account.
type DecisionMade struct {
	Account     string `json:"account"`
	AccountName string `json:"account_name,omitempty"`
	DecisionLine
}

// listDecisions lists the decisions that the funnel of offers counts.
func (s *Server) listDecisions(ctx context.Context, in *decisionsMadeRequest) (*listAnswer[DecisionMade], error) {
	if err := cmp.Or(s.listed(ctx, in.Position), checkName("offer", in.Offer)); err != nil {
		return nil, err
	}
	from, to, err := s.span(in.SpanParams)
	if err != nil {
		return nil, err
	}
	l, err := s.Store.DecisionsMade(ctx, store.MadeFilter{Offer: in.Offer, Reached: in.Reached, From: from, To: to}, in.page())
	if err != nil {
		return nil, err
	}
	lines, err := s.decisionLines(ctx, l.Items)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(l.Items))
	for i := range l.Items {
		keys[i] = l.Items[i].Account
	}
	names, err := s.Store.AccountNames(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := store.List[DecisionMade]{Next: l.Next, Items: make([]DecisionMade, len(lines))}
	for i := range lines {
		out.Items[i] = DecisionMade{Account: keys[i], AccountName: names[keys[i]], DecisionLine: lines[i]}
	}
	return &listAnswer[DecisionMade]{out}, nil
}

type earnedRequest struct {
	PositionParam
	From time.Time `query:"from" doc:"start, included; all of it when left out"`
}

// OfferEarned is what an offer earned.
type OfferEarned struct {
	Offer string         `json:"offer" doc:"key of the offer"`
	MRR   []money.Amount `json:"mrr" doc:"MRR gained, by currency: growth that came from its decisions and the requests it led to"`
}

type earnedAnswer struct {
	Body struct {
		Items []OfferEarned `json:"items"`
	}
}

// offersEarned adds up what offers earned since a time.
func (s *Server) offersEarned(ctx context.Context, in *earnedRequest) (*earnedAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	type one struct {
		offer    string
		currency money.Currency
	}
	sums := map[one]money.Twelfths{}
	err := s.Store.EarnedBy(ctx, clock.At(in.From), func(offer string, c money.Currency, mrr money.Twelfths) { sums[one{offer, c}] += mrr })
	if err != nil {
		return nil, err
	}
	keys := make([]one, 0, len(sums))
	for k := range sums {
		if k.offer != "" {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b one) int {
		return cmp.Or(cmp.Compare(a.offer, b.offer), cmp.Compare(a.currency, b.currency))
	})
	out := &earnedAnswer{}
	out.Body.Items = []OfferEarned{}
	for _, k := range keys {
		if n := len(out.Body.Items); n == 0 || out.Body.Items[n-1].Offer != k.offer {
			out.Body.Items = append(out.Body.Items, OfferEarned{Offer: k.offer})
		}
		line := &out.Body.Items[len(out.Body.Items)-1]
		line.MRR = append(line.MRR, sums[k].Amount(k.currency))
	}
	return out, nil
}

// offersMadeRoutes registers what offers led to.
func (s *Server) offersMadeRoutes() {
	add(s, "GET /v1/decisions", access.Read, "Offers shown to anybody, and what became of them", s.listDecisions)
	add(s, "GET /v1/offers/earned", access.Read, "What offers earned", s.offersEarned)
}
