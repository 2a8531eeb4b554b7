package api

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/runner"
)

// FactLine is what another system knows of an account.
type FactLine struct {
	Name  string      `json:"name" doc:"incident, overdue, contacted, satisfaction, muted, or any other; conditions see it as facts.NAME"`
	Value ScalarValue `json:"value"`
	At    clock.Time  `json:"at" doc:"since when"`
	Until clock.Time  `json:"until,omitzero" doc:"when it ends to hold, or ended"`
	Ref   string      `json:"ref,omitempty" doc:"its id in your system"`
	Note  string      `json:"note,omitempty" doc:"for people"`
	Holds bool        `json:"holds" doc:"now; what no longer does is remembered for the rules that look back"`
}

// ScalarValue is a string, a number or a boolean.
type ScalarValue struct{ json.RawMessage }

// Schema describes it for the document.
func (ScalarValue) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Extensions: map[string]any{"type": []string{"string", "number", "boolean"}}}
}

type factsAnswer struct {
	Body struct {
		Items    []FactLine `json:"items"`
		Position string     `json:"position"`
	}
}

// listFacts answers all facts of an account: there are few.
func (s *Server) listFacts(ctx context.Context, in *accountRead) (*factsAnswer, error) {
	out := &factsAnswer{}
	err := s.account(ctx, in, func(v runner.View) error {
		out.Body.Items = factLines(v.Account.Known, v.State.Now)
		out.Body.Position = s.Runner.Position(v.State.Position)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, s.unsealFacts(ctx, out.Body.Items)
}

func factLines(facts account.Facts, now clock.Time) []FactLine {
	out := make([]FactLine, len(facts))
	for i, f := range facts {
		value, err := json.Marshal(f.Value)
		if err != nil { // a scalar
			panic(err)
		}
		out[i] = FactLine{f.Name, ScalarValue{value}, f.At, f.Until, f.Ref, f.Note, f.Holds(now)}
	}
	return out
}

func (s *Server) unsealFacts(ctx context.Context, items []FactLine) error {
	texts := make([]*string, len(items))
	for i := range items {
		texts[i] = &items[i].Note
	}
	return s.unseal(ctx, texts...)
}

// FactParam names the fact in the path.
type FactParam struct {
	Fact string `path:"fact" maxLength:"200" pattern:"^[a-z0-9_]+$" doc:"incident, overdue, contacted, satisfaction, muted, or any other name, which conditions see as facts.NAME"`
}

type putFactRequest struct {
	AccountParam
	FactParam
	IdempotencyParam
	Body struct {
		Value ScalarValue `json:"value" doc:"a string, a number or a boolean: true or false of an incident, overdue or muted; 0 to 10 of satisfaction; true, or by which channel, of contacted"`
		At    clock.Time  `json:"at,omitzero" doc:"since when it holds, now when left out; of an incident that is false, when it ended"`
		Until clock.Time  `json:"until,omitzero" doc:"when it ends to hold"`
		Note  string      `json:"note,omitempty" maxLength:"1000" doc:"for people; kept sealed"`
		Ref   string      `json:"ref,omitempty" maxLength:"200" doc:"its id in your system; incidents are told apart by it"`
	}
}

func (s *Server) putFact(ctx context.Context, in *putFactRequest) (*factsAnswer, error) {
	b := &in.Body
	f := account.Fact{Name: in.Fact, At: b.At, Until: b.Until, Ref: b.Ref}
	if err := json.Unmarshal(b.Value.RawMessage, &f.Value); err != nil {
		f.Value = nil // which CheckFact refuses
	}
	now := s.Clock.Now()
	if f.At > now+48*clock.Hour {
		return nil, fault.New(fault.Invalid, "time_in_future", "the fact holds since %s, which is in the future", f.At).
			WithField("/at", f.At.String(), "is in the future").WithMend("say it when it holds; with until it ends by itself")
	}
	err := account.CheckFact(&f)
	if err != nil {
		return nil, err
	}
	if err := s.hasAccount(ctx, in.Account); err != nil {
		return nil, err
	}
	if f.Note, err = s.seal(ctx, s.ofAccount(in.Account), "fact/"+f.Name+"/"+f.Ref, b.Note); err != nil {
		return nil, err
	}
	return s.fact(ctx, in.Account, in.IdempotencyKey, engine.FactCall{Fact: f})
}

type deleteFactRequest struct {
	AccountParam
	FactParam
	IdempotencyParam
	Ref string `query:"ref" maxLength:"200" doc:"only this incident; all when left out"`
}

// deleteFact takes a fact away; an incident is closed.
func (s *Server) deleteFact(ctx context.Context, in *deleteFactRequest) (*factsAnswer, error) {
	return s.fact(ctx, in.Account, in.IdempotencyKey, engine.FactCall{Fact: account.Fact{Name: in.Fact, Ref: in.Ref}, Delete: true})
}

func (s *Server) fact(ctx context.Context, acct, key string, call engine.FactCall) (*factsAnswer, error) {
	rec, err := s.call(event.KindFact, acct, "", call.Fact.Name, key, call)
	if err != nil {
		return nil, err
	}
	said, position, err := answered[engine.FactAnswer](ctx, s, rec)
	if err != nil {
		return nil, err
	}
	out := &factsAnswer{}
	out.Body.Items, out.Body.Position = factLines(said.Items, s.Clock.Now()), s.Runner.Position(position)
	return out, s.unsealFacts(ctx, out.Body.Items)
}
