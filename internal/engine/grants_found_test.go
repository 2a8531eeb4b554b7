package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

const boughtOnce = `
version: 1
currency: USD
billing: {undo: 3d}
meters:
  exports: {fed_by: consume}
  seats:   {aggregate: level, fed_by: consume}
features:
  exports:    {title: Exports, meter: exports}
  hd:         {title: HD, meter: exports}
  seats:      {title: Seats, kind: seats, meter: seats}
  recordings: {title: Recordings, kind: boolean}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {seats: 3, exports: {limit: 100, per: month}, hd: {limit: 5, per: month}}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149"}, entitlements: {seats: 20, recordings: true, exports: {limit: 1000, per: month}, hd: {limit: 50, per: month}}}
addons:
  more_seats:   {title: More seats, kind: top_up, price: {once: "90"}, entitlements: {seats: 10}}
  more_exports: {title: More exports, kind: top_up, price: {once: "9"}, entitlements: {exports: 10}}
`

// asks makes a call about a feature, or a reservation, that must be possible.
func (d *desk) asks(after clock.Time, kind event.Kind, typ string, v any) entitlement.Answer {
	d.t.Helper()
	a := d.called(after, kind, typ, v)
	var out entitlement.Answer
	if a.Fault != nil || json.Unmarshal(a.Body, &out) != nil {
		d.t.Fatal(a.Fault)
	}
	return out
}

// called makes a call about a feature or a reservation.
func (d *desk) called(after clock.Time, kind event.Kind, typ string, v any) engine.Answer {
	d.n++
	r := body(kind, "acme", fmt.Sprint("c", d.n), typ, start+after, v)
	for _, day := range d.state.Needs([]event.Record{r}).Days {
		d.state.LoadDay(day, nil)
	}
	return engine.Step(d.state, &r, d.cat)
}

func (d *desk) grants(after clock.Time, feature string, n int64) {
	d.t.Helper()
	if a := d.call(after, event.KindGrant, engine.GrantCall{Grant: &engine.GrantAsk{Feature: feature, Quantity: new(quantity.Of(n))}}); a.Fault != nil {
		d.t.Fatal(a.Fault)
	}
}

// burned says what is used of the account's grants.
func (d *desk) burned() string {
	var out []string
	for _, g := range d.account().Entitled.Grants {
		out = append(out, fmt.Sprintf("%s of %s %s", g.Used, g.Amount, g.Feature))
	}
	return strings.Join(out, ", ")
}

func TestWhatWasBoughtOnceIsUndoneOnlyWhereNothingNeedsIt(t *testing.T) {
	consume := func(feature string, n int64) func(d *desk) {
		return func(d *desk) {
			d.asks(2*hour, event.KindConsume, feature, engine.ConsumeCall{Quantity: quantity.Of(n)})
		}
	}
	for _, c := range []struct {
		name, plan, bought string
		then               []func(d *desk)
		want               string
	}{
		{"seats of which none is taken", "starter", "more_seats", nil, ""},
		{"no more seats than there are without them", "starter", "more_seats", []func(*desk){consume("seats", 3)}, ""},
		{"one more", "starter", "more_seats", []func(*desk){consume("seats", 4)}, "undo_used"},
		{"all of them", "starter", "more_seats", []func(*desk){consume("seats", 13)}, "undo_used"},
		{"one more reserved", "starter", "more_seats", []func(*desk){func(d *desk) {
			d.asks(2*hour, event.KindConsume, "seats", engine.ConsumeCall{Quantity: quantity.Of(4), Reserve: clock.Day})
		}}, "undo_used"},
		{"one more, which another grant gives too", "starter", "more_seats", []func(*desk){func(d *desk) { d.grants(2*hour, "seats", 5) }, consume("seats", 8)}, ""},
		{"taken and given back", "starter", "more_seats", []func(*desk){consume("seats", 13), func(d *desk) {
			d.asks(2*hour, event.KindRelease, "seats", engine.ConsumeCall{Quantity: quantity.Of(10)})
		}}, ""},
		{"used and given back", "starter", "more_exports", []func(*desk){consume("exports", 105), func(d *desk) {
			d.asks(2*hour, event.KindRelease, "exports", engine.ConsumeCall{Quantity: quantity.Of(5)})
		}}, ""},
		{"used", "starter", "more_exports", []func(*desk){consume("exports", 105)}, "undo_used"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, parse(t, boughtOnce))
			d.buys(0, subscription.Change{Plan: c.plan})
			d.buys(hour, subscription.Change{Once: []subscription.AddonLine{{Key: c.bought, Quantity: 1}}})
			for _, do := range c.then {
				do(d)
			}
			if got := refusal(d.call(3*hour, event.KindSubscription, engine.SubscribeCall{Change: subscription.Change{Undo: true}})); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnUpgradeThatIsUndoneBurnsNothingTwice(t *testing.T) {
	d := newDesk(t, parse(t, boughtOnce))
	d.buys(0, subscription.Change{Plan: "starter"})
	d.grants(hour, "hd", 10)
	d.asks(2*hour, event.KindConsume, "hd", engine.ConsumeCall{Quantity: quantity.Of(8)})
	for i := range clock.Time(3) {
		at := 3*hour + i*clock.Minute
		d.buys(at, subscription.Change{Plan: "pro"})
		d.buys(at+clock.Second, subscription.Change{Undo: true})
		if got := d.burned(); got != "3 of 10 hd" {
			t.Errorf("undone %d times: %s", i+1, got)
		}
	}
	d.asks(40*clock.Day, event.KindConsume, "hd", engine.ConsumeCall{Quantity: quantity.Of(6)})
	if got := d.burned(); got != "4 of 10 hd" {
		t.Errorf("in the next month: %s", got)
	}
}

func TestAReservationOfAnotherFeatureOfTheMeterGivesBackWhatItDrew(t *testing.T) {
	for _, how := range []string{"released", "finalized with nothing", "expired"} {
		d := newDesk(t, parse(t, boughtOnce))
		d.buys(0, subscription.Change{Plan: "starter"})
		d.grants(hour, "hd", 20)
		id := d.asks(2*hour, event.KindConsume, "exports", engine.ConsumeCall{Quantity: quantity.Of(15), Reserve: hour}).ReservationID
		if got := d.burned(); got != "10 of 20 hd" {
			t.Errorf("reserved: %s", got)
		}
		switch how {
		case "released":
			d.asks(2*hour+1, event.KindReservation, id, engine.ReservationCall{Release: true})
		case "finalized with nothing":
			d.asks(2*hour+1, event.KindReservation, id, engine.ReservationCall{Quantity: new(quantity.Quantity(0))})
		default:
			d.passes(4 * hour)
		}
		if got := d.burned(); got != "0 of 20 hd" {
			t.Errorf("%s: %s", how, got)
		}
	}
}

func TestARefusedReservationChangesNothing(t *testing.T) {
	reserved := func() (*desk, string) {
		d := newDesk(t, parse(t, boughtOnce))
		d.buys(0, subscription.Change{Plan: "starter"})
		d.grants(hour, "exports", 10)
		return d, d.asks(2*hour, event.KindConsume, "exports", engine.ConsumeCall{Quantity: quantity.Of(102), Reserve: clock.Day}).ReservationID
	}
	state := func(d *desk) string {
		b, err := json.Marshal(d.account().Entitled)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	t.Run("to finalize what can no longer be consumed", func(t *testing.T) {
		d, id := reserved()
		d.cat = parse(t, strings.Replace(boughtOnce, "exports: {fed_by: consume}", "exports: {event: export, aggregate: count}", 1))
		d.passes(2*hour + 1)
		before := state(d)
		if got := refusal(d.called(2*hour+2, event.KindReservation, id, engine.ReservationCall{})); got != "reservation_void" || state(d) != before {
			t.Errorf("%q, and then %s, before %s", got, state(d), before)
		}
		d.asks(2*hour+3, event.KindReservation, id, engine.ReservationCall{Release: true})
		if got := d.burned(); got != "0 of 10 exports" {
			t.Errorf("released: %s", got)
		}
	})
	t.Run("one more than there can be", func(t *testing.T) {
		d, _ := reserved()
		for range entitlement.MaxReservations - 1 {
			d.asks(2*hour, event.KindConsume, "seats", engine.ConsumeCall{Quantity: quantity.Quantity(1), Reserve: clock.Day})
		}
		before := state(d)
		if got := refusal(d.called(3*hour, event.KindConsume, "seats", engine.ConsumeCall{Quantity: quantity.Quantity(1), Reserve: clock.Day})); got != "too_many_reservations" || state(d) != before {
			t.Errorf("%q, and then the state is another", got)
		}
	})
}
