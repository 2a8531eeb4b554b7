package offer

import (
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Always is how an admin who approves a request approves later ones like it.
type Always struct {
	What   string       `json:"what,omitempty"` // offer, give or feature of the request; give when left out
	For    string       `json:"for,omitempty"`  // member (who asked) or everybody; member when left out
	AtMost money.Amount `json:"at_most"`        // of all later ones together, in one Per
	Per    string       `json:"per"`            // month or year
	Until  clock.Time   `json:"until,omitzero"` // a year from now when left out
}

// Approval is a standing approval: later requests like the one it came with are approved at once.
type Approval struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Request string `json:"request_id"` // it came with
	// What it covers is exactly one of Offer, Feature and Give.
	Offer   string        `json:"offer,omitempty"`
	Feature string        `json:"feature,omitempty"`
	Give    *catalog.Give `json:"give,omitempty"`
	Title   string        `json:"title"`          // of what was approved first
	User    string        `json:"user,omitempty"` // whose requests; empty: every member's
	// AtMost is what later requests may cost together within one Per, see CostOf; Each what one
	// of them may cost alone: what was shown for the first.
	AtMost money.Amount `json:"at_most"`
	Each   money.Amount `json:"each"`
	Per    string       `json:"per"` // month or year
	Until  clock.Time   `json:"until"`
	By     string       `json:"by"` // pseudonym of the admin
	At     clock.Time   `json:"at"`
	Uses   []Use        `json:"uses"`
}

// Use is a request that a standing approval answered, and what it counts against it.
type Use struct {
	Request string      `json:"request_id"`
	Cost    money.Minor `json:"cost"`
	Once    bool        `json:"once,omitempty"` // charged once: it counts for one Per
	At      clock.Time  `json:"at"`
}

// Bounds of standing approvals.
const (
	maxApprovals = 50
	maxUses      = 100 // of one; then admins are asked again
	maxStanding  = 5 * 366 * clock.Day
)

// CostOf is what a purchase that leads from one subscription to another counts against a
// standing approval, in minor units: what each interval costs more, for one per; what is charged
// by the year counts whole against a month. It is never below what is charged at once.
func CostOf(before, after *subscription.Subscription, q subscription.Quote, per string) money.Minor {
	more := after.Recurring
	if before.Status == subscription.Active && before.Interval == after.Interval {
		more -= before.Recurring
	}
	if per == string(subscription.Year) && after.Interval == subscription.Month {
		more *= 12
	}
	return max(more, q.Now.Minor, 0)
}

// Stand makes a standing approval of a request that was just approved. cost is what that one cost,
// as it was shown. Faults: approval_invalid, approvals_full. On a fault nothing changes.
func Stand(st *State, r Request, w Always, by string, cost func(per string) money.Amount, now clock.Time, id func(parts ...string) string) (Approval, error) {
	invalid := func(field, value, why string) error {
		return fault.New(fault.Invalid, "approval_invalid", "always.%s %s", field, why).
			WithMend("say how much later requests may cost together: at_most, per month or year, and until when").
			WithField("/always/"+field, value, why)
	}
	ap := Approval{Account: r.Account, Request: r.ID, Title: r.Title, AtMost: w.AtMost, Per: w.Per, Until: w.Until, By: by, At: now, Uses: []Use{}}
	switch w.What {
	case "", "give":
		give := r.Give
		ap.Give = &give
	case "offer":
		if ap.Offer = r.Offer; r.Offer == "" {
			return Approval{}, invalid("what", w.What, "is offer, but the request came without one")
		}
	case "feature":
		if ap.Feature = r.Feature; r.Feature == "" {
			return Approval{}, invalid("what", w.What, "is feature, but the request names none")
		}
	default:
		return Approval{}, invalid("what", w.What, "must be give, offer or feature")
	}
	switch w.For {
	case "", "member":
		ap.User = r.User
	case "everybody":
	default:
		return Approval{}, invalid("for", w.For, "must be member or everybody")
	}
	if w.Per != string(subscription.Month) && w.Per != string(subscription.Year) {
		return Approval{}, invalid("per", w.Per, "must be month or year")
	}
	ap.Each = cost(w.Per)
	if w.AtMost.Currency != ap.Each.Currency {
		return Approval{}, invalid("at_most", w.AtMost.String(), "must be in "+string(ap.Each.Currency)+", as the subscription is")
	}
	if w.AtMost.Minor < 0 {
		return Approval{}, invalid("at_most", w.AtMost.String(), "must be 0 or more")
	}
	if ap.Until == 0 {
		ap.Until = now + 365*clock.Day
	}
	if ap.Until <= now || ap.Until > now+maxStanding {
		return Approval{}, invalid("until", ap.Until.String(), "must be in the future, within five years")
	}
	st.dropApprovals(now)
	if len(st.Approvals) >= maxApprovals {
		return Approval{}, fault.New(fault.Conflict, "approvals_full", "the account has %d standing approvals", len(st.Approvals)).
			WithMend("revoke some")
	}
	st.Approved++
	ap.ID = id("approval", strconv.FormatInt(st.Approved, 10))
	st.Approvals = append(st.Approvals, ap)
	return ap, nil
}

// dropApprovals forgets those that are over.
func (st *State) dropApprovals(now clock.Time) {
	st.Approvals = slices.DeleteFunc(st.Approvals, func(ap Approval) bool { return ap.Until <= now })
}

// Standing finds the standing approval that covers what a person just asked for at cost, the oldest
// first; nil when none does, and then an admin is asked. One does not whose giver may no longer
// approve: lapsed says that there is such a one.
func (st *State) Standing(r *Request, user string, cost func(per string) money.Amount, may func(giver string) bool, now clock.Time) (covers *Approval, lapsed bool) {
	for i := range st.Approvals {
		ap := &st.Approvals[i]
		if !ap.about(r, user) || ap.Until <= now || len(ap.Uses) >= maxUses {
			continue
		}
		if c := cost(ap.Per); c.Currency == ap.AtMost.Currency && c.Minor <= ap.Each.Minor && ap.Spent(now)+c.Minor <= ap.AtMost.Minor {
			if may(ap.By) {
				return ap, false
			}
			lapsed = true
		}
	}
	return nil, lapsed
}

// RenameGiver lets approvals go on under the pseudonym that their giver, or whom they are for, goes on by.
func (st *State) RenameGiver(from, to string) {
	for i := range st.Approvals {
		ap := &st.Approvals[i]
		if ap.By == from {
			ap.By = to
		}
		if ap.User == from {
			ap.User = to
		}
	}
}

// about says whether the approval is for requests like r of the person.
func (ap *Approval) about(r *Request, user string) bool {
	switch {
	case ap.User != "" && ap.User != user:
		return false
	case ap.Give != nil:
		return *ap.Give == r.Give
	case ap.Offer != "":
		return ap.Offer == r.Offer
	default:
		return ap.Feature != "" && ap.Feature == r.Feature
	}
}

// Spent is what counts against the approval at now: what recurs for as long as it stands, what
// was bought once for one Per (a month of 31 days, a year of 366).
func (ap *Approval) Spent(now clock.Time) money.Minor {
	span := 31 * clock.Day
	if ap.Per == string(subscription.Year) {
		span = 366 * clock.Day
	}
	var sum money.Minor
	for _, u := range ap.Uses {
		if !u.Once || u.At+span > now {
			sum += u.Cost
		}
	}
	return sum
}

// Use counts a request against a standing approval.
func (st *State) Use(approval string, u Use) {
	for i := range st.Approvals {
		if ap := &st.Approvals[i]; ap.ID == approval {
			ap.Uses = append(slices.Clip(ap.Uses), u)
		}
	}
}

// refund takes a request off the standing approval that answered it.
func (st *State) refund(request string) {
	for i := range st.Approvals {
		ap := &st.Approvals[i]
		ap.Uses = slices.DeleteFunc(slices.Clone(ap.Uses), func(u Use) bool { return u.Request == request })
	}
}

// Revoke ends a standing approval; what it approved stays. Fault approval_unknown.
func (st *State) Revoke(id string, now clock.Time) (Approval, error) {
	st.dropApprovals(now)
	i := slices.IndexFunc(st.Approvals, func(ap Approval) bool { return ap.ID == id })
	if i < 0 {
		return Approval{}, fault.New(fault.NotFound, "approval_unknown", "there is no standing approval %q, or it is over", fault.Shorten(id)).
			WithMend("list those there are with GET /v1/accounts/{account}/approvals")
	}
	ap := st.Approvals[i]
	st.Approvals = slices.Delete(st.Approvals, i, i+1)
	return ap, nil
}
