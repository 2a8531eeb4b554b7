package report

import (
	"slices"

	"github.com/headroomhq/headroom/internal/quantity"
)

// maxSample bounds the work of finding breaks; larger sets are read at evenly spaced ranks.
const maxSample = 4096

// breaks cuts sorted values into k groups so that the sum of squared distances to each
// group's mean is least (the optimum in one dimension, Fisher 1958; known in maps as Jenks
// natural breaks), by dynamic programming over split points, which never move left as the
// right end moves right. It returns where each group ends and the share of the variance
// that the groups explain (1: all of it). Fewer groups come back when there are fewer
// different values.
func breaks(values []quantity.Quantity, k int) (ends []int, fit float64) {
	n := len(values)
	distinct := 0
	for i, v := range values {
		if i == 0 || v != values[i-1] {
			distinct++
		}
	}
	k = min(k, distinct)
	if k < 1 {
		return nil, 0
	}
	sum, square := make([]float64, n+1), make([]float64, n+1)
	base := float64(values[0])
	for i, v := range values {
		x := (float64(v) - base) / float64(quantity.One)
		sum[i+1], square[i+1] = sum[i]+x, square[i]+x*x
	}
	within := func(i, j int) float64 { // of values[i:j]
		s := sum[j] - sum[i]
		return max(0, square[j]-square[i]-s*s/float64(j-i))
	}
	cost := make([]float64, n+1)
	for j := 1; j <= n; j++ {
		cost[j] = within(0, j)
	}
	split := make([][]int, k+1)
	for g := 2; g <= k; g++ {
		next := make([]float64, n+1)
		split[g] = make([]int, n+1)
		var solve func(lo, hi, from, to int)
		solve = func(lo, hi, from, to int) {
			if lo > hi {
				return
			}
			mid := (lo + hi) / 2
			best, at := -1.0, from
			for i := max(from, g-1); i <= min(to, mid-1); i++ {
				if c := cost[i] + within(i, mid); best < 0 || c < best {
					best, at = c, i
				}
			}
			next[mid], split[g][mid] = best, at
			solve(lo, mid-1, from, at)
			solve(mid+1, hi, at, to)
		}
		solve(g, n, g-1, n-1)
		cost = next
	}
	ends = make([]int, k)
	for g, j := k, n; g >= 1; g-- {
		ends[g-1] = j
		if g > 1 {
			j = split[g][j]
		}
	}
	fit = 1
	if all := within(0, n); all > 0 {
		fit = max(0, 1-cost[n]/all)
	}
	return ends, fit
}

// sample sorts values and, when there are too many, keeps evenly spaced ones with the
// smallest and the largest.
func sample(values []quantity.Quantity) []quantity.Quantity {
	slices.Sort(values)
	if len(values) <= maxSample {
		return values
	}
	out := make([]quantity.Quantity, maxSample)
	for i := range out {
		out[i] = values[i*(len(values)-1)/(maxSample-1)]
	}
	return out
}

// roundest returns the number with the fewest digits in [from, to): where to put a limit
// that people can remember. from must be at least zero and below to.
func roundest(from, to quantity.Quantity) quantity.Quantity {
	for step := quantity.Quantity(1e18); step >= 1; step /= 10 {
		if step >= from && step < to {
			return step
		}
		for _, m := range []quantity.Quantity{5, 2, 1} {
			if m > 1 && step > 1e17 {
				continue
			}
			s := step * m
			if v := (from + s - 1) / s * s; v >= from && v < to && v > 0 {
				return v
			}
		}
	}
	return from
}
