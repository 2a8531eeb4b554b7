package store_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/store"
)

// recounted counts moments one by one, as MomentFunnels says it does.
func recounted(moments []engine.Moment, outcomes []offer.Outcome, f store.MomentFilter) []store.MomentFunnel {
	became := make(map[string]map[string]bool)
	for _, o := range outcomes {
		if became[o.Decision] == nil {
			became[o.Decision] = make(map[string]bool)
		}
		became[o.Decision][o.Type] = true
	}
	one := func(is bool) int64 {
		if is {
			return 1
		}
		return 0
	}
	by := make(map[[4]string]*store.MomentFunnel)
	for i := range moments {
		m := &moments[i]
		if m.At < f.From || f.To != 0 && m.At >= f.To {
			continue
		}
		k := [4]string{m.Kind, m.Feature, m.Milestone, m.Placement}
		if by[k] == nil {
			by[k] = &store.MomentFunnel{Kind: m.Kind, Feature: m.Feature, Milestone: m.Milestone, Placement: m.Placement}
		}
		state, of, sum := store.StateOf(m, f.Now), became[m.Decision], by[k]
		sum.Moments++
		sum.HeldOut += one(state == store.MomentHeldOut)
		sum.Missed += one(state == store.MomentMissed)
		if state == store.MomentOffered {
			clicked := of["clicked"] || of["requested"] || of["accepted"]
			sum.Offered++
			sum.Seen += one(clicked || of["seen"] || of["dismissed"])
			sum.Clicked += one(clicked)
			sum.Accepted += one(of["accepted"])
			sum.Stays += one(of["accepted"] && !of["undone"])
		}
	}
	var out []store.MomentFunnel
	for _, sum := range by {
		out = append(out, *sum)
	}
	slices.SortFunc(out, func(a, b store.MomentFunnel) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Feature, b.Feature), cmp.Compare(a.Milestone, b.Milestone), cmp.Compare(a.Placement, b.Placement))
	})
	return out
}

func TestFunnelsOfMomentsAreThoseOfCountingThemOneByOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		s, r := owned(t, open()), rand.New(rand.NewPCG(6, 14))
		some := func(of ...string) string { return of[r.IntN(len(of))] }
		c, now := next(0, 10), noon+10*clock.Day
		for n := range 600 {
			m := engine.Moment{ID: fmt.Sprint("mom_", n), Account: fmt.Sprint("k", n%7), Kind: some("limit", "locked", "milestone"), Placement: some("", "page", "päge"),
				At: noon + clock.Time(r.Int64N(int64(10*clock.Day))), Times: 1}
			if m.Feature = some("", "talks", "seats"); m.Feature == "" {
				m.Milestone = some("first", "team")
			}
			if r.IntN(2) == 0 {
				m.Decision, m.Variant = fmt.Sprint("dec_", n), some("", "treatment", "holdout")
				for range r.IntN(4) {
					c.Effects.Outcomes = append(c.Effects.Outcomes, offer.Outcome{Decision: m.Decision, Account: m.Account, At: m.At + clock.Time(r.IntN(9)),
						Type: some("seen", "clicked", "dismissed", "requested", "accepted", "undone")})
				}
			}
			c.Effects.Moments = append(c.Effects.Moments, m)
		}
		must(t, s.Commit(ctx, c))
		for _, f := range []store.MomentFilter{{Now: now}, {Now: now, From: noon + 3*clock.Day}, {Now: now, From: noon + clock.Day, To: noon + 2*clock.Day},
			{Now: now, To: noon + clock.Hour}, {Now: now, From: now + clock.Day}} {
			got, err := s.MomentFunnels(ctx, f)
			must(t, err)
			if want := recounted(c.Effects.Moments, c.Effects.Outcomes, f); !slices.Equal(got, want) {
				t.Errorf("from %s to %s:\n%+v\ncounted one by one\n%+v", f.From, f.To, got, want)
			}
		}
	})
}
