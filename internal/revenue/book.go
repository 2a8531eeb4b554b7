package revenue

import (
	"math"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// Book is the ledger of one currency in the form that sums are made from: 24 bytes a
// change, accounts as numbers. Fill it with AddLine or AddSubscription, in any order, then
// ask. It is not safe for concurrent use.
type Book struct {
	Currency money.Currency
	// AsOf leaves out lines recorded after it; zero takes all.
	AsOf clock.Time

	names   []string
	numbers map[string]int32
	entries []entry
	sorted  []change // by account, time and seq
	first   []int32  // of each account in sorted; one more at the end
}

// change is an entry in its place: sorted under its account, with its month worked out once.
type change struct {
	at    clock.Time
	delta money.Twelfths
	month Month
	seq   int32
}

type entry struct {
	at      clock.Time
	delta   money.Twelfths
	account int32
	seq     int32 // order of recording within one instant
}

// NewBook returns an empty book of one currency, as of a time of recording (zero: all).
func NewBook(currency money.Currency, asOf clock.Time) *Book {
	return &Book{Currency: currency, AsOf: asOf, numbers: map[string]int32{}}
}

// BookOf returns the book of lines.
func BookOf(lines []Line, currency money.Currency, asOf clock.Time) *Book {
	b := NewBook(currency, asOf)
	for i := range lines {
		b.AddLine(&lines[i])
	}
	return b
}

// AddLine adds a ledger line. Lines of other currencies, lines recorded after AsOf and
// lines that change nothing are left out.
func (b *Book) AddLine(l *Line) {
	if l.Currency != b.Currency || (b.AsOf != 0 && l.RecordedAt > b.AsOf) || l.Delta == 0 {
		return
	}
	b.add(entry{at: l.EffectiveAt, delta: l.Delta, account: b.number(l.Account), seq: int32(min(l.Seq, math.MaxInt32))})
}

// AddSubscription adds MRR that an account pays from started (a day) until ended, the first
// day no longer paid for; zero is open. As a file does not say when it was written down,
// AsOf leaves out what starts or ends after it.
func (b *Book) AddSubscription(account string, started, ended clock.Time, mrr money.Twelfths) {
	if mrr == 0 || (ended != 0 && ended <= started) || (b.AsOf != 0 && started > b.AsOf) {
		return
	}
	n := b.number(account)
	b.add(entry{at: started, delta: mrr, account: n})
	if ended != 0 && (b.AsOf == 0 || ended <= b.AsOf) {
		b.add(entry{at: ended, delta: -mrr, account: n})
	}
}

func (b *Book) add(e entry) {
	b.sorted = nil
	b.entries = append(b.entries, e)
}

func (b *Book) number(account string) int32 {
	n, ok := b.numbers[account]
	if !ok {
		n = int32(len(b.names))
		b.names = append(b.names, account)
		b.numbers[account] = n
	}
	return n
}

// Accounts returns how many accounts have ever had a line.
func (b *Book) Accounts() int { return len(b.names) }

// Span returns the first and the last month in which anything changes; zero months when
// nothing ever does.
func (b *Book) Span() (from, to Month) {
	if len(b.entries) == 0 {
		return 0, 0
	}
	lo, hi := b.entries[0].at, b.entries[0].at
	for i := range b.entries {
		lo, hi = min(lo, b.entries[i].at), max(hi, b.entries[i].at)
	}
	return MonthOf(lo), MonthOf(hi)
}

// Range fills in a missing from or to with the span of the data and checks the order. With
// no data and no months it returns an empty range (to before from).
func (b *Book) Range(from, to Month) (Month, Month, error) {
	lo, hi := b.Span()
	if from == 0 {
		from = lo
	}
	if to == 0 {
		to = hi
		if from > hi && from != 0 {
			to = from
		}
	}
	if from == 0 && to == 0 {
		return 1, 0, nil
	}
	if from == 0 {
		from = to
	}
	if from > to {
		return 0, 0, fault.New(fault.Invalid, "months_reversed", "from %s is after to %s", from, to).
			WithMend("give the earlier month first; both are included")
	}
	if to-from >= maxMonths {
		return 0, 0, fault.New(fault.Invalid, "months_too_many", "%s to %s is more than %d months", from, to, maxMonths).
			WithMend("ask for a shorter range")
	}
	return from, to, nil
}

// maxMonths bounds an answer: a hundred years.
const maxMonths = 1200

// sort puts the entries in order of account, time, seq, with a counting sort over accounts
// (they are dense numbers) and an insertion sort within an account (a handful of entries).
func (b *Book) sort() {
	if b.sorted != nil {
		return
	}
	first := make([]int32, len(b.names)+1)
	for i := range b.entries {
		first[b.entries[i].account+1]++
	}
	for i := 1; i < len(first); i++ {
		first[i] += first[i-1]
	}
	sorted := make([]change, len(b.entries))
	next := append([]int32(nil), first...)
	for _, e := range b.entries {
		sorted[next[e.account]] = change{at: e.at, delta: e.delta, month: MonthOf(e.at), seq: e.seq}
		next[e.account]++
	}
	for a := range b.names {
		sortEntries(sorted[first[a]:first[a+1]])
	}
	b.sorted, b.first = sorted, first
}

// of returns the sorted changes of account number a.
func (b *Book) of(a int) []change { return b.sorted[b.first[a]:b.first[a+1]] }

// Balance is what one account pays at the end of two months.
type Balance struct {
	Account  string
	From, To money.Twelfths
}

// Balances calls each with every account that pays at the end of one or the other month,
// in order of first appearance.
func (b *Book) Balances(from, to Month, each func(Balance)) {
	b.sort()
	fromEnd, toEnd := from.End(), to.End()
	for a, name := range b.names {
		v := Balance{Account: name}
		for _, e := range b.of(a) {
			if e.at < fromEnd {
				v.From += e.delta
			}
			if e.at < toEnd {
				v.To += e.delta
			}
		}
		if v.From != 0 || v.To != 0 {
			each(v)
		}
	}
}

// Series returns what an account pays at the end of each month from one to another.
func (b *Book) Series(account string, from, to Month) []money.Twelfths {
	b.sort()
	out := make([]money.Twelfths, max(0, int(to-from)+1))
	n, ok := b.numbers[account]
	if !ok {
		return out
	}
	b.fill(out, int(n), from)
	return out
}

// fill sets out[i] to the balance of account a at the end of month from+i.
func (b *Book) fill(out []money.Twelfths, a int, from Month) {
	var sum money.Twelfths
	entries, k := b.of(a), 0
	for i := range out {
		for k < len(entries) && entries[k].month <= from+Month(i) {
			sum += entries[k].delta
			k++
		}
		out[i] = sum
	}
}
