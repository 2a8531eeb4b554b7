package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/store"
)

// walk reads a list part by part and returns what name makes of the items.
func walk[T any](t testing.TB, limit int, list func(store.Page) (store.List[T], error), name func(T) string) []string {
	t.Helper()
	var out []string
	p := store.Page{Limit: limit}
	for {
		l, err := list(p)
		must(t, err)
		if len(l.Items) > limit || (l.Next != "" && len(l.Items) < limit) {
			t.Fatalf("a part of %d items, next %q, limit %d", len(l.Items), l.Next, limit)
		}
		for _, x := range l.Items {
			out = append(out, name(x))
		}
		if l.Next == "" {
			return out
		}
		p.Cursor = l.Next
	}
}

// crowd commits 23 accounts with two signals each, and so on: enough for several parts.
func crowd(t *testing.T, s *store.Store) {
	t.Helper()
	c := next(0, 10)
	for i := range 23 {
		key := fmt.Sprintf("k%02d", i)
		plan, status := "starter", "active"
		if i%2 == 1 {
			plan, status = "pro", "trialing"
		}
		c.Accounts = append(c.Accounts, engine.AccountRow{
			Key: key, State: []byte("{}"),
			Listing: &engine.Listing{Account: account.Account{Key: key, Name: "Firm 100%_" + key, Parent: map[bool]string{true: "root"}[i < 3], Domain: key + ".Example"}, Plan: plan, Status: status},
			People:  []account.Person{{Pseudonym: "P" + key, Account: key}, {Pseudonym: "Q" + key, Account: key}, {Pseudonym: "shared", Account: key}},
			Limits:  []engine.LimitRow{{Feature: "a", Percent: int64(i * 7 % 50), Limit: 1}, {Feature: "b", Percent: 10, Limit: 1}},
		})
		for j := range 2 {
			at := noon + clock.Time(i/4)*clock.Second // several at the same instant
			id := fmt.Sprintf("%s-%d", key, j)
			rule := []string{"near", "gate"}[j]
			c.Effects.Signals = append(c.Effects.Signals, signal.Signal{ID: id, Key: rule, Account: key, At: at})
			c.Effects.Opportunities = append(c.Effects.Opportunities, opportunity.Opportunity{ID: id, Account: key, Stage: []opportunity.Stage{opportunity.Open, opportunity.Won}[j], Owner: []string{"eve", "bob"}[i%2], Type: catalog.RevenueType([]string{"upsell", "save"}[j]), OpenedAt: at})
			c.Effects.Requests = append(c.Effects.Requests, offer.Request{ID: id, Account: key, Status: []string{"open", "declined"}[j], At: at})
			c.Effects.Decisions = append(c.Effects.Decisions, offer.Decision{ID: id, Account: "k00", Status: "none", At: at})
			c.Effects.Lines = append(c.Effects.Lines, revenue.Line{Account: key, Seq: int64(j + 1), RecordedAt: at + clock.Time(j)*clock.Hour, EffectiveAt: at, Delta: 12, Currency: []money.Currency{"USD", "EUR"}[i%2]})
			c.Effects.Values = append(c.Effects.Values, engine.ValueLine{Account: key, Metric: rule, Start: at, End: at + clock.Hour, State: []string{"below", "in_band"}[j]})
			c.Effects.Gates = append(c.Effects.Gates, engine.GateRow{Account: key, Feature: rule, Touches: int64(i%5 + 1), LastAt: at})
			c.Effects.Periods = append(c.Effects.Periods, engine.PeriodRow{Account: "k00", Meter: rule, Start: at})
		}
	}
	must(t, s.Commit(ctx, c))
}

func TestEveryListGivesEveryItemOnceInItsOrder(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		crowd(t, s)
		lists := map[string]struct {
			walk  func(limit int) []string
			items int
			down  bool
		}{
			"accounts": {func(n int) []string {
				return walk(t, n, func(p store.Page) (store.List[engine.Listing], error) {
					return s.Accounts(ctx, store.AccountFilter{}, p)
				},
					func(l engine.Listing) string { return l.Account.Key })
			}, 23, false},
			"people": {func(n int) []string {
				return walk(t, n, func(p store.Page) (store.List[account.Person], error) { return s.People(ctx, "k07", p) },
					func(x account.Person) string { return x.Pseudonym })
			}, 3, false},
			"limits": {func(n int) []string {
				return walk(t, n, func(p store.Page) (store.List[store.Limit], error) { return s.Limits(ctx, 0, p) },
					func(l store.Limit) string { return fmt.Sprintf("%03d %s %s", l.Percent, l.Account, l.Feature) })
			}, 46, true},
			"signals": {func(n int) []string {
				return walk(t, n, func(p store.Page) (store.List[signal.Signal], error) { return s.Signals(ctx, store.SignalFilter{}, p) },
					func(x signal.Signal) string { return fmt.Sprint(int64(x.At), x.ID) })
			}, 46, true},
			"opportunities": {func(n int) []string {
				return walk(t, n, func(p store.Page) (store.List[opportunity.Opportunity], error) {
					return s.Opportunities(ctx, store.OpportunityFilter{}, p)
				}, func(x opportunity.Opportunity) string { return fmt.Sprint(int64(x.OpenedAt), x.ID) })
			}, 46, true},
			"requests": {func(n int) []string {
				return walk(t, n, func(p store.Page) (store.List[offer.Request], error) {
					return s.Requests(ctx, store.RequestFilter{}, p)
				},
					func(x offer.Request) string { return fmt.Sprint(int64(x.At), x.ID) })
			}, 46, true},
			"decisions": {func(n int) []string {
				return walk(t, n, func(p store.Page) (store.List[offer.Decision], error) { return s.Decisions(ctx, "k00", p) },
					func(x offer.Decision) string { return fmt.Sprint(int64(x.At), x.ID) })
			}, 46, true},
			"ledger": {func(n int) []string {
				return walk(t, n, func(p store.Page) (store.List[revenue.Line], error) {
					return s.LedgerLines(ctx, store.LedgerFilter{}, p)
				},
					func(x revenue.Line) string { return fmt.Sprintf("%d %s %d", x.RecordedAt, x.Account, x.Seq) })
			}, 46, true},
			"value lines": {func(n int) []string {
				return walk(t, n, func(p store.Page) (store.List[engine.ValueLine], error) {
					return s.ValueLines(ctx, store.ValueFilter{}, p)
				},
					func(x engine.ValueLine) string { return fmt.Sprint(int64(x.End), x.Account, x.Metric) })
			}, 46, true},
			"value lines out of their band": {func(n int) []string {
				return walk(t, n, func(p store.Page) (store.List[engine.ValueLine], error) {
					return s.ValueLines(ctx, store.ValueFilter{Out: true, Newest: true}, p)
				},
					func(x engine.ValueLine) string { return fmt.Sprint(int64(x.End), x.Account, x.Metric) })
			}, 23, true},
			"periods": {func(n int) []string {
				return walk(t, n, func(p store.Page) (store.List[engine.PeriodRow], error) { return s.Periods(ctx, "k00", p) },
					func(x engine.PeriodRow) string { return fmt.Sprint(int64(x.Start), x.Meter) })
			}, 12, true},
		}
		for name, l := range lists {
			for _, limit := range []int{1, 5, 23, 46, 100} {
				got := l.walk(limit)
				sorted := slices.Clone(got)
				slices.Sort(sorted)
				if l.down {
					slices.Reverse(sorted)
				}
				if len(got) != l.items || len(slices.Compact(slices.Clone(sorted))) != l.items || !slices.Equal(got, sorted) {
					t.Errorf("%s by %d: %d items, want %d in order, each once: %v", name, limit, len(got), l.items, got)
				}
			}
		}
	})
}

func TestFilters(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		crowd(t, s)
		accounts := func(f store.AccountFilter) int {
			l, err := s.Accounts(ctx, f, store.Page{Limit: 500})
			must(t, err)
			return len(l.Items)
		}
		signals := func(f store.SignalFilter) int {
			l, err := s.Signals(ctx, f, store.Page{Limit: 500})
			must(t, err)
			return len(l.Items)
		}
		opportunities := func(f store.OpportunityFilter) int {
			l, err := s.Opportunities(ctx, f, store.Page{Limit: 500})
			must(t, err)
			return len(l.Items)
		}
		ledger := func(f store.LedgerFilter) int {
			n := 0
			for _, err := range s.Ledger(ctx, f) {
				must(t, err)
				n++
			}
			l, err := s.LedgerLines(ctx, f, store.Page{Limit: 500})
			must(t, err)
			if len(l.Items) != n {
				t.Errorf("the ledger streams %d lines and lists %d for %+v", n, len(l.Items), f)
			}
			return n
		}
		limits := func(least int64) int {
			l, err := s.Limits(ctx, least, store.Page{Limit: 500})
			must(t, err)
			return len(l.Items)
		}
		requests := func(f store.RequestFilter) int {
			l, err := s.Requests(ctx, f, store.Page{Limit: 500})
			must(t, err)
			return len(l.Items)
		}
		for _, c := range []struct {
			name      string
			got, want int
		}{
			{"accounts of a plan", accounts(store.AccountFilter{Plan: "pro"}), 11},
			{"accounts of a status", accounts(store.AccountFilter{Status: "active"}), 12},
			{"accounts of a plan that is not theirs", accounts(store.AccountFilter{Plan: "pro", Status: "active"}), 0},
			{"children of an account", accounts(store.AccountFilter{Parent: "root"}), 3},
			{"accounts by part of a key", accounts(store.AccountFilter{Search: "K1"}), 10},
			{"accounts by part of a name", accounts(store.AccountFilter{Search: "firm"}), 23},
			{"accounts by part of a domain", accounts(store.AccountFilter{Search: "05.example"}), 1},
			{"a percent sign is only itself", accounts(store.AccountFilter{Search: "1%0"}), 0},
			{"an underscore is only itself", accounts(store.AccountFilter{Search: "%_k00"}), 1},
			{"nobody", accounts(store.AccountFilter{Search: "';--"}), 0},
			{"signals of an account", signals(store.SignalFilter{Account: "k03"}), 2},
			{"signals of a rule", signals(store.SignalFilter{Key: "gate"}), 23},
			{"signals of both", signals(store.SignalFilter{Account: "k03", Key: "gate"}), 1},
			{"opportunities of a stage", opportunities(store.OpportunityFilter{Stage: "won"}), 23},
			{"opportunities of an owner", opportunities(store.OpportunityFilter{Owner: "eve"}), 24},
			{"opportunities of a type", opportunities(store.OpportunityFilter{Type: "save"}), 23},
			{"opportunities of an account", opportunities(store.OpportunityFilter{Account: "k01", Stage: "open"}), 1},
			{"open requests", requests(store.RequestFilter{Status: "open"}), 23},
			{"requests of an account", requests(store.RequestFilter{Account: "k02"}), 2},
			{"lines of a currency", ledger(store.LedgerFilter{Currency: "EUR"}), 22},
			{"lines of an account", ledger(store.LedgerFilter{Account: "k04"}), 2},
			{"lines as of a time in between", ledger(store.LedgerFilter{AsOf: noon + clock.Minute}), 23},
			{"limits nearly reached", limits(40), 6},
		} {
			if c.got != c.want {
				t.Errorf("%s: %d, want %d", c.name, c.got, c.want)
			}
		}
		if of, err := s.AccountsOf(ctx, "shared"); err != nil || len(of) != 23 {
			t.Errorf("accounts of a shared person: %d, %v", len(of), err)
		}
	})
}

func TestTheLedgerMayBeLeftEarly(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		crowd(t, s)
		for range 50 { // more often than the pool has connections
			for _, err := range s.Ledger(ctx, store.LedgerFilter{}) {
				must(t, err)
				break
			}
		}
	})
}

func TestWhatIsNotThereIsNamed(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		_, err := s.Account(ctx, "ghost")
		wantCode(t, err, "account_not_found")
		if !strings.Contains(err.Error(), "ghost") {
			t.Error(err)
		}
		_, err = s.Decision(ctx, "x")
		wantCode(t, err, "decision_not_found")
		_, err = s.Opportunity(ctx, "x")
		wantCode(t, err, "opportunity_not_found")
		_, err = s.Request(ctx, "x")
		wantCode(t, err, "request_not_found")
		_, err = s.Catalog(ctx, "x")
		wantCode(t, err, "catalog_not_found")
		wantCode(t, s.RevokeKey(ctx, "x", noon), "key_not_found")
		if l, err := s.Accounts(ctx, store.AccountFilter{}, store.Page{}); err != nil || l.Items == nil || len(l.Items) != 0 {
			t.Errorf("an empty list is %#v, %v", l.Items, err)
		}
	})
}

func TestACursorThatIsNotOneOfTheListIsRefused(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		crowd(t, s)
		other, err := s.Accounts(ctx, store.AccountFilter{}, store.Page{Limit: 1})
		must(t, err)
		for _, cursor := range []string{"x", "%%%", "bnVsbA", "W10", "WyJhIiwiYiIsImMiXQ", other.Next} {
			_, err := s.Signals(ctx, store.SignalFilter{}, store.Page{Cursor: cursor})
			wantCode(t, err, "cursor_invalid")
		}
		rapid.Check(t, func(t *rapid.T) {
			cursor := rapid.String().Draw(t, "cursor")
			if _, err := s.Limits(ctx, 0, store.Page{Cursor: cursor}); err != nil && fault.CodeOf(err) != "cursor_invalid" {
				t.Fatal(err)
			}
		})
	})
}

func TestTheNewestDecisionsSayWhatTheyThoughtOfOffers(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		c := next(0, 1)
		for i, code := range []string{"too old", "second", "newest"} {
			c.Effects.Decisions = append(c.Effects.Decisions, offer.Decision{ID: code, Account: "acme", Status: "show", At: noon + clock.Time(i),
				Considered: []offer.Considered{{Offer: "a", Code: code}, {Offer: "b", Code: code}}})
		}
		must(t, s.Commit(ctx, c))
		for most, want := range map[int]string{1: "a newest b newest", 9: "a newest b newest a second b second"} {
			var got []string
			must(t, s.Considered(ctx, noon, most, func(offer, code string) { got = append(got, offer, code) }))
			if strings.Join(got, " ") != want {
				t.Errorf("the newest %d: %q, want %q", most, got, want)
			}
		}
	})
}

func TestFunnelsCountEachDecisionOnce(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		c := next(0, 1)
		decide := func(id, key, variant string, at clock.Time, outcomes ...string) {
			d := offer.Decision{ID: id, Account: "acme", At: at, Variant: variant, Status: "show", Offer: &offer.Shown{Key: key}}
			if variant == "holdout" {
				d.Status, d.Offer, d.OfferKey = "none", nil, key
			}
			c.Effects.Decisions = append(c.Effects.Decisions, d)
			for i, o := range outcomes {
				c.Effects.Outcomes = append(c.Effects.Outcomes, offer.Outcome{Decision: id, Account: "acme", Offer: key, Type: o, At: at + clock.Time(i+1)})
			}
		}
		decide("1", "pro", "treatment", noon, "seen", "seen", "clicked", "accepted")
		decide("2", "pro", "treatment", noon, "seen", "dismissed")
		decide("3", "pro", "", noon+clock.Hour, "requested")
		decide("4", "pro", "holdout", noon)
		decide("5", "addon", "treatment", noon)
		decide("6", "pro", "treatment", noon-clock.Day, "accepted")                                          // before
		decide("7", "pro", "treatment", noon+clock.Day, "accepted")                                          // after
		c.Effects.Decisions = append(c.Effects.Decisions, offer.Decision{ID: "8", Status: "none", At: noon}) // nothing to offer
		must(t, s.Commit(ctx, c))
		got, err := s.Funnels(ctx, noon, noon+clock.Day)
		want := []store.Funnel{{Offer: "addon", Shown: 1}, {Offer: "pro", Shown: 3, Seen: 2, Clicked: 1, Dismissed: 1, Requested: 1, Accepted: 1, Holdout: 1}}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %+v, want %+v, %v", got, want, err)
		}
		if all, err := s.Funnels(ctx, 0, 0); err != nil || all[1].Shown != 5 {
			t.Errorf("of all time: %+v, %v", all, err)
		}
	})
}
