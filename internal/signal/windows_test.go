package signal

import (
	"encoding/json"
	"fmt"
	"maps"
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

const (
	aDay  = 24 * time.Hour
	aWeek = 7 * aDay
)

func ruleOf(w catalog.When) *catalog.Signal {
	return &catalog.Signal{Key: "rule", Type: catalog.Upsell, State: "testing", Decays: 30 * aDay, When: w}
}

// does is an event that is received as it happens.
func does(after clock.Time, eventType string) step {
	return step{after: after, event: &Occurrence{At: start + after}, record: &event.Record{Type: eventType}}
}

// did is an event that is received long after it happened.
func did(received, happened clock.Time, eventType string) step {
	s := does(received, eventType)
	s.event.At = start + happened
	return s
}

func with(s step, property, text string) step {
	s.record = &event.Record{Type: s.record.Type, Props: []event.Prop{{Name: property, Value: event.Value{Kind: event.String, Text: text}}}}
	return s
}

// passes is time that goes by with nothing happening.
func passes(after clock.Time) step { return step{after: after, time: true} }

// each repeats an event every so often, n times from a time on.
func each(from, every clock.Time, n int, eventType string) []step {
	var out []step
	for i := range n {
		out = append(out, does(from+clock.Time(i)*every, eventType))
	}
	return out
}

func fed(after clock.Time, amount int64) step {
	return step{after: after, fed: &Fed{Amount: quantity.Of(amount), At: start + after}}
}

func feeds(from, every clock.Time, amounts ...int64) []step {
	var out []step
	for i, a := range amounts {
		out = append(out, fed(from+clock.Time(i)*every, a))
	}
	return out
}

func join(parts ...[]step) []step { return slices.Concat(parts...) }

func TestEveryRuleOverTimeFiresOnItsMomentAndNotOnItsNearMiss(t *testing.T) {
	const report, trial, invite, plans = "report.created", "trial.started", "member.invited", "page.viewed"
	five := ruleOf(catalog.When{Event: report, Times: 5, Within: aWeek})
	hundred := ruleOf(catalog.When{Event: report, Times: 100, Within: aDay})
	journey := ruleOf(catalog.When{Sequence: []catalog.Step{{Event: trial}, {Event: report}, {Event: invite}}, Within: 14 * aDay})
	big := []catalog.Test{{Property: "page", Op: catalog.Is, Values: []catalog.Literal{{Kind: event.String, Text: "plans"}}}}
	looks := ruleOf(catalog.When{Event: plans, Times: 2, Within: aDay, Where: big})
	wants := ruleOf(catalog.When{Sequence: []catalog.Step{{Event: report}, {Event: plans, Where: big}}, Within: aDay})
	rises := ruleOf(catalog.When{Rate: report, Over: aWeek, Rises: 50, AtLeast: quantity.Of(10)})
	falls := ruleOf(catalog.When{Rate: report, Over: aWeek, Falls: 50, AtLeast: quantity.Of(10)})
	sends := ruleOf(catalog.When{Rate: "emails", Over: aWeek, Rises: 100, AtLeast: quantity.Of(1000)})
	stopped := ruleOf(catalog.When{Absent: report, For: 14 * aDay, After: 3})

	sevenAWeek := each(0, day, 14, report)            // one a day for two weeks
	twoADay := each(hours(12), hours(12), 28, report) // in two weeks of whole days
	times := func(words ...string) []string { return words }
	for _, c := range []struct {
		name  string
		rule  *catalog.Signal
		steps []step
		want  []string
	}{
		// Numbers.
		{"the first time", ruleOf(catalog.When{Event: report, Nth: 1}), each(0, day, 3, report), times("Created a first report")},
		{"every third time", ruleOf(catalog.When{Event: report, Every: 3}), each(0, day, 7, report), times("Created a 3rd report", "Created a 6th report")},
		{"a third time that is late", ruleOf(catalog.When{Event: report, Every: 3}), join(each(0, day, 2, report), []step{late(does(2*day, report))}), nil},
		{"another event", ruleOf(catalog.When{Event: report, Nth: 1}), each(0, day, 3, invite), nil},

		// Windows.
		{"five times at the very ends of a week", five, join(each(0, day, 4, report), []step{does(7*day, report)}), times("Created a report 5 times in 7 days")},
		{"five times in a microsecond more than a week", five, join(each(0, day, 4, report), []step{does(7*day+1, report)}), nil},
		{"four times", five, each(0, day, 4, report), nil},
		{"the window rolls on", five, join(each(0, 3*day, 3, report), each(8*day, day, 4, report)), times("Created a report 5 times in 7 days")},
		{"once only while it goes on", five, each(0, hours(6), 20, report), times("Created a report 5 times in 1 day")},
		{"again when the window has passed since", five, join(each(0, day, 5, report), each(11*day, hours(1), 5, report)),
			times("Created a report 5 times in 4 days", "Created a report 5 times in 4 hours")},
		{"the last one, which is used up, is not one of the next five", five, join(each(0, day, 5, report), each(8*day, day, 4, report)), times("Created a report 5 times in 4 days")},
		{"five that come in the wrong order", five, []step{did(4*day, 4*day, report), did(4*day, day, report), did(4*day, 3*day, report), did(4*day, 0, report), did(4*day, 2*day, report)},
			times("Created a report 5 times in 4 days")},
		{"five that have long passed", five, []step{did(60*day, 4*day, report), did(60*day, day, report), did(60*day, 3*day, report), did(60*day, 0, report), did(60*day, 2*day, report)}, nil},
		{"the fifth of a closed period", five, join(each(0, day, 4, report), []step{late(does(4*day, report))}), nil},
		{"a hundred times within a day", hundred, each(0, 10*clock.Minute, 100, report), times("Created a report 100 times in 17 hours")},
		{"ninety-nine times within a day", hundred, each(0, 10*clock.Minute, 99, report), nil},
		{"a hundred times in more than a day", hundred, each(0, 15*clock.Minute, 100, report), nil},
		{"a thousand times in a week fires once a day", hundred, each(0, 10*clock.Minute, 1000, report),
			times("Created a report 100 times in 17 hours", "Created a report 143 times in 1 day", "Created a report 143 times in 1 day",
				"Created a report 143 times in 1 day", "Created a report 143 times in 1 day", "Created a report 143 times in 1 day", "Created a report 143 times in 1 day")},
		{"only those that pass the filter", looks, []step{with(does(0, plans), "page", "plans"), with(does(1, plans), "page", "plans")},
			times("Viewed a page twice in a moment")},
		{"some that do not pass the filter", looks, []step{with(does(0, plans), "page", "plans"), with(does(1, plans), "page", "help"), does(2, plans)}, nil},

		// Sequences.
		{"three steps in order", journey, []step{does(0, trial), does(2*day, report), does(3*day, invite)},
			times("Started a trial, then created a report, then invited a member, in 3 days")},
		{"three steps at the very ends of the window", journey, []step{does(0, trial), does(2*day, report), does(14*day, invite)},
			times("Started a trial, then created a report, then invited a member, in 14 days")},
		{"a microsecond more than the window", journey, []step{does(0, trial), does(2*day, report), does(14*day+1, invite)}, nil},
		{"three steps in another order", journey, []step{does(0, trial), does(2*day, invite), does(3*day, report)}, nil},
		{"two steps", journey, []step{does(0, trial), does(2*day, report)}, nil},
		{"a first step that is repeated counts from its last before the second", journey,
			[]step{does(0, trial), does(10*day, trial), does(11*day, report), does(12*day, trial), does(20*day, invite)},
			times("Started a trial, then created a report, then invited a member, in 10 days")},
		{"hundreds of a step in between", journey, join([]step{does(0, trial), does(1, report)}, each(2, 1, 300, trial), []step{does(day, invite)}),
			times("Started a trial, then created a report, then invited a member, in 1 day")},
		{"a step that comes late is put in its place", journey, []step{does(0, trial), does(3*day, invite), did(4*day, 2*day, report)},
			times("Started a trial, then created a report, then invited a member, in 3 days")},
		{"a step that comes late and belongs before the first", journey, []step{does(day, trial), does(3*day, invite), did(4*day, 0, report)}, nil},
		{"a step that comes so late that the signal would have decayed", journey, []step{does(0, trial), does(3*day, invite), did(34*day, 2*day, report)}, nil},
		{"the last step of a closed period", journey, []step{does(0, trial), does(2*day, report), late(does(3*day, invite))}, nil},
		{"two steps at the same moment have no order", journey, []step{does(0, trial), does(day, report), does(day, invite)}, nil},
		{"steps that fired are used up", journey, []step{does(0, trial), does(day, report), does(2*day, invite), does(3*day, invite)},
			times("Started a trial, then created a report, then invited a member, in 2 days")},
		{"a whole sequence once more, after the window", journey,
			[]step{does(0, trial), does(day, report), does(2*day, invite), does(14*day, trial), does(15*day, report), does(16*day, invite)},
			times("Started a trial, then created a report, then invited a member, in 2 days", "Started a trial, then created a report, then invited a member, in 2 days")},
		{"a whole sequence once more, within the window", journey,
			[]step{does(0, trial), does(day, report), does(2*day, invite), does(3*day, trial), does(4*day, report), does(5*day, invite)},
			times("Started a trial, then created a report, then invited a member, in 2 days")},
		{"the same step twice", ruleOf(catalog.When{Sequence: []catalog.Step{{Event: report}, {Event: report}}, Within: aDay}),
			[]step{does(0, report), does(hours(1), report)}, times("Created a report, then created a report, in 1 hour")},
		{"one event is not two steps", ruleOf(catalog.When{Sequence: []catalog.Step{{Event: report}, {Event: report}}, Within: aDay}), []step{does(0, report)}, nil},
		{"a step with a filter", wants, []step{does(0, report), with(does(hours(2), plans), "page", "plans")}, times("Created a report, then viewed a page, in 2 hours")},
		{"a step that does not pass its filter", wants, []step{does(0, report), with(does(hours(2), plans), "page", "help")}, nil},

		// Rates.
		{"half as much again as the week before", rises, join(sevenAWeek[:7], each(7*day, hours(14), 11, report)),
			times(`"report.created": 11 in 7 days, 57% more than the 7 before`)},
		{"as much as the week before", rises, each(0, day, 40, report), nil},
		{"twice of next to nothing", rises, join([]step{does(0, invite), does(0, report)}, each(7*day, day, 2, report)), nil},
		{"a rise in the first week of all", rises, join(each(0, day, 3, report), each(3*day, hours(1), 30, report)), nil},
		{"a rise goes on", rises, join(sevenAWeek[:7], each(7*day, hours(8), 21, report)),
			times(`"report.created": 18 in 7 days, 157% more than the 7 before`)},
		{"half of the week before", falls, join(twoADay, each(15*day, day, 7, report), []step{passes(22 * day)}),
			times(`"report.created": 7 in 7 days, 50% less than the 14 before`)},
		{"not quite half of the week before", falls, join(twoADay, each(15*day, day, 7, report), []step{does(15*day+1, report), passes(22 * day)}), nil},
		{"a fall of little", falls, join(each(0, 2*day, 8, report), []step{passes(60 * day)}), nil},
		{"a fall at once to nothing", falls, join(twoADay, []step{passes(60 * day)}),
			times(`"report.created": 6 in 7 days, 57% less than the 14 before`)},
		{"a meter that doubles", sends, feeds(0, day, 500, 100, 100, 100, 100, 50, 50, 300, 300, 300, 300, 300, 300, 200),
			times(`"emails": 2,000 in 7 days, 100% more than the 1,000 before`)},
		{"a meter that doubles from little", sends, feeds(0, day, 50, 10, 10, 10, 10, 5, 5, 30, 30, 30, 30, 30, 30, 20), nil},

		// Absence.
		{"nothing for two weeks", stopped, join(each(0, day, 3, report), []step{passes(16 * day)}), times("Has not created a report for 14 days, after 3 times before")},
		{"nothing for a microsecond less", stopped, join(each(0, day, 3, report), []step{passes(16*day - 1)}), nil},
		{"too seldom before", stopped, join(each(0, day, 2, report), []step{passes(90 * day)}), nil},
		{"once more just in time", stopped, join(each(0, day, 3, report), []step{does(16*day-1, report), passes(20 * day)}), nil},
		{"once for one silence", stopped, join(each(0, day, 3, report), []step{passes(16 * day), passes(80 * day)}), times("Has not created a report for 14 days, after 3 times before")},
		{"each silence", stopped, join(each(0, day, 3, report), []step{passes(16 * day), does(20*day, report), passes(34 * day)}),
			times("Has not created a report for 14 days, after 3 times before", "Has not created a report for 14 days, after 4 times before")},
		{"a silence that had passed before it was known", stopped,
			[]step{did(40*day, 0, report), did(40*day, day, report), did(40*day, 2*day, report), passes(90 * day)}, nil},
		{"a late event does not end a silence", stopped, join(each(0, day, 3, report), []step{did(15*day, day, report), passes(16 * day)}),
			times("Has not created a report for 14 days, after 4 times before")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := play(t, []*catalog.Signal{c.rule}, c.steps); !reflect.DeepEqual(got, c.want) {
				t.Errorf("fired %q, want %q", got, c.want)
			}
			off := *c.rule
			off.State = "retired"
			if got, _ := play(t, []*catalog.Signal{&off}, c.steps); got != nil {
				t.Errorf("a retired rule fired %q", got)
			}
		})
	}
}

func hours(n int64) clock.Time { return clock.Time(n) * clock.Hour }

func TestSignalsOverTimeCarryEverythingAReaderNeeds(t *testing.T) {
	silent := ruleOf(catalog.When{Absent: "report.created", For: 14 * aDay, After: 1})
	_, st := play(t, []*catalog.Signal{silent}, []step{does(0, "report.created"), passes(20 * day)})
	want := Signal{
		ID: "signal:1", Key: "rule", Type: catalog.Upsell, Account: "acme", User: "u1",
		At: start + 14*day, DecaysAt: start + 44*day, Score: 46 + 15 + 10, Evidence: "Has not created a report for 14 days, after once before",
		Data: map[string]string{"event": "report.created", "last_at": "2026-01-05T12:00:00Z", "times": "1"},
		ScoreParts: []Part{
			{"silence", 46, "did it once and then not for 14 days"},
			{"how pressing", 15, "it may have stopped for good"},
			{"evidence for the rule", 10, "the hypothesis is being tested"},
		},
	}
	if live := st.Alive(start + 20*day); len(live) != 1 || !reflect.DeepEqual(live[0], want) {
		t.Errorf("signal\n got %+v\nwant %+v", live, want)
	}
}

func TestASignalOfAbsenceEndsWithTheSilence(t *testing.T) {
	silent := ruleOf(catalog.When{Absent: "report.created", For: 14 * aDay, After: 1})
	rules := []*catalog.Signal{silent}
	_, st := play(t, rules, []step{does(0, "report.created"), passes(14 * day), does(15*day, "member.invited"), did(15*day, -day, "report.created")})
	if len(st.Alive(start+15*day)) != 1 {
		t.Error("something else, or something older, ended it")
	}
	if apply(&st, does(16*day, "report.created"), rules); len(st.Alive(start+16*day)) != 0 {
		t.Error("it is alive though it happened again")
	}
}

func TestRulesThatAreDueTogetherFireByTimeThenByName(t *testing.T) {
	var rules []*catalog.Signal
	for _, r := range []struct {
		key string
		age time.Duration
	}{{"c", aDay}, {"a", 2 * aDay}, {"b", aDay}} {
		rules = append(rules, &catalog.Signal{Key: r.key, When: catalog.When{Absent: "a.done", For: r.age, After: 1}})
	}
	var st State
	apply(&st, does(0, "a.done"), rules)
	var order []string
	for _, s := range apply(&st, passes(3*day), rules) {
		order = append(order, s.Key+s.At.String())
	}
	want := []string{"b2026-01-06T12:00:00Z", "c2026-01-06T12:00:00Z", "a2026-01-07T12:00:00Z"}
	if !slices.Equal(order, want) || st.Due() != 0 {
		t.Errorf("fired %v, want %v; due %s", order, want, st.Due())
	}
}

func byKey(rules []*catalog.Signal) map[string]*catalog.Signal {
	all := map[string]*catalog.Signal{}
	for _, r := range rules {
		all[r.Key] = r
	}
	return all
}

// Each case plays a history to one rule, then puts another in its place and plays on.
func TestAnotherDefinitionUsesWhatHappenedAndNotWhatTheOtherRuleDid(t *testing.T) {
	report, invite := "report.created", "member.invited"
	for _, c := range []struct {
		name          string
		before, after catalog.When
		first, then   []step
		want          []string
	}{
		{"a number is another", catalog.When{Event: report, Nth: 9}, catalog.When{Event: report, Nth: 4},
			each(0, day, 3, report), each(3*day, day, 1, report), []string{"Created a 4th report"}},
		{"fewer times within the window", catalog.When{Event: report, Times: 5, Within: aWeek}, catalog.When{Event: report, Times: 4, Within: aWeek},
			each(0, day, 3, report), each(3*day, day, 1, report), []string{"Created a report 4 times in 3 days"}},
		{"a rule that fired is another rule now", catalog.When{Event: report, Times: 3, Within: aWeek}, catalog.When{Event: report, Times: 2, Within: aWeek},
			each(0, day, 3, report), each(3*day, day, 1, report), []string{"Created a report twice in 1 day"}},
		{"another event", catalog.When{Event: report, Times: 3, Within: aWeek}, catalog.When{Event: invite, Times: 3, Within: aWeek},
			each(0, day, 2, report), each(3*day, day, 1, invite), nil},
		{"a filter that was not there", catalog.When{Event: report, Nth: 3}, catalog.When{Event: report, Nth: 3,
			Where: []catalog.Test{{Property: "page", Op: catalog.Not, Values: []catalog.Literal{{Kind: event.String, Text: "x"}}}}},
			each(0, day, 2, report), each(3*day, day, 1, report), nil},
		{"a gate that was an event", catalog.When{Event: "recordings", Times: 2, Within: aWeek}, catalog.When{Gate: "recordings", Times: 2, Within: aWeek},
			each(0, day, 1, "recordings"), []step{touch(day, day)}, nil},
		{"a shorter silence that is still to come", catalog.When{Absent: report, For: 14 * aDay, After: 1}, catalog.When{Absent: report, For: 7 * aDay, After: 1},
			each(0, day, 1, report), []step{passes(8 * day)}, []string{"Has not created a report for 7 days, after once before"}},
		{"a longer silence", catalog.When{Absent: report, For: 7 * aDay, After: 1}, catalog.When{Absent: report, For: 14 * aDay, After: 1},
			each(0, day, 1, report), []step{passes(8 * day)}, nil},
		{"a share that is another", catalog.When{Limit: "speakers", Reaches: 80}, catalog.When{Limit: "speakers", Reaches: 90},
			[]step{speakers(0, 7, 8, 10)}, []step{speakers(day, 8, 9, 10)}, []string{"Used 9 of 10 speakers"}},
		{"the same share", catalog.When{Limit: "speakers", Reaches: 80}, catalog.When{Limit: "speakers", Reaches: 80},
			[]step{speakers(0, 7, 8, 10)}, []step{speakers(day, 8, 9, 10)}, nil},
		{"a sequence without its first step", catalog.When{Sequence: []catalog.Step{{Event: "x.done"}, {Event: report}, {Event: invite}}, Within: aWeek},
			catalog.When{Sequence: []catalog.Step{{Event: report}, {Event: invite}}, Within: aWeek},
			each(0, day, 1, report), each(day, day, 1, invite), []string{"Created a report, then invited a member, in 1 day"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			one, two := []*catalog.Signal{ruleOf(c.before)}, []*catalog.Signal{ruleOf(c.after)}
			var st State
			for _, s := range c.first {
				apply(&st, s, one)
			}
			st.Prune(byKey(two), streamsOf(two), start+c.first[len(c.first)-1].after)
			var got []string
			for _, s := range c.then {
				for _, f := range apply(&st, s, two) {
					got = append(got, f.Evidence)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("fired %q, want %q", got, c.want)
			}
		})
	}
}

// mostBytes is what the rules may take in a stored state at most, by the README.
func mostBytes(rules []*catalog.Signal, streams int) int {
	bytes := 40 + 35*streams
	for _, r := range rules {
		switch w := &r.When; {
		case w.Times > catalog.MostKept:
			bytes += 60*5 + 20 + 17
		case w.Times > 0:
			bytes += 9*w.Times + 17
		case len(w.Sequence) > 0:
			bytes += len(w.Sequence)*(16*9+26) + 17
		case w.Rate != "":
			bytes += 14*9 + 20 + 17
		case w.Without != "":
			bytes += 35 + 17
		case w.New != "":
			bytes += 9 + 4*256
		}
	}
	return bytes
}

func TestStateStaysSmallWhateverTheNumberOfEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := someRules(t)
		streams := streamsOf(rules)
		seen := map[uint64]bool{}
		for _, typ := range []string{"a.done", "b.done", "c.done"} {
			for _, s := range streams.OnEvent(typ) {
				seen[s.ID] = true
			}
		}
		most := mostBytes(rules, len(seen))
		var st State
		c := Context{Now: start, ID: func(p ...string) string { return strings.Join(p, ":") }}
		gap := rapid.SampledFrom([]clock.Time{1, clock.Second, clock.Hour, 9 * clock.Hour}).Draw(t, "between")
		for i := range rapid.SampledFrom([]int{10, 1000, 3000}).Draw(t, "events") {
			c.Now += gap
			r := happened{typ: []string{"a.done", "b.done", "c.done"}[i%3], size: "big"}.record()
			OnTime(&st, streams, c)
			OnEvent(&st, Occurrence{At: c.Now - clock.Time(i%7)*gap, Record: r}, streams.FedBy(r, nil), c)
			if live := st.Live; i%100 == 99 {
				st.Live = nil
				if n := len(st.AppendBinary(nil)); n > most {
					t.Fatalf("%d bytes after %d events, the most is %d, of%s", n, i, most, described(rules))
				}
				st.Live = live
			}
		}
	})
}

func TestTheSameRecordsGiveTheSameSignalsAndBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, all := someRules(t), history(t, 60, false)
		run := func() (string, []byte) {
			var st State
			var fired []Signal
			c := Context{ID: func(p ...string) string { return strings.Join(p, ":") }}
			streams := streamsOf(slices.Clone(rules))
			for _, h := range all {
				c.Now = h.now
				fired = append(fired, OnTime(&st, streams, c)...)
				fired = append(fired, OnEvent(&st, Occurrence{At: h.at, Record: h.record()}, streams.FedBy(h.record(), nil), c)...)
			}
			text, err := json.Marshal(fired)
			if err != nil {
				t.Fatal(err)
			}
			return string(text), st.AppendBinary(nil)
		}
		firedOnce, bytesOnce := run()
		slices.Reverse(rules)
		if firedTwice, bytesTwice := run(); firedOnce != firedTwice || string(bytesOnce) != string(bytesTwice) {
			t.Fatalf("once\n%s\n%x\ntwice\n%s\n%x", firedOnce, bytesOnce, firedTwice, bytesTwice)
		}
	})
}

func FuzzDecodeState(f *testing.F) {
	rules := manyRules(24, func(int) string { return "a.done" })
	_, st := playAll(rules)
	f.Add(st.AppendBinary(nil))
	f.Add((&State{}).AppendBinary(nil))
	more := State{left: []left{{rule: 1, first: start, ended: 1}}, kept: []kept{{rule: 1, of: 2, at: start, n: 3, v: 4}},
		paces:  []pace{{rule: 1, times: []clock.Time{start}, totals: []quantity.Quantity{5}}},
		series: []series{{id: 1, values: []valuesMet{{property: 3, hashes: []uint32{1, 2}}}}}}
	f.Add(more.AppendBinary(nil))
	f.Add([]byte{})
	f.Add([]byte{stateVersion, 0, 255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, b []byte) {
		st, err := DecodeState(b)
		if err != nil {
			return
		}
		again, err := DecodeState(st.AppendBinary(nil))
		if err != nil {
			t.Fatalf("what was read cannot be stored: %v", err)
		}
		if !reflect.DeepEqual(again, st) {
			t.Fatalf("read\n%+v\nstored and read\n%+v", st, again)
		}
		c := Context{Now: start, ID: func(p ...string) string { return strings.Join(p, ":") }}
		OnTime(&st, streamsOf(rules), c)
		st.Prune(byKey(rules), streamsOf(rules), start)
		OnEvent(&st, Occurrence{At: start, Record: &event.Record{Props: []event.Prop{{Name: "size", Value: event.Value{Kind: event.String, Text: "x"}}}}}, streamsOf(rules).OnEvent("a.done"), c)
	})
}

// playAll gives rules of every kind something to remember.
func playAll(rules []*catalog.Signal) ([]Signal, State) {
	var st State
	var fired []Signal
	for i := range 30 {
		for _, name := range slices.Sorted(maps.Keys(map[string]bool{"a.done": true, "step5.done": true})) {
			fired = append(fired, apply(&st, does(clock.Time(i)*clock.Hour, name), rules)...)
		}
	}
	fired = append(fired, apply(&st, touch(day, day), []*catalog.Signal{wantsRecordings})...)
	return append(fired, apply(&st, speakers(day, 7, 8, 10), []*catalog.Signal{nearlyFull})...), st
}

func TestABrokenStateIsRefused(t *testing.T) {
	_, st := playAll(manyRules(24, func(int) string { return "a.done" }))
	whole := st.AppendBinary(nil)
	for n := range whole {
		if _, err := DecodeState(whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were taken", n, len(whole))
		}
	}
	if _, err := DecodeState(append(slices.Clone(whole), 0)); err == nil {
		t.Error("a byte too many was taken")
	}
	if _, err := DecodeState(append([]byte{moreVersion + 1}, whole[1:]...)); err == nil || !strings.Contains(err.Error(), fmt.Sprint(stateVersion)) {
		t.Errorf("another version: %v", err)
	}
}

// A timer that moved with every event would be an entry in the heap of timers for each.
func TestTheTimerMovesOnlyWhenItHasCome(t *testing.T) {
	rules := []*catalog.Signal{ruleOf(catalog.When{Absent: "a.done", For: 14 * aDay, After: 1}), {Key: "falls", When: catalog.When{Rate: "a.done", Over: aWeek, Falls: 90, AtLeast: quantity.Of(10)}}}
	var st State
	moved, now := 0, clock.Time(0)
	for now = range clock.Time(100) * 24 {
		due := st.Due()
		for st.Due() != 0 && st.Due() <= start+now*clock.Hour {
			apply(&st, passes(st.Due()-start), rules)
		}
		if apply(&st, does(now*clock.Hour, "a.done"), rules); st.Due() != due {
			moved++
		}
	}
	if moved > 20 {
		t.Errorf("%d events moved the timer %d times", now+1, moved)
	}
}
