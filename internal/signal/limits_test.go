package signal

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// However usage moves, telling the rules only of what leaves the quiet range gives the same
// signals and the same state as telling them of everything.
func TestRulesNeedNotBeToldWhatStaysInTheQuietRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rules []*catalog.Signal
		for i := range rapid.IntRange(0, 6).Draw(t, "rules") {
			rules = append(rules, &catalog.Signal{Key: fmt.Sprint("r", i),
				State: rapid.SampledFrom([]string{"testing", "testing", "retired"}).Draw(t, "state"),
				When:  catalog.When{Limit: "seats", Reaches: rapid.Int64Range(1, 300).Draw(t, "reaches")}})
		}
		limit := quantity.Quantity(rapid.Int64Range(0, 40).Draw(t, "limit"))
		unlimited := rapid.IntRange(0, 9).Draw(t, "unlimited") == 0
		periods := rapid.Bool().Draw(t, "periods")
		period := clock.Time(0)
		if periods {
			period = 1
		}
		var all, some State
		var quiet Quiet
		usage := quantity.Quantity(0)
		told, steps := 0, rapid.IntRange(1, 60).Draw(t, "steps")
		for step := range steps {
			before := usage
			switch rapid.IntRange(0, 12).Draw(t, "move") {
			case 0: // the next period; who keeps a range notices it
				if periods {
					period++
					usage, before, quiet = 0, 0, Quiet{}
				}
			case 1: // another limit, the same
				limit, quiet = quantity.Quantity(rapid.Int64Range(0, 40).Draw(t, "limit")), Quiet{}
			default:
				usage += quantity.Quantity(rapid.Int64Range(-8, 12).Draw(t, "by"))
			}
			in := UsageChange{Feature: "seats", Title: "Seats", Before: before, Usage: usage, Limit: limit, Unlimited: unlimited,
				PeriodStart: period, Late: rapid.IntRange(0, 5).Draw(t, "late") == 0}
			c := Context{Account: "acme", Now: clock.Time(step + 1), ID: func(p ...string) string { return p[1] }}
			want := OnUsage(&all, in, rules, c)
			var got []Signal
			if !quiet.Holds(usage) {
				told++
				got = OnUsage(&some, in, rules, c)
				quiet = QuietFor(&some, in, rules)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("step %d, usage %d of %d: %v, want %v", step, usage, limit, got, want)
			}
		}
		if a, b := all.AppendBinary(nil), some.AppendBinary(nil); string(a) != string(b) {
			t.Fatalf("states differ:\n%q\n%q", a, b)
		}
	})
}

func TestTheLeastUsageThatReachesAShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := quantity.Quantity(rapid.Int64Range(1, math.MaxInt64).Draw(t, "limit"))
		percent := rapid.Int64Range(1, 1000).Draw(t, "percent")
		least := reachesAt(limit, percent)
		if least != math.MaxInt64 && least.Percent(limit) < percent {
			t.Errorf("%d of %d is %d%%, below %d%%", least, limit, least.Percent(limit), percent)
		}
		if below := least - 1; below.Percent(limit) >= percent {
			t.Errorf("%d of %d is %d%% already", below, limit, below.Percent(limit))
		}
	})
}
