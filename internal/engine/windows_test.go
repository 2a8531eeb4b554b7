package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// alone steps records of one account and returns what fired: rule, time and evidence.
func alone(t *testing.T, text string, records ...event.Record) []string {
	t.Helper()
	cat := &catalog.Catalog{}
	if text != "" {
		cat = parse(t, text)
	}
	d := newDisk()
	o := d.acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
	position := uint64(1)
	if text != "" {
		o.step(position, []event.Record{{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)}})
	}
	for _, r := range records {
		position++
		for _, a := range o.step(position, []event.Record{r}) {
			if a.Fault != nil {
				t.Fatal(a.Fault)
			}
		}
	}
	var out []string
	for _, s := range o.state.Harvest(o.cat()).Effects.Signals {
		out = append(out, fmt.Sprintf("%s at %s: %s", s.Key, s.At, s.Evidence))
	}
	return out
}

func happens(after clock.Time, typ string, props ...event.Prop) event.Record {
	return event.Record{Kind: event.KindEvent, Source: "app", Key: "acme", User: "u1", Type: typ, At: start + after, ReceivedAt: start + after, Props: props}
}

func tick(after clock.Time) event.Record {
	return event.Record{Kind: event.KindTick, ReceivedAt: start + after}
}

const overTime = `
version: 1
currency: USD
meters: {emails: {event: email.sent, aggregate: sum, property: count}, exports: {fed_by: consume}}
features: {exports: {meter: exports}, emails: {meter: emails}}
plans: {free: {price: {month: "0"}, entitlements: {exports: unlimited, emails: unlimited}}}
signals:
  stopped: {when: {absent: summit.published, for: 14d, after: 2}, type: save}
  silent:  {when: {absent: summit.published, for: 30d}, type: save}
  more:    {when: {rate: emails, over: 7d, rises: 100%, at_least: 100}, type: upsell}
  takes:   {when: {rate: exports, over: 7d, falls: 50%, at_least: 10}, type: save}
`

func TestTheAccountsTimerFiresWhatTimeBrings(t *testing.T) {
	const day = clock.Day
	got := alone(t, overTime, happens(0, "summit.published"), happens(day, "summit.published"), tick(10*day), tick(40*day), tick(400*day))
	want := []string{
		"stopped at 2026-01-16T00:00:00Z: Has not published a summit for 14 days, after twice before",
		"silent at 2026-02-01T00:00:00Z: Has not published a summit for 30 days, after twice before",
	}
	if !slices.Equal(got, want) {
		t.Errorf("fired %q, want %q", got, want)
	}
}

func TestRatesOfMetersFollowWhatFeedsThem(t *testing.T) {
	const day = clock.Day
	var sent, taken []event.Record
	for i := range clock.Time(14) {
		count := event.Prop{Name: "count", Value: event.Value{Kind: event.Number, Text: []string{"10", "21"}[i/7]}}
		sent = append(sent, happens(i*day, "email.sent", count))
		if i < 7 {
			r := body(event.KindConsume, "acme", fmt.Sprint("c", i), "exports", start+i*day, engine.ConsumeCall{Quantity: quantity.Of(3)})
			taken = append(taken, r)
		}
	}
	if got, want := alone(t, overTime, sent...), []string{`more at 2026-01-14T00:00:00Z: "emails": 147 in 7 days, 110% more than the 70 before`}; !slices.Equal(got, want) {
		t.Errorf("fired %q, want %q", got, want)
	}
	plan := body(event.KindSubscription, "acme", "sub", "", start, engine.SubscribeCall{Change: subscription.Change{Plan: "free"}})
	got := alone(t, overTime, slices.Concat([]event.Record{plan}, taken, []event.Record{tick(60 * day)})...)
	if want := []string{`takes at 2026-01-15T00:00:00Z: "exports": 0 in 7 days, 100% less than the 21 before`}; !slices.Equal(got, want) {
		t.Errorf("fired %q, want %q", got, want)
	}
}

func TestWithoutACatalogEventsAreTakenAndNothingFires(t *testing.T) {
	gate := event.Record{Kind: event.KindGate, Source: "app", Key: "acme", Type: "recordings", ReceivedAt: start}
	if got := alone(t, "", happens(0, "summit.published"), gate, tick(clock.Day)); got != nil {
		t.Errorf("fired %q", got)
	}
}
