package engine_test

import (
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Found by the simulation: the first node's clock had passed midnight, the second's had not.
func TestARepetitionIsFoundThoughTheClockOfItsNodeIsBehind(t *testing.T) {
	cat := parse(t, catalogText)
	o := newDisk().acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
	midnight := start + clock.Day
	event1 := event.Record{Kind: event.KindEvent, Source: "app", ID: "1", Key: "acme", Type: "speaker.added", ReceivedAt: midnight + 1}
	consume := body(event.KindConsume, "acme", "c", "exports", midnight+2, engine.ConsumeCall{Quantity: quantity.Of(1)})
	o.step(1, []event.Record{{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)},
		body(event.KindSubscription, "acme", "s", "", start, engine.SubscribeCall{Change: subscription.Change{Plan: "starter"}}), event1, consume})
	event1.ReceivedAt, consume.ReceivedAt = midnight-1, midnight-1
	for _, a := range o.step(2, []event.Record{event1, consume}) {
		if !a.Duplicate {
			t.Errorf("it was counted again: %s", told(a))
		}
	}
}
