package signal_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/signal"
)

// life is one account of a made-up history: when it started, what it did and when, when it upgraded and when it left.
type life struct {
	start    clock.Time
	did      map[string][]clock.Time
	upgraded clock.Time
	left     clock.Time
}

// lives makes a history in which whoever exports upgrades three times as often within the
// month, and whoever logs in no more than others.
func lives(n int, end clock.Time) []life {
	r := rand.New(rand.NewPCG(1, 2))
	var out []life
	for range n {
		l := life{start: clock.Time(r.Int64N(int64(200 * clock.Day))), did: map[string][]clock.Time{}}
		for name, mean := range map[string]float64{"export": 60, "login": 10, "rare": 4000} {
			for at := l.start; ; {
				at += clock.Time(r.ExpFloat64() * mean * float64(clock.Day))
				if at > end {
					break
				}
				l.did[name] = append(l.did[name], at)
			}
		}
		for day := l.start + clock.Day; day < end; day += clock.Day {
			chance := 0.002
			if e := l.did["export"]; len(e) > 0 && day > e[0] && day < e[0]+30*clock.Day {
				chance *= 3
			}
			if r.Float64() < chance {
				l.upgraded = day
				break
			}
		}
		if r.Float64() < 0.3 { // some leave, and go on doing things for nothing
			l.left = l.start + clock.Time(r.Int64N(int64(150*clock.Day)))
		}
		out = append(out, l)
	}
	return out
}

// naive works the lift out by looking, for each who did it, at every account of the age at the
// end of that day, week or month of age: slow and plain.
func naive(all []life, action string, within, end clock.Time, bounds []clock.Time) (did, grew int, lift float64) {
	first := func(l life) clock.Time {
		if len(l.did[action]) == 0 {
			return math.MaxInt64
		}
		return slices.Min(l.did[action])
	}
	// gone says whether the account had left before it upgraded by then.
	gone := func(l life, at clock.Time) bool { return l.left != 0 && at >= l.left }
	outcome := func(l life, at clock.Time) (in, up bool) {
		if gone(l, l.upgraded) {
			l.upgraded = 0
		}
		if gone(l, at) {
			return false, false
		}
		if l.upgraded != 0 && l.upgraded <= at || at+within > end {
			return false, false
		}
		return true, l.upgraded != 0 && l.upgraded <= at+within
	}
	var r, s float64
	before := clock.Time(-1)
	for _, bound := range bounds {
		var n, a, m, b float64
		for _, l := range all {
			at := first(l)
			if at != math.MaxInt64 && (l.upgraded == 0 || at < l.upgraded) && at-l.start >= max(before, 0) && at-l.start < bound {
				if in, up := outcome(l, at); in {
					n++
					if up {
						a++
					}
				}
			}
			if at-l.start >= bound {
				if in, up := outcome(l, l.start+bound); in {
					m++
					if up {
						b++
					}
				}
			}
		}
		did, grew = did+int(n), grew+int(a)
		if n > 0 && m > 0 {
			r += a * m / (n + m)
			s += b * n / (n + m)
		}
		before = bound
	}
	return did, grew, r / s
}

func TestPrecursorsAreWhatAPlainLookAtEveryAccountFinds(t *testing.T) {
	end := 400 * clock.Day
	all := lives(1500, end)
	q := &signal.Precede{Type: catalog.Upsell, Within: 30}
	halves := []*signal.Watch{signal.NewWatch(q), signal.NewWatch(q)}
	for i, l := range all {
		w := halves[i%2]
		key := fmt.Sprint("a", i)
		w.Record(&event.Record{Kind: event.KindAccount, Key: key, ReceivedAt: l.start})
		for name, times := range l.did {
			for _, at := range slices.Backward(times) { // in any order
				w.Record(&event.Record{Kind: event.KindEvent, Key: key, Type: name, At: at, ReceivedAt: at})
			}
		}
		if l.left != 0 {
			w.Moved(key, "", "churn", signal.Move{At: l.left, Delta: -1200, Currency: "USD"})
		}
		if l.upgraded != 0 {
			w.Moved(key, catalog.Upsell, "expansion", signal.Move{At: l.upgraded, Delta: 1200, Currency: "USD"})
		}
		w.Until(end)
	}
	halves[0].Merge(halves[1])
	got := halves[0].Result()
	var bounds []clock.Time
	for d := 1; d <= 1200; {
		bounds = append(bounds, clock.Time(d)*clock.Day)
		switch {
		case d < 14:
			d++
		case d < 91:
			d += 7
		default:
			d += 30
		}
	}
	lifts := map[string]float64{}
	for _, x := range got.Items {
		did, grew, lift := naive(all, x.Name, 30*clock.Day, end, bounds)
		if x.Followed != int64(did) || x.Upgraded != int64(grew) {
			t.Errorf("%s: %d followed and %d upgraded, a plain look finds %d and %d", x.Name, x.Followed, x.Upgraded, did, grew)
		}
		if x.TooLittle {
			continue
		}
		is, err := strconv.ParseFloat(x.Lift, 64)
		if err != nil || math.Abs(is-lift) > 0.0051 {
			t.Errorf("%s: a lift of %s, a plain look finds %.4f", x.Name, x.Lift, lift)
		}
		lifts[x.Name] = is
	}
	if lifts["export"] < 1.8 || lifts["login"] > 1.5 || lifts["login"] < 0.6 {
		t.Errorf("the lifts are %v", lifts)
	}
	if i := slices.IndexFunc(got.Items, func(x signal.Precursor) bool { return x.Name == "export" }); i != 0 || got.Items[0].Q == "" || got.Items[0].Words == "" {
		t.Errorf("exporting is at place %d: %+v", i, got.Items[0])
	}
}

// Two thirds leave on day 20; of those who stay a fifth upgrades, whether they exported or not.
func TestWhoLeftStandsBesideNobody(t *testing.T) {
	w := signal.NewWatch(&signal.Precede{Type: catalog.Upsell, Within: 30})
	for i := range 1200 {
		key := fmt.Sprint("a", i)
		w.Record(&event.Record{Kind: event.KindAccount, Key: key, ReceivedAt: clock.Day})
		if i%3 != 0 {
			w.Moved(key, "", "churn", signal.Move{At: 21 * clock.Day, Delta: -1200, Currency: "USD"})
			continue
		}
		if i%2 == 0 {
			at := 41*clock.Day + clock.Hour
			w.Record(&event.Record{Kind: event.KindEvent, Key: key, Type: "export", At: at, ReceivedAt: at})
		}
		if i/6%5 == 0 {
			w.Moved(key, catalog.Upsell, "expansion", signal.Move{At: 60 * clock.Day, Delta: 1200, Currency: "USD"})
		}
	}
	w.Until(200 * clock.Day)
	if got := w.Result(); len(got.Items) != 1 || got.Items[0].Lift != "1.00" || got.Items[0].Base != "0.2000" {
		t.Errorf("%+v", got.Items)
	}
}

func TestTheRegistryComparesWhatIsClaimedWithTheData(t *testing.T) {
	c, findings := catalog.Parse("c.yaml", []byte(`
version: 1
currency: USD
plans: {pro: {price: {month: "10"}}}
signals:
  good: {when: {event: a, nth: 1}, type: upsell, state: testing}
  bad:  {when: {event: b, nth: 1}, type: upsell, state: validated, evidence: "an interview"}
`))
	if err := catalog.AsError(findings); err != nil {
		t.Fatal(err)
	}
	now := 1000 * clock.Day
	r := signal.NewRecord(c, now)
	for i := range 212 {
		at := now - clock.Time(31+i)*clock.Day
		for _, rule := range []string{"good", "bad"} {
			account := fmt.Sprint(rule, i)
			r.Fired(rule, account, at)
			if rule == "good" && i%2 == 0 || rule == "bad" && i%25 == 0 {
				r.Grew(account, catalog.Upsell, signal.Move{At: at + clock.Day, Delta: 12, Currency: "USD"})
			}
			if rule == "bad" { // undone, and of another type: no growth
				r.Grew(account, catalog.CrossSell, signal.Move{At: at + clock.Day, Delta: 12, Currency: "USD"})
				r.Grew(fmt.Sprint("good", i), catalog.Upsell, signal.Move{At: at + 2*clock.Day, Delta: 0, Currency: "USD"})
			}
		}
	}
	for i := range 60 { // lately it fires far more often than it did
		r.Fired("good", fmt.Sprint("g", i), now-clock.Day)
	}
	items := map[string]signal.RegisteredSignal{}
	for _, x := range r.Registry(func(string) (int64, clock.Time) { return 212, now }).Items {
		items[x.Key] = x
	}
	if x := items["bad"]; len(x.Words) == 0 || x.Words[0] != "validated by hand, but precision is 4.2% of 212" {
		t.Errorf("%+v %+v", x, x.Precision)
	}
	x := items["good"]
	if x.Precision.Share != "0.5000" || x.Windows[0].Fired != 60 || x.Drift.Recent != 60 || x.Drift.Before != 90 {
		t.Errorf("%+v %+v", x, x.Precision)
	}
	if len(x.Words) != 2 {
		t.Errorf("it says %q", x.Words)
	}
}

func TestARuleThatIsYoungDoesNotDrift(t *testing.T) {
	c, findings := catalog.Parse("c.yaml", []byte(`
version: 1
currency: USD
plans: {pro: {price: {month: "10"}}}
signals: {it: {when: {event: a, nth: 1}, type: upsell, state: testing}}
`))
	if err := catalog.AsError(findings); err != nil {
		t.Fatal(err)
	}
	for _, c2 := range []struct {
		name           string
		age            int // days since it first fired
		before, lately int // a day
		told, drifts   bool
	}{
		{"40 days old, 5 a day", 40, 5, 5, false, false},
		{"40 days old, far more lately", 40, 1, 50, false, false},
		{"70 days old, 5 a day", 70, 5, 5, true, false},
		{"70 days old, twice as often lately", 70, 5, 10, true, true},
		{"300 days old, 5 a day", 300, 5, 5, true, false},
		{"300 days old, hardly any more", 300, 5, 1, true, true},
	} {
		now := 1000 * clock.Day
		r := signal.NewRecord(c, now)
		for day := range c2.age {
			n := c2.before
			if day < 30 {
				n = c2.lately
			}
			for i := range n {
				r.Fired("it", fmt.Sprint("a", day, "-", i), now-clock.Time(day)*clock.Day-clock.Hour)
			}
		}
		x := r.Registry(func(string) (int64, clock.Time) { return 212, now }).Items[0]
		drifts := slices.ContainsFunc(x.Words, func(w string) bool { return strings.Contains(w, "often than it did") })
		if (x.Drift.RateP != "") != c2.told || drifts != c2.drifts {
			t.Errorf("%s: p %q, says %q", c2.name, x.Drift.RateP, x.Words)
		}
	}
}
