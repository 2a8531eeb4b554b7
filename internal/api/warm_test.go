package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

func TestWhatIsMadeAheadIsWhatTheConsoleAsks(t *testing.T) {
	now := clock.At(time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC))
	at := func(day string) time.Time {
		d, err := time.Parse(time.RFC3339, day+"T00:00:00Z") // as it comes in an address
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	same := func(name string, got, want any) {
		t.Helper()
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want) // answers are told apart by this
		if string(g) != string(w) {
			t.Errorf("%s: %s, want %s", name, g, w)
		}
	}
	same("the funnel of Today's month, of 30 days, and ever", funnelFirst(nil, now), []funnelRequest{
		{SpanParams: SpanParams{at("2026-03-01"), at("2026-04-01")}}, {SpanParams: SpanParams{at("2026-03-02"), at("2026-04-01")}}, {}})
	same("missed moments of 90 days", missedFirst(nil, now), []missedRequest{{SpanParams: SpanParams{at("2025-12-31"), at("2026-04-01")}}})
	same("twelve months of money", movementsFirst(nil, now), []movementsRequest{{RevenueParams: RevenueParams{From: "2025-04", To: "2026-03"}}})
	c := &catalog.Catalog{Meters: map[string]*catalog.Meter{"mails": {}}, Features: map[string]*catalog.Feature{
		"mails": {Key: "mails", Kind: catalog.Metered, Meter: "mails"}, "sso": {Key: "sso", Kind: catalog.Boolean}}}
	same("limits of what is counted", limitsFirst(c, now), []limitDesignRequest{{FeatureParam: FeatureParam{"mails"}, Upgrade: 20}})
	same("demand for everything", demandFirst(c, now), []demandRequest{{FeatureParam: FeatureParam{"mails"}}, {FeatureParam: FeatureParam{"sso"}}})
}

func TestAnAnswerMadeAheadIsFoundByWhoAsksFirst(t *testing.T) {
	c := newKeptCall(t)
	c.s.Logger = slog.New(slog.DiscardHandler)
	warmed(c.s, c.ask, func(*catalog.Catalog, clock.Time) []keptAsk { return []keptAsk{{Feature: "mails"}, {Feature: "seats"}} })
	for _, ask := range c.s.ahead {
		ask(context.Background(), nil, 0)
	}
	if n, kept := c.asks(t, keptAsk{Feature: "seats"}); n != 2 || !kept {
		t.Errorf("it is %d, kept %v", n, kept)
	}
	if n, kept := c.asks(t, keptAsk{}); n != 3 || kept {
		t.Errorf("what is not made ahead is %d, kept %v", n, kept)
	}
}
