package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// journey is where an account stands on its way with the product: the milestones it reached, and
// what the daily look keeps to tell its stage and its readiness. Nil until there is any of it.
type journey struct {
	Reached map[string]Reach `json:"reached,omitempty"` // by milestone, whether it was asked for or not
	Counts  map[string]int64 `json:"counts,omitempty"`  // of events, by milestone that asks for the nth
	// Start is when it first had a subscription, where that is before the subscription it has.
	Start clock.Time `json:"start,omitzero"`
	// Under is since when every counted feature paid for is hardly used; unset: one is used.
	Under clock.Time `json:"under,omitzero"`
}

// Reach says when a milestone was reached and by whom.
type Reach struct {
	At clock.Time `json:"at"`
	By string     `json:"by,omitempty"` // pseudonym, empty where nobody is known
	// Before: it had happened before anybody asked, At is when that was noticed.
	Before bool `json:"before,omitempty"`
}

// maxReached bounds the milestones an account remembers, those of earlier catalogs included.
const maxReached = 200

func (a *Account) journeys() *journey {
	a.cold = nil
	if a.Journey == nil {
		a.Journey = &journey{}
	}
	return a.Journey
}

// reached says whether a milestone was reached.
func (a *Account) reached(milestone string) bool {
	if a.Journey == nil {
		return false
	}
	_, yes := a.Journey.Reached[milestone]
	return yes
}

// milestones tells the milestones over events of an event, one of our own occurrences included.
func (s *State) milestones(a *Account, r *event.Record, c *catalog.Catalog) {
	for _, m := range c.MilestonesOn(r.Type) {
		if a.reached(m.Key) || !catalog.Passes(m.Where, r) {
			continue
		}
		if m.Nth > 1 {
			j := a.journeys()
			if j.Counts == nil {
				j.Counts = make(map[string]int64)
			}
			if j.Counts[m.Key]++; j.Counts[m.Key] < m.Nth {
				continue
			}
		}
		s.reach(a, m, Reach{At: min(r.When(), s.Now), By: strings.Clone(r.User)}, c)
	}
}

// usedFor tells the milestones over usage that a meter is another now.
func (s *State) usedFor(a *Account, m *catalog.Meter, user string, at clock.Time, c *catalog.Catalog) {
	for _, f := range c.FeaturesOf(m.Key) {
		for _, ms := range c.MilestonesOf(f.Key) {
			if !a.reached(ms.Key) && a.everUsed(m) >= atLeast(ms) {
				s.reach(a, ms, Reach{At: min(at, s.Now), By: strings.Clone(user)}, c)
			}
		}
	}
}

// everUsed is what a meter counted in the account's life; of a level what it is now.
func (a *Account) everUsed(m *catalog.Meter) quantity.Quantity {
	return meter.Value(a.Usage[m.Key], m, catalog.Lifetime, subscription.Calendar{}, 0)
}

func atLeast(m *catalog.Milestone) quantity.Quantity { return max(m.AtLeast, 1) }

// reach keeps that a milestone was reached.
func (s *State) reach(a *Account, m *catalog.Milestone, r Reach, c *catalog.Catalog) {
	j := a.journeys()
	if j.Reached == nil {
		j.Reached = make(map[string]Reach)
	}
	if len(j.Reached) >= maxReached {
		return
	}
	j.Reached[m.Key] = r
	delete(j.Counts, m.Key)
}

// before finds the milestones that what is known already reaches, for those defined since.
func (s *State) before(a *Account, c *catalog.Catalog) {
	for _, m := range c.MilestonesInOrder() {
		if !a.reached(m.Key) && a.wasThere(m, c) {
			s.reach(a, m, Reach{At: s.Now, Before: true}, c)
		}
	}
}

// wasThere says whether meters show that a milestone was reached. They do for usage of a
// feature, and for events that a meter counts every one of.
func (a *Account) wasThere(m *catalog.Milestone, c *catalog.Catalog) bool {
	if m.Event == "" {
		f := c.Features[m.Feature]
		return f != nil && c.Meters[f.Meter] != nil && a.everUsed(c.Meters[f.Meter]) >= atLeast(m)
	}
	if len(m.Where) > 0 {
		return false
	}
	for _, mt := range c.MetersOf(m.Event) {
		if mt.Aggregate == catalog.Count && len(mt.Where) == 0 && mt.Event == m.Event &&
			a.everUsed(mt) >= quantity.One*quantity.Quantity(max(m.Nth, 1)) {
			return true
		}
	}
	return false
}

// Expected returns the milestones that the account is to reach, by its plan and for whom they are,
// in the order of the way. Who has left is to reach none.
func (a *Account) Expected(c *catalog.Catalog) []*catalog.Milestone {
	if len(c.Milestones) == 0 || a == nil || !a.Subscription.Live() && a.Subscription.Status != "" {
		return nil
	}
	holds := a.eligible()
	var out []*catalog.Milestone
	for _, m := range c.MilestonesFor(a.Subscription.Plan) {
		if m.For == nil || holds(m.For) {
			out = append(out, m)
		}
	}
	return signal.Path(out)
}

// missing returns the first required milestone that is not reached, nil when the account is activated.
func (a *Account) missing(c *catalog.Catalog) *catalog.Milestone {
	for _, m := range a.Expected(c) {
		if !m.Optional && !a.reached(m.Key) {
			return m
		}
	}
	return nil
}

// Activated says whether the account has reached all milestones that its plan and segment
// require. Where the catalog requires none, everybody has.
func (a *Account) Activated(c *catalog.Catalog, now clock.Time) bool { return a.missing(c) == nil }

// startedAt is when the account's way began: with its first subscription, else when it was first heard of.
func (a *Account) startedAt() clock.Time {
	start := a.Subscription.StartsAt
	earlier := func(t clock.Time) {
		if t != 0 && (start == 0 || t < start) {
			start = t
		}
	}
	for _, i := range a.Imports {
		earlier(i.StartsAt)
	}
	if a.Journey != nil {
		earlier(a.Journey.Start)
	}
	if start == 0 {
		return a.Facts.CreatedAt
	}
	return start
}

// underUsing says whether everything counted that the account pays for has hardly been used, for
// as long as the catalog says.
func (a *Account) underUsing(c *catalog.Catalog, now clock.Time) bool {
	j := a.Journey
	return j != nil && j.Under != 0 && now >= j.Under.Add(c.Lifecycle.UnderUseFor) && a.idle(c, now)
}

// idle says whether every counted feature paid for is used by less than the catalog's share now.
// Who pays nothing, or for nothing that is counted, is never idle.
func (a *Account) idle(c *catalog.Catalog, now clock.Time) bool {
	if c.Lifecycle.UnderUse <= 0 || a.Ledger.MRR <= 0 {
		return false
	}
	counted := false
	for _, f := range a.paidFor(c, now) {
		if f.percent() >= c.Lifecycle.UnderUse {
			return false
		}
		counted = true
	}
	return counted
}

// share is a counted feature that the subscription gives, and what is used of it.
type paidShare struct {
	*catalog.Feature
	used, limit quantity.Quantity // limit 0: there is none
}

// percent is how much of the limit is used; of what has none, any use is all of it.
func (p *paidShare) percent() int64 {
	switch {
	case p.used <= 0:
		return 0
	case p.limit == 0:
		return 100
	}
	return p.used.Percent(p.limit)
}

// counted returns the counted features of a catalog, by key.
func counted(c *catalog.Catalog) []*catalog.Feature {
	out := make([]*catalog.Feature, 0, len(c.Features))
	for _, key := range slices.Sorted(maps.Keys(c.Features)) {
		if f := c.Features[key]; f.Counted() {
			out = append(out, f)
		}
	}
	return out
}

// paidFor returns the counted features that the subscription gives, by key. What a family shares
// is used in the account that holds it: there it is left out below.
func (a *Account) paidFor(c *catalog.Catalog, now clock.Time) []paidShare {
	if !a.Subscription.Live() {
		return nil
	}
	var out []paidShare
	cal := a.calendar(c)
	for _, f := range counted(c) {
		if f.Pooled && a.Facts.Parent != "" {
			continue
		}
		given := entitlement.GivenOf(c, &a.Subscription, f.Key)
		if !given.Allowed {
			continue
		}
		p := paidShare{Feature: f, used: meter.Value(a.Usage[f.Meter], c.Meters[f.Meter], given.Per, cal, now)}
		if !given.Unlimited {
			p.limit = max(given.Limit, 1)
		}
		out = append(out, p)
	}
	return out
}

// helpFirst returns the help that comes before any offer, nil when none is needed or the catalog
// has switched the rule off. Who asks for an offer gets an answer, and saves are shown: that is
// for who decides (package offer) to see to.
func (a *Account) helpFirst(c *catalog.Catalog, now clock.Time) *offer.Help {
	if a == nil {
		return nil
	}
	if _, on := c.Contact.Quiet[catalog.QuietNotActivated]; on {
		if m := a.missing(c); m != nil {
			h := help(m.Help, catalog.QuietNotActivated, m.Title)
			h.Milestone = m.Key
			if !a.needs(m, now) {
				h.Invite = ""
			}
			return h
		}
	}
	if _, on := c.Contact.Quiet[catalog.QuietUnderUsing]; on && a.underUsing(c, now) {
		title := ""
		for _, f := range a.paidFor(c, now) {
			if title == "" {
				title = f.Title
			}
		}
		return help(c.Lifecycle.Help, catalog.QuietUnderUsing, title)
	}
	return nil
}

func help(h catalog.Help, rule, title string) *offer.Help {
	out := &offer.Help{Rule: rule, Title: h.Title, Body: h.Body, Link: h.Link, Invite: h.Invite}
	if out.Title == "" {
		out.Title = title
	}
	return out
}

// needs says whether somebody who can help with a milestone is to be invited: it is late, or has
// no time of its own, and nobody of that profile is there.
func (a *Account) needs(m *catalog.Milestone, now clock.Time) bool {
	return (m.Within == 0 || a.stuck(m, now)) && a.people(now).Profiles[m.Help.Invite] == 0
}

// stuck says whether a milestone that is not reached is late.
func (a *Account) stuck(m *catalog.Milestone, now clock.Time) bool {
	return m.Within > 0 && now >= a.startedAt().Add(m.Within) && !a.reached(m.Key)
}

// Stage returns where the account stands in its life as a customer.
func (a *Account) Stage(c *catalog.Catalog, now clock.Time) account.Stage {
	stage, _ := a.StageWhy(c, now)
	return stage
}

// StageWhy is Stage with the reason, a sentence.
func (a *Account) StageWhy(c *catalog.Catalog, now clock.Time) (account.Stage, string) {
	l := a.life(c, now)
	return account.StageOf(&l, &c.Lifecycle, now)
}

// life gathers what the account's stage follows from.
func (a *Account) life(c *catalog.Catalog, now clock.Time) account.Life {
	l := account.Life{Live: a.Subscription.Live(), Free: a.Ledger.MRR <= 0, EndsAt: a.ending(), Promoter: -1}
	if !l.Live {
		return l
	}
	for _, m := range a.Expected(c) {
		if m.Optional {
			continue
		}
		l.Required++
		if l.Missing == "" && !a.reached(m.Key) {
			l.Missing = m.Title
		}
	}
	for _, f := range a.paidFor(c, now) {
		l.Features++
		l.InUse = l.InUse || f.used > 0
		if f.percent() >= max(c.Lifecycle.AdoptedShare, 1) {
			l.Used++
		}
	}
	return l
}

// ending is when the subscription is to end, unset when it is not.
func (a *Account) ending() clock.Time {
	if p := a.Subscription.Pending; p != nil && p.Change.Cancel {
		return p.At
	}
	return a.Subscription.EndsAt
}

// people counts the account's people.
func (a *Account) people(now clock.Time) account.Summary { return a.Members.Sum(now) }

// dailyActivation is the part of the daily look that is about the account's way.
func (s *State) dailyActivation(a *Account, c *catalog.Catalog) {
	s.before(a, c)
	switch idle := a.idle(c, s.Now); {
	case !idle && a.Journey != nil && a.Journey.Under != 0:
		a.journeys().Under = 0
	case idle && (a.Journey == nil || a.Journey.Under == 0):
		a.journeys().Under = s.Now
	}
}
