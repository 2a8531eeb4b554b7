package packaging

import (
	"fmt"
	"math"

	"github.com/headroomhq/headroom/internal/quantity"
)

// NearPercent is from what percentage of a limit on an account is near it.
const NearPercent = 80

// Design is what a distribution of usage says about limits.
type Design struct {
	Accounts  int       `json:"accounts"`
	Quantiles Quantiles `json:"quantiles"`
	Histogram []Bin     `json:"histogram"`
	Clusters  []Cluster `json:"clusters"`
	// Breaks lie half-way between the greatest usage of a cluster and the least of the next.
	Breaks      []quantity.Quantity `json:"breaks"`
	Suggestions []Suggestion        `json:"suggestions"`
	// Notes say what to know before using the figures: too little data, clusters without a gap.
	Notes []string `json:"notes"`
}

// Suggestion is a limit at a round number near a break.
type Suggestion struct {
	Limit quantity.Quantity `json:"limit"`
	// AccountsAbove use more than Limit, AccountsNear from 80% of it up to it.
	AccountsAbove int `json:"accounts_above"`
	AccountsNear  int `json:"accounts_near"`
}

// Suggest reads limits out of a sample: clusters (k of them, or as many as BIC says for 0), breaks
// and round numbers near them. Suggestions are left out where Fewest accounts are not there.
func Suggest(s *Sample, k int) Design {
	found := s.Clusters(k)
	d := Design{Accounts: s.Accounts(), Quantiles: s.Quantiles(), Histogram: s.Histogram(s.Edges()), Clusters: found.Clusters,
		Breaks: []quantity.Quantity{}, Suggestions: []Suggestion{}, Notes: []string{}}
	if d.Clusters == nil {
		d.Clusters = []Cluster{}
	}
	if k > len(d.Clusters) {
		d.note("%d clusters were asked for; there are only %s.", k, count(s.Distinct(), "different amount"))
	}
	for i := 1; i < len(d.Clusters); i++ {
		low, high := d.Clusters[i-1].To, d.Clusters[i].From
		d.Breaks = append(d.Breaks, low+(high-low)/2)
	}
	switch {
	case s.Accounts() < Fewest:
		d.note("%s: too few to suggest a limit; %d are needed.", count(s.Accounts(), "account"), Fewest)
		return d
	case len(d.Breaks) == 0:
		d.note("All accounts form one group: there is no natural place for a limit.")
	case k == 0 && gaps(d.Clusters) == 0:
		d.note("Usage runs from %s to %s without a gap: these are the best cuts, but none leaves both sides untouched.", s.values[0], s.Largest())
	}
	for i := range d.Breaks {
		limit := beside(d.Clusters[i].To, d.Clusters[i+1].From)
		if n := len(d.Suggestions); limit <= 0 || n > 0 && d.Suggestions[n-1].Limit >= limit {
			continue
		}
		d.Suggestions = append(d.Suggestions, s.Suggestion(limit))
	}
	return d
}

func (d *Design) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

// Suggestion says whom a limit would touch.
func (s *Sample) Suggestion(limit quantity.Quantity) Suggestion {
	return Suggestion{Limit: limit, AccountsAbove: s.Above(limit), AccountsNear: s.AtMost(limit) - s.AtMost(nearFrom(limit)-1)}
}

// nearFrom returns the least usage that is near a limit.
func nearFrom(limit quantity.Quantity) quantity.Quantity {
	whole, rest := limit/100, limit%100
	return whole*NearPercent + (rest*NearPercent+99)/100
}

// gaps counts the breaks wider than a tenth of where they lie and than one unit: any
// distribution can be cut into clusters, only a gap makes them groups.
func gaps(list []Cluster) (n int) {
	for i := 1; i < len(list); i++ {
		if wide := list[i].From - list[i-1].To; wide > quantity.One && wide > list[i-1].To/10 {
			n++
		}
	}
	return n
}

// beside returns a limit people can remember that parts amounts up to low from those from high
// on. Where the gap between them holds no number of two digits, it may be up to a twentieth
// off the middle.
func beside(low, high quantity.Quantity) quantity.Quantity {
	inside := Roundest(low, high)
	if digits(inside) <= 2 {
		return inside
	}
	middle := low + (high-low)/2
	if about := Roundest(middle-middle/20, middle+middle/20+1); digits(about) < digits(inside) {
		return about
	}
	return inside
}

// digits counts the digits of a quantity without leading and trailing zeros.
func digits(q quantity.Quantity) (n int) {
	for q != 0 && q%10 == 0 {
		q /= 10
	}
	for ; q != 0; q /= 10 {
		n++
	}
	return n
}

// Roundest returns the number with the fewest digits in [from, to), of several the one that
// begins with 1, 5 or 2, in this order. from must be at least zero and below to.
func Roundest(from, to quantity.Quantity) quantity.Quantity {
	for step := quantity.Quantity(1e18); step >= 1; step /= 10 {
		if step >= from && step < to {
			return step
		}
		for _, m := range []quantity.Quantity{5, 2, 1} {
			if m > math.MaxInt64/step {
				continue
			}
			if v := up(from, step*m); v >= from && v < to && v > 0 {
				return v
			}
		}
	}
	return from
}

// up returns the first multiple of step from v on, or a number below v when there is none in range.
func up(v, step quantity.Quantity) quantity.Quantity {
	whole := v / step * step
	if whole == v {
		return v
	}
	return whole + step // wraps to below v
}

// count writes "1 account", "2 accounts".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
