package entitlement

import (
	"math"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// grace is how a hard limit may be passed now.
type grace struct {
	applies bool              // there is one, and its time is not over
	over    bool              // there is one, and its time is over
	base    quantity.Quantity // the allowance it is in percent of
	percent int64             // 0: no bound
	until   clock.Time        // when its time is over, unset before the limit was passed or without such a bound
}

// graceOf returns the grace that given has now.
func (in *Input) graceOf(f *catalog.Feature, given *Given) grace {
	if given.Grace == nil {
		return grace{}
	}
	out := grace{applies: true, base: given.Limit, percent: given.Grace.Percent}
	if given.Grace.For == 0 || in.State == nil {
		return out
	}
	since, passed := in.State.Over[f.Key]
	if !passed || since < in.graceBegan(f, given.Per) || in.rested(f, given) {
		return out
	}
	out.until = since + clock.Time(given.Grace.For.Microseconds())
	out.over = in.Now >= out.until
	out.applies = !out.over
	return out
}

// A grace of some time is there once in a period: it runs from when usage first passes the
// limit, whether or not usage comes back in between. What has no period as a whole (a level,
// the account's life, a rolling one) has it again when usage was within the limit for as long
// as the grace is.

// graceBegan is when the period of now began that has one grace, unset for what has none.
func (in *Input) graceBegan(f *catalog.Feature, per catalog.Period) clock.Time {
	if _, rolls := per.Rolling(); rolls {
		return 0
	}
	return in.began(f, per)
}

// rested says whether usage without a period was within its limit for so long that there is a
// new grace.
func (in *Input) rested(f *catalog.Feature, given *Given) bool {
	within, is := in.State.Within[f.Key]
	return is && given.Grace != nil && in.Now-within >= clock.Time(given.Grace.For.Microseconds())
}

// passed keeps when usage went above the limit and came back; after says that usage has just changed.
func (in *Input) passed(f *catalog.Feature, givens []Given, after bool) bool {
	st := in.State
	since, over := st.Over[f.Key]
	g := greatest(givens)
	timed := g.Grace != nil && g.Grace.For > 0
	if !over && (!after || !timed) {
		return false
	}
	changed := false
	began := in.graceBegan(f, g.Per)
	if over && (since < began || timed && in.rested(f, &g)) {
		st.unpass(f.Key)
		over, changed = false, true
	}
	b := in.balance(f, givens)
	above := g.Allowed && !g.Unlimited && in.used(f, g.Per) > in.limitOf(f, &g, &b)
	_, within := st.Within[f.Key]
	switch {
	case above && !over && timed && after:
		if st.Over == nil {
			st.Over = make(map[string]clock.Time)
		}
		st.Over[f.Key] = in.Now
		return true
	case above && over && within:
		delete(st.Within, f.Key)
		return true
	case !above && over && !within && began == 0:
		if st.Within == nil {
			st.Within = make(map[string]clock.Time)
		}
		st.Within[f.Key] = in.Now
		return true
	}
	return changed
}

// unpass forgets that a limit was passed.
func (st *State) unpass(feature string) {
	delete(st.Over, feature)
	delete(st.Within, feature)
}

// highest is how far usage may go.
func (g *grace) highest(limit quantity.Quantity) quantity.Quantity {
	switch {
	case !g.applies:
		return limit
	case g.percent == 0:
		return math.MaxInt64
	}
	return limit.Add(percentOf(g.base, g.percent))
}

func (g *grace) lets(limit, need quantity.Quantity) bool {
	return g.applies && need <= g.highest(limit)
}

// left is how far above the limit usage may still go, nil when nothing bounds it or there is no grace.
func (g *grace) left(limit, taken quantity.Quantity) *quantity.Quantity {
	if !g.applies && !g.over || g.applies && g.percent == 0 {
		return nil
	}
	left := max(g.highest(limit)-max(taken, limit), 0)
	return &left
}

// shortfall is by how much the allowance would have to be higher for need to be let through:
// its grace would be higher with it.
func (g *grace) shortfall(limit, need quantity.Quantity) quantity.Quantity {
	if !g.applies {
		return need - limit
	}
	lets := func(more quantity.Quantity) bool {
		return need <= limit.Add(more).Add(percentOf(g.base.Add(more), g.percent))
	}
	low, high := quantity.Quantity(0), need-limit // not enough, and enough
	for high-low > 1 {
		if half := low + (high-low)/2; lets(half) {
			high = half
		} else {
			low = half
		}
	}
	return high
}

// overage says what being so far above a soft limit costs, in the subscription's currency;
// nil when it costs nothing or is not sold in it.
func (in *Input) overage(given *Given, above quantity.Quantity) *OverageCost {
	o := given.Overage
	if o == nil || o.Unit <= 0 {
		return nil
	}
	price, ok := in.overagePrice(o)
	if !ok {
		return nil
	}
	units := int64((max(above, 0) + o.Unit - 1) / o.Unit)
	cost := money.Minor(math.MaxInt64)
	if price.Minor == 0 || units <= math.MaxInt64/int64(price.Minor) {
		cost = money.Minor(units) * price.Minor
	}
	return &OverageCost{Unit: o.Unit, Price: price, Cost: money.Of(cost, price.Currency)}
}

// overagePrice returns what a started unit costs in the account's currency.
func (in *Input) overagePrice(o *catalog.Overage) (money.Amount, bool) {
	currency := in.Catalog.Currency
	if in.Subscription != nil && in.Subscription.Currency != "" {
		currency = in.Subscription.Currency
	}
	if currency == in.Catalog.Currency {
		return money.Of(o.Price, currency), true
	}
	price, ok := o.In[currency]
	return money.Of(price, currency), ok
}
