package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/sheet"
)

// usageMonths is how far back usage is looked at, a month to an element of account.total;
// the last element is the report's month.
const usageMonths = 24

// allFeatures is the number of everything added up, and allName what lists call it.
const (
	allFeatures int32 = -1
	allName           = "all features"
)

// use is the usage of one feature by one account.
type use struct {
	ever   quantity.Quantity    // up to the end of the report's month
	year   quantity.Quantity    // in the last twelve months
	peak   quantity.Quantity    // of a month among the last twelve
	recent [6]quantity.Quantity // the last six months, the report's month last
}

// analysis is a report in the making.
type analysis struct {
	*data
	book    *revenue.Book
	cur     money.Currency
	now     revenue.Month // the last complete month
	r       *Report
	uses    map[limitKey]*use
	medians map[string]quantity.Quantity // of a plan's paying accounts, three months
}

// Make reads the files and computes the report. It fails when a file cannot be read, its
// kind is asked for and a column is missing, or there are no subscriptions; everything else
// that is odd is told in the report.
func Make(files []File, o Options) (*Report, error) {
	o.Top, o.Keep = cmp.Or(o.Top, 25), cmp.Or(o.Keep, 100)
	d, err := gather(files, o)
	if err != nil {
		return nil, err
	}
	a := &analysis{data: d, r: &Report{Title: cmp.Or(o.Title, "Headroom report"), Files: d.files}, uses: map[limitKey]*use{}}
	if err := a.settle(); err != nil {
		return nil, err
	}
	a.weighUsage()
	if err := a.revenue(); err != nil {
		return nil, err
	}
	a.changes()
	a.planSummary()
	a.suggest()
	a.standings()
	a.flat()
	a.underUsing()
	a.whitespace()
	a.crossCheck()
	a.r.Oddities = d.problems.Groups()
	a.advise()
	a.r.empty()
	return a.r, nil
}

// empty makes lists without rows [] in JSON, never null.
func (r *Report) empty() {
	none(&r.First)
	none(&r.Expanding)
	none(&r.Contracting)
	none(&r.Lost)
	none(&r.Limits.Near)
	none(&r.Limits.Held)
	none(&r.Limits.Over)
	none(&r.Flat.Items)
	none(&r.UnderUsing.Items)
	none(&r.Whitespace.Features)
	none(&r.Whitespace.Accounts)
	none(&r.Whitespace.Plans)
	none(&r.Whitespace.PlanRungs)
	none(&r.Suggestions)
	none(&r.Oddities)
	none(&r.Notes)
}

func none[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

// settle picks the currency and the month that is "now".
func (a *analysis) settle() error {
	currencies := slices.SortedFunc(maps.Keys(a.rows), func(x, y money.Currency) int {
		return cmp.Or(cmp.Compare(a.rows[y], a.rows[x]), cmp.Compare(x, y))
	})
	if len(currencies) == 0 {
		var first string
		if g := a.problems.Groups(); len(g) > 0 {
			p := g[0].First[0]
			first = fmt.Sprintf("; %s, row %d, column %s, value %q: %s", p.File, p.Row, p.Column, p.Value, p.Why)
		}
		return fault.New(fault.Invalid, "rows_all_bad", "no subscription row can be used%s", first).
			WithMend("mend the column, or say how to read it in a mapping file (--map)")
	}
	a.cur = cmp.Or(a.o.Currency, currencies[0])
	if a.book = a.books[a.cur]; a.book == nil {
		return fault.New(fault.Invalid, "currency_absent", "no subscription is in %s", a.cur).WithMend("the files have %v", currencies)
	}
	if len(currencies) > 1 {
		a.note("The files have several currencies (%v). All money here is %s alone, %d of the rows; nothing is converted. Ask for another with --currency.", currencies, a.cur, a.rows[a.cur])
	}
	if len(a.assumed) > 0 {
		a.note("%s: no column names the currency, so %s is assumed. If it is another, say so in a mapping file: currency: {constant: EUR}.", strings.Join(a.assumed, ", "), sheet.DefaultCurrency)
	}
	a.tellLeftOut()
	if a.o.AsOf != 0 {
		a.until = a.o.AsOf
	} else {
		a.untilEnds()
	}
	a.now = revenue.MonthOf(a.until)
	if from, _ := a.book.Span(); a.until+clock.Day < a.now.End() && a.now > from {
		a.note("The data ends on %s, so %s is not complete and is left out: \"now\" is the end of %s.", day(a.until), a.now, a.now-1)
		a.now--
	}
	a.r.Currency, a.r.Until, a.r.Period = a.cur, day(a.until), a.now
	return nil
}

// tellLeftOut says how many rows of subscriptions the MRR lacks.
func (a *analysis) tellLeftOut() {
	var all sheet.Counts
	for _, f := range a.files {
		if f.Kind == sheet.Subscriptions {
			all.Rows, all.Bad = all.Rows+f.Counts.Rows, all.Bad+f.Counts.Bad
		}
	}
	if all.Bad > 0 {
		a.r.Headline.LeftOut = fmt.Sprintf("%s of %s of subscriptions left out", group(fmt.Sprint(all.Bad)), count(int(all.Rows), "row"))
	}
}

// reach is how far after the newest start or usage an end still counts as something that
// happened; later ones are terms of contracts, known in advance.
const reach = 62 * clock.Day

// untilEnds moves the end of the data to the newest end of a subscription that has happened,
// and tells of those that have not.
func (a *analysis) untilEnds() {
	begun, later := a.until, 0
	for _, end := range a.ends {
		switch {
		case end > begun+reach || (a.o.Today != 0 && end > a.o.Today):
			later++
		default:
			a.until = max(a.until, end)
		}
	}
	if later > 0 {
		a.note("%s after the data ends (%s): they are known in advance and are not counted yet. If the data reaches further, give its last day with --as-of.",
			count(later, "subscription end"), day(a.until))
	}
}

func (a *analysis) note(format string, args ...any) {
	a.r.Notes = append(a.r.Notes, fmt.Sprintf(format, args...))
}

// weighUsage sorts usage by account and feature, and gives each account its MRR and plan.
func (a *analysis) weighUsage() {
	first := a.now - usageMonths + 1
	for _, acct := range a.order {
		acct.total = make([]quantity.Quantity, usageMonths)
		acct.mrr, acct.plan = a.standing(acct)
	}
	for k, q := range a.usage {
		month := k.month
		if month == 0 {
			month = a.now
		}
		if month > a.now {
			continue
		}
		a.useOf(k.account, k.feature).add(q, month, a.now)
		if month >= first {
			t := a.order[k.account].total
			t[month-first] = t[month-first].Add(q)
		}
		a.useOf(k.account, allFeatures).ever += q
	}
	for _, acct := range a.order {
		u := a.uses[limitKey{acct.number, allFeatures}]
		if u == nil {
			continue
		}
		for i, q := range acct.total[usageMonths-12:] {
			u.year, u.peak = u.year.Add(q), max(u.peak, q)
			if i >= 6 {
				u.recent[i-6] = q
			}
		}
	}
}

func (a *analysis) useOf(account, feature int32) *use {
	k := limitKey{account, feature}
	u := a.uses[k]
	if u == nil {
		u = &use{}
		a.uses[k] = u
	}
	return u
}

func (u *use) add(q quantity.Quantity, month, now revenue.Month) {
	u.ever = u.ever.Add(q)
	back := int(now - month)
	if back < 12 {
		u.year, u.peak = u.year.Add(q), max(u.peak, q)
	}
	if back < 6 {
		u.recent[5-back] = u.recent[5-back].Add(q)
	}
}

// standing returns what an account pays at the end of the report's month and the plan it
// pays most for; an account that pays nothing has the plan its row says.
func (a *analysis) standing(acct *account) (money.Twelfths, string) {
	end := a.now.End()
	by := map[string]money.Twelfths{}
	var sum money.Twelfths
	for i := range acct.held {
		if h := &acct.held[i]; h.runs(end-1) && h.currency == a.cur {
			sum += h.mrr
			by[h.plan] += h.mrr
		}
	}
	best := ""
	for plan, mrr := range by {
		if plan != "" && mrr > 0 && (best == "" || mrr > by[best] || (mrr == by[best] && plan < best)) {
			best = plan
		}
	}
	return sum, cmp.Or(best, acct.row.Plan)
}

// runs says whether the subscription is paid for at t.
func (h *held) runs(t clock.Time) bool { return h.start <= t && (h.end == 0 || h.end > t) }

func (a *analysis) money(t money.Twelfths) Money { return Money{t, a.cur} }

func (a *analysis) who(acct *account) Who {
	return Who{Account: acct.key, Name: acct.row.Name, Plan: acct.plan, Segment: acct.row.Segment, MRR: a.money(acct.mrr)}
}

// paying lists the accounts that pay now, the largest first.
func (a *analysis) paying() []*account {
	var out []*account
	for _, acct := range a.order {
		if acct.mrr > 0 {
			out = append(out, acct)
		}
	}
	slices.SortStableFunc(out, byMRR)
	return out
}

func byMRR(x, y *account) int {
	return cmp.Or(cmp.Compare(y.mrr, x.mrr), cmp.Compare(x.key, y.key))
}

// revenue fills in movements, retention and the headline.
func (a *analysis) revenue() (err error) {
	from, _ := a.book.Span()
	if from == 0 || from > a.now {
		from = a.now
	}
	r := a.r
	if r.movements, err = a.book.Movements(from, a.now, revenue.Policy{}); err != nil {
		return err
	}
	if r.retention, err = a.book.Retention(from, a.now); err != nil {
		return err
	}
	if r.trailing, err = a.book.Trailing(from, a.now, 12); err != nil {
		return err
	}
	r.Movements = revenue.Document(a.cur, r.movements, revenue.Policy{}).Items
	kept := revenue.KeptDocument(a.cur, r.retention)
	r.Retention, r.Policies = kept.Items, kept.Policies
	r.Trailing = revenue.KeptDocument(a.cur, r.trailing).Items
	r.Policies = append([]string{revenue.Policy{}.Words()[0]}, r.Policies...)
	last := r.movements[len(r.movements)-1]
	h := &r.Headline
	h.MRR, h.ARR, h.Paying, h.Net = a.money(last.End), a.money(last.End*12), last.Paying, a.money(last.End-last.Start)
	if last.Paying > 0 {
		h.ARPA = a.money(last.End / money.Twelfths(last.Paying))
	} else {
		h.ARPA = a.money(0)
	}
	h.NRR, h.GRR = r.Trailing[len(r.Trailing)-1].NRR, r.Trailing[len(r.Trailing)-1].GRR
	h.MonthNRR, h.MonthGRR = r.Retention[len(r.Retention)-1].NRR, r.Retention[len(r.Retention)-1].GRR
	return nil
}

// changes lists whose MRR moved most over the last twelve months.
func (a *analysis) changes() {
	var up, down, lost []Change
	a.book.Balances(a.now-12, a.now, func(v revenue.Balance) {
		if v.From <= 0 || v.From == v.To {
			return
		}
		acct := a.accounts[v.Account]
		c := Change{Who: a.who(acct), From: a.money(v.From), To: a.money(v.To), Change: a.money(v.To - v.From)}
		c.Why = a.explain(acct)
		switch {
		case v.To <= 0:
			lost = append(lost, c)
		case v.To > v.From:
			up = append(up, c)
		default:
			down = append(down, c)
		}
	})
	order := func(list []Change) []Change {
		slices.SortStableFunc(list, func(x, y Change) int {
			return cmp.Or(cmp.Compare(abs(y.Change.Twelfths), abs(x.Change.Twelfths)), cmp.Compare(x.Account, y.Account))
		})
		return list[:min(len(list), a.o.Top)]
	}
	a.r.Expanding, a.r.Contracting, a.r.Lost = order(up), order(down), order(lost)
}

func abs(t money.Twelfths) money.Twelfths { return max(t, -t) }

// explain says what happened to an account's subscriptions over the last twelve months.
func (a *analysis) explain(acct *account) string {
	from, to := (a.now - 12).End(), a.now.End()
	begun, ended, running := 0, 0, 0
	for i := range acct.held {
		h := &acct.held[i]
		if h.mrr == 0 || h.currency != a.cur || h.end == h.start {
			continue
		}
		if h.start >= from && h.start < to {
			begun++
		}
		if h.end != 0 && h.end >= from && h.end < to {
			ended++
		}
		if h.runs(to - 1) {
			running++
		}
	}
	return fmt.Sprintf("%s begun, %s ended, %d running", count(begun, "subscription"), count(ended, "subscription"), running)
}

// planSummary lists the plans, the dearest last, and the median usage on each.
func (a *analysis) planSummary() {
	by := map[string][]*account{}
	for _, acct := range a.paying() {
		by[acct.plan] = append(by[acct.plan], acct)
	}
	a.medians = map[string]quantity.Quantity{}
	for plan, list := range by {
		s := PlanSummary{Plan: plan, Accounts: len(list)}
		var sum money.Twelfths
		var use []quantity.Quantity
		for _, acct := range list {
			sum += acct.mrr
			use = append(use, acct.lately())
		}
		slices.Sort(use)
		s.MRR, s.ARPA, s.Usage = a.money(sum), a.money(sum/money.Twelfths(len(list))), use[len(use)/2]
		a.medians[plan] = s.Usage
		a.r.Whitespace.PlanRungs = append(a.r.Whitespace.PlanRungs, s)
	}
	price := a.unitPrices()
	slices.SortFunc(a.r.Whitespace.PlanRungs, func(x, y PlanSummary) int {
		return cmp.Or(cmp.Compare(price[x.Plan], price[y.Plan]), cmp.Compare(x.ARPA.Twelfths, y.ARPA.Twelfths), cmp.Compare(x.Plan, y.Plan))
	})
}

// unitPrices returns the median MRR of one unit (a seat, where quantities are given) of
// each plan: what tells a higher plan from a lower one.
func (a *analysis) unitPrices() map[string]money.Twelfths {
	by := map[string][]money.Twelfths{}
	for _, acct := range a.order {
		for i := range acct.held {
			if h := &acct.held[i]; h.mrr > 0 && h.currency == a.cur && h.kind == sheet.Recurring {
				by[h.plan] = append(by[h.plan], h.mrr/money.Twelfths(max(h.quantity, 1)))
			}
		}
	}
	out := map[string]money.Twelfths{}
	for plan, list := range by {
		slices.Sort(list)
		out[plan] = list[len(list)/2]
	}
	return out
}

// lately is the usage of the last three months.
func (acct *account) lately() quantity.Quantity {
	return sumOf(acct.total[usageMonths-3:])
}

func sumOf(list []quantity.Quantity) (sum quantity.Quantity) {
	for _, q := range list {
		sum = sum.Add(q)
	}
	return sum
}

// count writes "1 row", "2 rows", "12,345 rows".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return group(fmt.Sprint(n)) + " " + what + "s"
}

// group puts commas between thousands of a plain decimal.
func group(s string) string {
	sign := ""
	if len(s) > 0 && s[0] == '-' {
		sign, s = "-", s[1:]
	}
	whole, frac := s, ""
	for i := range s {
		if s[i] == '.' {
			whole, frac = s[:i], s[i:]
			break
		}
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + frac
}
