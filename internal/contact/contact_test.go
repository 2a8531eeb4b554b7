package contact_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/contact"
)

const (
	day   = 24 * time.Hour
	start = 1_700_000_000 * clock.Second // 14 November 2023, 22:13:20 UTC
)

func person(channel catalog.Channel, atMost int, per time.Duration) catalog.Budget {
	return catalog.Budget{Scope: catalog.PerPerson, Channel: channel, AtMost: atMost, Per: per}
}

func TestWhatABudgetLetsThrough(t *testing.T) {
	five := []catalog.Budget{person(catalog.AnyChannel, 2, 7*day)}
	for _, c := range []struct {
		name    string
		budgets []catalog.Budget
		spent   []contact.Spend // At counts from start
		channel catalog.Channel
		after   time.Duration
		want    string // the reason of the refusals; empty: it may
	}{
		{"nothing was spent", five, nil, catalog.Email, 0, ""},
		{"one is left", five, spends(catalog.Email), catalog.Email, time.Hour, ""},
		{"any channel counts all", five, spends(catalog.Email, catalog.ByPeople), catalog.InProduct, 2 * time.Hour,
			"This person was asked twice in the last 7 days, which is as often as it may; next on 21 November"},
		{"the first leaves the window", five, spends(catalog.Email, catalog.ByPeople), catalog.InProduct, 7 * day, ""},
		{"just before it does", five, spends(catalog.Email, catalog.ByPeople), catalog.InProduct, 7*day - time.Minute,
			"This person was asked twice in the last 7 days, which is as often as it may; next in 1 minute"},
		{"a budget of email counts email only", []catalog.Budget{person(catalog.Email, 1, day)}, spends(catalog.InProduct), catalog.Email, time.Hour, ""},
		{"in the product counts what is in the way there", []catalog.Budget{person(catalog.InProduct, 1, day)}, spends(catalog.Interruptions), catalog.InProduct, time.Hour,
			"This person was asked once in the last 1 day in the product, which is as often as it may; next in 23 hours"},
		{"interruptions do not count what is not in the way", []catalog.Budget{person(catalog.Interruptions, 1, day)}, spends(catalog.InProduct), catalog.Interruptions, time.Hour, ""},
		{"one interruption a week where nothing is said", nil, spends(catalog.Interruptions), catalog.Interruptions, time.Hour,
			"This person was asked once in the last 7 days by something in the way, which is as often as it may; next on 21 November"},
		{"of which other channels know nothing", nil, spends(catalog.Interruptions), catalog.InProduct, time.Hour, ""},
		{"another scope's budget", []catalog.Budget{{Scope: catalog.PerAccount, Channel: catalog.AnyChannel, AtMost: 1, Per: day}}, spends(catalog.Email), catalog.Email, time.Hour, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &catalog.ContactPolicy{Budgets: c.budgets}
			var st contact.State
			for _, s := range c.spent {
				st.Spend(p, s, catalog.PerPerson)
			}
			got := st.Refusals(p, catalog.PerPerson, c.channel, "new", start.Add(c.after))
			reasons := make([]string, len(got))
			for i, r := range got {
				reasons[i] = r.Reason
				if r.Until <= start.Add(c.after) || r.Code != "contact_budget" {
					t.Errorf("it says %+v", r)
				}
			}
			if strings.Join(reasons, "; ") != c.want {
				t.Errorf("it says %q\nwant     %q", reasons, c.want)
			}
		})
	}
}

func spends(channels ...catalog.Channel) []contact.Spend {
	var out []contact.Spend
	for i, ch := range channels {
		out = append(out, contact.Spend{ID: fmt.Sprint("c", i), Channel: ch, At: start.Add(time.Duration(i) * time.Minute)})
	}
	return out
}

func TestAClaimIsSpentOnceAndGivenBackWhenNobodyHasItAnyMore(t *testing.T) {
	p := &catalog.ContactPolicy{Budgets: []catalog.Budget{person(catalog.AnyChannel, 1, day)}}
	var st contact.State
	first := contact.Spend{ID: "c", Channel: catalog.Email, At: start, Attempts: []string{"a"}}
	st.Spend(p, first, catalog.PerPerson)
	if got := st.Refusals(p, catalog.PerPerson, catalog.Email, "c", start); got != nil {
		t.Fatalf("the same claim again is refused: %+v", got)
	}
	again := first
	again.Attempts = []string{"b"}
	st.Spend(p, again, catalog.PerPerson)
	if len(st.Spends) != 1 {
		t.Fatalf("it is spent %d times", len(st.Spends))
	}
	for _, attempt := range []string{"a", "a", "", "x"} {
		if st.Release("c", attempt) {
			t.Errorf("attempt %q gave back what another still has", attempt)
		}
	}
	if !st.Release("c", "b") || st.Release("c", "b") || st.Spends != nil {
		t.Errorf("after giving it back there is %+v", st)
	}
}

func TestAPersonWhoDismissedIsLeftAlone(t *testing.T) {
	p := &catalog.ContactPolicy{AfterDismissal: day}
	st := contact.State{Dismissed: start}
	got := st.Refusals(p, catalog.PerPerson, catalog.Email, "c", start.Add(2*time.Hour))
	if len(got) != 1 || got[0].Code != "after_dismissal" || got[0].Channel != catalog.AnyChannel ||
		got[0].Reason != "This person dismissed an offer 2 hours ago and is left alone for 1 day; next in 22 hours" {
		t.Errorf("it says %+v", got)
	}
	if got := st.Refusals(p, catalog.PerAccount, catalog.Email, "c", start); got != nil {
		t.Errorf("the account says %+v", got)
	}
	if got := st.Refusals(p, catalog.PerPerson, catalog.Email, "c", start.Add(day)); got != nil {
		t.Errorf("a day later it says %+v", got)
	}
}

// TestNoBudgetIsEverExceeded asks and spends at random, over all scopes and channels, with a
// stored state in between, and counts by hand. What is kept stays bounded.
func TestNoBudgetIsEverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &catalog.ContactPolicy{}
		channels := append([]catalog.Channel{catalog.AnyChannel}, contact.Channels...)
		for _, scope := range []catalog.Scope{catalog.PerAccount, catalog.PerFamily} {
			for _, ch := range channels {
				if rapid.Bool().Draw(t, "has a budget") {
					p.Budgets = append(p.Budgets, catalog.Budget{Scope: scope, Channel: ch,
						AtMost: rapid.IntRange(1, 4).Draw(t, "at most"), Per: time.Duration(rapid.IntRange(1, 10).Draw(t, "days")) * day})
				}
			}
		}
		type made struct {
			s   contact.Spend
			own bool
		}
		var st contact.State
		var all []made
		now := start
		for i := range 60 {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "hours")) * time.Hour)
			ch := rapid.SampledFrom(contact.Channels).Draw(t, "channel")
			s := contact.Spend{ID: fmt.Sprint(i), Channel: ch, At: now}
			own := rapid.Bool().Draw(t, "own")
			refusals := st.Refusals(p, catalog.PerFamily, ch, s.ID, now)
			if own {
				refusals = append(refusals, st.Refusals(p, catalog.PerAccount, ch, s.ID, now)...)
			} else {
				s.Account = "child"
			}
			full := false
			for _, b := range p.Budgets {
				n := 0
				for _, m := range all {
					if contact.Counts(b.Channel, m.s.Channel) && now.Sub(m.s.At) < b.Per && (m.own || b.Scope == catalog.PerFamily) {
						n++
					}
				}
				if n > b.AtMost {
					t.Fatalf("%d contacts in a window of %+v", n, b)
				}
				full = full || contact.Counts(b.Channel, ch) && n == b.AtMost && (own || b.Scope == catalog.PerFamily)
			}
			if full != (len(refusals) > 0) {
				t.Fatalf("by hand it is full: %v; it says %+v", full, refusals)
			}
			if full {
				continue
			}
			st.Spend(p, s, catalog.PerAccount, catalog.PerFamily)
			all = append(all, made{s, own})
			if most := len(p.Budgets) * 4; len(st.Spends) > most {
				t.Fatalf("%d spends are kept of budgets of %d in all", len(st.Spends), most)
			}
			if rapid.IntRange(0, 5).Draw(t, "given back") == 0 {
				st.Release(s.ID, "")
				all = slices.DeleteFunc(all, func(m made) bool { return m.s.ID == s.ID })
			}
		}
	})
}

func TestTheQuietRulesInPlainWords(t *testing.T) {
	hours := func(n int) clock.Time { return start.Add(-time.Duration(n) * time.Hour) }
	for _, c := range []struct {
		name  string
		quiet map[string]time.Duration // nil: all, as by default
		given contact.Circumstances
		want  string
	}{
		{"nothing is the matter", nil, contact.Circumstances{}, ""},
		{"an incident is open", nil, contact.Circumstances{Incident: true, IncidentRef: "T-1"}, "incident: An incident is open (T-1)"},
		{"it ended today", nil, contact.Circumstances{IncidentEnded: hours(3)}, "incident: An incident ended 3 hours ago"},
		{"it ended a day ago", nil, contact.Circumstances{IncidentEnded: hours(24)}, ""},
		{"a longer peace is asked for", map[string]time.Duration{"incident": 3 * day}, contact.Circumstances{IncidentEnded: hours(30)}, "incident: An incident ended 1 day ago"},
		{"an invoice is overdue", nil, contact.Circumstances{Overdue: true}, "overdue: An invoice is overdue"},
		{"somebody called", nil, contact.Circumstances{Contacted: hours(48), By: "call"}, "contacted: Somebody was in touch 2 days ago (call)"},
		{"somebody called last week", nil, contact.Circumstances{Contacted: hours(100)}, ""},
		{"a smaller plan since last week", nil, contact.Circumstances{Downgraded: hours(24 * 7)}, "downgraded: The account began to pay less 7 days ago"},
		{"a low rating", nil, contact.Circumstances{Dissatisfied: hours(24), Said: "a satisfaction of 3 of 10"}, "dissatisfied: The account gave a satisfaction of 3 of 10 1 day ago"},
		{"not activated, and hardly used", nil, contact.Circumstances{NotActivated: true, UnderUsing: true},
			"not_activated: The account has not reached its required milestones: it needs help, not an offer; under_using: The account hardly uses what it pays for: it needs help, not an offer"},
		{"muted by hand", nil, contact.Circumstances{Muted: true, MutedUntil: start.Add(day)}, "muted: Offers are muted until 15 November 2023"},
		{"a rule that is off", map[string]time.Duration{"overdue": 0}, contact.Circumstances{Incident: true, Muted: true, Contacted: hours(1)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, q := range contact.InForce(&catalog.ContactPolicy{Quiet: c.quiet}, c.given, start) {
				got = append(got, q.Rule+": "+q.Reason)
			}
			if strings.Join(got, "; ") != c.want {
				t.Errorf("it says %q\nwant     %q", got, c.want)
			}
		})
	}
}
