package engine_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
)

// What came in is counted once and by the day of receipt, however often a checkpoint is made.
func TestTypesOfEventsAddUpOverCheckpoints(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s, c, _ := hot(t, hotCatalog, 3, 0, 0)
		s.Harvest(c)
		type key struct {
			name string
			day  int32
		}
		want, got := map[key]int64{}, map[key]int64{}
		take := func() {
			for _, x := range s.Harvest(c).Types {
				got[key{x.Type, x.Day}] += x.Events
			}
		}
		now := start
		seen := map[string]bool{}
		for range rapid.IntRange(1, 60).Draw(r, "events") {
			now += clock.Time(rapid.IntRange(0, 30).Draw(r, "hours")) * clock.Hour
			id := fmt.Sprint(rapid.IntRange(0, 30).Draw(r, "id"))
			rec := event.Record{Kind: event.KindEvent, Source: "app", ID: id, Key: "account-1", At: start + clock.Hour, ReceivedAt: now,
				Type: rapid.SampledFrom([]string{"api.call", "unheard.of", "seat.added"}).Draw(r, "type")}
			for need := s.Needs([]event.Record{rec}); !need.Empty(); need = s.Needs([]event.Record{rec}) {
				load(s, need)
			}
			engine.Step(s, &rec, c)
			if !seen[id] {
				want[key{rec.Type, now.Day()}]++
			}
			seen[id] = true
			if rapid.Bool().Draw(r, "checkpoint") {
				take()
			}
		}
		take()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			r.Fatalf("counted %v, want %v", got, want)
		}
	})
}

func TestTypesBeyondTheMostAreCountedTogether(t *testing.T) {
	s, c, _ := hot(t, hotCatalog, 1, 0, 0)
	s.Harvest(c)
	for i := range engine.MaxTypes + 10 {
		r := event.Record{Kind: event.KindEvent, Key: "account-0", Type: fmt.Sprint("type-", i), ReceivedAt: start + clock.Hour}
		engine.Step(s, &r, c)
	}
	list := s.Harvest(c).Types
	if len(list) != engine.MaxTypes+1 || list[0].Type != engine.OtherTypes || list[0].Events != 10 {
		t.Errorf("%d types, the first %+v", len(list), list[0])
	}
}
