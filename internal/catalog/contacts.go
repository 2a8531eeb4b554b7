package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
)

// How often people are contacted over all channels, when nothing is said, and how requests wait.

const (
	maxBudget        = 100
	afterDismissal   = day
	defaultSurveyGap = 30 * day
)

var (
	scopes   = []Scope{PerPerson, PerAccount, PerFamily}
	channels = []Channel{AnyChannel, InProduct, Interruptions, Email, ByPeople}

	// quietRules are the rules with how long each holds where the catalog does not say; those
	// with 0 hold as long as what they are about.
	quietRules = []struct {
		key string
		of  time.Duration
	}{
		{QuietIncident, day}, {QuietOverdue, 0}, {QuietContacted, 3 * day}, {QuietDowngraded, 30 * day},
		{QuietDissatisfied, 30 * day}, {QuietNotActivated, 0}, {QuietUnderUsing, 0}, {QuietMuted, 0},
	}
	contactPolicyFields = []field[ContactPolicy]{
		{"person", func(r *reader, v value, p *ContactPolicy) { r.budgets(v, PerPerson, p) }},
		{"account", func(r *reader, v value, p *ContactPolicy) { r.budgets(v, PerAccount, p) }},
		{"family", func(r *reader, v value, p *ContactPolicy) { r.budgets(v, PerFamily, p) }},
		{"after_dismissal", func(r *reader, v value, p *ContactPolicy) { p.AfterDismissal = r.duration(v, maxWindow) }},
		{"quiet", func(r *reader, v value, p *ContactPolicy) { object(r, v, quietFields, p) }},
	}
	budgetFields = func() []field[ContactPolicy] {
		var fields []field[ContactPolicy]
		for _, channel := range channels {
			fields = append(fields, field[ContactPolicy]{string(channel), func(r *reader, v value, p *ContactPolicy) {
				if n, per := r.atMost(v, maxBudget); n > 0 {
					p.Budgets = append(p.Budgets, Budget{Scope: r.scope, Channel: channel, AtMost: n, Per: per})
				}
			}})
		}
		return fields
	}()
	quietFields = func() []field[ContactPolicy] {
		var fields []field[ContactPolicy]
		for _, rule := range quietRules {
			fields = append(fields, field[ContactPolicy]{rule.key, func(r *reader, v value, p *ContactPolicy) { r.quiet(v, rule.key, rule.of, p) }})
		}
		return fields
	}()
	requestFields = []field[RequestPolicy]{
		{"expire", func(r *reader, v value, p *RequestPolicy) { p.Expire = r.duration(v, maxWindow) }},
		{"remind", func(r *reader, v value, p *RequestPolicy) { p.Remind = r.reminders(v) }},
		{"cool_off", func(r *reader, v value, p *RequestPolicy) { p.CoolOff = r.duration(v, maxWindow) }},
	}
	linkFields = []field[Links]{
		{"billing", func(r *reader, v value, l *Links) { l.Billing = r.target(v) }},
		{"invite", func(r *reader, v value, l *Links) { l.Invite = r.target(v) }},
		{"refer", func(r *reader, v value, l *Links) { l.Refer = r.target(v) }},
		{"powered", func(r *reader, v value, l *Links) { l.Powered = r.target(v) }},
	}
)

// usualContact is the policy where the catalog says nothing: one interruption of a person a
// week, and every quiet rule.
func usualContact() ContactPolicy {
	p := ContactPolicy{AfterDismissal: afterDismissal, Quiet: map[string]time.Duration{}, Budgets: []Budget{usualBudget}}
	for _, rule := range quietRules {
		p.Quiet[rule.key] = rule.of
	}
	return p
}

// usualBudget is there where the catalog gives none for interruptions of a person.
var usualBudget = Budget{Scope: PerPerson, Channel: Interruptions, AtMost: 1, Per: 7 * day}

func usualRequests() RequestPolicy {
	return RequestPolicy{Expire: 30 * day, Remind: []time.Duration{3 * day, 7 * day}, CoolOff: 14 * day}
}

// contact reads the contact policy. Budgets are in the order of scopes, then of channels.
func (r *reader) contact(v value, p *ContactPolicy) {
	if v.kind() == "nothing" {
		return
	}
	p.Budgets = nil
	object(r, v, contactPolicyFields, p)
	if !slices.ContainsFunc(p.Budgets, func(b Budget) bool { return b.Scope == PerPerson && b.Channel == Interruptions }) {
		p.Budgets = append(p.Budgets, usualBudget)
	}
	slices.SortStableFunc(p.Budgets, func(a, b Budget) int {
		if a.Scope != b.Scope {
			return slices.Index(scopes, a.Scope) - slices.Index(scopes, b.Scope)
		}
		return slices.Index(channels, a.Channel) - slices.Index(channels, b.Channel)
	})
}

// budgets reads {any: 5 per 7d, interruption: 1 per 7d}.
func (r *reader) budgets(v value, scope Scope, p *ContactPolicy) {
	r.scope = scope
	object(r, v, budgetFields, p)
}

// quiet reads how long a quiet rule holds, or true or false for on and off.
func (r *reader) quiet(v value, rule string, usual time.Duration, p *ContactPolicy) {
	switch {
	case v.kind() == "true":
		p.Quiet[rule] = usual
	case v.kind() == "false":
		delete(p.Quiet, rule)
	case usual == 0:
		r.wrong(v, "wrong_type", "write true or false", "%s holds as long as it is so, and takes no time", rule)
	default:
		p.Quiet[rule] = r.duration(v, maxWindow)
	}
}

// reminders reads [3d, 7d], which rise.
func (r *reader) reminders(v value) []time.Duration {
	times := []time.Duration{}
	for _, element := range r.list(v) {
		d := r.duration(element, maxWindow)
		if len(times) > 0 && d > 0 && d <= times[len(times)-1] {
			r.wrong(element, "contradiction", "write them in order, such as [3d, 7d]", "this reminder does not come after the one before it")
		}
		times = append(times, d)
	}
	if len(times) > 10 {
		r.wrong(v, "too_long", "remind less often", "these are %d reminders, the most is 10", len(times))
	}
	return times
}

// contactPolicy finds budgets and reminders that cannot hold.
func (r *reader) contactPolicy() {
	q := &r.c.Requests
	for i, after := range q.Remind {
		if after >= q.Expire && q.Expire > 0 {
			r.broken("contradiction", fmt.Sprintf("requests.remind[%d]", i), durationWords(after), "remind earlier, or let requests expire later",
				"a request has expired after %s, before this reminder", durationWords(q.Expire))
		}
	}
	for _, link := range []struct {
		key, text string
		parts     []string
	}{
		{"billing", r.c.Links.Billing, offerLinkParts}, {"invite", r.c.Links.Invite, inviteLinkParts},
		{"refer", r.c.Links.Refer, codeLinkParts}, {"powered", r.c.Links.Powered, codeLinkParts},
	} {
		r.linkParts("links."+link.key, link.text, link.parts)
	}
	for _, o := range sorted(r.c.Offers) {
		r.linkParts("offers."+o.Key+".link", o.Link, offerLinkParts)
	}
}

// What is filled into links, each in braces.
var (
	offerLinkParts  = []string{"account", "offer", "decision", "placement"}
	inviteLinkParts = []string{"account", "invite", "request", "code"}
	codeLinkParts   = []string{"account", "code"}
)

// linkParts checks what stands in braces in a link.
func (r *reader) linkParts(path, link string, known []string) {
	for _, part := range targetParts.FindAllString(link, -1) {
		name := strings.Trim(part, "{}")
		if slices.Contains(known, name) {
			continue
		}
		mend := "known: {" + strings.Join(known, "}, {") + "}"
		if near := condition.Nearest(name, known); near != "" {
			mend = "did you mean {" + near + "}? " + mend
		}
		r.broken("invalid_link", path, fault.Shorten(link), mend, "nothing fills in %s", part)
	}
}
