package packaging

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Effect is what a limit would earn, under assumptions.
type Effect struct {
	Amount   string         `json:"amount" doc:"what the assumed share of them would pay more, in major units"` // major units of Currency
	Currency money.Currency `json:"currency" doc:"the catalog's"`
	Interval string         `json:"interval" doc:"month"` // month
	// Accounts have a plan to go to: Amount is what the assumed share of them would pay more.
	Accounts int `json:"accounts" doc:"squeezed accounts that have a plan above to go to"`
	// Assumptions name all that the amount rests on, a sentence each.
	Assumptions []string `json:"assumptions" doc:"all that the amount rests on, a sentence each"`
}

// weigh works out whom a limit would squeeze and what it would earn.
func (q *LimitQuestion) weigh(s Suggestion, members []Member) Candidate {
	c := Candidate{Suggestion: s, Squeezed: []Squeezed{}}
	var all []Squeezed
	var gain money.Twelfths
	var tops, foreign int
	from := map[string]bool{}
	cur := q.Catalog.Currency
	for i := range members {
		m := &members[i]
		if m.Usage <= s.Limit || !m.Unlimited && m.Limit <= s.Limit {
			continue
		}
		next := q.next(m)
		sq := Squeezed{Account: m.Account, Name: m.Name, Plan: m.Plan, Usage: m.Usage}
		from[m.Plan] = true
		switch {
		case next == nil:
			tops++
		case m.Currency != "" && m.Currency != cur:
			sq.Next = next.Key
			foreign++
		default:
			sq.Next = next.Key
			c.Revenue.Accounts++
			gain += max(monthly(next, cur)-monthly(q.Catalog.Plans[m.Plan], cur), 0)
		}
		all = append(all, sq)
	}
	slices.SortStableFunc(all, func(x, y Squeezed) int {
		return cmp.Or(cmp.Compare(y.Usage, x.Usage), cmp.Compare(x.Account, y.Account))
	})
	c.SqueezedAccounts = len(all)
	c.Squeezed = append(c.Squeezed, all[:min(len(all), mostListed)]...)
	e := &c.Revenue
	e.Amount, e.Currency, e.Interval = (gain * money.Twelfths(q.Upgrade) / 100).Round().Decimal(cur), cur, "month"
	e.Assumptions = q.assumptions(s.Limit, e.Accounts, tops, foreign, from)
	return c
}

// assumptions says in words what an effect rests on.
func (q *LimitQuestion) assumptions(limit quantity.Quantity, upgrade, tops, foreign int, from map[string]bool) []string {
	var plans []string
	for key := range from {
		plans = append(plans, titleOf(q.Catalog, key))
	}
	slices.Sort(plans)
	if len(plans) == 0 {
		return []string{fmt.Sprintf("No account that uses more than %s may do so today because of its plan: nothing changes, so nothing is earned.", limit)}
	}
	words := []string{
		fmt.Sprintf("%s becomes the limit of %s; the plans above keep what they give today.", limit, strings.Join(plans, " and ")),
		fmt.Sprintf("%d%% of the %s it squeezes that %s a plan above to go to take the nearest one that holds what they use, at list prices for one unit. The share is an assumption, not a measurement.",
			q.Upgrade, count(upgrade, "account"), has(upgrade)),
		"The others use less and pay what they pay. Nobody leaves.",
	}
	if tops > 0 {
		words = append(words, fmt.Sprintf("%s more %s no plan above to go to and count for nothing: what they would pay depends on a plan or pack that is not there yet.", count(tops, "account"), has(tops)))
	}
	if foreign > 0 {
		words = append(words, fmt.Sprintf("%s billed in another currency than %s count for nothing.", count(foreign, "account"), q.Catalog.Currency))
	}
	return words
}

func has(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

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
		if p.Above == key && !p.Retired && p.Ready != catalog.NotReady && (found == nil || p.Key < found.Key) {
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
