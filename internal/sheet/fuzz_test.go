package sheet

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// FuzzRead throws any bytes at the reader as each kind of file: it never panics, every row
// is either taken or reported, and what is taken holds what it promises.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"account,started_at,ended_at,amount\na,2019-04-01,,100\n",
		"id;account;started_at;ended_at;amount;currency\r\n1;\"a\n\"\"\";2019-04-01;2019-05-01;1.000,5;EUR\r\n",
		`{"account":"a","started_at":"2019-04-01","amount":5}` + "\n{bad\n[1]\n",
		"account,feature,usage,limit,date\na,x,1e3,NaN,2020-01\n",
		"account_id,name,seats,is_trial\na,A,3,True\na\n",
		"account\taccount\n\"\t\"\"\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, kind := range append(Kinds(), "") {
			file, err := Open(bytes.NewReader(text), Options{Name: "f", Kind: kind})
			if err != nil {
				continue
			}
			problems := NewProblems(2)
			var counts Counts
			switch file.Kind {
			case Accounts:
				counts, err = file.Accounts(problems, func(a *AccountRow) error {
					if a.Key == "" {
						return fmt.Errorf("an account without a key: %+v", a)
					}
					return nil
				})
			case Subscriptions:
				counts, err = file.Subscriptions(problems, func(s *SubscriptionRow) error {
					if s.Account == "" || s.StartedAt == 0 || s.Amount < 0 || s.Amount > maxAmount || !s.Currency.Valid() || (s.EndedAt != 0 && s.EndedAt < s.StartedAt) {
						return fmt.Errorf("a row that breaks its promise: %+v", s)
					}
					return nil
				})
			case Usage:
				counts, err = file.Usage(problems, func(u *UsageRow) error {
					if (u.Account == "" && u.Subscription == "") || u.Amount < 0 || u.Amount > quantity.Max {
						return fmt.Errorf("a row that breaks its promise: %+v", u)
					}
					return nil
				})
			}
			if err != nil {
				t.Fatal(err)
			}
			if counts.Taken+counts.Bad != counts.Rows || (counts.Bad > 0 && problems.Total() < counts.Bad) {
				t.Fatalf("%+v, %d problems", counts, problems.Total())
			}
		}
	})
}

// FuzzMapping throws any bytes at the mapping parser.
func FuzzMapping(f *testing.F) {
	f.Add([]byte("version: 1\nsubscriptions:\n  account: a\n  amount: {choose: b, from: {x: y}, round: true}\n"))
	f.Add([]byte("usage: {at: {from: d, format: DD/MM/YYYY}, amount: {constant: 1}}"))
	f.Add([]byte("accounts: {traits: [a, b], account: &x y, name: *x}"))
	f.Add([]byte("a: [\n? {"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseMapping("m", text)
		if (m == nil) == (err == nil) {
			t.Fatalf("%v, %v", m, err)
		}
		if m != nil {
			for _, kind := range Kinds() {
				_, _ = bind("f", kind, []string{"a", "b", "x"}, false, m) // must not panic
			}
		}
	})
}

// FuzzValues throws any text at the cells.
func FuzzValues(f *testing.F) {
	for _, s := range []string{"2019-04-01", "1.234,50", "$1,234.50", "(5)", "-0.5", "1e300", "NaN", "9999-99-99", "99999999999999999999", ".5", "5.", ""} {
		f.Add(s, false, true)
	}
	f.Fuzz(func(t *testing.T, s string, comma, round bool) {
		c := &cell{comma: comma, round: round}
		if d, err := c.day([]byte(s)); err == nil && d%clock.Day != 0 {
			t.Fatalf("%q: %d is no midnight", s, d)
		}
		for _, cur := range []money.Currency{"USD", "JPY", "KWD"} {
			if m, err := c.money([]byte(s), cur); err == nil && (m > maxAmount || m < -maxAmount) {
				t.Fatalf("%q: %d", s, m)
			}
		}
		_, _ = c.quantity([]byte(s)) // must not panic
	})
}
