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
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/quantity"
)

// look is one daily look at one rule.
type look func(st *State, r *catalog.Signal, c Context) []Signal

// looks plays looks on days that follow each other, with a restart before each, and returns what
// fired on which day.
func looks(t interface{ Fatal(...any) }, r *catalog.Signal, holds bool, days []look) ([]string, State) {
	var st State
	var out []string
	for i, at := range days {
		var err error
		if st, err = DecodeState(st.AppendBinary(nil)); err != nil {
			t.Fatal(err)
		}
		c := Context{Account: "acme", Now: start + clock.Time(i)*day, ID: func(p ...string) string { return strings.Join(p, ":") },
			Holds: func(*catalog.Signal, *condition.Condition) bool { return holds }}
		for _, s := range at(&st, r, c) {
			out = append(out, fmt.Sprintf("%d: %s", i, s.Evidence))
		}
	}
	return out, st
}

// times repeats a look.
func times(n int, l look) []look { return slices.Repeat([]look{l}, n) }

func outsideOf(n int64) look {
	return func(st *State, r *catalog.Signal, c Context) []Signal {
		return OnOutside(st, r, Outside{People: n, Domain: "acme.com"}, c)
	}
}

func gone(people ...Champion) look {
	return func(st *State, r *catalog.Signal, c Context) []Signal { return OnChampionLeft(st, r, people, c) }
}

func pays(mrr int64, used int64) look {
	return func(st *State, r *catalog.Signal, c Context) []Signal {
		return OnFlat(st, r, Growth{Paying: mrr > 0, MRR: mrr, Paid: "149.00 USD a month", Used: []Use{{Feature: "speakers", Usage: quantity.Of(used)}}}, c)
	}
}

func has(used, limit int64) look {
	return func(st *State, r *catalog.Signal, c Context) []Signal {
		in := Use{Feature: "speakers", Title: "Speakers", Usage: quantity.Of(used), Limit: quantity.Of(limit), Unlimited: limit == 0}
		return OnUnused(st, r, []Use{in}, c)
	}
}

// growing pays for use that grows by one a day.
func growing(from int64, days int) (out []look) {
	for i := range days {
		out = append(out, pays(100, from+int64(i)))
	}
	return out
}

// paysFor pays for so many features of which none grows.
func paysFor(features int) look {
	return func(st *State, r *catalog.Signal, c Context) []Signal {
		in := Growth{Paying: true, MRR: 100, Paid: "149.00 USD a month"}
		for i := range features {
			in.Used = append(in.Used, Use{Feature: fmt.Sprint("f", i), Usage: quantity.Of(5)})
		}
		return OnFlat(st, r, in, c)
	}
}

// idle is paid use of a and b of which these are not used.
func idle(features ...string) look {
	return func(st *State, r *catalog.Signal, c Context) []Signal {
		var paid []Use
		for _, key := range []string{"a", "b"} {
			in := Use{Feature: key, Title: key, Unlimited: true, Usage: quantity.One}
			if slices.Contains(features, key) {
				in.Usage = 0
			}
			paid = append(paid, in)
		}
		return OnUnused(st, r, paid, c)
	}
}

func burns(total, limit int64) look {
	return func(st *State, r *catalog.Signal, c Context) []Signal {
		return OnPace(st, r, Use{Feature: "speakers", Title: "Speakers", Usage: quantity.Of(total), Total: quantity.Of(total), Adds: true, Limit: quantity.Of(limit)}, time.UTC, c)
	}
}

// rolls uses more every day of a window that what was used leaves again.
func rolls(used, limit int64) look {
	return func(st *State, r *catalog.Signal, c Context) []Signal {
		total := quantity.Of(8 * int64((c.Now-start)/day))
		return OnPace(st, r, Use{Feature: "speakers", Title: "Speakers", Usage: quantity.Of(used), Total: total, Adds: true, Limit: quantity.Of(limit), Per: "rolling 7d"}, time.UTC, c)
	}
}

// tried are trials that ended with nothing bought, all on the first day.
func tried(of ...string) look {
	return func(st *State, r *catalog.Signal, c Context) (out []Signal) {
		for _, id := range of {
			out = append(out, OnTrialExpired(st, []*catalog.Signal{r}, Expired{Of: id, Title: id, At: start}, c)...)
		}
		return out
	}
}

func holdsOn(yes bool) look {
	return func(st *State, r *catalog.Signal, c Context) []Signal {
		return OnRule(st, r, yes, func() []Value { return []Value{{"people.active", "3", "3 active people"}} }, c)
	}
}

func fits(plan string, higher bool) look {
	return func(st *State, r *catalog.Signal, c Context) []Signal {
		return OnFit(st, r, Fit{Month: c.Now, Plan: plan, Title: plan, Higher: higher, Words: plan + " fits"}, c)
	}
}

func lies(state string) look {
	return func(st *State, r *catalog.Signal, c Context) []Signal {
		return OnValue(st, r, Worth{Metric: "tickets", Title: "Tickets sold", Month: start, State: state, Percent: "2.5", Low: 5, High: 15}, c)
	}
}

func TestWhatIsLookedAtDailyFiresOnceAndAgainWhenItWasNotSoInBetween(t *testing.T) {
	outside := &catalog.Signal{Key: "outside", When: catalog.When{Outside: 5}}
	champion := &catalog.Signal{Key: "champion", When: catalog.When{ChampionLeft: true, For: 30 * aDay}}
	flat := &catalog.Signal{Key: "flat", When: catalog.When{Flat: true, For: 3 * aDay}}
	expired := &catalog.Signal{Key: "expired", When: catalog.When{TrialExpired: true}}
	longFlat := &catalog.Signal{Key: "flat", When: catalog.When{Flat: true, For: 10 * aDay}}
	unused := &catalog.Signal{Key: "unused", When: catalog.When{Unused: "any", Below: 10, For: 2 * aDay}}
	pace := &catalog.Signal{Key: "pace", When: catalog.When{RunsOut: "speakers", Within: 5 * aDay}}
	rule := &catalog.Signal{Key: "rule", Title: "Busy", When: catalog.When{Rule: &condition.Condition{}}}
	fit := &catalog.Signal{Key: "fit", When: catalog.When{Fit: "lower"}}
	value := &catalog.Signal{Key: "value", When: catalog.When{Value: "tickets", Leaves: "below"}}
	anna, ben := Champion{User: "anna", Left: true, On: start}, Champion{User: "ben", On: start - 31*day}
	for _, c := range []struct {
		name string
		rule *catalog.Signal
		days []look
		want []string
	}{
		{"people outside of the plan", outside, times(3, outsideOf(13)), []string{"0: 13 people of acme.com use this outside its plan"}},
		{"one too few", outside, times(3, outsideOf(4)), nil},
		{"they came in and others came", outside, []look{outsideOf(5), outsideOf(2), outsideOf(6)},
			[]string{"0: 5 people of acme.com use this outside its plan", "2: 6 people of acme.com use this outside its plan"}},
		{"a champion left", champion, times(3, gone(anna)), []string{"0: A champion left on 5 January"}},
		{"a champion is not seen", champion, times(2, gone(ben)), []string{"0: A champion has not been seen for 31 days"}},
		{"nobody is gone", champion, times(3, gone()), nil},
		{"one after another", champion, []look{gone(anna), gone(anna, ben)}, []string{"0: A champion left on 5 January", "1: A champion has not been seen for 32 days"}},
		{"of two who are gone the one told of is back", champion, []look{gone(anna, ben), gone(anna), gone(anna)},
			[]string{"0: A champion left on 5 January", "0: A champion has not been seen for 31 days", "1: A champion left on 5 January"}},
		{"back and gone again", champion, []look{gone(anna), gone(), gone(anna)}, []string{"0: A champion left on 5 January", "2: A champion left on 5 January"}},
		{"nothing grows", flat, times(9, pays(100, 5)), []string{"3: Neither what it pays, 149.00 USD a month, nor what it uses has grown for 3 days"}},
		{"pays more on the way", flat, []look{pays(100, 5), pays(100, 5), pays(101, 5), pays(101, 5), pays(101, 5)}, nil},
		{"uses more on the way", flat, []look{pays(100, 5), pays(100, 5), pays(100, 6), pays(100, 6), pays(100, 6)}, nil},
		{"use that passes its peak by a hair", flat, []look{pays(100, 100), pays(100, 104), pays(100, 100), pays(100, 104)},
			[]string{"3: Neither what it pays, 149.00 USD a month, nor what it uses has grown for 3 days"}},
		{"usage that grows by one in a hundred a day", longFlat, growing(100, 40), nil},
		{"sixty-four features and more", flat, times(5, paysFor(70)), []string{"3: Neither what it pays, 149.00 USD a month, nor what it uses has grown for 3 days"}},
		{"pays nothing", flat, times(9, pays(0, 5)), nil},
		{"hardly used", unused, times(9, has(4, 50)), []string{"2: Uses 4 of 50 speakers it pays for, and has used less than 10% for 2 days"}},
		{"used enough", unused, times(9, has(5, 50)), nil},
		{"used in between", unused, []look{has(0, 50), has(9, 50), has(0, 50), has(0, 50)}, nil},
		{"what has no limit is unused when nothing is used", unused, times(3, has(0, 0)), []string{"2: Has not used speakers for 2 days, and pays for it"}},
		{"a little of what has no limit", unused, times(9, has(1, 0)), nil},
		{"of two idle features the one told of is used", unused, append(times(3, idle("a", "b")), idle("a"), idle("a")), []string{
			"2: Has not used a for 2 days, and pays for it", "2: Has not used b for 2 days, and pays for it", "3: Has not used a for 3 days, and pays for it"}},
		{"of two idle features the other is used", unused, append(times(3, idle("a", "b")), idle("b"), idle("b")), []string{
			"2: Has not used a for 2 days, and pays for it", "2: Has not used b for 2 days, and pays for it"}},
		{"two trials end at the same instant", expired, times(2, tried("plan:pro", "feature:sso")), []string{
			"0: The trial of plan:pro ended and nothing was bought", "0: The trial of feature:sso ended and nothing was bought"}},
		{"runs out soon", pace, []look{burns(0, 50), burns(8, 50), burns(16, 50), burns(24, 50)},
			[]string{"3: Adds 8 speakers a day; at that pace all 50 are used on 11 January, in 3 days"}},
		{"a rolling window", pace, times(9, rolls(24, 50)), nil},
		{"lasts longer", pace, []look{burns(0, 50), burns(2, 50), burns(4, 50), burns(6, 50), burns(8, 50)}, nil},
		{"two days tell no pace", pace, []look{burns(0, 50), burns(20, 50), burns(30, 50)}, nil},
		{"less every day", pace, []look{burns(40, 50), burns(30, 50), burns(20, 50), burns(10, 50)}, nil},
		{"a condition comes true", rule, []look{holdsOn(false), holdsOn(true), holdsOn(true), holdsOn(false), holdsOn(true)},
			[]string{"1: Busy: 3 active people", "4: Busy: 3 active people"}},
		{"another plan fits", fit, []look{fits("starter", false), fits("starter", false), fits("free", false)}, []string{"0: starter fits", "2: free fits"}},
		{"a plan in the other direction", fit, times(2, fits("scale", true)), nil},
		{"its own plan fits", fit, times(2, fits("", false)), nil},
		{"price leaves the band", value, times(2, lies("below")), []string{"0: Paid 2.5% of the worth of tickets sold in January, below the band of 5 to 15%"}},
		{"price leaves the band on the other side", value, times(2, lies("above")), nil},
		{"back in the band and out again", value, []look{lies("below"), lies("in_band"), lies("below")}, []string{
			"0: Paid 2.5% of the worth of tickets sold in January, below the band of 5 to 15%", "2: Paid 2.5% of the worth of tickets sold in January, below the band of 5 to 15%"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := looks(t, c.rule, true, c.days)
			if !slices.Equal(got, c.want) {
				t.Errorf("fired %q, want %q", got, c.want)
			}
		})
		t.Run(c.name+", with a condition besides that does not hold", func(t *testing.T) {
			besides := *c.rule
			besides.When.And = &condition.Condition{}
			if got, _ := looks(t, &besides, false, c.days); got != nil {
				t.Errorf("fired %q", got)
			}
		})
	}
}

func TestASignalEndsWhenWhatItTellsIsOver(t *testing.T) {
	for _, c := range []struct {
		name     string
		rule     *catalog.Signal
		so, over look
	}{
		{"people are in the plan", &catalog.Signal{Key: "r", When: catalog.When{Outside: 5}}, outsideOf(9), outsideOf(1)},
		{"the champion is back", &catalog.Signal{Key: "r", When: catalog.When{ChampionLeft: true}}, gone(Champion{User: "anna", Left: true, On: start}), gone()},
		{"it is used", &catalog.Signal{Key: "r", When: catalog.When{Unused: "speakers", Below: 10}}, has(1, 50), has(40, 50)},
		{"it grows", &catalog.Signal{Key: "r", When: catalog.When{Flat: true}}, pays(100, 5), pays(200, 5)},
		{"it no longer holds", &catalog.Signal{Key: "r", When: catalog.When{Rule: &condition.Condition{}}}, holdsOn(true), holdsOn(false)},
		{"another plan fits no more", &catalog.Signal{Key: "r", When: catalog.When{Fit: "lower"}}, fits("starter", false), fits("", false)},
		{"the price is in its band", &catalog.Signal{Key: "r", When: catalog.When{Value: "tickets", Leaves: "below"}}, lies("below"), lies("in_band")},
	} {
		t.Run(c.name, func(t *testing.T) {
			fired, st := looks(t, c.rule, true, times(2, c.so))
			if len(fired) != 1 || len(st.Live) != 1 {
				t.Fatalf("fired %q, %d live", fired, len(st.Live))
			}
			c.over(&st, c.rule, Context{Now: start + 3*day})
			if len(st.Live) != 0 {
				t.Errorf("still alive: %+v", st.Live)
			}
		})
	}
}

func TestWhatWasBegunAndLeftEndsWithItsLateEnd(t *testing.T) {
	rules := []*catalog.Signal{{Key: "left", When: catalog.When{Event: "upgrade.started", Without: "upgrade.completed", Within: 2 * aDay}}}
	_, st := play(t, rules, []step{does(0, "upgrade.started"), passes(2 * day)})
	if len(st.Live) != 1 {
		t.Fatalf("alive: %+v", st.Live)
	}
	if apply(&st, does(3*day, "upgrade.completed"), rules); len(st.Live) != 0 {
		t.Errorf("still alive: %+v", st.Live)
	}
}

func TestValuesBeyondTheMostAreNotLookedAt(t *testing.T) {
	rules := []*catalog.Signal{{Key: "new", When: catalog.When{Event: "member.added", New: "team", From: 200}}}
	var st State
	n := 0
	for i := range 1000 {
		n += len(apply(&st, with(does(clock.Time(i)*clock.Second, "member.added"), "team", fmt.Sprint(i)), rules))
	}
	if n != 57 {
		t.Errorf("fired %d times, want for the 200th to the 256th value", n)
	}
	if bytes := len(st.AppendBinary(nil)); bytes > 1024+9+75+500 {
		t.Errorf("%d bytes", bytes)
	}
}

// The daily kinds survive a restart between any two looks, whatever is seen, and stay small.
func TestDailyRulesFireTheSameWithRestarts(t *testing.T) {
	rules := []*catalog.Signal{
		{Key: "a", When: catalog.When{Outside: 5}}, {Key: "b", When: catalog.When{ChampionLeft: true}}, {Key: "c", When: catalog.When{Flat: true, For: 3 * aDay}},
		{Key: "d", When: catalog.When{Unused: "any", Below: 20, For: 3 * aDay}}, {Key: "e", When: catalog.When{RunsOut: "speakers", Within: 9 * aDay}},
		{Key: "f", When: catalog.When{Held: "speakers", Reaches: 80, Periods: 2}}, {Key: "g", When: catalog.When{Fit: "lower"}},
		{Key: "h", When: catalog.When{Value: "tickets", Leaves: "below"}}, {Key: "i", When: catalog.When{Stuck: "first", For: 2 * aDay}},
		{Key: "j", When: catalog.When{RenewsIn: 5 * aDay}}, {Key: "k", When: catalog.When{TrialExpired: true}},
	}
	rapid.Check(t, func(t *rapid.T) {
		var steady, restarted State
		total := int64(0)
		for i := range rapid.IntRange(1, 60).Draw(t, "days") {
			now := start + clock.Time(i)*day
			c := Context{Account: "acme", Now: now, ID: func(p ...string) string { return strings.Join(p, ":") }}
			n := rapid.Int64Range(0, 12).Draw(t, "n")
			total += n
			yes := rapid.Bool().Draw(t, "yes")
			limit := rapid.SampledFrom([]int64{0, 10, 400}).Draw(t, "limit")
			plan := rapid.SampledFrom([]string{"", "free", "starter"}).Draw(t, "plan")
			var people []Champion
			for j := range rapid.IntRange(0, 3).Draw(t, "gone") {
				people = append(people, Champion{User: fmt.Sprint(j), Left: yes, On: start})
			}
			all := func(st *State) (out []Signal) {
				use := Use{Feature: "speakers", Title: "Speakers", Usage: quantity.Of(total), Total: quantity.Of(total), Adds: yes, Limit: quantity.Of(limit), PeriodStart: start}
				for _, r := range rules {
					switch w := &r.When; {
					case w.Outside > 0:
						out = append(out, outsideOf(n)(st, r, c)...)
					case w.ChampionLeft:
						out = append(out, OnChampionLeft(st, r, people, c)...)
					case w.Flat:
						out = append(out, pays(n/8+1, n)(st, r, c)...)
					case w.Unused != "":
						out = append(out, has(n, limit)(st, r, c)...)
					case w.RunsOut != "":
						out = append(out, OnPace(st, r, use, time.UTC, c)...)
					case w.Held != "":
						out = append(out, OnHeld(st, r, PeriodUse{Feature: "speakers", Start: now - day, End: now, Usage: quantity.Of(n), Limit: quantity.Of(limit)}, c)...)
					case w.Fit != "":
						out = append(out, fits(plan, yes)(st, r, c)...)
					case w.Value != "":
						out = append(out, lies(map[bool]string{true: "below", false: "in_band"}[yes])(st, r, c)...)
					case w.Stuck != "":
						out = append(out, OnStuck(st, r, Stuck{Milestone: "first", Began: start, By: start + 3*day, Reached: yes}, c)...)
					case w.RenewsIn > 0:
						out = append(out, OnRenewal(st, r, Renewal{Plan: "pro", Title: "Pro", At: now - now%(20*day) + 20*day, Period: 20 * aDay}, time.UTC, c)...)
					case w.TrialExpired:
						out = append(out, OnTrialExpired(st, rules, Expired{Of: "plan:pro", Title: "Pro", At: now - now%(7*day)}, c)...)
					}
				}
				return out
			}
			if a, b := all(&steady), all(&restarted); !reflect.DeepEqual(a, b) {
				t.Fatalf("fired\n%+v\nwithout and\n%+v\nwith restarts", a, b)
			}
			stored := restarted.AppendBinary(nil)
			if again := steady.AppendBinary(nil); string(again) != string(stored) {
				t.Fatalf("states differ:\n%x\n%x", again, stored)
			}
			var err error
			if restarted, err = DecodeState(stored); err != nil {
				t.Fatal(err)
			}
			streams := catalog.NewStreams(rules, nil)
			restarted.Prune(byKey(rules), streams, now)
			if again := restarted.AppendBinary(nil); string(again) != string(stored) {
				t.Fatal("the same rules forgot something")
			}
			live := restarted.Live
			restarted.Live = nil
			if n := len(restarted.AppendBinary(nil)); n > 40+len(rules)*2*30+8*14+60 {
				t.Fatalf("%d bytes", n)
			}
			restarted.Live = live
		}
		var none State
		none.Fired = restarted.Fired
		restarted.Live = nil
		restarted.Prune(nil, catalog.NewStreams(nil, nil), start+99*day)
		if !slices.Equal(restarted.AppendBinary(nil), none.AppendBinary(nil)) {
			t.Fatal("without rules something is left")
		}
	})
}

func TestASignalStillHoldsBetweenTwoLooks(t *testing.T) {
	limit := map[string]string{"limit": "1000", "feature": "emails", "plan": "starter", "renews_at": (start + 9*day).String()}
	at := func(usage, limit int64) Standing {
		return Standing{Usage: quantity.Of(usage), Limit: quantity.Of(limit), Plan: "starter", Live: true}
	}
	other := at(1, 1)
	other.Plan = "pro"
	for _, c := range []struct {
		name string
		when catalog.When
		at   Standing
		want bool
	}{
		{"runs out as before", catalog.When{RunsOut: "emails"}, at(500, 1000), true},
		{"the limit was raised", catalog.When{RunsOut: "emails"}, at(500, 2000), false},
		{"it has run out", catalog.When{RunsOut: "emails"}, at(1000, 1000), false},
		{"held below the same limit", catalog.When{Held: "emails"}, at(1000, 1000), true},
		{"held below a limit that was raised", catalog.When{Held: "emails"}, at(1000, 5000), false},
		{"still unused", catalog.When{Unused: "any", Below: 10}, at(99, 1000), true},
		{"used since", catalog.When{Unused: "any", Below: 10}, at(100, 1000), false},
		{"the plan that did not fit", catalog.When{Fit: "lower"}, at(0, 0), true},
		{"another plan was bought", catalog.When{Fit: "lower"}, other, false},
		{"before the renewal", catalog.When{RenewsIn: aDay}, at(0, 0), true},
		{"what has happened has happened", catalog.When{Event: "a.done", Nth: 1}, other, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Still(ruleOf(c.when), &Signal{Data: limit}, c.at, start); got != c.want {
				t.Errorf("it is %v", got)
			}
		})
	}
}
