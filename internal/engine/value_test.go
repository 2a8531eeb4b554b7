package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

const valueCatalog = `
version: 1
currency: USD
meters:
  emails:   {event: email.sent, aggregate: sum, property: count}
  guests:   {event: visit, aggregate: unique, property: guest}
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
features:
  emails: {meter: emails}
  films:  {kind: boolean}
plans:
  basic: {price: {month: "30"}, entitlements: {emails: unlimited}}
  pro:   {above: basic, price: {month: "90"}, entitlements: {emails: unlimited, films: true}}
value:
  hours: {title: Hours, unit: hours, formula: "emails * 0.5", worth: "2", band: 10% to 40%, main: true}
  reach: {title: Reach, formula: "guests + speakers * 10"}
  rate:  {title: Rate, formula: "emails / speakers"}
`

// valueWorld steps records of one account and gathers the lines.
type valueWorld struct {
	cat   *catalog.Catalog
	state *engine.State
	n     int
	lines []engine.ValueLine
	gates []engine.GateRow
}

func newValueWorld(t interface{ Fatal(...any) }) *valueWorld {
	w := &valueWorld{cat: parse(t, valueCatalog)}
	w.state = engine.NewState(0, 0, 0, "", 0, nil)
	_ = w.state.LoadAccount("acme", nil)
	w.step(event.Record{Kind: event.KindCatalog, Type: w.cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)})
	return w
}

func (w *valueWorld) step(r event.Record) {
	records := []event.Record{r}
	for need := w.state.Needs(records); !need.Empty(); need = w.state.Needs(records) {
		for _, day := range need.Days {
			w.state.LoadDay(day, nil)
		}
	}
	w.n++
	engine.Step(w.state, &records[0], w.cat)
	w.state.Position = uint64(w.n)
	e := w.state.Harvest(w.cat).Effects
	w.lines, w.gates = append(w.lines, e.Values...), append(w.gates, e.Gates...)
}

func (w *valueWorld) subscribe(after clock.Time, plan string) {
	w.step(body(event.KindSubscription, "acme", fmt.Sprint("sub", w.n), "", start+after, engine.SubscribeCall{Change: subscription.Change{Plan: plan}}))
}

func mailed(received, at clock.Time, n int64) event.Record {
	r := happens(received, "email.sent", event.Prop{Name: "count", Value: event.Value{Kind: event.Number, Text: fmt.Sprint(n)}})
	r.At = start + at
	return r
}

// said is a line as the tests write it.
func said(l engine.ValueLine) string {
	share := fmt.Sprintf("%d.%02d%% %s", l.Share/100, l.Share%100, l.State)
	if l.Share < 0 {
		share = "no share " + l.State
	}
	return fmt.Sprintf("%s %s..%s %s worth %s price %s %s", l.Metric, l.Start.Std().Format("01-02"), l.End.Std().Format("01-02"), l.Quantity,
		l.Worth.Decimal("USD"), l.Price.Round().Decimal("USD"), share)
}

func TestEachMonthLeavesALineOfWhatWasGainedAndPaid(t *testing.T) {
	const day = clock.Day
	for _, c := range []struct {
		name  string
		given func(w *valueWorld)
		then  []string // of the metric hours
	}{
		{"a month within the band", func(w *valueWorld) {
			w.subscribe(0, "basic")
			w.step(mailed(3*day, 3*day, 100))
			w.step(tick(31 * day))
		}, []string{"hours 01-01..02-01 50 worth 100.00 price 30.00 30.00% in_band"}},
		{"nothing gained, all the same paid: above every band", func(w *valueWorld) {
			w.subscribe(0, "basic")
			w.step(tick(31 * day))
		}, []string{"hours 01-01..02-01 0 worth 0.00 price 30.00 no share above"}},
		{"far more gained than paid for", func(w *valueWorld) {
			w.subscribe(0, "basic")
			w.step(mailed(3*day, 3*day, 1000))
			w.step(tick(31 * day))
		}, []string{"hours 01-01..02-01 500 worth 1000.00 price 30.00 3.00% below"}},
		{"the price is the MRR on average: a third of the month at 30, the rest at 90", func(w *valueWorld) {
			w.subscribe(0, "basic")
			w.step(mailed(3*day, 3*day, 400))
			w.subscribe(31*day/3, "pro")
			w.step(tick(31 * day))
		}, []string{"hours 01-01..02-01 200 worth 400.00 price 70.00 17.50% in_band"}},
		{"what comes in late is in the next line", func(w *valueWorld) {
			w.subscribe(0, "basic")
			w.step(mailed(3*day, 3*day, 100))
			w.step(mailed(33*day, 5*day, 60)) // happened in January, came in February
			w.step(mailed(40*day, 40*day, 40))
			w.step(tick(60 * day))
		}, []string{
			"hours 01-01..02-01 50 worth 100.00 price 30.00 30.00% in_band",
			"hours 02-01..03-01 50 worth 100.00 price 30.00 30.00% in_band",
		}},
		{"months without anything have a line as long as they are paid for", func(w *valueWorld) {
			w.subscribe(0, "basic")
			w.step(mailed(3*day, 3*day, 100))
			w.step(tick(95 * day))
		}, []string{
			"hours 01-01..02-01 50 worth 100.00 price 30.00 30.00% in_band",
			"hours 02-01..03-01 0 worth 0.00 price 30.00 no share above",
			"hours 03-01..04-01 0 worth 0.00 price 30.00 no share above",
		}},
		{"who pays nothing is not judged", func(w *valueWorld) {
			w.step(mailed(3*day, 3*day, 100))
			w.step(tick(31 * day))
		}, []string{"hours 01-01..02-01 50 worth 100.00 price 0.00 no share "}},
		{"who neither uses nor pays has no lines", func(w *valueWorld) {
			w.step(body(event.KindAccount, "acme", "a", "", start, event.AccountChange{}))
			w.step(tick(95 * day))
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newValueWorld(t)
			c.given(w)
			var got []string
			for _, l := range w.lines {
				if l.Metric == "hours" {
					got = append(got, said(l))
				}
			}
			if !slices.Equal(got, c.then) {
				t.Errorf("got  %q\nwant %q", got, c.then)
			}
		})
	}
}

func TestMetersAreTakenByWhatTheyMeasure(t *testing.T) {
	const day = clock.Day
	w := newValueWorld(t)
	guest := func(after clock.Time, name string) {
		w.step(happens(after, "visit", event.Prop{Name: "guest", Value: event.Value{Kind: event.String, Text: name}}))
	}
	guest(day, "eve")
	guest(2*day, "bob")
	guest(3*day, "eve")
	w.step(happens(4*day, "speaker.added"))
	guest(40*day, "eve") // again one of February's
	w.step(tick(62 * day))
	var got []string
	for _, l := range w.lines {
		if l.Metric == "reach" {
			got = append(got, l.Quantity.String())
		}
	}
	if fmt.Sprint(got) != "[12 11]" {
		t.Errorf("reach by month %v, want two guests and then one, and ten for the speaker who stands in both", got)
	}
}

func TestAFormulaThatDividesByZeroIsTold(t *testing.T) {
	w := newValueWorld(t)
	w.step(mailed(clock.Day, clock.Day, 10))
	w.step(tick(31 * clock.Day))
	problems := w.state.Account("acme").Problems
	for _, l := range w.lines {
		if l.Metric == "rate" {
			t.Errorf("a line %s", said(l))
		}
	}
	if fmt.Sprint(problems) != `map[value rate: formula "emails / speakers": it divides by zero (guard a division: meter > 0 ? a / meter : 0):1]` {
		t.Errorf("problems %v", problems)
	}
}

func TestTheOpenMonthIsReadWithoutALine(t *testing.T) {
	w := newValueWorld(t)
	w.subscribe(0, "basic")
	w.step(mailed(clock.Day, clock.Day, 100))
	a := w.state.Account("acme")
	got := a.ValueNow(w.cat, start+10*clock.Day)
	if s := said(got[0]); s != "hours 01-01..01-11 50 worth 100.00 price 30.00 30.00% in_band" {
		t.Errorf("the open month reads %s", s)
	}
	if len(w.lines) != 0 || a.Problems != nil {
		t.Errorf("reading left %v, %v", w.lines, a.Problems)
	}
	if got := (*engine.Account)(nil).ValueNow(w.cat, start); got != nil {
		t.Errorf("nobody has %v", got)
	}
}

func TestTouchesOfClosedFeaturesAreCountedByFeature(t *testing.T) {
	w := newValueWorld(t)
	for i := range 3 {
		r := happens(clock.Time(i)*clock.Hour, "films")
		r.Kind = event.KindGate
		w.step(r)
	}
	if len(w.gates) != 3 || w.gates[2] != (engine.GateRow{Account: "acme", Feature: "films", Touches: 3, LastAt: start + 2*clock.Hour}) {
		t.Errorf("gates %+v", w.gates)
	}
}

// TestTheLinesAddUpToAllThatWasCounted computes the ledger again from the events alone.
func TestTheLinesAddUpToAllThatWasCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newValueWorld(t)
		w.subscribe(0, "basic")
		bounds := []clock.Time{0, 31 * clock.Day, 59 * clock.Day, 90 * clock.Day, 120 * clock.Day, 151 * clock.Day}
		want := make([]int64, len(bounds)) // by the month it came in
		now := clock.Time(0)
		for range rapid.IntRange(0, 40).Draw(t, "events") {
			now += clock.Time(rapid.Int64Range(1, int64(8*clock.Day)).Draw(t, "pause"))
			if now >= bounds[len(bounds)-1] {
				break
			}
			n := rapid.Int64Range(1, 1000).Draw(t, "count")
			late := clock.Time(rapid.Int64Range(0, int64(min(now, 30*clock.Day))).Draw(t, "late"))
			w.step(mailed(now, now-late, n))
			for i := range bounds[1:] {
				if now >= bounds[i] && now < bounds[i+1] {
					want[i] += n
				}
			}
		}
		w.step(tick(bounds[len(bounds)-1]))
		i := 0
		for _, l := range w.lines {
			if l.Metric != "hours" {
				continue
			}
			if l.Start != start+bounds[i] || l.End != start+bounds[i+1] || l.Quantity != quantity.Of(want[i])/2 {
				t.Fatalf("line %d is %s, want half of %d", i, said(l), want[i])
			}
			i++
		}
		if i != len(bounds)-1 {
			t.Fatalf("%d lines, want %d", i, len(bounds)-1)
		}
	})
}
