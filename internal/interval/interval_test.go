package interval_test

import (
	"math"
	"testing"

	"github.com/headroomhq/headroom/internal/interval"
	"pgregory.net/rapid"
)

// Wilson's interval again: it holds the proportions p for which k of n is within 1.96 standard errors
// of p, whose ends are found by halving.
func TestWilsonsIntervalSolvesItsEquation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 500).Draw(t, "n")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		share := float64(k) / float64(n)
		within := func(p float64) bool {
			return math.Abs(share-p) <= interval.Z*math.Sqrt(p*(1-p)/float64(n))+1e-15
		}
		end := func(inside, outside float64) float64 {
			for range 200 {
				mid := (inside + outside) / 2
				if within(mid) {
					inside = mid
				} else {
					outside = mid
				}
			}
			return inside
		}
		low, high := interval.Wilson(k, n)
		if wantLow, wantHigh := end(share, 0), end(share, 1); math.Abs(low-wantLow) > 1e-6 || math.Abs(high-wantHigh) > 1e-6 {
			t.Fatalf("%d of %d: %v to %v, by halving %v to %v", k, n, low, high, wantLow, wantHigh)
		}
	})
}
