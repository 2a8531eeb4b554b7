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

func asked(t *testing.T, candidates []float64, groups ...[]Member) LimitAnswer {
	t.Helper()
	c := parsed(t, shop)
	q := LimitQuestion{Catalog: c, Feature: c.Features["speakers"], Candidates: units(candidates...), Upgrade: 20}
	for _, g := range groups {
		q.Members = append(q.Members, g...)
	}
	return Limits(q)
}

func TestWhatALimitWouldEarnIsSaidWithWhatItRestsOn(t *testing.T) {
	for _, c := range []struct {
		name     string
		given    [][]Member
		limit    float64
		squeezed int
		amount   string
		words    string
	}{
		{"a fifth of ten accounts on Pro take Scale, 151 a month more", [][]Member{on("pro", 40, 10), on("pro", 5, 10)}, 30, 10, "302.00",
			"30 becomes the limit of Pro; the plans above keep what they give today. 20% of the 10 accounts it squeezes that have a plan above to go to take the nearest one that holds what they use, at list prices for one unit. The share is an assumption, not a measurement. The others use less and pay what they pay. Nobody leaves."},
		{"from Starter the nearest plan that holds it is Pro, 100 more", [][]Member{on("starter", 8, 5), on("starter", 2, 5)}, 5, 5, "100.00", "5 becomes the limit of Starter"},
		{"the highest plan has nowhere to go", [][]Member{on("scale", 400, 4), on("scale", 10, 6)}, 100, 4, "0.00",
			"4 accounts more have no plan above to go to and count for nothing: what they would pay depends on a plan or pack that is not there yet."},
		{"who is held to less today is not squeezed", [][]Member{on("starter", 15, 10)}, 12, 0, "0.00", "nothing changes, so nothing is earned"},
		{"nobody uses so much", [][]Member{on("pro", 40, 10)}, 45, 0, "0.00", "nothing changes, so nothing is earned"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := asked(t, []float64{c.limit}, c.given...)
			for _, s := range a.Suggestions {
				if s.Limit != units(c.limit)[0] {
					continue
				}
				if s.SqueezedAccounts != c.squeezed || s.Revenue.Amount != c.amount || !strings.Contains(strings.Join(s.Revenue.Assumptions, " "), c.words) {
					t.Errorf("squeezed %d, %s: %q", s.SqueezedAccounts, s.Revenue.Amount, s.Revenue.Assumptions)
				}
				return
			}
			t.Errorf("no answer for %g: %+v", c.limit, a.Suggestions)
		})
	}
}

func TestTheDesignShowsWhoUsesWhat(t *testing.T) {
	a := asked(t, nil, on("starter", 10, 30), on("starter", 7, 5), on("starter", 0, 9), on("pro", 45, 12), on("scale", 600, 1), on("scale", 400, 2))
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
	want := asked(t, []float64{20}, members)
	if len(want.Segments) != mostSegments || want.Segments[mostSegments-1].Segment != "4 others" {
		t.Errorf("%d segments, the last %q", len(want.Segments), want.Segments[len(want.Segments)-1].Segment)
	}
	for range 5 {
		random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		if got := asked(t, []float64{20}, members); !reflect.DeepEqual(got, want) {
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
