package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// firedBy steps a log and returns what fired; with a restart after every message where it asks.
func firedBy(t *rapid.T, cats map[string]*catalog.Catalog, log [][]event.Record, restarts func() bool) []signal.Signal {
	d := newDisk()
	o := d.acquire(cats)
	var out []signal.Signal
	for i, msg := range log {
		o.step(uint64(i+1), msg)
		if i == len(log)-1 || restarts() {
			c := o.state.Harvest(o.cat())
			out = append(out, c.Effects.Signals...)
			if !d.commit(c, o.epoch) {
				t.Fatal("not committed")
			}
			o = d.acquire(cats)
		}
	}
	return out
}

// Who looks, when the clock ticks and when state is stored must not decide what fires.
func TestTheSameSignalsFireWhateverTicksAndRestartsThereAre(t *testing.T) {
	cat := parse(t, catalogText)
	cats := map[string]*catalog.Catalog{"": {}, cat.Version: cat}
	rapid.Check(t, func(t *rapid.T) {
		log := slices.DeleteFunc(messages(t, cat.Version), func(msg []event.Record) bool { return len(msg) == 0 })
		end := log[len(log)-1][0].ReceivedAt + 40*clock.Day
		var ticked [][]event.Record
		for i, msg := range log {
			ticked = append(ticked, msg)
			if i > 0 && i+1 < len(log) && rapid.Bool().Draw(t, "ticks") {
				between := log[i+1][0].ReceivedAt - msg[len(msg)-1].ReceivedAt
				if at := msg[len(msg)-1].ReceivedAt + clock.Time(rapid.Int64Range(0, max(int64(between), 0)).Draw(t, "when")); between > 0 {
					ticked = append(ticked, []event.Record{{Kind: event.KindTick, ReceivedAt: at}})
				}
			}
		}
		last := []event.Record{{Kind: event.KindTick, ReceivedAt: end}}
		plain := firedBy(t, cats, append(log, last), func() bool { return false })
		other := firedBy(t, cats, append(ticked, last), func() bool { return rapid.Bool().Draw(t, "restart") })
		a, _ := json.Marshal(plain)
		b, _ := json.Marshal(other)
		if string(a) != string(b) {
			t.Fatalf("fired\n%s\nwith ticks and restarts\n%s", a, b)
		}
	})
}

func TestEveryAccountIsLookedAtOnceADayInItsMorning(t *testing.T) {
	text := strings.Replace(kindsCatalog, "WHEN", "{stuck: first_summit, for: 1d}", 1)
	cat := parse(t, text)
	d := newDisk()
	o := d.acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
	o.step(1, []event.Record{{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)}})
	seconds := map[clock.Time]bool{}
	for i := range 50 {
		key := fmt.Sprint("account-", i)
		zone := []string{"", "America/Los_Angeles", "Asia/Kolkata"}[i%3]
		r := body(event.KindAccount, key, "a", "", start+1, event.AccountChange{Billing: map[string]*string{"time_zone": &zone}})
		if zone == "" {
			r = body(event.KindAccount, key, "a", "", start+1, event.AccountChange{})
		}
		o.step(uint64(i+2), []event.Record{r})
		due := o.state.DueOf(key)
		local := due
		switch i % 3 {
		case 1:
			local -= 8 * clock.Hour
		case 2:
			local += 5*clock.Hour + 30*clock.Minute
		}
		if hour := local % clock.Day / clock.Hour; hour != 6 || due <= start || due > start+clock.Day {
			t.Errorf("%s in zone %q is looked at at %s", key, zone, due)
		}
		seconds[local%clock.Day] = true
	}
	if len(seconds) < 40 {
		t.Errorf("50 accounts are looked at at %d different times", len(seconds))
	}
}

func TestACatalogWithoutDailyRulesSetsNoTimer(t *testing.T) {
	cat := parse(t, "version: 1\ncurrency: USD\nplans: {free: {price: {month: \"0\"}}}\nsignals: {x: {when: {first: a.done}, type: upsell}}\n")
	o := newDisk().acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
	o.step(1, []event.Record{{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)}})
	o.step(2, []event.Record{happens(clock.Hour, "a.done")})
	if due := o.state.DueOf("acme"); due != 0 {
		t.Errorf("it is due at %s", due)
	}
}

func TestAConditionThatCannotBeJudgedFiresNothingAndIsAProblem(t *testing.T) {
	text := strings.Replace(kindsCatalog, "WHEN", `{first: a.done, and: "account.traits.seats > 3"}`, 1)
	cat := parse(t, text)
	o := newDisk().acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
	o.step(1, []event.Record{{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)}})
	traits := map[string]any{"seats": "many"}
	o.step(2, []event.Record{body(event.KindAccount, "acme", "a", "", start+1, event.AccountChange{Traits: traits})})
	o.step(3, []event.Record{happens(clock.Hour, "a.done")})
	problems := o.state.Account("acme").Problems
	if len(o.state.Harvest(o.cat()).Effects.Signals) > 0 || len(problems) != 1 {
		t.Errorf("problems %v", problems)
	}
	for what := range problems {
		if !strings.HasPrefix(what, "signal it: ") {
			t.Errorf("it says %q", what)
		}
	}
}

// What the daily look remembers is bounded, and gone with the rules.
func TestWhatDailyRulesRememberGoesWithThem(t *testing.T) {
	cat, plain := parse(t, catalogText), parse(t, catalogText[:strings.Index(catalogText, "signals:")])
	cats := map[string]*catalog.Catalog{"": {}, cat.Version: cat, plain.Version: plain}
	d := newDisk()
	o := d.acquire(cats)
	at := uint64(0)
	step := func(r event.Record) { at++; o.step(at, []event.Record{r}) }
	step(event.Record{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)})
	step(body(event.KindSubscription, "acme", "s", "", start, engine.SubscribeCall{}))
	for day := range clock.Time(40) {
		step(happens(day*clock.Day, "speaker.added"))
		step(happens(day*clock.Day, "visit", event.Prop{Name: "visitor", Value: event.Value{Kind: event.String, Text: fmt.Sprint(day)}}))
	}
	full := len(o.state.Account("acme").Signals.AppendBinary(nil))
	step(event.Record{Kind: event.KindCatalog, Type: plain.Version, ReceivedAt: start + 41*clock.Day, Body: []byte(`{"rules":1}`)})
	step(happens(42*clock.Day, "visit"))
	if left := len(o.state.Account("acme").Signals.AppendBinary(nil)); full < 200 || left > 20 {
		t.Errorf("%d bytes, %d without rules", full, left)
	}
}

// BenchmarkDailyLook is the cost of a day of an account without events, with n rules of each of
// the kinds that are looked at daily.
func BenchmarkDailyLook(b *testing.B) {
	for _, n := range []int{0, 1, 10, 100} {
		b.Run(fmt.Sprint(n, " rules of each kind"), func(b *testing.B) {
			var rules strings.Builder
			for i := range n {
				fmt.Fprintf(&rules, `
  a%[1]d: {when: {runs_out: emails, over: %[2]dd}, type: upsell}
  b%[1]d: {when: {unused: any, below: 10%%, for: %[2]dd}, type: save}
  c%[1]d: {when: {flat: %[2]dd}, type: save}
  d%[1]d: {when: {renews_in: %[2]dd}, type: renewal}
  e%[1]d: {when: {rule: "usage.speakers.percent > %[2]d && people.count > 3"}, type: upsell}
  f%[1]d: {when: {outside: %[2]d}, type: upsell}`, i, i+9)
			}
			cat := parse(b, strings.Replace(kindsCatalog, "WHEN", "{stuck: first_summit, for: 365d}", 1)+rules.String()+"\n")
			o := newDisk().acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
			o.step(1, []event.Record{{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)}})
			o.step(2, []event.Record{body(event.KindSubscription, "acme", "s", "", start, engine.SubscribeCall{Change: subscription.Change{Plan: "starter"}})})
			o.step(3, []event.Record{happens(1, "speaker.added"), happens(1, "email.sent", event.Prop{Name: "count", Value: event.Value{Kind: event.Number, Text: "9"}})})
			now := start
			b.ReportAllocs()
			for b.Loop() {
				now += clock.Day
				r := event.Record{Kind: event.KindTick, ReceivedAt: now}
				engine.Step(o.state, &r, cat)
			}
		})
	}
}
