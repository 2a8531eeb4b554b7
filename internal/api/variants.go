package api

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/experiment"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/signal"
)

type variantRequest struct {
	Body struct {
		Account    string `json:"account,omitempty" maxLength:"200" doc:"a user token says it for browsers"`
		User       string `json:"user,omitempty" maxLength:"512" doc:"changes nothing: families are assigned, not people"`
		Experiment string `json:"experiment" minLength:"1" maxLength:"200"`
	}
}

type variantAnswer struct {
	Body struct {
		Variant  string `json:"variant" doc:"empty: none, show what everybody sees"`
		Reason   string `json:"reason" enum:"assigned,not_running,not_eligible,not_in_experiment,too_many_experiments"`
		Position string `json:"position"`
	}
}

// postVariant answers which variant of an experiment an account has. The first to ask assigns it,
// for the whole family.
func (s *Server) postVariant(ctx context.Context, in *variantRequest) (*variantAnswer, error) {
	b, role := &in.Body, ""
	if err := caller(ctx, &b.Account, &b.User, &role); err != nil {
		return nil, err
	}
	var said engine.VariantAnswer
	var known bool
	var position uint64
	err := s.Runner.Read(ctx, b.Account, 0, func(v runner.View) error {
		e := v.Catalog.Experiments[b.Experiment]
		if e == nil {
			return fault.New(fault.NotFound, "experiment_unknown", "there is no experiment %q in the catalog", fault.Shorten(b.Experiment)).
				WithMend("write its key as the catalog has it; until it is applied show what everybody sees")
		}
		if v.Account == nil {
			return accountUnknown(b.Account)
		}
		said, known = v.Account.Variant(e)
		position = v.State.Position
		return nil
	})
	if err == nil && !known {
		said, position, err = s.assign(ctx, b.Account, b.Experiment)
	}
	if err != nil {
		return nil, err
	}
	out := &variantAnswer{}
	out.Body.Variant, out.Body.Reason, out.Body.Position = said.Variant, said.Reason, s.Runner.Position(position)
	return out, nil
}

// assign asks the root of the family, then keeps what it says at the account. Repeating it
// changes nothing.
func (s *Server) assign(ctx context.Context, account, key string) (said engine.VariantAnswer, position uint64, err error) {
	family, err := s.familyOf(ctx, account)
	if err != nil {
		return said, 0, err
	}
	call := engine.VariantCall{Unit: family}
	if family != account {
		rec, err := s.call(event.KindVariant, family, "", key, "", engine.VariantCall{Family: true})
		if err != nil {
			return said, 0, err
		}
		a, _, err := s.Runner.CallAnywhere(ctx, rec)
		if err != nil {
			return said, 0, err
		}
		if said, err = readAnswer[engine.VariantAnswer](a); err != nil {
			return said, 0, err
		}
		if said.Reason != "" { // the family can be in no more experiments
			return said, position, nil
		}
		call.Variant = said.Variant
	}
	rec, err := s.call(event.KindVariant, account, "", key, "", call)
	if err != nil {
		return said, 0, err
	}
	return answered[engine.VariantAnswer](ctx, s, rec)
}

// ExperimentLine is an experiment with who is in it. It says nothing about which variant is
// better: the numbers alone do not.
type ExperimentLine struct {
	Key        string        `json:"key"`
	Title      string        `json:"title"`
	Hypothesis string        `json:"hypothesis"`
	State      string        `json:"state"`
	Outcome    string        `json:"outcome,omitempty" doc:"key of the signal whose time is compared"`
	Variants   []VariantLine `json:"variants"`
	// SampleRatio tests whether families fell to the variants as the shares say.
	SampleRatio *experiment.Ratio `json:"sample_ratio,omitempty" doc:"whether families fell to the variants as the shares say; left out where there are too few to tell"`
}

// VariantLine is one side of an experiment.
type VariantLine struct {
	Variant  string     `json:"variant"`
	Share    int64      `json:"share" doc:"percent of all families"`
	Accounts int64      `json:"accounts" doc:"assigned"`
	Families int64      `json:"families" doc:"that assigned accounts were drawn by"`
	Since    clock.Time `json:"since,omitzero" doc:"when the first was assigned"`
	Reached  int64      `json:"reached" doc:"accounts that had the outcome's signal since"`
	// Median is half-way through those that reached it.
	Median string `json:"median,omitempty" doc:"time from assignment to the outcome, of the account half-way among those that reached it: a description, not a comparison"`
}

type experimentsAnswer struct {
	Body struct {
		Items []ExperimentLine `json:"items"`
	}
}

func (s *Server) listExperiments(ctx context.Context, in *PositionParam) (*experimentsAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	out := &experimentsAnswer{}
	out.Body.Items = []ExperimentLine{}
	for _, key := range slices.Sorted(maps.Keys(cat.Experiments)) {
		e := cat.Experiments[key]
		line := ExperimentLine{Key: key, Title: cmp.Or(e.Title, key), Hypothesis: e.Hypothesis, State: e.State, Outcome: e.Outcome, Variants: []VariantLine{}}
		rows, err := s.Store.Assigned(ctx, key)
		if err != nil {
			return nil, err
		}
		times := map[string][]clock.Time{}
		if e.Outcome != "" {
			if err := s.Store.TimesTo(ctx, key, e.Outcome, func(v string, after clock.Time) { times[v] = append(times[v], after) }); err != nil {
				return nil, err
			}
		}
		var counts, shares []int64
		for _, v := range e.Variants {
			l := VariantLine{Variant: v.Key, Share: v.Share, Reached: int64(len(times[v.Key]))}
			for _, r := range rows {
				if r.Variant == v.Key {
					l.Accounts, l.Families, l.Since = r.Accounts, r.Families, r.First
				}
			}
			if t := times[v.Key]; len(t) > 0 {
				l.Median = signal.Span(t[len(t)/2].Sub(0))
			}
			counts, shares = append(counts, l.Families), append(shares, v.Share)
			line.Variants = append(line.Variants, l)
		}
		line.SampleRatio = experiment.SampleRatio(counts, shares)
		out.Body.Items = append(out.Body.Items, line)
	}
	return out, nil
}
