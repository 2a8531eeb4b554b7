package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/subscription"
	"github.com/headroomhq/headroom/internal/survey"
)

const dayAfter = 24 * hour

// quiet are the quiet rules in force at a time counted from the start, with why.
func (d *desk) quiet(after clock.Time) string {
	var out []string
	for _, q := range d.account().Contactable(catalog.Email, "acme", "", d.cat, start+after).Quiet {
		out = append(out, q.Rule+": "+q.Reason)
	}
	return strings.Join(out, "; ")
}

func TestWhatWasSaidLastOfSatisfactionCounts(t *testing.T) {
	for _, c := range []struct {
		name         string
		fact, survey string // "score on day", empty: none
		want         string
	}{
		{"a low rating is known", "3 on 1", "", "dissatisfied: The account gave a satisfaction of 3 of 10 9 days ago"},
		{"a survey was answered badly", "", "2 on 4", "dissatisfied: The account gave an answer to a survey worth 2 of 10 6 days ago"},
		{"a survey has said better since", "3 on 1", "10 on 4", ""},
		{"a survey has said worse since", "9 on 1", "2 on 4", "dissatisfied: The account gave an answer to a survey worth 2 of 10 6 days ago"},
		{"it is known to be better since the survey", "9 on 4", "3 on 1", ""},
		{"it is known to be worse since the survey", "3 on 4", "9 on 1", "dissatisfied: The account gave a satisfaction of 3 of 10 6 days ago"},
	} {
		d := newDesk(t, parse(t, free))
		d.buys(0, subscription.Change{Plan: "starter"})
		said := func(words string) (score int, at clock.Time) {
			var day int64
			if _, err := fmt.Sscanf(words, "%d on %d", &score, &day); err != nil {
				t.Fatal(err)
			}
			return score, start + clock.Time(day)*dayAfter
		}
		if c.fact != "" {
			score, at := said(c.fact)
			d.call(5*dayAfter, event.KindFact, engine.FactCall{Fact: account.Fact{Name: account.FactSatisfaction, Value: float64(score), At: at}})
		}
		if c.survey != "" {
			score, at := said(c.survey)
			d.account().Surveys = &survey.Account{NPS: &survey.Said{Score: score, At: at}}
		}
		if got := d.quiet(10 * dayAfter); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A call that was not made because the account is held out keeps it quiet as one that was made
// does, or offers would be compared under different rules.
func TestHeldOutAccountsAreQuietAfterCallsThatWereNotMade(t *testing.T) {
	for _, c := range []struct{ holdout, facts string }{{"0%", "contacted"}, {"100%", ""}} {
		d := newDesk(t, parse(t, free+"holdout: "+c.holdout+"\n"))
		d.buys(0, subscription.Change{Plan: "starter"})
		claim := engine.ClaimCall{ID: "c1", Scope: catalog.PerAccount, Channel: catalog.ByPeople, Family: "acme", Attempt: "a"}
		d.call(hour, event.KindClaim, claim)
		var known []string
		for _, f := range d.account().Known {
			known = append(known, f.Name)
		}
		if got := strings.Join(known, " "); got != c.facts {
			t.Errorf("%s held out: facts %q, want %q", c.holdout, got, c.facts)
		}
		if got := d.quiet(2*dayAfter + hour); got != "contacted: Somebody was in touch 2 days ago (people)" {
			t.Errorf("%s held out, two days later: %q", c.holdout, got)
		}
		if got := d.quiet(3*dayAfter + hour); got != "" {
			t.Errorf("%s held out, three days later: %q", c.holdout, got)
		}
		claim.Release = true
		d.call(2*hour, event.KindClaim, claim)
		if got := d.quiet(2 * dayAfter); got != "" {
			t.Errorf("%s held out, given back: %q", c.holdout, got)
		}
	}
}
