package signal

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
)

const day = clock.Day

// start is a Monday noon; every history below counts from it.
var start = clock.At(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))

var (
	nearlyFull = &catalog.Signal{Key: "speakers_nearly_full", Type: catalog.Upsell, State: "testing", Decays: 30 * 24 * time.Hour,
		When: catalog.When{Limit: "speakers", Reaches: 80}}
	wantsRecordings = &catalog.Signal{Key: "wants_recordings", Type: catalog.Upsell, State: "proposed", Decays: 30 * 24 * time.Hour,
		When: catalog.When{Gate: "recordings", Times: 2, Within: 7 * 24 * time.Hour}}
	eighthSummit = &catalog.Signal{Key: "eighth_summit", Type: catalog.CrossSell, State: "validated", Decays: 30 * 24 * time.Hour,
		When: catalog.When{Event: "summit.published", Nth: 8}}
	trialEnding = &catalog.Signal{Key: "trial_ending", Type: catalog.NewLogo, // decays: when not said, 30 days
		When: catalog.When{TrialEndsIn: 3 * 24 * time.Hour}}
	everyRule = []*catalog.Signal{nearlyFull, wantsRecordings, eighthSummit, trialEnding}
)

// step is one fact of a history; exactly one of the inner facts is set.
type step struct {
	after  clock.Time // since start
	usage  *UsageChange
	gate   *GateTouch
	event  *Occurrence
	record *event.Record // of event
	trial  *Trial
	fed    *Fed
	time   bool // time passes and nothing else happens
}

func streamsOf(rules []*catalog.Signal) *catalog.Streams {
	return catalog.NewStreams(rules, map[string]*catalog.Meter{"emails": {Key: "emails", Aggregate: catalog.Sum, Event: "email.sent", Property: "count"}})
}

func apply(st *State, s step, rules []*catalog.Signal) []Signal {
	c := Context{Account: "acme", User: "u1", Now: start + s.after, ID: func(p ...string) string { return strings.Join(p, ":") }}
	switch {
	case s.usage != nil:
		return OnUsage(st, *s.usage, rules, c)
	case s.gate != nil:
		return OnGate(st, *s.gate, streamsOf(rules).OnGate(s.gate.Feature), c)
	case s.event != nil:
		in := *s.event
		in.Record = s.record
		return OnEvent(st, in, streamsOf(rules).FedBy(s.record, nil), c)
	case s.fed != nil:
		return OnMeter(st, *s.fed, streamsOf(rules).OnMeter("emails"), c)
	case s.time:
		return OnTime(st, streamsOf(rules), c)
	default:
		return OnTrial(st, *s.trial, rules, c)
	}
}

// play runs a history and returns the evidence of all that fired. Between any two steps
// the state is stored and read again, as a restart does.
func play(t *testing.T, rules []*catalog.Signal, steps []step) (evidence []string, st State) {
	t.Helper()
	for _, s := range steps {
		var err error
		if st, err = DecodeState(st.AppendBinary(nil)); err != nil {
			t.Fatal(err)
		}
		for _, f := range apply(&st, s, rules) {
			evidence = append(evidence, f.Evidence)
		}
	}
	return evidence, st
}

func speakers(after clock.Time, before, usage, limit int64) step {
	return step{after: after, usage: &UsageChange{Feature: "speakers", Title: "Speakers",
		Before: quantity.Of(before), Usage: quantity.Of(usage), Limit: quantity.Of(limit)}}
}

// monthly is usage of an allowance that resets 31 days after the given period's start.
func monthly(after, period clock.Time, before, usage, limit int64) step {
	s := speakers(after, before, usage, limit)
	s.usage.PeriodStart, s.usage.ResetsAt = start+period, start+period+31*day
	return s
}

func late(s step) step {
	if s.usage != nil {
		s.usage.Late = true
	} else {
		s.event.Late = true
	}
	return s
}

func touch(received, happened clock.Time) step {
	return step{after: received, gate: &GateTouch{Feature: "recordings", Title: "Talk recordings", Plan: "Starter", At: start + happened}}
}

func published(after clock.Time) step {
	return step{after: after, event: &Occurrence{At: start + after}, record: &event.Record{Type: "summit.published"}}
}

// summits is n occurrences made by make at rising times.
func summits(n int, wrap func(step) step) []step {
	var out []step
	for i := range n {
		out = append(out, wrap(published(clock.Time(i))))
	}
	return out
}

func same(s step) step { return s }

func trial(after, ends clock.Time) step {
	return step{after: after, trial: &Trial{Plan: "pro", Title: "Pro", EndsAt: start + ends}}
}

func TestEveryRuleFiresOnItsMomentAndNotOnItsNearMiss(t *testing.T) {
	unlimited := speakers(0, 9, 1000, 0)
	unlimited.usage.Unlimited = true
	otherGate := step{gate: &GateTouch{Feature: "sponsors", At: start}}
	full := touch(day, day)
	full.gate.Limit = quantity.Of(1000)
	noPlan := touch(day, day)
	noPlan.gate.Plan = ""

	for _, c := range []struct {
		name  string
		rule  *catalog.Signal
		steps []step
		want  []string
	}{
		// Limits.
		{"usage reaches the share exactly", nearlyFull, []step{speakers(0, 7, 8, 10)}, []string{"Used 8 of 10 speakers"}},
		{"usage stays one below the share", nearlyFull, []step{speakers(0, 6, 7, 10)}, nil},
		{"usage leaps over the share", nearlyFull, []step{speakers(0, 0, 12, 10)}, []string{"Used 12 of 10 speakers"}},
		{"usage rises further above the share", nearlyFull, []step{speakers(0, 7, 8, 10), speakers(1, 8, 9, 10)}, []string{"Used 8 of 10 speakers"}},
		{"usage falls to just above the share", nearlyFull, []step{speakers(0, 10, 9, 10)}, nil},
		{"a level falls below the share and rises again", nearlyFull,
			[]step{speakers(0, 7, 8, 10), speakers(1, 8, 7, 10), speakers(2, 7, 8, 10)},
			[]string{"Used 8 of 10 speakers", "Used 8 of 10 speakers"}},
		{"a level falls to the share but not below it and rises again", nearlyFull,
			[]step{speakers(0, 8, 9, 10), speakers(1, 9, 8, 10), speakers(2, 8, 9, 10)}, []string{"Used 9 of 10 speakers"}},
		{"a higher limit is filled too", nearlyFull,
			[]step{speakers(0, 7, 8, 10), speakers(1, 8, 8, 50), speakers(2, 8, 40, 50)},
			[]string{"Used 8 of 10 speakers", "Used 40 of 50 speakers"}},
		{"a lower limit alone, without more usage", nearlyFull, []step{speakers(0, 8, 8, 50), speakers(1, 8, 8, 10)}, nil},
		{"more usage under a limit that was lowered", nearlyFull,
			[]step{speakers(0, 8, 8, 10), speakers(1, 8, 9, 10)}, []string{"Used 9 of 10 speakers"}},
		{"no limit at all", nearlyFull, []step{unlimited}, nil},
		{"a limit of nothing, which is a lock and no allowance", nearlyFull, []step{speakers(0, 0, 1, 0)}, nil},
		{"a monthly allowance nine days before its reset", nearlyFull,
			[]step{monthly(22*day, 0, 0, 48, 50)}, []string{"Used 48 of 50 speakers, 9 days before reset"}},
		{"a monthly allowance dips and climbs within its period", nearlyFull,
			[]step{monthly(0, 0, 7, 8, 10), monthly(1, 0, 8, 7, 10), monthly(2, 0, 7, 8, 10)},
			[]string{"Used 8 of 10 speakers, 31 days before reset"}},
		{"a monthly allowance is filled in the next period too", nearlyFull,
			[]step{monthly(day, 0, 0, 8, 10), monthly(32*day, 31*day, 0, 9, 10)},
			[]string{"Used 8 of 10 speakers, 30 days before reset", "Used 9 of 10 speakers, 30 days before reset"}},
		{"a late event fills the limit", nearlyFull, []step{late(speakers(0, 7, 8, 10))}, nil},
		{"the first timely use after a late event filled the limit", nearlyFull,
			[]step{late(speakers(0, 7, 8, 10)), speakers(1, 8, 9, 10)}, []string{"Used 9 of 10 speakers"}},

		// Gates.
		{"a locked feature is tried twice in three days", wantsRecordings,
			[]step{touch(0, 0), touch(3*day, 3*day)}, []string{"Opened Talk recordings twice in 3 days, which Starter does not include"}},
		{"a locked feature is tried by somebody without a plan", wantsRecordings,
			[]step{noPlan, noPlan}, []string{"Opened Talk recordings twice in a moment without having it"}},
		{"a limit that is used up is run against", wantsRecordings,
			[]step{full, full}, []string{"Wanted more than 1,000 talk recordings twice in a moment"}},
		{"tried once", wantsRecordings, []step{touch(0, 0)}, nil},
		{"tried twice at the very ends of the window", wantsRecordings,
			[]step{touch(0, 0), touch(7*day, 7*day)}, []string{"Opened Talk recordings twice in 7 days, which Starter does not include"}},
		{"tried twice a microsecond more than the window apart", wantsRecordings, []step{touch(0, 0), touch(7*day+1, 7*day+1)}, nil},
		{"another locked feature is tried", wantsRecordings, []step{otherGate, otherGate}, nil},
		{"touches that fired are used up", wantsRecordings, []step{touch(0, 0), touch(day, day), touch(9*day, 9*day)},
			[]string{"Opened Talk recordings twice in 1 day, which Starter does not include"}},
		{"not again within the window of the last firing", wantsRecordings,
			[]step{touch(0, 0), touch(day, day), touch(2*day, 2*day), touch(3*day, 3*day)},
			[]string{"Opened Talk recordings twice in 1 day, which Starter does not include"}},
		{"again after the window of the last firing", wantsRecordings,
			[]step{touch(0, 0), touch(day, day), touch(7*day, 7*day), touch(8*day, 8*day)},
			[]string{"Opened Talk recordings twice in 1 day, which Starter does not include", "Opened Talk recordings twice in 1 day, which Starter does not include"}},
		{"touches that arrive in the wrong order", wantsRecordings,
			[]step{touch(5*day, 5*day), touch(5*day, 3*day)}, []string{"Opened Talk recordings twice in 2 days, which Starter does not include"}},
		{"touches so late that the signal would have decayed", wantsRecordings, []step{touch(90*day, 0), touch(90*day, day)}, nil},
		{"touches from a clock that runs ahead count as now", wantsRecordings,
			[]step{touch(0, 900*day), touch(day, 900*day)}, []string{"Opened Talk recordings twice in 1 day, which Starter does not include"}},

		// Events.
		{"the eighth time", eighthSummit, summits(8, same), []string{"Published an 8th summit"}},
		{"the seventh time", eighthSummit, summits(7, same), nil},
		{"the ninth time says nothing new", eighthSummit, summits(9, same), []string{"Published an 8th summit"}},
		{"the eighth time by a late event", eighthSummit, append(summits(7, same), late(published(0)), published(1)), nil},
		{"late events count towards it", eighthSummit, append(summits(7, late), published(1)), []string{"Published an 8th summit"}},

		// Trials.
		{"three days before the end of the trial", trialEnding, []step{trial(11*day, 14*day)}, []string{"Trial of Pro ends in 3 days"}},
		{"a microsecond earlier", trialEnding, []step{trial(11*day-1, 14*day)}, nil},
		{"only once for one trial", trialEnding, []step{trial(11*day, 14*day), trial(12*day, 14*day)}, []string{"Trial of Pro ends in 3 days"}},
		{"the end itself is too late", trialEnding, []step{trial(14*day, 14*day)}, nil},
		{"a trial shorter than the notice", trialEnding, []step{trial(0, 2*day)}, []string{"Trial of Pro ends in 2 days"}},
		{"a trial that was extended ends again", trialEnding, []step{trial(11*day, 14*day), trial(18*day, 21*day)},
			[]string{"Trial of Pro ends in 3 days", "Trial of Pro ends in 3 days"}},
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

func TestASignalCarriesEverythingAReaderNeeds(t *testing.T) {
	var st State
	fired := apply(&st, monthly(22*day, 0, 7, 8, 10), everyRule)
	if len(fired) != 1 {
		t.Fatalf("fired %d, want 1", len(fired))
	}
	want := Signal{
		ID: "signal:1", Key: "speakers_nearly_full", Type: catalog.Upsell, Account: "acme", User: "u1",
		At: start + 22*day, DecaysAt: start + 52*day, Score: 48 + 5 + 10, Evidence: "Used 8 of 10 speakers, 9 days before reset",
		Data: map[string]string{"feature": "speakers", "usage": "8", "limit": "10", "percent": "80", "resets_at": "2026-02-05T12:00:00Z"},
		ScoreParts: []Part{
			{"how full", 48, "80% of the limit is used"},
			{"how pressing", 5, "9 days of 31 days still to go"},
			{"evidence for the rule", 10, "the hypothesis is being tested"},
		},
	}
	if !reflect.DeepEqual(fired[0], want) {
		t.Errorf("signal\n got %+v\nwant %+v", fired[0], want)
	}
}

func TestAScoreFallsEvenlyToNothing(t *testing.T) {
	s := &Signal{At: start, DecaysAt: start + 30*day, Score: 80}
	for _, c := range []struct {
		name string
		at   clock.Time
		want int
	}{
		{"before it fired", start - day, 80},
		{"as it fires", start, 80},
		{"half way", start + 15*day, 40},
		{"in its last second", start + 30*day - 1, 1},
		{"when it has decayed", start + 30*day, 0},
		{"long after", start + 900*day, 0},
	} {
		if got := ScoreAt(s, c.at); got != c.want {
			t.Errorf("%s: score %d, want %d", c.name, got, c.want)
		}
	}
}

func TestTheTrialTimerIsDueBeforeTheEndAndNeverTwice(t *testing.T) {
	rules := []*catalog.Signal{trialEnding, {Key: "week_left", When: catalog.When{TrialEndsIn: 7 * 24 * time.Hour}}}
	var st State
	ends := start + 14*day
	if due := NextDue(&st, ends, rules, start); due != start+7*day {
		t.Errorf("first due %s, want %s", due, start+7*day)
	}
	apply(&st, trial(7*day, 14*day), rules)
	if due := NextDue(&st, ends, rules, start+7*day); due != start+11*day {
		t.Errorf("second due %s, want %s", due, start+11*day)
	}
	apply(&st, trial(11*day, 14*day), rules)
	if due := NextDue(&st, ends, rules, start+11*day); due != 0 {
		t.Errorf("after both fired still due %s", due)
	}
	if due := NextDue(&State{}, ends, rules, ends); due != 0 {
		t.Errorf("after the end still due %s", due)
	}
}

func TestOnlyTheNewestSignalOfARuleIsLiveAndOnlyUntilItDecays(t *testing.T) {
	_, st := play(t, everyRule, []step{
		speakers(0, 7, 8, 10), speakers(1, 8, 7, 10), speakers(2, 7, 8, 10), touch(day, day), touch(2*day, 2*day),
	})
	var keys []string
	for _, s := range st.Alive(start + 3*day) {
		keys = append(keys, s.Key+" "+s.ID)
	}
	if want := []string{"wants_recordings signal:3", "speakers_nearly_full signal:2"}; !reflect.DeepEqual(keys, want) {
		t.Errorf("alive %q, want %q", keys, want)
	}
	if left := st.Alive(start + 40*day); left != nil {
		t.Errorf("alive after decay: %v", left)
	}
}

func TestARuleThatLeavesTheCatalogLeavesTheState(t *testing.T) {
	_, st := play(t, everyRule, append(summits(8, same), speakers(0, 7, 8, 10), touch(0, 0), trial(11*day, 14*day)))
	st.Prune(map[string]*catalog.Signal{"eighth_summit": eighthSummit}, streamsOf([]*catalog.Signal{eighthSummit}), start)
	if len(st.Limits)+len(st.Trials) != 0 || len(st.series) != 1 || st.series[0].n != 8 || len(st.Live) != 1 {
		t.Errorf("kept %+v", st)
	}
	st.Prune(nil, streamsOf(nil), start)
	if len(st.series)+len(st.Live) != 0 {
		t.Errorf("kept %+v", st)
	}
}

func TestMilestonesReadAloud(t *testing.T) {
	for _, c := range []struct {
		eventType string
		n         int64
		want      string
	}{
		{"summit.published", 8, "Published an 8th summit"},
		{"summit.published", 1, "Published a first summit"},
		{"Order Completed", 11, "Completed an 11th order"},
		{"workspace.member_invited", 22, "Invited a 22nd workspace member"},
		{"email.sent", 1000, "Sent a 1,000th email"},
		{"export", 3, `The event "export" happened for the 3rd time`},
		{"page.view", 13, `The event "page.view" happened for the 13th time`},
		{"", 2, `The event "" happened for the 2nd time`},
	} {
		if got := Milestone(c.eventType, c.n); got != c.want {
			t.Errorf("Milestone(%q, %d) = %q, want %q", c.eventType, c.n, got, c.want)
		}
	}
}

func TestWordsAndNumbersAreWrittenForPeople(t *testing.T) {
	for _, c := range [][2]string{
		{Grouped("1234567.25"), "1,234,567.25"},
		{Grouped("-1000"), "-1,000"},
		{Grouped("999"), "999"},
		{Inside("Sponsor tiers"), "sponsor tiers"},
		{Inside("API calls"), "API calls"},
		{Inside("4K video"), "4K video"},
		{Inside("É"), "é"},
		{Inside(""), ""},
		{Span(59 * time.Second), "a moment"},
		{Span(100 * time.Second), "2 minutes"},
		{Span(time.Hour - time.Second), "1 hour"},
		{Span(23*time.Hour + 45*time.Minute), "1 day"},
		{Span(400 * 24 * time.Hour), "400 days"},
		{Times(1), "once"},
		{Times(5), "5 times"},
		{Ordinal(111), "111th"},
		{Ordinal(103), "103rd"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %q, want %q", c[0], c[1])
		}
	}
}

func TestARestartBetweenAnyTwoFactsChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var steady, restarted State
		now, usage := clock.Time(0), int64(0)
		for range rapid.IntRange(1, 60).Draw(t, "facts") {
			now += clock.Time(rapid.Int64Range(0, int64(4*day)).Draw(t, "later"))
			var s step
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				before := usage
				usage = rapid.Int64Range(0, 12).Draw(t, "usage")
				s = speakers(now, before, usage, rapid.SampledFrom([]int64{0, 10, 12}).Draw(t, "limit"))
				if rapid.Bool().Draw(t, "monthly") {
					s.usage.PeriodStart, s.usage.ResetsAt = start+now-now%(30*day), start+now-now%(30*day)+30*day
				}
				s.usage.Late = rapid.Bool().Draw(t, "late")
			case 1:
				s = touch(now, now-clock.Time(rapid.Int64Range(-int64(day), int64(40*day)).Draw(t, "happened before")))
			case 2:
				s = published(now)
			default:
				s = trial(now, now+clock.Time(rapid.Int64Range(-int64(day), int64(6*day)).Draw(t, "trial left")))
			}
			a, b := apply(&steady, s, everyRule), apply(&restarted, s, everyRule)
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("fired %v without and %v with restarts", a, b)
			}
			for _, f := range a {
				total := 0
				for _, p := range f.ScoreParts {
					total += p.Points
				}
				if f.Score != total || total < 0 || total > 100 || f.DecaysAt <= start+now || f.At > start+now || f.Evidence == "" {
					t.Fatalf("badly formed signal %+v", f)
				}
			}
			kept := restarted.AppendBinary(nil)
			var err error
			if restarted, err = DecodeState(kept); err != nil {
				t.Fatal(err)
			}
			if again := steady.AppendBinary(nil); string(again) != string(kept) {
				t.Fatalf("states differ:\n%x\n%x", again, kept)
			}
			if len(restarted.Live) > maxLive {
				t.Fatalf("%d live signals", len(restarted.Live))
			}
		}
	})
}

func BenchmarkUsageThatFiresNothing(b *testing.B) {
	var st State
	s := speakers(0, 3, 4, 10)
	rules := []*catalog.Signal{nearlyFull}
	b.ReportAllocs()
	for b.Loop() {
		OnUsage(&st, *s.usage, rules, Context{Now: start})
	}
}
