package packaging

import (
	"math"

	"github.com/headroomhq/headroom/internal/quantity"
)

// criterion returns the Bayesian information criterion of a division, the greater the better:
//
//	BIC = 2 ln L - (3k-1) ln n
//
// where L is the likelihood of the n accounts under a mixture of k normal distributions, each
// with its own share, mean and variance (unequal variances, as Ckmeans.1d.dp estimates k since
// its version 3.4.13), which are 3k-1 free numbers. A cluster's variance is that of the sample,
// with n-1. A cluster of one account takes the squared distance to its nearest neighbour
// outside; a cluster of equal amounts the square of a sixth of that distance, so that three
// standard deviations reach half of the way.
//
// Usage is mostly counted in whole units. So the density at an amount is the mean density over
// the amounts that would be written the same, half a step to both sides (see step). Where the
// clusters are much wider than a step that is the density; where they are not, it is bounded,
// and a cluster for every whole number does not win because its variance is next to zero.
func (c *cutter) criterion(ends []int, step float64) float64 {
	n := float64(c.s.Accounts())
	list := make([]normal, len(ends))
	from := 0
	for i, to := range ends {
		variance, ok := c.variance(from, to)
		if !ok {
			return 0 // all accounts use the same: there is nothing to choose between
		}
		list[i] = newNormal(c.mean(from, to), math.Sqrt(variance), c.accounts(from, to)/n, step)
		from = to
	}
	logL := 0.0
	for i, x := range c.x {
		largest := math.Inf(-1)
		var logs [MostClusters]float64
		for j := range list {
			logs[j] = list[j].at(x)
			largest = max(largest, logs[j])
		}
		sum := 0.0
		for _, l := range logs[:len(list)] {
			if l > largest-40 {
				sum += math.Exp(l - largest)
			}
		}
		logL += (largest + math.Log(sum)) * c.accounts(i, i+1)
	}
	return 2*logL - float64(3*len(ends)-1)*math.Log(n)
}

// variance returns what the criterion takes for that of the cluster of amounts from to to-1;
// false when it is all there is and all the same.
func (c *cutter) variance(from, to int) (float64, bool) {
	size := c.accounts(from, to)
	if to-from > 1 {
		return c.within(from, to) / (size - 1), true
	}
	gap := math.Inf(1)
	if from > 0 {
		gap = c.x[from] - c.x[from-1]
	}
	if to < len(c.x) {
		gap = min(gap, c.x[to]-c.x[to-1])
	}
	if math.IsInf(gap, 1) {
		return 0, false
	}
	if size > 1 {
		gap /= 6
	}
	return gap * gap, true
}

// step returns what amounts are multiples of, in millionths: the largest power of ten of which
// at least 95% of the accounts' amounts are.
func (s *Sample) step() float64 {
	step := quantity.Quantity(1)
	for next := step * 10; next <= quantity.Max; next *= 10 {
		others := 0
		for i, v := range s.values {
			if v%next != 0 {
				others += s.upTo[i] - s.before(i)
			}
		}
		if others*20 > s.Accounts() {
			break
		}
		step = next
	}
	return float64(step)
}

// normal is one distribution of a mixture.
type normal struct {
	mean   float64
	scale  float64 // 1/(sqrt(2) sigma)
	log    float64 // of the density in the middle times the share
	half   float64 // half a step
	narrow bool    // a step is not small beside sigma
	share  float64 // logarithm of the share divided by twice the step
}

func newNormal(mean, sigma, share, step float64) normal {
	return normal{mean: mean, scale: 1 / (math.Sqrt2 * sigma), log: math.Log(share) - math.Log(2*math.Pi*sigma*sigma)/2,
		half: step / 2, narrow: step > sigma/20, share: math.Log(share / 2 / step)}
}

// at returns the logarithm of the mean density around x, times the share.
func (d *normal) at(x float64) float64 {
	away := math.Abs(x-d.mean) * d.scale
	if d.narrow {
		near, far := away-d.half*d.scale, away+d.half*d.scale
		if mass := math.Erfc(near) - math.Erfc(far); mass > 1e-300 {
			return d.share + math.Log(mass)
		}
		away = max(near, 0) // so far out that only the nearest edge counts
	}
	return d.log - away*away
}
