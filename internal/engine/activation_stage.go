package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
)

// What an account uses of what it pays for, and the stage that follows from it.

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
	if best, any := a.Surveys.Best(now); any {
		l.Promoter = int64(best.Score)
	}
	for i := range a.Referrals {
		l.ReferredAt = max(l.ReferredAt, a.Referrals[i].LastAt)
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
		l.InUse = l.InUse || a.everUsed(c.Meters[f.Meter]) > 0
		if f.adopted(c) || a.Journey != nil && now.Day()-a.Journey.UsedOn[f.Key] < adoptedFor {
			l.Used++
		}
	}
	l.GrewAt = a.Ledger.GrewAt
	if a.Journey != nil && a.Journey.Use != nil {
		l.Fell, l.FellMost = a.Journey.Use.fell(c)
	}
	return l
}

// adoptedFor is for how many days a feature counts as used that was: an allowance begins anew
// each month, and nobody stops using what they used then.
const adoptedFor = 35

func (p *paidShare) adopted(c *catalog.Catalog) bool {
	return p.percent() >= max(c.Lifecycle.AdoptedShare, 1)
}

// ending is when the subscription is to end, unset when it is not.
func (a *Account) ending() clock.Time {
	if p := a.Subscription.Pending; p != nil && p.Change.Cancel {
		return p.At
	}
	return a.Subscription.EndsAt
}

// dailyActivation is the part of the daily look that is about the account's way.
func (s *State) dailyActivation(a *Account, c *catalog.Catalog) {
	s.before(a, c)
	if paid := a.paidFor(c, s.Now); len(paid) > 0 {
		s.sample(a, paid, c)
	}
	switch idle := a.idle(c, s.Now); {
	case !idle && a.Journey != nil && a.Journey.Under != 0:
		a.journeys().Under = 0
	case idle && (a.Journey == nil || a.Journey.Under == 0):
		a.journeys().Under = s.Now
	}
	s.dailyReadiness(a, c)
	s.standing(a, c)
}

// sample keeps of today's use what adoption and a fall of use are told by.
func (s *State) sample(a *Account, paid []paidShare, c *catalog.Catalog) {
	j := a.journeys()
	if j.Use == nil {
		j.Use = &useSamples{}
	}
	used := make(map[string]int32)
	for i := range paid {
		f := &paid[i]
		if f.adopted(c) {
			used[f.Key] = s.Now.Day()
		} else if on, ever := j.UsedOn[f.Key]; ever && s.Now.Day()-on < adoptedFor {
			used[f.Key] = on
		}
	}
	if j.UsedOn = used; len(used) == 0 {
		j.UsedOn = nil
	}
	j.Use.add(a, paid, c, s.Now)
}

// useSamples are how much was used of each feature paid for in each quarter of
// catalog.Lifecycle.AtRiskOver, the newest last: eight quarters make the two spans to compare.
type useSamples struct {
	At       clock.Time        `json:"at"` // the last sample
	Features map[string]sample `json:"features,omitempty"`
}

// sample is of one feature, in thousandths of its unit.
type sample struct {
	Level bool    `json:"level,omitempty"`
	Total int64   `json:"total,omitempty"` // of the meter, at the last sample
	Parts []int64 `json:"parts,omitempty"` // used in each quarter; of levels what it was at its end
}

// quarters is how many samples make both spans.
const quarters = 8

func (u *useSamples) add(a *Account, paid []paidShare, c *catalog.Catalog, now clock.Time) {
	step := c.Lifecycle.AtRiskOver / (quarters / 2)
	if step <= 0 || u.At != 0 && now < u.At.Add(step-time.Hour) { // a look may be a little earlier than a day after the last
		return
	}
	features := make(map[string]sample, len(paid))
	for i := range paid {
		m := c.Meters[paid[i].Meter]
		level := m.Aggregate == catalog.Level
		if !level && !adds(m) {
			continue // what it has is of no use to tell one span from another
		}
		total := int64(a.everUsed(m)) / 1000
		was, known := u.Features[paid[i].Key]
		next := sample{Level: level, Total: total, Parts: was.Parts}
		if known && u.At != 0 {
			part := total
			if !level {
				part = max(total-was.Total, 0)
			}
			next.Parts = append(slices.Clone(was.Parts), part)
			if extra := len(next.Parts) - quarters; extra > 0 {
				next.Parts = next.Parts[extra:]
			}
		}
		features[paid[i].Key] = next
	}
	u.At, u.Features = now, features
}

// fell returns by how many percent use fell from one span to the next, on average over the
// features that were in use in the earlier one, and the title of the one that fell most. What
// rose does not make up for what fell: it counts as having stayed. A level that stayed says nothing:
// who has stopped using the product still has what it has.
func (u *useSamples) fell(c *catalog.Catalog) (percent int64, most string) {
	var sum, n, worst int64
	for _, key := range slices.Sorted(maps.Keys(u.Features)) {
		parts := u.Features[key].Parts
		if len(parts) < quarters {
			continue
		}
		var before, after int64
		for i, p := range parts {
			if i < quarters/2 {
				before += p
			} else {
				after += p
			}
		}
		if before <= 0 || u.Features[key].Level && after >= before {
			continue
		}
		left := int64(100)
		if after < before {
			left = 100 * max(after, 0) / before
		}
		if sum, n = sum+100-left, n+1; 100-left > worst {
			worst, most = 100-left, key
			if f := c.Features[key]; f != nil {
				most = f.Title
			}
		}
	}
	if n == 0 {
		return 0, ""
	}
	return sum / n, most
}
