package api

import (
	"context"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/store"
)

type funnelRequest struct {
	PositionParam
	SpanParams
}

// FunnelLine counts the decisions of one offer and what became of them.
type FunnelLine struct {
	Offer     string `json:"offer"`
	Title     string `json:"title"`
	Shown     int64  `json:"shown"`
	Seen      int64  `json:"seen"`
	Clicked   int64  `json:"clicked"`
	Dismissed int64  `json:"dismissed"`
	Requested int64  `json:"requested"`
	Accepted  int64  `json:"accepted"`
	Undone    int64  `json:"undone" doc:"accepted and taken back"`
	Holdout   int64  `json:"holdout"`
}

// FunnelStep is one step from a moment to what the account then has.
type FunnelStep struct {
	Step  string `json:"step" enum:"moment,offered,seen,clicked,confirmed,active" doc:"the step"`
	Words string `json:"words" doc:"what it means"`
	Count int64  `json:"count" doc:"moments that came this far, or further"`
	Lost  int64  `json:"lost" doc:"moments that came to the step before and not here"`
	// Kept and Share are null where there is nothing to divide by.
	Kept  *string `json:"kept" nullable:"true" doc:"share of the step before, 0.25 for a quarter"`
	Share *string `json:"share" nullable:"true" doc:"share of all moments that were not held out"`
}

// MomentFunnelLine is the funnel of the moments about one thing at one place.
type MomentFunnelLine struct {
	Kind      string       `json:"kind" enum:"limit,locked,milestone" doc:"the limit was hit, a closed feature touched, or a milestone reached"`
	Feature   string       `json:"feature,omitempty"`
	Milestone string       `json:"milestone,omitempty"`
	Title     string       `json:"title" doc:"of the feature or milestone"`
	Placement string       `json:"placement,omitempty" doc:"where it was met, else where an offer belongs"`
	HeldOut   int64        `json:"held_out" doc:"moments of the holdout; they are in no step"`
	Missed    int64        `json:"missed" doc:"moments to which nothing was offered while they lasted"`
	Steps     []FunnelStep `json:"steps" doc:"from the moment to what is active"`
	WorstStep string       `json:"worst_step,omitempty" doc:"the step that loses the most; absent where nothing is lost"`
}

type funnelAnswer struct {
	Body struct {
		Items   []FunnelLine       `json:"items"`
		Totals  FunnelLine         `json:"totals"`
		Moments []MomentFunnelLine `json:"moments" doc:"the same from the customer's side: moments, by thing and place"`
		Steps   []FunnelStep       `json:"steps" doc:"of all moments"`
	}
}

func (s *Server) funnel(ctx context.Context, in *funnelRequest) (*funnelAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	from, to, err := s.span(in.SpanParams)
	if err != nil {
		return nil, err
	}
	rows, err := s.Store.Funnels(ctx, from, to)
	if err != nil {
		return nil, err
	}
	moments, err := s.Store.MomentFunnels(ctx, store.MomentFilter{From: from, To: to, Now: s.Clock.Now()})
	if err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	out := &funnelAnswer{}
	out.Body.Items = []FunnelLine{}
	sum := &out.Body.Totals
	for _, r := range rows {
		line := FunnelLine{Offer: r.Offer, Title: strings.ReplaceAll(r.Offer, "_", " "), Shown: r.Shown, Seen: r.Seen, Clicked: r.Clicked,
			Dismissed: r.Dismissed, Requested: r.Requested, Accepted: r.Accepted, Undone: r.Undone, Holdout: r.Holdout}
		if o := cat.Offers[r.Offer]; o != nil && !strings.Contains(o.Content.Title, "{") {
			line.Title = o.Content.Title // one with placeholders reads differently for everybody
		}
		out.Body.Items = append(out.Body.Items, line)
		sum.Shown += r.Shown
		sum.Seen += r.Seen
		sum.Clicked += r.Clicked
		sum.Dismissed += r.Dismissed
		sum.Requested += r.Requested
		sum.Accepted += r.Accepted
		sum.Undone += r.Undone
		sum.Holdout += r.Holdout
	}
	sum.Title = "All offers"
	out.Body.Moments, out.Body.Steps = momentFunnels(moments, cat)
	return out, nil
}

// momentFunnels are the funnels of moments by thing and place, and of all of them.
func momentFunnels(moments []store.MomentFunnel, cat *catalog.Catalog) (lines []MomentFunnelLine, steps []FunnelStep) {
	var all store.MomentFunnel
	lines = []MomentFunnelLine{}
	for i := range moments {
		m := &moments[i]
		line := MomentFunnelLine{Kind: m.Kind, Feature: m.Feature, Milestone: m.Milestone, Title: momentTitle(cat, m.Feature, m.Milestone),
			Placement: m.Placement, HeldOut: m.HeldOut, Missed: m.Missed, Steps: funnelSteps(m)}
		worst := int64(0)
		for _, step := range line.Steps {
			if step.Lost > worst {
				worst, line.WorstStep = step.Lost, step.Step
			}
		}
		lines = append(lines, line)
		all.Moments += m.Moments
		all.HeldOut += m.HeldOut
		all.Offered += m.Offered
		all.Seen += m.Seen
		all.Clicked += m.Clicked
		all.Accepted += m.Accepted
		all.Stays += m.Stays
	}
	return lines, funnelSteps(&all)
}

// funnelSteps counts how far moments came.
func funnelSteps(m *store.MomentFunnel) []FunnelStep {
	steps := []FunnelStep{
		{Step: "moment", Words: "More would have helped", Count: m.Moments - m.HeldOut},
		{Step: "offered", Words: "An offer about it was shown within a day", Count: m.Offered},
		{Step: "seen", Words: "The person saw it", Count: m.Seen},
		{Step: "clicked", Words: "They clicked, or asked an admin", Count: m.Clicked},
		{Step: "confirmed", Words: "Somebody who may buy confirmed it", Count: m.Accepted},
		{Step: "active", Words: "It took effect and was not undone", Count: m.Stays},
	}
	all, before := steps[0].Count, int64(-1)
	for i := range steps {
		s := &steps[i]
		s.Share = shareOf(s.Count, all)
		if before >= 0 {
			s.Lost, s.Kept = before-s.Count, shareOf(s.Count, before)
		}
		before = s.Count
	}
	return steps
}

// shareOf writes part of whole, nil when there is no whole.
func shareOf(part, whole int64) *string {
	if whole == 0 {
		return nil
	}
	share := revenue.Rate(money.Twelfths(part), money.Twelfths(whole))
	return &share
}
