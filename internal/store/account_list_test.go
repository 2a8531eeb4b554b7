package store_test

import (
	"cmp"
	"slices"
	"testing"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/store"
)

// settled is the crowd with what its accounts pay, traits, what comes next, stages and scores.
func settled(t *testing.T, s *store.Store) {
	t.Helper()
	crowd(t, s)
	l, err := s.Accounts(ctx, store.AccountFilter{}, store.Page{Limit: 100})
	must(t, err)
	c := next(10, 20)
	for i := range l.Items {
		x := &l.Items[i]
		key := x.Account.Key
		x.MRR, x.Currency = int64(i%6)*1200, "USD"
		x.Account.Traits = map[string]any{"industry": []any{"events", "travel", 7.0, true}[i%4]}
		// The same words elsewhere in the document are no traits.
		x.Account.Billing, x.Account.ExternalIDs = map[string]string{"industry": "events"}, map[string]string{"seats": "9"}
		if i%3 > 0 {
			x.Next, x.NextAt = []string{engine.NextEnds, engine.NextTrialEnds}[i%2], noon+clock.Time(i/6-1)*clock.Day
		}
		c.Accounts = append(c.Accounts, engine.AccountRow{Key: key, State: []byte("{}"), Listing: x})
		if i%4 > 0 {
			c.Effects.Stages = append(c.Effects.Stages, engine.StageRow{Account: key, Seq: 1, At: noon + clock.Time(i/5), Stage: []account.Stage{account.Landed, account.Expanding}[i%2]})
			c.Effects.Readiness = append(c.Effects.Readiness, engine.ReadinessNow{Account: key, At: noon, Readiness: signal.Readiness{Type: catalog.Upsell, Score: i % 7 * 10}})
		}
	}
	must(t, s.Commit(ctx, c))
}

// The list of accounts in every order and with every filter is what a recount of everything gives, whether who
// passes is looked up or the order is walked.
func TestAccountsAreSortedAndNarrowedAsARecountSays(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ func() *db.DB) {
		settled(t, s)
		key := func(l engine.Listing) string { return l.Account.Key }
		var all []engine.Listing
		everyone := walk(t, 100, func(p store.Page) (store.List[engine.Listing], error) {
			l, err := s.Accounts(ctx, store.AccountFilter{}, p)
			all = append(all, l.Items...)
			return l, err
		}, key)
		about, err := s.AccountsAbout(ctx, everyone)
		must(t, err)
		by := map[string]func(a, b engine.Listing) int{
			store.ByKey: func(a, b engine.Listing) int { return cmp.Compare(key(a), key(b)) },
			store.ByName: func(a, b engine.Listing) int {
				return cmp.Or(cmp.Compare(a.Account.Name, b.Account.Name), cmp.Compare(key(a), key(b)))
			},
			store.ByMRR: func(a, b engine.Listing) int { return cmp.Or(cmp.Compare(b.MRR, a.MRR), cmp.Compare(key(b), key(a))) },
			store.ByLimit: func(a, b engine.Listing) int {
				return cmp.Or(cmp.Compare(about[key(b)].Limit.Percent, about[key(a)].Limit.Percent), cmp.Compare(key(b), key(a)))
			},
			store.BySignal: func(a, b engine.Listing) int {
				return cmp.Or(cmp.Compare(about[key(b)].SignalAt, about[key(a)].SignalAt), cmp.Compare(key(b), key(a)))
			},
			store.ByReadiness: func(a, b engine.Listing) int {
				return cmp.Or(cmp.Compare(about[key(b)].Score, about[key(a)].Score), cmp.Compare(key(b), key(a)))
			},
			store.ByStage: func(a, b engine.Listing) int {
				return cmp.Or(cmp.Compare(about[key(b)].StagedAt, about[key(a)].StagedAt), cmp.Compare(key(b), key(a)))
			},
			store.ByNext: func(a, b engine.Listing) int {
				return cmp.Or(cmp.Compare(a.NextAt, b.NextAt), cmp.Compare(key(a), key(b)))
			},
		}
		// Who has nothing to be sorted by is not in the list.
		has := map[string]func(engine.Listing) bool{
			store.ByReadiness: func(l engine.Listing) bool { return about[key(l)].ReadyFor != "" },
			store.ByStage:     func(l engine.Listing) bool { return about[key(l)].Stage != "" },
			store.ByNext:      func(l engine.Listing) bool { return l.NextAt >= noon },
		}
		trait := func(value any) func(engine.Listing) bool {
			return func(l engine.Listing) bool { return l.Account.Traits["industry"] == value }
		}
		filters := map[string]struct {
			filter store.AccountFilter
			passes func(engine.Listing) bool
		}{
			"all":      {store.AccountFilter{}, func(engine.Listing) bool { return true }},
			"plan":     {store.AccountFilter{Plan: "pro"}, func(l engine.Listing) bool { return l.Plan == "pro" }},
			"no plan":  {store.AccountFilter{NoPlan: true}, func(l engine.Listing) bool { return l.Plan == "" }},
			"status":   {store.AccountFilter{Status: "trialing"}, func(l engine.Listing) bool { return l.Status == "trialing" }},
			"parent":   {store.AccountFilter{Parent: "root"}, func(l engine.Listing) bool { return l.Account.Parent == "root" }},
			"near":     {store.AccountFilter{Near: 30}, func(l engine.Listing) bool { return about[key(l)].Limit.Percent >= 30 }},
			"requests": {store.AccountFilter{Requests: true}, func(l engine.Listing) bool { return about[key(l)].Requests > 0 }},
			"two":      {store.AccountFilter{Plan: "pro", Near: 20}, func(l engine.Listing) bool { return l.Plan == "pro" && about[key(l)].Limit.Percent >= 20 }},
			"stage":    {store.AccountFilter{Stage: "expanding"}, func(l engine.Listing) bool { return about[key(l)].Stage == account.Expanding }},
			"next":     {store.AccountFilter{Next: engine.NextEnds}, func(l engine.Listing) bool { return l.Next == engine.NextEnds && l.NextAt >= noon }},
			"text":     {store.AccountFilter{Trait: "industry", Value: "events"}, trait("events")},
			"number":   {store.AccountFilter{Trait: "industry", Value: "7"}, trait(7.0)},
			"boolean":  {store.AccountFilter{Trait: "industry", Value: "true"}, trait(true)},
			"no trait": {store.AccountFilter{Trait: "seats", Value: "9"}, func(engine.Listing) bool { return false }},
			"search":   {store.AccountFilter{Search: "100%_K1"}, func(l engine.Listing) bool { return key(l)[:2] == "k1" }},
		}
		for _, few := range []int{1000, 3} {
			store.SetFew(s, few)
			for order, less := range by {
				for name, f := range filters {
					var want []string
					for _, l := range slices.SortedFunc(slices.Values(all), less) {
						if f.passes(l) && (has[order] == nil || has[order](l)) {
							want = append(want, key(l))
						}
					}
					for _, limit := range []int{4, 50} {
						f.filter.Sort, f.filter.From = order, noon
						got := walk(t, limit, func(p store.Page) (store.List[engine.Listing], error) { return s.Accounts(ctx, f.filter, p) }, key)
						if !slices.Equal(got, want) {
							t.Errorf("by %s, %s, %d at a time, %d are few:\n got %v\nwant %v", order, name, limit, few, got, want)
						}
					}
				}
			}
		}
	})
}

func TestViewsAreKeptByName(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ func() *db.DB) {
		for _, query := range []string{"plan=pro", "near=80"} {
			must(t, s.PutView(ctx, store.View{Page: "accounts", Name: "Mine", Query: query, Author: "ada"}))
		}
		views, err := s.Views(ctx, "accounts")
		must(t, err)
		if len(views) != 1 || views[0].Query != "near=80" {
			t.Errorf("of one name the last stands: %+v", views)
		}
		must(t, s.DeleteView(ctx, "accounts", "Mine"))
		if err := s.DeleteView(ctx, "accounts", "Mine"); err == nil {
			t.Error("what is gone cannot be forgotten again")
		}
	})
}
