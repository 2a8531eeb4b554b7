package signal_test

import (
	"math"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/signal"
)

func TestMilestonesStandInTheOrderOfTheWay(t *testing.T) {
	m := func(key, after string, days int) *catalog.Milestone {
		return &catalog.Milestone{Key: key, After: after, Within: time.Duration(days) * 24 * time.Hour}
	}
	for _, c := range []struct {
		what string
		of   []*catalog.Milestone
		want string
	}{
		{"by what comes before", []*catalog.Milestone{m("a", "b", 1), m("b", "c", 1), m("c", "", 9)}, "c b a"},
		{"by time where nothing comes before, without a time last", []*catalog.Milestone{m("a", "", 0), m("b", "", 7), m("c", "", 3)}, "c b a"},
		{"what comes before is not for this account", []*catalog.Milestone{m("b", "gone", 2), m("a", "", 5)}, "b a"},
		{"alike by key", []*catalog.Milestone{m("y", "", 3), m("x", "", 3)}, "x y"},
	} {
		var got []string
		for _, x := range signal.Path(c.of) {
			got = append(got, x.Key)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.what, got, c.want)
		}
	}
}

func TestAnAccountIsStuckOnTheFirstThingThatIsLate(t *testing.T) {
	const day = clock.Day
	now := 100 * day
	for _, c := range []struct {
		what  string
		steps []signal.Step
		want  []bool
	}{
		{"in time", []signal.Step{{Milestone: "a", Expected: true, DueAt: now + 1}}, []bool{false}},
		{"late", []signal.Step{{Milestone: "a", Expected: true, DueAt: now}}, []bool{true}},
		{"late and done", []signal.Step{{Milestone: "a", Expected: true, DueAt: now, ReachedAt: 1}}, []bool{false}},
		{"no time is said", []signal.Step{{Milestone: "a", Expected: true}}, []bool{false}},
		{"not asked of it", []signal.Step{{Milestone: "a", DueAt: now}}, []bool{false}},
		{"both late: on the first", []signal.Step{{Milestone: "a", Expected: true, DueAt: now}, {Milestone: "b", After: "a", Expected: true, DueAt: now}}, []bool{true, false}},
		{"the first done: on the second", []signal.Step{{Milestone: "a", Expected: true, DueAt: 1, ReachedAt: 5}, {Milestone: "b", After: "a", Expected: true, DueAt: now}}, []bool{false, true}},
		{"the first is not asked of it: on the second", []signal.Step{{Milestone: "a"}, {Milestone: "b", After: "a", Expected: true, DueAt: now}}, []bool{false, true}},
	} {
		for i, want := range c.want {
			if got := signal.StuckOn(c.steps, i, now); got != want {
				t.Errorf("%s: step %d stuck %v", c.what, i, got)
			}
		}
	}
}

// The statistics are those that counting by hand over all accounts gives.
func TestActivationIsWhatCountingByHandGives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := 1000 * clock.Day
		type one struct {
			segment string
			steps   []signal.Step
		}
		var all []one
		var sum signal.Activation
		for range rapid.IntRange(0, 30).Draw(t, "accounts") {
			a := one{segment: rapid.SampledFrom([]string{"", "smb", "ent"}).Draw(t, "segment")}
			start := now - clock.Time(rapid.Int64Range(0, int64(90*clock.Day)).Draw(t, "start"))
			for i, key := range []string{"first", "second"} {
				st := signal.Step{Milestone: key, Expected: rapid.Bool().Draw(t, "expected"), StartAt: start}
				if i == 1 {
					st.After = "first"
				}
				if rapid.Bool().Draw(t, "timed") {
					st.DueAt = start + 7*clock.Day
				}
				if rapid.Bool().Draw(t, "reached") {
					st.ReachedAt = start + clock.Time(rapid.Int64Range(-int64(clock.Day), int64(60*clock.Day)).Draw(t, "took"))
					st.Before = rapid.Bool().Draw(t, "before")
				}
				a.steps = append(a.steps, st)
			}
			all = append(all, a)
			sum.Add(a.segment, a.steps, now)
		}
		lines := sum.Lines()
		if !slices.IsSortedFunc(lines, func(a, b signal.ActivationLine) int {
			return strings.Compare(a.Milestone+"\x00"+a.Segment, b.Milestone+"\x00"+b.Segment)
		}) {
			t.Fatalf("not in order: %+v", lines)
		}
		for i, key := range []string{"first", "second"} {
			for _, segment := range []string{"", "smb", "ent"} {
				want := signal.ActivationLine{Milestone: key, Segment: segment, Median: -1, P90: -1}
				var days []float64
				for _, a := range all {
					st := a.steps[i]
					if a.segment != segment || !st.Expected {
						continue
					}
					want.Expected++
					if st.ReachedAt != 0 {
						want.Reached++
						if st.Before {
							want.Before++
						} else {
							days = append(days, math.Max(float64(st.ReachedAt-st.StartAt)/float64(clock.Day), 0))
						}
					} else if st.DueAt != 0 && st.DueAt <= now && (i == 0 || !a.steps[0].Expected || a.steps[0].ReachedAt != 0) {
						want.Stuck++
					}
				}
				if len(days) > 0 {
					sort.Float64s(days)
					within := func(share float64) float64 { // the least value that so many are at or below
						for _, d := range days {
							n := 0
							for _, e := range days {
								if e <= d {
									n++
								}
							}
							if float64(n) >= share*float64(len(days))-1e-9 {
								return d
							}
						}
						return -1
					}
					want.Median, want.P90 = within(0.5), within(0.9)
				}
				got := signal.ActivationLine{Milestone: key, Segment: segment, Median: -1, P90: -1}
				for _, l := range lines {
					if l.Milestone == key && l.Segment == segment {
						got = l
					}
				}
				if got != want {
					t.Fatalf("got  %+v\nwant %+v", got, want)
				}
			}
		}
	})
}
