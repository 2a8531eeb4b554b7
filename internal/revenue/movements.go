package revenue

import (
	"github.com/headroomhq/headroom/internal/money"
)

// Policy holds the choices in which vendors differ. The zero Policy is the default.
type Policy struct {
	// Gross counts every line of a month on its own. By default an account's lines are
	// netted within the month: it moves once, from what it paid at the end of the month
	// before to what it pays at the end of this one.
	Gross bool
}

// Movement is how MRR came from the end of one month to the end of the next. Always
// Start + New + Expansion - Contraction - Churn + Reactivation == End; Contraction and
// Churn are not negative numbers.
type Movement struct {
	Period       Month
	Start        money.Twelfths
	New          money.Twelfths
	Expansion    money.Twelfths
	Contraction  money.Twelfths
	Churn        money.Twelfths
	Reactivation money.Twelfths
	End          money.Twelfths
	// Accounts that pay at the end of the month.
	Paying int
}

// Movements returns one item a month from one month to another, both included; months of
// zero mean the span of the data. What took effect before the first instant of the next
// month counts in a month. An account is new once: in the first month that ends with it
// paying (netted) or at its first payment (gross); after that it comes back as reactivation.
func (b *Book) Movements(from, to Month, policy Policy) ([]Movement, error) {
	from, to, err := b.Range(from, to)
	if err != nil || from > to {
		return nil, err
	}
	b.sort()
	items := make([]Movement, to-from+1)
	for i := range items {
		items[i].Period = from + Month(i)
	}
	for a := range b.names {
		b.move(items, a, from, to, policy)
	}
	for i := range items {
		m := &items[i]
		if i > 0 {
			m.Start = items[i-1].End
			m.Paying += items[i-1].Paying
		}
		m.End = m.Start + m.New + m.Expansion - m.Contraction - m.Churn + m.Reactivation
	}
	return items, nil
}

// move adds account a's movements to items. Start of the first item takes what was paid
// before it, and Paying the change in the number of paying accounts.
func (b *Book) move(items []Movement, a int, from, to Month, policy Policy) {
	var balance money.Twelfths
	paid := false
	entries := b.of(a)
	for k := 0; k < len(entries); {
		month := entries[k].month
		if month > to {
			break
		}
		opening := balance
		for ; k < len(entries) && entries[k].month == month; k++ {
			was := balance
			balance += entries[k].delta
			if policy.Gross {
				// Lines of the same instant are one change: a plan swapped for another
				// is not a churn and a return.
				for k+1 < len(entries) && entries[k+1].at == entries[k].at {
					k++
					balance += entries[k].delta
				}
				if month >= from {
					items[month-from].count(was, balance, paid)
				}
				paid = paid || balance > 0
			}
		}
		if month < from {
			paid = paid || balance > 0
			items[0].Start += balance - opening
			items[0].Paying += payingChange(opening, balance)
			continue
		}
		if !policy.Gross {
			items[month-from].count(opening, balance, paid)
		}
		paid = paid || balance > 0
		items[month-from].Paying += payingChange(opening, balance)
	}
}

func payingChange(from, to money.Twelfths) int {
	switch {
	case from <= 0 && to > 0:
		return 1
	case from > 0 && to <= 0:
		return -1
	}
	return 0
}

// count adds the movement from one MRR to another.
func (m *Movement) count(from, to money.Twelfths, paid bool) {
	switch Classify(from, to, paid) {
	case New:
		m.New += to - from
	case Expansion:
		m.Expansion += to - from
	case Contraction:
		m.Contraction += from - to
	case Churn:
		m.Churn += from - to
	case Reactivation:
		m.Reactivation += to - from
	}
}

// Movements computes the movements of ledger lines: see Book.Movements.
func Movements(lines []Line, q Query) ([]Movement, error) {
	return BookOf(lines, q.Currency, q.AsOf).Movements(q.From, q.To, q.Policy)
}
