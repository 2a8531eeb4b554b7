package packaging

import (
	"slices"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/quantity"
	"pgregory.net/rapid"
)

func TestLimitsAreSuggestedWhereTheyAreEasyToRemember(t *testing.T) {
	for _, c := range []struct {
		name      string
		low, high string
		then      string
	}{
		{"a hundred lies in the gap", "87", "131", "100"},
		{"fifty lies in the gap", "43", "61", "50"},
		{"the greatest of a cluster may be the limit", "25", "30", "25"},
		{"between neighbours the number may be a little off", "103", "104", "100"},
		{"between neighbours far from a round number it is the roundest about", "137", "138", "150"},
		{"twenty-seven is no number for a plan", "27", "28", "30"},
		{"fractions of a unit", "0.13", "0.17", "0.15"},
		{"a gap from zero", "0", "7", "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			low, high := amount(t, c.low), amount(t, c.high)
			if got := beside(low, high); got != amount(t, c.then) {
				t.Errorf("between %s and %s: %s, want %s", c.low, c.high, got, c.then)
			}
		})
	}
}

func TestALimitStandsAtTheRoundestNumberOfItsGap(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"37", "61", "50"}, {"98", "240", "100"}, {"7", "8", "7"}, {"19", "21", "20"}, {"1200", "1900", "1500"}, {"0.5", "0.7", "0.5"}, {"101", "104", "102"},
	} {
		if got := Roundest(amount(t, c.from), amount(t, c.to)); got != amount(t, c.want) {
			t.Errorf("between %s and %s: %s, want %s", c.from, c.to, got, c.want)
		}
	}
}

func amount(t *testing.T, s string) quantity.Quantity {
	t.Helper()
	q, err := quantity.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestSuggestionsSayWhomTheyTouch(t *testing.T) {
	list := slices.Concat(slices.Repeat(units(3), 10), slices.Repeat(units(8), 6), slices.Repeat(units(9), 4), slices.Repeat(units(95), 5))
	d := Suggest(NewSample(list), 2)
	if len(d.Suggestions) != 1 || d.Suggestions[0] != (Suggestion{Limit: quantity.Of(10), AccountsAbove: 5, AccountsNear: 10, InGap: true}) {
		t.Errorf("suggestions %+v, want a limit of 10 with 5 above and 10 near", d.Suggestions)
	}
	if len(d.Breaks) != 1 || d.Breaks[0] != quantity.Of(52) {
		t.Errorf("breaks %v, want 52, half-way from 9 to 95", d.Breaks)
	}
}

func TestTooLittleDataSaysSo(t *testing.T) {
	for _, c := range []struct {
		name  string
		given []quantity.Quantity
		k     int
		then  string
	}{
		{"nobody", nil, 0, "0 accounts: too few to suggest a limit; 10 are needed."},
		{"three accounts", units(1, 2, 80), 0, "3 accounts: too few to suggest a limit; 10 are needed."},
		{"all the same", slices.Repeat(units(7), 50), 0, "All accounts form one group: there is no natural place for a limit."},
		{"more clusters than amounts", slices.Repeat(units(7, 9), 50), 5, "5 clusters were asked for; there are only 2 different amounts."},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Suggest(NewSample(c.given), c.k)
			if len(d.Notes) != 1 || d.Notes[0] != c.then {
				t.Errorf("notes %q, want %q", d.Notes, c.then)
			}
		})
	}
}

func TestBunchingIsToldFromChance(t *testing.T) {
	even := func(per int, from, to int) (out []quantity.Quantity) { // per accounts at each whole amount
		for v := from; v <= to; v++ {
			out = append(out, slices.Repeat(units(float64(v)), per)...)
		}
		return out
	}
	for _, c := range []struct {
		name     string
		given    []quantity.Quantity
		limit    int64
		bunched  int
		expected string
		ratio    string
		excess   bool
	}{
		{"an even spread bunches nowhere", even(4, 1, 200), 100, 20, "20.0", "1.00", false},
		{"many at the limit itself", slices.Concat(even(4, 1, 99), slices.Repeat(units(100), 60)), 100, 76, "20.0", "3.80", true},
		{"a few more than expected are chance", slices.Concat(even(4, 1, 99), slices.Repeat(units(100), 10)), 100, 26, "20.0", "1.30", false},
		{"seats by ones", slices.Concat(even(10, 1, 9), slices.Repeat(units(10), 60)), 10, 60, "10.0", "6.00", true},
		{"a limit of two has one band below, and none for those who use nothing", slices.Concat(even(15, 0, 1), slices.Repeat(units(2), 90)), 2, 90, "15.0", "6.00", true},
		{"too little data gives no number", even(1, 90, 100), 100, 5, "", "", false},
		{"a limit of one has nothing below to compare with", even(50, 0, 1), 1, 50, "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := BunchingAt(NewSample(c.given), quantity.Of(c.limit))
			said := func(s *string) string {
				if s == nil {
					return ""
				}
				return *s
			}
			if b.Bunched != c.bunched || said(b.Expected) != c.expected || said(b.Ratio) != c.ratio || b.Excess != c.excess {
				t.Errorf("got %d, %s, %s, %v: %s", b.Bunched, said(b.Expected), said(b.Ratio), b.Excess, b.Words)
			}
			if c.ratio == "" && !strings.Contains(b.Words, "too little") {
				t.Errorf("words %q do not say that there is too little data", b.Words)
			}
		})
	}
}

func TestAHistogramHoldsEverybodyOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.OneOf(
			rapid.Int64Range(0, 300*int64(quantity.One)),
			rapid.Map(rapid.Int64Range(-5, 3000), func(n int64) int64 { return n * int64(quantity.One) }),
			rapid.Int64Range(0, int64(quantity.Max)),
		), 1, 60).Draw(t, "usage")
		all := make([]quantity.Quantity, len(list))
		for i, v := range list {
			all[i] = quantity.Quantity(v)
		}
		s := NewSample(all)
		bins := s.Histogram(s.Edges())
		sum := 0
		for i, b := range bins {
			if b.To <= b.From || i > 0 && b.From != bins[i-1].To {
				t.Fatalf("bins %v", bins)
			}
			sum += b.Accounts
		}
		if sum != len(list) || len(bins) > maxBins+3 {
			t.Fatalf("%d bins hold %d of %d accounts", len(bins), sum, len(list))
		}
		for p := range 101 {
			q := s.Quantile(float64(p) / 100)
			if s.AtMost(q)*100 < p*len(list) {
				t.Fatalf("quantile %d%% is %s, which only %d of %d accounts do not pass", p, q, s.AtMost(q), len(list))
			}
		}
	})
}
