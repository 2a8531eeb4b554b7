package signal

import (
	"fmt"
	"math"
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/quantity"
)

// much fires a rule on much use of a feature without a limit, as usage rises above an amount: once
// a month; of a level, again after it has fallen to the amount. in is the usage of the month.
func (st *State) much(r *catalog.Signal, in UsageChange, c Context) []Signal {
	if r.State == retired {
		return nil
	}
	fired, was := st.Limits[r.Key]
	above := in.Unlimited && in.Usage > r.When.Above
	if was && (fired.Period != in.PeriodStart || in.PeriodStart == 0 && (!above || in.Before <= r.When.Above)) {
		delete(st.Limits, r.Key)
		was = false
	}
	if was || !above || in.Late || in.Usage <= in.Before {
		return nil
	}
	put(&st.Limits, r.Key, LimitFired{Period: in.PeriodStart, Rule: r.Mark()})
	words := "Uses "
	if in.PeriodStart != 0 {
		words = "Used "
	}
	words += Grouped(in.Usage.String()) + " " + Inside(in.Title)
	if in.PeriodStart != 0 {
		words += " this month"
	}
	percent := in.Usage.Percent(r.When.Above)
	data := map[string]string{"feature": in.Feature, "usage": in.Usage.String(), "above": r.When.Above.String()}
	return fire(st, r, c, c.Now, fmt.Sprintf("%s without a limit, more than %s", words, Grouped(r.When.Above.String())), data, []Part{
		{Name: "how much", Points: 50, Why: strconv.FormatInt(percent, 10) + "% of what the rule calls much"},
		{Name: "how pressing", Points: 5, Why: "nothing stops it"},
	})
}

// below narrows the range for a rule on what has no limit.
func (q Quiet) below(st *State, r *catalog.Signal, in UsageChange) Quiet {
	_, was := st.Limits[r.Key]
	switch {
	case was && in.PeriodStart != 0: // spent until the next month
	case was: // armed again by a fall to the amount
		q.low = max(q.low, r.When.Above+1)
	case in.Usage <= r.When.Above:
		q.high = min(q.high, above(r.When.Above))
	default: // above it without having fired: the next rise does
		q.low, q.high = max(q.low, in.Usage), min(q.high, in.Usage+1)
	}
	return q
}

// above is the least usage that is more than an amount.
func above(amount quantity.Quantity) quantity.Quantity {
	if amount == math.MaxInt64 {
		return amount
	}
	return amount + 1
}
