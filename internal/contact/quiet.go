package contact

import (
	"cmp"
	"fmt"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/signal"
)

// Circumstances are what the quiet rules look at. Times that are unset never were.
type Circumstances struct {
	Incident      bool       // one is open
	IncidentRef   string     // which
	IncidentEnded clock.Time // the last one that was closed

	Overdue bool // an invoice is

	Contacted clock.Time // by people
	By        string     // over which channel, in words

	Downgraded clock.Time // bought less

	Dissatisfied clock.Time // said so
	Said         string     // what: "a satisfaction of 3 of 10"

	NotActivated bool // required milestones are missing
	UnderUsing   bool // what is paid for is hardly used

	Muted      bool       // somebody said so
	MutedUntil clock.Time // unset: until they say otherwise
}

// quietFor is how long the rules that end by themselves hold where the catalog does not say.
var quietFor = map[string]time.Duration{
	catalog.QuietIncident: 24 * time.Hour, catalog.QuietContacted: 3 * 24 * time.Hour,
	catalog.QuietDowngraded: 30 * 24 * time.Hour, catalog.QuietDissatisfied: 30 * 24 * time.Hour,
}

// Rule says whether a quiet rule is on, and for how long it holds after what set it off. All are
// on where the policy says nothing of any.
func Rule(p *catalog.ContactPolicy, rule string) (holds time.Duration, on bool) {
	if p.Quiet == nil {
		return quietFor[rule], true
	}
	holds, on = p.Quiet[rule]
	return holds, on
}

// InForce returns the rules that keep offers away now, in a fixed order.
func InForce(p *catalog.ContactPolicy, c Circumstances, now clock.Time) []Quiet {
	var out []Quiet
	add := func(rule string, until clock.Time, format string, args ...any) {
		out = append(out, Quiet{Rule: rule, Reason: fmt.Sprintf(format, args...), Until: until})
	}
	// within: the rule is on, and what set it off at a time still counts.
	within := func(rule string, at clock.Time) (until clock.Time, yes bool) {
		holds, on := Rule(p, rule)
		until = at.Add(holds)
		return until, on && at != 0 && until > now
	}
	ago := func(at clock.Time) string { return signal.Span(max(0, now.Sub(at))) + " ago" }
	is := func(rule string, holds bool) bool {
		_, on := Rule(p, rule)
		return on && holds
	}
	if is(catalog.QuietIncident, c.Incident) {
		add(catalog.QuietIncident, 0, "An incident is open%s", aside(c.IncidentRef))
	} else if until, yes := within(catalog.QuietIncident, c.IncidentEnded); yes {
		add(catalog.QuietIncident, until, "An incident ended %s", ago(c.IncidentEnded))
	}
	if is(catalog.QuietOverdue, c.Overdue) {
		add(catalog.QuietOverdue, 0, "An invoice is overdue")
	}
	if until, yes := within(catalog.QuietContacted, c.Contacted); yes {
		add(catalog.QuietContacted, until, "Somebody was in touch %s%s", ago(c.Contacted), aside(c.By))
	}
	if until, yes := within(catalog.QuietDowngraded, c.Downgraded); yes {
		add(catalog.QuietDowngraded, until, "The account began to pay less %s", ago(c.Downgraded))
	}
	if until, yes := within(catalog.QuietDissatisfied, c.Dissatisfied); yes {
		add(catalog.QuietDissatisfied, until, "The account gave %s %s", cmp.Or(c.Said, "a low rating"), ago(c.Dissatisfied))
	}
	if is(catalog.QuietNotActivated, c.NotActivated) {
		add(catalog.QuietNotActivated, 0, "The account has not reached its required milestones: it needs help, not an offer")
	}
	if is(catalog.QuietUnderUsing, c.UnderUsing) {
		add(catalog.QuietUnderUsing, 0, "The account hardly uses what it pays for: it needs help, not an offer")
	}
	if is(catalog.QuietMuted, c.Muted) {
		reason := "Offers are muted"
		if c.MutedUntil != 0 {
			reason += " until " + c.MutedUntil.Std().UTC().Format("2 January 2006")
		}
		add(catalog.QuietMuted, c.MutedUntil, "%s", reason)
	}
	return out
}

func aside(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}
