// Package interval tells how far a share that was counted may lie from the true one.
package interval

import "math"

// Z is how many standard errors an interval of 95% reaches to either side, of the normal distribution.
const Z = 1.959963984540054

// Wilson returns the ends of the 95% interval of a share of k of n, n above zero, both from 0 to 1
// (Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22, 1927; without
// correction of continuity).
func Wilson(k, n int64) (low, high float64) {
	p, m := float64(k)/float64(n), float64(n)
	center := (p + Z*Z/(2*m)) / (1 + Z*Z/m)
	half := Z / (1 + Z*Z/m) * math.Sqrt(p*(1-p)/m+Z*Z/(4*m*m))
	return max(0, center-half), min(1, center+half)
}
