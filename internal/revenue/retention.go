package revenue

import (
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// Query says which months of which ledger are asked for. From and To are both included;
// zero means the span of the data.
type Query struct {
	From, To Month
	AsOf     clock.Time // lines recorded later are not known yet; zero: all
	Currency money.Currency
	Policy   Policy
}

// Kept is what became of the MRR that a cohort paid at its start. New logos and
// reactivations are out. It is always per account and netted.
type Kept struct {
	Period      Month // the month whose end is compared with the start
	Cohort      Month // the month whose end is the start
	Start       money.Twelfths
	Expansion   money.Twelfths
	Contraction money.Twelfths
	Churn       money.Twelfths
	Accounts    int // in the cohort
	Lost        int // of them pay nothing any more
}

// NRR is (start + expansion - contraction - churn) / start with four decimals, "" when
// nothing was paid at the start.
func (k Kept) NRR() string {
	if k.Start <= 0 {
		return ""
	}
	return Rate(k.Start+k.Expansion-k.Contraction-k.Churn, k.Start)
}

// GRR is (start - contraction - churn) / start with four decimals, never above 1; "" when
// nothing was paid at the start.
func (k Kept) GRR() string {
	if k.Start <= 0 {
		return ""
	}
	return Rate(k.Start-k.Contraction-k.Churn, k.Start)
}

// compare adds an account that paid from at the start (if it did) and pays to now.
func (k *Kept) compare(from, to money.Twelfths) {
	if from <= 0 {
		return
	}
	k.Start += from
	k.Accounts++
	switch {
	case to <= 0:
		// What is below nothing is no revenue, so no more than all of it can be lost.
		k.Churn += from
		k.Lost++
	case to > from:
		k.Expansion += to - from
	default:
		k.Contraction += from - to
	}
}

// Retention returns one item a month: the accounts that paid at the end of the month
// before, compared with what they pay at the end of the month.
func (b *Book) Retention(from, to Month) ([]Kept, error) { return b.Trailing(from, to, 1) }

// Trailing returns one item a month: the accounts that paid `months` months before,
// compared with what they pay at the end of the month. Twelve gives the yearly NRR.
func (b *Book) Trailing(from, to Month, months int) ([]Kept, error) {
	from, to, err := b.Range(from, to)
	if err != nil || from > to {
		return nil, err
	}
	b.sort()
	items := make([]Kept, to-from+1)
	for i := range items {
		items[i].Period = from + Month(i)
		items[i].Cohort = items[i].Period - Month(months)
	}
	balances := make([]money.Twelfths, len(items)+months)
	for a := range b.names {
		b.fill(balances, a, from-Month(months))
		for i := range items {
			items[i].compare(balances[i], balances[i+months])
		}
	}
	return items, nil
}

// PointToPoint compares what the accounts that paid at the end of cohort pay at the end of
// at. at must be after cohort.
func (b *Book) PointToPoint(cohort, at Month) (Kept, error) {
	if at <= cohort {
		return Kept{}, fault.New(fault.Invalid, "months_reversed", "the cohort's month %s is not before %s", cohort, at).
			WithMend("give the month of the cohort first and a later one to compare it with")
	}
	k := Kept{Period: at, Cohort: cohort}
	b.Balances(cohort, at, func(v Balance) { k.compare(v.From, v.To) })
	return k, nil
}

// Retention computes monthly retention of ledger lines: see Book.Retention.
func Retention(lines []Line, q Query) ([]Kept, error) {
	return BookOf(lines, q.Currency, q.AsOf).Retention(q.From, q.To)
}
