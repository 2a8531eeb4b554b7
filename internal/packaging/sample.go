// Package packaging is what a company decides its plans by: where usage has natural breaks,
// whom a limit would squeeze and what it would earn, what accounts gain and what they pay
// for it, who asks for what is launched. Everything is computed from plain values.
package packaging

import (
	"math"
	"slices"

	"github.com/headroomhq/headroom/internal/quantity"
)

// Fewest is how many accounts a distribution needs before a number is read out of it.
const Fewest = 10

// Sample is the usage of accounts, in order, with equal amounts together.
type Sample struct {
	values []quantity.Quantity // rising
	upTo   []int               // how many accounts use at most the value
}

// NewSample takes the usage of accounts, one amount each, in any order. It sorts usage.
func NewSample(usage []quantity.Quantity) *Sample {
	slices.Sort(usage)
	s := &Sample{}
	for i, v := range usage {
		if n := len(s.values); n == 0 || v != s.values[n-1] {
			s.values = append(s.values, v)
			s.upTo = append(s.upTo, i)
		}
		s.upTo[len(s.upTo)-1]++
	}
	return s
}

// Accounts returns how many there are.
func (s *Sample) Accounts() int {
	if len(s.upTo) == 0 {
		return 0
	}
	return s.upTo[len(s.upTo)-1]
}

// Distinct returns how many different amounts there are.
func (s *Sample) Distinct() int { return len(s.values) }

// AtMost returns how many accounts use v or less.
func (s *Sample) AtMost(v quantity.Quantity) int {
	i, found := slices.BinarySearch(s.values, v)
	if found {
		i++
	}
	if i == 0 {
		return 0
	}
	return s.upTo[i-1]
}

// Above returns how many accounts use more than v.
func (s *Sample) Above(v quantity.Quantity) int { return s.Accounts() - s.AtMost(v) }

// Quantile returns the smallest amount that at least the share p (0 to 1) of the accounts do
// not pass; zero when there are no accounts.
func (s *Sample) Quantile(p float64) quantity.Quantity {
	n := s.Accounts()
	if n == 0 {
		return 0
	}
	rank := min(max(int(math.Ceil(p*float64(n))), 1), n)
	i, _ := slices.BinarySearch(s.upTo, rank)
	return s.values[i]
}

// Largest returns the most that an account uses, zero when there are no accounts.
func (s *Sample) Largest() quantity.Quantity {
	if len(s.values) == 0 {
		return 0
	}
	return s.values[len(s.values)-1]
}

// Quantiles are amounts that so many percent of accounts do not pass.
type Quantiles struct {
	P10 quantity.Quantity `json:"p10" doc:"a tenth of the accounts uses at most this"`
	P25 quantity.Quantity `json:"p25" doc:"a quarter of them uses at most this"`
	P50 quantity.Quantity `json:"p50" doc:"half of them use at most this"`
	P75 quantity.Quantity `json:"p75" doc:"three quarters use at most this"`
	P90 quantity.Quantity `json:"p90" doc:"nine tenths use at most this"`
	P99 quantity.Quantity `json:"p99" doc:"all but a hundredth use at most this"`
}

// Quantiles returns those of the sample.
func (s *Sample) Quantiles() Quantiles {
	return Quantiles{s.Quantile(.1), s.Quantile(.25), s.Quantile(.5), s.Quantile(.75), s.Quantile(.9), s.Quantile(.99)}
}

// Bin counts accounts whose usage is From or more and less than To; in the last bin To is
// included.
type Bin struct {
	From     quantity.Quantity `json:"from" doc:"usage from here on"`
	To       quantity.Quantity `json:"to" doc:"up to here, excluded but in the last bin"`
	Accounts int               `json:"accounts" doc:"how many use so much"`
}

// maxBins bounds a histogram, beside the last bin that holds the rest.
const maxBins = 24

// Edges returns where the bins of a histogram begin: equally wide ones of a round width up to
// the 99th percentile, and one for what is above. Where that is more than fifty times the
// median, they would show one bar: then bins widen by 1, 2, 5, 10, 20, 50 and so on. The largest
// amount is in the last bin.
func (s *Sample) Edges() []quantity.Quantity {
	if s.Accounts() == 0 {
		return nil
	}
	width := quantity.Quantity(1)
	if s.whole() {
		width = quantity.One
	}
	low, high := min(s.values[0], 0), s.Quantile(.99)
	if median := s.Quantile(.5); low == 0 && median > 0 && high/50 > median {
		return s.widening(max(s.Quantile(.01), width, s.Largest()/1e7)) // seven decades, three bins each
	}
	for i := 0; (high-low)/width >= maxBins && width < math.MaxInt64/10; i++ {
		width = next125(width, i)
	}
	start := low / width * width
	if start > low {
		start -= width
	}
	edges := []quantity.Quantity{start}
	for edge := start + width; edge <= high; edge += width {
		edges = append(edges, edge)
	}
	last := edges[len(edges)-1] + width
	if s.Largest() >= last {
		edges = append(edges, last)
	}
	return append(edges, max(last, s.Largest()))
}

// widening returns zero and the numbers 1, 2 and 5 times powers of ten from about the first on.
func (s *Sample) widening(first quantity.Quantity) []quantity.Quantity {
	edges := []quantity.Quantity{0}
	edge := quantity.Quantity(1)
	for i := 0; edge < math.MaxInt64/10; i++ {
		if edge >= first {
			if edges = append(edges, edge); edge >= s.Largest() {
				return edges
			}
		}
		edge = next125(edge, i)
	}
	return append(edges, s.Largest())
}

// next125 returns the number after the ith of 1, 2, 5, 10, 20, 50 and so on.
func next125(n quantity.Quantity, i int) quantity.Quantity {
	return n / []quantity.Quantity{1, 2, 5}[i%3] * []quantity.Quantity{2, 5, 10}[i%3]
}

// whole says whether all amounts are whole units.
func (s *Sample) whole() bool {
	for _, v := range s.values {
		if v%quantity.One != 0 {
			return false
		}
	}
	return true
}

// Histogram counts accounts between edges, which Edges of this or of a larger sample gave.
func (s *Sample) Histogram(edges []quantity.Quantity) []Bin {
	bins := make([]Bin, 0, len(edges))
	for i := 0; i+1 < len(edges); i++ {
		b := Bin{From: edges[i], To: edges[i+1]}
		b.Accounts = s.AtMost(b.To-1) - s.AtMost(b.From-1)
		if i+2 == len(edges) {
			b.Accounts = s.AtMost(b.To) - s.AtMost(b.From-1)
		}
		bins = append(bins, b)
	}
	return bins
}
