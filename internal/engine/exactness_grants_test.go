package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// entitling draws a call about grants, overrides, reservations, trials, top-ups and pools.
func entitling(t *rapid.T, acct, id string, now clock.Time) event.Record {
	n := rapid.Int64Range(1, 5).Draw(t, "number")
	grant := func(call engine.GrantCall) event.Record { return body(event.KindGrant, acct, id, "", now, call) }
	consume := func(kind event.Kind, feature string, call engine.ConsumeCall) event.Record {
		call.Quantity = quantity.Of(n)
		return body(kind, acct, id, feature, now, call)
	}
	child := rapid.SampledFrom([]string{"", "berlin", "paris"}).Draw(t, "child")
	switch rapid.IntRange(0, 11).Draw(t, "entitling") {
	case 0, 1:
		f := rapid.SampledFrom([]string{"exports", "emails", "speakers", "licences"}).Draw(t, "feature")
		return grant(engine.GrantCall{Grant: &engine.GrantAsk{Feature: f, Quantity: new(quantity.Of(20 * n)), Priority: new(int(n)),
			For: clock.Time(rapid.Int64Range(0, 3).Draw(t, "weeks")) * 7 * clock.Day}})
	case 2:
		return grant(engine.GrantCall{Revoke: engine.ID("gr", acct, n)})
	case 3:
		return grant(engine.GrantCall{Override: &entitlement.Override{Feature: "exports", Limit: new(quantity.Of(n)), Until: now + clock.Time(n)*clock.Day}})
	case 4:
		return grant(engine.GrantCall{Clear: "exports"})
	case 5:
		return grant(engine.GrantCall{TrialCall: engine.TrialCall{Trial: &engine.TrialAsk{Feature: "recordings"}}})
	case 6, 7:
		return consume(event.KindConsume, "exports", engine.ConsumeCall{Reserve: clock.Time(n) * clock.Hour})
	case 8:
		call := engine.ReservationCall{Release: rapid.Bool().Draw(t, "release")}
		if !call.Release {
			call.Quantity = new(quantity.Of(rapid.Int64Range(0, 4).Draw(t, "finalize")))
		}
		return body(event.KindReservation, acct, id, engine.ID("rsv", acct, n), now, call)
	case 9:
		return body(event.KindSubscription, acct, id, "", now, engine.SubscribeCall{Change: subscription.Change{
			Once: []subscription.AddonLine{{Key: "more_exports", Quantity: n}}}})
	case 10:
		call := engine.ConsumeCall{For: child}
		if child == "" { // its own call, which may go on at the holder of a pool
			call.Holder = rapid.SampledFrom([]string{"", "bolt"}).Draw(t, "holder")
		}
		return consume(event.KindConsume, "licences", call)
	default:
		return consume(event.KindRelease, "licences", engine.ConsumeCall{For: child})
	}
}

// What children hold of a pool and the holder's own add up to what is used, which a model of one
// number for each of them counts again.
func TestAPoolIsSharedToTheLastSeat(t *testing.T) {
	cat := parse(t, catalogText)
	rapid.Check(t, func(t *rapid.T) {
		d := newDisk()
		o := d.acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
		o.step(1, []event.Record{{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)},
			body(event.KindSubscription, "acme", "s", "", start, engine.SubscribeCall{Change: subscription.Change{Plan: "pro"}})})
		held, used, limit := map[string]int64{}, int64(0), int64(6)
		for i := range rapid.IntRange(1, 60).Draw(t, "calls") {
			who, n := rapid.SampledFrom([]string{"", "berlin", "paris", "rome"}).Draw(t, "who"), rapid.Int64Range(1, 3).Draw(t, "seats")
			kind, want := event.KindConsume, ""
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0, 1, 2:
				if want = "no"; used+n <= limit {
					held[who], used, want = held[who]+n, used+n, "yes"
				}
			case 3, 4:
				kind = event.KindRelease
				if want = "not_held"; n <= held[who] {
					held[who], used, want = held[who]-n, used-n, "yes"
				}
			default: // a smaller plan, or the larger one again: nobody is thrown out
				plan := "starter"
				if limit == 3 {
					plan, limit = "pro", 6
				} else {
					limit = 3
				}
				o.step(uint64(i+2), []event.Record{body(event.KindSubscription, "acme", fmt.Sprint("p", i), "", start, engine.SubscribeCall{Change: subscription.Change{Plan: plan}})})
				continue
			}
			a := o.step(uint64(i+2), []event.Record{body(kind, "acme", fmt.Sprint(i), "licences", start, engine.ConsumeCall{Quantity: quantity.Of(n), For: who})})[0]
			got := ""
			if a.Fault != nil {
				got = a.Fault.Code
			} else {
				var ans entitlement.Answer
				if err := json.Unmarshal(a.Body, &ans); err != nil {
					t.Fatal(err)
				}
				if got = "no"; ans.Allowed || kind == event.KindRelease {
					got = "yes"
				}
				if (ans.Holder == "acme") != (who != "") {
					t.Fatalf("the answer to %q names the holder %q", who, ans.Holder)
				}
			}
			if got != want {
				t.Fatalf("%s of %d by %q with %d of %d taken (%v): %s, want %s", kind, n, who, used, limit, held, got, want)
			}
			pools := entitlement.PoolsOf(o.state.Account("acme").Input(cat, start), "acme")
			if pools[0].Usage != quantity.Of(used) || pools[0].Over != quantity.Of(max(used-limit, 0)) {
				t.Fatalf("%d of %d taken, the pool says %+v", used, limit, pools[0])
			}
			for _, h := range pools[0].Holders {
				name := h.Account
				if name == "acme" {
					name = ""
				}
				if h.Quantity != quantity.Of(held[name]) {
					t.Fatalf("%q holds %d, the pool says %s", name, held[name], h.Quantity)
				}
			}
		}
	})
}

// Consumes, reservations and grants in any order: what was taken and what is locked never pass
// what there is, and a no was right.
func TestReservationsAndGrantsKeepToTheLimit(t *testing.T) {
	cat := parse(t, catalogText)
	rapid.Check(t, func(t *rapid.T) {
		d := newDisk()
		o := d.acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
		o.step(1, []event.Record{{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)},
			body(event.KindSubscription, "acme", "s", "", start, engine.SubscribeCall{Change: subscription.Change{Plan: "starter"}})})
		used, there, reserved := int64(0), int64(4), map[string]int64{} // in the first month, with grants that last
		locked := func() (n int64) {
			for _, q := range reserved {
				n += q
			}
			return n
		}
		for i := range rapid.IntRange(1, 50).Draw(t, "calls") {
			n := rapid.Int64Range(1, 4).Draw(t, "number")
			var rec event.Record
			want, id := true, ""
			if open := slices.Sorted(maps.Keys(reserved)); len(open) > 0 {
				id = open[0]
			}
			switch what := rapid.IntRange(0, 6).Draw(t, "what"); {
			case what <= 1:
				rec = body(event.KindConsume, "acme", fmt.Sprint(i), "exports", start, engine.ConsumeCall{Quantity: quantity.Of(n)})
				if want = used+locked()+n <= there; want {
					used += n
				}
			case what <= 3:
				rec = body(event.KindConsume, "acme", fmt.Sprint(i), "exports", start, engine.ConsumeCall{Quantity: quantity.Of(n), Reserve: clock.Day})
				want = used+locked()+n <= there
			case what == 4:
				rec = body(event.KindGrant, "acme", fmt.Sprint(i), "exports", start, engine.GrantCall{Grant: &engine.GrantAsk{Feature: "exports", Quantity: new(quantity.Of(n))}})
				there += n
			case id == "":
				continue
			case what == 5:
				rec = body(event.KindReservation, "acme", fmt.Sprint(i), id, start, engine.ReservationCall{Quantity: new(quantity.Of(n))})
				if want = n <= reserved[id] || used+locked()-reserved[id]+n <= there; want {
					used += n
					delete(reserved, id)
				}
			default:
				rec = body(event.KindReservation, "acme", fmt.Sprint(i), id, start, engine.ReservationCall{Release: true})
				delete(reserved, id)
			}
			a := o.step(uint64(i+2), []event.Record{rec})[0]
			if a.Fault != nil {
				t.Fatal(a.Fault)
			}
			var ans entitlement.Answer
			if err := json.Unmarshal(a.Body, &ans); err != nil {
				t.Fatal(err)
			}
			if rec.Kind != event.KindGrant && ans.Allowed != want {
				t.Fatalf("%d used, %d locked of %d, %s of %d: %v, %s", used, locked(), there, rec.Kind, n, ans.Allowed, ans.Message)
			}
			if rec.Kind == event.KindConsume && ans.ReservationID != "" {
				reserved[ans.ReservationID] = n
			}
			got := entitlement.Check(o.state.Account("acme").Input(cat, start), "exports", 0)
			if *got.Usage != quantity.Of(used) || got.Reserved != quantity.Of(locked()) || *got.Limit != quantity.Of(there) || *got.Remaining != quantity.Of(there-used-locked()) {
				t.Fatalf("%d used, %d locked of %d: %s", used, locked(), there, got.Message)
			}
			if life := meter.Value(o.state.Account("acme").Usage["exports"], cat.Meters["exports"], catalog.Lifetime, subscription.Calendar{}, start); life != quantity.Of(used) {
				t.Fatalf("the meter has %s, %d were used", life, used)
			}
		}
	})
}
