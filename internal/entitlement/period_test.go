package entitlement

import (
	"fmt"
	"strings"
	"testing"
	_ "time/tzdata"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

func TestAllowancesOfEveryPeriod(t *testing.T) {
	const text = `
version: 1
currency: USD
meters: {calls: {event: call}, people: {event: call, aggregate: unique, property: who}}
features: {calls: {title: Calls, meter: calls}, people: {title: People, meter: people}}
plans:
  hour: {price: {month: "1"}, entitlements: {calls: {limit: 10, per: hour}}}
  day: {price: {month: "1"}, entitlements: {calls: {limit: 10, per: day}}}
  week: {price: {month: "1"}, entitlements: {calls: {limit: 10, per: week}}}
  year: {price: {month: "1"}, entitlements: {calls: {limit: 10, per: year}}}
  rolling: {price: {month: "1"}, entitlements: {calls: {limit: 10, per: rolling 24h}}}
  life: {price: {month: "1"}, entitlements: {calls: 10, people: {limit: 20000, per: month}}}
addons: {more: {price: {month: "1"}, entitlements: {calls: {limit: 5, per: hour}}}}
`
	c, findings := catalog.Parse("", []byte(text))
	if c == nil {
		t.Fatal(findings)
	}
	berlin, err := clock.Zone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) clock.Time {
		v, err := clock.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	now := at("2026-03-29T12:00:00Z") // the day on which the clocks of Berlin change
	cal := subscription.Calendar{Anchor: at("2026-01-01T23:00:00Z"), Zone: berlin}
	usage := map[string]*meter.Usage{"calls": {}, "people": {}}
	for i, when := range []string{"2026-03-01T12:00:00Z", "2026-03-28T13:00:00Z", "2026-03-29T00:30:00Z", "2026-03-29T11:30:00Z", "2026-03-29T12:00:00Z"} {
		r := &event.Record{Kind: event.KindEvent, Type: "call", At: at(when), ReceivedAt: at(when)}
		r.Props = []event.Prop{{Name: "who", Value: event.Value{Kind: event.String, Text: fmt.Sprint(i)}}}
		for key, u := range usage {
			meter.Apply(u, c.Meters[key], r, cal, at(when))
		}
	}
	for _, test := range []struct {
		plan          string
		addons        int64
		used, limit   string
		resets, words string
	}{
		{"hour", 0, "1", "10", "2026-03-29T13:00:00Z", "starts anew at 29 Mar 2026 15:00 CEST"},
		{"hour", 2, "1", "20", "2026-03-29T13:00:00Z", "starts anew at 29 Mar 2026 15:00 CEST"},
		{"day", 0, "3", "10", "2026-03-29T22:00:00Z", "starts anew at 30 Mar 2026 00:00 CEST"},
		{"week", 0, "4", "10", "2026-04-02T22:00:00Z", "starts anew on 3 Apr 2026"},
		{"year", 0, "5", "10", "2027-01-01T23:00:00Z", "starts anew on 2 Jan 2027"},
		{"rolling", 0, "4", "10", "2026-03-29T13:30:00Z", "the oldest of it no longer counts from 29 Mar 2026 15:30 CEST"},
		{"life", 0, "5", "10", "", "5 left"},
		{"day", 1, "3", "10", "2026-03-29T22:00:00Z", "7 left"}, // allowances of different periods are not added
	} {
		t.Run(fmt.Sprint(test.plan, test.addons), func(t *testing.T) {
			sub := subscription.Subscription{Plan: test.plan, Interval: subscription.Month, Quantity: 1, Status: subscription.Active, Anchor: cal.Anchor}
			if test.addons > 0 {
				sub.Addons = []subscription.AddonLine{{Key: "more", Quantity: test.addons}}
			}
			in := Input{Catalog: c, Subscription: &sub, Now: now, Zone: berlin, Usage: func(m string) *meter.Usage { return usage[m] }}
			a := Check(in, "calls", quantity.One)
			if !a.Allowed || a.Usage.String() != test.used || a.Limit.String() != test.limit || a.ResetsAt.String() != test.resets || !strings.Contains(a.Message, test.words) {
				t.Errorf("%s of %s, resets at %s: %s", a.Usage, a.Limit, a.ResetsAt, a.Message)
			}
			if a.Approximate {
				t.Error("a count is no estimate")
			}
		})
	}
}

func TestAnEstimateSaysThatItIsOne(t *testing.T) {
	c, findings := catalog.Parse("", []byte(`
version: 1
currency: USD
meters: {people: {event: call, aggregate: unique, property: who}}
features: {people: {title: People, meter: people}}
plans: {p: {price: {month: "1"}, entitlements: {people: {limit: 20000, per: month}}}}
`))
	if c == nil {
		t.Fatal(findings)
	}
	now := clock.Time(1_772_323_200_000_000)
	u := &meter.Usage{}
	sub := subscription.Subscription{Plan: "p", Interval: subscription.Month, Quantity: 1, Status: subscription.Active}
	in := Input{Catalog: c, Subscription: &sub, Now: now, Usage: func(string) *meter.Usage { return u }}
	for i := range meter.MaxExact + 1 {
		if i == meter.MaxExact {
			if a := Check(in, "people", quantity.One); a.Approximate || a.Usage.String() != "10000" {
				t.Fatalf("%s, approximate %v", a.Usage, a.Approximate)
			}
		}
		r := &event.Record{Kind: event.KindEvent, Type: "call", At: now, ReceivedAt: now,
			Props: []event.Prop{{Name: "who", Value: event.Value{Kind: event.String, Text: fmt.Sprint(i)}}}}
		meter.Apply(u, c.Meters["people"], r, subscription.Calendar{}, now)
	}
	if a := Check(in, "people", quantity.One); !a.Approximate || a.StandardError != meter.StandardError {
		t.Errorf("approximate %v, standard error %v", a.Approximate, a.StandardError)
	}
}
