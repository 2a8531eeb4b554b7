package engine

import (
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
)

// count meters a product event and looks for signals. This is the hot path: it touches
// nothing but usage unless a rule has something to say.
func (s *State) count(a *Account, r *event.Record, c *catalog.Catalog) {
	a.follow(c, s.Now)
	if a.Members.Len() > 0 && r.User != "" {
		a.Members.Saw(r.User, s.Now)
	}
	late, due := false, !a.timed
	for _, m := range s.metersOf(r, c) {
		if a.settles {
			s.lapse(a, m, c)
		}
		w := s.watchOf(a, m, c)
		u := w[0].metered(a)
		next, _ := meter.NextDue(u)
		total := s.total(a, m, c)
		res := meter.Apply(u, m, r, a.cal, s.Now)
		if res.Problem != "" {
			a.problem(m.Key + ": " + res.Problem)
			continue
		}
		if a.settles {
			due = s.fillSeats(a, m, c) || due
			due = s.settleUsage(a, m, c) || due
		}
		late = late || res.Late
		if is, _ := meter.NextDue(u); is != next {
			due = true
		}
		s.noticeUsage(a, w, r.User, res, c)
		s.usedFor(a, m, r.User, r.When(), c)
		due = s.noticeFed(a, m, total, r, res.Late, c) || due
	}
	s.milestones(a, r, c)
	if s.noticeEvent(a, r, late, c) || due || !a.timed {
		s.time(a, c)
	}
}

// watch is what the limit rules of a feature need to know of a meter, kept from one event to
// the next: as long as usage stays within quiet no rule has anything to say.
type watch struct {
	meter   *catalog.Meter
	state   *meter.Usage      // nil: look it up
	ends    clock.Time        // of the allowance's period; when usage of a rolling one next falls by itself
	usage   quantity.Quantity // after the last event
	quiet   signal.Quiet
	start   clock.Time       // of the period; unset for what never resets and what rolls
	feature *catalog.Feature // nil: no limit or live rule is about a feature that the meter measures
	rules   []*catalog.Signal
	per     catalog.Period
	limit   quantity.Quantity // with what grants add
	endless bool              // without a limit
}

// bounded says that there is a limit, so that it can be hit.
func (w *watch) bounded() bool { return !w.endless && w.limit > 0 }

// metered returns the state of the watch's meter, made when it is not there.
func (w *watch) metered(a *Account) *meter.Usage {
	if w.state == nil {
		w.state = a.usage(w.meter.Key)
	}
	return w.state
}

// watchOf returns the watches on a meter as they are before a change of its usage: one for
// each feature with a limit or live rules, another for those on much use without one, or one for none.
func (s *State) watchOf(a *Account, m *catalog.Meter, c *catalog.Catalog) []watch {
	for i := range a.watches {
		if a.watches[i].meter != m {
			continue
		}
		n := i
		for n < len(a.watches) && a.watches[n].meter == m {
			if w := &a.watches[n]; w.ends != 0 && s.Now >= w.ends {
				*w = a.watchFor(w.feature, w.meter, w.rules, c, s.Now) // another period
			}
			n++
		}
		return a.watches[i:n]
	}
	from := len(a.watches)
	if a.Subscription.Live() || entitlement.Special(a.Input(c, s.Now)) {
		for _, f := range c.FeaturesOf(m.Key) {
			w := a.watchFor(f, m, c.SignalsOnLimit(f.Key), c, s.Now)
			if len(w.rules) > 0 || w.bounded() {
				a.watches = append(a.watches, w)
			}
			if rules := c.SignalsOnUnlimited(f.Key); len(rules) > 0 && w.endless {
				a.watches = append(a.watches, a.watchFor(f, m, rules, c, s.Now))
			}
		}
	}
	if len(a.watches) == from {
		a.watches = append(a.watches, watch{meter: m})
	}
	return a.watches[from:]
}

// watchFor works a watch out.
func (a *Account) watchFor(f *catalog.Feature, m *catalog.Meter, rules []*catalog.Signal, c *catalog.Catalog, now clock.Time) watch {
	w := watch{meter: m, feature: f, rules: rules}
	given, limit := entitlement.Standing(a.Input(c, now), f.Key)
	w.per, w.limit, w.endless = given.Per, limit, given.Unlimited
	if w.endless && len(rules) > 0 && rules[0].When.Unlimited != "" {
		w.per = catalog.Month // much is told by the month, whatever the allowance
	}
	w.read(a, c, now)
	return w
}

// read looks at the usage anew.
func (w *watch) read(a *Account, c *catalog.Catalog, now clock.Time) {
	u, cal := w.state, a.calendar(c)
	if u == nil {
		u = a.Usage[w.meter.Key]
	}
	if w.per == catalog.Lifetime || w.start != 0 {
		w.usage = meter.Value(u, w.meter, w.per, cal, now)
		return
	}
	r := meter.Read(u, w.meter, w.per, cal, now)
	w.usage, w.ends = max(r.Value, 0), r.ResetsAt
	if _, rolls := w.per.Rolling(); !rolls {
		w.start = r.Start
	}
}

// noticeUsage tells the limit rules of a change of usage; watches are as they were before it.
func (s *State) noticeUsage(a *Account, watches []watch, user string, res meter.Result, c *catalog.Catalog) {
	for i := range watches {
		w := &watches[i]
		if w.feature == nil {
			return
		}
		before := w.usage
		w.read(a, c, s.Now)
		if !w.quiet.Holds(w.usage) {
			s.notice(a, w, before, user, res.LateFor(w.meter, w.per), c)
		}
	}
}

// notice tells the limit rules of one watch.
func (s *State) notice(a *Account, w *watch, before quantity.Quantity, user string, late bool, c *catalog.Catalog) {
	in := signal.UsageChange{Feature: w.feature.Key, Title: w.feature.Title, Before: before, Usage: w.usage, Limit: w.limit,
		Unlimited: w.endless, Late: late, PeriodStart: w.start}
	if w.start != 0 { // a rolling one falls bit by bit and has no reset to wait for
		in.ResetsAt = w.ends
	}
	a.signals = nil
	fired := signal.OnUsage(&a.Signals, in, w.rules, s.context(a, user, c))
	w.quiet = signal.QuietFor(&a.Signals, in, w.rules)
	if w.bounded() {
		w.quiet = w.quiet.On(w.usage, w.limit)
	}
	s.fired(a, fired, c)
	if w.bounded() && before < w.limit && w.usage >= w.limit && !late {
		s.moment(a, MomentLimit, w.feature.Key, "", user, s.Now, c)
	}
}

// noticeLimits settles grants with limits that may be others now, and tells the limit rules.
func (s *State) noticeLimits(a *Account, c *catalog.Catalog) {
	entitlement.SettleAll(a.Input(c, s.Now))
	a.watches = nil
	for _, key := range slices.Sorted(maps.Keys(c.Features)) {
		if f := c.Features[key]; f.Counted() && len(c.SignalsOnLimit(f.Key)) > 0 {
			s.noticeUsage(a, s.watchOf(a, c.Meters[f.Meter], c), "", meter.Result{}, c)
		}
	}
}

// gate notices that somebody met a closed feature.
func (s *State) gate(a *Account, r *event.Record, c *catalog.Catalog) {
	f := c.Features[r.Type]
	if f == nil {
		a.problem("gate: unknown feature " + r.Type)
		return
	}
	plan := ""
	if p := c.Plans[a.Subscription.Plan]; p != nil && a.Subscription.Live() {
		plan = p.Title
	}
	_, limit := entitlement.Standing(a.Input(c, s.Now), f.Key)
	s.meets(a, f.Key, r.When())
	touch := signal.GateTouch{Feature: f.Key, Title: f.Title, Plan: plan, At: r.When(), Limit: limit}
	s.fired(a, signal.OnGate(&a.Signals, touch, c.Streams().OnGate(f.Key), s.context(a, r.User, c)), c)
	kind := MomentLocked
	if limit > 0 {
		kind = MomentLimit
	}
	s.moment(a, kind, f.Key, r.Prop(event.PropPlacement).Text, r.User, r.When(), c)
}

// maxProblems bounds how many kinds of problem an account remembers.
const maxProblems = 50

func (a *Account) problem(what string) {
	a.cold = nil
	if a.Problems == nil {
		a.Problems = make(map[string]int64)
	}
	if _, known := a.Problems[what]; !known && len(a.Problems) >= maxProblems {
		what = "others"
	}
	a.Problems[what]++
}
