package packaging

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Effect is what a limit would earn or give away, under assumptions.
type Effect struct {
	Amount   string         `json:"amount" doc:"what the assumed share of the accounts would pay more, below zero for a limit that loosens, in major units"` // major units of Currency
	Currency money.Currency `json:"currency" doc:"the catalog's"`
	Interval string         `json:"interval" doc:"month"` // month
	// Accounts have a plan to go to: Amount is what the assumed share of them would pay more.
	Accounts int `json:"accounts" doc:"accounts that the amount is about: squeezed ones that have a plan above to go to, or those above that would fit below"`
	// Assumptions name all that the amount rests on, a sentence each.
	Assumptions []string `json:"assumptions" doc:"all that the amount rests on, a sentence each"`
}

// Change is what a limit does to what its plan gives today.
type Change string

// What a limit does.
const (
	Tightens Change = "tightens"
	Loosens  Change = "loosens"
	Unmoved  Change = "none"
)

// weigh works out what a limit of one plan would do: whom it would squeeze and what that would
// earn, or what it would give away.
func (q *LimitQuestion) weigh(s Suggestion, members []Member) Candidate {
	c := Candidate{Suggestion: s, Squeezed: []Squeezed{}, Fitting: []Squeezed{}, Change: Unmoved}
	e := &c.Revenue
	e.Amount, e.Currency, e.Interval = money.Twelfths(0).Round().Decimal(q.Catalog.Currency), q.Catalog.Currency, "month"
	plan := q.planFor(s.Limit)
	if plan == nil {
		e.Assumptions = []string{"The catalog has no plan that could have this limit."}
		return c
	}
	c.Plan = plan.Key
	today := plan.Entitlements[q.Feature.Key]
	switch {
	case today != nil && today.Unlimited:
		c.TodayUnlimited, c.Change = true, Tightens
	default:
		limit := quantity.Quantity(0)
		if today != nil {
			limit = today.Limit
		}
		if limit > 0 {
			c.Today = &limit
		}
		if s.Limit < limit {
			c.Change = Tightens
		} else if s.Limit > limit {
			c.Change = Loosens
		}
	}
	c.Highest = PlanAbove(q.Catalog, plan.Key) == nil
	switch c.Change {
	case Tightens:
		q.tighten(&c, plan, members)
	case Loosens:
		q.loosen(&c, plan, members)
	default:
		e.Assumptions = []string{fmt.Sprintf("%s is the limit of %s today: nothing changes.", s.Limit, titleOf(q.Catalog, plan.Key))}
	}
	return c
}

// planFor returns the plan that a limit is weighed for: the one asked about, else the one whose
// limit today is the nearest at or above it, else the one with the greatest limit below it, else
// the lowest that has no limit, else the lowest of all. Of several the lowest; nil where no plan is sold.
func (q *LimitQuestion) planFor(limit quantity.Quantity) *catalog.Plan {
	if q.Plan != "" {
		return q.Catalog.Plans[q.Plan]
	}
	var above, below, endless, any *catalog.Plan
	of := func(p *catalog.Plan) quantity.Quantity { return p.Entitlements[q.Feature.Key].Limit }
	for _, p := range q.Catalog.PlansInOrder() {
		if !sold(p) {
			continue
		}
		any = cmp.Or(any, p)
		switch e := p.Entitlements[q.Feature.Key]; {
		case e == nil:
		case e.Unlimited:
			endless = cmp.Or(endless, p)
		case e.Limit >= limit && e.Limit > 0:
			if above == nil || e.Limit < of(above) {
				above = p
			}
		case e.Limit > 0:
			if below == nil || e.Limit > of(below) {
				below = p
			}
		}
	}
	return cmp.Or(above, below, endless, any)
}

// tighten says whom a limit below today's squeezes, and what it would earn.
func (q *LimitQuestion) tighten(c *Candidate, plan *catalog.Plan, members []Member) {
	var all []Squeezed
	var gain money.Twelfths
	var tops, foreign, kept int
	cur := q.Catalog.Currency
	for i := range members {
		m := &members[i]
		limit := times(c.Limit, m.Times)
		if m.Plan != plan.Key || m.Usage <= limit || !m.Unlimited && m.Limit <= limit {
			continue // fits, or is held to less already
		}
		if m.Kept || m.Usage <= limit.Add(m.Extra) {
			kept++
			continue
		}
		next := q.next(m)
		sq := Squeezed{Account: m.Account, Name: m.Name, Plan: m.Plan, Usage: m.Usage}
		switch {
		case next == nil:
			tops++
		case m.Currency != "" && m.Currency != cur:
			sq.Next = next.Key
			foreign++
		default:
			sq.Next = next.Key
			c.Revenue.Accounts++
			gain += max(monthly(next, cur)-monthly(plan, cur), 0)
		}
		all = append(all, sq)
	}
	c.SqueezedAccounts, c.Squeezed = len(all), mostUsing(all)
	e := &c.Revenue
	e.Amount = (gain * money.Twelfths(q.Upgrade) / 100).Round().Decimal(cur)
	title := titleOf(q.Catalog, plan.Key)
	say := func(format string, args ...any) { e.Assumptions = append(e.Assumptions, fmt.Sprintf(format, args...)) }
	say("%s; all other plans keep what they give today.", q.becomes(c, title))
	switch {
	case c.Highest:
		say("%s is the highest plan: there is nowhere to go from it, so a tighter limit earns nothing and only takes away. A plan above it, or a pack that adds to it, comes first.", title)
	case len(all) == 0:
		say("Nobody on %s who may use more than %s does: nobody is squeezed, so nothing is earned.", title, c.Limit)
	default:
		say("%d%% of the %s it squeezes that %s a plan above to go to take the nearest one that holds what they use, at list prices for one unit. The share is an assumption, not a measurement.",
			q.Upgrade, count(e.Accounts, "account"), has(e.Accounts))
		say("The others use less and pay what they pay. Nobody leaves.")
	}
	if tops > 0 && !c.Highest {
		say("%s more %s no plan above to go to that holds what they use and count for nothing: what they would pay depends on a plan or pack that is not there yet.", count(tops, "account"), has(tops))
	}
	if foreign > 0 {
		say("%s billed in another currency than %s count for nothing.", count(foreign, "account"), cur)
	}
	if kept > 0 {
		say("%s that %s: an add-on, a grant, a trial, an override or an earlier version of the plan holds it.", count(kept, "account"), verb(kept, "uses more keeps what it uses", "use more keep what they use"))
	}
}

// loosen says what a limit above today's would give away: who is on a plan above for it alone.
func (q *LimitQuestion) loosen(c *Candidate, plan *catalog.Plan, members []Member) {
	var all []Squeezed
	var loss money.Twelfths
	var foreign int
	cur := q.Catalog.Currency
	today := quantity.Quantity(0)
	if c.Today != nil {
		today = *c.Today
	}
	for i := range members {
		m := &members[i]
		switch {
		case m.Plan == plan.Key:
			if !m.Kept && !m.Unlimited && today > 0 && m.Usage >= nearFrom(m.Limit) {
				c.RelievedAccounts++
			}
			continue
		case m.Usage <= today || m.Usage > c.Limit:
			continue
		}
		// Who is further up than this usage asks for is there for something else.
		needs := q.next(&Member{Plan: plan.Key, Usage: m.Usage})
		if needs == nil || needs.Key != m.Plan {
			continue
		}
		all = append(all, Squeezed{Account: m.Account, Name: m.Name, Plan: m.Plan, Usage: m.Usage, Next: plan.Key})
		if m.Currency != "" && m.Currency != cur {
			foreign++
			continue
		}
		c.Revenue.Accounts++
		loss += max(monthly(needs, cur)-monthly(plan, cur), 0)
	}
	c.FittingAccounts, c.Fitting = len(all), mostUsing(all)
	e := &c.Revenue
	title := titleOf(q.Catalog, plan.Key)
	say := func(format string, args ...any) { e.Assumptions = append(e.Assumptions, fmt.Sprintf(format, args...)) }
	say("%s; all other plans keep what they give today. It loosens: nobody is squeezed, and it earns nothing by itself.", q.becomes(c, title))
	switch {
	case c.Highest:
		say("%s is the highest plan: there is nowhere to go from it, so a looser limit gives no upgrade away, and earns none.", title)
	case len(all) == 0:
		say("Nobody is on a plan above for what %s would then hold: no revenue is at risk.", title)
	default:
		e.Amount = (-loss * money.Twelfths(q.Upgrade) / 100).Round().Decimal(cur)
		say("At risk: %s on the plan above %s more than %s gives today and would fit into it. %d%% of them step down to it, at list prices for one unit. The share is an assumption, not a measurement; if all did, it would be %s %s a month.",
			count(len(all), "account"), verb(len(all), "uses", "use"), title, q.Upgrade, (-loss).Round().Decimal(cur), cur)
	}
	if c.RelievedAccounts > 0 && !c.Highest {
		say("%s on %s %s %d%% or more of what it may today and would no longer need to upgrade; nothing is counted for that.", count(c.RelievedAccounts, "account"), title, verb(c.RelievedAccounts, "uses", "use"), NearPercent)
	}
	if foreign > 0 {
		say("%s billed in another currency than %s count for nothing.", count(foreign, "account"), cur)
	}
}

// becomes says which limit becomes which.
func (q *LimitQuestion) becomes(c *Candidate, title string) string {
	switch {
	case c.TodayUnlimited:
		return fmt.Sprintf("%s becomes the limit of %s, which has none today", c.Limit, title)
	case c.Today == nil:
		return fmt.Sprintf("%s becomes the limit of %s, which does not give it today", c.Limit, title)
	}
	return fmt.Sprintf("%s becomes the limit of %s instead of %s", c.Limit, title, *c.Today)
}

// mostUsing returns those that use most.
func mostUsing(all []Squeezed) []Squeezed {
	slices.SortStableFunc(all, func(x, y Squeezed) int {
		return cmp.Or(cmp.Compare(y.Usage, x.Usage), cmp.Compare(x.Account, y.Account))
	})
	return append([]Squeezed{}, all[:min(len(all), mostListed)]...)
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// times returns n of a limit, one where n is below.
func times(limit quantity.Quantity, n int64) quantity.Quantity {
	if n > 1 && limit > math.MaxInt64/quantity.Quantity(n) {
		return math.MaxInt64
	}
	return limit * quantity.Quantity(max(n, 1))
}

func has(n int) string { return verb(n, "has", "have") }

func titleOf(c *catalog.Catalog, plan string) string {
	if p := c.Plans[plan]; p != nil {
		return cmp.Or(p.Title, plan)
	}
	return cmp.Or(plan, "no plan")
}

// next returns the nearest plan above a member's that is sold and gives what it uses; nil when there is
// none.
func (q *LimitQuestion) next(m *Member) *catalog.Plan {
	at := m.Plan
	for range len(q.Catalog.Plans) { // which ends even where plans stood above each other
		above := PlanAbove(q.Catalog, at)
		if above == nil {
			return nil
		}
		if e := above.Entitlements[q.Feature.Key]; e != nil && (e.Unlimited || e.Limit >= m.Usage) {
			return above
		}
		at = above.Key
	}
	return nil
}

// PlanAbove returns the plan just above a plan that is still sold, of several the first by key;
// nil when it is the highest.
func PlanAbove(c *catalog.Catalog, key string) *catalog.Plan {
	var found *catalog.Plan
	for _, p := range c.Plans {
		if p.Above == key && sold(p) && (found == nil || p.Key < found.Key) {
			found = p
		}
	}
	return found
}

// monthly returns a plan's list price a month for one unit, a year's divided by twelve where it
// is only sold by the year; zero when it has no price in the currency.
func monthly(p *catalog.Plan, c money.Currency) money.Twelfths {
	if p == nil {
		return 0
	}
	if price, ok := p.Price.Month.Cost(c, 1); ok {
		return money.Monthly(price)
	}
	price, _ := p.Price.Year.Cost(c, 1)
	return money.Yearly(price)
}
