package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/revenue"
)

// grownBy is how much usage must have grown for a flat account to be worth a call, in
// percent; grownUnits keeps one or two more uses of a small account out.
const (
	grownBy    = 20
	grownUnits = 10 * quantity.One
)

// flat lists accounts that have paid the same for twelve months although usage grew.
func (a *analysis) flat() {
	f := &a.r.Flat
	f.Explanation = fmt.Sprintf("Pays the same at the end of each month from %s to %s, and used at least %d%% (and %s) more in the last six months than in the six before, and something in the last three.",
		a.now-12, a.now, grownBy, show(grownUnits))
	if !a.hasUsage || !a.dated {
		f.Explanation = fmt.Sprintf("Pays the same at the end of each month from %s to %s. Whether usage grew is not known: the files have no usage with dates.", a.now-12, a.now)
	}
	var sum money.Twelfths
	for _, acct := range a.paying() {
		if !a.steady(acct.key) {
			continue
		}
		f.AllFlat++
		item := FlatAccount{Who: a.who(acct), Before: sumOf(acct.total[usageMonths-12 : usageMonths-6]), After: sumOf(acct.total[usageMonths-6:])}
		item.Why = fmt.Sprintf("pays %s a month since %s or longer", a.words(acct.mrr), a.now-12)
		if a.hasUsage && a.dated {
			if item.After < item.Before+max(item.Before/100*grownBy, grownUnits) || acct.lately() == 0 {
				continue
			}
			growth := "from nothing"
			if item.Before > 0 {
				growth = fmt.Sprintf("%d%% more", (item.After - item.Before).Percent(item.Before))
			}
			item.Why += fmt.Sprintf("; used %s in six months, %s before (%s)", show(item.After), show(item.Before), growth)
		}
		f.Count++
		sum += acct.mrr
		f.Items = append(f.Items, item)
	}
	f.MRR = a.money(sum)
	slices.SortStableFunc(f.Items, func(x, y FlatAccount) int { return cmp.Compare(y.MRR.Twelfths, x.MRR.Twelfths) })
	f.Items = f.Items[:min(len(f.Items), a.o.Top)]
}

// steady says whether an account pays the same at all thirteen month ends.
func (a *analysis) steady(account string) bool {
	s := a.book.Series(account, a.now-12, a.now)
	for _, v := range s {
		if v != s[0] || v <= 0 {
			return false
		}
	}
	return true
}

// underUsing lists accounts that pay and used nothing, or less than a quarter of what the
// median account on their plan did, in the last three months.
func (a *analysis) underUsing() {
	u := &a.r.UnderUsing
	if !a.hasUsage {
		u.Explanation = "No usage file was given."
		u.MRR = a.money(0)
		return
	}
	u.Explanation = fmt.Sprintf("Pays, and used nothing or less than a quarter of what the median account on its plan used, from %s to %s. It needs help before any offer.", a.now-2, a.now)
	if !a.dated {
		u.Explanation = "Pays, and used nothing or less than a quarter of what the median account on its plan used."
	}
	var sum money.Twelfths
	for _, acct := range a.paying() {
		lately, median := acct.lately(), a.medians[acct.plan]
		if lately > 0 && lately*4 >= median {
			continue
		}
		item := UnderUsedItem{Who: a.who(acct), Usage: lately, Median: median, Last: day(acct.lastUse)}
		switch {
		case lately > 0:
			item.Why = fmt.Sprintf("used %s, the median on %s is %s", show(lately), cmp.Or(acct.plan, "its plan"), show(median))
		case acct.lastUse == 0:
			item.Why = "never used, as far as the files tell"
		default:
			item.Why = "not used since " + day(acct.lastUse)
		}
		u.Count++
		sum += acct.mrr
		u.Items = append(u.Items, item)
	}
	u.MRR = a.money(sum)
	u.Items = u.Items[:min(len(u.Items), a.o.Top)]
}

// words writes an amount for a sentence: "1,499.00 USD".
func (a *analysis) words(t money.Twelfths) string {
	return group(t.Round().Decimal(a.cur)) + " " + string(a.cur)
}

// Choices of the whitespace lists.
const (
	fewestAlike = 10 // accounts on the same plan and segment, for these to be the ones alike
	mostUse     = 60 // percent of similar accounts that use a feature
	mostMissed  = 5  // features told of one account
)

// whitespace finds what similar accounts use and this one does not: features, and plans.
func (a *analysis) whitespace() {
	w := &a.r.Whitespace
	if !a.hasUsage {
		w.Explanation = "No usage file was given."
		return
	}
	paying := a.paying()
	named := len(a.features) > 1
	w.Explanation = fmt.Sprintf("A feature is whitespace for an account that did not use it in the last 12 months when at least %d%% of similar paying accounts did. Similar is the same plan and segment where %d accounts are, otherwise the same plan.", mostUse, fewestAlike)
	if !named {
		w.Explanation = "The usage files tell no features apart, so only plans are compared."
	}
	type like struct{ plan, segment string }
	size := map[like]int{}
	users := map[like]map[int32]int{}
	all := map[int32]int{}
	using := func(acct *account, f int32) bool {
		u := a.uses[limitKey{acct.number, f}]
		return u != nil && u.year > 0
	}
	for _, acct := range paying {
		mine := []like{{acct.plan, ""}}
		if acct.row.Segment != "" {
			mine = append(mine, like{acct.plan, acct.row.Segment})
		}
		for _, l := range mine {
			if size[l]++; users[l] == nil {
				users[l] = map[int32]int{}
			}
		}
		for f := range a.features {
			if !using(acct, int32(f)) {
				continue
			}
			all[int32(f)]++
			for _, l := range mine {
				users[l][int32(f)]++
			}
		}
	}
	if named {
		for f := range a.features {
			if n := all[int32(f)]; n > 0 {
				w.Features = append(w.Features, Attach{Feature: a.featureName(int32(f)), Accounts: n, Paying: len(paying), Rate: ratio(n, len(paying))})
			}
		}
		slices.SortStableFunc(w.Features, func(x, y Attach) int {
			return cmp.Or(cmp.Compare(y.Accounts, x.Accounts), cmp.Compare(x.Feature, y.Feature))
		})
		for _, acct := range paying {
			l, who := like{acct.plan, acct.row.Segment}, fmt.Sprintf("on %s in %s", cmp.Or(acct.plan, "no plan"), acct.row.Segment)
			if size[l] < fewestAlike || acct.row.Segment == "" {
				l, who = like{acct.plan, ""}, "on "+cmp.Or(acct.plan, "no plan")
			}
			if size[l] < fewestAlike {
				continue
			}
			item := MissingItem{Who: a.who(acct), Similar: count(size[l], "account") + " " + who}
			for f := range a.features {
				if n := users[l][int32(f)]; n*100 >= mostUse*size[l] && !using(acct, int32(f)) {
					item.Features = append(item.Features, Missed{a.featureName(int32(f)), ratio(n, size[l])})
				}
			}
			if len(item.Features) == 0 {
				continue
			}
			slices.SortStableFunc(item.Features, func(x, y Missed) int {
				return cmp.Or(-cmp.Compare(x.Rate, y.Rate), cmp.Compare(x.Feature, y.Feature))
			})
			item.Features = item.Features[:min(len(item.Features), mostMissed)]
			w.AccountCount++
			w.Accounts = append(w.Accounts, item)
		}
		w.Accounts = w.Accounts[:min(len(w.Accounts), a.o.Top)]
	}
	a.planFits(paying)
}

// ratio writes part of whole with four decimals.
func ratio(part, whole int) string {
	return revenue.Rate(money.Twelfths(part), money.Twelfths(whole))
}

// planFits lists accounts that use as much as the upper quarter of the plan above theirs.
func (a *analysis) planFits(paying []*account) {
	w := &a.r.Whitespace
	by := map[string][]quantity.Quantity{}
	for _, acct := range paying {
		by[acct.plan] = append(by[acct.plan], acct.lately())
	}
	for i, rung := range w.PlanRungs {
		if i+1 == len(w.PlanRungs) || rung.Plan == "" {
			break
		}
		above := w.PlanRungs[i+1].Plan
		use := by[above]
		if len(use) < fewestAlike {
			continue
		}
		slices.Sort(use)
		quarter := use[len(use)*3/4]
		for _, acct := range paying {
			if lately := acct.lately(); acct.plan == rung.Plan && quarter > 0 && lately >= quarter {
				w.PlanCount++
				w.Plans = append(w.Plans, PlanFit{Who: a.who(acct), Above: above, Usage: lately, Theirs: quarter,
					Why: fmt.Sprintf("used %s in three months, as much as the upper quarter of %s (from %s)", show(lately), above, show(quarter))})
			}
		}
	}
	slices.SortStableFunc(w.Plans, func(x, y PlanFit) int {
		return cmp.Or(cmp.Compare(y.Usage.Percent(y.Theirs), x.Usage.Percent(x.Theirs)), cmp.Compare(x.Account, y.Account))
	})
	w.Plans = w.Plans[:min(len(w.Plans), a.o.Top)]
}
