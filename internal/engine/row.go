package engine

import (
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
)

// written is what the tables hold of an account, as far as it is known: the next checkpoint
// writes only what differs. Nothing is known of an account that was loaded.
type written struct {
	known    bool
	due      clock.Time
	features uint64     // hash of the features that have a row of limits
	limits   []LimitRow // the rows, nil after a rest
	limitsAt clock.Time // state time at which they were last written
	drifts   bool       // usage moved by less than a percent of a limit and is not written yet
}

// driftAtMost is how long, in state time, a list may show a usage that is off by less than
// one percent of its limit. Nearly every event moves some usage; rewriting the lists' rows for each would
// be most of a checkpoint.
const driftAtMost = 10 * clock.Second

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
	if _, isPerson := event.IsUserKey(a.key); isPerson {
		if a.Person != nil && (a.Person.Account != "" || a.Person.Into != "") {
			row.People = []account.Person{a.Person.Person}
		}
		a.written.known = true
		return row
	}
	if anew {
		row.Listing = &Listing{Account: a.Facts, Plan: a.Subscription.Plan, Status: string(a.Subscription.Status),
			Interval: string(a.Subscription.Interval), MRR: int64(a.Ledger.MRR), Currency: string(a.Ledger.Currency)}
	}
	a.limitRows(&row, s, c)
	a.written.known = true
	return row
}

// limitRows sets those rows of limits that the tables do not hold yet.
func (a *Account) limitRows(row *AccountRow, s *State, c *catalog.Catalog) {
	now := a.limits(c, s.Now)
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
			is.Usage = was.Usage
			if was == is && s.Now < w.limitsAt+driftAtMost {
				drifts = true
				now[i].Usage = was.Usage // what the table holds
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
		}
	}
	clear(s.drifting[len(kept):])
	s.drifting = kept
}

// limits are the account's rows of how near it is to each hard or soft limit.
func (a *Account) limits(c *catalog.Catalog, now clock.Time) []LimitRow {
	if !a.Subscription.Live() || len(a.Usage) == 0 {
		return nil
	}
	var rows []LimitRow
	for _, key := range slices.Sorted(maps.Keys(c.Features)) {
		f := c.Features[key]
		if f.Kind != catalog.Metered || a.Usage[f.Meter] == nil {
			continue
		}
		ans := entitlement.Check(a.Input(c, now), key, 0)
		if ans.Limit == nil || *ans.Limit <= 0 || ans.Usage == nil {
			continue
		}
		rows = append(rows, LimitRow{Feature: key, Usage: int64(*ans.Usage), Limit: int64(*ans.Limit),
			Percent: ans.Usage.Percent(*ans.Limit), ResetsAt: ans.ResetsAt})
	}
	return rows
}
