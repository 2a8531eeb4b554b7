package signal

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// parts are sums of a stream over the equal parts of a window, the newest of them. They
// take the place of single times where those would be many.
type parts struct {
	span  time.Duration // of the window; parts of a stream are found by it
	first int64         // number of the part of the first fact that was added
	last  int64         // number of the newest part; the number of a part is its start divided by its width
	sums  []quantity.Quantity
}

// How many parts a window has. The window of a total slides by one part: it is up to a
// sixtieth shorter than said, and never longer. A rate compares two windows.
const (
	totalParts = 60
	rateParts  = 7
)

// width is how long one part is.
func width(span time.Duration, perWindow int) clock.Time {
	return max(clock.Time(span.Microseconds())/clock.Time(perWindow), 1)
}

// partAt returns the number of the part that a time lies in.
func partAt(t, width clock.Time) int64 {
	n := int64(t / width)
	if t%width < 0 {
		n--
	}
	return n
}

// partsOf returns the parts for a length of window, nil when there are none; all are ordered
// by it.
func partsOf(all []parts, span time.Duration) *parts {
	if i, ok := findSpan(all, span); ok {
		return &all[i]
	}
	return nil
}

func findSpan(all []parts, span time.Duration) (int, bool) {
	return slices.BinarySearchFunc(all, span, func(p parts, span time.Duration) int { return cmp.Compare(p.span, span) })
}

// partsFor is partsOf, made when they are not there.
func partsFor(all *[]parts, span time.Duration) *parts {
	i, ok := findSpan(*all, span)
	if !ok {
		*all = slices.Insert(*all, i, parts{span: span})
	}
	return &(*all)[i]
}

// add puts an amount into part n, of keep that are kept. What is older than those is left out.
func (p *parts) add(n int64, keep int, amount quantity.Quantity) {
	switch {
	case p.sums == nil:
		p.sums = make([]quantity.Quantity, keep)
		p.first, p.last = n, n
	case n > p.last:
		for i := max(p.last+1, n-int64(keep)+1); i <= n; i++ {
			*p.at(i) = 0
		}
		p.last = n
	case n <= p.last-int64(keep):
		return
	}
	p.first = min(p.first, n)
	*p.at(n) = p.at(n).Add(amount)
}

// at returns the sum of part n, which must be one of those kept.
func (p *parts) at(n int64) *quantity.Quantity {
	i := n % int64(len(p.sums))
	if i < 0 {
		i += int64(len(p.sums))
	}
	return &p.sums[i]
}

// sum adds up the parts from and to, both included. Those after the newest are empty, and
// those no longer kept are left out.
func (p *parts) sum(from, to int64) quantity.Quantity {
	var total quantity.Quantity
	for n := max(from, p.last-int64(len(p.sums))+1); n <= min(to, p.last); n++ {
		total = total.Add(*p.at(n))
	}
	return total
}

// oldest returns the number of the oldest part from, or after it, that is not empty.
func (p *parts) oldest(from int64) int64 {
	for n := from; n < p.last; n++ {
		if *p.at(n) != 0 {
			return n
		}
	}
	return p.last
}

// atLeastPercent says whether a is percent of b or more; neither is below nothing.
func atLeastPercent(a, b quantity.Quantity, percent int64) bool {
	ahi, alo := bits.Mul64(uint64(a), 100)
	bhi, blo := bits.Mul64(uint64(b), uint64(percent))
	return ahi > bhi || ahi == bhi && alo >= blo
}

// atMostPercent says whether a is percent of b or less; neither is below nothing.
func atMostPercent(a, b quantity.Quantity, percent int64) bool {
	ahi, alo := bits.Mul64(uint64(a), 100)
	bhi, blo := bits.Mul64(uint64(b), uint64(percent))
	return ahi < bhi || ahi == bhi && alo <= blo
}
