package catalog

import (
	"slices"
	"strconv"
	"strings"
)

// ownPrefix begins the types of Headroom's own occurrences, such as headroom.offer.seen, which
// rules, milestones and sequences may be over. They come from within and are not metered.
const ownPrefix = "headroom."

// IsOwn says whether an event type is one of Headroom's own occurrences.
func IsOwn(eventType string) bool { return strings.HasPrefix(eventType, ownPrefix) }

// momentIndex finds what moments are about by what feeds it. All lists are in the order of keys;
// retired signals are left out.
type momentIndex struct {
	runsOut, unlimited       map[string][]*Signal // by feature
	onMilestone              map[string][]*Signal
	trialExpired, memberGone []*Signal
	daily                    []*Signal
	everyDay                 bool
	milestonesOn             map[string][]*Milestone // by event type
	milestonesOf             map[string][]*Milestone // by feature
	milestones               []*Milestone
	surveysAt                map[string][]*Survey
}

func newMomentIndex(c *Catalog) momentIndex {
	x := momentIndex{
		runsOut: map[string][]*Signal{}, unlimited: map[string][]*Signal{}, onMilestone: map[string][]*Signal{},
		milestonesOn: map[string][]*Milestone{}, milestonesOf: map[string][]*Milestone{}, surveysAt: map[string][]*Survey{},
		milestones: sorted(c.Milestones),
	}
	for _, s := range sorted(c.Signals) {
		w := &s.When
		switch {
		case s.Retired():
		case w.RunsOut != "":
			x.runsOut[w.RunsOut] = append(x.runsOut[w.RunsOut], s)
		case w.Unlimited != "":
			x.unlimited[w.Unlimited] = append(x.unlimited[w.Unlimited], s)
		case w.Milestone != "":
			x.onMilestone[w.Milestone] = append(x.onMilestone[w.Milestone], s)
		case w.TrialExpired:
			x.trialExpired = append(x.trialExpired, s)
		case w.Daily():
			x.daily = append(x.daily, s)
		}
		if w.ChampionLeft && !s.Retired() {
			x.memberGone = append(x.memberGone, s)
		}
	}
	for _, m := range x.milestones {
		if m.Event != "" {
			x.milestonesOn[m.Event] = append(x.milestonesOn[m.Event], m)
		} else if m.Feature != "" {
			x.milestonesOf[m.Feature] = append(x.milestonesOf[m.Feature], m)
		}
	}
	for _, s := range sorted(c.Surveys) {
		for _, at := range s.At {
			x.surveysAt[at] = append(x.surveysAt[at], s)
		}
	}
	_, lifecycle := c.positions["lifecycle"]
	x.everyDay = lifecycle || len(x.daily) > 0 || len(x.runsOut) > 0 || len(x.milestones) > 0 || len(c.Readiness) > 0
	return x
}

// Daily says whether the rule is looked at once a day, rather than when something happens:
// those on held, unused, flat, fit, value, stuck, outside, champion_left, renews_in and rule.
func (w *When) Daily() bool {
	return w.Held != "" || w.Unused != "" || w.Flat || w.Fit != "" || w.Value != "" || w.Stuck != "" ||
		w.Outside > 0 || w.ChampionLeft || w.RenewsIn > 0 || w.Rule != nil
}

// more lists what a rule says beyond what rules over streams do, for its mark.
func (w *When) more() []string {
	var words []string
	text := func(name, s string) {
		if s != "" {
			words = append(words, name, s)
		}
	}
	number := func(name string, n int64) {
		if n != 0 {
			words = append(words, name, strconv.FormatInt(n, 36))
		}
	}
	yes := func(name string, b bool) {
		if b {
			words = append(words, name)
		}
	}
	text("runs_out", w.RunsOut)
	number("ahead", int64(w.Ahead))
	text("unlimited", w.Unlimited)
	number("above", int64(w.Above))
	text("held", w.Held)
	number("periods", w.Periods)
	text("without", w.Without)
	text("new", w.New)
	number("from", w.From)
	text("unused", w.Unused)
	number("below", w.Below)
	yes("flat", w.Flat)
	text("fit", w.Fit)
	text("value", w.Value)
	text("leaves", w.Leaves)
	text("milestone", w.Milestone)
	text("stuck", w.Stuck)
	number("outside", w.Outside)
	yes("champion_left", w.ChampionLeft)
	yes("trial_expired", w.TrialExpired)
	number("renews_in", int64(w.RenewsIn))
	text("rule", source(w.Rule))
	text("and", source(w.And))
	return words
}

// SignalsOnRunsOut returns the live signals on a feature's limit being reached at its pace, by key.
func (c *Catalog) SignalsOnRunsOut(feature string) []*Signal { return c.index.moments.runsOut[feature] }

// SignalsOnUnlimited returns the live signals on much use of a feature without a limit, by key.
func (c *Catalog) SignalsOnUnlimited(feature string) []*Signal {
	return c.index.moments.unlimited[feature]
}

// SignalsOnMilestone returns the live signals on a milestone being reached, by key.
func (c *Catalog) SignalsOnMilestone(milestone string) []*Signal {
	return c.index.moments.onMilestone[milestone]
}

// SignalsOnTrialExpired returns the live signals on trials that ended without a purchase, by key.
func (c *Catalog) SignalsOnTrialExpired() []*Signal { return c.index.moments.trialExpired }

// SignalsOnChampionLeft returns the live signals on a champion who left, by key. They are in
// SignalsDaily, too: a champion may just not be seen any more.
func (c *Catalog) SignalsOnChampionLeft() []*Signal { return c.index.moments.memberGone }

// SignalsDaily returns the live signals that are looked at once a day, by key; see When.Daily.
func (c *Catalog) SignalsDaily() []*Signal { return c.index.moments.daily }

// Daily says whether anything in the catalog needs a daily look at every account: a signal
// of SignalsDaily or on runs_out, a milestone, a section lifecycle, or readiness.
func (c *Catalog) Daily() bool { return c.index.moments.everyDay }

// MilestonesOn returns the milestones that an event type may reach, by key.
func (c *Catalog) MilestonesOn(eventType string) []*Milestone {
	return c.index.moments.milestonesOn[eventType]
}

// MilestonesOf returns the milestones that usage of a feature may reach, by key.
func (c *Catalog) MilestonesOf(feature string) []*Milestone {
	return c.index.moments.milestonesOf[feature]
}

// MilestonesInOrder returns all milestones, by key.
func (c *Catalog) MilestonesInOrder() []*Milestone { return c.index.moments.milestones }

// MilestonesFor returns the milestones that subscribers of a plan are to reach, by key. Whether
// they are for an account, Milestone.For says.
func (c *Catalog) MilestonesFor(plan string) []*Milestone {
	var wanted []*Milestone
	for _, m := range c.index.moments.milestones {
		if len(m.Plans) == 0 || slices.Contains(m.Plans, plan) {
			wanted = append(wanted, m)
		}
	}
	return wanted
}

// SurveysAt returns the surveys that may appear at a placement, by key.
func (c *Catalog) SurveysAt(placement string) []*Survey { return c.index.moments.surveysAt[placement] }
