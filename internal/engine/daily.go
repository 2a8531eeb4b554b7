package engine

import (
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// The daily look: what no single record brings about is looked at once a day, in the morning by
// the account's clock.

// lookHour is the hour in which accounts are looked at, each at its own second of it.
const lookHour = 6

// lookDue returns the first daily look at the account after a time; zero when the catalog needs
// none.
func (a *Account) lookDue(c *catalog.Catalog, after clock.Time) clock.Time {
	if !c.Daily() || event.IsOwnKey(a.key) {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(a.key))
	second := int(h.Sum32() % 3600)
	zone := a.zone(c)
	t := after.Std().In(zone)
	for day := t.Day(); ; day++ {
		if due := clock.At(time.Date(t.Year(), t.Month(), day, lookHour, second/60, second%60, 0, zone)); due > after {
			if !a.worthALook(due) {
				return 0
			}
			return due
		}
	}
}

// worthALook says whether a look at a time could find anything about the account. There is nothing to
// find about who is known by events alone, nor about who left long ago: looks at them would never end.
func (a *Account) worthALook(at clock.Time) bool {
	return a.Subscription.Live() || a.Subscription.Status == "" && !a.Facts.Unknown ||
		a.Members.Len() > 0 || a.Outside > 0 || len(a.Known) > 0 ||
		slices.ContainsFunc(a.Signals.Live, func(s signal.Signal) bool { return s.DecaysAt > at }) ||
		slices.ContainsFunc(a.Opportunities, func(o opportunity.Opportunity) bool { return o.Open() })
}

// zone is the one of the account's clock.
func (a *Account) zone(c *catalog.Catalog) *time.Location {
	if zone := a.calendar(c).Zone; zone != nil {
		return zone
	}
	return time.UTC
}

// passDay looks at the account if its daily look is due at that very moment.
func (s *State) passDay(a *Account, due clock.Time, c *catalog.Catalog) {
	if a.lookDue(c, due-1) == due {
		s.day(a, c)
	}
}

// day is the daily look: the rules on time, then where the account stands.
func (s *State) day(a *Account, c *catalog.Catalog) {
	look := look{State: s, a: a, c: c, Context: s.context(a, "", c), zone: a.zone(c)}
	for _, r := range c.SignalsDaily() {
		look.at(r)
	}
	for _, key := range sortedFeatures(c) {
		for _, r := range c.SignalsOnRunsOut(key) {
			look.tell(signal.OnPace(&a.Signals, r, look.use(c.Features[key]), look.zone, look.Context))
		}
	}
	s.dailyActivation(a, c)
}

// look is one look at an account. What several rules ask for is found once.
type look struct {
	*State
	signal.Context
	a     *Account
	c     *catalog.Catalog
	zone  *time.Location
	input entitlement.Input
	vars  map[string]any
	fit   *signal.Fit
	paid  []signal.Use
	has   bool // paid is there
	grows *signal.Growth
}

func (l *look) tell(fired []signal.Signal) {
	if len(fired) > 0 {
		l.fired(l.a, fired, l.c)
	}
}

// at looks at one rule.
func (l *look) at(r *catalog.Signal) {
	st, w, a := &l.a.Signals, &r.When, l.a
	a.signals = nil
	switch {
	case w.Held != "":
		l.heldLevel(r)
	case w.Unused != "":
		l.tell(signal.OnUnused(st, r, l.paidUse(), l.Context))
	case w.Flat:
		l.tell(signal.OnFlat(st, r, l.growth(), l.Context))
	case w.Fit != "":
		if fit := l.planFit(); fit != nil {
			l.tell(signal.OnFit(st, r, *fit, l.Context))
		}
	case w.Stuck != "":
		l.tell(signal.OnStuck(st, r, l.stuckAt(w.Stuck), l.Context))
	case w.Outside > 0:
		l.tell(signal.OnOutside(st, r, a.outsiders(), l.Context))
	case w.ChampionLeft:
		l.tell(signal.OnChampionLeft(st, r, a.lostChampions(r, l.State.Now), l.Context))
	case w.RenewsIn > 0:
		l.tell(signal.OnRenewal(st, r, a.renewal(l.c, l.State.Now), l.zone, l.Context))
	case w.Rule != nil:
		l.rule(r)
	}
}

// use is how the account stands with a counted feature.
func (l *look) use(f *catalog.Feature) signal.Use {
	if l.input.Catalog == nil {
		l.input = l.a.Input(l.c, l.State.Now)
	}
	given, limit := entitlement.Standing(l.input, f.Key)
	m, u := l.c.Meters[f.Meter], l.a.Usage[f.Meter]
	out := signal.Use{Feature: f.Key, Title: f.Title, Limit: limit, Unlimited: given.Unlimited, Per: given.Per}
	if m == nil {
		return out
	}
	r := meter.Read(u, m, given.Per, l.a.calendar(l.c), l.State.Now)
	out.Usage = max(r.Value, 0)
	if _, rolls := given.Per.Rolling(); !rolls && given.Per != catalog.Lifetime && m.Aggregate != catalog.Level {
		out.PeriodStart, out.ResetsAt = r.Start, r.ResetsAt
	}
	if out.Adds = adds(m) || m.Aggregate == catalog.Level; out.Adds && u != nil {
		out.Total = lifeOf(u, m)
	}
	return out
}

// paidUse is the standing with all counted features that are paid for, by key; none while nothing
// is.
func (l *look) paidUse() []signal.Use {
	if !l.has && l.a.Subscription.Status == subscription.Active && l.a.Ledger.MRR > 0 {
		for _, p := range l.a.paidFor(l.c, l.State.Now) {
			l.paid = append(l.paid, l.use(p.Feature))
		}
	}
	l.has = true
	return l.paid
}

// growth is what a rule on no growth compares.
func (l *look) growth() signal.Growth {
	if l.grows != nil {
		return *l.grows
	}
	a := l.a
	g := signal.Growth{Paying: a.Ledger.MRR > 0, MRR: int64(a.Ledger.MRR)}
	if g.Paying {
		g.Paid = offer.Words(a.Ledger.MRR.Amount(a.Ledger.Currency)) + " a month"
		for _, p := range a.paidFor(l.c, l.State.Now) {
			// A sum of a whole life grows by any use.
			if u := l.use(p.Feature); u.Per != catalog.Lifetime || l.c.Meters[p.Meter].Aggregate == catalog.Level {
				g.Used = append(g.Used, u)
			}
		}
	}
	l.grows = &g
	return g
}

// heldLevel tells a rule on what is held below a limit that never resets, once a month.
func (l *look) heldLevel(r *catalog.Signal) {
	f := l.c.Features[r.When.Held]
	if f == nil {
		return
	}
	u := l.use(f)
	if u.PeriodStart != 0 || u.Limit == 0 && u.Per != catalog.Lifetime {
		return // told when its period closes
	}
	month := l.a.calendar(l.c).Of(catalog.Monthly, l.State.Now)
	if !l.firstSince(month.Start) {
		return
	}
	before := l.a.calendar(l.c).Of(catalog.Monthly, month.Start-1)
	l.tell(signal.OnHeld(&l.a.Signals, r, signal.PeriodUse{Feature: f.Key, Title: f.Title, Start: before.Start, End: month.Start,
		Usage: u.Usage, Limit: u.Limit}, l.Context))
}

// firstSince says whether this is the first look after what began then is settled; windows close
// about an hour after their end.
func (l *look) firstSince(start clock.Time) bool {
	settled := start + meter.Grace + 15*clock.Minute
	return settled <= l.State.Now && l.a.lookDue(l.c, settled-1) == l.State.Now
}

// stuckAt is how the account stands with a milestone.
func (l *look) stuckAt(key string) signal.Stuck {
	m, a := l.c.Milestones[key], l.a
	out := signal.Stuck{Milestone: key, Reached: a.reached(key)}
	if m == nil {
		return out
	}
	out.Title, out.Began = m.Title, a.startedAt()
	if m.Within > 0 && slices.Contains(a.Expected(l.c), m) {
		out.By = out.Began.Add(m.Within)
	}
	return out
}

// outsiders counts the people outside of the account's plan.
func (a *Account) outsiders() signal.Outside {
	return signal.Outside{People: int64(a.Outside), Domain: a.Facts.Domain}
}

// lostChampions are the account's champions who left, or whom a rule takes for gone.
func (a *Account) lostChampions(r *catalog.Signal, now clock.Time) []signal.Champion {
	var out []signal.Champion
	for _, m := range a.Members.LostChampions(now, int32((r.When.For+24*time.Hour-1)/(24*time.Hour))) {
		p := signal.Champion{User: m.User, Left: m.LeftOn != 0, On: clock.Time(m.SeenOn) * clock.Day}
		if p.Left {
			p.On = clock.Time(m.LeftOn) * clock.Day
		}
		out = append(out, p)
	}
	return out
}

// renewal is when the account's subscription renews next; of one that is to end, never.
func (a *Account) renewal(c *catalog.Catalog, now clock.Time) signal.Renewal {
	sub := &a.Subscription
	if sub.Status != subscription.Active || a.ending() != 0 {
		return signal.Renewal{}
	}
	p := subscription.PeriodOf(sub.Interval, sub.Anchor, now)
	// The shortest month, so that a rule looks ahead by the same days of each.
	out := signal.Renewal{Plan: sub.Plan, Title: sub.Plan, At: p.End, Period: min(p.End.Sub(p.Start), 365*24*time.Hour)}
	if sub.Interval == subscription.Month {
		out.Period = 28 * 24 * time.Hour
	}
	if plan := c.Plans[sub.Plan]; plan != nil {
		out.Title = plan.Title
	}
	if sub.Recurring > 0 {
		out.Price = offer.Words(money.Of(sub.Recurring, sub.Currency))
	}
	return out
}

// rule judges a rule that is a condition and nothing else.
func (l *look) rule(r *catalog.Signal) {
	if l.vars == nil {
		l.vars = l.a.signalVars(l.c, l.State.Now)
	}
	holds, err := r.When.Rule.Eval(l.vars)
	if err != nil { // what cannot be judged does not hold
		l.a.problem("signal " + r.Key + ": " + err.Error())
		holds = false
	}
	l.tell(signal.OnRule(&l.a.Signals, r, holds, func() []signal.Value { return looked(r.When.Rule.Uses(), l.vars, l.c, l.a.Ledger.Currency) }, l.Context))
}

// goneChampions looks at champions at once, when somebody says that one left.
func (s *State) goneChampions(a *Account, c *catalog.Catalog) {
	for _, r := range c.SignalsOnChampionLeft() {
		a.signals = nil
		s.fired(a, signal.OnChampionLeft(&a.Signals, r, a.lostChampions(r, s.Now), s.context(a, "", c)), c)
	}
}

// sortedFeatures returns the keys of features.
func sortedFeatures(c *catalog.Catalog) []string { return slices.Sorted(maps.Keys(c.Features)) }
