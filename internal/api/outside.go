package api

import (
	"context"
	"strconv"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/runner"
)

type outsideAnswer struct {
	Body struct {
		Domain string `json:"domain" doc:"of the account, as addresses are compared with it; empty when it has none, or one of free mail"`
		engine.OutsideOf
		Words    string `json:"words" doc:"the number in a sentence; empty without a domain"`
		Position string `json:"position"`
	}
}

// outside answers who of the account's domain uses the product in no account of its family.
func (s *Server) outside(ctx context.Context, in *accountRead) (*outsideAnswer, error) {
	p := principal(ctx)
	if err := p.ForAccount(in.Account); err != nil {
		return nil, err
	}
	out := &outsideAnswer{}
	out.Body.Items = []engine.OutsidePerson{}
	var position uint64
	err := s.account(ctx, in, func(v runner.View) error {
		position = v.State.Position
		out.Body.Domain = v.Account.Domains.Claims
		return nil
	})
	if err != nil || out.Body.Domain == "" {
		out.Body.Position = s.Runner.Position(position)
		return out, err
	}
	err = s.Runner.ReadAnywhere(ctx, event.DomainKey(out.Body.Domain), func(v runner.View) error {
		out.Body.OutsideOf = v.Account.OutsideOf(in.Account)
		return nil
	})
	if p.Kind == access.Browser {
		for i := range out.Body.Items {
			out.Body.Items[i].Account = "" // whose customers they are otherwise is not for the customer's browser
		}
	}
	out.Body.Words = outsideWords(out.Body.Outside, out.Body.Domain)
	out.Body.Position = s.Runner.Position(position)
	return out, err
}

func outsideWords(n int, domain string) string {
	switch n {
	case 0:
		return "Nobody else of " + domain + " uses this outside your plan"
	case 1:
		return "1 person of " + domain + " uses this outside your plan"
	}
	return strconv.Itoa(n) + " people of " + domain + " use this outside your plan"
}
