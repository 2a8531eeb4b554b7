package packaging

import (
	"fmt"
	"math"
	"slices"

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
	Limit quantity.Quantity `json:"limit" doc:"the limit"`
	// AccountsAbove use more than Limit, AccountsNear from 80% of it up to it.
	AccountsAbove int `json:"accounts_above" doc:"how many use more"`
	AccountsNear  int `json:"accounts_near" doc:"how many use from 80% of it up to it"`
	// InGap: no account uses about as much, so that nobody is just above or just below.
	InGap bool `json:"in_gap" doc:"nobody uses about as much, so that both sides are left untouched"`
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
	case k == 0 && !slices.ContainsFunc(d.Breaks, func(b quantity.Quantity) bool { return s.Suggestion(b).InGap }):
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
	out := Suggestion{Limit: limit, AccountsAbove: s.Above(limit), AccountsNear: s.AtMost(limit) - s.AtMost(nearFrom(limit)-1)}
	if i := s.AtMost(limit); i > 0 && i < s.Accounts() {
		out.InGap = gap(s.rank(i), s.rank(i+1))
	}
	return out
}

// rank returns the usage of the nth account, counted from 1 by usage.
func (s *Sample) rank(n int) quantity.Quantity {
	i, _ := slices.BinarySearch(s.upTo, n)
	return s.values[i]
}

// gap says whether the space between two amounts is wider than a tenth of where it lies and
// than one unit: any distribution can be cut into clusters, only a gap makes them groups.
func gap(low, high quantity.Quantity) bool {
	return high-low > quantity.One && high-low > low/10
}

// nearFrom returns the least usage that is near a limit.
func nearFrom(limit quantity.Quantity) quantity.Quantity {
	whole, rest := limit/100, limit%100
	return whole*NearPercent + (rest*NearPercent+99)/100
}

// beside returns a limit people can remember that parts amounts up to low from those from high
// on. Where the gap between them holds none, it may be up to a tenth off the middle.
func beside(low, high quantity.Quantity) quantity.Quantity {
	inside := Roundest(low, high)
	middle := low + (high-low)/2
	if about := Roundest(middle-middle/10, middle+middle/10+1); rough(inside) > 3 && rough(about) < rough(inside) {
		return about
	}
	return inside
}

// rough says how hard a number is to remember: 2 for each digit without leading and trailing
// zeros, 1 less when the last of them is a 5. 100 is 2, 25 is 3, 120 is 4.
func rough(q quantity.Quantity) (n int) {
	for q != 0 && q%10 == 0 {
		q /= 10
	}
	if q%10 == 5 {
		n--
	}
	for ; q != 0; q /= 10 {
		n += 2
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
