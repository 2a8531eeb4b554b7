package revenue

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"pgregory.net/rapid"
)

func at(t testing.TB, s string) clock.Time {
	t.Helper()
	if s == "" {
		return 0
	}
	v, err := clock.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func month(t testing.TB, s string) Month {
	t.Helper()
	m, err := ParseMonth(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sub is a subscription as a test writes it; amounts are whole dollars a month.
type sub struct {
	account, start, end string
	dollars             int64
}

func bookOf(t testing.TB, subs []sub) *Book {
	b := NewBook("USD", 0)
	for _, s := range subs {
		b.AddSubscription(s.account, at(t, s.start), at(t, s.end), money.Monthly(money.Minor(s.dollars*100)))
	}
	return b
}

func TestAMonthOfMovements(t *testing.T) {
	cases := []struct {
		name   string
		subs   []sub
		month  string
		policy Policy
		want   MovementItem
	}{
		{"a first payment is new", []sub{{"a", "2019-04-10", "", 100}}, "2019-04", Policy{},
			MovementItem{Start: "0.00", New: "100.00", End: "100.00"}},
		{"it counts in the month of its first day, also on the first", []sub{{"a", "2019-04-01", "", 100}}, "2019-03", Policy{},
			MovementItem{Start: "0.00", End: "0.00"}},
		{"the first day no longer paid for is churn in its month", []sub{{"a", "2019-01-01", "2019-04-01", 100}}, "2019-04", Policy{},
			MovementItem{Start: "100.00", Churn: "100.00", End: "0.00"}},
		{"paid to the last day of the month is still paid in it", []sub{{"a", "2019-01-01", "2019-05-01", 100}}, "2019-04", Policy{},
			MovementItem{Start: "100.00", End: "100.00"}},
		{"a second subscription of the account is expansion", []sub{{"a", "2019-01-01", "", 100}, {"a", "2019-04-30", "", 50}}, "2019-04", Policy{},
			MovementItem{Start: "100.00", Expansion: "50.00", End: "150.00"}},
		{"one of two ending is contraction", []sub{{"a", "2019-01-01", "", 100}, {"a", "2019-01-01", "2019-04-02", 50}}, "2019-04", Policy{},
			MovementItem{Start: "150.00", Contraction: "50.00", End: "100.00"}},
		{"swapping a plan for a dearer one is expansion, not churn and new", []sub{{"a", "2019-01-01", "2019-04-15", 100}, {"a", "2019-04-15", "", 130}}, "2019-04", Policy{},
			MovementItem{Start: "100.00", Expansion: "30.00", End: "130.00"}},
		{"a gap within the month is netted away", []sub{{"a", "2019-01-01", "2019-04-05", 100}, {"a", "2019-04-20", "", 80}}, "2019-04", Policy{},
			MovementItem{Start: "100.00", Contraction: "20.00", End: "80.00"}},
		{"gross, a gap within the month is churn and reactivation", []sub{{"a", "2019-01-01", "2019-04-05", 100}, {"a", "2019-04-20", "", 80}}, "2019-04", Policy{Gross: true},
			MovementItem{Start: "100.00", Churn: "100.00", Reactivation: "80.00", End: "80.00"}},
		{"gross, a plan swapped on one day is one change", []sub{{"a", "2019-01-01", "2019-04-15", 100}, {"a", "2019-04-15", "", 130}}, "2019-04", Policy{Gross: true},
			MovementItem{Start: "100.00", Expansion: "30.00", End: "130.00"}},
		{"back after paying nothing is reactivation", []sub{{"a", "2018-01-01", "2018-06-01", 100}, {"a", "2019-04-03", "", 70}}, "2019-04", Policy{},
			MovementItem{Start: "0.00", Reactivation: "70.00", End: "70.00"}},
		{"what never reaches a month's end is netted away, and the next payment is new", []sub{{"a", "2018-01-02", "2018-01-20", 100}, {"a", "2019-04-03", "", 70}}, "2019-04", Policy{},
			MovementItem{Start: "0.00", New: "70.00", End: "70.00"}},
		{"what starts and ends on one day is nothing", []sub{{"a", "2019-04-03", "2019-04-03", 70}}, "2019-04", Policy{},
			MovementItem{Start: "0.00", End: "0.00"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := month(t, c.month)
			items, err := bookOf(t, c.subs).Movements(m, m, c.policy)
			if err != nil {
				t.Fatal(err)
			}
			got := Document("USD", items, c.policy).Items[0]
			want := c.want
			want.Period = c.month
			for _, s := range []*string{&want.New, &want.Expansion, &want.Contraction, &want.Churn, &want.Reactivation} {
				if *s == "" {
					*s = "0.00"
				}
			}
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestRetentionLeavesNewAndReturningOut(t *testing.T) {
	b := bookOf(t, []sub{
		{"grows", "2018-01-01", "", 100}, {"grows", "2019-02-01", "", 40},
		{"shrinks", "2018-01-01", "2019-03-01", 100}, {"shrinks", "2019-03-01", "", 70},
		{"leaves", "2018-01-01", "2019-05-01", 100},
		{"comes back", "2018-01-01", "2018-02-01", 100}, {"comes back", "2019-06-01", "", 100},
		{"new", "2019-06-01", "", 1000},
		{"leaves and returns", "2018-01-01", "2019-01-01", 100}, {"leaves and returns", "2019-08-01", "", 100},
	})
	kept, err := b.PointToPoint(month(t, "2018-12"), month(t, "2019-12"))
	if err != nil {
		t.Fatal(err)
	}
	// Start 400: grows 100 to 140, shrinks 100 to 70, leaves 100 to 0, and 100 to 100.
	got := KeptDocument("USD", []Kept{kept}).Items[0]
	if got.Start != "400.00" || got.Expansion != "40.00" || got.Contraction != "30.00" || got.Churn != "100.00" || *got.NRR != "0.7750" || *got.GRR != "0.6750" {
		t.Errorf("got %+v, NRR %s, GRR %s", got, *got.NRR, *got.GRR)
	}
}

func TestNRRIsNullWhenNobodyPaid(t *testing.T) {
	b := bookOf(t, []sub{{"a", "2019-04-01", "", 100}})
	items, err := b.Retention(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(KeptDocument("USD", items).Items[0])
	want := `{"period":"2019-04","cohort":"2019-03","start":"0.00","expansion":"0.00","contraction":"0.00","churn":"0.00","nrr":null,"grr":null}`
	if string(text) != want {
		t.Errorf("got %s", text)
	}
}

func TestRatesAreRoundedHalfAwayFromZero(t *testing.T) {
	for _, c := range []struct {
		name        string
		part, whole money.Twelfths
		want        string
	}{
		{"exact", 10432, 10000, "1.0432"},
		{"a half goes up", 100005, 1000000, "0.1000"}, // 0.100005: below a half of the fourth decimal
		{"exactly half", 100050, 1000000, "0.1001"},
		{"a negative half goes down", -100050, 1000000, "-0.1001"},
		{"nothing", 0, 3, "0.0000"},
		{"a third", 1, 3, "0.3333"},
		{"two thirds", 2, 3, "0.6667"},
		{"large numbers stay exact", 9_000_000_000_000_000_001, 9_000_000_000_000_000_000, "1.0000"},
		{"a tiny negative is no minus zero", -1, 1_000_000, "0.0000"},
	} {
		if got := Rate(c.part, c.whole); got != c.want {
			t.Errorf("%s: Rate(%d, %d) = %s, want %s", c.name, c.part, c.whole, got, c.want)
		}
	}
}

func TestAsOfLeavesOutWhatWasRecordedLater(t *testing.T) {
	jan, feb := at(t, "2020-01-10"), at(t, "2020-02-20")
	lines := []Line{
		{Account: "a", Seq: 1, EffectiveAt: jan, RecordedAt: jan, Delta: 1200, MRR: 1200, Currency: "USD"},
		// On 20 February somebody finds that January was 600 twelfths too high.
		{Account: "a", Seq: 2, EffectiveAt: jan, RecordedAt: feb, Delta: -600, MRR: 600, Currency: "USD"},
	}
	for _, c := range []struct {
		name string
		asOf clock.Time
		want money.Twelfths
	}{{"as it was known on the day before", feb - 1, 1200}, {"as it is known since", feb, 600}, {"as known now", 0, 600}} {
		items, err := Movements(lines, Query{Currency: "USD", AsOf: c.asOf})
		if err != nil || len(items) != 1 || items[0].New != c.want || items[0].End != c.want {
			t.Errorf("%s: %+v, %v", c.name, items, err)
		}
	}
}

func TestTheLedgerLineFollowsTheStanding(t *testing.T) {
	var s Standing
	var lines []Line
	step := func(mrr money.Twelfths, cur money.Currency) {
		t.Helper()
		more, next, err := s.Append(Change{Account: "a", MRR: mrr, Currency: cur, EffectiveAt: at(t, "2020-01-01"), Source: "subscription"})
		if err != nil {
			t.Fatal(err)
		}
		lines, s = append(lines, more...), next
	}
	step(0, "USD") // a trial: no line
	step(1200, "USD")
	step(1200, "USD")
	step(2400, "USD")
	step(600, "USD")
	step(0, "USD")
	step(1200, "USD")
	step(1200, "EUR")
	var got []string
	for i, l := range lines {
		got = append(got, fmt.Sprintf("%d %s %d %d %s", l.Seq, l.Currency, l.Delta, l.MRR, l.Movement))
		if l.Seq != int64(i+1) {
			t.Errorf("line %d has seq %d", i, l.Seq)
		}
	}
	want := "[1 USD 1200 1200 new 2 USD 1200 2400 expansion 3 USD -1800 600 contraction 4 USD -600 0 churn 5 USD 1200 1200 reactivation 6 USD -1200 0 churn 7 EUR 1200 1200 reactivation]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v", got)
	}
	rand.New(rand.NewSource(1)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	if StandingOf(lines) != s {
		t.Errorf("StandingOf(lines) = %+v, want %+v", StandingOf(lines), s)
	}
	if _, _, err := s.Append(Change{Account: "a", MRR: -1, Currency: "EUR"}); fault.CodeOf(err) != "mrr_negative" {
		t.Errorf("a negative MRR: %v", err)
	}
}

func TestMonthsAskedForAreChecked(t *testing.T) {
	b := bookOf(t, []sub{{"a", "2019-04-01", "2019-06-01", 100}})
	for _, c := range []struct {
		name, from, to, code string
		items                int
	}{
		{"all months in the data", "", "", "", 3},
		{"both ends are included", "2019-04", "2019-05", "", 2},
		{"months before and after the data are there, with zeros or the balance", "2019-01", "2019-12", "", 12},
		{"from after the data", "2030-01", "", "", 1},
		{"reversed", "2019-06", "2019-04", "months_reversed", 0},
		{"a thousand years", "1019-06", "2019-04", "months_too_many", 0},
	} {
		var from, to Month
		if c.from != "" {
			from = month(t, c.from)
		}
		if c.to != "" {
			to = month(t, c.to)
		}
		items, err := b.Movements(from, to, Policy{})
		if len(items) != c.items || (c.code != "") != (err != nil) || (err != nil && fault.CodeOf(err) != c.code) {
			t.Errorf("%s: %d items, %v", c.name, len(items), err)
		}
	}
	for _, bad := range []string{"", "2019", "2019-13", "2019-1", "19-01", "2019-01-01", "x"} {
		if _, err := ParseMonth(bad); fault.CodeOf(err) != "month_invalid" {
			t.Errorf("ParseMonth(%q): %v", bad, err)
		}
	}
	empty, err := NewBook("USD", 0).Movements(0, 0, Policy{})
	if err != nil || len(empty) != 0 {
		t.Errorf("an empty book: %v, %v", empty, err)
	}
}

func TestMonthsAgreeWithTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := clock.Time(rapid.Int64Range(-5e16, 2e17).Draw(t, "time"))
		if v == 0 {
			return
		}
		if got, want := MonthOf(v).String(), v.Std().Format("2006-01"); got != want {
			t.Fatalf("MonthOf(%s) = %s", want, got)
		}
		if m := MonthOf(v); v < m.Start() || v >= m.End() {
			t.Fatalf("%s is outside %s", v, m)
		}
	})
}
