package revenue

import (
	"fmt"
	"math/rand"
	"reflect"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"pgregory.net/rapid"
)

// paid is a subscription in a random ledger.
type paid struct {
	account    string
	start, end int // days; end 0 is open
	mrr        money.Twelfths
}

var epoch = time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)

func dayAt(n int) clock.Time { return clock.At(epoch.AddDate(0, 0, n)) }

func drawPaid(t *rapid.T) []paid {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) paid {
		p := paid{
			account: fmt.Sprintf("acct%d", rapid.IntRange(0, 5).Draw(t, "account")),
			start:   rapid.IntRange(0, 500).Draw(t, "start"),
			mrr:     money.Twelfths(rapid.Int64Range(1, 5000).Draw(t, "mrr")),
		}
		if rapid.Bool().Draw(t, "ends") {
			p.end = p.start + rapid.IntRange(0, 200).Draw(t, "days")
		}
		return p
	}), 0, 40).Draw(t, "subscriptions")
}

func fillBook(list []paid) *Book {
	b := NewBook("USD", 0)
	for _, p := range list {
		end := clock.Time(0)
		if p.end != 0 {
			end = dayAt(p.end)
		}
		b.AddSubscription(p.account, dayAt(p.start), end, p.mrr)
	}
	return b
}

// naive is the definition itself: for each account and month end, the sum of what runs on
// the month's last day, found day by day.
func naive(list []paid, account string, y int, m time.Month) money.Twelfths {
	last := int(time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Sub(epoch).Hours() / 24)
	var sum money.Twelfths
	for _, p := range list {
		if p.account == account && p.start <= last && (p.end == 0 || p.end > last) {
			sum += p.mrr
		}
	}
	return sum
}

// TestFiguresAreWhatTheDefinitionSays recomputes everything from the definition.
func TestFiguresAreWhatTheDefinitionSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawPaid(t)
		b := fillBook(list)
		from := Month(2018 * 12)
		const months = 26
		moves, err := b.Movements(from, from+months-1, Policy{})
		if err != nil {
			t.Fatal(err)
		}
		kept, err := b.Retention(from, from+months-1)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for i := range months {
			want := Movement{Period: from + Month(i)}
			var back Kept
			for a := range 6 {
				account := fmt.Sprintf("acct%d", a)
				was := naive(list, account, 2018, time.Month(i)) // month i counts from 1: the month before
				is := naive(list, account, 2018, time.Month(i+1))
				if i == 0 {
					was = 0
				}
				want.Start += was
				want.End += is
				if is > 0 {
					want.Paying++
				}
				switch {
				case was == 0 && is > 0 && seen[account]:
					want.Reactivation += is
				case was == 0 && is > 0:
					want.New += is
				case was > 0 && is == 0:
					want.Churn += was
					back.Churn += was
				case is > was:
					want.Expansion += is - was
					back.Expansion += is - was
				default:
					want.Contraction += was - is
					back.Contraction += was - is
				}
				seen[account] = seen[account] || is > 0
			}
			if moves[i] != want {
				t.Fatalf("%s:\ngot  %+v\nwant %+v", want.Period, moves[i], want)
			}
			k := kept[i]
			if k.Start != want.Start || k.Churn != back.Churn || k.Expansion != back.Expansion || k.Contraction != back.Contraction {
				t.Fatalf("%s: kept %+v, want start %d and %+v", want.Period, k, want.Start, back)
			}
		}
	})
}

func TestWhatAlwaysHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawPaid(t)
		b := fillBook(list)
		for _, policy := range []Policy{{}, {Gross: true}} {
			moves, err := b.Movements(0, 0, policy)
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range moves {
				if m.Start+m.New+m.Expansion-m.Contraction-m.Churn+m.Reactivation != m.End {
					t.Fatalf("%+v does not add up", m)
				}
				if i > 0 && m.Start != moves[i-1].End {
					t.Fatalf("%s starts with %d, the month before ended with %d", m.Period, m.Start, moves[i-1].End)
				}
				for _, part := range []money.Twelfths{m.New, m.Expansion, m.Contraction, m.Churn, m.Reactivation, m.End} {
					if part < 0 {
						t.Fatalf("%+v has a negative part", m)
					}
				}
			}
		}
		trailing, err := b.Trailing(0, 0, 12)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range trailing {
			if k.Contraction+k.Churn > k.Start {
				t.Fatalf("GRR below zero: %+v", k)
			}
			if k.Start > 0 && k.GRR() > "1.0000" {
				t.Fatalf("GRR %s is above 1", k.GRR())
			}
			if k.Start > 0 {
				point, err := b.PointToPoint(k.Cohort, k.Period)
				if err != nil || point != k {
					t.Fatalf("trailing %+v, point to point %+v, %v", k, point, err)
				}
			}
		}
	})
}

func TestTheOrderOfRowsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawPaid(t)
		other := append([]paid(nil), list...)
		rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed"))).Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
		for _, policy := range []Policy{{}, {Gross: true}} {
			x, err1 := fillBook(list).Movements(0, 0, policy)
			y, err2 := fillBook(other).Movements(0, 0, policy)
			if err1 != nil || err2 != nil || !reflect.DeepEqual(x, y) {
				t.Fatalf("%+v\n%+v", x, y)
			}
		}
	})
}

// TestAnOldReportCanBeMadeAgain grows a ledger line by line and asks, at the end, for every
// figure as of every moment: it is what was answered then.
func TestAnOldReportCanBeMadeAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		standing := map[string]Standing{}
		var lines []Line
		var moments []clock.Time
		var answers [][]Movement
		now := dayAt(400)
		from := Month(2018 * 12)
		for range rapid.IntRange(1, 15).Draw(t, "changes") {
			now += clock.Time(rapid.Int64Range(1, int64(40*clock.Day)).Draw(t, "later"))
			account := fmt.Sprintf("acct%d", rapid.IntRange(0, 2).Draw(t, "account"))
			more, next, err := standing[account].Append(Change{
				Account: account, MRR: money.Twelfths(rapid.Int64Range(0, 5).Draw(t, "mrr") * 100), Currency: "USD",
				EffectiveAt: now - clock.Time(rapid.Int64Range(0, 300).Draw(t, "back"))*clock.Day, RecordedAt: now,
			})
			if err != nil {
				t.Fatal(err)
			}
			standing[account] = next
			lines = append(lines, more...)
			answer, err := Movements(lines, Query{From: from, To: from + 40, Currency: "USD"})
			if err != nil {
				t.Fatal(err)
			}
			moments, answers = append(moments, now), append(answers, answer)
		}
		for i, moment := range moments {
			again, err := Movements(lines, Query{From: from, To: from + 40, Currency: "USD", AsOf: moment})
			if err != nil || !reflect.DeepEqual(again, answers[i]) {
				t.Fatalf("as of %s:\ngot  %+v\nwant %+v", moment, again, answers[i])
			}
		}
	})
}
