package offer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// asking is summits with a policy for requests.
func asking(t testing.TB) *catalog.Catalog {
	cat := parse(t, summits)
	cat.Requests = catalog.RequestPolicy{Expire: 30 * 24 * time.Hour, Remind: []time.Duration{3 * 24 * time.Hour, 7 * 24 * time.Hour}, CoolOff: 14 * 24 * time.Hour}
	return cat
}

// declined is somebody whose request for Pro an admin declined so long ago.
func declined(role Role, ago clock.Time) func(*Input) {
	return func(in *Input) {
		in.Role = role
		in.State.Requests = append(in.State.Requests, Request{ID: "r1", User: in.User, Give: catalog.Give{Plan: "pro"}, Status: Declined, DecidedAt: in.Now - ago})
	}
}

// code is the code of a fault, empty for none.
func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.CodeOf(err)
}

// TestHowARequestGoes plays days of an account in words: "mo asks", "ada approves", "ada declines",
// "+3d" lets time pass.
func TestHowARequestGoes(t *testing.T) {
	cat := asking(t)
	pro := catalog.Give{Plan: "pro"}
	for _, c := range []struct {
		name, days string
		want       string // what each step but time led to
		heard      string // kinds of notice, and who heard
	}{
		{"a member asks and an admin approves", "mo asks, ada approves", "opened, approved", "asked>admin approved>mo activated>admin"},
		{"a member asks and an admin declines", "mo asks, ada declines", "opened, declined", "asked>admin declined>mo declined>admin"},
		{"a second member joins, and both hear", "mo asks, mia asks, ada approves", "opened, joined, approved", "asked>admin joined>admin joined>mo approved>mo approved>mia activated>admin"},
		{"both hear a no as well", "mo asks, mia asks, ada declines", "opened, joined, declined", "asked>admin joined>admin joined>mo declined>mo declined>mia declined>admin"},
		{"asking twice is asking once", "mo asks, mo asks", "opened, repeated", "asked>admin"},
		{"asking again at once after a no", "mo asks, ada declines, mo asks", "opened, declined, request_cooling_off", "asked>admin declined>mo declined>admin"},
		{"asking again when the cool-off is nearly over", "mo asks, ada declines, +13d, mo asks", "opened, declined, request_cooling_off", "asked>admin declined>mo declined>admin"},
		{"asking again when the cool-off is over", "mo asks, ada declines, +14d, mo asks", "opened, declined, opened", "asked>admin declined>mo declined>admin asked>admin"},
		{"somebody else may ask during the cool-off", "mo asks, ada declines, mia asks", "opened, declined, opened", "asked>admin declined>mo declined>admin asked>admin"},
		{"but who was declined may not join them", "mo asks, ada declines, mia asks, mo asks", "opened, declined, opened, request_cooling_off", "asked>admin declined>mo declined>admin asked>admin"},
		{"who joined a declined request waits as well", "mo asks, mia asks, ada declines, mia asks", "opened, joined, declined, request_cooling_off", "asked>admin joined>admin joined>mo declined>mo declined>mia declined>admin"},
		{"nobody answers for three days", "mo asks, +3d", "opened", "asked>admin reminded>admin"},
		{"nobody answers for a week", "mo asks, +4d, +3d", "opened", "asked>admin reminded>admin reminded>admin"},
		{"reminders missed together are one", "mo asks, +8d", "opened", "asked>admin reminded>admin"},
		{"nobody ever answers", "mo asks, +4d, +4d, +22d", "opened", "asked>admin reminded>admin reminded>admin expired>mo expired>admin"},
		{"what expired may be asked for again", "mo asks, +30d, mo asks", "opened, opened", "asked>admin expired>mo expired>admin asked>admin"},
		{"what expired cannot be approved", "mo asks, +30d, ada approves", "opened, request_answered", "asked>admin expired>mo expired>admin"},
		{"what was answered is not reminded of", "mo asks, ada approves, +10d", "opened, approved", "asked>admin approved>mo activated>admin"},
		{"approved twice is approved once", "mo asks, ada approves, ada approves", "opened, approved, repeated", "asked>admin approved>mo activated>admin"},
		{"somebody buys it meanwhile", "mo asks, somebody buys", "opened, superseded", "asked>admin activated>mo activated>admin"},
		{"it is undone", "mo asks, ada approves, it is undone", "opened, approved, undone", "asked>admin approved>mo activated>admin undone>mo undone>admin"},
		{"an undone purchase may be asked for again at once", "mo asks, ada approves, it is undone, mo asks", "opened, approved, undone, opened",
			"asked>admin approved>mo activated>admin undone>mo undone>admin asked>admin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			st, at := &State{}, now
			has := &subscription.Subscription{Plan: "starter", Status: subscription.Active, Interval: subscription.Month}
			var led []string
			hear := func(kind string, rs ...Request) {
				for _, r := range rs {
					st.Tell(kind, r, "", at, ids)
				}
			}
			for step := range strings.SplitSeq(c.days, ", ") {
				who, what, _ := strings.Cut(step, " ")
				var days int
				if _, err := fmt.Sscanf(step, "+%dd", &days); err == nil {
					at += clock.Time(days) * aDay
					reminded, expired := st.PassRequests(cat, at)
					hear(NoticeReminded, reminded...)
					hear(NoticeExpired, expired...)
					continue
				}
				switch what {
				case "asks":
					r, how, err := Open(st, Ask{User: who, Offer: "pro_for_speakers", Give: pro, Has: has}, "acme", cat, at, ids)
					led = append(led, how+code(err))
					if kind, tells := map[string]string{AskedFirst: NoticeAsked, AskedToo: NoticeJoined}[how]; tells {
						hear(kind, r)
					}
				case "buys":
					for _, r := range st.Supersede(&subscription.Subscription{Plan: "pro", Status: subscription.Active}, cat, at) {
						led = append(led, r.Status)
						hear(NoticeActivated, r)
					}
				case "is undone":
					_, r := TakenBack(st, "", st.Requests[0].ID, "pro_for_speakers", "acme", "ada", at)
					led = append(led, r.Status)
					hear(NoticeUndone, *r)
				default:
					res, err := Answer(st, Verdict{Request: st.Requests[len(st.Requests)-1].ID, Approve: what == "approves", By: who}, at)
					switch {
					case err != nil:
						led = append(led, fault.CodeOf(err))
					case res.Repeated:
						led = append(led, "repeated")
					default:
						led = append(led, res.Request.Status)
						if what == "approves" {
							hear(NoticeApproved, res.Request)
							hear(NoticeActivated, res.Request)
						} else {
							hear(NoticeDeclined, res.Request)
						}
					}
				}
			}
			if got := strings.Join(led, ", "); got != c.want {
				t.Errorf("%s\nled to %s\nwant   %s", c.days, got, c.want)
			}
			var heard []string
			for _, n := range st.Notices {
				heard = append(heard, n.Kind+">"+n.User+string(n.Role))
			}
			if got := strings.Join(heard, " "); got != c.heard {
				t.Errorf("%s\nwas heard as %s\nwant         %s", c.days, got, c.heard)
			}
		})
	}
}

// How many of a thing fit changes with every use: that makes no other thing of it.
func TestMoreOrLessOfTheSameIsTheSame(t *testing.T) {
	cat := asking(t)
	rooms := func(n int64) catalog.Give { return catalog.Give{Addon: "room", Quantity: n} }
	for _, c := range []struct {
		name   string
		before func(st *State)
		user   string
		asks   catalog.Give
		want   string // what it led to, and what each request is for by then
	}{
		{"another member wants more: one request, for as many", nil, "mia", rooms(3), "joined: 3 open"},
		{"another member wants fewer: one request, as it was", nil, "mia", rooms(1), "joined: 2 open"},
		{"the same member wants more by now", nil, "mo", rooms(3), "repeated: 2 open"},
		{"who was declined fewer wants more", func(st *State) { st.Requests[0].Status, st.Requests[0].DecidedAt = Declined, now }, "mo", rooms(3), "request_cooling_off: 2 declined"},
		{"another thing is another request", nil, "mia", catalog.Give{Addon: "library", Quantity: 2}, "opened: 2 open, 2 open"},
		{"an admin bought more than was asked for", func(st *State) { st.fulfil("more_room", rooms(3), "ada", now) }, "mia", rooms(3), "opened: 2 approved, 3 open"},
		{"an admin bought fewer: the request waits", func(st *State) { st.fulfil("more_room", rooms(1), "ada", now) }, "mia", rooms(2), "joined: 2 open"},
	} {
		st := &State{}
		if _, _, err := Open(st, Ask{User: "mo", Give: rooms(2)}, "acme", cat, now, ids); err != nil {
			t.Fatal(err)
		}
		if c.before != nil {
			c.before(st)
		}
		_, how, err := Open(st, Ask{User: c.user, Give: c.asks}, "acme", cat, now, ids)
		var are []string
		for _, r := range st.Requests {
			are = append(are, fmt.Sprint(r.Give.Quantity, " ", r.Status))
		}
		if got := how + code(err) + ": " + strings.Join(are, ", "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestADecisionStaysTheSameWhenMoreFitsByNow(t *testing.T) {
	in := onStarter(parse(t, strings.Replace(summits, "give: {addon: room}", "give: {addon: room, fit: true}", 1)))
	in.Placement, in.Feature = "team.page", ""
	in.Catalog.Offers["more_room"].Contact = catalog.Contact{AtMost: 1, Per: 90 * 24 * time.Hour}
	first := shownTo(t, in, "ada", Admin)
	in.Wanted, in.Feature = quantity.Of(60), "speakers"
	again := shownTo(t, in.later(clock.Hour), "ada", Admin)
	if !again.Again || again.ID != first.ID || again.Give.Quantity <= first.Give.Quantity {
		t.Errorf("first %+v, then %+v", first.Give, again.Give)
	}
	if give, _ := in.State.GiveOf(first.ID); give != again.Give {
		t.Errorf("it gives %+v, not what is shown", give)
	}
}

func TestWhatTheSubscriptionGivesNobodyNeedsToAskForAnyMore(t *testing.T) {
	cat := asking(t)
	sub := func(plan string, interval subscription.Interval, rooms int64) *subscription.Subscription {
		s := &subscription.Subscription{Plan: plan, Interval: interval, Status: subscription.Active}
		if rooms > 0 {
			s.Addons = []subscription.AddonLine{{Key: "room", Quantity: rooms}}
		}
		return s
	}
	for _, c := range []struct {
		name string
		give catalog.Give
		had  *subscription.Subscription
		has  *subscription.Subscription
		want bool
	}{
		{"the plan itself", catalog.Give{Plan: "pro"}, sub("starter", "month", 0), sub("pro", "month", 0), true},
		{"a plan above it", catalog.Give{Plan: "pro"}, sub("starter", "month", 0), sub("business", "month", 0), true},
		{"a plan below it", catalog.Give{Plan: "business"}, sub("starter", "month", 0), sub("pro", "month", 0), false},
		{"the plan only tried", catalog.Give{Plan: "pro"}, sub("starter", "month", 0), &subscription.Subscription{Plan: "pro", Status: subscription.Trialing}, false},
		{"the first of an add-on", catalog.Give{Addon: "room"}, sub("pro", "month", 0), sub("pro", "month", 1), true},
		{"one more of an add-on that was there", catalog.Give{Addon: "room"}, sub("pro", "month", 2), sub("pro", "month", 3), true},
		{"as many as before", catalog.Give{Addon: "room"}, sub("pro", "month", 2), sub("pro", "month", 2), false},
		{"fewer than asked for", catalog.Give{Addon: "room", Quantity: 3}, sub("pro", "month", 0), sub("pro", "month", 2), false},
		{"paying by the year", catalog.Give{Interval: "year"}, sub("pro", "month", 0), sub("pro", "year", 0), true},
		{"after the subscription ended", catalog.Give{Plan: "pro"}, sub("starter", "month", 0), &subscription.Subscription{Plan: "pro", Status: subscription.Ended}, false},
	} {
		st := &State{}
		if _, _, err := Open(st, Ask{User: "mo", Give: c.give, Has: c.had}, "acme", cat, now, ids); err != nil {
			t.Fatal(err)
		}
		if got := len(st.Supersede(c.has, cat, now)) == 1; got != c.want {
			t.Errorf("%s: superseded %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAStandingApprovalCoversNoMoreThanWasShownAndSaid(t *testing.T) {
	cat := asking(t)
	room, usd := catalog.Give{Addon: "room"}, func(n money.Minor) money.Amount { return money.Of(n, "USD") }
	for _, c := range []struct {
		name   string
		always Always
		asks   string // who
		give   catalog.Give
		cost   money.Minor // of the one asked for now, per always.Per
		spent  []Use
		after  clock.Time
		want   bool
	}{
		{"the same thing of the same person", Always{AtMost: usd(20000), Per: "month"}, "mo", room, 7500, nil, 0, true},
		{"another person's", Always{AtMost: usd(20000), Per: "month"}, "mia", room, 7500, nil, 0, false},
		{"another person's, for everybody", Always{For: "everybody", AtMost: usd(20000), Per: "month"}, "mia", room, 7500, nil, 0, true},
		{"another thing", Always{AtMost: usd(20000), Per: "month"}, "mo", catalog.Give{Plan: "pro"}, 7500, nil, 0, false},
		{"more of it at once", Always{AtMost: usd(20000), Per: "month"}, "mo", catalog.Give{Addon: "room", Quantity: 2}, 15000, nil, 0, false},
		{"another thing for the same feature", Always{What: "feature", AtMost: usd(20000), Per: "month"}, "mo", catalog.Give{Addon: "room", Quantity: 1}, 7500, nil, 0, true},
		{"the price went up since", Always{AtMost: usd(20000), Per: "month"}, "mo", room, 7501, nil, 0, false},
		{"it costs less now", Always{AtMost: usd(20000), Per: "month"}, "mo", room, 5000, nil, 0, true},
		{"as much as is left", Always{AtMost: usd(20000), Per: "month"}, "mo", room, 7500, []Use{{Cost: 12500}}, 0, true},
		{"a cent more than is left", Always{AtMost: usd(20000), Per: "month"}, "mo", room, 7500, []Use{{Cost: 12501}}, 0, false},
		{"what recurs counts for as long as it stands", Always{AtMost: usd(20000), Per: "month", Until: now + 400*aDay}, "mo", room, 7500, []Use{{Cost: 15000, At: now}}, 200 * aDay, false},
		{"what was bought once counts for a month", Always{AtMost: usd(20000), Per: "month"}, "mo", room, 7500, []Use{{Cost: 15000, Once: true, At: now}}, 31 * aDay, true},
		{"and not for less", Always{AtMost: usd(20000), Per: "month"}, "mo", room, 7500, []Use{{Cost: 15000, Once: true, At: now}}, 30 * aDay, false},
		{"nothing at all may be spent", Always{AtMost: usd(0), Per: "month"}, "mo", room, 7500, nil, 0, false},
		{"just before its end", Always{AtMost: usd(20000), Per: "month", Until: now + 10*aDay}, "mo", room, 7500, nil, 10*aDay - 1, true},
		{"at its end", Always{AtMost: usd(20000), Per: "month", Until: now + 10*aDay}, "mo", room, 7500, nil, 10 * aDay, false},
		{"a year later, when nothing was said", Always{AtMost: usd(20000), Per: "month"}, "mo", room, 7500, nil, 365 * aDay, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := &State{}
			first := Request{ID: "r1", Account: "acme", User: "mo", Give: room, Offer: "more_room", Feature: "speakers"}
			ap, err := Stand(st, first, c.always, "ada", func(string) money.Amount { return usd(7500) }, now, ids)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range c.spent {
				st.Use(ap.ID, u)
			}
			r := Request{ID: "r2", User: c.asks, Give: c.give, Offer: "other", Feature: "speakers"}
			cost := func(string) money.Amount { return usd(c.cost) }
			got, lapsed := st.Standing(&r, c.asks, cost, func(giver string) bool { return giver == "ada" }, now+c.after)
			if (got != nil) != c.want || lapsed {
				t.Errorf("covered %v, want %v; lapsed %v", got != nil, c.want, lapsed)
			}
			if got, lapsed = st.Standing(&r, c.asks, cost, func(string) bool { return false }, now+c.after); got != nil || lapsed != c.want {
				t.Errorf("ada may not approve any more: covered %v, lapsed %v, want %v", got != nil, lapsed, c.want)
			}
		})
	}
	_ = cat
}

func TestWhatAStandingApprovalMustSay(t *testing.T) {
	good := Always{AtMost: money.Of(20000, "USD"), Per: "month"}
	for _, c := range []struct {
		name string
		edit func(*Always)
		want string
	}{
		{"how much, in which time", func(*Always) {}, ""},
		{"in no time", func(a *Always) { a.Per = "" }, "approval_invalid"},
		{"in another currency", func(a *Always) { a.AtMost.Currency = "EUR" }, "approval_invalid"},
		{"less than nothing", func(a *Always) { a.AtMost.Minor = -1 }, "approval_invalid"},
		{"until a time that has passed", func(a *Always) { a.Until = now }, "approval_invalid"},
		{"until for ever", func(a *Always) { a.Until = now + 9999*aDay }, "approval_invalid"},
		{"for nobody we know", func(a *Always) { a.For = "friends" }, "approval_invalid"},
		{"for the feature, where none was named", func(a *Always) { a.What = "feature" }, "approval_invalid"},
		{"for the offer, where there was none", func(a *Always) { a.What = "offer" }, "approval_invalid"},
	} {
		always := good
		c.edit(&always)
		st := &State{}
		_, err := Stand(st, Request{ID: "r1", User: "mo", Give: catalog.Give{Addon: "room"}}, always, "ada", func(string) money.Amount { return money.Of(7500, "USD") }, now, ids)
		if got := code(err); got != c.want || (c.want != "") != (len(st.Approvals) == 0) {
			t.Errorf("%s: %q, want %q; %d kept", c.name, got, c.want, len(st.Approvals))
		}
	}
}

func TestWhatAPurchaseCountsAgainstAStandingApproval(t *testing.T) {
	sub := func(recurring money.Minor, i subscription.Interval) *subscription.Subscription {
		return &subscription.Subscription{Status: subscription.Active, Interval: i, Recurring: recurring, Currency: "USD"}
	}
	for _, c := range []struct {
		name          string
		before, after *subscription.Subscription
		now           money.Minor
		per           string
		want          money.Minor
	}{
		{"more each month, for a month", sub(4900, "month"), sub(12400, "month"), 2000, "month", 7500},
		{"more each month, for a year", sub(4900, "month"), sub(12400, "month"), 2000, "year", 90000},
		{"more each year, for a year", sub(49000, "year"), sub(124000, "year"), 70000, "year", 75000},
		{"more each year counts whole against a month", sub(49000, "year"), sub(124000, "year"), 70000, "month", 75000},
		{"something once", sub(4900, "month"), sub(4900, "month"), 900, "month", 900},
		{"the first subscription", &subscription.Subscription{}, sub(4900, "month"), 4900, "month", 4900},
		{"from the month to the year", sub(4900, "month"), sub(49000, "year"), 46000, "year", 49000},
		{"less", sub(12400, "month"), sub(4900, "month"), -3000, "month", 0},
	} {
		q := subscription.Quote{Now: money.Of(c.now, "USD")}
		if got := CostOf(c.before, c.after, q, c.per); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestNoticesAreReadByWhomTheyAreFor(t *testing.T) {
	st := &State{}
	st.Tell(NoticeDeclined, Request{ID: "r1", Account: "acme", User: "mo", Title: "Pro"}, "", now, ids) // notice-1 to mo, notice-2 to admins
	for _, c := range []struct {
		name, id, user string
		admin          bool
		want           string
	}{
		{"their own", "notice-1", "mo", false, "read"},
		{"again", "notice-1", "mo", false, "was read"},
		{"somebody else's", "notice-1", "mia", false, "notice_unknown"},
		{"somebody else's, by an admin", "notice-1", "ada", true, "notice_unknown"},
		{"those for admins, by a member", "notice-2", "mo", false, "notice_unknown"},
		{"those for admins, by one", "notice-2", "ada", true, "read"},
		{"one we do not know", "notice-9", "ada", true, "notice_unknown"},
	} {
		_, first, err := st.Read(c.id, c.user, c.admin, now)
		got := fault.CodeOf(err)
		if err == nil {
			got = map[bool]string{true: "read", false: "was read"}[first]
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	for range 300 {
		st.Tell(NoticeAsked, Request{ID: "r1", Title: "Pro"}, "", now, ids)
	}
	if n := len(st.Notices); n != maxNotices {
		t.Errorf("%d notices are kept, want %d", n, maxNotices)
	}
}

func TestReversalsAreJudgedOnlyOnEnough(t *testing.T) {
	for _, c := range []struct {
		name             string
		accepted, undone int
		state, rate      string
	}{
		{"nothing was accepted", 0, 0, "too_little", ""},
		{"too few were accepted, all undone", 19, 19, "too_little", ""},
		{"enough, none undone", 20, 0, "ok", "0.0000"},
		{"one in twenty", 20, 1, "ok", "0.0500"},
		{"two in twenty may be chance", 20, 2, "watch", "0.1000"},
		{"four in twenty is not", 20, 4, "alarm", "0.2000"},
		{"six percent of very many is none either", 10000, 600, "alarm", "0.0600"},
		{"five percent of very many", 10000, 500, "ok", "0.0500"},
	} {
		after := make([]clock.Time, c.undone)
		for i := range after {
			after[i] = clock.Time(i+1) * clock.Minute
		}
		r := ReversalOf("x", int64(c.accepted), after)
		rate := ""
		if r.Rate != nil {
			rate = *r.Rate
		}
		if r.State != c.state || rate != c.rate || (r.Low == nil) != (rate == "") || r.Rule == "" {
			t.Errorf("%s: %s %q, want %s %q", c.name, r.State, rate, c.state, c.rate)
		}
	}
	// Wilson's interval of 4 in 20 as published tables have it.
	if r := ReversalOf("x", 20, make([]clock.Time, 4)); *r.Low != "0.0807" || *r.High != "0.4160" {
		t.Errorf("4 in 20: %s to %s, want 0.0807 to 0.4160", *r.Low, *r.High)
	}
	if r := ReversalOf("x", 20, []clock.Time{3 * clock.Hour, clock.Hour, 2 * clock.Hour, 6 * clock.Hour}); *r.Median != 9000 {
		t.Errorf("the median is %d s, want 9000", *r.Median)
	}
}

func TestWordsOfNoticesNameNobodyAndSayWhatItIsAbout(t *testing.T) {
	r := Request{ID: "r1", User: "mo", Title: "Pro", Joined: []Joined{{User: "mia"}}, At: now, ExpiresAt: now + 30*aDay}
	for _, kind := range []string{NoticeAsked, NoticeJoined, NoticeReminded, NoticeApproved, NoticeDeclined, NoticeExpired, NoticeActivated, NoticeUndone} {
		st := &State{}
		for _, n := range st.Tell(kind, r, "It costs money.", now, ids) {
			if !strings.Contains(n.Words, "Pro") || strings.Contains(n.Words, "mo ") || strings.Contains(n.Words, "mia") || n.Role != Admin && strings.Contains(n.Words, "money") {
				t.Errorf("%s: %q to %s", kind, n.Words, n.User+string(n.Role))
			}
		}
		if len(st.Notices) == 0 || !slices.ContainsFunc(st.Notices, func(n Notice) bool { return n.Kind == kind }) {
			t.Errorf("nobody hears %s", kind)
		}
	}
}
