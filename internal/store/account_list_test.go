package store_test

import (
	"cmp"
	"slices"
	"testing"

	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/store"
)

// The list of accounts in every order and with every filter is what a recount of everything gives.
func TestAccountsAreSortedAndNarrowedAsARecountSays(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ func() *db.DB) {
		crowd(t, s)
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
			"search":   {store.AccountFilter{Search: "100%_K1"}, func(l engine.Listing) bool { return key(l)[:2] == "k1" }},
		}
		for order, less := range by {
			for name, f := range filters {
				var want []string
				for _, l := range slices.SortedFunc(slices.Values(all), less) {
					if f.passes(l) {
						want = append(want, key(l))
					}
				}
				for _, limit := range []int{4, 50} {
					f.filter.Sort = order
					got := walk(t, limit, func(p store.Page) (store.List[engine.Listing], error) { return s.Accounts(ctx, f.filter, p) }, key)
					if !slices.Equal(got, want) {
						t.Errorf("by %s, %s, %d at a time:\n got %v\nwant %v", order, name, limit, got, want)
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
