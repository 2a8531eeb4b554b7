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

// graceOf returns the grace that given has at this usage.
func (in *Input) graceOf(f *catalog.Feature, given *Given, usage, limit quantity.Quantity) grace {
	if given.Grace == nil {
		return grace{}
	}
	out := grace{applies: true, base: given.Limit, percent: given.Grace.Percent}
	if given.Grace.For == 0 || in.State == nil || usage <= limit {
		return out
	}
	if since := in.State.Over[f.Key]; since != 0 && since >= in.began(f, given.Per) {
		out.until = since + clock.Time(given.Grace.For.Microseconds())
		out.over = in.Now >= out.until
		out.applies = !out.over
	}
	return out
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
