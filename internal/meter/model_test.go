package meter

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// received is a record with the state time at which it came in.
type received struct {
	now clock.Time
	r   *event.Record
}

// aHistory draws records in the order of their receipt: most on time, some late by minutes
// or months, some from the future.
func aHistory(t *rapid.T, anchor clock.Time, typ ...string) []received {
	now := clock.Time(1_767_225_600_000_000) + clock.Time(rapid.Int64Range(0, 365).Draw(t, "first day"))*clock.Day
	var all []received
	for range rapid.IntRange(1, 40).Draw(t, "records") {
		now += clock.Time(rapid.OneOf(rapid.Int64Range(0, 120), rapid.Int64Range(0, 60*24*60)).Draw(t, "minutes later")) * clock.Minute
		if rapid.IntRange(0, 5).Draw(t, "to the next month") == 0 {
			now = subscription.MonthOf(anchor, now).End + clock.Time(rapid.Int64Range(0, 70).Draw(t, "minutes into it"))*clock.Minute
		}
		when := now
		switch rapid.IntRange(0, 5).Draw(t, "lateness") {
		case 0:
			when -= clock.Time(rapid.Int64Range(0, 120).Draw(t, "minutes")) * clock.Minute
		case 1:
			when -= clock.Time(rapid.Int64Range(0, 200).Draw(t, "days")) * clock.Day
		case 2:
			when += clock.Time(rapid.Int64Range(0, 48).Draw(t, "hours")) * clock.Hour
		}
		n := strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "n"))
		all = append(all, received{now, happens(rapid.SampledFrom(typ).Draw(t, "type"), when, n)})
	}
	return all
}

// tally is usage computed anew from all records, by the letter of the rules.
type tally struct {
	life   quantity.Quantity
	months map[clock.Time]*tallied
	ever   map[string]bool
}

type tallied struct {
	value, late quantity.Quantity
	members     map[string]bool
}

func recompute(def *catalog.Meter, anchor clock.Time, history []received) tally {
	out := tally{months: map[clock.Time]*tallied{}, ever: map[string]bool{}}
	since := subscription.MonthOf(anchor, history[0].now).Start
	var pastDue, earliest clock.Time
	for _, h := range history {
		if pastDue != 0 && pastDue <= h.now {
			since, pastDue, earliest = min(since, earliest), 0, 0
		}
		when := min(h.r.At, h.now)
		month, adjustment := subscription.MonthOf(anchor, when), false
		switch {
		case when < since:
			pastDue = h.now + clock.Hour
			if earliest == 0 || month.Start < earliest {
				earliest = month.Start
			}
		case month.End+clock.Hour <= h.now:
			month, adjustment = subscription.MonthOf(anchor, h.now), true
		}
		m := out.months[month.Start]
		if m == nil {
			m = &tallied{members: map[string]bool{}}
			out.months[month.Start] = m
		}
		v, n := quantity.One, h.r.Props[0].Value.Text
		switch def.Aggregate {
		case catalog.Sum:
			v, _ = quantity.Parse(n)
		case catalog.Unique:
			if m.members[n] {
				v = 0
			}
			m.members[n], out.ever[n] = true, true
		}
		out.life += v
		m.value += v
		if adjustment {
			m.late += v
		}
	}
	if def.Aggregate == catalog.Unique {
		out.life = quantity.Of(int64(len(out.ever)))
	}
	return out
}

func TestUsageEqualsWhatIsRecomputedFromAllEvents(t *testing.T) {
	for _, def := range []*catalog.Meter{count, sum, unique} {
		t.Run(string(def.Aggregate), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				anchor := clock.Time(rapid.Int64Range(0, 400).Draw(t, "anchor day")) * clock.Day
				history := aHistory(t, anchor, def.Event)
				u := &Usage{}
				var closed []Closed
				for _, h := range history {
					closed = append(closed, closeWhenDue(u, h.now)...)
					Apply(u, def, h.r, anchor, h.now)
				}
				last := history[len(history)-1].now
				want := recompute(def, anchor, history)
				if got := Value(u, def, catalog.Lifetime, anchor, last); got != want.life {
					t.Fatalf("life %s, want %s", got, want.life)
				}
				var now quantity.Quantity
				if m := want.months[subscription.MonthOf(anchor, last).Start]; m != nil {
					now = m.value
				}
				if got := Value(u, def, catalog.Month, anchor, last); got != now {
					t.Fatalf("this month %s, want %s", got, now)
				}
				closed = append(closed, Close(u, last+100*clock.Day)...)
				var expected []Closed
				for _, start := range slices.Sorted(maps.Keys(want.months)) {
					if m := want.months[start]; m.value != 0 || m.late != 0 {
						expected = append(expected, Closed{subscription.MonthOf(anchor, start), m.value, m.late})
					}
				}
				slices.SortFunc(closed, func(a, b Closed) int { return int((a.Start - b.Start) / clock.Hour) })
				if !reflect.DeepEqual(closed, expected) {
					t.Fatalf("closed %s\nwant   %s", rows(closed), rows(expected))
				}
			})
		})
	}
}

// closeWhenDue does what the engine does before a record.
func closeWhenDue(u *Usage, now clock.Time) []Closed {
	var out []Closed
	for {
		due, ok := NextDue(u)
		if !ok || due > now {
			return out
		}
		out = append(out, Close(u, due)...)
	}
}

func TestReadingStoringAndClosingInBetweenChangeNothing(t *testing.T) {
	for _, def := range []*catalog.Meter{count, sum, unique, storage} {
		t.Run(string(def.Aggregate), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				types := []string{def.Event}
				if def.Aggregate == catalog.Level {
					types = []string{"added", "removed"}
				}
				history := aHistory(t, 0, types...)
				anchors := make([]clock.Time, len(history)) // the anchor moves now and then
				for i := range anchors {
					if i == 0 || rapid.IntRange(0, 9).Draw(t, "moves") == 0 {
						anchors[i] = clock.Time(rapid.Int64Range(0, 400*24).Draw(t, "anchor hour")) * clock.Hour
					} else {
						anchors[i] = anchors[i-1]
					}
				}
				plain, busy := &Usage{}, &Usage{}
				var closed []Closed
				for i, h := range history {
					if rapid.Bool().Draw(t, "restart") {
						text, err := json.Marshal(busy)
						busy = &Usage{}
						if err != nil || json.Unmarshal(text, busy) != nil {
							t.Fatalf("%s: %v", text, err)
						}
					}
					if rapid.Bool().Draw(t, "close") {
						closed = append(closed, closeWhenDue(busy, h.now)...)
					}
					shown := MonthAt(busy, anchors[i], h.now)
					if !shown.Contains(h.now) {
						t.Fatalf("%s is shown in %v", h.now, shown)
					}
					a, b := Apply(plain, def, h.r, anchors[i], h.now), Apply(busy, def, h.r, anchors[i], h.now)
					if a != b {
						t.Fatalf("%+v and %+v", a, b)
					}
					if def.Aggregate != catalog.Level && !a.Late && min(h.r.At, h.now) >= shown.Start && MonthAt(busy, anchors[i], h.now).Period != shown.Period {
						t.Fatal("counting moved the month that was shown")
					}
				}
				end := history[len(history)-1].now + 200*clock.Day
				left := Close(plain, end)
				closed = append(closed, Close(busy, end)...)
				slices.SortFunc(closed, func(a, b Closed) int { return int((a.Start - b.Start) / clock.Hour) })
				if !reflect.DeepEqual(left, closed) {
					t.Fatalf("at once %s\nbit by bit %s", rows(left), rows(closed))
				}
				if def.Aggregate == catalog.Sum || def.Aggregate == catalog.Count {
					var all quantity.Quantity
					for i, c := range left {
						all += c.Value
						if i > 0 && c.Start < left[i-1].End {
							t.Fatalf("months overlap: %s", rows(left))
						}
					}
					if life := Value(plain, def, catalog.Lifetime, 0, end); life != all {
						t.Fatalf("months add up to %s, life is %s", all, life)
					}
				}
				if fmt.Sprint(plain) != fmt.Sprint(busy) {
					t.Fatalf("%v and %v", plain, busy)
				}
			})
		})
	}
}
