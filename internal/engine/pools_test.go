package engine_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// family is a holder and its children, each account in a partition of its own, with whom the
// API talks as it does: whoever asks says where the call would go now.
type family struct {
	cat   *catalog.Catalog
	parts map[string]*owner
	at    uint64
	now   clock.Time
}

func newFamily(t interface{ Fatal(...any) }, accounts ...string) *family {
	cat := parse(t, catalogText)
	f := &family{cat: cat, parts: map[string]*owner{}, now: start}
	for _, key := range accounts {
		o := newDisk().acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
		f.parts[key] = o
		f.step(event.Record{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Key: key, Body: []byte(`{"rules":1}`)})
		f.step(body(event.KindAccount, key, "made", "", start, event.AccountChange{}))
	}
	return f
}

// step sends a record to the partition of its key.
func (f *family) step(r event.Record) engine.Answer {
	f.at++
	return f.parts[r.Key].step(f.at, []event.Record{r})[0]
}

// crash takes the memory of a partition away; what was committed, or is in the log, is there again.
func (f *family) crash(key string) {
	o := f.parts[key]
	if !o.disk.commit(o.state.Harvest(o.cat()), o.epoch) {
		panic("not committed")
	}
	f.parts[key] = o.disk.acquire(o.cats)
}

// ask is one try of a call: died says that it ended between its two records.
func (f *family) ask(r event.Record, dies bool) (told string, holder string, died bool) {
	r.ReceivedAt = f.now
	a := f.step(r)
	claim, goesOn := engine.ClaimOf(a)
	if goesOn {
		if dies {
			return "", "", true
		}
		next, err := claim.Record(&r, f.now)
		if err != nil {
			panic(err)
		}
		a, holder = f.step(next), claim.Holder
	}
	if a.Fault != nil {
		return a.Fault.Code, holder, false
	}
	return string(a.Body), holder, false
}

func TestACallThatWentToAPoolIsRepeatedThere(t *testing.T) {
	for _, c := range []struct {
		name       string
		kind       event.Kind
		then, now  string // whose pool the API finds the first time, and when it is repeated
		wantHolder string
	}{
		{"a release of the last seat: nothing is held any more, so it would be the child's own", event.KindRelease, "acme", "", "acme"},
		{"a consume before the child bought a plan of its own", event.KindConsume, "acme", "", "acme"},
		{"a consume before the child moved to another family", event.KindConsume, "acme", "bolt", "acme"},
		{"a consume of its own plan, which ended since", event.KindConsume, "", "acme", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFamily(t, "acme", "bolt", "kid")
			for _, key := range []string{"acme", "bolt", "kid"} {
				f.step(body(event.KindSubscription, key, "s", "", start, engine.SubscribeCall{Change: subscription.Change{Plan: "starter"}}))
			}
			call := func(id string, kind event.Kind, holder string) event.Record {
				return body(kind, "kid", id, "licences", f.now, engine.ConsumeCall{Quantity: quantity.One, Holder: holder})
			}
			if c.kind == event.KindRelease {
				f.ask(call("taken", event.KindConsume, "acme"), false)
			}
			first, holder, _ := f.ask(call("key", c.kind, c.then), false)
			f.now += 20 * clock.Hour // over midnight
			for _, key := range []string{"acme", "bolt", "kid"} {
				f.crash(key)
			}
			again, where, _ := f.ask(call("key", c.kind, c.now), false)
			if holder != c.wantHolder || where != holder || first != again || len(again) < 20 {
				t.Errorf("at %q it was told\n%s\nand again at %q\n%s", holder, first, where, again)
			}
			other := body(c.kind, "kid", "key", "licences", f.now, engine.ConsumeCall{Quantity: quantity.Of(2), Holder: c.now})
			if told, _, _ := f.ask(other, false); told != "idempotency_key_reused" {
				t.Errorf("another call with the same key was told %s", told)
			}
		})
	}
}

func TestACallAboutAPoolMakesNoAccount(t *testing.T) {
	for name, call := range map[string]engine.ConsumeCall{
		"a claim on an account that is not there": {Quantity: quantity.One, For: "kid"},
		"a call of an account that is not there":  {Quantity: quantity.One, Holder: "acme"},
	} {
		for _, kind := range []event.Kind{event.KindConsume, event.KindRelease} {
			f := newFamily(t, "acme")
			f.parts["nobody"] = f.parts["acme"]
			a := f.step(body(kind, "nobody", "key", "licences", start, call))
			if a.Fault == nil || a.Fault.Code != "account_not_found" || f.parts["acme"].state.Account("nobody") != nil {
				t.Errorf("%s, %s: told %s, the account is there: %v", name, kind, told(a), f.parts["acme"].state.Account("nobody") != nil)
			}
		}
	}
}

// Calls of two children on whichever pool is theirs just then, ended between their two records,
// repeated days and crashes later: each is answered once and for all, and what the accounts hold
// is what the answers say.
func TestCallsOnPoolsCountOnceWhateverBecomesOfTheFamily(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFamily(t, "acme", "bolt", "kid", "boy")
		for _, key := range []string{"acme", "bolt", "kid", "boy"} {
			f.step(body(event.KindSubscription, key, "s", "", start, engine.SubscribeCall{Change: subscription.Change{Plan: "pro"}}))
		}
		type asked struct {
			event.Record
			quantity      int64
			told, holder  string
			since         clock.Time // when its first record came in
			known, inside bool
		}
		var calls []*asked
		held := map[string]int64{} // by holder and child
		try := func(c *asked) {
			again := c.Record
			var call engine.ConsumeCall
			if err := json.Unmarshal(again.Body, &call); err != nil {
				t.Fatal(err)
			}
			call.Holder = rapid.SampledFrom([]string{"", "acme", "bolt"}).Draw(t, "whose pool it is now")
			again.Body, _ = json.Marshal(call)
			if !c.inside {
				c.since, c.inside = f.now, true
			}
			told, holder, died := f.ask(again, rapid.IntRange(0, 3).Draw(t, "dies") == 0)
			switch {
			case died:
				return
			case c.known && (told != c.told || holder != c.holder):
				t.Fatalf("%s %s was told at %q\n%s\nand again at %q\n%s", c.Kind, c.ID, c.holder, c.told, holder, told)
			case c.known:
				return
			}
			c.known, c.told, c.holder = true, told, holder
			var ans struct{ Allowed bool }
			if json.Unmarshal([]byte(told), &ans) != nil {
				return // refused
			}
			at := holder + "/" + c.Key
			if holder == "" {
				at = c.Key + "/" + c.Key
			}
			switch {
			case c.Kind == event.KindRelease:
				held[at] -= c.quantity
			case ans.Allowed:
				held[at] += c.quantity
			}
		}
		for i := range rapid.IntRange(1, 40).Draw(t, "moves") {
			switch move := rapid.IntRange(0, 9).Draw(t, "move"); {
			case move <= 3 || len(calls) == 0:
				kind := rapid.SampledFrom([]event.Kind{event.KindConsume, event.KindConsume, event.KindRelease}).Draw(t, "kind")
				n := rapid.Int64Range(1, 3).Draw(t, "seats")
				c := &asked{quantity: n, Record: body(kind, rapid.SampledFrom([]string{"kid", "boy"}).Draw(t, "who"), fmt.Sprint(i), "licences", f.now,
					engine.ConsumeCall{Quantity: quantity.Of(n)})}
				calls = append(calls, c)
				try(c)
			case move <= 7: // keys are remembered for two days
				if c := calls[rapid.IntRange(0, len(calls)-1).Draw(t, "which")]; f.now.Day()-c.since.Day() <= 1 {
					try(c)
				}
			case move == 8:
				f.crash(rapid.SampledFrom([]string{"acme", "bolt", "kid", "boy"}).Draw(t, "crash"))
			default:
				f.now += clock.Time(rapid.Int64Range(0, 20).Draw(t, "hours")) * clock.Hour
			}
		}
		for _, key := range []string{"acme", "bolt", "kid", "boy"} {
			f.step(event.Record{Kind: event.KindGate, Key: key, ReceivedAt: f.now, Type: "licences"}) // loads it
			for _, p := range entitlement.PoolsOf(f.parts[key].state.Account(key).Input(f.cat, f.now), key) {
				sum := int64(0)
				for _, h := range p.Holders {
					if h.Quantity != quantity.Of(held[key+"/"+h.Account]) {
						t.Fatalf("of %s %s holds %s, the answers say %d", key, h.Account, h.Quantity, held[key+"/"+h.Account])
					}
					delete(held, key+"/"+h.Account)
					sum += int64(h.Quantity)
				}
				if sum != int64(p.Usage) {
					t.Fatalf("of %s %s are taken, its holders have %d", key, p.Usage, sum)
				}
			}
		}
		for at, n := range held {
			if n != 0 {
				t.Fatalf("%s holds nothing, the answers say %d", at, n)
			}
		}
	})
}
