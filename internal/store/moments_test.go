package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/store"
)

// owned returns a store whose partition 0 is ours.
func owned(t *testing.T, d *db.DB) *store.Store {
	t.Helper()
	s := store.New(d)
	_, _, err := s.InitPartitions(ctx, 4, "log-1")
	must(t, err)
	_, _, err = s.Acquire(ctx, 0, "me", "127.0.0.1:1", time.Minute)
	must(t, err)
	return s
}

func TestMomentsAreListedByWhatBecameOfThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		s := owned(t, open())
		now := noon + 10*clock.Day
		moment := func(n int, at clock.Time, decision, variant string) engine.Moment {
			return engine.Moment{ID: fmt.Sprint("mom_", n), Account: fmt.Sprint("k", n%2), Kind: "locked", Feature: "talks", Placement: "talk.page", At: at, Times: 1,
				Why: "no_signal", Value: money.Of(1200, "USD"), Decision: decision, Variant: variant}
		}
		c := next(0, 10)
		c.Effects.Moments = []engine.Moment{
			moment(1, noon, "", ""), moment(2, noon+1, "", ""), moment(3, noon+2, "dec_1", ""), moment(4, noon+3, "dec_2", "treatment"),
			moment(5, noon+4, "dec_3", "holdout"), moment(6, now-clock.Hour, "", ""), moment(7, now-engine.MomentLife, "", ""),
		}
		c.Effects.Outcomes = []offer.Outcome{
			{Decision: "dec_1", Account: "k1", Type: "dismissed", At: noon}, {Decision: "dec_2", Account: "k0", Type: "accepted", At: noon}, {Decision: "dec_2", Account: "k0", Type: "undone", At: noon + 1},
		}
		must(t, s.Commit(ctx, c))
		again := next(10, 11) // the first is met once more: it is the same moment
		repeated := moment(1, noon, "", "")
		repeated.Times = 2
		again.Effects.Moments = []engine.Moment{repeated}
		must(t, s.Commit(ctx, again))
		for _, x := range []struct {
			state string
			want  []string
		}{
			{"", []string{"mom_6", "mom_7", "mom_5", "mom_4", "mom_3", "mom_2", "mom_1"}},
			{store.MomentMissed, []string{"mom_7", "mom_2", "mom_1"}},
			{store.MomentOpen, []string{"mom_6"}},
			{store.MomentOffered, []string{"mom_4", "mom_3"}},
			{store.MomentHeldOut, []string{"mom_5"}},
		} {
			got := walk(t, 2, func(p store.Page) (store.List[engine.Moment], error) {
				return s.Moments(ctx, store.MomentFilter{State: x.state, Now: now}, p)
			}, func(m engine.Moment) string {
				if state := store.StateOf(&m, now); x.state != "" && state != x.state {
					t.Errorf("%s is %s in the list of %s", m.ID, state, x.state)
				}
				return m.ID
			})
			if !slices.Equal(got, x.want) {
				t.Errorf("%q: %v, want %v", x.state, got, x.want)
			}
		}
		var sums []string
		must(t, s.MomentSums(ctx, store.MomentFilter{State: store.MomentMissed, Now: now}, func(m store.MomentSum) {
			sums = append(sums, fmt.Sprint(m.Account, " ", m.Moments, " ", m.Times, " ", m.Value))
		}))
		if want := []string{"k0 1 1 12.00 USD", "k1 2 3 12.00 USD"}; !slices.Equal(sums, want) {
			t.Errorf("%v, want %v", sums, want)
		}
		funnels, err := s.MomentFunnels(ctx, store.MomentFilter{Now: now})
		must(t, err)
		want := store.MomentFunnel{Kind: "locked", Feature: "talks", Placement: "talk.page", Moments: 7, HeldOut: 1, Offered: 2, Seen: 2, Clicked: 1, Accepted: 1, Stays: 0, Missed: 3}
		if len(funnels) != 1 || funnels[0] != want {
			t.Errorf("%+v, want %+v", funnels, want)
		}
	})
}

func TestATimelineIsReadInPartsWithoutLosingOrRepeatingAnything(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		s := owned(t, open())
		c := next(0, 10)
		for n := range 12 { // three things of each kind at the same moment
			at := noon + clock.Time(n/3)
			c.Effects.Moments = append(c.Effects.Moments, engine.Moment{ID: fmt.Sprint("m", n), Account: "acme", At: at})
			c.Effects.Signals = append(c.Effects.Signals, signal.Signal{ID: fmt.Sprint("s", n), Key: "k", Account: "acme", At: at})
			c.Effects.Decisions = append(c.Effects.Decisions, offer.Decision{ID: fmt.Sprint("d", n), Account: "acme", At: at})
			c.Effects.Outcomes = append(c.Effects.Outcomes, offer.Outcome{Decision: fmt.Sprint("d", n), Account: "acme", Type: "seen", At: at})
			c.Effects.Lines = append(c.Effects.Lines, revenue.Line{Account: "acme", Seq: int64(n + 1), RecordedAt: at, Currency: "USD", Movement: "new"})
		}
		c.Effects.Signals = append(c.Effects.Signals, signal.Signal{ID: "other", Key: "k", Account: "globex", At: noon})
		must(t, s.Commit(ctx, c))
		name := func(e store.Entry) string { return fmt.Sprint(int64(e.At), " ", e.Kind, " ", e.ID) }
		whole := walk(t, 500, func(p store.Page) (store.List[store.Entry], error) { return s.Timeline(ctx, "acme", nil, p) }, name)
		if len(whole) != 60 {
			t.Fatalf("%d entries, want 60", len(whole))
		}
		for _, limit := range []int{1, 4, 7, 59} {
			if got := walk(t, limit, func(p store.Page) (store.List[store.Entry], error) { return s.Timeline(ctx, "acme", nil, p) }, name); !slices.Equal(got, whole) {
				t.Errorf("in parts of %d:\n%v\nwhole\n%v", limit, got, whole)
			}
		}
		some := walk(t, 5, func(p store.Page) (store.List[store.Entry], error) {
			return s.Timeline(ctx, "acme", []string{"money", "signal"}, p)
		}, name)
		if len(some) != 24 {
			t.Errorf("%d of two kinds, want 24", len(some))
		}
	})
}
