package signal

import (
	"fmt"
	"strconv"

	"math"
	"math/bits"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/quantity"
)

// OnUsage fires the limit rules of a feature, and those on much use of what has no limit (see much),
// and keeps what fired in st. Call it on every
// change of usage and of the limit. A rule fires when usage has risen to or above its
// share of the limit: once per period for allowances that reset; for others again after
// usage has fallen below the share; and anew once the limit itself is another. A fall of
// usage, or a change of the limit alone, never fires.
func OnUsage(st *State, in UsageChange, rules []*catalog.Signal, c Context) []Signal {
	var out []Signal
	for _, r := range rules {
		if r.State == retired || r.When.Limit != in.Feature {
			if r.When.Unlimited != "" && r.When.Unlimited == in.Feature {
				out = append(out, st.much(r, in, c)...)
			}
			continue
		}
		fired, was := st.Limits[r.Key]
		percent := in.Usage.Percent(in.Limit)
		below := in.Unlimited || in.Limit <= 0 || percent < r.When.Reaches
		// A period's allowance fires once even when usage dips and climbs again; what never
		// resets is armed by the dip, be it one that nobody told of: a rolling window falls by
		// itself, and whether somebody looks meanwhile must not matter.
		dipped := in.PeriodStart == 0 && (below || in.Before.Percent(in.Limit) < r.When.Reaches)
		again := fired.Period != in.PeriodStart || fired.Limit != in.Limit || dipped
		if was && again {
			delete(st.Limits, r.Key)
			was = false
		}
		if was || below || in.Late || in.Usage <= in.Before {
			continue
		}
		if st.Limits == nil {
			st.Limits = make(map[string]LimitFired)
		}
		st.Limits[r.Key] = LimitFired{Period: in.PeriodStart, Limit: in.Limit, Rule: r.Mark()}
		evidence := fmt.Sprintf("Used %s of %s %s", Grouped(in.Usage.String()), Grouped(in.Limit.String()), Inside(in.Title))
		data := map[string]string{
			"feature": in.Feature, "usage": in.Usage.String(), "limit": in.Limit.String(),
			"percent": strconv.FormatInt(percent, 10),
		}
		if in.ResetsAt > c.Now {
			evidence += ", " + Span(in.ResetsAt.Sub(c.Now)) + " before reset"
			data["resets_at"] = in.ResetsAt.String()
		}
		out = append(out, fire(st, r, c, c.Now, evidence, data, limitScore(in, percent, c.Now))...)
	}
	return out
}

// Quiet is a range of usage within which OnUsage would do nothing, so that it need not be
// called: for the same account, feature, limit, period and rules, and as long as nothing else
// calls OnUsage. The zero value is empty. It keeps the cost of an event apart from the number of rules.
type Quiet struct {
	low, high quantity.Quantity // low belongs to it, high does not
}

// On returns the part of the range that lies on the same side of a limit as usage does.
func (q Quiet) On(usage, limit quantity.Quantity) Quiet {
	if usage < limit {
		q.high = min(q.high, limit)
	} else {
		q.low = max(q.low, limit)
	}
	return q
}

// Holds says whether usage lies in the range.
func (q Quiet) Holds(usage quantity.Quantity) bool { return q.low <= usage && usage < q.high }

// QuietFor returns the range around in.Usage, right after OnUsage was called with the same
// arguments.
func QuietFor(st *State, in UsageChange, rules []*catalog.Signal) Quiet {
	q := Quiet{low: math.MinInt64, high: math.MaxInt64}
	for _, r := range rules {
		if r.State == retired || r.When.Limit != in.Feature || in.Unlimited || in.Limit <= 0 {
			if r.State != retired && in.Unlimited && r.When.Unlimited == in.Feature {
				q = q.below(st, r, in)
			}
			continue
		}
		least := reachesAt(in.Limit, r.When.Reaches)
		_, was := st.Limits[r.Key]
		switch {
		case was && in.PeriodStart != 0: // spent until the next period
		case was: // armed again by a fall below the share
			q.low = max(q.low, least)
		case in.Usage < least:
			q.high = min(q.high, least)
		default: // above its share without having fired: the next rise does
			q.low, q.high = max(q.low, in.Usage), min(q.high, in.Usage+1)
		}
	}
	return q
}

// reachesAt returns the least usage of which Percent(limit) is percent or more.
func reachesAt(limit quantity.Quantity, percent int64) quantity.Quantity {
	hi, lo := bits.Mul64(uint64(limit), uint64(percent))
	lo, carry := bits.Add64(lo, 99, 0)
	if hi += carry; hi >= 100 {
		return math.MaxInt64
	}
	least, _ := bits.Div64(hi, lo, 100)
	return quantity.Quantity(min(least, math.MaxInt64))
}
