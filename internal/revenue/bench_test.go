package revenue

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
)

// BenchmarkMillionSubscriptions makes movements and retention of 36 months from a million
// subscriptions of 400,000 accounts in memory: the book and all figures, each time anew.
func BenchmarkMillionSubscriptions(b *testing.B) {
	const n, accounts = 1_000_000, 400_000
	type row struct {
		account    string
		start, end clock.Time
		mrr        money.Twelfths
	}
	r := rand.New(rand.NewSource(7))
	keys := make([]string, accounts)
	for i := range keys {
		keys[i] = fmt.Sprintf("account-%06d", i)
	}
	rows := make([]row, n)
	for i := range rows {
		start := dayAt(r.Intn(1095))
		rows[i] = row{keys[r.Intn(accounts)], start, 0, money.Twelfths(1200 * (1 + r.Intn(500)))}
		if r.Intn(2) == 0 {
			rows[i].end = start + clock.Time(r.Intn(500))*clock.Day
		}
	}
	from := Month(2018 * 12)
	b.ReportAllocs()
	for b.Loop() {
		book := NewBook("USD", 0)
		for i := range rows {
			book.AddSubscription(rows[i].account, rows[i].start, rows[i].end, rows[i].mrr)
		}
		if _, err := book.Movements(from, from+35, Policy{}); err != nil {
			b.Fatal(err)
		}
		if _, err := book.Retention(from, from+35); err != nil {
			b.Fatal(err)
		}
	}
}
