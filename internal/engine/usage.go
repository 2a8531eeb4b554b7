package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// count meters a product event and looks for signals.
func (s *State) count(a *Account, r *event.Record, c *catalog.Catalog) {
	late := false
	for _, m := range c.MetersOf(r.Type) {
		watch := a.watch(c, m.Key, s.Now)
		res := meter.Apply(a.usage(m.Key), m, r, a.anchor(), s.Now)
		if res.Problem != "" {
			a.problem(m.Key + ": " + res.Problem)
			continue
		}
		late = late || res.Late
		s.noticeUsage(a, r.User, watch, res.Late, c)
	}
	if rules := c.SignalsOnEvent(r.Type); len(rules) > 0 {
		if r.At != 0 && !late {
			late = r.At < subscription.MonthOf(a.anchor(), s.Now).Start-meter.Grace
		}
		fired := signal.OnEvent(&a.Signals, signal.Occurrence{Type: r.Type, At: r.When(), Late: late}, rules, s.context(a, r.User))
		s.fired(a, fired, c)
	}
}

// watched is what limit rules of one feature need to know from before a change.
type watched struct {
	feature *catalog.Feature
	grant   entitlement.Grant
	before  quantity.Quantity
	rules   []*catalog.Signal
}

// watch notes the usage of the features of a meter that have limit rules.
func (a *Account) watch(c *catalog.Catalog, meterKey string, now clock.Time) []watched {
	var out []watched
	for _, f := range c.FeaturesOf(meterKey) {
		rules := c.SignalsOnLimit(f.Key)
		if len(rules) == 0 || !a.Subscription.Live() {
			continue
		}
		g := entitlement.GrantOf(c, a.Subscription.Plan, a.Subscription.Addons, f.Key)
		before := meter.Value(a.Usage[meterKey], c.Meters[meterKey], g.Per, a.anchor(), now)
		out = append(out, watched{f, g, before, rules})
	}
	return out
}

// noticeUsage fires the limit rules after a change of usage.
func (s *State) noticeUsage(a *Account, user string, watch []watched, late bool, c *catalog.Catalog) {
	for _, w := range watch {
		in := signal.UsageChange{Feature: w.feature.Key, Title: w.feature.Title, Before: w.before, Limit: w.grant.Limit,
			Unlimited: w.grant.Unlimited, Late: late,
			Usage: meter.Value(a.Usage[w.feature.Meter], c.Meters[w.feature.Meter], w.grant.Per, a.anchor(), s.Now)}
		if w.grant.Per == catalog.Month {
			p := meter.MonthAt(a.Usage[w.feature.Meter], a.anchor(), s.Now)
			in.PeriodStart, in.ResetsAt = p.Start, p.End
		}
		s.fired(a, signal.OnUsage(&a.Signals, in, w.rules, s.context(a, user)), c)
	}
}

// noticeLimits tells the limit rules that limits may be others now.
func (s *State) noticeLimits(a *Account, c *catalog.Catalog) {
	for key, f := range c.Features {
		if f.Kind == catalog.Metered && len(c.SignalsOnLimit(key)) > 0 {
			s.noticeUsage(a, "", a.watch(c, f.Meter, s.Now), false, c)
		}
	}
}

func (s *State) context(a *Account, user string) signal.Context {
	return signal.Context{Account: a.key, User: user, Now: s.Now, ID: a.ids()}
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
	touch := signal.GateTouch{Feature: f.Key, Title: f.Title, Plan: plan, At: r.When(),
		Limit: entitlement.GrantOf(c, a.Subscription.Plan, a.Subscription.Addons, f.Key).Limit}
	s.fired(a, signal.OnGate(&a.Signals, touch, c.SignalsOnGate(f.Key), s.context(a, r.User)), c)
}

// ConsumeCall is the body of consume and release records; their Type is the feature.
type ConsumeCall struct {
	Quantity quantity.Quantity `json:"quantity"`
}

// consume takes from a limit, or says why not. A hard limit is never passed: this is the
// only place where usage of such a meter rises.
func (s *State) consume(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[ConsumeCall](r)
	if err != nil {
		return refused(err)
	}
	ans, err := entitlement.Take(a.Input(c, s.Now), r.Type, call.Quantity)
	if err != nil {
		return refused(err)
	}
	if !ans.Allowed {
		s.gate(a, r, c)
		return ok(ans)
	}
	m := c.Meters[c.Features[r.Type].Meter]
	watch := a.watch(c, m.Key, s.Now)
	meter.Consume(a.usage(m.Key), m, call.Quantity, a.anchor(), s.Now)
	s.noticeUsage(a, r.User, watch, false, c)
	return ok(ans)
}

// release gives back what was consumed.
func (s *State) release(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[ConsumeCall](r)
	if err != nil {
		return refused(err)
	}
	// The same refusals as for a consume of it: unknown, not metered, fed by events.
	if _, err := entitlement.Take(a.Input(c, s.Now), r.Type, call.Quantity); err != nil {
		return refused(err)
	}
	m := c.Meters[c.Features[r.Type].Meter]
	watch := a.watch(c, m.Key, s.Now)
	meter.Release(a.usage(m.Key), m, call.Quantity, a.anchor(), s.Now)
	s.noticeUsage(a, r.User, watch, false, c)
	return ok(entitlement.Check(a.Input(c, s.Now), r.Type, 0))
}

// maxProblems bounds how many kinds of problem an account remembers.
const maxProblems = 50

func (a *Account) problem(what string) {
	if a.Problems == nil {
		a.Problems = make(map[string]int64)
	}
	if _, known := a.Problems[what]; !known && len(a.Problems) >= maxProblems {
		what = "others"
	}
	a.Problems[what]++
}
