package engine

import (
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// GrantCall is the body of a KindGrant record: exactly one of its fields is set.
type GrantCall struct {
	Grant    *GrantAsk             `json:"grant,omitempty"`
	Revoke   string                `json:"revoke,omitempty"` // a grant's id
	Override *entitlement.Override `json:"override,omitempty"`
	Clear    string                `json:"clear,omitempty"` // the feature whose override ends
	TrialCall
}

// GrantAsk asks for a grant. At most one of ExpiresAt and For is set.
type GrantAsk struct {
	Feature   string             `json:"feature"`
	Quantity  *quantity.Quantity `json:"quantity,omitempty"` // none for a feature that is on or off
	Priority  *int               `json:"priority,omitempty"`
	ExpiresAt clock.Time         `json:"expires_at,omitzero"`
	For       clock.Time         `json:"for,omitempty"` // how long, from when it is granted
	Reason    string             `json:"reason,omitempty"`
}

// maxGrantFor bounds how long a grant may last that names a length: as long as a rollover.
const maxGrantFor = 3660 * clock.Day

func (s *State) grantID(a *Account) func(n int64) string {
	return func(n int64) string { return ID("gr", a.key, n) }
}

// grants does what a KindGrant record asks.
func (s *State) grants(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[GrantCall](r)
	if err != nil {
		return refused(err)
	}
	if call.TrialCall.any() {
		return s.tries(a, call.TrialCall, c)
	}
	in := a.Input(c, s.Now)
	var out any
	switch {
	case call.Grant != nil:
		out, err = s.give(a, *call.Grant, in)
	case call.Revoke != "":
		out, err = entitlement.Revoke(in, call.Revoke)
	case call.Override != nil:
		err = entitlement.SetOverride(in, *call.Override)
		i := slices.IndexFunc(a.Entitled.Overrides, func(o entitlement.Override) bool { return o.Feature == call.Override.Feature })
		if err == nil {
			out = a.Entitled.Overrides[i]
		}
	case call.Clear != "":
		out, err = a.Entitled.ClearOverride(call.Clear)
	default:
		err = fault.New(fault.Invalid, "grant_invalid", "the call names nothing to grant or take back").WithMend("send a grant or an override")
	}
	if err != nil {
		return refused(err)
	}
	s.noticeLimits(a, c)
	return ok(out)
}

// give makes the grant that somebody asked for.
func (s *State) give(a *Account, ask GrantAsk, in entitlement.Input) (entitlement.Grant, error) {
	g := entitlement.Grant{Feature: ask.Feature, Priority: entitlement.DefaultPriority, ExpiresAt: ask.ExpiresAt,
		Source: entitlement.FromOperator, Reason: ask.Reason}
	if ask.Quantity != nil {
		g.Amount = *ask.Quantity
	}
	if ask.Priority != nil {
		g.Priority = *ask.Priority
	}
	switch {
	case ask.For != 0 && ask.ExpiresAt != 0:
		return g, fault.New(fault.Invalid, "grant_invalid", "the grant says both when and for how long").WithMend("send one of expires_at and for")
	case ask.For < 0 || ask.For > maxGrantFor:
		return g, fault.New(fault.Invalid, "grant_invalid", "the grant cannot be for that long").WithMend("use at most 3660d, or leave for out").
			WithField("/for", "", "must be above 0 and at most 3660d")
	case ask.For != 0:
		g.ExpiresAt = s.Now + ask.For
	}
	return entitlement.AddGrant(in, g, s.grantID(a))
}

// topUp gives what was bought once, and returns the ids of the grants. What does not fit any
// more is said in the account's problems: it was paid for.
func (s *State) topUp(a *Account, lines []subscription.AddonLine, c *catalog.Catalog) []string {
	var ids []string
	for _, line := range lines {
		addon := c.Addons[line.Key]
		if addon == nil {
			continue
		}
		for _, g := range entitlement.TopUp(addon, max(line.Quantity, 1), s.Now) {
			made, err := entitlement.AddGrant(a.Input(c, s.Now), g, s.grantID(a))
			if err != nil {
				a.problem("top-up " + line.Key + ": " + err.Error())
				continue
			}
			ids = append(ids, made.ID)
		}
	}
	return ids
}

// revokeGrants takes back what is left of grants.
func (s *State) revokeGrants(a *Account, ids []string, c *catalog.Catalog) {
	for _, id := range ids {
		if _, err := entitlement.Revoke(a.Input(c, s.Now), id); err != nil {
			continue // used up or expired: nothing is left of it
		}
	}
}

// lapse makes the features of a meter ready for a change of its usage; see entitlement.Lapse.
func (s *State) lapse(a *Account, m *catalog.Meter, c *catalog.Catalog) {
	in := a.Input(c, s.Now)
	for _, f := range c.FeaturesOf(m.Key) {
		if entitlement.Settles(in, f) && entitlement.Lapse(in, f) {
			a.cold, a.watches = nil, nil
		}
	}
}

// settleUsage settles the features of a meter whose usage has just changed, and says whether
// timers may be others.
func (s *State) settleUsage(a *Account, m *catalog.Meter, c *catalog.Catalog) bool {
	in, changed := a.Input(c, s.Now), false
	for _, f := range c.FeaturesOf(m.Key) {
		if entitlement.Settles(in, f) && entitlement.Settle(in, f) {
			changed = true
		}
	}
	if changed {
		a.cold = nil
	}
	return changed
}

// rollOver turns what is left of allowances whose period is over into grants, before usage of
// the next period begins.
func (s *State) rollOver(a *Account, c *catalog.Catalog) {
	if len(a.Entitled.RollsAt) > 0 {
		entitlement.Roll(a.Input(c, s.Now), s.grantID(a))
	}
}

// passEntitled ends what is over of grants, overrides, reservations and trials, and tells the limit rules.
func (s *State) passEntitled(a *Account, due clock.Time, c *catalog.Catalog) {
	changed := entitlement.Expire(a.Input(c, s.Now))
	if changed || a.Entitled.Rolled(due) || slices.ContainsFunc(a.Trials, func(t subscription.Trial) bool { return t.EndsAt == due }) {
		s.noticeLimits(a, c)
	}
}
