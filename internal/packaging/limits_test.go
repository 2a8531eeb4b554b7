package packaging

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// shop has three plans, the highest without a limit of speakers.
const shop = `
version: 1
currency: USD
meters: {speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}}
features: {speakers: {title: Speakers, kind: metered, meter: speakers}}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {speakers: 10}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149"}, entitlements: {speakers: 50}}
  scale:   {title: Scale, family: core, above: pro, price: {year: "3600"}, entitlements: {speakers: unlimited}}
`

func parsed(t *testing.T, text string) *catalog.Catalog {
	t.Helper()
	c, findings := catalog.Parse("catalog.yaml", []byte(text))
	if err := catalog.AsError(findings); err != nil {
		t.Fatal(err)
	}
	return c
}

// on returns n accounts on a plan that use so much.
func on(plan string, usage float64, n int) (out []Member) {
	m := Member{Plan: plan, Usage: units(usage)[0]}
	switch plan {
	case "starter":
		m.Limit, m.MRR = quantity.Of(10), money.Monthly(49_00)
	case "pro":
		m.Limit, m.MRR = quantity.Of(50), money.Monthly(149_00)
	case "scale":
		m.Unlimited, m.MRR, m.Currency = true, money.Monthly(300_00), "USD"
	}
	for i := range n {
		m.Account = fmt.Sprintf("%s-%g-%02d", plan, usage, i)
		out = append(out, m)
	}
	return out
}

func asked(t *testing.T, plan string, candidates []float64, groups ...[]Member) LimitAnswer {
	t.Helper()
	c := parsed(t, shop)
	q := LimitQuestion{Catalog: c, Feature: c.Features["speakers"], Plan: plan, Candidates: units(candidates...), Upgrade: 20}
	for _, g := range groups {
		q.Members = append(q.Members, g...)
	}
	return Limits(q)
}

// candidateOf returns what was answered about one limit.
func candidateOf(t *testing.T, a LimitAnswer, limit float64) Candidate {
	t.Helper()
	for _, c := range a.Suggestions {
		if c.Limit == units(limit)[0] {
			return c
		}
	}
	t.Fatalf("no answer for %g: %+v", limit, a.Suggestions)
	return Candidate{}
}

// with returns members with something besides the plan.
func with(list []Member, extra float64, kept bool) []Member {
	for i := range list {
		list[i].Extra, list[i].Kept = units(extra)[0], kept
		list[i].Limit += list[i].Extra
	}
	return list
}

// perSeat returns members whose plan gives its limit for each of so many units.
func perSeat(list []Member, seats int64) []Member {
	for i := range list {
		list[i].Times, list[i].Limit = seats, list[i].Limit*quantity.Quantity(seats)
	}
	return list
}

func TestWhatALimitWouldEarnIsSaidWithWhatItRestsOn(t *testing.T) {
	for _, c := range []struct {
		name     string
		given    [][]Member
		plan     string
		limit    float64
		squeezed int
		amount   string
		words    string
	}{
		{"a fifth of ten accounts on Pro take Scale, 151 a month more", [][]Member{on("pro", 40, 10), on("pro", 5, 10)}, "", 30, 10, "302.00",
			"30 becomes the limit of Pro instead of 50; all other plans keep what they give today. 20% of the 10 accounts it squeezes that have a plan above to go to take the nearest one that holds what they use, at list prices for one unit. The share is an assumption, not a measurement. The others use less and pay what they pay. Nobody leaves."},
		{"from Starter the nearest plan that holds it is Pro, 100 more", [][]Member{on("starter", 8, 5), on("starter", 2, 5)}, "", 5, 5, "100.00", "5 becomes the limit of Starter instead of 10"},
		{"it is about one plan: who uses more on those above is left alone", [][]Member{on("starter", 8, 5), on("pro", 40, 5), on("scale", 400, 5)}, "", 6, 5, "100.00", "6 becomes the limit of Starter instead of 10"},
		{"the same limit for Pro, because it was asked about", [][]Member{on("starter", 8, 5), on("pro", 40, 5), on("scale", 400, 5)}, "pro", 6, 5, "151.00", "6 becomes the limit of Pro instead of 50"},
		{"the highest plan has nowhere to go", [][]Member{on("scale", 400, 4), on("scale", 10, 6)}, "scale", 100, 4, "0.00",
			"100 becomes the limit of Scale, which has none today; all other plans keep what they give today. Scale is the highest plan: there is nowhere to go from it"},
		{"who is held to less today is not squeezed", [][]Member{on("starter", 15, 10)}, "pro", 12, 0, "0.00", "Nobody on Pro who may use more than 12 does"},
		{"nobody uses so much", [][]Member{on("pro", 40, 10)}, "", 45, 0, "0.00", "nobody is squeezed, so nothing is earned"},
		{"an add-on holds what they use more", [][]Member{with(on("starter", 9, 5), 5, false)}, "", 6, 0, "0.00", "5 accounts that use more keep what they use: an add-on, a grant"},
		{"an add-on holds only a part of it", [][]Member{with(on("starter", 12, 5), 5, false)}, "", 6, 5, "100.00", "6 becomes the limit of Starter"},
		{"each seat brings its own", [][]Member{perSeat(on("starter", 9, 5), 2)}, "", 6, 0, "0.00", "nobody is squeezed"},
		{"an override holds it", [][]Member{with(on("starter", 9, 1), 0, true)}, "", 6, 0, "0.00", "1 account that uses more keeps what it uses"},
		{"the limit of today", [][]Member{on("starter", 9, 5)}, "", 10, 0, "0.00", "10 is the limit of Starter today: nothing changes."},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := candidateOf(t, asked(t, c.plan, []float64{c.limit}, c.given...), c.limit)
			if s.SqueezedAccounts != c.squeezed || s.Revenue.Amount != c.amount || !strings.Contains(strings.Join(s.Revenue.Assumptions, " "), c.words) {
				t.Errorf("squeezed %d, %s: %q", s.SqueezedAccounts, s.Revenue.Amount, s.Revenue.Assumptions)
			}
		})
	}
}

func TestALimitAboveTodaysSaysWhatItGivesAway(t *testing.T) {
	for _, c := range []struct {
		name     string
		given    [][]Member
		plan     string
		limit    float64
		fitting  int
		relieved int
		amount   string
		words    string
	}{
		{"ten of Pro would fit into Starter, a fifth of them goes down for 100 less", [][]Member{on("pro", 15, 10), on("pro", 45, 4)}, "starter", 20, 10, 0, "-200.00",
			"At risk: 10 accounts on the plan above use more than Starter gives today and would fit into it. 20% of them step down to it, at list prices for one unit. The share is an assumption, not a measurement; if all did, it would be -1000.00 USD a month."},
		{"who uses less than Starter gives today is on Pro for something else", [][]Member{on("pro", 8, 10)}, "starter", 20, 0, 0, "0.00", "no revenue is at risk"},
		{"so is who is on Scale with what Pro holds", [][]Member{on("scale", 15, 10)}, "starter", 20, 0, 0, "0.00", "no revenue is at risk"},
		{"but not with what only Scale holds", [][]Member{on("scale", 60, 10)}, "starter", 70, 10, 0, "-502.00", "would fit into it"},
		{"who is near the limit has less reason to upgrade", [][]Member{on("starter", 9, 3), on("starter", 2, 3)}, "starter", 20, 0, 3, "0.00", "3 accounts on Starter use 80% or more of what it may today and would no longer need to upgrade"},
		{"the highest plan with a limit is not the highest plan", [][]Member{on("scale", 60, 10)}, "", 70, 10, 0, "-302.00", "70 becomes the limit of Pro instead of 50"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := candidateOf(t, asked(t, c.plan, []float64{c.limit}, c.given...), c.limit)
			if s.Change != Loosens || s.SqueezedAccounts != 0 || s.FittingAccounts != c.fitting || s.RelievedAccounts != c.relieved || s.Revenue.Amount != c.amount ||
				!strings.Contains(strings.Join(s.Revenue.Assumptions, " "), c.words) {
				t.Errorf("%s, fitting %d, relieved %d, %s: %q", s.Change, s.FittingAccounts, s.RelievedAccounts, s.Revenue.Amount, s.Revenue.Assumptions)
			}
		})
	}
}

func TestEachLimitIsThatOfOnePlan(t *testing.T) {
	for _, c := range []struct {
		name  string
		plan  string
		limit float64
		of    string
		today string
		does  Change
		top   bool
	}{
		{"the plan whose limit is the nearest above", "", 6, "starter", "10", Tightens, false},
		{"the plan that has it today", "", 10, "starter", "10", Unmoved, false},
		{"between two limits the one above", "", 11, "pro", "50", Tightens, false},
		{"above all limits the nearest below", "", 80, "pro", "50", Loosens, false},
		{"the plan that was asked about", "starter", 80, "starter", "10", Loosens, false},
		{"a plan without a limit", "scale", 80, "scale", "unlimited", Tightens, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := candidateOf(t, asked(t, c.plan, []float64{c.limit}, on("starter", 5, 10)), c.limit)
			today := "unlimited"
			if !s.TodayUnlimited {
				today = s.Today.String()
			}
			if s.Plan != c.of || today != c.today || s.Change != c.does || s.Highest != c.top {
				t.Errorf("of %s, today %s, %s, highest %t", s.Plan, today, s.Change, s.Highest)
			}
		})
	}
}

func TestTheLimitToLookAtFirstIsASensibleOne(t *testing.T) {
	for _, c := range []struct {
		name       string
		plan       string
		candidates []float64
		limit      float64
		of         string
	}{
		{"the lowest plan's limit today", "", nil, 10, "starter"},
		{"the limit of the plan that was asked about", "pro", nil, 50, "pro"},
		{"the candidate that was asked about", "", []float64{30, 7}, 30, "pro"},
		{"a suggested one where the plan has no limit", "scale", nil, 100, "scale"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := asked(t, c.plan, c.candidates, on("starter", 4, 12), on("scale", 300, 12))
			if a.Candidate == nil {
				t.Fatalf("none of %+v", a.Suggestions)
			}
			if got := candidateOf(t, a, c.limit); *a.Candidate != units(c.limit)[0] || a.CandidatePlan != c.of || got.Plan != c.of {
				t.Errorf("%s of %s", a.Candidate, a.CandidatePlan)
			}
		})
	}
	a := asked(t, "", nil, on("starter", 4, 2))
	if p := a.Plans; len(p) != 3 || p[0].Plan != "starter" || *p[0].Limit != quantity.Of(10) || p[0].Accounts != 2 || p[2].Limit != nil || !p[2].Unlimited || !p[2].Highest {
		t.Errorf("plans %+v", a.Plans)
	}
}

func TestTheDesignShowsWhoUsesWhat(t *testing.T) {
	a := asked(t, "", nil, on("starter", 10, 30), on("starter", 7, 5), on("starter", 0, 9), on("pro", 45, 12), on("scale", 600, 1), on("scale", 400, 2))
	if a.Accounts != 50 || a.UnusedAccounts != 9 || a.UnlimitedAccounts != 3 {
		t.Errorf("%d accounts, %d unused, %d unlimited", a.Accounts, a.UnusedAccounts, a.UnlimitedAccounts)
	}
	if got := a.TopUnlimited[0]; got.Account != "scale-600-00" || got.PerUnit != "0.500" || got.MRR.String() != "300.00 USD" {
		t.Errorf("top %+v, want 300 a month for 600 speakers: 0.500 each", got)
	}
	if got := a.Limits[0]; got.Limit != quantity.Of(10) || got.Plans[0] != "starter" || got.Accounts != 35 || got.Bunched != 30 || !got.Excess {
		t.Errorf("limit %+v, want bunching of 30 below Starter's 10", got)
	}
	if got := a.Limits[1]; got.Limit != quantity.Of(50) || got.Ratio != nil {
		t.Errorf("limit %+v, want too little data for Pro's 50", got)
	}
	if len(a.Segments) != 1 || a.Segments[0].Accounts != 50 {
		t.Errorf("segments %+v", a.Segments)
	}
}

func TestTheOrderOfAccountsChangesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	var members []Member
	for i, m := range append(append(on("starter", 9, 40), on("pro", 30, 40)...), on("scale", 90, 25)...) {
		m.Usage += quantity.Of(int64(i % 7))
		m.Segment = fmt.Sprint("s", i%23)
		members = append(members, m)
	}
	want := asked(t, "", []float64{20}, members)
	if len(want.Segments) != mostSegments || want.Segments[mostSegments-1].Segment != "4 others" {
		t.Errorf("%d segments, the last %q", len(want.Segments), want.Segments[len(want.Segments)-1].Segment)
	}
	for range 5 {
		random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		if got := asked(t, "", []float64{20}, members); !reflect.DeepEqual(got, want) {
			t.Fatalf("another order gives\n%+v\nnot\n%+v", got, want)
		}
	}
}

func TestWhatAUnitCostsHasThreeDigitsThatCount(t *testing.T) {
	for _, c := range []struct {
		name  string
		mrr   money.Minor
		usage string
		then  string
	}{
		{"whole dollars", 300_00, "2", "150.00"},
		{"cents", 300_00, "600", "0.500"},
		{"far below a cent", 49_00, "120000", "0.000408"},
		{"pays nothing", 0, "5", "0.00"},
		{"uses nothing", 49_00, "0", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := PerUnit(money.Monthly(c.mrr), "USD", amount(t, c.usage)); got != c.then {
				t.Errorf("%q, want %q", got, c.then)
			}
		})
	}
}
