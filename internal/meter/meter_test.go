package meter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// anchored is the calendar of UTC with months and the like from the anchor.
func anchored(anchor clock.Time) subscription.Calendar { return subscription.Calendar{Anchor: anchor} }

// utc is the calendar of an account without a subscription.
var utc subscription.Calendar

func at(t testing.TB, s string) clock.Time {
	t.Helper()
	if s == "" {
		return 0
	}
	v, err := clock.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The meters of the tests.
var (
	count    = &catalog.Meter{Key: "calls", Aggregate: catalog.Count, Event: "call"}
	sum      = &catalog.Meter{Key: "emails", Aggregate: catalog.Sum, Event: "email.sent", Property: "n"}
	level    = &catalog.Meter{Key: "speakers", Aggregate: catalog.Level, Add: "added", Remove: "removed"}
	storage  = &catalog.Meter{Key: "storage", Aggregate: catalog.Level, Add: "added", Remove: "removed", Property: "n"}
	unique   = &catalog.Meter{Key: "attendees", Aggregate: catalog.Unique, Event: "joined", Property: "n"}
	consumed = &catalog.Meter{Key: "exports", Aggregate: catalog.Count, FedByConsume: true}
	seats    = &catalog.Meter{Key: "seats", Aggregate: catalog.Level, FedByConsume: true}
)

// happens makes a record; n is the property n as JSON.
func happens(typ string, when clock.Time, n string) *event.Record {
	r := &event.Record{Kind: event.KindEvent, Type: typ, At: when}
	switch {
	case n == "":
	case n == "null":
		r.Props = []event.Prop{{Name: "n"}}
	case n == "true":
		r.Props = []event.Prop{{Name: "n", Value: event.Value{Kind: event.Bool, Text: n}}}
	case n[0] == '"':
		r.Props = []event.Prop{{Name: "n", Value: event.Value{Kind: event.String, Text: strings.Trim(n, `"`)}}}
	default:
		r.Props = []event.Prop{{Name: "n", Value: event.Value{Kind: event.Number, Text: n}}}
	}
	return r
}

// A happening of a story: at state time now, an event of the time when.
type happening struct{ now, typ, when, n string }

func TestWhatMetersCount(t *testing.T) {
	const noon = "2026-03-10T12:00:00Z"
	one := func(typ, n string) happening { return happening{noon, typ, "", n} }
	for _, c := range []struct {
		name        string
		def         *catalog.Meter
		given       []happening
		life, month string
		problem     string // part of what the last event is told
	}{
		{"nothing yet", count, nil, "0", "0", ""},
		{"events are counted", count, []happening{one("call", ""), one("call", "")}, "2", "2", ""},
		{"a property is added up exactly", sum, []happening{one("email.sent", "0.1"), one("email.sent", "0.2")}, "0.3", "0.3", ""},
		{"a correction takes away", sum, []happening{one("email.sent", "10"), one("email.sent", "-3")}, "7", "7", ""},
		{"more corrections than usage show as none", sum, []happening{one("email.sent", "-3")}, "0", "0", ""},
		{"a missing number adds nothing and says so", sum, []happening{one("email.sent", "5"), one("email.sent", "")}, "5", "5", "property n is missing"},
		{"null is missing", sum, []happening{one("email.sent", "null")}, "0", "0", "property n is missing"},
		{"a text is not a number", sum, []happening{one("email.sent", `"many"`)}, "0", "0", `property n is "many", not a number`},
		{"nor is true", sum, []happening{one("email.sent", "true")}, "0", "0", "not a number"},
		{"nor NaN", sum, []happening{one("email.sent", "NaN")}, "0", "0", "not a number"},
		{"1e300 is beyond what adds up", sum, []happening{one("email.sent", "1e300")}, "0", "0", "beyond 1e12"},
		{"a level goes up and down", level, []happening{one("added", ""), one("added", ""), one("removed", "")}, "1", "1", ""},
		{"a level by a property", storage, []happening{one("added", "2.5"), one("removed", "1")}, "1.5", "1.5", ""},
		{"a level by less than nothing", storage, []happening{one("added", "-2")}, "0", "0", "from 0 on"},
		{"a removal before its addition shows as none", level, []happening{one("removed", "")}, "0", "0", ""},
		{"and is made up for by it", level, []happening{one("removed", ""), one("added", ""), one("added", "")}, "1", "1", ""},
		{"members are told apart", unique, []happening{one("joined", `"a"`), one("joined", `"b"`), one("joined", `"a"`)}, "2", "2", ""},
		{"1 and \"1\" are the same member", unique, []happening{one("joined", "1"), one("joined", `"1"`)}, "1", "1", ""},
		{"an empty member is missing", unique, []happening{one("joined", `""`)}, "0", "0", "property n is missing"},
		{"events do not feed what consume feeds", consumed, []happening{one("exported", "")}, "0", "0", "fed by consume"},

		{"a month is over", count, []happening{{"2026-02-10", "call", "", ""}}, "1", "0", ""},
		{"a level never resets", level, []happening{{"2026-02-10", "added", "", ""}}, "1", "1", ""},
		{"a member counts again in the next month", unique, []happening{{"2026-02-10", "joined", "", `"a"`}, one("joined", `"a"`)}, "1", "1", ""},
		{"an event from the future counts now", count, []happening{{noon, "call", "2026-04-11T00:00:00Z", ""}}, "1", "1", ""},
		{"a late event within the month", count, []happening{{noon, "call", "2026-03-02T00:00:00Z", ""}}, "1", "1", ""},
		{"minutes late, over the turn of the month", count, []happening{{"2026-02-28T23:50:00Z", "call", "", ""}, {"2026-03-01T00:59:00Z", "call", "2026-02-28T23:59:00Z", ""}}, "2", "0", ""},
		{"an hour late, into the closed month", count, []happening{{"2026-02-28T23:50:00Z", "call", "", ""}, {"2026-03-01T01:00:00Z", "call", "2026-02-28T23:59:00Z", ""}}, "2", "1", ""},
		{"from before the first use", count, []happening{{noon, "call", "", ""}, {noon, "call", "2025-11-03", ""}}, "2", "1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := &Usage{}
			var res Result
			for _, e := range c.given {
				r := happens(e.typ, at(t, e.when), e.n)
				r.ReceivedAt = at(t, e.now)
				res = Apply(u, c.def, r, utc, at(t, e.now))
			}
			now := at(t, noon)
			life, month := Value(u, c.def, catalog.Lifetime, utc, now), Value(u, c.def, catalog.Month, utc, now)
			if life.String() != c.life || month.String() != c.month {
				t.Errorf("life %s and month %s, want %s and %s", life, month, c.life, c.month)
			}
			if (res.Problem == "") != (c.problem == "") || !strings.Contains(res.Problem, c.problem) {
				t.Errorf("problem %q, want %q", res.Problem, c.problem)
			}
			if res.Problem != "" && (res.Changed || res.Late) {
				t.Errorf("a problem changed something: %+v", res)
			}
		})
	}
}

// rows writes closed months as "Feb 7", with "(2 late)" when some were.
func rows(closed []Closed) string {
	var out []string
	for _, c := range closed {
		s := c.Start.Std().Format("2 Jan") + " to " + c.End.Std().Format("2 Jan") + ": " + c.Value.String()
		if c.Late != 0 {
			s += fmt.Sprintf(" (%s late)", c.Late)
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func TestMonthsCloseAnHourAfterTheirEnd(t *testing.T) {
	type reading struct{ at, closed, due string }
	for _, c := range []struct {
		name   string
		anchor string
		given  []happening
		then   []reading
	}{
		{"a month with usage", "", []happening{{"2026-02-10", "email.sent", "", "5"}}, []reading{
			{"2026-03-01T00:59:59Z", "", "2026-03-01T01:00:00Z"},
			{"2026-03-01T01:00:00Z", "1 Feb to 1 Mar: 5", ""}}},
		{"months on the anchor's day", "2026-01-31", []happening{{"2026-02-27", "email.sent", "", "5"}, {"2026-02-28", "email.sent", "", "6"}}, []reading{
			{"2026-02-28T01:00:00Z", "31 Jan to 28 Feb: 5", "2026-03-31T01:00:00Z"},
			{"2026-03-31T01:00:00Z", "28 Feb to 31 Mar: 6", ""}}},
		{"the clock jumps by a year", "", []happening{{"2026-02-10", "email.sent", "", "5"}, {"2026-03-10", "email.sent", "", "6"}}, []reading{
			{"2027-03-01", "1 Feb to 1 Mar: 5, 1 Mar to 1 Apr: 6", ""}}},
		{"months without usage leave no trace", "", []happening{{"2026-02-10", "email.sent", "", "5"}, {"2026-08-10", "email.sent", "", "6"}}, []reading{
			{"2027-03-01", "1 Feb to 1 Mar: 5, 1 Aug to 1 Sep: 6", ""}}},
		{"nor do those whose usage was taken back", "", []happening{{"2026-02-10", "email.sent", "", "5"}, {"2026-02-10", "email.sent", "", "-5"}}, []reading{
			{"2026-04-01", "", ""}}},
		{"late within the grace", "", []happening{{"2026-02-10", "email.sent", "", "5"}, {"2026-03-01T00:30:00Z", "email.sent", "2026-02-28", "2"}}, []reading{
			{"2026-04-02", "1 Feb to 1 Mar: 7", ""}}},
		{"also when the new month has begun", "", []happening{{"2026-02-10", "email.sent", "", "5"}, {"2026-03-01T00:20:00Z", "email.sent", "", "1"}, {"2026-03-01T00:30:00Z", "email.sent", "2026-02-28", "2"}}, []reading{
			{"2026-04-02", "1 Feb to 1 Mar: 7, 1 Mar to 1 Apr: 1", ""}}},
		{"late after it, as an adjustment of the open month", "", []happening{{"2026-02-10", "email.sent", "", "5"}, {"2026-03-01T01:30:00Z", "email.sent", "2026-02-28", "2"}}, []reading{
			{"2026-03-02", "1 Feb to 1 Mar: 5", "2026-04-01T01:00:00Z"},
			{"2026-04-02", "1 Mar to 1 Apr: 2 (2 late)", ""}}},
		{"late for a month that was never used", "", []happening{{"2026-02-10", "email.sent", "", "5"}, {"2026-05-02", "email.sent", "2026-03-28", "2"}}, []reading{
			{"2026-06-02", "1 Feb to 1 Mar: 5, 1 May to 1 Jun: 2 (2 late)", ""}}},
		{"history goes to its own months, open for an hour more", "", []happening{{"2026-06-10T12:00:00Z", "email.sent", "2026-02-10", "5"}, {"2026-06-10T12:30:00Z", "email.sent", "2026-01-10", "6"}}, []reading{
			{"2026-06-10T13:00:00Z", "", "2026-06-10T13:30:00Z"},
			{"2026-06-10T13:30:00Z", "1 Jan to 1 Feb: 6, 1 Feb to 1 Mar: 5", ""}}},
		{"and is late after that", "", []happening{{"2026-06-10T12:00:00Z", "email.sent", "2026-02-10", "5"}, {"2026-06-10T14:30:00Z", "email.sent", "2026-02-10", "6"}}, []reading{
			{"2026-06-10T15:00:00Z", "1 Feb to 1 Mar: 5", "2026-07-01T01:00:00Z"},
			{"2026-08-01", "1 Jun to 1 Jul: 6 (6 late)", ""}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := &Usage{}
			for _, e := range c.given {
				r := happens(e.typ, at(t, e.when), e.n)
				r.ReceivedAt = at(t, e.now)
				Apply(u, sum, r, anchored(at(t, c.anchor)), at(t, e.now))
			}
			for _, r := range c.then {
				if got := rows(Close(u, at(t, r.at))); got != r.closed {
					t.Errorf("at %s: closed %q, want %q", r.at, got, r.closed)
				}
				due, ok := NextDue(u)
				if ok != (r.due != "") || due != at(t, r.due) {
					t.Errorf("at %s: next due %s, want %s", r.at, due, r.due)
				}
			}
		})
	}
}

func TestAMovedAnchorNeverMakesMonthsOverlap(t *testing.T) {
	add := func(u *Usage, now, anchor string) {
		Apply(u, count, happens("call", at(t, now), ""), anchored(at(t, anchor)), at(t, now))
	}
	for _, c := range []struct{ name, newAnchor, now, start, end string }{
		{"the month with usage goes on to its end", "2026-02-20", "2026-02-25", "2026-02-10", "2026-03-10"},
		{"the next runs to the new day", "2026-02-20", "2026-03-11", "2026-03-10", "2026-03-20"},
		{"and then from new day to new day", "2026-02-20", "2026-03-21", "2026-03-20", "2026-04-20"},
		{"less than a day is added to what follows", "2026-02-10T06:00:00Z", "2026-03-10T01:00:00Z", "2026-03-10", "2026-04-10T06:00:00Z"},
		{"also when asked later", "2026-02-10T06:00:00Z", "2026-03-10T07:00:00Z", "2026-03-10", "2026-04-10T06:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := &Usage{}
			add(u, "2026-02-15", "2026-01-10")
			m := Read(u, count, catalog.Month, anchored(at(t, c.newAnchor)), at(t, c.now))
			if m.Start != at(t, c.start) || m.End != at(t, c.end) {
				t.Fatalf("%s to %s, want %s to %s", m.Start, m.End, c.start, c.end)
			}
			add(u, c.now, c.newAnchor) // and counting agrees with asking
			if got := Read(u, count, catalog.Month, anchored(at(t, c.newAnchor)), at(t, c.now)); got.Period != m.Period || got.Value != m.Value+quantity.One {
				t.Fatalf("after one more: %+v, was %+v", got, m)
			}
		})
	}
}

func TestAClosedMonthKeepsItsTimeWhenTheAnchorMoves(t *testing.T) {
	u := &Usage{}
	add := func(now, when, anchor string) {
		Apply(u, count, happens("call", at(t, when), ""), anchored(at(t, anchor)), at(t, now))
	}
	add("2026-01-20", "2026-01-20", "2026-01-01T01:00:00Z")
	if got := rows(Close(u, at(t, "2026-02-10"))); got != "1 Jan to 1 Feb: 1" {
		t.Fatal(got)
	}
	add("2026-03-01T00:20:00Z", "2026-03-01T00:10:00Z", "2026-01-01") // begins March by the new anchor
	add("2026-03-01T00:30:00Z", "2026-02-28T23:00:00Z", "2026-01-01") // still in time for February
	closed := Close(u, at(t, "2026-03-02"))
	if len(closed) != 1 || closed[0].Start != at(t, "2026-02-01T01:00:00Z") || closed[0].End != at(t, "2026-03-01") {
		t.Errorf("February is %s, want it to begin where January ended: %+v", rows(closed), closed)
	}
}

func TestConsumeTakesAndReleaseGivesBackNoMoreThanThereIs(t *testing.T) {
	jan, feb := at(t, "2026-01-10"), at(t, "2026-02-10")
	for _, c := range []struct {
		name        string
		def         *catalog.Meter
		do          func(u *Usage, def *catalog.Meter) quantity.Quantity
		back        string
		life, month string // in February
	}{
		{"consumed this month", consumed, func(u *Usage, d *catalog.Meter) quantity.Quantity {
			Consume(u, d, quantity.Of(5), utc, feb)
			return Release(u, d, quantity.Of(2), utc, feb)
		}, "2", "3", "3"},
		{"some of it last month", consumed, func(u *Usage, d *catalog.Meter) quantity.Quantity {
			Consume(u, d, quantity.Of(5), utc, jan)
			Consume(u, d, quantity.Of(1), utc, feb)
			return Release(u, d, quantity.Of(2), utc, feb)
		}, "2", "4", "0"},
		{"more than was ever taken", consumed, func(u *Usage, d *catalog.Meter) quantity.Quantity {
			Consume(u, d, quantity.Of(5), utc, feb)
			return Release(u, d, quantity.Of(9), utc, feb)
		}, "5", "0", "0"},
		{"a level has no months", seats, func(u *Usage, d *catalog.Meter) quantity.Quantity {
			Consume(u, d, quantity.Of(5), utc, jan)
			return Release(u, d, quantity.Of(2), utc, feb)
		}, "2", "3", "3"},
		{"nothing was taken", seats, func(u *Usage, d *catalog.Meter) quantity.Quantity {
			return Release(u, d, quantity.Of(2), utc, feb)
		}, "0", "0", "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := &Usage{}
			back := c.do(u, c.def)
			life, month := Value(u, c.def, catalog.Lifetime, utc, feb), Value(u, c.def, catalog.Month, utc, feb)
			if back.String() != c.back || life.String() != c.life || month.String() != c.month {
				t.Errorf("back %s, life %s, month %s; want %s, %s, %s", back, life, month, c.back, c.life, c.month)
			}
		})
	}
}

func TestReleaseGivesTheNewestOfARollingWindowBackFirst(t *testing.T) {
	def := defined(t, "{fed_by: consume}", "rolling 24h", catalog.Day)
	u := &Usage{}
	day, noon, later := at(t, "2026-03-10"), at(t, "2026-03-10T12:00:00Z"), at(t, "2026-03-10T18:00:00Z")
	Consume(u, def, quantity.Of(5), utc, day-6*clock.Hour)
	Consume(u, def, quantity.Of(2), utc, noon)
	for _, c := range []struct {
		name, rolling, day, life string
		q                        int64
	}{
		{"all of the newest, and one of the one before", "4", "0", "4", 3},
		{"more than there is", "0", "0", "0", 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			Release(u, def, quantity.Of(c.q), utc, later)
			if got := [3]string{Value(u, def, "rolling 24h", utc, later).String(), Value(u, def, catalog.Day, utc, later).String(), Value(u, def, catalog.Lifetime, utc, later).String()}; got != [3]string{c.rolling, c.day, c.life} {
				t.Errorf("rolling, day and life are %v", got)
			}
		})
	}
}

func TestAskingAMeterThatWasNeverUsed(t *testing.T) {
	now := at(t, "2026-03-10")
	if v := Value(nil, sum, catalog.Month, utc, now); v != 0 {
		t.Errorf("value %s", v)
	}
	if m := Read(nil, sum, catalog.Month, utc, now); m.Start != at(t, "2026-03-01") || m.End != at(t, "2026-04-01") {
		t.Errorf("month %+v", m)
	}
	if _, due := NextDue(&Usage{}); due {
		t.Error("something is due")
	}
}

func BenchmarkApply(b *testing.B) {
	now := at(b, "2026-03-10")
	u, r := &Usage{}, happens("email.sent", now, "12")
	b.ReportAllocs()
	for b.Loop() {
		Apply(u, sum, r, utc, now)
	}
}
