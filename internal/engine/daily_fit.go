package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// The review of plans: once a month what was used in the month before is held against the plans
// of the family. A lower one fits when a tenth of its limits would still be free, a higher one
// when a limit of the account's own plan was used up or passed.

// lastMonth is what an account used in its last month, for rules on plan fit.
type lastMonth struct {
	End  clock.Time                   `json:"end"`
	Used map[string]quantity.Quantity `json:"used"` // by meter; those used in it
}

// periodOver tells the rules on periods that a window of a meter is over.
func (s *State) periodOver(a *Account, key string, p meter.Closed, c *catalog.Catalog) {
	fits := false
	for _, r := range c.SignalsDaily() {
		fits = fits || r.When.Fit != ""
		f := c.Features[r.When.Held]
		if f == nil || f.Meter != key {
			continue
		}
		given, limit := entitlement.Standing(a.Input(c, s.Now), f.Key)
		if given.Per == p.Per {
			in := signal.PeriodUse{Feature: f.Key, Title: f.Title, Start: p.Start, End: p.End, Usage: p.Value, Limit: limit}
			s.fired(a, signal.OnHeld(&a.Signals, r, in, s.context(a, "", c)), c)
		}
	}
	if !fits {
		a.Month = nil
	} else if p.Per == catalog.Month {
		if a.Month == nil || a.Month.End != p.End {
			a.Month = &lastMonth{End: p.End, Used: map[string]quantity.Quantity{}}
		}
		a.Month.Used[key] = max(p.Value, 0)
		a.cold = nil
	}
}

// fitUse is a counted feature and what was used of it.
type fitUse struct {
	*catalog.Feature
	used quantity.Quantity
	per  catalog.Period // that used is of
	own  entitlement.Given
}

// notKnown is the period of what the month does not tell: used is 0, and means nothing.
const notKnown catalog.Period = "?"

// whole says whether used is all that was used in the time that plans are held against: a month, or
// the whole life. Of a year that is not over it is only what was used so far.
func (u *fitUse) whole() bool { return u.per == catalog.Month || u.per == catalog.Lifetime }

// planFit reviews the account's plan, on the first look of its month; nil on others, and while
// there is no full month with one plan to review.
func (l *look) planFit() *signal.Fit {
	month := l.a.calendar(l.c).Of(catalog.Monthly, l.State.Now)
	if l.fit == nil && l.firstSince(month.Start) {
		before := l.a.calendar(l.c).Of(catalog.Monthly, month.Start-1)
		l.fit = &signal.Fit{}
		if sub := &l.a.Subscription; sub.Status == subscription.Active && sub.ChangedAt <= before.Start && sub.StartsAt <= before.Start {
			*l.fit = l.review(before)
		}
	}
	return l.fit
}

// review finds the plan of the family that fits what was used in a month, if it is another than the
// account's own.
func (l *look) review(month subscription.Period) signal.Fit {
	sub, c := &l.a.Subscription, l.c
	out := signal.Fit{Month: month.Start}
	own := c.PlanOf(sub.Plan, sub.PlanVersion)
	if own == nil {
		return out
	}
	uses := l.monthOf(month)
	price, sold := subscription.PriceFor(own.Price, sub.Interval).Cost(sub.Currency, max(sub.Quantity, 1))
	if !sold {
		return out
	}
	full := slices.ContainsFunc(uses, func(u fitUse) bool { return !u.own.Unlimited && u.own.Limit > 0 && u.used >= u.own.Limit })
	holds := l.a.eligible()
	var best *catalog.Plan
	var costs money.Minor
	for _, p := range c.PlansInOrder() {
		if p.Family != own.Family || p.Key == own.Key || p.Retired || p.Ready == catalog.NotReady || p.Eligible != nil && !holds(p.Eligible) {
			continue
		}
		cost, sold := subscription.PriceFor(p.Price, sub.Interval).Cost(sub.Currency, max(sub.Quantity, 1))
		if !sold || full != (cost > price) || cost == price || best != nil && costs <= cost || !l.fits(p, uses, full) {
			continue
		}
		best, costs = p, cost
	}
	if best == nil {
		return out
	}
	out.Plan, out.Title, out.Higher = best.Key, best.Title, full
	l.tellFit(&out, best, uses, costs, price, month)
	return out
}

// monthOf is what was used in a month of each counted feature that the account has, the fullest
// first.
func (l *look) monthOf(month subscription.Period) []fitUse {
	a, c := l.a, l.c
	var out []fitUse
	for _, p := range a.paidFor(c, l.State.Now) {
		u := fitUse{Feature: p.Feature, per: catalog.Month, own: entitlement.GivenOf(c, &a.Subscription, p.Key)}
		switch m := c.Meters[p.Meter]; {
		case m.Aggregate == catalog.Level, u.own.Per == catalog.Lifetime:
			u.per, u.used = catalog.Lifetime, p.used
		case u.own.Per == catalog.Year:
			u.per, u.used = catalog.Year, p.used
		case u.own.Per != catalog.Month:
			u.per = notKnown
		case a.Month != nil && a.Month.End > month.End-clock.Day && a.Month.End <= month.End+clock.Day:
			u.used = a.Month.Used[p.Meter]
		}
		out = append(out, u)
	}
	slices.SortStableFunc(out, func(x, y fitUse) int { return cmp.Compare(y.percent(), x.percent()) })
	return out
}

func (u *fitUse) percent() int64 {
	if u.own.Unlimited || u.own.Limit <= 0 {
		return 0
	}
	return u.used.Percent(u.own.Limit)
}

// fits says whether a plan in the place of the account's would have held what was used: more of it
// for a higher plan, with a tenth to spare for a lower one. Where the month does not tell what was
// used, the plan must give as much as the account has.
func (l *look) fits(p *catalog.Plan, uses []fitUse, higher bool) bool {
	sub := l.a.Subscription
	sub.Plan, sub.PlanVersion = p.Key, 0
	for _, u := range uses {
		given := entitlement.GivenOf(l.c, &sub, u.Key)
		switch {
		case given.Unlimited || u.whole() && u.used <= 0:
		case !given.Allowed, given.Limit <= 0:
			return false
		case !u.whole() || given.Per != u.per: // of days, weeks and years the month does not tell
			if u.own.Unlimited || given.Per != u.own.Per || given.Limit < u.own.Limit || higher && given.Limit <= u.used {
				return false
			}
		case higher && given.Limit <= u.used, !higher && u.used.Percent(given.Limit) > 90:
			return false
		}
	}
	return true
}

// tellFit says in words what was used and what the other plan would hold and cost.
func (l *look) tellFit(out *signal.Fit, best *catalog.Plan, uses []fitUse, costs, price money.Minor, month subscription.Period) {
	sub := l.a.Subscription
	next := sub
	next.Plan, next.PlanVersion = best.Key, 0
	name := month.Start.Std().In(l.zone).Format("January")
	var used, room []string
	inMonth := -1 // the last that was used in the month
	for i := range uses {
		u := &uses[i]
		if len(used) == 2 || i > 0 && u.used <= 0 || u.own.Unlimited || u.per == notKnown {
			continue
		}
		given := entitlement.GivenOf(l.c, &next, u.Key)
		limit := signal.Grouped(given.Limit.String())
		if given.Unlimited {
			limit = "any number"
		}
		words := signal.Grouped(u.used.String()) + " of " + signal.Grouped(u.own.Limit.String()) + " " + signal.Inside(u.Title)
		if u.whole() {
			inMonth = len(used)
		} else {
			words += " this year"
		}
		used = append(used, words)
		room = append(room, limit)
		out.Gap = max(out.Gap, u.percent())
	}
	if !out.Higher {
		out.Gap = 100 - min(out.Gap, 100)
	}
	was, is := money.Of(price, sub.Currency), money.Of(costs, sub.Currency)
	out.Words = fmt.Sprintf("%s, which has room for %s, costs %s a %s instead of %s", best.Title, strings.Join(room, " and "), offer.Words(is), sub.Interval, offer.Words(was))
	if inMonth >= 0 {
		used[inMonth] += " in " + name
	}
	if len(used) > 0 {
		out.Words = "Used " + strings.Join(used, " and ") + ": " + out.Words
	} else { // nothing that is counted is known
		out.Words = best.Title + " costs " + offer.Words(is) + " a " + string(sub.Interval) + " instead of " + offer.Words(was)
	}
	if lost := l.lost(&next); !out.Higher && len(lost) > 0 {
		out.Words += "; it lacks " + strings.Join(lost, ", ")
	}
	out.Data = map[string]string{"plan": sub.Plan, "plan_fit": best.Key, "month": month.Start.String(), "price": offer.Words(is)}
	if len(uses) > 0 {
		out.Data["feature"] = uses[0].Key
	}
}

// lost lists the features by title, at most three, that are not counted and that the account has
// and would not have.
func (l *look) lost(next *subscription.Subscription) []string {
	var out []string
	for _, key := range sortedFeatures(l.c) {
		f := l.c.Features[key]
		if f.Counted() || len(out) == 3 {
			continue
		}
		if entitlement.GivenOf(l.c, &l.a.Subscription, key).Allowed && !entitlement.GivenOf(l.c, next, key).Allowed {
			out = append(out, f.Title)
		}
	}
	return out
}

// valueOver tells the rules on price against value of a line of the ledger.
func (s *State) valueOver(a *Account, line *ValueLine, c *catalog.Catalog) {
	for _, r := range c.SignalsDaily() {
		if r.When.Value != line.Metric {
			continue
		}
		in := signal.Worth{Metric: line.Metric, Title: line.Metric, Month: line.Start, State: line.State, Low: line.Low / 100, High: line.High / 100}
		if m := c.Value[line.Metric]; m != nil && m.Title != "" {
			in.Title = m.Title
		}
		if line.Share >= 0 {
			in.Percent = signal.PercentWords(line.Share)
		}
		s.fired(a, signal.OnValue(&a.Signals, r, in, s.context(a, "", c)), c)
	}
}
