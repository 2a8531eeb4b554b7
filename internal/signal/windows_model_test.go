package signal

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
)

// happened is one event of a history.
type happened struct {
	now, at clock.Time
	typ     string
	size    string // a property
	late    bool
}

func (h happened) record() *event.Record {
	return &event.Record{Type: h.typ, Props: []event.Prop{{Name: "size", Value: event.Value{Kind: event.String, Text: h.size}}}}
}

// model works out what one rule fires from the whole history, every time anew.
type model struct {
	rule  *catalog.Signal
	seen  []happened // of the event types of the rule, as they came
	fired clock.Time
	was   bool
	parts map[int64]quantity.Quantity // for rates
	first int64
	last  int64
	open  clock.Time // what was begun and not ended, of histories in order
}

// on says whether an event is one that a condition is about.
func on(h happened, eventType string, where []catalog.Test) bool {
	return h.typ == eventType && catalog.Passes(where, h.record())
}

func (m *model) times(eventType string, where []catalog.Test) []clock.Time {
	var out []clock.Time
	for _, h := range m.seen {
		if on(h, eventType, where) {
			out = append(out, h.at)
		}
	}
	slices.Sort(out)
	return out
}

func (m *model) fire(at clock.Time) []string {
	m.fired, m.was = at, true
	return []string{m.rule.Key + " at " + at.String()}
}

func (m *model) rests(at clock.Time, rest time.Duration) bool {
	return m.was && at < m.fired.Add(rest)
}

// happens adds an event and returns what fires.
func (m *model) happens(h happened) []string {
	w := &m.rule.When
	name, any := w.Event+w.Rate+w.Absent, false
	for _, s := range append([]catalog.Step{{Event: name, Where: w.Where}}, w.Sequence...) {
		any = any || on(h, s.Event, s.Where)
	}
	if w.Without != "" {
		return m.leaves(h)
	}
	if !any {
		return nil
	}
	m.seen = append(m.seen, h)
	timely := func(at clock.Time) bool { return !h.late && at.Add(life(m.rule)) > h.now }
	all := m.times(name, w.Where)
	switch {
	case w.New != "":
		return m.news(h, timely)
	case w.Nth > 0 && int64(len(all)) == w.Nth && timely(h.at), w.Every > 0 && int64(len(all))%w.Every == 0 && timely(h.at):
		return m.fire(h.at)
	case w.Times > MostTimesInTest:
		return m.manyTimes(all, timely)
	case w.Times > 0:
		if m.was {
			all = slices.DeleteFunc(all, func(at clock.Time) bool { return at <= m.fired })
		}
		if len(all) < w.Times {
			return nil
		}
		first, last := all[len(all)-w.Times], all[len(all)-1]
		if last.Sub(first) > w.Within && w.Times > 1 || m.rests(last, w.Within) || !timely(last) {
			return nil
		}
		return m.fire(last)
	case len(w.Sequence) > 0:
		return m.sequence(h.at, timely)
	case w.Rate != "":
		return m.rate(h, all[len(all)-1], timely)
	}
	return nil
}

// MostTimesInTest is where rules begin to count in parts.
const MostTimesInTest = catalog.MostKept

func (m *model) manyTimes(all []clock.Time, timely func(clock.Time) bool) []string {
	w := &m.rule.When
	last := all[len(all)-1]
	width := clock.Time(w.Within.Microseconds()) / 60
	n := 0
	for _, at := range all {
		if at/width > last/width-60 {
			n++
			if last.Sub(at) > w.Within {
				panic("an event outside the window counts")
			}
		}
	}
	if n < w.Times || m.rests(last, w.Within) || !timely(last) {
		return nil
	}
	return m.fire(last)
}

func (m *model) sequence(at clock.Time, timely func(clock.Time) bool) []string {
	w := &m.rule.When
	var ends, starts []clock.Time // of all ways through the steps so far
	for i, s := range w.Sequence {
		next := m.times(s.Event, s.Where)
		if i == 0 {
			ends, starts = next, next
			continue
		}
		var e, f []clock.Time
		for _, t := range next {
			best := never
			for j := range ends {
				if ends[j] < t {
					best = max(best, starts[j])
				}
			}
			if best != never {
				e, f = append(e, t), append(f, best)
			}
		}
		ends, starts = e, f
	}
	for i, end := range slices.Backward(ends) {
		if end < at {
			return nil
		}
		if end.Sub(starts[i]) <= w.Within && !(m.was && starts[i] <= m.fired) && !m.rests(end, w.Within) && timely(end) {
			return m.fire(end)
		}
	}
	return nil
}

func (m *model) width() clock.Time { return clock.Time(m.rule.When.Over.Microseconds()) / 7 }

// windows returns the last two windows that end with part n.
func (m *model) windows(n int64) (before, last quantity.Quantity) {
	if m.parts == nil || m.first > n-13 {
		return 0, 0
	}
	for i := range int64(7) {
		before, last = before.Add(m.parts[n-7-i]), last.Add(m.parts[n-i])
	}
	return before, last
}

func (m *model) rate(h happened, newest clock.Time, timely func(clock.Time) bool) []string {
	w := &m.rule.When
	n := int64(h.at / m.width())
	if m.parts == nil {
		m.parts, m.first, m.last = map[int64]quantity.Quantity{}, n, n
	}
	if m.last = max(m.last, n); n > m.last-14 {
		m.parts[n] = m.parts[n].Add(quantity.One)
		m.first = min(m.first, n)
	}
	before, last := m.windows(m.last)
	if w.Rises == 0 || before == 0 || last*100 < before*quantity.Quantity(100+w.Rises) || last < w.AtLeast || m.rests(newest, w.Over) || !timely(newest) {
		return nil
	}
	return m.fire(newest)
}

// passes returns what fires while time passes from after until to.
func (m *model) passes(after, to clock.Time) []string {
	w := &m.rule.When
	var out []string
	if all := m.times(w.Absent, w.Where); w.Absent != "" && int64(len(all)) >= max(w.After, 1) {
		if due := all[len(all)-1].Add(w.For); due > after && due <= to {
			out = m.fire(due)
		}
	}
	if due := m.open.Add(w.Within); m.open != 0 && due > after && due <= to {
		m.open, out = 0, m.fire(due)
	}
	if w.Falls > 0 {
		for end := (after/m.width() + 1) * m.width(); end <= to; end += m.width() {
			before, last := m.windows(int64(end/m.width()) - 1)
			if before > 0 && before >= w.AtLeast && last*100 <= before*quantity.Quantity(100-w.Falls) && !m.rests(end, w.Over) {
				out = append(out, m.fire(end)...)
			}
		}
	}
	return out
}

// leaves notes what begins and ends.
func (m *model) leaves(h happened) []string {
	w := &m.rule.When
	ends := h.typ == w.Without
	if ends {
		m.open = 0
	}
	if on(h, w.Event, w.Where) && !ends && !h.late && m.open == 0 && (!m.was || h.at > m.fired) {
		m.open = h.at
	}
	return nil
}

// news counts the values met before.
func (m *model) news(h happened, timely func(clock.Time) bool) []string {
	met := map[string]bool{}
	for _, before := range m.seen[:len(m.seen)-1] {
		met[before.size] = true
	}
	if met[h.size] || int64(len(met)+1) < m.rule.When.From || !timely(h.at) {
		return nil
	}
	return m.fire(h.at)
}

// someRules draws rules of every kind over three event types.
func someRules(t *rapid.T) []*catalog.Signal {
	types := rapid.SampledFrom([]string{"a.done", "b.done", "c.done"})
	where := func() []catalog.Test {
		if rapid.IntRange(0, 3).Draw(t, "filtered") > 0 {
			return nil
		}
		return []catalog.Test{{Property: "size", Op: catalog.Is, Values: []catalog.Literal{{Kind: event.String, Text: "big"}}}}
	}
	span := func(name string) time.Duration {
		return time.Duration(rapid.IntRange(1, 40).Draw(t, name)) * 6 * time.Hour
	}
	var rules []*catalog.Signal
	for i := range rapid.IntRange(1, 12).Draw(t, "rules") {
		s := &catalog.Signal{Key: fmt.Sprintf("r%02d", i), State: "testing", Decays: span("decays")}
		switch w := &s.When; rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			*w = catalog.When{Event: types.Draw(t, "type"), Nth: rapid.Int64Range(1, 9).Draw(t, "nth"), Where: where()}
		case 1:
			*w = catalog.When{Event: types.Draw(t, "type"), Every: rapid.Int64Range(1, 5).Draw(t, "every"), Where: where()}
		case 2:
			*w = catalog.When{Event: types.Draw(t, "type"), Times: rapid.IntRange(1, 6).Draw(t, "times"), Within: span("within"), Where: where()}
		case 3:
			*w = catalog.When{Event: types.Draw(t, "type"), Times: rapid.IntRange(60, 70).Draw(t, "times"), Within: span("within"), Where: where()}
		case 4:
			for range rapid.IntRange(2, 4).Draw(t, "steps") {
				w.Sequence = append(w.Sequence, catalog.Step{Event: types.Draw(t, "step"), Where: where()})
			}
			w.Within = span("within")
		case 5:
			*w = catalog.When{Rate: types.Draw(t, "type"), Over: span("over"), Rises: rapid.Int64Range(1, 200).Draw(t, "rises"), Where: where(),
				AtLeast: quantity.Of(rapid.Int64Range(0, 6).Draw(t, "at least"))}
		case 6:
			*w = catalog.When{Rate: types.Draw(t, "type"), Over: span("over"), Falls: rapid.Int64Range(1, 100).Draw(t, "falls"), Where: where(),
				AtLeast: quantity.Of(rapid.Int64Range(0, 6).Draw(t, "at least"))}
		case 7:
			*w = catalog.When{Absent: types.Draw(t, "type"), For: span("for"), After: rapid.Int64Range(1, 4).Draw(t, "after"), Where: where()}
		case 8:
			*w = catalog.When{Event: types.Draw(t, "type"), Without: types.Draw(t, "without"), Within: span("within"), Where: where()}
		case 9:
			*w = catalog.When{Event: types.Draw(t, "type"), New: "size", From: rapid.Int64Range(1, 3).Draw(t, "from"), Where: where()}
		}
		rules = append(rules, s)
	}
	return rules
}

// history draws events: in the order of time, or some before what came already.
func history(t *rapid.T, most int, inOrder bool) []happened {
	var out []happened
	now := start
	later := rapid.SampledFrom([]clock.Time{0, 1, clock.Second, clock.Hour, 6 * clock.Hour, day, 5 * day})
	for range rapid.IntRange(1, most).Draw(t, "events") {
		h := happened{typ: rapid.SampledFrom([]string{"a.done", "a.done", "b.done", "c.done"}).Draw(t, "type"),
			size: rapid.SampledFrom([]string{"big", "small", "tiny"}).Draw(t, "size"), late: rapid.IntRange(0, 9).Draw(t, "late") == 0}
		now += later.Draw(t, "later")
		if inOrder {
			now++ // no two at the same time
		}
		h.now, h.at = now, now
		if !inOrder && rapid.Bool().Draw(t, "out of order") {
			h.at -= later.Draw(t, "before")
		}
		out = append(out, h)
	}
	return out
}

// crowd draws many events close together, most of one type.
func crowd(t *rapid.T) []happened {
	var out []happened
	now := start
	for range rapid.IntRange(60, 300).Draw(t, "events") {
		now += clock.Time(rapid.SampledFrom([]int64{0, 1, 60, 600, 600, 600, 7200, 40000}).Draw(t, "seconds")) * clock.Second
		h := happened{now: now, at: now, typ: rapid.SampledFrom([]string{"a.done", "a.done", "a.done", "b.done"}).Draw(t, "type"), size: "big"}
		if rapid.IntRange(0, 4).Draw(t, "out of order") == 0 {
			h.at -= clock.Time(rapid.Int64Range(0, 100_000).Draw(t, "seconds before")) * clock.Second
		}
		out = append(out, h)
	}
	return out
}

// agree plays a history to the rules and to their models, with restarts in between, and
// compares what fires after every event. It returns the state.
func agree(t *rapid.T, rules []*catalog.Signal, all []happened) State {
	streams := streamsOf(rules)
	models := make([]*model, len(rules))
	for i, r := range rules {
		models[i] = &model{rule: r}
	}
	var st State
	c := Context{Account: "acme", Now: start, ID: func(p ...string) string { return strings.Join(p, ":") }}
	for i, h := range all {
		var want, got []string
		for _, m := range models {
			want = append(append(want, m.passes(c.Now, h.now)...), m.happens(h)...)
		}
		told := func(fired []Signal) {
			for _, s := range fired {
				got = append(got, s.Key+" at "+s.At.String())
				total := 0
				for _, p := range s.ScoreParts {
					total += p.Points
				}
				if s.Score != total || total < 0 || total > 100 || s.At > c.Now || s.Evidence == "" {
					t.Fatalf("badly formed signal %+v", s)
				}
			}
		}
		for st.Due() != 0 && st.Due() <= h.now {
			due := st.Due()
			c.Now = due
			if told(OnTime(&st, streams, c)); st.Due() != 0 && st.Due() <= due {
				t.Fatalf("still due at %s after %s", st.Due(), due)
			}
		}
		c.Now = h.now
		told(OnEvent(&st, Occurrence{At: h.at, Late: h.late, Record: h.record()}, streams.FedBy(h.record(), nil), c))
		slices.Sort(want)
		slices.Sort(got)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("event %d, %s of %s at %s: fired %q, want %q\nrules %s", i, h.typ, h.at, h.now, got, want, described(rules))
		}
		switch rapid.IntRange(0, 5).Draw(t, "then") {
		case 0:
			again, err := DecodeState(st.AppendBinary(nil))
			if err != nil {
				t.Fatal(err)
			}
			if a, b := again.AppendBinary(nil), st.AppendBinary(nil); string(a) != string(b) {
				t.Fatalf("stored as\n%x, read and stored again as\n%x", b, a)
			}
			st = again
		case 1:
			byKey := map[string]*catalog.Signal{}
			for _, r := range rules {
				byKey[r.Key] = r
			}
			st.Prune(byKey, streams, c.Now)
		}
	}
	return st
}

func described(rules []*catalog.Signal) string {
	var b strings.Builder
	for _, r := range rules {
		fmt.Fprintf(&b, "\n%s: %s, decays %s", r.Key, r.When.String(), r.Decays)
	}
	return b.String()
}

func TestRulesFireWhatTheWholeHistorySaysInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { agree(t, someRules(t), history(t, 120, true)) })
}

// What is begun and left is told apart in disorder as well as one beginning and one end do: for those
// the whole history says more.
func isLeft(s *catalog.Signal) bool     { return s.When.Without != "" }
func isSequence(s *catalog.Signal) bool { return len(s.When.Sequence) > 0 }

func without(rules []*catalog.Signal, kinds ...func(*catalog.Signal) bool) []*catalog.Signal {
	return slices.DeleteFunc(rules, func(s *catalog.Signal) bool {
		return slices.ContainsFunc(kinds, func(is func(*catalog.Signal) bool) bool { return is(s) })
	})
}

// At most sixteen of each step, as many as are put in their place.
func TestRulesFireWhatTheWholeHistorySaysOutOfOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { agree(t, without(someRules(t), isLeft), history(t, 16, false)) })
}

// Rules that are not sequences take any disorder of any length.
func TestRulesWithoutStepsTakeAnyDisorder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		agree(t, without(someRules(t), isLeft, isSequence), history(t, 120, false))
	})
}

// Sixty-five times and more are counted in parts of the window.
func TestRulesForManyTimesFireWhatTheWholeHistorySays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rules []*catalog.Signal
		for i := range rapid.IntRange(1, 6).Draw(t, "rules") {
			rules = append(rules, &catalog.Signal{Key: fmt.Sprintf("r%d", i), Decays: 20 * 24 * time.Hour, When: catalog.When{
				Event: "a.done", Times: rapid.IntRange(65, 90).Draw(t, "times"), Within: rapid.SampledFrom([]time.Duration{7 * time.Hour, 10 * time.Hour, 24 * time.Hour}).Draw(t, "within"),
			}})
		}
		agree(t, rules, crowd(t))
	})
}

// With far more sequences than things that have happened only those that go on are looked at.
func TestASequenceAmongHundredsFiresAsItDoesAlone(t *testing.T) {
	var crowd []*catalog.Signal
	for i := range 300 {
		for j, after := range []string{"a.done", "b.done"} {
			crowd = append(crowd, &catalog.Signal{Key: fmt.Sprintf("x%d.%d", i, j), When: catalog.When{Within: time.Hour,
				Sequence: []catalog.Step{{Event: fmt.Sprintf("x%d.done", i)}, {Event: after}, {Event: fmt.Sprintf("y%d.done", i)}, {Event: after}}}})
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		rules := slices.DeleteFunc(someRules(t), func(s *catalog.Signal) bool { return len(s.When.Sequence) == 0 })
		agree(t, append(rules, crowd...), history(t, 16, rapid.Bool().Draw(t, "in order")))
	})
}
