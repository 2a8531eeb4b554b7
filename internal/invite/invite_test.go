package invite_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/invite"
	"pgregory.net/rapid"
)

const now = clock.Time(1_700_000_000_000_000)

func id(n int64) string { return fmt.Sprintf("inv.%d", n) }

func people(names string) (out []invite.Person) {
	for n := range strings.FieldsSeq(names) {
		out = append(out, invite.Person{User: n, Feature: "licences"})
	}
	return out
}

// invites invites people now.
func invites(t *testing.T, st *invite.State, names string, seats func(string) invite.Seats) {
	t.Helper()
	if _, _, err := st.Make("acme", invite.Call{People: people(names)}, seats, now, id); err != nil {
		t.Fatal(err)
	}
}

// fill looks at the seats anew and returns who is sent.
func fill(st *invite.State, seats func(string) invite.Seats, at clock.Time) []invite.Invite {
	sent, _ := st.Fill("licences", seats("licences"), at)
	return sent
}

// left is a limit with so many seats unused and so many used.
func left(n, used int64) func(string) invite.Seats {
	return func(string) invite.Seats { return invite.Seats{Left: n, Used: used} }
}

func statuses(items []invite.Invite) string {
	var out []string
	for _, in := range items {
		out = append(out, in.User+" "+string(in.Status))
	}
	return strings.Join(out, ", ")
}

func TestABulkOfInvitationsGetsTheSeatsThatAreFree(t *testing.T) {
	for _, c := range []struct {
		name      string
		before    string
		people    string
		seats     func(string) invite.Seats
		whole     bool
		want      string
		shortfall int64
	}{
		{"room for all", "", "ada bob", left(3, 0), false, "ada sent, bob sent", 0},
		{"room for some", "", "ada bob eve", left(2, 0), false, "ada sent, bob sent, eve waiting", 1},
		{"room for none", "", "ada bob", left(0, 3), false, "ada waiting, bob waiting", 2},
		{"room for some, all or nothing", "", "ada bob eve", left(2, 0), true, "", 1},
		{"room for all, all or nothing", "", "ada bob", left(2, 0), true, "ada sent, bob sent", 0},
		{"those before hold their seats", "ada bob", "eve", left(2, 0), false, "eve waiting", 1},
		{"who has one keeps it", "ada", "ada bob", left(2, 0), false, "ada sent, bob sent", 0},
		{"who waits goes first", "ada bob eve", "dan", left(2, 0), false, "dan waiting", 1},
		{"named twice", "", "ada ada", left(2, 0), false, "ada sent", 0},
		{"without a limit", "", "ada bob", func(string) invite.Seats { return invite.Seats{Endless: true} }, false, "ada sent, bob sent", 0},
		{"of nothing that has seats", "", "-ada", left(0, 0), false, "-ada sent", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var st invite.State
			if _, _, err := st.Make("acme", invite.Call{People: people(c.before)}, c.seats, now, id); err != nil {
				t.Fatal(err)
			}
			call := invite.Call{People: people(c.people), Whole: c.whole}
			if strings.HasPrefix(c.people, "-") {
				call.People[0].Feature = ""
			}
			res, _, err := st.Make("acme", call, c.seats, now+1, id)
			if err != nil || statuses(res.Items) != c.want || res.Shortfall != c.shortfall {
				t.Errorf("%s, %d missing, %v; want %s, %d", statuses(res.Items), res.Shortfall, err, c.want, c.shortfall)
			}
		})
	}
}

func TestWhoWaitsIsSentInOrderWhenThereAreSeats(t *testing.T) {
	var st invite.State
	invites(t, &st, "ada bob eve dan", left(1, 0))
	if sent := fill(&st, left(1, 0), now); len(sent) != 0 {
		t.Errorf("without new seats: %s", statuses(sent))
	}
	if sent := fill(&st, left(3, 0), now+1); statuses(sent) != "bob sent, eve sent" || sent[0].SentAt != now+1 {
		t.Errorf("with two new seats: %s", statuses(sent))
	}
	if got := st.LooksAt(); !slices.Equal(got, []string{"licences"}) {
		t.Errorf("dan waits, and looked at is %v", got)
	}
	if _, _, err := st.Answer(id(2), invite.Declined, "", left(3, 0), now+2); err != nil {
		t.Fatal(err)
	}
	if sent := fill(&st, left(3, 0), now+3); statuses(sent) != "dan sent" {
		t.Errorf("after one declined: %s", statuses(sent))
	}
	if got := st.LooksAt(); len(got) != 0 {
		t.Errorf("nobody waits, and looked at is %v", got)
	}
}

func TestAnInvitationIsAnsweredOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		first  invite.Status
		second invite.Status
		user   string
		code   string // "": heard the same
	}{
		{"accepted twice", invite.Accepted, invite.Accepted, "ada", ""},
		{"accepted by two", invite.Accepted, invite.Accepted, "eve", "invite_over"},
		{"declined after it was accepted", invite.Accepted, invite.Declined, "ada", "invite_over"},
		{"accepted after it was cancelled", invite.Cancelled, invite.Accepted, "ada", "invite_over"},
		{"cancelled twice", invite.Cancelled, invite.Cancelled, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var st invite.State
			invites(t, &st, "ada", left(2, 0))
			if _, _, err := st.Answer(id(1), c.first, "ada", left(2, 0), now+1); err != nil {
				t.Fatal(err)
			}
			in, repeated, err := st.Answer(id(1), c.second, c.user, left(2, 0), now+2)
			if got := fault.CodeOf(err); (err != nil) != (c.code != "") || err != nil && got != c.code || err == nil && (!repeated || in.DecidedAt != now+1) {
				t.Errorf("%+v, %v, %v", in, repeated, err)
			}
		})
	}
	var st invite.State
	if _, _, err := st.Answer("inv.9", invite.Accepted, "ada", left(1, 0), now); fault.CodeOf(err) != "invite_not_found" {
		t.Error(err)
	}
	invites(t, &st, "ada", left(0, 0))
	if _, _, err := st.Answer(id(1), invite.Accepted, "ada", left(0, 0), now); fault.CodeOf(err) != "invite_waits" {
		t.Error(err)
	}
}

func TestAnInvitationThatNobodyAnswersExpires(t *testing.T) {
	var st invite.State
	invites(t, &st, "ada bob", left(1, 0))
	if st.NextDue() != now+invite.Lasts {
		t.Error(st.NextDue())
	}
	if gone := st.Expire(now + invite.Lasts - 1); len(gone) != 0 {
		t.Errorf("too early: %s", statuses(gone))
	}
	if gone := st.Expire(now + invite.Lasts); statuses(gone) != "ada expired" {
		t.Errorf("%s", statuses(gone))
	}
	if sent := fill(&st, left(1, 0), now+invite.Lasts); statuses(sent) != "bob sent" {
		t.Errorf("its seat: %s", statuses(sent))
	}
}

func TestAnInvitationThatGetsNoSeatExpires(t *testing.T) {
	var st invite.State
	invites(t, &st, "ada", left(0, 2))
	if st.NextDue() != now+invite.LastsWaiting {
		t.Error(st.NextDue())
	}
	if gone := st.Expire(now + invite.LastsWaiting - 1); len(gone) != 0 {
		t.Errorf("too early: %s", statuses(gone))
	}
	if gone := st.Expire(now + invite.LastsWaiting); statuses(gone) != "ada expired" || len(st.LooksAt()) != 0 {
		t.Errorf("%s, and looked at is %v", statuses(gone), st.LooksAt())
	}
}

// What changes in the state is said, so that it is stored.
func TestFillSaysWhetherAnythingIsAnother(t *testing.T) {
	for _, c := range []struct {
		name    string
		waiting bool
		seats   invite.Seats
		want    bool
	}{
		{"nothing is told", true, invite.Seats{Left: 1, Used: 1}, false},
		{"the product tells of a seat taken", true, invite.Seats{Left: 0, Used: 2}, true},
		{"the product tells of a seat given up", true, invite.Seats{Left: 1, Used: 0}, true},
		{"the product tells of a seat taken, and nobody waits", false, invite.Seats{Left: 0, Used: 2}, true},
		{"there are more seats", true, invite.Seats{Left: 2, Used: 1}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var st invite.State
			before := left(1, 1)
			invites(t, &st, "ada", before)
			if c.waiting {
				invites(t, &st, "bob", before)
			}
			if _, _, err := st.Answer(id(1), invite.Accepted, "", before, now); err != nil {
				t.Fatal(err)
			}
			was, err := json.Marshal(st)
			if err != nil {
				t.Fatal(err)
			}
			_, changed := st.Fill("licences", c.seats, now+1)
			is, err := json.Marshal(st)
			if err != nil || changed != c.want || changed == (string(is) == string(was)) {
				t.Errorf("said %v of\n%s\nand then\n%s", changed, was, is)
			}
		})
	}
}

func TestWhoAsksToJoin(t *testing.T) {
	ask := func(st *invite.State, at clock.Time) (invite.Ask, bool, error) {
		return st.Request(invite.Ask{Account: "acme", User: "ada", Feature: "licences"}, 14*24*time.Hour, at, id)
	}
	var st invite.State
	a, again, err := ask(&st, now)
	if err != nil || again || a.Status != invite.Asking {
		t.Fatal(a, again, err)
	}
	if b, again, err := ask(&st, now+1); err != nil || !again || b.ID != a.ID {
		t.Errorf("asked again: %+v, %v, %v", b, again, err)
	}
	if _, _, err := st.Decide(a.ID, true, "bob", left(0, 3), now+2); fault.CodeOf(err) != "seats_full" {
		t.Errorf("approved without a seat: %v", err)
	}
	if d, _, err := st.Decide(a.ID, false, "bob", left(0, 3), now+3); err != nil || d.Status != invite.Refused || d.DecidedBy != "bob" {
		t.Errorf("declined: %+v, %v", d, err)
	}
	if _, _, err := st.Decide(a.ID, true, "bob", left(1, 0), now+4); fault.CodeOf(err) != "request_answered" {
		t.Errorf("approved after it was declined: %v", err)
	}
	if _, _, err := ask(&st, now+5); fault.CodeOf(err) != "asked_before" {
		t.Errorf("asked again soon: %v", err)
	}
	if _, again, err := ask(&st, now+3+14*clock.Day); err != nil || again {
		t.Errorf("asked again late: %v, %v", again, err)
	}
}

// Whatever is invited, accepted, asked for and told by the product in whatever order: the seats in use
// and the accepted ones that the product has not told of are never more than the limit.
func TestAcceptedInvitationsNeverPassTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var st invite.State
		limit := rapid.Int64Range(0, 6).Draw(t, "limit")
		used, accepted := int64(0), int64(0) // accepted: whose seat the product has not told of
		told := rapid.Bool().Draw(t, "taken by consume")
		seats := func(string) invite.Seats {
			return invite.Seats{Left: max(0, limit-used), Used: used, Told: told}
		}
		var ids []string
		at := now
		joins := func() {
			if told {
				used++
			} else {
				accepted++
			}
		}
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			at++
			switch rapid.IntRange(0, 6).Draw(t, "what") {
			case 0:
				var call invite.Call
				for i := range rapid.IntRange(1, 4).Draw(t, "people") {
					call.People = append(call.People, invite.Person{User: fmt.Sprint(at, i), Feature: "licences"})
				}
				res, _, _ := st.Make("acme", call, seats, at, id)
				for _, in := range res.Items {
					ids = append(ids, in.ID)
				}
			case 1:
				if len(ids) > 0 {
					which := rapid.SampledFrom(ids).Draw(t, "which")
					if _, repeated, err := st.Answer(which, invite.Accepted, "", seats, at); err == nil && !repeated {
						joins()
					}
				}
			case 2:
				if len(ids) > 0 {
					_, _, _ = st.Answer(rapid.SampledFrom(ids).Draw(t, "which"), invite.Cancelled, "", seats, at)
				}
			case 3:
				if accepted > 0 { // the product tells of one
					accepted, used = accepted-1, used+1
				}
			case 4:
				if used > 0 {
					used--
				}
			case 5:
				if a, again, err := st.Request(invite.Ask{User: fmt.Sprint("a", at), Feature: "licences"}, 0, at, id); err == nil && !again {
					if _, _, err := st.Decide(a.ID, true, "", seats, at); err == nil {
						joins()
					}
				}
			case 6:
				if limit > used+accepted && rapid.Bool().Draw(t, "less") {
					limit--
				} else {
					limit++
				}
			}
			for _, f := range st.LooksAt() { // as the engine does with every change
				st.Fill(f, seats(f), at)
			}
			if used+accepted > limit {
				t.Fatalf("%d in use and %d accepted, of %d", used, accepted, limit)
			}
		}
	})
}

func TestACodeOpensOnlyUnderItsSecretAndNamesWhoseItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "secret")
		account := rapid.StringMatching(`[a-zA-Z0-9 é._-]{1,40}`).Draw(t, "account")
		program := rapid.StringMatching(`[a-z_]{1,20}`).Draw(t, "program")
		code := invite.Code(secret, account, program)
		if a, p, err := invite.ReadCode(secret, code); err != nil || a != account || p != program {
			t.Fatalf("%q is of %q in %q, %v", code, a, p, err)
		}
		if _, _, err := invite.ReadCode(append([]byte{1}, secret...), code); err == nil {
			t.Fatal("it opens under another secret")
		}
		i := rapid.IntRange(0, len(code)-1).Draw(t, "at")
		if other := code[:i] + "A" + code[i+1:]; other != code {
			if a, p, err := invite.ReadCode(secret, other); err == nil && (a != account || p != program) {
				t.Fatalf("%q opens as %q, %q", other, a, p)
			}
		}
	})
}

func TestAnExposureCountsOnceADayAndTheLastOneIsCredited(t *testing.T) {
	type seen struct {
		account string
		day     clock.Time
	}
	for _, c := range []struct {
		name   string
		seen   []seen
		counts string
		last   string // at day 100, with a window of 90 days
	}{
		{"nothing", nil, "", ""},
		{"once", []seen{{"acme", 99}}, "first", "acme"},
		{"twice a day", []seen{{"acme", 99}, {"acme", 99}}, "first -", "acme"},
		{"on two days", []seen{{"acme", 98}, {"acme", 99}}, "first again", "acme"},
		{"of two accounts", []seen{{"acme", 98}, {"globex", 99}}, "first first", "globex"},
		{"of two accounts, the first one again", []seen{{"acme", 97}, {"globex", 98}, {"acme", 99}}, "first first again", "acme"},
		{"too long ago", []seen{{"acme", 9}}, "first", ""},
		{"just in time", []seen{{"acme", 10}}, "first", "acme"},
		{"of nine accounts", []seen{{"a", 91}, {"b", 92}, {"c", 93}, {"d", 94}, {"e", 95}, {"f", 96}, {"g", 97}, {"h", 98}, {"i", 99}, {"a", 99}}, "first first first first first first first first first first", "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var list []invite.Exposure
			var told []string
			for _, x := range c.seen {
				var counts, first bool
				list, counts, first = invite.Expose(list, invite.Exposure{Account: x.account, Program: "friends", At: x.day * clock.Day})
				switch {
				case first:
					told = append(told, "first")
				case counts:
					told = append(told, "again")
				default:
					told = append(told, "-")
				}
			}
			e, found := invite.Last(list, func(string) clock.Time { return 90 * clock.Day }, 100*clock.Day)
			if got := strings.Join(told, " "); got != c.counts || e.Account != c.last || found != (c.last != "") {
				t.Errorf("counted %q, credited to %q", got, e.Account)
			}
		})
	}
}

func FuzzReadCode(f *testing.F) {
	secret := []byte("secret")
	f.Add(invite.Code(secret, "acme", "friends"))
	f.Add(".")
	f.Add("AA.aaaaaaaaaaaa")
	f.Fuzz(func(t *testing.T, code string) {
		if a, p, err := invite.ReadCode(secret, code); err == nil && invite.Code(secret, a, p) != code && a == "" {
			t.Fatal(a, p)
		}
	})
}
