package store_test

import (
	"maps"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/store"
)

func TestWhatWasTakenBackWasNotEarned(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ func() *db.DB) {
		c := next(0, 10)
		sold := func(account, ref string, seq int64, at clock.Time, delta money.Twelfths, movement string) {
			c.Effects.Lines = append(c.Effects.Lines, revenue.Line{Account: account, Seq: seq, RecordedAt: noon + clock.Time(seq), EffectiveAt: at,
				Delta: delta, Currency: "USD", Movement: movement, Ref: ref})
		}
		for _, id := range []string{"kept", "undone", "saved", "again"} {
			c.Effects.Decisions = append(c.Effects.Decisions, offer.Decision{ID: id, Account: "acme", Status: "show", OfferKey: "pro", At: noon})
		}
		for _, id := range []string{"asked", "regretted"} {
			c.Effects.Requests = append(c.Effects.Requests, offer.Request{ID: id, Account: "rival", Status: "approved", Offer: "seats", At: noon})
		}
		sold("acme", "kept", 1, 1, 100, revenue.Expansion)
		sold("acme", "undone", 2, 2, 20, revenue.Expansion)
		sold("acme", "undone", 3, 2, -20, revenue.Undone)
		sold("acme", "saved", 4, 3, -30, revenue.Contraction) // a save, taken back
		sold("acme", "saved", 5, 3, 30, revenue.Undone)
		sold("acme", "again", 6, 4, 5, revenue.Expansion)
		sold("acme", "again", 7, 4, -5, revenue.Undone)
		sold("acme", "again", 8, 5, 5, revenue.Expansion) // and bought again
		sold("rival", "asked", 1, 1, 7, revenue.New)
		sold("rival", "regretted", 2, 2, 9, revenue.Expansion)
		sold("rival", "regretted", 3, 2, -9, revenue.Undone)
		must(t, s.Commit(ctx, c))
		got := map[string]money.Twelfths{}
		must(t, s.EarnedBy(ctx, 0, func(offer string, _ money.Currency, mrr money.Twelfths) { got[offer] += mrr }))
		if want := map[string]money.Twelfths{"pro": 105, "seats": 7}; !maps.Equal(got, want) {
			t.Errorf("earned %v, want %v", got, want)
		}
	})
}

func TestRequestsOfAPersonAreTheirsAlone(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ func() *db.DB) {
		c := next(0, 10)
		for i, r := range []offer.Request{
			{ID: "1", User: "a_Bc"}, {ID: "2", User: "axBc"}, {ID: "3", User: "a_bc"},
			{ID: "4", User: "eve", Joined: []offer.Joined{{User: "A_BC"}}}, {ID: "5", User: "eve", Joined: []offer.Joined{{User: "tom"}, {User: "a_Bc"}}},
		} {
			r.Account, r.Status, r.At = "acme", "open", noon+clock.Time(i)
			c.Effects.Requests = append(c.Effects.Requests, r)
		}
		must(t, s.Commit(ctx, c))
		for _, limit := range []int{1, 2, 3} {
			got := walk(t, limit, func(p store.Page) (store.List[offer.Request], error) {
				return s.Requests(ctx, store.RequestFilter{Account: "acme", User: "a_Bc"}, p)
			}, func(r offer.Request) string { return r.ID })
			if len(got) != 2 || got[0] != "5" || got[1] != "1" {
				t.Errorf("%d at a time: %v", limit, got)
			}
		}
	})
}
