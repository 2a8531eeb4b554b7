package packaging

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/headroomhq/headroom/internal/quantity"
	"pgregory.net/rapid"
)

func units(list ...float64) []quantity.Quantity {
	out := make([]quantity.Quantity, len(list))
	for i, v := range list {
		out[i] = quantity.Quantity(math.Round(v * float64(quantity.One)))
	}
	return out
}

// costOf adds up squared distances to the mean, in two passes and from the values alone.
func costOf(sorted []quantity.Quantity) float64 {
	mean := 0.0
	for _, v := range sorted {
		mean += float64(v-sorted[0]) / float64(len(sorted))
	}
	sum := 0.0
	for _, v := range sorted {
		d := float64(v-sorted[0]) - mean
		sum += d * d
	}
	return sum / float64(quantity.One) / float64(quantity.One)
}

// leastByTrying tries every way to cut sorted values into at most k groups.
func leastByTrying(sorted []quantity.Quantity, k int) float64 {
	if k == 1 || len(sorted) == 1 {
		return costOf(sorted)
	}
	best := costOf(sorted)
	for i := 1; i < len(sorted); i++ {
		best = min(best, costOf(sorted[:i])+leastByTrying(sorted[i:], k-1))
	}
	return best
}

// leastByTable is the textbook dynamic programme in O(k n^2), over all values, equal ones
// apart, with distances added one by one (Welford 1962).
func leastByTable(sorted []quantity.Quantity, k int) float64 {
	n := len(sorted)
	cost := make([][]float64, k+1)
	for g := range cost {
		cost[g] = make([]float64, n+1)
		for j := range cost[g] {
			cost[g][j] = math.Inf(1)
		}
	}
	cost[0][0] = 0
	for j := 1; j <= n; j++ {
		mean, within := 0.0, 0.0
		for i := j - 1; i >= 0; i-- {
			x := float64(sorted[i]-sorted[0]) / float64(quantity.One)
			d := x - mean
			mean += d / float64(j-i)
			within += d * (x - mean)
			for g := 1; g <= k; g++ {
				cost[g][j] = min(cost[g][j], cost[g-1][i]+within)
			}
		}
	}
	best := math.Inf(1)
	for g := 1; g <= k; g++ {
		best = min(best, cost[g][n])
	}
	return best
}

func total(list []Cluster) (sum float64) {
	for _, c := range list {
		sum += c.Within
	}
	return sum
}

func near(t interface{ Fatalf(string, ...any) }, what string, got, want, scale float64) {
	if math.Abs(got-want) > 1e-9*max(want, scale*1e-6, 1e-9) {
		t.Fatalf("%s is %g, want %g", what, got, want)
	}
}

func TestNoOtherDivisionIsBetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.OneOf(
			rapid.Int64Range(0, 20*int64(quantity.One)),
			rapid.Map(rapid.Int64Range(0, 12), func(n int64) int64 { return n * int64(quantity.One) }),
			rapid.Map(rapid.Int64Range(0, 9), func(n int64) int64 { return n*n*n*n*int64(quantity.One) + n }),
		)
		list := rapid.Map(rapid.SliceOfN(amount, 1, 9), func(list []int64) []quantity.Quantity {
			out := make([]quantity.Quantity, len(list))
			for i, v := range list {
				out[i] = quantity.Quantity(v)
			}
			return out
		}).Draw(t, "usage")
		k := rapid.IntRange(1, 5).Draw(t, "clusters")
		s := NewSample(list) // sorts list
		got := s.Clusters(k).Clusters
		near(t, "the cost", total(got), leastByTrying(list, k), costOf(list))
		wellFormed(t, got, s, min(k, s.Distinct()))
	})
}

func TestAnIndependentTableFindsTheSameOptimum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "accounts")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		step := rapid.SampledFrom([]quantity.Quantity{1, 1000, quantity.One, 10 * quantity.One}).Draw(t, "step")
		wide := rapid.Float64Range(0.1, 3).Draw(t, "width")
		list := make([]quantity.Quantity, n)
		for i := range list {
			v := math.Exp(random.NormFloat64()*wide+float64(random.IntN(3))*4) * float64(quantity.One)
			list[i] = quantity.Quantity(v) / step * step
		}
		k := rapid.IntRange(1, 9).Draw(t, "clusters")
		s := NewSample(list)
		got := s.Clusters(k).Clusters
		near(t, "the cost", total(got), leastByTable(list, k), costOf(list))
		wellFormed(t, got, s, min(k, s.Distinct()))
		auto := s.Clusters(0)
		again := s.Clusters(len(auto.Clusters))
		near(t, "the cost of the number chosen", total(auto.Clusters), total(again.Clusters), costOf(list))
	})
}

// wellFormed checks that clusters cover the sample in order and say the truth of themselves.
func wellFormed(t interface{ Fatalf(string, ...any) }, list []Cluster, s *Sample, k int) {
	if len(list) != k {
		t.Fatalf("%d clusters, want %d", len(list), k)
	}
	accounts := 0
	for i, c := range list {
		if c.Size != s.AtMost(c.To)-s.AtMost(c.From-1) {
			t.Fatalf("cluster %d has %d accounts, between %s and %s are %d", i, c.Size, c.From, c.To, s.AtMost(c.To)-s.AtMost(c.From-1))
		}
		if i > 0 && c.From <= list[i-1].To {
			t.Fatalf("cluster %d begins at %s, the one before ends at %s", i, c.From, list[i-1].To)
		}
		accounts += c.Size
	}
	if accounts != s.Accounts() {
		t.Fatalf("clusters have %d accounts, the sample %d", accounts, s.Accounts())
	}
}

func TestANarrowGroupOfHugeAmountsKeepsItsDistances(t *testing.T) {
	// In plain floats the sum of squares of these would lose every digit of the answer.
	var list []quantity.Quantity
	for i := range 1000 {
		list = append(list, quantity.Of(1), quantity.Of(9_000_000_000+int64(i%2)*2))
	}
	got := NewSample(list).Clusters(2).Clusters
	if got[0].Within != 0 || math.Abs(got[1].Within-1000) > 1e-6 || got[1].Center != 9_000_000_001 {
		t.Fatalf("got %+v, want within 0 and 1000", got)
	}
}

func TestTheNumberOfClustersIsTheDatas(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 2))
	normal := func(n int, mean, sd float64) (out []float64) {
		for range n {
			out = append(out, max(0, mean+sd*random.NormFloat64()))
		}
		return out
	}
	repeat := func(n int, v float64) (out []float64) {
		for range n {
			out = append(out, v)
		}
		return out
	}
	whole := func(list []float64) []float64 {
		for i := range list {
			list[i] = math.Round(list[i])
		}
		return list
	}
	join := func(lists ...[]float64) (out []float64) {
		for _, l := range lists {
			out = append(out, l...)
		}
		return out
	}
	for _, c := range []struct {
		name  string
		given []float64
		then  int
	}{
		{"one hump is one cluster", normal(500, 100, 10), 1},
		{"two humps far apart are two", join(normal(300, 20, 4), normal(200, 200, 20)), 2},
		{"three of unequal width are three", join(normal(300, 10, 1), normal(200, 60, 8), normal(100, 400, 40)), 3},
		{"everybody uses the same: one", repeat(100, 5), 1},
		{"one hump in whole units is one, not one for each number", whole(normal(120, 9, 2)), 1},
		{"two humps in whole units are two", whole(join(normal(200, 6, 1.5), normal(80, 40, 5))), 2},
		{"two amounts and nothing else: two", join(repeat(50, 5), repeat(50, 80)), 2},
		{"nine accounts are too few to tell", join(repeat(5, 5), repeat(4, 80)), 1},
		{"nobody: none", nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := NewSample(units(c.given...)).Clusters(0)
			if len(got.Clusters) != c.then {
				t.Errorf("%d clusters, want %d; BIC %v", len(got.Clusters), c.then, got.BIC)
			}
			for _, b := range got.BIC {
				if math.IsNaN(b) || math.IsInf(b, 0) {
					t.Errorf("BIC %v", got.BIC)
				}
			}
		})
	}
}

func BenchmarkClusters(b *testing.B) {
	for _, c := range []struct {
		name  string
		whole bool
	}{{"a million different amounts", false}, {"a million accounts with whole amounts", true}} {
		b.Run(c.name, func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 2))
			list := make([]quantity.Quantity, 1_000_000)
			for i := range list {
				list[i] = quantity.Quantity(math.Exp(random.NormFloat64()*1.5+5) * float64(quantity.One))
				if c.whole {
					list[i] = list[i] / quantity.One * quantity.One
				}
			}
			for b.Loop() {
				NewSample(list).Clusters(0)
			}
		})
	}
}

func TestTheFewestGroupsThatExplainEnoughAreTaken(t *testing.T) {
	for _, c := range []struct {
		name  string
		given []quantity.Quantity
		share float64
		most  int
		sizes []int
		least float64 // share explained
	}{
		{"two groups explain nearly all", slices.Concat(slices.Repeat(units(2), 5), slices.Repeat(units(3), 5), units(90, 91)), .9, 5, []int{10, 2}, .99},
		{"more are asked of them", slices.Concat(slices.Repeat(units(2), 5), slices.Repeat(units(3), 5), units(90, 91)), 1, 5, []int{5, 5, 1, 1}, 1},
		{"no more than the most", units(1, 2, 3, 4, 5, 6, 7, 8), .99, 3, []int{2, 3, 3}, .8},
		{"all use the same", slices.Repeat(units(7), 9), .9, 5, []int{9}, 1},
		{"nobody", nil, .9, 5, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			groups, explained := NewSample(slices.Clone(c.given)).Explaining(c.share, c.most)
			var sizes []int
			for _, g := range groups {
				sizes = append(sizes, g.Size)
			}
			slices.Sort(sizes)
			want := slices.Sorted(slices.Values(c.sizes))
			if !slices.Equal(sizes, want) || explained < c.least || explained > 1 {
				t.Errorf("groups of %v explain %g, want %v and %g at least", sizes, explained, want, c.least)
			}
		})
	}
}
