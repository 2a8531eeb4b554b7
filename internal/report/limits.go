package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/packaging"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/revenue"
)

// fewest is how many accounts a distribution needs before anything is read out of it.
const fewest = 20

// A distribution is cut into the fewest groups that explain so much of its variance, and into no
// more than mostGroups.
const (
	explained  = 0.9
	mostGroups = 5
)

// suggest looks at the distribution of each feature's usage on each plan: natural breaks,
// where limits would fall, and plateaus, where limits seem to be.
func (a *analysis) suggest() {
	if !a.hasUsage {
		return
	}
	features := []int32{allFeatures}
	for f := range a.features {
		features = append(features, int32(f))
	}
	if len(a.features) == 1 {
		features = features[1:] // everything added up is the same thing
	}
	type scope struct {
		feature int32
		plan    string
	}
	groups := map[scope][]*account{}
	for _, acct := range a.paying() {
		for _, f := range features {
			if u := a.uses[limitKey{acct.number, f}]; u != nil && u.peak > 0 {
				groups[scope{f, acct.plan}] = append(groups[scope{f, acct.plan}], acct)
			}
		}
	}
	for _, f := range features {
		for _, rung := range a.r.Whitespace.PlanRungs {
			if list := groups[scope{f, rung.Plan}]; len(list) >= fewest {
				a.r.Suggestions = append(a.r.Suggestions, a.suggestion(f, rung.Plan, list))
			}
		}
	}
	slices.SortStableFunc(a.r.Suggestions, func(x, y Suggestion) int {
		if all := cmp.Compare(boolRank(x.Feature == allName), boolRank(y.Feature == allName)); all != 0 {
			return all
		}
		return cmp.Or(cmp.Compare(boolRank(x.Plateau != nil), boolRank(y.Plateau != nil)), cmp.Compare(y.Accounts, x.Accounts))
	})
}

func boolRank(first bool) int {
	if first {
		return 0
	}
	return 1
}

func (a *analysis) featureName(f int32) string {
	switch {
	case f == allFeatures:
		return allName
	case a.overflow && f == maxFeatures-1:
		return "other features"
	}
	return cmp.Or(a.features[f], "usage")
}

// suggestion works out one feature on one plan from each account's highest month of the
// last twelve.
func (a *analysis) suggestion(f int32, plan string, list []*account) Suggestion {
	peaks := make([]quantity.Quantity, len(list))
	for i, acct := range list {
		peaks[i] = a.uses[limitKey{acct.number, f}].peak
	}
	values := slices.Clone(peaks)
	sample := packaging.NewSample(values) // which sorts them
	s := Suggestion{Feature: a.featureName(f), Plan: plan, Accounts: len(list), Median: values[len(values)/2], Largest: values[len(values)-1]}
	groups, fit := sample.Explaining(explained, mostGroups)
	s.Fit = revenue.Rate(money.Twelfths(fit*1e6), 1e6)
	for g, start := 0, 0; g < len(groups); g++ {
		part := values[start : start+groups[g].Size]
		s.Clusters = append(s.Clusters, Cluster{Size: len(part), Center: sumOf(part) / quantity.Quantity(len(part)), From: part[0], To: part[len(part)-1]})
		if start += len(part); start < len(values) {
			s.Limits = append(s.Limits, a.limitAt(packaging.Roundest(part[len(part)-1], values[start]), f, list))
		}
	}
	s.Plateau = plateau(values)
	s.Bins = make([]int, min(24, max(6, int(s.Largest/quantity.One))))
	for _, v := range peaks {
		bin := int(float64(v) / float64(s.Largest) * float64(len(s.Bins)))
		s.Bins[min(bin, len(s.Bins)-1)]++
	}
	switch {
	case s.Plateau != nil:
		s.Why = fmt.Sprintf("%s of %d have their highest month just under %s and %d are above it: that looks like a limit, and like usage held back by it.",
			count(s.Plateau.Accounts, "account"), len(list), s.Plateau.Value, s.Plateau.Above)
	case len(s.Limits) == 0:
		s.Why = "All accounts use about the same: no place for a limit."
	case gaps(s.Clusters) == 0:
		s.Why = fmt.Sprintf("The usage of the %s runs from %s to %s without a gap: these are the best cuts into %d groups, but none is a natural place for a limit.",
			count(len(list), "account"), show(values[0]), show(s.Largest), len(s.Clusters))
	default:
		s.Why = fmt.Sprintf("The %s fall into %d groups, %d of the breaks with a gap to the next: a limit in a gap leaves both sides untouched.",
			count(len(list), "account"), len(s.Clusters), gaps(s.Clusters))
	}
	return s
}

// gaps counts the breaks between groups that are wider than a tenth of where they lie, and
// than one unit: k-means cuts any distribution into groups, only a gap makes them real.
func gaps(list []Cluster) (n int) {
	for i := 1; i < len(list); i++ {
		if wide := list[i].From - list[i-1].To; wide > quantity.One && wide*10 > list[i-1].To {
			n++
		}
	}
	return n
}

// limitAt says whom a limit would touch.
func (a *analysis) limitAt(limit quantity.Quantity, f int32, list []*account) SuggestedLimit {
	s := SuggestedLimit{Limit: limit}
	var sum money.Twelfths
	for _, acct := range list {
		switch peak := a.uses[limitKey{acct.number, f}].peak; {
		case peak > limit:
			s.Above++
			sum += acct.mrr
		case peak.Percent(limit) >= 80:
			s.Near++
		}
	}
	s.MRR = a.money(sum)
	return s
}

// plateau finds the value under which usage bunches: at least a tenth of all accounts from
// 95% of it up to it, so many more than in the equally wide band below that chance is out
// (4.5 standard deviations, as there are thousands of places to look at), and at most a
// fifth as many in the quarter above. Usage below five is never told from chance.
func plateau(sorted []quantity.Quantity) *Plateau {
	n := len(sorted)
	if n < fewest {
		return nil
	}
	upTo := func(v quantity.Quantity) int { // how many are <= v
		i, _ := slices.BinarySearchFunc(sorted, v, func(x, v quantity.Quantity) int {
			if x <= v {
				return -1
			}
			return 1
		})
		return i
	}
	var best *Plateau
	for i := n - 1; i >= 0; i-- {
		v := sorted[i]
		if i+1 < n && sorted[i+1] == v || v < 5*quantity.One {
			continue
		}
		at, low, lower := i+1, upTo(v-v/20-1), upTo(v-v/10-2)
		band, below, above := at-low, low-lower, upTo(v+v/4)-at
		more := band - below
		if more > 0 && 4*more*more >= 81*(band+below) && band*10 >= n && above*5 <= band && (best == nil || band > best.Accounts) {
			best = &Plateau{Value: v, Accounts: band, Above: n - at}
		}
	}
	return best
}

// limitFor finds the limit of a feature for an account in the order of certainty.
func (a *analysis) limitFor(acct *account, f int32) (limit quantity.Quantity, lifetime bool, from LimitSource) {
	if v, ok := a.limits[limitKey{acct.number, f}]; ok {
		return v, false, FromColumn
	}
	if a.o.Catalog != nil && f != allFeatures {
		if v, life, ok := a.o.Catalog.Limit(acct.plan, a.features[f]); ok {
			return v, life, FromCatalog
		}
	}
	return 0, false, LimitUnknown
}

// standings lists who is near, held at, or over a limit.
func (a *analysis) standings() {
	l := &a.r.Limits
	l.Source = LimitUnknown
	if !a.hasUsage {
		l.Explanation = "No usage file was given, so nothing is known of limits. Add a file with account, feature, date and usage; a limit column makes the answer exact."
		return
	}
	plateaus, proposals := map[[2]string]quantity.Quantity{}, map[[2]string]quantity.Quantity{}
	for _, s := range a.r.Suggestions {
		key := [2]string{s.Feature, s.Plan}
		if s.Plateau != nil {
			plateaus[key] = s.Plateau.Value
		}
		if n := len(s.Limits); n > 0 && (s.Feature == allName || len(a.features) == 1) {
			proposals[key] = s.Limits[n-1].Limit
		}
	}
	known := func(acct *account, f int32) (quantity.Quantity, bool, LimitSource) { return a.limitFor(acct, f) }
	inferred := func(acct *account, f int32) (quantity.Quantity, bool, LimitSource) {
		v := plateaus[[2]string{a.featureName(f), acct.plan}]
		return v, false, FromPlateau
	}
	proposed := func(acct *account, f int32) (quantity.Quantity, bool, LimitSource) {
		v := proposals[[2]string{a.featureName(f), acct.plan}]
		return v, false, FromSuggest
	}
	switch {
	case a.stand(known):
	case len(plateaus) > 0 && a.stand(inferred):
		l.Explanation = "No limit is told by the files or a catalog. These limits are inferred: usage of many accounts on a plan bunches just under one value and hardly anyone is above it. Confirm them with --catalog or a limit column."
	case len(proposals) > 0 && a.stand(proposed):
		l.Explanation = "No limit is known: the files have no limit column, no catalog was given, and no plan's usage bunches under a value. These accounts are measured against the highest limit proposed for their plan under \"Limits to reconsider\", the last break in the accounts' monthly usage. Nobody is held back by it today: it shows who a limit there would make want more."
	default:
		l.Explanation = "No limit is known, and there is too little usage to propose one. Add a limit column to the usage file, or pass --catalog."
	}
	order := func(list []LimitStanding) []LimitStanding {
		slices.SortStableFunc(list, func(x, y LimitStanding) int {
			return cmp.Or(cmp.Compare(y.Percent, x.Percent), cmp.Compare(y.MRR.Twelfths, x.MRR.Twelfths), cmp.Compare(x.Account, y.Account), cmp.Compare(x.Feature, y.Feature))
		})
		return list[:min(len(list), a.o.Top)]
	}
	l.NearCount, l.HeldCount, l.OverCount = len(l.Near), len(l.Held), len(l.Over)
	l.Near, l.Held, l.Over = order(l.Near), order(l.Held), order(l.Over)
}

// stand measures every account against the limits that find returns, and says whether
// there were any.
func (a *analysis) stand(find func(*account, int32) (quantity.Quantity, bool, LimitSource)) bool {
	any := false
	l := &a.r.Limits
	var sources [2]int
	for _, acct := range a.order {
		for f := allFeatures; int(f) < len(a.features); f++ {
			u := a.uses[limitKey{acct.number, f}]
			if u == nil {
				continue
			}
			limit, lifetime, source := find(acct, f)
			if limit <= 0 {
				continue
			}
			any = true
			switch source {
			case FromColumn:
				sources[0]++
			case FromCatalog:
				sources[1]++
			}
			if l.Source == LimitUnknown {
				l.Source = source
			}
			a.place(acct, f, u, limit, lifetime)
		}
	}
	if sources[0] > 0 {
		l.Source = FromColumn
		l.Explanation = "Limits are those of the usage file's limit column, the latest for each account and feature."
		if sources[1] > 0 {
			l.Explanation += " Where it is empty, those of the catalog."
		}
	} else if sources[1] > 0 {
		l.Explanation = "Limits are those of the catalog, by the plan each account pays most for."
	}
	return any
}

// place puts an account into near, held or over for one limit.
func (a *analysis) place(acct *account, f int32, u *use, limit quantity.Quantity, lifetime bool) {
	now := u.recent[5]
	if lifetime {
		now = u.ever
	}
	s := LimitStanding{Who: a.who(acct), Feature: a.featureName(f), Usage: now, Limit: limit, Percent: now.Percent(limit)}
	within, beyond := 0, 0
	for _, q := range u.recent {
		switch p := q.Percent(limit); {
		case q > limit:
			beyond++
		case p >= 90:
			within++
		}
	}
	when := "in " + a.now.String()
	if lifetime {
		when = "so far"
	}
	if !a.dated || lifetime {
		within, beyond = 0, 0
		if s.Percent >= 90 && now <= limit {
			within = 3
		}
	}
	l := &a.r.Limits
	switch {
	case now > limit:
		s.Why = fmt.Sprintf("used %s of %s %s", show(now), show(limit), when)
		l.Over = append(l.Over, s)
	case s.Percent >= 80:
		s.Why = fmt.Sprintf("used %s of %s %s, %s left", show(now), show(limit), when, show(limit-now))
		l.Near = append(l.Near, s)
	}
	if within >= 3 && beyond == 0 {
		s.Why = fmt.Sprintf("between 90%% and 100%% of %s in %d of the last 6 months, never above", show(limit), within)
		if !a.dated || lifetime {
			s.Why = fmt.Sprintf("used %s of %s, just under the limit", show(now), show(limit))
		}
		l.Held = append(l.Held, s)
	}
}

// show writes a quantity for a sentence.
func show(q quantity.Quantity) string { return group(q.String()) }
