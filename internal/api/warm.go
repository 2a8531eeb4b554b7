package api

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/revenue"
)

// What looks at every account is made before a person asks: after a start, after the catalog changed, and again
// before it gets too old to be given out. One answer at a time, and only those that take long.

const (
	// warmEvery is how often what may have changed is asked for again: half of how old an answer may be that is given out.
	warmEvery = oldestKept / 2
	// warmFeatures bounds the features of which limits and demand are made ahead.
	warmFeatures = 8
)

// ahead asks what the console asks first of one call.
type ahead func(ctx context.Context, c *catalog.Catalog, now clock.Time)

// warmed has the questions of first asked of h, a call whose answers are kept, before anybody does.
func warmed[I, O any](s *Server, h func(context.Context, *I) (*O, error), first func(*catalog.Catalog, clock.Time) []I) func(context.Context, *I) (*O, error) {
	s.ahead = append(s.ahead, func(ctx context.Context, c *catalog.Catalog, now clock.Time) {
		for _, in := range first(c, now) {
			if ctx.Err() != nil {
				return
			}
			if _, err := h(ctx, &in); err != nil { // who asks hears it
				s.Logger.Debug("an answer was not made ahead", "error", err)
			}
		}
	})
	return h
}

// soon is warmed for Today, which is opened first: before what the other pages ask.
func soon[I, O any](s *Server, h func(context.Context, *I) (*O, error), first func(*catalog.Catalog, clock.Time) []I) func(context.Context, *I) (*O, error) {
	h = warmed(s, h, first)
	last := len(s.ahead) - 1
	s.ahead = slices.Insert(s.ahead[:last:last], 0, s.ahead[last])
	return h
}

// Warm keeps the answers ready that pages of the console begin with, until ctx is done: they are made after a start and
// after the catalog changed, and asked for now and then as by a person.
func (s *Server) Warm(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var stood string
	var last time.Time
	for {
		on, err := s.stands(ctx)
		text, bad := json.Marshal(on)
		if err == nil && bad == nil && (string(text) != stood || time.Since(last) >= warmEvery) {
			stood, last = string(text), time.Now()
			s.WarmOnce(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.leaving:
			return
		case <-tick.C:
		}
	}
}

// WarmOnce makes what the console asks first, one answer after the other.
func (s *Server) WarmOnce(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	kept := context.AfterFunc(s.ending, cancel)
	defer kept()
	c, err := s.Runner.Active(ctx)
	if err != nil || c.Version == "" {
		return
	}
	for _, ask := range s.ahead {
		ask(ctx, c, s.Clock.Now())
	}
}

// once is the one question of a call that has no other.
func once[I any](*catalog.Catalog, clock.Time) []I { return make([]I, 1) }

// The console's spans stand on whole days and months, so that its questions stay the same while a day lasts.

func dayAfter(now clock.Time) time.Time {
	return now.Std().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
}

// funnelFirst is the month of Today, the thirty days of the offers, and all there ever was.
func funnelFirst(_ *catalog.Catalog, now clock.Time) []funnelRequest {
	t, end := now.Std().UTC(), dayAfter(now)
	month := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	return []funnelRequest{{SpanParams: SpanParams{month, month.AddDate(0, 1, 0)}}, {SpanParams: SpanParams{end.AddDate(0, 0, -30), end}}, {}}
}

// missedFirst is the ninety days that the page begins with.
func missedFirst(_ *catalog.Catalog, now clock.Time) []missedRequest {
	end := dayAfter(now)
	return []missedRequest{{SpanParams: SpanParams{end.AddDate(0, 0, -91), end}}}
}

// yearFirst is the year that Today draws.
func yearFirst(now clock.Time) RevenueParams {
	to := revenue.MonthOf(now)
	return RevenueParams{From: (to - 11).String(), To: to.String()}
}

func movementsFirst(_ *catalog.Catalog, now clock.Time) []movementsRequest {
	return []movementsRequest{{RevenueParams: yearFirst(now)}}
}

func retentionFirst(_ *catalog.Catalog, now clock.Time) []retentionRequest {
	return []retentionRequest{{RevenueParams: yearFirst(now)}}
}

// firstFeatures are the features whose limits are looked at, the first by key.
func firstFeatures(c *catalog.Catalog, is func(*catalog.Feature) bool) (keys []string) {
	for _, key := range slices.Sorted(maps.Keys(c.Features)) {
		if is(c.Features[key]) && len(keys) < warmFeatures {
			keys = append(keys, key)
		}
	}
	return keys
}

func limitsFirst(c *catalog.Catalog, _ clock.Time) (out []limitDesignRequest) {
	for _, key := range firstFeatures(c, func(f *catalog.Feature) bool { return f.Counted() && c.Meters[f.Meter] != nil }) {
		out = append(out, limitDesignRequest{FeatureParam: FeatureParam{key}, Upgrade: usualUpgrade})
	}
	return out
}

func demandFirst(c *catalog.Catalog, _ clock.Time) (out []demandRequest) {
	for _, key := range firstFeatures(c, func(*catalog.Feature) bool { return true }) {
		out = append(out, demandRequest{FeatureParam: FeatureParam{key}})
	}
	return out
}
