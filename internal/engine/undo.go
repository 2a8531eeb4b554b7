package engine

import (
	"cmp"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/subscription"
)

// reversal is what has to be known to take the last change of the subscription back, beside
// the subscription's own Undo: what it booked and what else it moved.
type reversal struct {
	Standing revenue.Standing    `json:"standing"` // of the ledger, before
	At       clock.Time          `json:"at"`       // when it took effect
	Type     catalog.RevenueType `json:"type,omitempty"`
	Motion   string              `json:"motion,omitempty"`
	Ref      string              `json:"ref,omitempty"`
	Adopted  bool                `json:"adopted,omitempty"`
	// Downgraded is when it had last begun to pay less before.
	Downgraded clock.Time `json:"downgraded,omitzero"`
	Imports    []string   `json:"imports,omitempty"` // that were live before
	// Trials are those that the change moved, as they were; one without a state began with it.
	Trials []subscription.Trial `json:"trials,omitempty"`
	Grants []string             `json:"grants,omitempty"` // ids of those that its top-ups gave
	Sale   *sale                `json:"sale,omitempty"`   // what led to it, when that was an offer or a request
}

// sale is the offer or the request behind a purchase.
type sale struct {
	Decision string `json:"decision,omitempty"`
	Offer    string `json:"offer,omitempty"`
	Request  string `json:"request,omitempty"`
	User     string `json:"user,omitempty"` // pseudonym of who accepted or approved
}

// sourceUndo marks ledger lines that take a change back. Their Ref, type and motion are those
// of the lines they reverse, so that how often an offer is undone can be watched.
const sourceUndo = "undo"

// takeBack puts the subscription back to what it was before the last change. The ledger gets
// lines that reverse those of the change, of the same instant: nothing is deleted, and a
// report that knows of the undo counts neither.
func (s *State) takeBack(a *Account, next subscription.Subscription, c *catalog.Catalog) {
	rev, undone := a.Reversal, a.Subscription
	a.Subscription, a.Adopted, a.Downgraded, a.Reversal = next, rev.Adopted, rev.Downgraded, nil
	a.Facts.UpdatedAt = s.Now
	for _, id := range rev.Imports {
		if i := a.Imports[id]; i != nil {
			i.Live = true
		}
	}
	s.trialsBack(a, rev.Trials)
	for _, op := range a.Opportunities {
		if op.ID == rev.Ref && op.Stage == opportunity.Won {
			s.keep(a, opportunity.Undone(op, s.Now))
		}
	}
	s.book(a, revenue.Change{
		Account: a.key, MRR: rev.Standing.MRR, Currency: cmp.Or(rev.Standing.Currency, undone.Currency),
		EffectiveAt: rev.At, RecordedAt: s.Now, Type: rev.Type, Motion: rev.Motion, Movement: revenue.Undone,
		Source: sourceUndo, Ref: rev.Ref, Note: "Undone: " + subscription.Describe(&next, &undone, c),
	})
	a.Ledger.Paid, a.Ledger.GrewAt = rev.Standing.Paid, rev.Standing.GrewAt
	s.revokeGrants(a, rev.Grants, c)
	s.noticeLimits(a, c)
	s.standing(a, c)
	s.sold(a, rev.Sale, subscription.Describe(&next, &undone, c), c)
}

// trialsBack puts the trials that a change moved back to what they were, as far as time lets
// it. One that began with the change is over: there is one of each thing, or undoing would be
// a way to try for ever. One beside a subscription that is no more is over with it.
func (s *State) trialsBack(a *Account, were []subscription.Trial) {
	for _, was := range were {
		i := a.trial(was.ID)
		switch {
		case i < 0:
		case was.State != "":
			a.Trials[i] = was
		case a.Trials[i].State == subscription.TrialRunning:
			a.Trials[i].State, a.Trials[i].EndsAt = subscription.TrialEnded, s.Now
		}
	}
	for i := range a.Trials {
		switch t := &a.Trials[i]; {
		case t.State != subscription.TrialRunning || !apart(t):
		case t.EndsAt <= s.Now:
			t.State = subscription.TrialOver
		case t.Beside && !a.Subscription.Live():
			t.State, t.EndsAt = subscription.TrialEnded, s.Now
		}
	}
}

// onceUsed says whether something of the top-ups that the last change bought is no longer
// there or is needed: it was used and not given back, was taken away, or what it gives beside
// (seats, a feature that is on or off) there would not be without it.
func (a *Account) onceUsed(c *catalog.Catalog, now clock.Time) bool {
	if a.Reversal == nil || len(a.Reversal.Grants) == 0 {
		return false
	}
	return entitlement.Needs(a.Input(c, now), a.Reversal.Grants)
}
