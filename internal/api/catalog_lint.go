package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/packaging"
)

// lintSpan is how far back the rules of lint look that need data.
const lintSpan = 90 * clock.Day

// LintAnswer is what lint finds.
type LintAnswer struct {
	Version  string            `json:"version" doc:"of the active catalog; empty: there is none yet"`
	Findings []catalog.Finding `json:"findings"`
}

// lintCatalog says what lint finds about the active catalog, with what accounts use.
func (s *Server) lintCatalog(ctx context.Context, in *struct{ PositionParam }) (*struct{ Body LintAnswer }, error) {
	active, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	out := &struct{ Body LintAnswer }{LintAnswer{Version: active.Version, Findings: []catalog.Finding{}}}
	if active.Version == "" {
		return out, nil
	}
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	if _, findings := catalog.Parse("catalog.yaml", active.Text()); findings != nil {
		out.Body.Findings = findings
	}
	found, err := s.lintData(ctx, active)
	out.Body.Findings = append(out.Body.Findings, found...)
	return out, err
}

// lintData runs the rules of lint that need what accounts use.
func (s *Server) lintData(ctx context.Context, cat *catalog.Catalog) ([]catalog.Finding, error) {
	in := packaging.LintInput{Catalog: cat, Members: map[string][]packaging.Member{}, Decided: map[string]int64{}}
	for key, f := range cat.Features {
		if !f.Counted() || cat.Meters[f.Meter] == nil {
			continue
		}
		members, err := s.members(ctx, cat, f, allowancePeriod(cat, key), "")
		if err != nil {
			return nil, err
		}
		in.Members[key] = members
	}
	since := s.Clock.Now() - lintSpan
	var err error
	if in.Fired, err = s.Store.SignalsFired(ctx, since); err != nil {
		return nil, err
	}
	funnels, err := s.Store.Funnels(ctx, since, 0)
	if err != nil {
		return nil, err
	}
	for _, f := range funnels {
		in.Decided[f.Offer] = f.Shown + f.Holdout
	}
	return packaging.Lint(in), nil
}
