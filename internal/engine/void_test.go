package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/subscription"
)

const voidText = `
version: 1
currency: USD
meters:
  emails:   {event: email.sent, aggregate: sum, property: count}
  mails:    {event: email.sent, aggregate: count}
  largest:  {event: email.sent, aggregate: max, property: count}
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  visitors: {event: visit, aggregate: unique, property: visitor}
features:
  emails:   {title: Emails, kind: metered, meter: emails}
  mails:    {title: Mails, kind: metered, meter: mails}
  speakers: {title: Speakers, kind: metered, meter: speakers}
  visitors: {title: Visitors, kind: metered, meter: visitors}
plans:
  starter: {title: Starter, family: core, price: {month: "49"},
            entitlements: {speakers: 5, emails: {limit: 100, per: month}, mails: {limit: 10, per: month}, visitors: {limit: 10, per: month}}}
signals:
  speakers_full: {when: {limit: speakers, reaches: 80%}, type: upsell}
  emails_full:   {when: {limit: emails, reaches: 90%}, type: upsell}
`

// sent is an event as a model of the world knows it.
type sent struct {
	first   event.Record
	day     int32
	version int
	now     *event.Record // the version that counts; nil when it is voided
}

// voiding makes the record of a void or replace as the shell does that found e in the log.
func voiding(e *sent, id string, now clock.Time, cat *catalog.Catalog, replacement *event.Record) event.Record {
	call := engine.VoidCall{Request: fmt.Sprint(id, replacement), Source: e.first.Source}
	if e.now != nil {
		found := &engine.FoundEvent{Record: event.AppendRecord(nil, e.now), First: event.FingerprintOf(e.first.Source, e.first.ID),
			Day: e.day, Version: e.version, Catalog: cat.Version}
		for _, m := range cat.MetersOf(e.now.Type) {
			found.Meters = append(found.Meters, m.Key)
		}
		call.Found = found
	}
	if replacement != nil {
		call.Replacement = event.AppendRecord(nil, replacement)
	}
	return body(event.KindVoid, e.first.Key, id, e.first.ID, now, call)
}

// product draws a product event.
func product(t *rapid.T, acct, id string, at clock.Time, now clock.Time) event.Record {
	r := event.Record{Kind: event.KindEvent, Source: "app", ID: id, Key: acct, At: at, ReceivedAt: now}
	switch rapid.IntRange(0, 4).Draw(t, "type") {
	case 0, 1:
		r.Type = "email.sent"
		r.Props = []event.Prop{{Name: "count", Value: event.Value{Kind: event.Number, Text: fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "count"))}}}
	case 2:
		r.Type = rapid.SampledFrom([]string{"speaker.added", "speaker.removed"}).Draw(t, "level")
	case 3:
		r.Type = "visit"
		r.Props = []event.Prop{{Name: "visitor", Value: event.Value{Kind: event.String, Text: fmt.Sprint("v", rapid.IntRange(1, 5).Draw(t, "visitor"))}}}
	default:
		r.Type = "nothing.counts"
	}
	return r
}

func TestOnlyTheVersionsThatSurviveAreCounted(t *testing.T) {
	cat := parse(t, voidText)
	cats := map[string]*catalog.Catalog{"": {}, cat.Version: cat}
	rapid.Check(t, func(t *rapid.T) {
		d := newDisk()
		o := d.acquire(cats)
		position, now := uint64(0), start
		var log [][]event.Record
		step := func(records ...event.Record) []engine.Answer {
			position++
			log = append(log, records)
			return o.step(position, slices.Clone(records))
		}
		step(event.Record{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: now, Body: []byte(`{"rules":1}`)})
		var all []*sent
		inexact := map[string]bool{}
		for n := range rapid.IntRange(5, 60).Draw(t, "messages") {
			now += clock.Time(rapid.Int64Range(1, int64(6*clock.Hour)).Draw(t, "pause"))
			at := func() clock.Time {
				return max(start, now-clock.Time(rapid.Int64Range(0, int64(3*clock.Day)).Draw(t, "late")))
			}
			id := fmt.Sprint("c", n)
			move := rapid.IntRange(0, 9).Draw(t, "move")
			if len(all) == 0 {
				move = min(move, 3)
			}
			var e *sent
			if move > 3 {
				e = all[rapid.IntRange(0, len(all)-1).Draw(t, "event")]
			}
			want := func(a engine.Answer, code string) {
				got := ""
				if a.Fault != nil {
					got = a.Fault.Code
				}
				if got != code {
					t.Fatalf("answered %q, want %q", told(a), code)
				}
				var v engine.Voided
				if a.Fault == nil {
					if err := json.Unmarshal(a.Body, &v); err != nil {
						t.Fatal(err)
					}
				}
				for _, u := range v.Uncorrected {
					inexact[e.first.Key+"/"+u.Meter] = true
				}
			}
			switch move {
			case 0, 1, 2, 3:
				r := product(t, rapid.SampledFrom([]string{"acme", "bolt"}).Draw(t, "account"), fmt.Sprint("e", n), at(), now)
				step(r)
				all = append(all, &sent{first: r, day: r.At.Day(), now: &r})
			case 4: // its sender sends it again, whatever has become of it
				again := e.first
				again.ReceivedAt = now
				step(again)
			case 5:
				a := step(voiding(e, id, now, cat, nil))[0]
				if e.now == nil {
					want(a, "already_voided")
				} else {
					want(a, "")
				}
				e.now = nil
			case 6, 7:
				r := product(t, e.first.Key, e.first.ID, at(), now)
				a := step(voiding(e, id, now, cat, &r))[0]
				if e.now == nil {
					want(a, "already_voided")
				} else {
					want(a, "")
					e.now, e.version = &r, e.version+1
				}
			case 8: // two at once: only one of them finds what it looked for, and a repetition hears the same
				one, r := voiding(e, id, now, cat, nil), product(t, e.first.Key, e.first.ID, at(), now)
				other := voiding(e, id+"b", now, cat, &r)
				answers := step(one, other, one)
				if e.now == nil {
					want(answers[0], "already_voided")
				} else {
					want(answers[0], "")
				}
				want(answers[1], "already_voided")
				if again := answers[2]; !again.Duplicate || string(again.Body) != string(answers[0].Body) {
					t.Fatalf("the repetition heard %s, the first time %s", told(again), told(answers[0]))
				}
				e.now = nil
			case 9:
				never := sent{first: product(t, "acme", "never", at(), now)}
				never.now, never.day = &never.first, never.first.At.Day()
				want(step(voiding(&never, id, now, cat, nil))[0], "event_unknown")
				if e.now != nil && e.version > 0 { // looked for before it was replaced
					stale := *e
					stale.version--
					want(step(voiding(&stale, id+"b", now, cat, nil))[0], "event_changed")
				}
			}
			switch rapid.IntRange(0, 5).Draw(t, "afterwards") {
			case 0:
				if !d.commit(o.state.Harvest(o.cat()), o.epoch) {
					t.Fatal("not committed")
				}
				o.state.Forget(0)
			case 1: // a crash: what no checkpoint holds is stepped again
				o = d.acquire(cats)
				for p := d.position; p < position; p++ {
					o.step(p+1, slices.Clone(log[p]))
				}
			}
		}

		// The same without whatever was taken back.
		clean := newDisk().acquire(cats)
		records := []event.Record{{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)}}
		for _, e := range all {
			if e.now != nil {
				r := *e.now
				r.ID = ""
				records = append(records, r)
			}
		}
		slices.SortStableFunc(records[1:], func(a, b event.Record) int { return int(a.ReceivedAt - b.ReceivedAt) })
		clean.step(1, records)
		for _, acct := range []string{"acme", "bolt"} {
			got, want := o.account(acct), clean.account(acct)
			for _, m := range cat.Meters {
				for _, per := range []catalog.Period{catalog.Lifetime, catalog.Month} {
					g := meter.Value(got.Usage[m.Key], m, per, subscription.Calendar{}, now)
					w := meter.Value(want.Usage[m.Key], m, per, subscription.Calendar{}, now)
					if g != w && !inexact[acct+"/"+m.Key] {
						t.Fatalf("%s has %s %s (%q), of the versions that survive %s", acct, m.Key, g, per, w)
					}
				}
			}
		}
	})
}

// account returns an account, loaded.
func (o *owner) account(key string) *engine.Account {
	o.step(o.state.Position+1, []event.Record{{Kind: event.KindTick, Key: key, ReceivedAt: o.state.Now}})
	if !o.state.Loaded(key) {
		if err := o.state.LoadAccount(key, o.disk.accounts[key]); err != nil {
			panic(err)
		}
	}
	return o.state.Peek(key)
}

// What was noticed stays, a correction is no news, and what it brings below a limit may
// reach it again.
func TestACorrectionFiresNothing(t *testing.T) {
	cat := parse(t, voidText)
	o := newDisk().acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
	position := uint64(0)
	fired := func(records ...event.Record) (n int) {
		t.Helper()
		position++
		for _, a := range o.step(position, records) {
			if a.Fault != nil {
				t.Fatal(a.Fault)
			}
		}
		return len(o.state.Harvest(o.cat()).Effects.Signals)
	}
	add := func(id string) event.Record {
		return event.Record{Kind: event.KindEvent, Source: "app", ID: id, Key: "acme", Type: "speaker.added", At: start, ReceivedAt: start}
	}
	fired(event.Record{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)},
		body(event.KindSubscription, "acme", "sub", "", start, engine.SubscribeCall{Change: subscription.Change{Plan: "starter"}}))
	if n := fired(add("1"), add("2"), add("3")); n != 0 {
		t.Fatalf("3 of 5 fired %d signals", n)
	}
	if n := fired(add("4")); n != 1 {
		t.Fatalf("4 of 5 fired %d signals", n)
	}
	one, two := add("1"), add("2")
	if n := fired(voiding(&sent{first: one, day: start.Day(), now: &one}, "v1", start, cat, nil)); n != 0 {
		t.Errorf("taking one back fired %d signals", n)
	}
	more := add("2")
	if n := fired(voiding(&sent{first: two, day: start.Day(), now: &two}, "v2", start, cat, &more)); n != 0 {
		t.Errorf("replacing one fired %d signals", n)
	}
	if n := fired(add("5")); n != 1 {
		t.Errorf("4 of 5 again fired %d signals", n)
	}
}
