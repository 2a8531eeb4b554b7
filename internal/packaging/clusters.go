package packaging

import (
	"math"

	"github.com/headroomhq/headroom/internal/quantity"
)

// MostClusters is the largest number of clusters that is looked for when none is asked for.
const MostClusters = 9

// Cluster is a group of accounts that use about the same.
type Cluster struct {
	Size   int     `json:"size" doc:"how many accounts"`  // accounts
	Center float64 `json:"center" doc:"their mean usage"` // mean usage
	// Within is the sum of the squared distances to Center, in squared units of usage.
	Within float64           `json:"within" doc:"sum of the squared distances to the center"`
	From   quantity.Quantity `json:"from" doc:"least usage in it"`  // least usage in it
	To     quantity.Quantity `json:"to" doc:"greatest usage in it"` // greatest usage in it
}

// Clustering is an optimal division of a sample.
type Clustering struct {
	Clusters []Cluster
	// BIC has the criterion's value by number of clusters less one, empty when the number was
	// given.
	BIC []float64
}

// Clusters divides the sample into k groups so that the sum of squared distances to each
// group's mean is least of all divisions (k-means, in one dimension solved exactly by
// dynamic programming: Wang and Song, "Ckmeans.1d.dp: Optimal k-means clustering in one
// dimension by dynamic programming", The R Journal 3/2, 2011). There are never more groups than
// different amounts. With k 0 their number is the one of 1 to MostClusters that has the
// greatest BIC (see criterion); a sample of fewer than Fewest accounts is one group then.
//
// For n different amounts it takes O(k n log n): the best split of a longer beginning is
// never left of the best split of a shorter one, so splits are found by divide and conquer.
func (s *Sample) Clusters(k int) Clustering {
	n := len(s.values)
	if n == 0 {
		return Clustering{}
	}
	most := min(k, n)
	if k == 0 {
		most = min(MostClusters, n)
		if s.Accounts() < Fewest {
			most = 1
		}
	}
	c := newCutter(s, most)
	if k != 0 {
		return Clustering{Clusters: c.clusters(c.ends(most))}
	}
	var best Clustering
	var all []float64
	step := s.step()
	for g := 1; g <= most; g++ {
		ends := c.ends(g)
		all = append(all, c.criterion(ends, step))
		if g == 1 || all[g-1] > all[best.size()-1] {
			best.Clusters = c.clusters(ends)
		}
	}
	best.BIC = all
	return best
}

// Explaining divides the sample into the fewest groups, from 2 up to most, that explain at least a
// share (0 to 1) of the variance of usage, or into most groups where none do, and returns the share
// that they explain (1 where all use the same). There are never more groups than different
// amounts. most must be at least 1.
func (s *Sample) Explaining(share float64, most int) (clusters []Cluster, explained float64) {
	n := len(s.values)
	if n == 0 {
		return nil, 0
	}
	most = min(most, n)
	c := newCutter(s, most)
	whole := c.within(0, n)
	for g := min(2, most); ; g++ {
		ends := c.ends(g)
		rest, from := 0.0, 0
		for _, to := range ends {
			rest += c.within(from, to)
			from = to
		}
		explained = 1
		if whole > 0 {
			explained = max(0, 1-rest/whole)
		}
		if explained >= share || g == most {
			return c.clusters(ends), explained
		}
	}
}

func (c *Clustering) size() int { return len(c.Clusters) }

// cutter finds the best divisions of one sample into 1 to k groups. Amounts are measured
// from the median, so that sums stay small.
type cutter struct {
	s      *Sample
	base   quantity.Quantity
	x      []float64 // amounts less base, in millionths
	sum    []double  // of the first i amounts, each times its accounts
	square []double  // the same of squares
	split  [][]int32 // [g-2][j]: where the last of g groups of the first j amounts begins
}

func newCutter(s *Sample, k int) *cutter {
	n := len(s.values)
	c := &cutter{s: s, base: s.Quantile(.5), x: make([]float64, n), sum: make([]double, n+1), square: make([]double, n+1)}
	for i, v := range s.values {
		x := float64(v - c.base)
		c.x[i] = x
		w := float64(s.upTo[i] - s.before(i))
		c.sum[i+1] = c.sum[i].plus(double{hi: x}.times(w))
		c.square[i+1] = c.square[i].plus(double{hi: x}.square().times(w))
	}
	cost := make([]float64, n+1)
	for j := 1; j <= n; j++ {
		cost[j] = c.within(0, j)
	}
	for g := 2; g <= k; g++ {
		next, split := make([]float64, n+1), make([]int32, n+1)
		c.cut(cost, next, split, g)
		cost = next
		c.split = append(c.split, split)
	}
	return c
}

// before returns how many accounts use less than amount i.
func (s *Sample) before(i int) int {
	if i == 0 {
		return 0
	}
	return s.upTo[i-1]
}

func (c *cutter) accounts(i, j int) float64 { return float64(c.s.before(j) - c.s.before(i)) }

// within returns the sum of squared distances to their mean of amounts i to j-1.
func (c *cutter) within(i, j int) float64 {
	sum := c.sum[j].minus(c.sum[i])
	rest := c.square[j].minus(c.square[i]).minus(sum.square().over(c.accounts(i, j)))
	return max(rest.hi, 0)
}

// cut finds for each j the best split of the first j amounts into g groups, given the cost of
// g-1 groups.
func (c *cutter) cut(cost, next []float64, split []int32, g int) {
	type job struct{ lo, hi, from, to int }
	jobs := []job{{g, len(c.x), g - 1, len(c.x) - 1}}
	for len(jobs) > 0 {
		w := jobs[len(jobs)-1]
		jobs = jobs[:len(jobs)-1]
		mid := int(uint(w.lo+w.hi) / 2)
		best, at := math.Inf(1), w.from
		for i := min(w.to, mid-1); i >= w.from; i-- {
			last := c.within(i, mid)
			if last >= best {
				break // the further left the last group begins, the more it costs by itself
			}
			if sum := cost[i] + last; sum < best {
				best, at = sum, i
			}
		}
		next[mid], split[mid] = best, int32(at)
		if w.lo < mid {
			jobs = append(jobs, job{w.lo, mid - 1, w.from, at})
		}
		if mid < w.hi {
			jobs = append(jobs, job{mid + 1, w.hi, at, w.to})
		}
	}
}

// ends returns where each of the best g groups ends.
func (c *cutter) ends(g int) []int {
	ends := make([]int, g)
	j := len(c.x)
	for ; g > 1; g-- {
		ends[g-1] = j
		j = int(c.split[g-2][j])
	}
	ends[0] = j
	return ends
}

// mean returns the mean of amounts i to j-1, in millionths from base.
func (c *cutter) mean(i, j int) float64 {
	return c.sum[j].minus(c.sum[i]).over(c.accounts(i, j)).hi
}

func (c *cutter) clusters(ends []int) []Cluster {
	const unit = float64(quantity.One)
	list := make([]Cluster, len(ends))
	from := 0
	for i, to := range ends {
		base := double{hi: float64(c.base)}
		list[i] = Cluster{Size: int(c.accounts(from, to)), From: c.s.values[from], To: c.s.values[to-1],
			Center: base.plus(double{hi: c.mean(from, to)}).hi / unit, Within: c.within(from, to) / (unit * unit)}
		from = to
	}
	return list
}
