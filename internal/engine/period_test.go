package engine_test

import (
	"fmt"
	"strings"
	"testing"
	_ "time/tzdata"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/subscription"
)

const periodText = `
version: 1
currency: USD
time_zone: Europe/Berlin
meters:
  rolling: {event: a, by: [region]}
  daily: {event: b}
  hourly: {event: c}
  mixed: {event: d}
features: {rolling: {meter: rolling}, daily: {meter: daily}, hourly: {meter: hourly}, mixed: {meter: mixed}}
plans:
  base:
    price: {month: "1"}
    entitlements: {rolling: {limit: 10, per: rolling 24h}, daily: {limit: 10, per: day}, hourly: {limit: 10, per: hour}, mixed: {limit: 10, per: week}}
addons: {mixed: {price: {month: "1"}, entitlements: {mixed: {limit: 100, per: year}}}}
signals:
  rolling_near: {when: {limit: rolling, reaches: 80%}, type: upsell}
  daily_near: {when: {limit: daily, reaches: 80%}, type: upsell}
  hourly_near: {when: {limit: hourly, reaches: 80%}, type: upsell}
offers: {o: {on: [rolling_near, daily_near, hourly_near], give: {addon: mixed}, at: [here]}}
`

// periodWorld is an account that has bought the plan: send sends it n events and returns the
// signals that fired, pass lets time pass.
func periodWorld(t *testing.T, zone string) (*engine.State, func(at clock.Time, typ string, n int) []string, func(at clock.Time) *engine.Checkpoint) {
	c := parse(t, periodText)
	s := engine.NewState(0, 0, 0, c.Version, 1, nil)
	step := func(r event.Record) {
		for need := s.Needs([]event.Record{r}); !need.Empty(); need = s.Needs([]event.Record{r}) {
			load(s, need)
		}
		if a := engine.Step(s, &r, c); a.Fault != nil {
			t.Fatal(a.Fault)
		}
	}
	begin := instant(t, "2026-03-01T23:00:00Z") // midnight in Berlin
	if zone != "" {
		step(body(event.KindAccount, "acme", "zone", "", begin, map[string]any{"billing": map[string]any{"time_zone": zone}}))
	}
	step(body(event.KindSubscription, "acme", "sub", "", begin, engine.SubscribeCall{Change: subscription.Change{Plan: "base"}}))
	s.Harvest(c)
	send := func(at clock.Time, typ string, n int) []string {
		for i := range n {
			step(event.Record{Kind: event.KindEvent, Type: typ, Key: "acme", At: at, ReceivedAt: at, Props: []event.Prop{{Name: "region", Value: event.Value{Kind: event.String, Text: fmt.Sprint("r", i%2)}}}})
		}
		var fired []string
		for _, x := range s.Harvest(c).Effects.Signals {
			fired = append(fired, x.Key)
		}
		return fired
	}
	pass := func(at clock.Time) *engine.Checkpoint {
		step(event.Record{Kind: event.KindTick, ReceivedAt: at})
		return s.Harvest(c)
	}
	return s, send, pass
}

func instant(t *testing.T, text string) clock.Time {
	t.Helper()
	v, err := clock.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestLimitRulesFireOnceAPeriodOfAnyKind(t *testing.T) {
	for _, c := range []struct {
		name, typ string
		at        []string // eight events each, out of ten allowed
		fires     string   // the rounds in which the rule fires
	}{
		{"a day", "b", []string{"2026-03-10T12:00:00Z", "2026-03-10T13:00:00Z", "2026-03-11T12:00:00Z"}, "0 2"},
		{"a day of the account's own zone", "b", []string{"2026-03-10T12:00:00Z", "2026-03-10T21:59:00Z", "2026-03-10T22:00:00Z"}, "0 2"},
		{"an hour", "c", []string{"2026-03-10T12:10:00Z", "2026-03-10T12:50:00Z", "2026-03-10T13:10:00Z"}, "0 2"},
		{"a rolling day", "a", []string{"2026-03-10T12:10:00Z", "2026-03-11T12:00:00Z", "2026-03-13T12:10:00Z", "2026-03-13T13:00:00Z"}, "0 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone := ""
			if strings.Contains(c.name, "zone") {
				zone = "America/New_York"
			}
			_, send, _ := periodWorld(t, zone)
			var fires []string
			for i, at := range c.at {
				if fired := send(instant(t, at), c.typ, 8); len(fired) == 1 {
					fires = append(fires, fmt.Sprint(i))
				} else if len(fired) > 1 {
					t.Errorf("round %d fires %v", i, fired)
				}
			}
			if got := strings.Join(fires, " "); got != c.fires {
				t.Errorf("it fires in rounds %s, want %s", got, c.fires)
			}
		})
	}
}

func TestClosedPeriodsLeaveARowEach(t *testing.T) {
	_, send, pass := periodWorld(t, "America/New_York")
	at := instant(t, "2026-03-08T12:00:00Z") // a day of 23 hours there
	for _, typ := range []string{"a", "b", "c", "d"} {
		send(at, typ, 3)
	}
	var got []string
	for _, p := range pass(at + 400*clock.Day).Effects.Periods {
		got = append(got, fmt.Sprintf("%s %s %s to %s: %d", p.Meter, p.Per, p.Start, p.End, p.Usage/1_000_000))
	}
	// The anchor is 18:00 in New York, when the subscription began.
	want := []string{
		"daily day 2026-03-07T23:00:00Z to 2026-03-08T22:00:00Z: 3",
		"mixed week 2026-03-01T23:00:00Z to 2026-03-08T22:00:00Z: 3",
		"rolling month 2026-03-01T23:00:00Z to 2026-04-01T22:00:00Z: 3",
		"mixed year 2026-03-01T23:00:00Z to 2027-03-01T23:00:00Z: 3",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestUsageIsReadInAllPeriodsAndParts(t *testing.T) {
	s, send, _ := periodWorld(t, "")
	send(instant(t, "2026-03-10T12:00:00Z"), "a", 3)
	var got []string
	for _, m := range s.Account("acme").MeterUsages(parse(t, periodText), s.Now) {
		if m.Meter != "rolling" {
			continue
		}
		for _, p := range m.Periods {
			line := fmt.Sprintf("%s %s from %s resets %s", p.Per, p.Usage, p.StartsAt, p.ResetsAt)
			for _, part := range p.Parts {
				line += fmt.Sprintf("; %s %s", part.By["region"], part.Usage)
			}
			got = append(got, line)
		}
	}
	want := []string{
		"lifetime 3 from  resets ; r0 2; r1 1",
		"month 3 from 2026-03-01T23:00:00Z resets 2026-04-01T22:00:00Z; r0 2; r1 1",
		"rolling 24h 3 from 2026-03-09T12:00:00Z resets 2026-03-11T12:30:00Z",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := len((*engine.Account)(nil).MeterUsages(parse(t, periodText), s.Now)); n != 4 {
		t.Errorf("nobody has %d meters", n)
	}
}
