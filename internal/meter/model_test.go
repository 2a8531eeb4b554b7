package meter

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// defined reads a meter as a catalog defines it, with allowances for the periods.
func defined(t interface{ Fatal(...any) }, definition string, periods ...catalog.Period) *catalog.Meter {
	var plans strings.Builder
	for i, per := range periods {
		fmt.Fprintf(&plans, "\n  p%d: {entitlements: {f: {limit: 1, per: %s}}}", i, per)
	}
	c, findings := catalog.Parse("", []byte("version: 1\ncurrency: EUR\nmeters: {m: "+definition+"}\nfeatures: {f: {meter: m}}\nplans:"+plans.String()+"\n"))
	if c == nil {
		t.Fatal(findings)
	}
	return c.Meters["m"]
}

// given is one step of a history: an event, or the voiding of an earlier one.
type given struct {
	now   clock.Time
	r     *event.Record
	voids int // index of the event, -1 for an event
	// refused: the meter said that it cannot; the state stays.
	refused bool
}

// aHistory draws steps in the order of their receipt: most events on time, some late by
// minutes or months, some from the future, some voided later.
func aHistory(t *rapid.T, def *catalog.Meter, cal subscription.Calendar, n int) []given {
	types := []string{def.Event}
	if def.Aggregate == catalog.Level {
		types = nil
		for _, typ := range []string{def.Add, def.Remove, def.Set} {
			if typ != "" {
				types = append(types, typ)
			}
		}
	}
	now := clock.Time(1_767_225_600_000_000) + clock.Time(rapid.Int64Range(0, 365).Draw(t, "first day"))*clock.Day
	var all []given
	var events []int
	for range rapid.IntRange(1, n).Draw(t, "steps") {
		now += clock.Time(rapid.OneOf(rapid.Int64Range(0, 120), rapid.Int64Range(0, 60*24*60)).Draw(t, "minutes later")) * clock.Minute
		if rapid.IntRange(0, 5).Draw(t, "to the next window") == 0 {
			kind := catalog.WindowKind(rapid.IntRange(int(catalog.Hourly), int(catalog.Yearly)).Draw(t, "of kind"))
			now = cal.Of(kind, now).End + clock.Time(rapid.Int64Range(0, 70).Draw(t, "minutes into it"))*clock.Minute
		}
		if len(events) > 0 && rapid.IntRange(0, 4).Draw(t, "voids") == 0 {
			i := rapid.SampledFrom(events).Draw(t, "which")
			events = slices.DeleteFunc(events, func(e int) bool { return e == i })
			all = append(all, given{now: now, r: all[i].r, voids: i})
			continue
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
		r := happens(rapid.SampledFrom(types).Draw(t, "type"), when, strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "n")))
		r.Props = append(r.Props, event.Prop{Name: "half", Value: event.Value{Kind: event.Number, Text: "0.5"}},
			event.Prop{Name: "region", Value: event.Value{Kind: event.String, Text: rapid.SampledFrom([]string{"eu", "us"}).Draw(t, "region")}})
		r.ReceivedAt = now
		events = append(events, len(all))
		all = append(all, given{now: now, r: r, voids: -1})
	}
	return all
}

// tallied is one window by the letter of the rules: the events that count in it.
type tallied struct {
	subscription.Period
	events      []int
	adjustments quantity.Quantity // of events voided after their own window was closed
	late        quantity.Quantity
}

// model computes usage anew from all steps, keeping every event.
type model struct {
	def   *catalog.Meter
	cal   subscription.Calendar
	steps []given
}

// amount is what an event is worth to the meter.
func (m *model) amount(i int) quantity.Quantity {
	r := m.steps[i].r
	n, _ := quantity.Parse(r.Props[0].Value.Text)
	switch {
	case m.def.Aggregate == catalog.Count:
		return quantity.One
	case len(m.def.Product) > 0:
		return n / 2
	case m.def.Aggregate == catalog.Level && r.Type == m.def.Remove:
		return -n
	}
	return n
}

func (m *model) at(i int) clock.Time { return min(m.steps[i].r.At, m.steps[i].now) }

// value is what the meter makes of these events, in the order of their arrival.
func (m *model) value(events []int) quantity.Quantity {
	var v quantity.Quantity
	byTime := slices.Clone(events)
	slices.SortStableFunc(byTime, func(a, b int) int {
		switch {
		case m.at(a) < m.at(b):
			return -1
		case m.at(a) > m.at(b):
			return 1
		}
		return 0
	})
	members := map[string]bool{}
	for n, i := range byTime {
		switch a := m.amount(i); m.def.Aggregate {
		case catalog.Max:
			if n == 0 || a > v {
				v = a
			}
		case catalog.Min:
			if n == 0 || a < v {
				v = a
			}
		case catalog.Latest:
			v = a
		case catalog.Unique:
			members[m.steps[i].r.Props[0].Value.Text] = true
			v = quantity.Of(int64(len(members)))
		case catalog.Level:
			if m.steps[i].r.Type == m.def.Set {
				v = 0
			}
			v += a
		default:
			v += a
		}
	}
	return v
}

// counts says whether the event counts at all.
func (m *model) counts(i int) bool {
	return !m.steps[i].refused && catalog.Passes(m.def.Where, m.steps[i].r)
}

// life lists the events that count and are not voided.
func (m *model) life() []int {
	var live []int
	for i, s := range m.steps {
		switch {
		case s.voids >= 0 && !s.refused:
			live = slices.DeleteFunc(live, func(e int) bool { return e == s.voids })
		case s.voids < 0 && m.counts(i):
			live = append(live, i)
		}
	}
	return live
}

// rolling lists the events that are in a rolling window.
func (m *model) rolling(width, now clock.Time) []int {
	size := width / Steps
	return slices.DeleteFunc(m.life(), func(i int) bool { return m.at(i)/size*size+size+width <= now })
}

// windows sorts the events into the windows of a kind.
func (m *model) windows(kind catalog.WindowKind) map[clock.Time]*tallied {
	out := map[clock.Time]*tallied{}
	open := func(p subscription.Period) *tallied {
		if out[p.Start] == nil {
			out[p.Start] = &tallied{Period: p}
		}
		return out[p.Start]
	}
	type counted struct {
		in         *tallied
		adjustment bool
		past       int // which time that windows before the first use were open
	}
	where := map[int]counted{}
	var since, pastDue, earliest clock.Time
	past := 1 // events of the past that are still open, by number of the opening
	for i, s := range m.steps {
		if pastDue != 0 && pastDue <= s.now {
			since, pastDue, earliest = min(since, earliest), 0, 0
			past++
		}
		if s.voids >= 0 {
			c, ok := where[s.voids]
			if s.refused || !ok {
				continue
			}
			switch closed := c.past != 0 && c.past < past || c.past == 0 && c.in.End+clock.Hour <= s.now; {
			case !closed:
				c.in.events = slices.DeleteFunc(c.in.events, func(e int) bool { return e == s.voids })
				if c.adjustment {
					c.in.late -= m.amount(s.voids)
				}
			case adds(m.def):
				w := open(m.cal.Of(kind, s.now))
				w.adjustments -= m.amount(s.voids)
				w.late -= m.amount(s.voids)
			}
			continue
		}
		if !m.counts(i) {
			continue
		}
		if since == 0 {
			since = m.cal.Of(kind, s.now).Start
		}
		when := m.at(i)
		p, c := m.cal.Of(kind, when), counted{}
		switch {
		case when < since:
			pastDue = (s.now + clock.Hour + 10*clock.Minute - 1) / (10 * clock.Minute) * (10 * clock.Minute)
			if earliest == 0 || p.Start < earliest {
				earliest = p.Start
			}
			c.past = past
		case p.End+clock.Hour <= s.now:
			if !adds(m.def) && m.def.Aggregate != catalog.Unique {
				continue
			}
			p, c.adjustment = m.cal.Of(kind, s.now), true
		}
		c.in = open(p)
		c.in.events = append(c.in.events, i)
		if c.adjustment {
			c.in.late += m.amount(i)
		}
		where[i] = c
	}
	return out
}

// ambiguous says whether voiding event i would meet a window of before the first use that
// is closed by now: the state cannot tell it from a late event.
func (m *model) ambiguous(i int) bool {
	for _, w := range m.def.Windows() {
		if w.Kind != catalog.Rolling && m.at(i) < m.cal.Of(w.Kind, m.steps[0].now).Start {
			return true
		}
	}
	return false
}

// stored is what lies outside of a usage's state.
type stored map[string][]Spilled

func (s stored) keep(rows []Spilled) {
	for _, row := range rows {
		key := fmt.Sprint(row.Window, row.Start)
		if row.Replaces {
			s[key] = nil
		}
		if len(row.Data) > 0 {
			s[key] = append(s[key], row)
		}
	}
}

// restart stores u and reads it again.
func restart(t interface{ Fatal(...any) }, u *Usage, outside stored) *Usage {
	if outside != nil {
		outside.keep(u.Spill())
	}
	b := u.AppendBinary([]byte("before"))
	again, rest, err := DecodeUsage(append(b[len("before"):], "after"...))
	if err != nil || string(rest) != "after" {
		t.Fatal("read again: ", err, rest)
	}
	for _, key := range slices.Sorted(maps.Keys(outside)) {
		for _, row := range outside[key] {
			if err := again.LoadSpill(row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := again.Complete(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.AppendBinary(nil), b[len("before"):]) {
		t.Fatal("its bytes are others when it is read again")
	}
	return again
}

var definitions = []string{
	"{event: e}",
	"{event: e, where: {n: {at_least: 3}, region: [eu, asia]}}",
	"{event: e, aggregate: sum, property: n, by: [region]}",
	"{event: e, aggregate: sum, property: [n, half]}",
	"{event: e, aggregate: max, property: n}",
	"{event: e, aggregate: min, property: n}",
	"{event: e, aggregate: latest, property: n}",
	"{event: e, aggregate: unique, property: n}",
	"{add: up, remove: down, property: n}",
	"{add: up, remove: down, property: n, set: be, to: n}",
}

func TestUsageEqualsWhatIsRecomputedFromAllEvents(t *testing.T) {
	for _, definition := range definitions {
		t.Run(definition, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				zone, err := clock.Zone(rapid.SampledFrom([]string{"", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"}).Draw(t, "zone"))
				if err != nil {
					t.Fatal(err)
				}
				cal := subscription.Calendar{Anchor: clock.Time(rapid.Int64Range(0, 400*24*60).Draw(t, "anchor")) * clock.Minute, Zone: zone}
				var periods []catalog.Period
				if !strings.Contains(definition, "up") {
					known := []catalog.Period{"hour", "day", "week", "month", "year", "rolling 5h", "rolling 30d"}
					if strings.Contains(definition, "unique") {
						known = known[:5]
					}
					periods = rapid.SliceOfNDistinct(rapid.SampledFrom(known), 0, 3, rapid.ID).Draw(t, "periods")
				}
				def := defined(t, definition, periods...)
				m := &model{def: def, cal: cal}
				u := &Usage{}
				var closed []Closed
				voided := 0
				outside := stored{}
				for _, s := range aHistory(t, def, cal, 60) {
					closed = append(closed, closeWhenDue(u, s.now)...)
					if rapid.IntRange(0, 3).Draw(t, "restart") == 0 {
						u = restart(t, u, outside)
					}
					before := u.AppendBinary(nil)
					if m.steps = append(m.steps, s); s.voids < 0 {
						res := Apply(u, def, s.r, cal, s.now)
						if res.Problem != "" {
							if s.r.Type != def.Set || m.newerThan(len(m.steps)-1) < kept-voided {
								t.Fatal(res.Problem)
							}
							m.steps[len(m.steps)-1].refused = true
						}
					} else if m.steps[s.voids].refused || m.ambiguous(s.voids) {
						m.steps[len(m.steps)-1].refused = true
					} else {
						res := Void(u, def, s.r, cal, s.now)
						if voided++; res.Problem != "" {
							if voided < kept && (def.Set == "" || m.newerThan(s.voids) < kept-voided) || adds(def) || def.Aggregate == catalog.Unique {
								t.Fatal(res.Problem)
							}
							if !bytes.Equal(before, u.AppendBinary(nil)) {
								t.Fatal("it could not be voided, and the state is another one")
							}
							m.steps[len(m.steps)-1].refused = true
						}
					}
					m.compare(t, u, s.now)
				}
				m.closings(t, u, closed)
			})
		})
	}
}

// newerThan counts the events that count and are later than event i.
func (m *model) newerThan(i int) int {
	n := 0
	for _, e := range m.life() {
		if m.at(e) > m.at(i) {
			n++
		}
	}
	return n
}

// compare holds what u shows now against the model.
func (m *model) compare(t *rapid.T, u *Usage, now clock.Time) {
	want := m.value(m.life())
	if got := Read(u, m.def, catalog.Lifetime, m.cal, now).Value; got != want {
		t.Fatalf("life %s, want %s", got, want)
	}
	for _, w := range m.def.Windows() {
		got := Read(u, m.def, w.Per, m.cal, now)
		if w.Kind == catalog.Rolling {
			if want := m.value(m.rolling(w.Width, now)); got.Value != want {
				t.Fatalf("%s %s, want %s", w.Per, got.Value, want)
			}
			continue
		}
		want := &tallied{}
		if in := m.windows(w.Kind)[m.cal.Of(w.Kind, now).Start]; in != nil {
			want = in
		}
		if v := m.value(want.events) + want.adjustments; got.Value != v || got.Period != m.cal.Of(w.Kind, now) {
			t.Fatalf("%s from %s: %s, want %s", w.Per, got.Start, got.Value, v)
		}
		if adds(m.def) && got.Late != want.late {
			t.Fatalf("%s from %s: %s late, want %s", w.Per, got.Start, got.Late, want.late)
		}
	}
	if len(m.def.By) > 0 {
		for _, per := range []catalog.Period{catalog.Lifetime, m.def.Windows()[0].Per} {
			var sum quantity.Quantity
			for _, g := range Groups(u, m.def, per, m.cal, now) {
				sum += g.Value
			}
			if total := Read(u, m.def, per, m.cal, now).Value; sum != total {
				t.Fatalf("the parts of %q are %s together, the whole is %s", per, sum, total)
			}
		}
	}
}

// closings holds the windows that were closed against the model.
func (m *model) closings(t *rapid.T, u *Usage, closed []Closed) {
	closed = append(closed, closeWhenDue(u, m.steps[len(m.steps)-1].now+500*clock.Day)...)
	if len(m.life()) < len(m.steps) && !adds(m.def) {
		return // what was closed before it was voided stands as it was closed
	}
	var got, want []string
	for _, c := range closed {
		got = append(got, fmt.Sprintf("%s from %s to %s: %s, %s late", c.Per, c.Start, c.End, c.Value, lateOf(m.def, c.Late)))
	}
	for _, w := range m.def.Windows() {
		if w.Kind == catalog.Rolling {
			continue
		}
		for _, in := range m.windows(w.Kind) {
			if v := m.value(in.events) + in.adjustments; v != 0 || in.late != 0 {
				want = append(want, fmt.Sprintf("%s from %s to %s: %s, %s late", w.Per, in.Start, in.End, v, lateOf(m.def, in.late)))
			}
		}
	}
	if m.hasVoids() { // a window that was closed, then opened by an adjustment, is two rows
		return
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("closed\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (m *model) hasVoids() bool {
	return slices.ContainsFunc(m.steps, func(s given) bool { return s.voids >= 0 })
}

// lateOf leaves out what only sums have.
func lateOf(def *catalog.Meter, q quantity.Quantity) quantity.Quantity {
	if !adds(def) {
		return 0
	}
	return q
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
	for _, definition := range definitions {
		t.Run(definition, func(t *testing.T) {
			var periods []catalog.Period
			if !strings.Contains(definition, "up") {
				periods = []catalog.Period{"day", "month", "week"}
			}
			def := defined(t, definition, periods...)
			rapid.Check(t, func(t *rapid.T) {
				history := aHistory(t, def, utc, 40)
				var cal subscription.Calendar
				plain, busy := &Usage{}, &Usage{}
				var closed []Closed
				for _, s := range history {
					if rapid.IntRange(0, 9).Draw(t, "the anchor moves") == 0 {
						cal.Anchor = clock.Time(rapid.Int64Range(0, 400*24).Draw(t, "to hour")) * clock.Hour
					}
					if rapid.IntRange(0, 9).Draw(t, "the zone changes") == 0 {
						cal.Zone, _ = clock.Zone(rapid.SampledFrom([]string{"", "Europe/Berlin", "America/New_York"}).Draw(t, "to"))
					}
					if rapid.Bool().Draw(t, "restart") {
						busy = restart(t, busy, stored{})
					}
					if rapid.Bool().Draw(t, "close") {
						closed = append(closed, closeWhenDue(busy, s.now)...)
					}
					for _, w := range def.Windows() {
						if shown := Read(busy, def, w.Per, cal, s.now); !shown.Contains(s.now) {
							t.Fatalf("%s is shown in %v", s.now, shown)
						}
					}
					if s.voids >= 0 {
						continue // a void finds other windows open when some are closed already
					}
					if a, b := Apply(plain, def, s.r, cal, s.now), Apply(busy, def, s.r, cal, s.now); a != b {
						t.Fatalf("%+v and %+v", a, b)
					}
				}
				end := history[len(history)-1].now + 200*clock.Day
				left := Close(plain, end)
				closed = append(closed, Close(busy, end)...)
				if a, b := sortedRows(left), sortedRows(closed); !slices.Equal(a, b) {
					t.Fatalf("at once\n%s\nbit by bit\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
				}
				if adds(def) {
					for _, w := range def.Windows() {
						var all quantity.Quantity
						var last clock.Time
						for _, c := range left {
							if c.Per == w.Per {
								all += c.Value
								if c.Start < last {
									t.Fatalf("windows overlap: %s", rows(left))
								}
								last = c.End
							}
						}
						if life := Value(plain, def, catalog.Lifetime, cal, end); life != max(all, 0) {
							t.Fatalf("windows of a %s add up to %s, life is %s", w.Per, all, life)
						}
					}
				}
				if !bytes.Equal(plain.AppendBinary(nil), busy.AppendBinary(nil)) {
					t.Fatalf("%+v and %+v", plain, busy)
				}
			})
		})
	}
}

func sortedRows(closed []Closed) []string {
	var out []string
	for _, c := range closed {
		out = append(out, fmt.Sprintf("%s from %s to %s: %s, %s late", c.Per, c.Start, c.End, c.Value, c.Late))
	}
	slices.Sort(out)
	return out
}
