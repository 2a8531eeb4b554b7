package offer

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// shownTo decides for a person and keeps it, as the engine does.
func shownTo(t testing.TB, in Input, user string, role Role) Decision {
	t.Helper()
	in.User, in.Role = user, role
	d := Decide(in)
	if d.Status != "show" {
		t.Fatalf("nothing was shown: %s, %+v", d.Reason, d.Considered)
	}
	Commit(in, d)
	return d
}

func (in Input) later(d clock.Time) Input { in.Now += d; return in }

func TestWhatBecomesOfADecision(t *testing.T) {
	cat := parse(t, summits)
	for _, c := range []struct {
		name     string
		role     Role   // to whom it was shown
		outcomes string // in order; the last one is judged. +25h lets time pass, as:member acts as one
		want     string // code of the fault, or what the last outcome led to
	}{
		{"seen", Admin, "seen", "done"},
		{"seen twice", Admin, "seen seen", "repeated"},
		{"clicked without being seen, as beacons arrive in any order", Admin, "clicked", "done"},
		{"accepted by an admin", Admin, "accepted", "gives pro"},
		{"accepted twice changes the subscription once", Admin, "accepted accepted", "repeated gives pro"},
		{"accepted again after it expired is still answered as the first time", Admin, "accepted +25h accepted", "repeated gives pro"},
		{"accepted by a member", Member, "accepted", "not_allowed_to_buy"},
		{"accepted by a member who was shown an admin's offer", Admin, "as:member accepted", "not_allowed_to_buy"},
		{"accepted by somebody who became an admin", Member, "as:admin accepted", "gives pro"},
		{"requested by a member", Member, "requested", "request open"},
		{"requested twice is one request", Member, "requested requested", "repeated request open"},
		{"requested and then accepted by an admin", Member, "requested as:admin accepted", "gives pro and fulfils 1"},
		{"dismissed", Admin, "dismissed", "done"},
		{"dismissed twice", Admin, "dismissed dismissed", "repeated"},
		{"dismissed and accepted after all", Admin, "dismissed accepted", "decision_closed"},
		{"accepted and dismissed after that", Admin, "accepted dismissed", "decision_closed"},
		{"seen after it was accepted", Admin, "accepted seen", "done"},
		{"accepted just in time", Admin, "+23h accepted", "gives pro"},
		{"accepted too late", Admin, "+24h accepted", "decision_expired"},
		{"requested too late", Member, "+24h requested", "decision_expired"},
		{"seen long ago and told late", Admin, "+48h seen", "done"},
		{"dismissed late: a no is always heard", Admin, "+48h dismissed", "done"},
		{"an outcome we do not know", Admin, "bought", "outcome_invalid"},
		{"a decision we do not know", Admin, "unknown", "decision_unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := onStarter(cat)
			d := shownTo(t, in, "ada", c.role)
			act := Act{Decision: d.ID}
			got := ""
			for word := range strings.FieldsSeq(c.outcomes) {
				if role, ok := strings.CutPrefix(word, "as:"); ok {
					act.Role = Role(role)
					continue
				}
				if hours, ok := strings.CutPrefix(word, "+"); ok {
					var n int
					if _, err := fmt.Sscanf(hours, "%dh", &n); err != nil {
						t.Fatal(err)
					}
					in.Now += clock.Time(n) * clock.Hour
					continue
				}
				act.Type = word
				if word == "unknown" {
					act.Type, act.Decision = Seen, "decision-99"
				}
				got = record(t, cat, in.State, act, in.Now)
			}
			if got != c.want {
				t.Errorf("%s: %s, want %s", c.outcomes, got, c.want)
			}
		})
	}
}

// record says in a few words what an outcome led to, and holds that a fault changes nothing.
func record(t *testing.T, cat *catalog.Catalog, st *State, a Act, at clock.Time) string {
	t.Helper()
	before := stored(t, st)
	res, err := Record(st, a, "acme", cat, at, ids)
	if err != nil {
		if after := stored(t, st); after != before {
			t.Errorf("a refused outcome changed the state:\n%s\n%s", before, after)
		}
		return fault.CodeOf(err)
	}
	var words []string
	if res.Repeated {
		words = append(words, "repeated")
	}
	if res.Give != nil {
		words = append(words, "gives "+res.Give.Plan+res.Give.Addon)
	}
	if len(res.Fulfilled) > 0 {
		words = append(words, fmt.Sprintf("and fulfils %d", len(res.Fulfilled)))
	}
	if res.Request != nil {
		words = append(words, "request "+res.Request.Status)
	}
	if len(words) == 0 {
		words = []string{"done"}
	}
	return strings.Join(words, " ")
}

// stored is the state as a checkpoint keeps it.
func stored(t interface{ Fatal(args ...any) }, st *State) string {
	b, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTwoAdminsCannotBuyTheSameThingTwice(t *testing.T) {
	in := onStarter(parse(t, summits))
	a, b, m := shownTo(t, in, "ada", Admin), shownTo(t, in, "bea", Admin), shownTo(t, in, "mo", Member)
	for _, c := range []struct {
		who, decision, outcome, want string
	}{
		{"mo, a member, asks", m.ID, Requested, "request open"},
		{"ada buys", a.ID, Accepted, "gives pro and fulfils 1"},
		{"bea buys", b.ID, Accepted, "decision_closed"},
		{"bea was shown it all the same", b.ID, Seen, "done"},
	} {
		if got := record(t, in.Catalog, in.State, Act{Decision: c.decision, Type: c.outcome}, now); got != c.want {
			t.Errorf("%s: %s, want %s", c.who, got, c.want)
		}
	}
	if r := in.State.Requests[0]; r.Status != "approved" || r.DecidedBy != "ada" || r.User != "mo" {
		t.Errorf("the member's request is %+v, want it approved by ada", r)
	}
}

func TestAnAdminAnswersAnUpgradeRequest(t *testing.T) {
	cat := parse(t, summits)
	asking := func(t *testing.T) *State {
		in := onStarter(cat)
		for _, user := range []string{"mo", "mia"} {
			d := shownTo(t, in, user, Member)
			record(t, cat, in.State, Act{Decision: d.ID, Type: Requested, Reason: "we are full"}, now)
		}
		return in.State
	}
	for _, c := range []struct {
		name    string
		answers []bool // to mo's request; the last one is judged
		want    string
	}{
		{"approved", []bool{true}, "approved by ada, gives pro, accepts decision-1"},
		{"approved twice changes the subscription once", []bool{true, true}, "approved by ada, gives pro, repeated"},
		{"declined", []bool{false}, "declined by ada"},
		{"declined twice", []bool{false, false}, "declined by ada, repeated"},
		{"approved and then declined", []bool{true, false}, "request_answered"},
		{"declined and then approved", []bool{false, true}, "request_answered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			st, got := asking(t), ""
			for _, approve := range c.answers {
				res, err := Answer(st, Verdict{Request: "request-1", Approve: approve, By: "ada"}, now)
				if err != nil {
					got = fault.CodeOf(err)
					continue
				}
				got = res.Request.Status + " by " + res.Request.DecidedBy
				if res.Give != nil {
					got += ", gives " + res.Give.Plan
				}
				if res.Repeated {
					got += ", repeated"
				}
				if n := len(res.Request.People()); n != 2 {
					t.Errorf("%d people asked, want 2", n)
				}
				if res.Outcome != nil {
					got += ", accepts " + res.Outcome.Decision
				}
				if res.Signal != "s-speakers" {
					t.Errorf("signal %q, want s-speakers", res.Signal)
				}
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	if _, err := Answer(&State{}, Verdict{Request: "request-9", Approve: true, By: "ada"}, now); fault.CodeOf(err) != "request_unknown" {
		t.Errorf("an unknown request: %v", err)
	}
}

func TestTheSamePersonSeesTheSameDecisionAgainAndItCountsOnce(t *testing.T) {
	in := onStarter(parse(t, summits))
	first := shownTo(t, in, "ada", Admin)
	for range 10 {
		if again := shownTo(t, in.later(23*clock.Hour), "ada", Admin); again.ID != first.ID || !again.Again || again.At != first.At {
			t.Fatalf("shown again as %+v, want %s", again, first.ID)
		}
	}
	other := in
	other.Placement = "billing.page"
	if d := shownTo(t, other, "ada", Admin); d.ID == first.ID {
		t.Error("another placement is another decision")
	}
	if d := shownTo(t, in, "bea", Admin); d.ID == first.ID {
		t.Error("another person is another decision")
	}
	if n := len(in.State.Offers["pro_for_speakers"].Shown); n != 3 {
		t.Errorf("%d showings counted, want 3", n)
	}
	if d := Decide(in.later(24 * clock.Hour)); d.Reason != "at_most" {
		t.Errorf("after three showings and the first one's end: %s, %s", d.Status, d.Reason)
	}
}

func TestAHoldoutIsStickyCountedAndClosedToOutcomes(t *testing.T) {
	cat := parse(t, summits)
	cat.Offers["pro_for_speakers"].Holdout = 100
	in := onStarter(cat)
	d := Decide(in)
	if d.Status != "none" || d.Reason != "holdout" || d.Variant != "holdout" || d.Offer != nil || d.OfferKey != "pro_for_speakers" || d.ID == "" {
		t.Fatalf("held out: %+v", d)
	}
	Commit(in, d)
	if again := Decide(in); again.ID != d.ID || !again.Again {
		t.Errorf("held out again as %+v", again)
	}
	if n := len(in.State.Offers["pro_for_speakers"].Shown); n != 1 {
		t.Errorf("counted %d times, want once, as if it had been shown", n)
	}
	if got := record(t, cat, in.State, Act{Decision: d.ID, Type: Accepted}, now); got != "decision_closed" {
		t.Errorf("accepting what was not shown: %s", got)
	}
	cat.Offers["pro_for_speakers"].Holdout = 1
	in.Family = "somebody else"
	in.State = &State{}
	if d := Decide(in); d.Status != "show" || d.Variant != "treatment" {
		t.Errorf("beside the holdout: %s %s, want the treatment shown", d.Status, d.Variant)
	}
}

func TestTheShareHeldOutIsTheOneAskedFor(t *testing.T) {
	const families = 20_000
	for _, percent := range []int64{0, 1, 10, 50, 99, 100} {
		out, both := 0, 0
		for i := range families {
			family := fmt.Sprintf("account-%d", i)
			held := Holdout(family, "pro_for_speakers", "salt", percent)
			if held {
				out++
				if Holdout(family, "more_room", "salt", percent) {
					both++
				}
			}
			if held && percent < 100 && !Holdout(family, "pro_for_speakers", "salt", percent+1) {
				t.Fatalf("family %s leaves the holdout when it grows", family)
			}
		}
		// Five standard deviations of a binomial count with these families, rounded up.
		p := float64(percent) / 100
		if got := float64(out) / families; got < p-0.018 || got > p+0.018 {
			t.Errorf("%d%%: %.3f held out", percent, got)
		}
		if got := float64(both) / families; got < p*p-0.018 || got > p*p+0.018 {
			t.Errorf("%d%%: %.3f held out of both of two offers, want them independent", percent, got)
		}
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	in := onStarter(parse(t, summits))
	in.Placement, in.Feature = "nav.badge", ""
	first := shownTo(t, in, "first", Member)
	for i := range 3 * maxDecisions {
		shownTo(t, in, fmt.Sprint("user", i), Member)
	}
	if n := len(in.State.Decisions); n != maxDecisions {
		t.Errorf("%d decisions remembered, want %d", n, maxDecisions)
	}
	if _, known := in.State.Find(first.ID); known {
		t.Error("the oldest one is still remembered")
	}
	shownTo(t, in.later(9*aDay), "late", Member)
	if n := len(in.State.Decisions); n != 1 {
		t.Errorf("%d decisions remembered a week after the others expired, want 1", n)
	}

	var full State
	for i := range maxRequests + 1 {
		full.Decisions = append(full.Decisions, Kept{ID: fmt.Sprint("d", i), Offer: "x", User: fmt.Sprint("u", i), ExpiresAt: now + 1, Give: catalog.Give{Addon: fmt.Sprint("a", i)}})
		got := record(t, in.Catalog, &full, Act{Decision: fmt.Sprint("d", i), Type: Requested}, now)
		if want := map[bool]string{true: "request open", false: "requests_full"}[i < maxRequests]; got != want {
			t.Fatalf("request %d: %s, want %s", i, got, want)
		}
	}
	if _, err := Answer(&full, Verdict{Request: "request-7", By: "ada"}, now); err != nil {
		t.Fatal(err)
	}
	last := Act{Decision: fmt.Sprint("d", maxRequests), Type: Requested}
	if got := record(t, in.Catalog, &full, last, now); got != "request open" || len(full.Requests) != maxRequests {
		t.Errorf("after one was answered: %s, %d remembered", got, len(full.Requests))
	}
	long := Act{Decision: "d0", Type: Dismissed, Reason: strings.Repeat("x", maxReason+1)}
	if got := record(t, in.Catalog, &full, long, now); got != "outcome_invalid" {
		t.Errorf("an endless reason: %s", got)
	}
}

// TestNoSequenceBreaksTheContactPolicy plays random days of an account, with a restart
// between any two steps, and holds what the catalog promises about contact.
func TestNoSequenceBreaksTheContactPolicy(t *testing.T) {
	cat := parse(t, summits)
	rapid.Check(t, func(t *rapid.T) {
		in := onStarter(cat)
		in.Signals[0].DecaysAt, in.Signals[1].DecaysAt = now+9999*aDay, now+9999*aDay
		var st State
		type shownAt struct {
			offer string
			at    clock.Time
		}
		var shows []shownAt
		refused := map[string]clock.Time{}
		accepted := map[string]int{}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			in.Now += clock.Time(rapid.Int64Range(0, int64(5*aDay)).Draw(t, "later"))
			in.State = &st
			if len(st.Decisions) == 0 || rapid.IntRange(0, 2).Draw(t, "decide or act") < 2 {
				in.User = rapid.SampledFrom([]string{"ada", "bea", ""}).Draw(t, "user")
				in.Placement = rapid.SampledFrom([]string{"speakers.add", "recordings.page", "nav.badge", "billing.page"}).Draw(t, "placement")
				before := stored(t, &st)
				d := Decide(in)
				if stored(t, &st) != before {
					t.Fatal("Decide changed the state")
				}
				if d2 := Decide(in); !reflect.DeepEqual(d, d2) {
					t.Fatal("Decide gave two answers to one question")
				}
				Commit(in, d)
				if d.Status == "show" {
					o := cat.Offers[d.Offer.Key]
					if at, was := refused[o.Key]; was && at.Add(o.Contact.Cooldown) > in.Now {
						t.Fatalf("%s shown %s after its dismissal", o.Key, in.Now.Sub(at))
					}
					if !d.Again && o.Kind != catalog.Ambient {
						shows = append(shows, shownAt{o.Key, in.Now})
					}
				}
			} else {
				k := st.Decisions[rapid.IntRange(0, len(st.Decisions)-1).Draw(t, "which")]
				a := Act{Decision: k.ID, Type: rapid.SampledFrom([]string{Seen, Clicked, Dismissed, Requested, Accepted}).Draw(t, "outcome")}
				res, err := Record(&st, a, "acme", cat, in.Now, ids)
				if err == nil && !res.Repeated {
					switch a.Type {
					case Dismissed:
						refused[k.Offer] = in.Now
					case Accepted:
						if accepted[k.ID]++; accepted[k.ID] > 1 {
							t.Fatalf("%s accepted twice", k.ID)
						}
					}
				}
			}
			for _, s := range shows {
				policy := cat.Offers[s.offer].Contact
				n := 0
				for _, other := range shows {
					if other.offer == s.offer && other.at >= s.at && other.at < s.at.Add(policy.Per) {
						n++
					}
				}
				if policy.AtMost > 0 && n > policy.AtMost {
					t.Fatalf("%s shown %d times within %s, at most %d", s.offer, n, policy.Per, policy.AtMost)
				}
			}
			kept := stored(t, &st)
			st = State{}
			if err := json.Unmarshal([]byte(kept), &st); err != nil {
				t.Fatal(err)
			}
		}
	})
}
