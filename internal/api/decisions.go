package api

import (
	"cmp"
	"context"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/store"
)

type decisionsRequest struct {
	AccountParam
	PageParams
	PositionParam
}

// DecisionLine is an offer that an account was shown, or that was kept back, and what became of it.
type DecisionLine struct {
	ID        string            `json:"id" doc:"of the decision: GET /v1/decisions/{id}/explain tells why"`
	At        clock.Time        `json:"at" doc:"when"`
	User      string            `json:"user,omitempty" doc:"pseudonym of the person"`
	Placement string            `json:"placement" doc:"where"`
	Feature   string            `json:"feature,omitempty" doc:"key of the feature it was asked about"`
	Offer     string            `json:"offer" doc:"key of the offer"`
	Title     string            `json:"title" doc:"as the person saw it, or what the offer gives"`
	HeldOut   bool              `json:"held_out" doc:"it was kept back, to measure what offers earn"`
	Signal    string            `json:"signal,omitempty" doc:"id of the signal behind it"`
	Why       string            `json:"why" doc:"in plain words"`
	Outcome   string            `json:"outcome,omitempty" enum:"seen,clicked,dismissed,requested,accepted,undone" doc:"the furthest it came; absent where nothing was heard"`
	Outcomes  []DecisionOutcome `json:"outcomes" doc:"all that became of it, oldest first"`
}

// DecisionOutcome is one thing that became of a decision.
type DecisionOutcome struct {
	Type string     `json:"type" doc:"what"`
	At   clock.Time `json:"at" doc:"when"`
	User string     `json:"user,omitempty" doc:"pseudonym of who did it"`
}

// furthest are the outcomes by how far they are from nothing.
var furthest = map[string]int{offer.Seen: 1, offer.Dismissed: 2, offer.Clicked: 3, offer.Requested: 4, offer.Accepted: 5, "undone": 6}

// accountDecisions lists what an account was shown.
func (s *Server) accountDecisions(ctx context.Context, in *decisionsRequest) (*listAnswer[DecisionLine], error) {
	if err := cmp.Or(s.listed(ctx, in.Position), s.hasAccount(ctx, in.Account)); err != nil {
		return nil, err
	}
	l, err := s.Store.Decisions(ctx, in.Account, in.page())
	if err != nil {
		return nil, err
	}
	lines, err := s.decisionLines(ctx, l.Items)
	if err != nil {
		return nil, err
	}
	return &listAnswer[DecisionLine]{store.List[DecisionLine]{Next: l.Next, Items: lines}}, nil
}

// decisionLines are decisions with what became of them.
func (s *Server) decisionLines(ctx context.Context, decisions []offer.Decision) ([]DecisionLine, error) {
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(decisions))
	for i := range decisions {
		ids[i] = decisions[i].ID
	}
	became, err := s.Store.OutcomesOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]DecisionLine, len(decisions))
	for i := range decisions {
		d := &decisions[i]
		line := DecisionLine{ID: d.ID, At: d.At, User: d.User, Placement: d.Placement, Feature: d.Feature, Offer: d.OfferKey, HeldOut: d.Variant == "holdout",
			Signal: d.Signal, Why: decisionWhy(d), Title: offerWords(cat, d.OfferKey), Outcomes: []DecisionOutcome{}}
		if d.Offer != nil {
			line.Offer, line.Title = cmp.Or(d.OfferKey, d.Offer.Key), cmp.Or(d.Offer.Title, line.Title)
		}
		for _, o := range became[d.ID] {
			line.Outcomes = append(line.Outcomes, DecisionOutcome{o.Type, o.At, o.User})
			if furthest[o.Type] > furthest[line.Outcome] {
				line.Outcome = o.Type
			}
		}
		out[i] = line
	}
	return out, nil
}

// decisionWhy is what was thought of the offer that was shown or kept back.
func decisionWhy(d *offer.Decision) string {
	for _, c := range d.Considered {
		if c.Offer == d.OfferKey && c.Reason != "" {
			return c.Reason
		}
	}
	if d.Variant == "holdout" {
		return "the family is held out, to measure what offers earn"
	}
	return map[string]string{"signal": "a compelling event fired for the account", "requested": "the person asked for more"}[d.Reason]
}

// signalTitle is what people call a rule.
func signalTitle(cat *catalog.Catalog, key string) string {
	if r := cat.Signals[key]; r != nil && r.Title != "" && r.Title != r.Key {
		return r.Title
	}
	return strings.ReplaceAll(key, "_", " ")
}
