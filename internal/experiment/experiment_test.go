package experiment_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/experiment"
)

const units = 20_000

func unit(i int) string { return fmt.Sprint("account-", i) }

// chi2 is the statistic of counts that are expected to be equal.
func chi2(counts []int) float64 {
	total := 0
	for _, n := range counts {
		total += n
	}
	expected, sum := float64(total)/float64(len(counts)), 0.0
	for _, n := range counts {
		sum += (float64(n) - expected) * (float64(n) - expected) / expected
	}
	return sum
}

// The bounds are those that a true uniform draw passes once in 100,000 times; units and draws
// are fixed, so that the tests always say the same.

func TestADrawIsUniform(t *testing.T) {
	for _, draw := range []string{"onboarding", "pricing_page", "*", "a", "b"} {
		counts := make([]int, 100)
		for i := range units {
			counts[experiment.Draw(draw, unit(i))/(experiment.Points/100)]++
		}
		if x := chi2(counts); x > 170 { // 99 degrees of freedom
			t.Errorf("draw %s: chi-square is %.1f", draw, x)
		}
	}
}

func TestDrawsAreIndependentOfEachOther(t *testing.T) {
	for _, pair := range [][2]string{{"onboarding", "pricing_page"}, {"*", "onboarding"}, {"a", "aa"}} {
		counts := make([]int, 100)
		for i := range units {
			counts[experiment.Draw(pair[0], unit(i))/1000*10+experiment.Draw(pair[1], unit(i))/1000]++
		}
		if x := chi2(counts); x > 170 {
			t.Errorf("draws %v: chi-square is %.1f", pair, x)
		}
	}
}

func TestADrawIsTheSameForEver(t *testing.T) {
	for _, c := range []struct {
		draw, unit string
		want       int
	}{{"onboarding", "acme", 5630}, {"*", "acme", 5524}, {"onboarding", "bolt", 4880}} {
		if got := experiment.Draw(c.draw, c.unit); got != c.want {
			t.Errorf("%s draws %d in %s, want %d", c.unit, got, c.draw, c.want)
		}
	}
}

func TestGrowingOnlyAdds(t *testing.T) {
	small := &catalog.Experiment{Key: "x", Variants: []catalog.Variant{{Key: "control", Share: 30}, {Key: "fast", Share: 20}}}
	large := &catalog.Experiment{Key: "x", Variants: []catalog.Variant{{Key: "control", Share: 30}, {Key: "fast", Share: 60}}}
	in, held := 0, 0
	for i := range units {
		was, is := experiment.Variant(small, unit(i)), experiment.Variant(large, unit(i))
		if was != "" && was != is {
			t.Fatalf("%s went from %s to %s", unit(i), was, is)
		}
		if is != "" {
			in++
		}
		if experiment.HeldOut(unit(i), 5) {
			held++
			if !experiment.HeldOut(unit(i), 10) {
				t.Fatalf("%s left the holdout as it grew", unit(i))
			}
		}
	}
	if math.Abs(float64(in)/units-0.9) > 0.01 || math.Abs(float64(held)/units-0.05) > 0.01 {
		t.Errorf("%d are in it, %d held out, of %d", in, held, units)
	}
	if experiment.HeldOut("acme", 0) || !experiment.HeldOut("acme", 100) {
		t.Error("0 percent hold nobody out, 100 everybody")
	}
}

func TestTheSampleRatio(t *testing.T) {
	for _, c := range []struct {
		name           string
		counts, shares []int64
		chi2, p        float64 // as R's chisq.test gives them; -1: too few to tell
	}{
		{"as the shares say", []int64{500, 500}, []int64{50, 50}, 0, 1},
		{"a little off", []int64{520, 480}, []int64{50, 50}, 1.6, 0.2059032},
		{"something else decides", []int64{600, 400}, []int64{50, 50}, 40, 2.539629e-10},
		{"three sides", []int64{210, 190, 400}, []int64{25, 25, 50}, 1, 0.6065307},
		{"a side without a share is left out", []int64{500, 3, 500}, []int64{50, 0, 50}, 0, 1},
		{"too few", []int64{4, 4}, []int64{50, 50}, -1, 0},
		{"one side", []int64{100}, []int64{50}, -1, 0},
	} {
		got := experiment.SampleRatio(c.counts, c.shares)
		if c.chi2 < 0 {
			if got != nil {
				t.Errorf("%s: %+v", c.name, got)
			}
			continue
		}
		if got == nil || math.Abs(got.Chi2-c.chi2) > 1e-9 || math.Abs(got.P-c.p) > 1e-6*c.p+1e-15 {
			t.Errorf("%s: %+v, want %v and %v", c.name, got, c.chi2, c.p)
		}
	}
}
