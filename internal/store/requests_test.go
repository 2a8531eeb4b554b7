package store_test

import (
	"fmt"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/store"
)

func TestNoticesAreListedForWhomTheyAre(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ func() *db.DB) {
		c := next(0, 10)
		for i := range 46 {
			n := offer.Notice{ID: fmt.Sprintf("n%02d", i), Account: "acme", Kind: "asked", At: noon + clock.Time(i/4)}
			switch i % 3 {
			case 0:
				n.Role = offer.Admin
			case 1:
				n.User = "mo"
			default:
				n.User, n.ReadAt = "mia", noon
			}
			c.Effects.Notices = append(c.Effects.Notices, n)
		}
		c.Effects.Notices = append(c.Effects.Notices, offer.Notice{ID: "other", Account: "rival", Role: offer.Admin, At: noon})
		must(t, s.Commit(ctx, c))
		for _, want := range []struct {
			name string
			f    store.NoticeFilter
			n    int
		}{
			{"all of an account", store.NoticeFilter{Account: "acme"}, 46},
			{"a member's own", store.NoticeFilter{Account: "acme", User: "mo"}, 15},
			{"an admin's own and those for admins", store.NoticeFilter{Account: "acme", User: "mia", Admin: true}, 31},
			{"those for admins", store.NoticeFilter{Account: "acme", Admin: true}, 16},
			{"those nobody has read", store.NoticeFilter{Account: "acme", Unread: true}, 31},
			{"of who was told nothing", store.NoticeFilter{Account: "acme", User: "kim"}, 0},
		} {
			got := walk(t, 7, func(p store.Page) (store.List[offer.Notice], error) { return s.Notices(ctx, want.f, p) }, func(n offer.Notice) string { return n.ID })
			if len(got) != want.n {
				t.Errorf("%s: %d, want %d", want.name, len(got), want.n)
			}
		}
		read := next(10, 20)
		read.Effects.Notices = []offer.Notice{{ID: "n00", Account: "acme", Role: offer.Admin, At: noon, ReadAt: noon + 1, ReadBy: "ada"}}
		must(t, s.Commit(ctx, read))
		l, err := s.Notices(ctx, store.NoticeFilter{Account: "acme", Admin: true, Unread: true}, store.Page{Limit: 100})
		if err != nil || len(l.Items) != 15 {
			t.Errorf("after one was read %d are not (%v)", len(l.Items), err)
		}
	})
}

func TestReversalsCountWhatWasAcceptedInTimeAndUndoneWhenever(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ func() *db.DB) {
		c := next(0, 10)
		for i := range 60 {
			id, at := fmt.Sprintf("d%02d", i), noon+clock.Time(i)*clock.Hour
			key := []string{"pro", "pack"}[i%2]
			c.Effects.Decisions = append(c.Effects.Decisions, offer.Decision{ID: id, Account: "acme", Status: "show", OfferKey: key, At: at})
			c.Effects.Outcomes = append(c.Effects.Outcomes, offer.Outcome{Decision: id, Account: "acme", Offer: key, Type: offer.Accepted, At: at})
			if i%10 == 0 {
				c.Effects.Outcomes = append(c.Effects.Outcomes, offer.Outcome{Decision: id, Account: "acme", Offer: key, Type: offer.Undone, At: at + 2*clock.Day})
			}
		}
		must(t, s.Commit(ctx, c))
		for _, want := range []struct {
			name     string
			from, to clock.Time
			lines    string
		}{
			{"of all time", 0, 0, "pack 0/30 ok, pro 6/30 alarm, "},
			{"of the first day", 0, noon + clock.Day, "pack 0/12 too_little, pro 3/12 too_little, "},
			{"of no time", noon - clock.Day, noon, ""},
		} {
			all, err := s.Reversals(ctx, want.from, want.to)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, r := range all {
				got += fmt.Sprintf("%s %d/%d %s, ", r.Offer, r.Undone, r.Accepted, r.State)
			}
			if got != want.lines {
				t.Errorf("%s: %s, want %s", want.name, got, want.lines)
			}
		}
	})
}
