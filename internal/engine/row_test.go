package engine_test

import (
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/subscription"
)

const listText = `
version: 1
currency: USD
meters:
  calls: {event: api.call, aggregate: count}
  seats: {aggregate: level, add: seat.added, remove: seat.removed}
features:
  calls: {title: Calls, kind: metered, meter: calls}
  seats: {title: Seats, kind: metered, meter: seats}
plans:
  base: {title: Base, family: core, price: {month: "49"}, entitlements: {calls: {limit: 1000, per: month}, seats: 10}}
  more: {title: More, family: core, above: base, price: {month: "99"}, entitlements: {calls: unlimited, seats: 20}}
`

// What lists show of limits is written when it tells something new, and otherwise a while later.
func TestListsOfLimitsAreWrittenWhenTheyTellSomethingNew(t *testing.T) {
	c := parse(t, listText)
	s := engine.NewState(0, 0, 0, c.Version, 1, nil)
	now := start
	step := func(r event.Record) {
		r.ReceivedAt = now
		for need := s.Needs([]event.Record{r}); !need.Empty(); need = s.Needs([]event.Record{r}) {
			load(s, need)
		}
		if a := engine.Step(s, &r, c); a.Fault != nil {
			t.Fatal(a.Fault)
		}
	}
	events := func(typ string, n int) {
		for range n {
			step(event.Record{Kind: event.KindEvent, Type: typ, Key: "acme", Source: "s", At: now})
		}
	}
	rows := func() (out map[string]int64, dropped bool) {
		s.Position++
		out = map[string]int64{}
		for _, a := range s.Harvest(c).Accounts {
			dropped = dropped || a.DropLimits
			for _, l := range a.Limits {
				out[l.Feature] = l.Usage / 1_000_000
			}
		}
		return out, dropped
	}
	plan := func(key string) {
		step(body(event.KindSubscription, "acme", "to "+key, "", now, engine.SubscribeCall{Change: subscription.Change{Plan: key}}))
	}
	plan("base")
	for _, x := range []struct {
		given   string
		do      func()
		want    map[string]int64
		dropped bool
	}{
		{"the first usage", func() { events("api.call", 100); events("seat.added", 2) }, map[string]int64{"calls": 100, "seats": 2}, false},
		{"nothing", func() {}, map[string]int64{}, false},
		{"a percent more of calls, a seat", func() { events("api.call", 10); events("seat.added", 1) }, map[string]int64{"seats": 3}, false},
		{"half a minute later", func() { now += 31 * clock.Second; step(event.Record{Kind: event.KindTick}) }, map[string]int64{"calls": 110}, false},
		{"five percent more", func() { events("api.call", 50) }, map[string]int64{"calls": 160}, false},
		{"up to 71%", func() { events("api.call", 550) }, map[string]int64{"calls": 710}, false},
		{"one percent more, where each counts", func() { events("api.call", 10) }, map[string]int64{"calls": 720}, false},
		{"a plan without that limit", func() { plan("more") }, map[string]int64{"seats": 3}, true},
	} {
		x.do()
		got, dropped := rows()
		if dropped != x.dropped || len(got) != len(x.want) {
			t.Errorf("%s: written %v (others dropped: %v), want %v (%v)", x.given, got, dropped, x.want, x.dropped)
			continue
		}
		for f, v := range x.want {
			if got[f] != v {
				t.Errorf("%s: written %v, want %v", x.given, got, x.want)
			}
		}
	}
}
