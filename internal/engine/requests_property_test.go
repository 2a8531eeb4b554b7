package engine_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/subscription"
)

// TestRequestsHoldTheirPromises plays random days of an account: people ask, admins answer, by hand
// and always, purchases are undone and made otherwise, requests expire, with restarts between. There are
// never two open requests for the same thing; nothing is charged that was not shown to an
// admin, or is within what an admin allowed; every answer is heard by both sides.
func TestRequestsHoldTheirPromises(t *testing.T) {
	cat := parse(t, billed)
	gives := []catalog.Give{{Plan: "pro"}, {Plan: "business"}, {Addon: "seat"}, {Addon: "pack"}, {Addon: "topup"}, {Addon: "library"}}
	rapid.Check(t, func(rt *rapid.T) {
		w := &wishes{rt: rt, d: newDesk(t, cat), told: map[string]map[string]bool{}}
		w.d.buys(0, subscription.Change{Plan: "starter", Interval: rapid.SampledFrom([]subscription.Interval{"month", "year"}).Draw(rt, "interval")})
		now := clock.Time(0)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			now += clock.Time(rapid.Int64Range(0, int64(6*clock.Day)).Draw(rt, "later"))
			before := w.d.account().Subscription
			switch rapid.IntRange(0, 7).Draw(rt, "what") {
			case 0, 1, 2:
				ask := offer.Ask{User: rapid.SampledFrom([]string{"mo", "mia", "kim"}).Draw(rt, "who"), Give: rapid.SampledFrom(gives).Draw(rt, "for")}
				w.charged(before, w.call(now, event.KindRequest, engine.RequestCall{Ask: &ask}), nil)
			case 3, 4:
				w.answers(now)
			case 5:
				w.call(now, event.KindSubscription, engine.SubscribeCall{Change: subscription.Change{Undo: true}})
			case 6:
				ch := subscription.Change{Plan: rapid.SampledFrom([]string{"starter", "pro"}).Draw(rt, "plan")}
				w.call(now, event.KindSubscription, engine.SubscribeCall{Change: ch})
			default:
				w.d.passes(now)
				w.heard()
			}
			w.holds()
			w.restart()
		}
	})
}

// wishes is a desk at which people ask for more.
type wishes struct {
	rt   *rapid.T
	d    *desk
	told map[string]map[string]bool // by request and status: who heard
	upto int64                      // notices looked at
}

func (w *wishes) call(after clock.Time, kind event.Kind, v any) engine.OutcomeAnswer {
	a := w.d.call(after, kind, v)
	var out engine.OutcomeAnswer
	if a.Fault == nil && kind != event.KindSubscription {
		if err := json.Unmarshal(a.Body, &out); err != nil {
			w.rt.Fatal(err)
		}
	}
	w.heard()
	return out
}

// answers lets an admin answer one of the requests, with what they were shown, perhaps always.
func (w *wishes) answers(now clock.Time) {
	w.d.passes(now) // as an admin's screen has it
	w.heard()
	a := w.d.account()
	if len(a.Offers.Requests) == 0 {
		return
	}
	r := a.Offers.Requests[rapid.IntRange(0, len(a.Offers.Requests)-1).Draw(w.rt, "which")]
	call := engine.OutcomeCall{Request: r.ID, By: "ada", Approve: rapid.IntRange(0, 2).Draw(w.rt, "yes") > 0}
	if call.Approve {
		ch := offer.Change(r.Give, &a.Subscription, w.d.cat)
		quote, _, err := subscription.Preview(a.Subscription, ch, a.Terms(w.d.cat, w.d.state.Now))
		if err != nil {
			return // there is nothing to confirm
		}
		call.Binding = &subscription.Binding{Account: "acme", Version: a.Subscription.Version, Change: ch, Quote: quote, CatalogVersion: w.d.cat.Version, At: w.d.state.Now, Request: r.ID}
		if rapid.Bool().Draw(w.rt, "always") {
			call.Always = &offer.Always{AtMost: money.Of(money.Minor(rapid.Int64Range(0, 60000).Draw(w.rt, "at most")), "USD"),
				Per: rapid.SampledFrom([]string{"month", "year"}).Draw(w.rt, "per"), For: rapid.SampledFrom([]string{"member", "everybody"}).Draw(w.rt, "whose")}
		}
	}
	before := w.d.account().Subscription
	w.charged(before, w.call(now, event.KindOutcome, call), call.Binding)
}

// charged holds that what changed was shown, or is within a standing approval.
func (w *wishes) charged(before subscription.Subscription, out engine.OutcomeAnswer, shown *subscription.Binding) {
	after := w.d.account().Subscription
	if after.Version == before.Version || out.Request == nil || after.Undo == nil {
		return
	}
	switch {
	case shown != nil:
		// With a change to come, what is shown as recurring is what follows it.
		if after.Undo.Now != shown.Quote.Now || after.Pending == nil && after.Recurring != shown.Quote.Recurring.Minor {
			w.rt.Fatalf("charged %s and %d, shown were %s and %s", after.Undo.Now, after.Recurring, shown.Quote.Now, shown.Quote.Recurring)
		}
	case out.Request.Approval == "":
		w.rt.Fatalf("request %+v changed the subscription unasked", out.Request)
	default:
		for _, ap := range w.d.account().Offers.Approvals {
			if ap.ID == out.Request.Approval && (after.Undo.Now.Minor > ap.Each.Minor || ap.Spent(w.d.state.Now) > ap.AtMost.Minor) {
				w.rt.Fatalf("charged %s under %+v", after.Undo.Now, ap)
			}
		}
	}
}

// heard notes who was told of what.
func (w *wishes) heard() {
	st := &w.d.account().Offers
	first := st.Noticed - int64(len(st.Notices))
	for i, n := range st.Notices {
		if first+int64(i) < w.upto {
			continue
		}
		key := n.Request + " " + n.Kind
		if w.told[key] == nil {
			w.told[key] = map[string]bool{}
		}
		w.told[key][n.User+string(n.Role)] = true
	}
	w.upto = st.Noticed
}

func (w *wishes) holds() {
	open := map[catalog.Give]string{}
	for _, r := range w.d.account().Offers.Requests {
		if r.Status == offer.Waiting {
			if other := open[r.Give]; other != "" {
				w.rt.Fatalf("%s and %s are open for the same %+v", other, r.ID, r.Give)
			}
			open[r.Give] = r.ID
			if r.ExpiresAt <= w.d.state.Now {
				w.rt.Fatalf("%s is open at %s, and expired at %s", r.ID, w.d.state.Now, r.ExpiresAt)
			}
			continue
		}
		kinds := map[string][2]string{offer.Approved: {offer.NoticeApproved, offer.NoticeActivated}, offer.Declined: {offer.NoticeDeclined, offer.NoticeDeclined},
			offer.Expired: {offer.NoticeExpired, offer.NoticeExpired}, offer.Otherwise: {offer.NoticeActivated, offer.NoticeActivated}, offer.Undone: {offer.NoticeUndone, offer.NoticeUndone}}[r.Status]
		for _, user := range r.People() {
			if !w.told[r.ID+" "+kinds[0]][user] {
				w.rt.Fatalf("%s did not hear that %s was %s", user, r.ID, r.Status)
			}
		}
		if !w.told[r.ID+" "+kinds[1]]["admin"] {
			w.rt.Fatalf("admins did not hear that %s was %s", r.ID, r.Status)
		}
	}
	for _, ap := range w.d.account().Offers.Approvals {
		for _, u := range ap.Uses {
			if r, known := w.d.account().Offers.Request(u.Request); known && r.Status != offer.Approved {
				w.rt.Fatalf("%s still counts against %s, and is %s", r.ID, ap.ID, r.Status)
			}
		}
	}
}

// restart stores the account and goes on from what was stored.
func (w *wishes) restart() {
	stored := w.d.state.Stored("acme")
	s := engine.NewState(0, w.d.state.Position, w.d.state.Now, w.d.cat.Version, 1, map[string]clock.Time{"acme": w.d.state.DueOf("acme")})
	if due := w.d.state.DueOf("acme"); due == 0 {
		s = engine.NewState(0, w.d.state.Position, w.d.state.Now, w.d.cat.Version, 1, nil)
	}
	if err := s.LoadAccount("acme", stored); err != nil {
		w.rt.Fatal(fmt.Errorf("restart: %w", err))
	}
	w.d.state = s
}
