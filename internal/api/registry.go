package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/signal"
)

// registry answers what the catalog claims of compelling events, and what the data say.
func (s *Server) registry(ctx context.Context, in *struct{ PositionParam }) (*struct{ Body signal.Registry }, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	active, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	r := signal.NewRecord(active, now)
	if err := s.Store.FiringsIn(ctx, now-signal.RegistrySpan, r.Fired); err != nil {
		return nil, err
	}
	if err := s.Store.GrowthIn(ctx, now-signal.RegistrySpan, func(account string, kind catalog.RevenueType, m signal.Move) { r.Grew(account, kind, m) }); err != nil {
		return nil, err
	}
	ever, err := s.Store.FiredEver(ctx)
	if err != nil {
		return nil, err
	}
	out := r.Registry(func(rule string) (int64, clock.Time) { return ever[rule].Fired, ever[rule].Last })
	return &struct{ Body signal.Registry }{*out}, nil
}

// coverage answers what the catalog expects to hear against what it hears.
func (s *Server) coverage(ctx context.Context, in *struct{ PositionParam }) (*struct{ Body signal.Coverage }, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	active, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	seen, err := s.Store.TypesSeen(ctx, now.Day()-signal.CoverageSpan)
	if err != nil {
		return nil, err
	}
	ever, err := s.Store.FiredEver(ctx)
	if err != nil {
		return nil, err
	}
	received := make([]signal.Received, len(seen))
	for i, t := range seen {
		received[i] = signal.Received{Type: t.Type, Events: t.Events, Last: t.Last}
	}
	out := signal.CoverageOf(active, received, func(rule string) bool { return ever[rule].Fired > 0 }, now)
	return &struct{ Body signal.Coverage }{*out}, nil
}
