package sheet

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/headroomhq/headroom/internal/revenue"
)

// BenchmarkMillionRows reads a million subscription rows (about 60 MB) and makes 36 months
// of movements and retention from them.
func BenchmarkMillionRows(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("id,account,started_at,ended_at,amount,interval,plan\n")
	for i := range 1_000_000 {
		y, m, d := 2018+i%3, 1+i*7%12, 1+i*13%28
		end := ""
		if i%2 == 0 {
			end = fmt.Sprintf("%d-%02d-%02d", y+1, m, d)
		}
		fmt.Fprintf(&text, "sub-%07d,account-%06d,%d-%02d-%02d,%s,%d.50,%s,plan-%d\n", i, i*31%400_000, y, m, d, end, 10+i%490, []string{"month", "year"}[i%2], i%3)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		f, err := Open(bytes.NewReader(text.Bytes()), Options{Name: "f"})
		if err != nil {
			b.Fatal(err)
		}
		book := revenue.NewBook("USD", 0)
		counts, err := f.Subscriptions(NewProblems(10), func(s *SubscriptionRow) error {
			book.AddSubscription(s.Account, s.StartedAt, s.EndedAt, s.MRR())
			return nil
		})
		if err != nil || counts.Taken != 1_000_000 {
			b.Fatal(counts, err)
		}
		if _, err := book.Movements(2018*12, 2018*12+35, revenue.Policy{}); err != nil {
			b.Fatal(err)
		}
		if _, err := book.Retention(2018*12, 2018*12+35); err != nil {
			b.Fatal(err)
		}
	}
}
