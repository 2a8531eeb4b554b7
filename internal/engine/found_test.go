package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

const rollingText = `
version: 1
currency: USD
meters:
  rolling: {event: a, aggregate: sum, property: n}
  api: {fed_by: consume}
features: {rolling: {meter: rolling}, api: {meter: api}}
plans:
  base:
    price: {month: "1"}
    entitlements: {rolling: {limit: 10, per: rolling 24h}, api: {limit: 10, per: rolling 24h}}
signals:
  rolling_near: {when: {limit: rolling, reaches: 80%}, type: upsell}
  api_near: {when: {limit: api, reaches: 80%}, type: upsell}
`

// rollingRun steps two rises over the share, days apart, and returns what fired; restart
// forgets everything but what is stored after each record.
func rollingRun(t *testing.T, restart bool) string {
	c := parse(t, rollingText)
	d := &shelf{accounts: map[string][]byte{}, sets: map[string][]engine.SetRow{}}
	s := engine.NewState(0, 0, 0, c.Version, 1, nil)
	out := ""
	step := func(r event.Record) {
		for need := s.Needs([]event.Record{r}); !need.Empty(); need = s.Needs([]event.Record{r}) {
			for _, key := range need.Accounts {
				if err := s.LoadAccount(key, d.accounts[key]); err != nil {
					t.Fatal(err)
				}
			}
			for _, day := range need.Days {
				s.LoadDay(day, nil)
			}
		}
		if a := engine.Step(s, &r, c); a.Fault != nil {
			t.Fatal(a.Fault)
		}
		cp := s.Harvest(c)
		d.put(cp)
		for _, x := range cp.Effects.Signals {
			out += fmt.Sprint(x.Key, " at ", x.At, "; ")
		}
		if restart {
			s = engine.NewState(0, s.Position, s.Now, c.Version, 1, map[string]clock.Time{"acme": s.NextDue()})
		}
	}
	step(body(event.KindSubscription, "acme", "sub", "", start, engine.SubscribeCall{Change: subscription.Change{Plan: "base"}}))
	for _, n := range []clock.Time{1, 4} {
		at := start + n*clock.Day
		step(event.Record{Kind: event.KindEvent, Type: "a", Key: "acme", At: at, ReceivedAt: at,
			Props: []event.Prop{{Name: "n", Value: event.Value{Kind: event.Number, Text: "9"}}}})
	}
	return out
}

func TestARollingLimitFiresForEachRiseWhetherOrNotTheAccountStayedInMemory(t *testing.T) {
	kept, restarted := rollingRun(t, false), rollingRun(t, true)
	if kept != restarted || strings.Count(kept, "rolling_near") != 2 {
		t.Errorf("kept in memory: %s\nread again:     %s\nwant two rises, the same", kept, restarted)
	}
}

func TestARollingLimitThatIsConsumedFiresForEachRise(t *testing.T) {
	c := parse(t, rollingText)
	s := engine.NewState(0, 0, 0, c.Version, 1, nil)
	n := 0
	step := func(r event.Record) {
		for need := s.Needs([]event.Record{r}); !need.Empty(); need = s.Needs([]event.Record{r}) {
			load(s, need)
		}
		if a := engine.Step(s, &r, c); a.Fault != nil {
			t.Fatal(a.Fault)
		}
		n += len(s.Harvest(c).Effects.Signals)
	}
	step(body(event.KindSubscription, "acme", "sub", "", start, engine.SubscribeCall{Change: subscription.Change{Plan: "base"}}))
	for i := range 3 {
		step(body(event.KindConsume, "acme", fmt.Sprint("c", i), "api", start+clock.Time(3*i+1)*clock.Day, engine.ConsumeCall{Quantity: quantity.Of(9)}))
	}
	if n != 3 {
		t.Errorf("%d signals from 3 rises to 90%%, days apart", n)
	}
}

func TestLargeSetsMayBeGivenTwice(t *testing.T) {
	d, s, c := visited(t, 600, 100, 0)
	s = engine.NewState(0, s.Position, s.Now, c.Version, 1, nil)
	if err := s.LoadAccount("acme", d.accounts["acme"]); err != nil {
		t.Fatal(err)
	}
	if err := s.LoadSets("acme", d.sets["acme"]); err != nil {
		t.Fatal(err)
	}
	// runner.fetch is repeated whole when a later query of it fails (Holds, the next Sets).
	if err := s.LoadSets("acme", d.sets["acme"]); err != nil {
		t.Errorf("the repetition fails for ever: %v", err)
	}
}

const tokyoText = `
version: 1
currency: USD
time_zone: Asia/Tokyo
meters:
  m: {event: a}
features: {m: {meter: m}}
plans:
  base:
    price: {month: "1"}
    entitlements: {m: {limit: 100, per: month}}
`

func TestImportedUsageBelongsToTheLocalMonth(t *testing.T) {
	c := parse(t, tokyoText)
	s := engine.NewState(0, 0, 0, c.Version, 1, nil)
	step := func(r event.Record) {
		for need := s.Needs([]event.Record{r}); !need.Empty(); need = s.Needs([]event.Record{r}) {
			load(s, need)
		}
		engine.Step(s, &r, c)
	}
	now := instant(t, "2026-05-20T00:00:00Z")
	row := instant(t, "2026-04-30T20:00:00Z") // 1 May, 05:00 in Tokyo
	step(event.Record{Kind: event.KindEvent, Type: "a", Key: "acme", At: now, ReceivedAt: now})
	step(body(event.KindImport, "acme", "i", "", now, engine.ImportRow{Import: "x", Usage: &engine.UsageRow{Event: "a", At: row, Value: quantity.Of(7)}}))
	cal := subscription.Calendar{Zone: c.Zone}
	got := meter.Value(s.Account("acme").Usage["m"], c.Meters["m"], catalog.Month, cal, now)
	if got != quantity.Of(8) || len(s.Harvest(c).Effects.Periods) != 0 {
		t.Errorf("May has %s, want the event and the 7 imported", got)
	}
}

// A window that closes puts the account's timer back to the month's end, time after time.
func TestTimersThatMoveThereAndBackLeaveNothing(t *testing.T) {
	c := parse(t, strings.Replace(tokyoText, "per: month", "per: hour", 1)+"addons: {y: {price: {month: \"1\"}, entitlements: {m: {limit: 100, per: month}}}}\n")
	s := engine.NewState(0, 0, 0, c.Version, 1, nil)
	at := start
	for range 700 {
		at += 3 * clock.Hour
		r := event.Record{Kind: event.KindEvent, Type: "a", Key: "acme", At: at, ReceivedAt: at}
		for need := s.Needs([]event.Record{r}); !need.Empty(); need = s.Needs([]event.Record{r}) {
			load(s, need)
		}
		engine.Step(s, &r, c)
	}
	if n := s.Timers(); n > 100 {
		t.Errorf("%d timers are kept for one account", n)
	}
}
