package engine

import (
	"fmt"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/subscription"
)

// written is what the tables hold of an account, as far as it is known: the next checkpoint
// writes only what differs. Nothing is known of an account that was loaded.
type written struct {
	known    bool
	due      clock.Time
	features uint64     // hash of the features that have a row of limits
	limits   []LimitRow // the rows, nil after a rest
	limitsAt clock.Time // state time at which they were last written
	drifts   bool       // usage moved by so little that it is not written yet
}

// driftAtMost is how long, in state time, a list may show a usage that is off by a little
// (see little). Nearly every event moves some usage; rewriting the lists' rows for each would
// be most of a checkpoint.
const driftAtMost = 30 * clock.Second

// little says whether a row shows nearly the same as another: the same percentage where it
// matters, at 70 and more, and up to 5 points of difference below.
func little(was, is *LimitRow) bool {
	if was.Limit != is.Limit || was.ResetsAt != is.ResetsAt {
		return false
	}
	if is.Percent >= 70 || was.Percent >= 70 {
		return is.Percent == was.Percent
	}
	return max(is.Percent-was.Percent, was.Percent-is.Percent) < 5 && (was.Percent > 0) == (is.Percent > 0)
}

// row is the account as a checkpoint writes it.
func (a *Account) row(s *State, c *catalog.Catalog) AccountRow {
	row := AccountRow{Key: a.key}
	anew := a.cold == nil || a.stored == nil
	row.State = a.encode()
	a.stored = row.State
	due := s.due.set[a.key]
	switch {
	case a.written.known && a.written.due == due:
		row.TimersKept = true
	case due != 0:
		row.Timers = []Timer{{Due: due, ID: "next"}}
	}
	a.written.due = due
	if event.IsOwnKey(a.key) {
		if a.Person != nil {
			row.People = a.Person.Memberships()
		}
		a.written.known = true
		return row
	}
	if anew {
		row.Listing = &Listing{Account: a.Facts, Plan: a.Subscription.Plan, Status: string(a.Subscription.Status),
			Interval: string(a.Subscription.Interval), MRR: int64(a.Ledger.MRR), Currency: string(a.Ledger.Currency)}
		row.Listing.NextAt, row.Listing.Next = a.next()
	}
	a.limitRows(&row, s, c)
	a.written.known = true
	return row
}

// What comes next for what an account has bought.
const (
	NextTrialEnds = "trial_ends" // a trial is over then
	NextEnds      = "ends"       // the subscription is
	NextChanges   = "changes"    // a change that was agreed on takes effect
)

// next is the earliest thing that is known to happen to what the account has bought, by its state
// alone: a replay finds the same whenever it looks. Renewals, which come round by themselves, are none.
func (a *Account) next() (at clock.Time, what string) {
	sooner := func(t clock.Time, is string) {
		if t != 0 && (at == 0 || t < at) {
			at, what = t, is
		}
	}
	sub := &a.Subscription
	switch sub.Status {
	case subscription.Active, subscription.Trialing:
		sooner(sub.EndsAt, NextEnds)
		sooner(sub.TrialEndsAt, NextTrialEnds)
		if sub.Pending != nil {
			sooner(sub.Pending.At, NextChanges)
		}
	}
	for i := range a.Trials {
		if a.Trials[i].State == subscription.TrialRunning {
			sooner(a.Trials[i].EndsAt, NextTrialEnds)
		}
	}
	return at, what
}

// limitRows sets those rows of limits that the tables do not hold yet.
func (a *Account) limitRows(row *AccountRow, s *State, c *catalog.Catalog) {
	now := a.limits(s, c)
	w := &a.written
	features := featuresOf(now)
	row.DropLimits = !w.known || w.features != features && w.features != 0
	drifts := false
	for i := range now {
		is := now[i]
		if w.known && w.features == features && w.limits != nil {
			was := w.limits[i]
			if was == is {
				continue
			}
			if little(&was, &is) && s.Now < w.limitsAt+driftAtMost {
				drifts = true
				now[i] = was // what the table holds
				continue
			}
		}
		row.Limits = append(row.Limits, now[i])
	}
	w.limits, w.features = now, features
	if len(row.Limits) > 0 && !drifts {
		w.limitsAt = s.Now
	}
	if drifts && !w.drifts {
		s.drifting = append(s.drifting, a)
		s.settleBy(w.limitsAt + driftAtMost)
	}
	w.drifts = drifts
}

// featuresOf hashes which features the rows are of, 0 for none.
func featuresOf(rows []LimitRow) uint64 {
	var h uint64
	for i := range rows {
		for j := range len(rows[i].Feature) {
			h = (h ^ uint64(rows[i].Feature[j])) * 1099511628211 // FNV-1
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return h
}

// settle marks accounts whose drift has lasted long enough for the next harvest.
func (s *State) settle() {
	if s.settleAt == 0 || s.Now < s.settleAt {
		return
	}
	s.settleAt = 0
	kept := s.drifting[:0]
	for _, a := range s.drifting {
		switch {
		case !a.written.drifts: // written since
		case s.Now >= a.written.limitsAt+driftAtMost:
			a.written.drifts = false
			if !a.dirty {
				a.dirty = true
				s.dirty = append(s.dirty, a)
			}
		default:
			kept = append(kept, a)
			s.settleBy(a.written.limitsAt + driftAtMost)
		}
	}
	clear(s.drifting[len(kept):])
	s.drifting = kept
}

// settleBy makes the next settling no later than t.
func (s *State) settleBy(t clock.Time) {
	if s.settleAt == 0 || t < s.settleAt {
		s.settleAt = t
	}
}

// limits are the account's rows of how near it is to each hard or soft limit, by feature.
func (a *Account) limits(s *State, c *catalog.Catalog) []LimitRow {
	in := a.Input(c, s.Now)
	special := entitlement.Special(in)
	if !a.Subscription.Live() && !special || len(a.Usage) == 0 {
		return nil
	}
	var allowances []entitlement.Allowance
	if special {
		allowances = entitlement.AllowancesOf(in)
	} else {
		allowances = s.allowances(a, c)
	}
	rows := make([]LimitRow, 0, len(allowances))
	for i := range allowances {
		f := allowances[i].Feature
		if a.Usage[f.Meter] == nil {
			continue
		}
		usage, limit, resetsAt := allowances[i].Measure(in)
		if limit > 0 {
			rows = append(rows, LimitRow{Feature: f.Key, Usage: int64(usage), Limit: int64(limit),
				Percent: usage.Percent(limit), ResetsAt: resetsAt})
		}
	}
	return rows
}

// allowances returns those of what the account has bought, which it shares with all others
// that bought the same.
func (s *State) allowances(a *Account, c *catalog.Catalog) []entitlement.Allowance {
	bought := a.Subscription.Plan
	if sub := &a.Subscription; len(sub.Addons) > 0 || sub.PlanVersion > 1 || sub.Quantity > 1 {
		bought = fmt.Sprintf("%s %d %d %v", bought, sub.PlanVersion, sub.Quantity, sub.Addons) // keys have no spaces
	}
	if s.bought.catalog != c || len(s.bought.allowances) > 1000 {
		s.bought.catalog, s.bought.allowances = c, make(map[string][]entitlement.Allowance)
	}
	all, known := s.bought.allowances[bought]
	if !known {
		all = entitlement.Allowances(c, &a.Subscription)
		s.bought.allowances[bought] = all
	}
	return all
}

// bought caches what plans with add-ons give by a catalog.
type bought struct {
	catalog    *catalog.Catalog
	allowances map[string][]entitlement.Allowance
}
