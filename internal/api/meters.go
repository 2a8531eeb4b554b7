package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/runner"
)

type meterUsageAnswer struct {
	Body struct {
		Items    []engine.MeterUsage `json:"items"`
		Position string              `json:"position"`
		Stale    bool                `json:"stale"`
	}
}

// meterUsage answers what an account has used, meter by meter and period by period.
func (s *Server) meterUsage(ctx context.Context, in *entitlementsRequest) (*meterUsageAnswer, error) {
	if err := principal(ctx).ForAccount(in.Account); err != nil {
		return nil, err
	}
	after, err := s.after(ctx, in.Position)
	if err != nil {
		return nil, err
	}
	out := &meterUsageAnswer{}
	err = s.Runner.Read(ctx, in.Account, after, func(v runner.View) error {
		if v.Account == nil {
			return accountUnknown(in.Account)
		}
		out.Body.Items = v.Account.MeterUsages(v.Catalog, v.State.Now)
		out.Body.Position, out.Body.Stale = s.Runner.Position(v.State.Position), v.Stale
		return nil
	})
	return out, err
}
