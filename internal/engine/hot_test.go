package engine_test

import (
	"bytes"
	"fmt"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/subscription"
)

// section encodes records as the log holds them.
func section(records []event.Record) []byte {
	var b []byte
	for i := range records {
		b = event.AppendRecord(b, &records[i])
	}
	return b
}

// What is kept between events to make them cheap (encoded parts, watches, decoded records
// that share memory) must never show: with all of it forgotten before every record the
// stored bytes are the same.
func TestWhatIsKeptBetweenEventsNeverShows(t *testing.T) {
	cat := parse(t, catalogText)
	cats := map[string]*catalog.Catalog{"": {}, cat.Version: cat}
	rapid.Check(t, func(t *rapid.T) {
		log := messages(t, cat.Version)
		kept, forgetful := newDisk(), newDisk()
		one, two := kept.acquire(cats), forgetful.acquire(cats)
		var rs overwriting
		for i, msg := range log {
			at := uint64(i + 1)
			// One decodes from a text that is overwritten afterwards, as memory that is used
			// again would be.
			text := section(msg)
			rs.step(t, one, at, text)
			two.step(at, msg)
			if !forgetful.commit(two.state.Harvest(two.cat()), two.epoch) {
				t.Fatal("not committed")
			}
			two = forgetful.acquire(cats) // knows nothing but what is stored
		}
		if !kept.commit(one.state.Harvest(one.cat()), one.epoch) {
			t.Fatal("not committed")
		}
		for key, want := range forgetful.accounts {
			if !bytes.Equal(kept.accounts[key], want) {
				t.Fatalf("account %s:\n%q\nwithout what was kept:\n%q", key, kept.accounts[key], want)
			}
		}
	})
}

// overwriting steps messages whose text does not outlive the step.
type overwriting struct{ records event.Records }

func (e *overwriting) step(t *rapid.T, o *owner, at uint64, text []byte) {
	e.records.Reset()
	if err := e.records.Decode(unsafeString(text)); err != nil {
		t.Fatal(err)
	}
	o.step(at, e.records.List)
	for i := range text {
		text[i] = 0xEE
	}
}

func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// hot is a state with accounts that have bought the plan, and messages of events for them.
func hot(tb testing.TB, text string, accounts, messages, perMessage int) (*engine.State, *catalog.Catalog, []string) {
	tb.Helper()
	c := parse(tb, text)
	s := engine.NewState(0, 0, 0, "", 0, nil)
	step := func(r event.Record) {
		if need := s.Needs([]event.Record{r}); !need.Empty() {
			load(s, need)
		}
		if a := engine.Step(s, &r, c); a.Fault != nil {
			tb.Fatal(a.Fault)
		}
	}
	engine.Step(s, &event.Record{Kind: event.KindCatalog, Type: c.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)}, c)
	for i := range accounts {
		key := fmt.Sprint("account-", i)
		step(body(event.KindSubscription, key, "sub", "", start, engine.SubscribeCall{Change: subscription.Change{Plan: "base"}}))
	}
	types := []string{"api.call", "mail.sent", "seat.added", "seat.removed", "build.done", "page.viewed"}
	var out []string
	n := 0
	for range messages {
		var rs []event.Record
		for range perMessage {
			n++
			at := start + clock.Time(n)*clock.Time(1000)
			rs = append(rs, event.Record{Kind: event.KindEvent, Source: "shop/eu-1", ID: fmt.Sprintf("%032x", n*7919), Key: fmt.Sprint("account-", n%accounts),
				User: "MZXW6YTBOI2DCMRTGQ2TMNZYHE", Type: types[n%len(types)], At: at, ReceivedAt: at,
				Props: []event.Prop{{Name: "count", Value: event.Value{Kind: event.Number, Text: "3"}},
					{Name: "bytes", Value: event.Value{Kind: event.Number, Text: "512"}}, {Name: "path", Value: event.Value{Kind: event.String, Text: "/v1/things/12"}}}})
		}
		out = append(out, string(section(rs)))
	}
	return s, c, out
}

// load says of everything needed that there is nothing stored.
func load(s *engine.State, need engine.Needs) {
	for _, k := range need.Accounts {
		_ = s.LoadAccount(k, nil)
	}
	for _, d := range need.Days {
		s.LoadDay(d, nil)
	}
	for _, a := range need.Answers {
		_ = s.LoadAnswer(a, nil)
	}
}

// rules adds n limit rules and n rules on the nth event to the catalog.
func rules(n int) string {
	text := hotCatalog
	for i := range n {
		text += fmt.Sprintf("  r%d: {when: {limit: %s, reaches: %d%%}, type: upsell}\n", i, []string{"calls", "mails", "seats", "builds"}[i%4], 20+i%80)
	}
	return text
}

const hotCatalog = `
version: 1
currency: USD
meters:
  calls:  {event: api.call, aggregate: count}
  bytes:  {event: api.call, aggregate: sum, property: bytes}
  mails:  {event: mail.sent, aggregate: sum, property: count}
  seats:  {aggregate: level, add: seat.added, remove: seat.removed}
  builds: {event: build.done, aggregate: count}
features:
  calls:  {title: Calls, kind: metered, meter: calls}
  bytes:  {title: Bytes, kind: metered, meter: bytes}
  mails:  {title: Mails, kind: metered, meter: mails}
  seats:  {title: Seats, kind: metered, meter: seats}
  builds: {title: Builds, kind: metered, meter: builds}
plans:
  base: {title: Base, family: core, price: {month: "49"},
         entitlements: {calls: {limit: 1000000, per: month}, bytes: {limit: 100000000, per: month}, mails: {limit: 50000, per: month}, seats: 500, builds: {limit: 5000, per: month}}}
signals:
  bytes80:  {when: {limit: bytes, reaches: 80%}, type: upsell}
  tenth:    {when: {event: build.done, nth: 10}, type: cross_sell}
`

// BenchmarkStep measures events from the log's text to the state's change, with rules that
// are all on the meters fed, as few and as many.
func BenchmarkStep(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n, " rules"), func(b *testing.B) {
			const accounts, messages, each = 1000, 200, 500
			s, c, log := hot(b, rules(n), accounts, messages, each)
			var rs event.Records
			b.ReportAllocs()
			events := 0
			for b.Loop() {
				if events%(messages*each) == 0 { // the same ids again would all be repetitions
					b.StopTimer()
					s, c, log = hot(b, rules(n), accounts, messages, each)
					b.StartTimer()
				}
				rs.Reset()
				if err := rs.Decode(log[events/each%messages]); err != nil {
					b.Fatal(err)
				}
				if need := s.Needs(rs.List); !need.Empty() {
					load(s, need)
				}
				for i := range rs.List {
					engine.Step(s, &rs.List[i], c)
				}
				events += each
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
		})
	}
}

// BenchmarkHarvest measures a checkpoint's encoding of accounts that had events only.
func BenchmarkHarvest(b *testing.B) {
	const accounts = 1000
	s, c, log := hot(b, hotCatalog, accounts, 400, 1000)
	var rs event.Records
	s.Harvest(c)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		b.StopTimer()
		rs.Reset()
		if err := rs.Decode(log[i%len(log)]); err != nil {
			b.Fatal(err)
		}
		i++
		for j := range rs.List {
			rs.List[j].ID = ""
			engine.Step(s, &rs.List[j], c)
		}
		b.StartTimer()
		s.Harvest(c)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*accounts), "ns/account")
}
