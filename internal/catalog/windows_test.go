package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
)

func TestConditionsOverTimeThatContradictThemselvesAreErrors(t *testing.T) {
	for _, c := range []struct{ name, when, want string }{
		{"two conditions", "{first: a, absent: b, for: 1d}", `contradiction signals.x.when "" @1:21`},
		{"numbered twice", "{event: a, nth: 2, every: 3}", `contradiction signals.x.when.every "" @1:47`},
		{"number and window", "{event: a, nth: 2, times: 3, within: 1d}", `contradiction signals.x.when.times "" @1:47`},
		{"times without a window", "{event: a, times: 3}", `missing signals.x.when "" @1:21`},
		{"a window without times", "{event: a, within: 3d}", `contradiction signals.x.when.within "" @1:40`},
		{"too many times", "{event: a, times: 1001, within: 3d}", `out_of_range signals.x.when.times "1001" @1:39`},
		{"number of a first time", "{first: a, nth: 1}", `contradiction signals.x.when.nth "" @1:37`},
		{"a filter on a gate", "{gate: g, where: {a: b}}", `contradiction signals.x.when.where "" @1:38`},
		{"a filter that no event passes", "{first: a, where: {n: {above: 5, below: 3}}}", `contradiction signals.x.when.where.n "" @1:43`},
		{"a sequence of one", "{sequence: [a], within: 1d}", `out_of_range signals.x.when.sequence "1" @1:32`},
		{"a sequence of nothing", "{sequence: [], within: 1d}", `invalid_value signals.x.when.sequence "" @1:32`},
		{"a sequence of nine", "{sequence: [a, b, c, d, e, f, g, h, i], within: 1d}", `out_of_range signals.x.when.sequence "9" @1:32`},
		{"a sequence without end", "{sequence: [a, b]}", `missing signals.x.when "" @1:21`},
		{"a sequence that is a text", "{sequence: a, within: 1d}", `wrong_type signals.x.when.sequence "a" @1:32`},
		{"a step of nothing", "{sequence: [a, {where: {b: c}}], within: 1d}", `missing signals.x.when.sequence[1] "" @1:36`},
		{"a step with another key", "{sequence: [a, {event: b, nth: 2}], within: 1d}", `unknown_key signals.x.when.sequence[1].nth "nth" @1:47`},
		{"a filter on a whole sequence", "{sequence: [a, b], within: 1d, where: {c: d}}", `contradiction signals.x.when.where "" @1:59`},
		{"a rate that rises and falls", "{rate: a, over: 7d, rises: 5%, falls: 5%}", `contradiction signals.x.when.falls "" @1:59`},
		{"a rate that does neither", "{rate: a, over: 7d}", `missing signals.x.when "" @1:21`},
		{"a rate over nothing", "{rate: a, rises: 5%}", `missing signals.x.when "" @1:21`},
		{"a rate that falls by more than all", "{rate: a, over: 7d, falls: 101%}", `out_of_range signals.x.when.falls "101%" @1:48`},
		{"the rate of a level", "{rate: l, over: 7d, rises: 5%}", `contradiction signals.x.when.rate "l" @1:28`},
		{"a filter on a meter", "{rate: m, over: 7d, rises: 5%, where: {a: b}}", `contradiction signals.x.when.where "" @1:59`},
		{"absent for ever", "{absent: a}", `missing signals.x.when "" @1:21`},
		{"absent after nothing", "{absent: a, for: 7d, after: 0}", `out_of_range signals.x.when.after "0" @1:49`},
		{"absent within", "{absent: a, for: 7d, within: 1d}", `contradiction signals.x.when.within "" @1:50`},
	} {
		t.Run(c.name, func(t *testing.T) {
			catalog, findings := Parse("world.yaml", with("signals: {x: {when: "+c.when+", type: upsell}}"))
			var got []string
			for _, f := range findings {
				if f.Severity == SeverityError {
					got = append(got, short(f))
				}
			}
			if catalog != nil || len(got) != 1 || got[0] != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), c.want)
			}
		})
	}
}

func TestEveryConditionOverTimeIsReadAndTold(t *testing.T) {
	for _, c := range []struct{ name, when, want string }{
		{"nothing said is the first", "{event: a}", "a for the 1st time"},
		{"the first time", "{first: a}", "a for the 1st time"},
		{"the nth", "{event: a, nth: 22}", "a for the 22nd time"},
		{"every nth", "{event: a, every: 10}", "a every 10th time"},
		{"a window", "{event: a, times: 5, within: 7d}", "a 5 times within 7d"},
		{"a sequence", "{sequence: [a, b, c], within: 14d}", "a, then b, then c within 14d"},
		{"a sequence with a filter", "{sequence: [a, {event: b, where: {plan: [pro, gold]}}], within: 14d}", "a, then b where plan is pro or gold within 14d"},
		{"a rise", "{rate: a, over: 7d, rises: 50%}", "a rises by 50% from one 7d to the next, with at least 10"},
		{"a fall", "{rate: m, over: 7d, falls: 50%, at_least: 0.5}", "m falls by 50% from one 7d to the next, with at least 0.5"},
		{"absence", "{absent: a, for: 14d}", "no a for 14d"},
		{"absence after some", "{absent: a, for: 14d, after: 3}", "no a for 14d, after 3 of them"},
		{"a filter", "{event: a, nth: 2, where: {size: {at_least: 10}}}", "a for the 2nd time, where size is at least 10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			parsed, findings := Parse("", with("signals: {x: {when: "+c.when+", type: upsell}}"))
			if parsed == nil {
				t.Fatal(findings)
			}
			if got := parsed.Signals["x"].When.String(); got != c.want {
				t.Errorf("told as %q, want %q", got, c.want)
			}
		})
	}
}

func TestARateOfNearlyAMeterIsDoubted(t *testing.T) {
	const signals = "meters: {emails: {event: email.sent}}\nfeatures: {emails: {meter: emails}}\nrouting: [{to: alice}]\nsignals: {x: {when: {rate: %s, over: 7d, rises: 5%%}, type: upsell}}"
	for name, want := range map[string]string{"emails": "", "email.sent": "", "emials": `rate_of_event signals.x.when.rate "emials" @4:28`} {
		c, findings := Parse("", with(fmt.Sprintf(signals, name)))
		got := ""
		for _, f := range findings {
			got += short(f)
		}
		if c == nil || got != want {
			t.Errorf("rate of %s: got %q, want %q", name, got, want)
		}
	}
}

func TestRulesShareTheStreamsTheyLookAt(t *testing.T) {
	c := must(t, string(with(`signals:
  a1: {when: {event: a, nth: 9}, type: upsell}
  a2: {when: {first: a}, type: upsell}
  a3: {when: {event: a, times: 5, within: 2d}, type: upsell}
  a4: {when: {event: a, times: 5, within: 7d}, type: upsell}
  a5: {when: {absent: a, for: 7d}, type: upsell}
  a6: {when: {event: a, nth: 2, where: {n: 1}}, type: upsell}
  a7: {when: {event: a, times: 500, within: 7d, where: {n: 1.0}}, type: upsell}
  old: {when: {event: gone, nth: 2}, type: upsell, state: retired}
  s1: {when: {sequence: [x, a, y], within: 7d}, type: upsell}
  s2: {when: {sequence: [x, a], within: 9d}, type: upsell}
  r1: {when: {rate: m, over: 7d, rises: 5%}, type: upsell}
  r2: {when: {rate: e, over: 7d, falls: 5%}, type: upsell}`)))
	s := c.Streams()
	of := func(rules []*Signal) string { return keys(func(s *Signal) string { return s.Key }, rules) }
	all := s.OnEvent("a")
	if len(all) != 2 || len(s.OnEvent("gone")) != 0 || s.OnMeter("m") == nil || s.OnMeter("l") != nil || s.OnGate("g") == nil {
		t.Fatalf("streams of a: %d", len(all))
	}
	plain, filtered := all[0], all[1]
	if plain.Where != nil {
		plain, filtered = filtered, plain
	}
	for _, check := range []struct{ name, got, want string }{
		{"numbers, the lowest first", of(plain.Nth), "a2 a1"},
		{"windows, the longest first", of(plain.Times[0].Rules), "a4 a3"},
		{"absence", of(plain.Absent), "a5"},
		{"equal filters are one", of(filtered.Nth) + " " + of(filtered.Totals[0].Rules), "a6 a7"},
		{"whole sequences", of(plain.StepsOf(2)[0].Whole), "s2"},
		{"sequences that go on", of(s.OnEvent("y")[0].StepsOf(3)[0].Whole), "s1"},
		{"event types", strings.Join(c.EventTypes(), " "), "a e r x y"},
	} {
		if check.got != check.want {
			t.Errorf("%s: got %q, want %q", check.name, check.got, check.want)
		}
	}
	if p := s.OnEvent("y")[0].StepsOf(3)[0]; p.Parent != plain.StepsOf(2)[0] || !p.Parent.Inner || p.Inner {
		t.Error("sequences do not share their beginning")
	}
	if plain.Keep != 16 || filtered.Keep != 0 {
		t.Errorf("keeps %d and %d times, want 16 and none", plain.Keep, filtered.Keep)
	}
	if timed := s.Timed(); len(timed) != 2 || !slices.Contains(timed, plain) {
		t.Errorf("%d streams with timers, want 2", len(timed))
	}
	if r := c.Signals["a1"]; s.Rule(r.Mark()) != r || s.Stream(plain.ID) != plain || s.Stream(1) != nil {
		t.Error("marks and ids lead nowhere")
	}
}

// An event is found the streams it feeds without looking at each of them.
func TestAnEventFeedsTheStreamsWhoseTestsItPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		literal := func() Literal {
			if rapid.Bool().Draw(t, "number") {
				n := rapid.Int64Range(0, 3).Draw(t, "n")
				return Literal{Kind: event.Number, Text: strconv.FormatInt(n, 10), Number: quantity.Of(n)}
			}
			return Literal{Kind: event.String, Text: rapid.SampledFrom([]string{"0", "1", "x"}).Draw(t, "text")}
		}
		property := rapid.SampledFrom([]string{"p", "q"})
		var rules []*Signal
		for i := range rapid.IntRange(1, 12).Draw(t, "rules") {
			s := &Signal{Key: strconv.Itoa(i), When: When{Event: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "type"), Nth: 1}}
			for range rapid.IntRange(0, 2).Draw(t, "tests") {
				op := rapid.SampledFrom([]Op{Is, Is, Not, AtLeast}).Draw(t, "op")
				test := Test{Property: property.Draw(t, "property"), Op: op, Values: []Literal{literal()}}
				if op == Is && rapid.Bool().Draw(t, "or") {
					if l := literal(); !l.Same(test.Values[0]) {
						test.Values = append(test.Values, l)
					}
				}
				s.When.Where = append(s.When.Where, test)
			}
			rules = append(rules, s)
		}
		streams := NewStreams(rules, nil)
		for range 5 {
			r := &event.Record{Type: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "type")}
			for _, name := range []string{"p", "q"} {
				if rapid.Bool().Draw(t, "there") {
					l := literal()
					if l.Kind == event.Number {
						l.Text += rapid.SampledFrom([]string{"", ".0", "e0"}).Draw(t, "written as")
					}
					r.Props = append(r.Props, event.Prop{Name: name, Value: event.Value{Kind: l.Kind, Text: l.Text}})
				}
			}
			var want []*Stream
			for _, s := range streams.OnEvent(r.Type) {
				if Passes(s.Where, r) {
					want = append(want, s)
				}
			}
			if got := streams.FedBy(r, nil); !slices.Equal(got, want) {
				t.Fatalf("%v feeds %d streams, want %d", r.Props, len(got), len(want))
			}
		}
	})
}

func TestAnotherDefinitionIsAnotherMark(t *testing.T) {
	tests := func(op Op, text string) []Test {
		return []Test{{Property: "p", Op: op, Values: []Literal{{Kind: event.String, Text: text}}}}
	}
	seen := map[uint64]string{}
	for name, s := range map[string]Signal{
		"first":          {Key: "a", When: When{Event: "e", Nth: 1}},
		"second":         {Key: "a", When: When{Event: "e", Nth: 2}},
		"every second":   {Key: "a", When: When{Event: "e", Every: 2}},
		"another name":   {Key: "b", When: When{Event: "e", Nth: 2}},
		"another event":  {Key: "a", When: When{Event: "f", Nth: 2}},
		"a gate":         {Key: "a", When: When{Gate: "e", Times: 2, Within: time.Hour}},
		"twice":          {Key: "a", When: When{Event: "e", Times: 2, Within: time.Hour}},
		"a longer time":  {Key: "a", When: When{Event: "e", Times: 2, Within: 2 * time.Hour}},
		"with a filter":  {Key: "a", When: When{Event: "e", Nth: 2, Where: tests(Is, "x")}},
		"with its other": {Key: "a", When: When{Event: "e", Nth: 2, Where: tests(Not, "x")}},
		"a sequence":     {Key: "a", When: When{Sequence: []Step{{Event: "e"}, {Event: "f"}}, Within: time.Hour}},
		"filtered steps": {Key: "a", When: When{Sequence: []Step{{Event: "e", Where: tests(Is, "x")}, {Event: "f"}}, Within: time.Hour}},
		"absent":         {Key: "a", When: When{Absent: "e", For: time.Hour, After: 1}},
		"a rise":         {Key: "a", When: When{Rate: "e", Over: time.Hour, Rises: 5}},
		"a fall":         {Key: "a", When: When{Rate: "e", Over: time.Hour, Falls: 5}},
	} {
		if other, same := seen[s.Mark()]; same {
			t.Errorf("%s and %s have the same mark", name, other)
		}
		seen[s.Mark()] = name
	}
	one, two := Signal{Key: "a", When: When{Event: "e", Nth: 1}}, Signal{Key: "a", When: When{Event: "e", Nth: 1}, Hypothesis: "h", State: "validated", Decays: time.Hour}
	if one.Mark() != two.Mark() {
		t.Error("words that change nothing of the condition change the mark")
	}
}

func TestATestHoldsForWhatItSays(t *testing.T) {
	number := func(s string) event.Value { return event.Value{Kind: event.Number, Text: s} }
	text := func(s string) event.Value { return event.Value{Kind: event.String, Text: s} }
	for _, c := range []struct {
		name, where string
		value       event.Value
		want        bool
	}{
		{"the text", "{p: eu}", text("eu"), true},
		{"another text", "{p: eu}", text("us"), false},
		{"one of several", "{p: [eu, us]}", text("us"), true},
		{"not there", "{p: eu}", event.Value{}, false},
		{"none of these", "{p: {not: [eu, us]}}", text("asia"), true},
		{"one of these", "{p: {not: [eu, us]}}", text("us"), false},
		{"not there is none of these", "{p: {not: eu}}", event.Value{}, true},
		{"the number", "{p: 10}", number("10.0"), true},
		{"the number as a text", "{p: 10}", text("10"), false},
		{"true", "{p: true}", event.Value{Kind: event.Bool, Text: "true"}, true},
		{"true as a text", "{p: true}", text("true"), false},
		{"above", "{p: {above: 10}}", number("10.000001"), true},
		{"not above", "{p: {above: 10}}", number("10"), false},
		{"at least", "{p: {at_least: 10}}", number("10"), true},
		{"less than at least", "{p: {at_least: 10}}", number("9.999999"), false},
		{"below", "{p: {below: 10}}", number("9"), true},
		{"not below", "{p: {below: 10}}", number("10"), false},
		{"at most", "{p: {at_most: 10}}", number("10"), true},
		{"more than at most", "{p: {at_most: 10}}", number("11"), false},
		{"a text is not above", "{p: {above: 10}}", text("11"), false},
		{"two tests of which one fails", "{p: {above: 1}, q: x}", number("11"), false},
	} {
		parsed := must(t, string(with("signals: {x: {when: {first: a, where: "+c.where+"}, type: upsell}}")))
		r := &event.Record{Type: "a", Props: []event.Prop{{Name: "p", Value: c.value}}}
		if got := Passes(parsed.Signals["x"].When.Where, r); got != c.want {
			t.Errorf("%s: passes %v, want %v", c.name, got, c.want)
		}
	}
}
