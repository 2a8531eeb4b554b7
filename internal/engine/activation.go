package engine

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/contact"
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
	// UsedOn is the last day (UTC, since 1970) on which a feature was used as adoption asks.
	UsedOn map[string]int32 `json:"used_on,omitempty"`
	Use    *useSamples      `json:"use,omitempty"`

	// Stage is the last stage that lists were told, since At; Moves counts all there were.
	Stage account.Stage `json:"stage,omitempty"`
	At    clock.Time    `json:"at,omitzero"`
	Moves int64         `json:"moves,omitempty"`
	// Told is a hash of what lists know of the milestones.
	Told   uint64                          `json:"told,omitempty"`
	Scores map[catalog.RevenueType]*scored `json:"scores,omitempty"` // by type; see dailyReadiness
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
	if len(c.Milestones) == 0 {
		return
	}
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
	if len(j.Reached) >= maxReached { // those of earlier catalogs make room
		maps.DeleteFunc(j.Reached, func(key string, _ Reach) bool { return c.Milestones[key] == nil })
	}
	if len(j.Reached) >= maxReached {
		return
	}
	j.Reached[m.Key] = r
	delete(j.Counts, m.Key)
	if slices.Contains(a.Expected(c), m) && !r.Before && r.At >= s.closedBefore(a, c) {
		s.occur(a, milestoneReached, r.By, c, said("milestone", m.Key))
		s.moment(a, MomentMilestone, m.Key, "", r.By, r.At, c)
	}
	s.standing(a, c)
}

// MilestoneRow is how an account stands with a milestone, as lists show it; a later one takes the
// place of an earlier one.
type MilestoneRow struct {
	Account   string
	Milestone string
	After     string // the milestone that comes before it
	Expected  bool   // the account's plan and segment ask for it
	Optional  bool
	StartAt   clock.Time // of the account's way
	DueAt     clock.Time // when it is late; unset: never
	ReachedAt clock.Time // unset: not yet
	By        string     // pseudonym
	Before    bool       // see Reach
}

// standing tells lists how the account stands with milestones and in which stage it is, where
// that is another now.
func (s *State) standing(a *Account, c *catalog.Catalog) {
	if !c.Daily() || event.IsOwnKey(a.key) {
		return
	}
	s.tellMilestones(a, c)
	s.tellStage(a, c)
}

func (s *State) tellMilestones(a *Account, c *catalog.Catalog) {
	if len(c.Milestones) == 0 {
		return
	}
	expected := a.Expected(c)
	start := a.startedAt()
	hash := fnv.New64a()
	rows := make([]MilestoneRow, 0, len(c.Milestones))
	for _, m := range c.MilestonesInOrder() {
		r := MilestoneRow{Account: a.key, Milestone: m.Key, After: m.After, Expected: slices.Contains(expected, m), Optional: m.Optional, StartAt: start}
		if m.Within > 0 {
			r.DueAt = start.Add(m.Within)
		}
		if a.Journey != nil {
			was := a.Journey.Reached[m.Key]
			r.ReachedAt, r.By, r.Before = was.At, was.By, was.Before
		}
		if r.Expected || r.ReachedAt != 0 {
			fmt.Fprintf(hash, "%v\n", r)
		}
		rows = append(rows, r)
	}
	told := hash.Sum64()
	if a.Journey == nil && len(expected) == 0 || a.Journey != nil && a.Journey.Told == told {
		return
	}
	j := a.journeys()
	for _, r := range rows {
		if r.Expected || r.ReachedAt != 0 || j.Told != 0 {
			s.effects.Milestones = append(s.effects.Milestones, r)
		}
	}
	j.Told = told
}

// StageRow is a move of an account from one stage to another.
type StageRow struct {
	Account string
	Seq     int64 // of the account's moves, from 1
	At      clock.Time
	Stage   account.Stage
	Before  account.Stage // empty on the first
	Why     string
}

func (s *State) tellStage(a *Account, c *catalog.Catalog) {
	stage, why := a.StageWhy(c, s.Now)
	switch {
	case a.Journey == nil && stage == account.NoStage, a.Journey != nil && a.Journey.Stage == stage:
		return
	case a.Journey != nil && a.Journey.Stage == "" && stage == account.NoStage:
		return
	}
	j := a.journeys()
	j.Moves++
	s.effects.Stages = append(s.effects.Stages, StageRow{Account: a.key, Seq: j.Moves, At: s.Now, Stage: stage, Before: j.Stage, Why: why})
	j.Stage, j.At = stage, s.Now
}

// before finds the milestones that what is known already reaches, for those defined since.
func (s *State) before(a *Account, c *catalog.Catalog) {
	if a.Journey != nil { // what is counted for milestones that are no more is not kept
		maps.DeleteFunc(a.Journey.Counts, func(key string, _ int64) bool { return c.Milestones[key] == nil })
	}
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
func (a *Account) Activated(c *catalog.Catalog, _ clock.Time) bool { return a.missing(c) == nil }

// keepStart remembers when the subscription began that is about to give way to one that begins later.
func (a *Account) keepStart(before *subscription.Subscription, c *catalog.Catalog) {
	if c.Daily() && before.StartsAt != 0 && before.StartsAt < a.Subscription.StartsAt &&
		(a.Journey == nil || a.Journey.Start == 0 || before.StartsAt < a.Journey.Start) {
		a.journeys().Start = before.StartsAt
	}
}

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

// helpFirst returns the help that comes before any offer, nil when none is needed or the catalog
// has switched the rule off. Who asks for an offer gets an answer, and saves are shown: that is
// for who decides (package offer) to see to.
func (a *Account) helpFirst(c *catalog.Catalog, now clock.Time) *offer.Help {
	if a == nil {
		return nil
	}
	if _, on := contact.Rule(&c.Contact, catalog.QuietNotActivated); on {
		if m := a.missing(c); m != nil {
			h := help(m.Help, catalog.QuietNotActivated, m.Title)
			h.Milestone = m.Key
			if !a.needs(m, now) {
				h.Invite = ""
			}
			return h
		}
	}
	if _, on := contact.Rule(&c.Contact, catalog.QuietUnderUsing); on && a.underUsing(c, now) {
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

// people counts the account's people.
func (a *Account) people(now clock.Time) account.Summary {
	sum := a.Members.Sum(now)
	sum.Outside = a.Outside
	return sum
}

// People counts the account's people; see account.Summary.
func (a *Account) People(now clock.Time) account.Summary { return a.people(now) }

// Way is how an account stands on its way to its first success.
type Way struct {
	Activated  bool
	StartAt    clock.Time
	Milestones []MilestoneNow // those it is to reach, in order
	Help       *offer.Help    // what comes before any offer; nil when none does
}

// MilestoneNow is how an account stands with one milestone.
type MilestoneNow struct {
	*catalog.Milestone
	Reach    *Reach            // nil: not yet
	DueAt    clock.Time        // when it is late; unset: never
	Stuck    bool              // it is late, and what comes before it is there
	Done, Of quantity.Quantity // events, or what is used
}

// Way returns how the account stands with its milestones at now.
func (a *Account) Way(c *catalog.Catalog, now clock.Time) Way {
	w := Way{Activated: a.Activated(c, now), StartAt: a.startedAt(), Help: a.helpFirst(c, now)}
	expected := a.Expected(c)
	steps := make([]signal.Step, len(expected))
	for i, m := range expected {
		n := MilestoneNow{Milestone: m, Of: atLeast(m)}
		steps[i] = signal.Step{Milestone: m.Key, After: m.After, Expected: true}
		if m.Within > 0 {
			n.DueAt = w.StartAt.Add(m.Within)
			steps[i].DueAt = n.DueAt
		}
		if m.Event != "" {
			n.Of = quantity.Of(max(m.Nth, 1))
		}
		if a.reached(m.Key) {
			r := a.Journey.Reached[m.Key]
			n.Reach, steps[i].ReachedAt, n.Done = &r, r.At, n.Of
		} else if f := c.Features[m.Feature]; m.Event == "" && f != nil && c.Meters[f.Meter] != nil {
			n.Done = max(a.everUsed(c.Meters[f.Meter]), 0)
		} else if a.Journey != nil {
			n.Done = quantity.Of(a.Journey.Counts[m.Key])
		}
		w.Milestones = append(w.Milestones, n)
	}
	for i := range w.Milestones {
		w.Milestones[i].Stuck = signal.StuckOn(steps, i, now)
	}
	return w
}

// StageSince returns since when the account is in the stage that lists show, and which; unset
// before its first daily look.
func (a *Account) StageSince() (account.Stage, clock.Time) {
	if a.Journey == nil {
		return "", 0
	}
	return a.Journey.Stage, a.Journey.At
}
