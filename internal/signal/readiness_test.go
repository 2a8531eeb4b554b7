package signal_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/signal"
)

func plain(t interface{ Fatal(...any) }, source string) *condition.Condition {
	c, err := condition.Compile(source, condition.ForAccount)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// isReady works a rule out for the conditions that hold and the signals that are alive.
func isReady(rule *catalog.ReadinessRule, hold map[string]bool, alive map[string]*signal.Signal, now clock.Time) signal.Readiness {
	return signal.ReadinessOf(rule, func(c *condition.Condition) bool { return hold[c.Source] }, func(key string) *signal.Signal { return alive[key] }, now)
}

func TestReadinessIsWhatItsPartsAddUpTo(t *testing.T) {
	const pro, big = "account.plan == 'pro'", "account.mrr > 100.0"
	rule := &catalog.ReadinessRule{Type: catalog.Upsell, Ready: 60, Parts: []catalog.ReadinessPart{
		{Group: "fit", When: plain(t, pro), Points: 30, Why: "On the plan that grows"},
		{Group: "usage", When: plain(t, big), Points: 50, Why: "Pays well"},
		{Group: "intent", Signal: "wants_recordings", Points: 40, Why: "Wants recordings"},
		{Group: "intent", When: plain(t, "account.name == 'x'"), Points: -60, Why: "Has said no"},
	}}
	now := 1000 * clock.Day
	fired := func(ago clock.Time, score int) map[string]*signal.Signal {
		return map[string]*signal.Signal{"wants_recordings": {At: now - ago, DecaysAt: now - ago + 30*clock.Day, Score: score, Evidence: "Tried recordings 3 times"}}
	}
	for _, c := range []struct {
		account string
		hold    map[string]bool
		alive   map[string]*signal.Signal
		sum     int
		score   int
		ready   bool
	}{
		{"nothing speaks for it", nil, nil, 0, 0, false},
		{"fits", map[string]bool{pro: true}, nil, 30, 30, false},
		{"fits and uses", map[string]bool{pro: true, big: true}, nil, 80, 80, true},
		{"all of it, held at 100", map[string]bool{pro: true, big: true}, fired(0, 80), 120, 100, true},
		{"the signal just fired, however low its score", nil, fired(0, 20), 40, 40, false},
		{"half of the signal's life is over", nil, fired(15*clock.Day, 80), 20, 20, false},
		{"a live signal is never worth nothing", nil, fired(30*clock.Day-1, 80), 1, 1, false},
		{"said no, held at 0", map[string]bool{"account.name == 'x'": true}, nil, -60, 0, false},
	} {
		t.Run(c.account, func(t *testing.T) {
			r := isReady(rule, c.hold, c.alive, now)
			if r.Sum != c.sum || r.Score != c.score || r.Ready != c.ready || len(r.Contributions) != 4 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestWhyReadinessChangedSinceYesterday(t *testing.T) {
	const pro = "account.plan == 'pro'"
	now := 20_000 * clock.Day
	yesterday := now - clock.Day
	part := func(points int64) []catalog.ReadinessPart {
		return []catalog.ReadinessPart{
			{Group: "fit", When: plain(t, pro), Points: points, Why: "On pro"},
			{Group: "intent", Signal: "wants", Points: 40, Why: "Wants recordings"},
		}
	}
	alive := func(at clock.Time) map[string]*signal.Signal {
		return map[string]*signal.Signal{"wants": {At: at, DecaysAt: at + 10*clock.Day, Score: 50, Evidence: "Tried recordings 3 times"}}
	}
	for _, c := range []struct {
		what    string
		before  signal.Points
		hold    bool
		alive   map[string]*signal.Signal
		points  int64
		want    string // the changes
		explain string
	}{
		{"nothing", nil, false, nil, 30, "", "0 of 100, as yesterday."},
		{"a condition came true", nil, true, nil, 30, "On pro 0 → 30: It holds now.", "30 of 100, +30 since yesterday: On pro (+30)."},
		{"a condition holds no longer", signal.Points{"w:" + hash(t, pro): 30}, false, nil, 30, "On pro 30 → 0: It no longer holds.", "0 of 100, -30 since yesterday: On pro (-30)."},
		{"a signal fired", nil, false, alive(now - clock.Hour), 30, "Wants recordings 0 → 40: It fired on 2024-10-03: Tried recordings 3 times.", ""},
		{"a signal fades", signal.Points{"s:wants": 40}, false, alive(now - 5*clock.Day), 30, "Wants recordings 40 → 20: The signal fades since it fired on 2024-09-29.", ""},
		{"a signal is over", signal.Points{"s:wants": 4}, false, nil, 30, "Wants recordings 4 → 0: The signal is over.", ""},
		{"a signal fired anew while it faded", signal.Points{"s:wants": 10}, false, alive(now), 30, "Wants recordings 10 → 40: It fired on 2024-10-04: Tried recordings 3 times.", ""},
		{"the catalog gives other points", signal.Points{"w:" + hash(t, pro): 30}, true, nil, 50, "On pro 30 → 50: The catalog gives 50 points for it now.", ""},
		{"the catalog has a part no more", signal.Points{"s:old": 15}, false, nil, 30, "the signal old 15 → 0: The catalog no longer gives points for it.", "0 of 100, -15 since yesterday: the signal old (-15)."},
		{"one makes up for the other", signal.Points{"s:wants": 30}, true, nil, 30,
			"On pro 0 → 30: It holds now.; Wants recordings 30 → 0: The signal is over.", "30 of 100, as yesterday: what changed makes up for each other."},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := isReady(&catalog.ReadinessRule{Parts: part(c.points)}, map[string]bool{pro: c.hold}, c.alive, now)
			changes := r.Since(c.before, yesterday)
			var words []string
			for _, ch := range changes {
				words = append(words, fmt.Sprintf("%s %d → %d: %s", ch.Why, ch.From, ch.To, ch.Because))
			}
			if got := strings.Join(words, "; "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if got := r.Explain(c.before, changes, "yesterday"); c.explain != "" && got != c.explain {
				t.Errorf("explained %s", got)
			}
		})
	}
}

// hash is the name under which the points of a condition are kept.
func hash(t *testing.T, source string) string {
	r := isReady(&catalog.ReadinessRule{Parts: []catalog.ReadinessPart{{When: plain(t, source), Points: 1}}}, map[string]bool{source: true}, nil, 0)
	for id := range r.Points() {
		return strings.TrimPrefix(id, "w:")
	}
	return ""
}

// Parts always add up to the score before it is held between 0 and 100, and the changes explain
// the whole of its difference, whatever the catalog and the account were before.
func TestChangesExplainTheWholeDifference(t *testing.T) {
	sources := []string{"account.plan == 'a'", "account.plan == 'b'", "account.plan == 'c'"}
	var compiled []*condition.Condition
	for _, s := range sources {
		compiled = append(compiled, plain(t, s))
	}
	rapid.Check(t, func(t *rapid.T) {
		now := 1000 * clock.Day
		draw := func(at clock.Time) signal.Readiness {
			rule := &catalog.ReadinessRule{Ready: 60}
			hold, alive := map[string]bool{}, map[string]*signal.Signal{}
			for range rapid.IntRange(0, 6).Draw(t, "parts") {
				p := catalog.ReadinessPart{Points: rapid.Int64Range(-100, 100).Draw(t, "points")}
				if n := rapid.IntRange(0, 5).Draw(t, "of"); n < 3 {
					p.When = compiled[n]
					hold[p.When.Source] = rapid.Bool().Draw(t, "holds")
				} else {
					p.Signal = fmt.Sprint("s", n)
					if rapid.Bool().Draw(t, "alive") {
						fired := at - clock.Time(rapid.Int64Range(0, int64(29*clock.Day)).Draw(t, "ago"))
						alive[p.Signal] = &signal.Signal{At: fired, DecaysAt: fired + 30*clock.Day, Score: rapid.IntRange(1, 100).Draw(t, "score"), Evidence: "Tried"}
					}
				}
				rule.Parts = append(rule.Parts, p)
			}
			return isReady(rule, hold, alive, at)
		}
		before, after := draw(now-clock.Day), draw(now)
		for _, r := range []signal.Readiness{before, after} {
			sum := 0
			for _, c := range r.Contributions {
				sum += c.Points
				if (c.Points < 0) != (c.Of < 0) && c.Points != 0 || max(c.Points, -c.Points) > max(c.Of, -c.Of) {
					t.Fatalf("%+v gives more than it may", c)
				}
			}
			if sum != r.Sum || r.Points().Sum() != r.Sum || r.Score != min(max(sum, 0), 100) || r.Points().Score() != r.Score {
				t.Fatalf("parts add up to %d, of %+v", sum, r)
			}
		}
		explained := 0
		changes := after.Since(before.Points(), now-clock.Day)
		for _, ch := range changes {
			explained += ch.To - ch.From
			if ch.From == ch.To || !strings.HasSuffix(ch.Because, ".") {
				t.Fatalf("%+v", ch)
			}
		}
		if explained != after.Sum-before.Sum {
			t.Fatalf("changes explain %d of %d: %+v", explained, after.Sum-before.Sum, changes)
		}
		if again := after.Since(after.Points(), now); len(again) != 0 {
			t.Fatalf("nothing changed, and yet %+v", again)
		}
	})
}
