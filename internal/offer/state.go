package offer

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// State is what an account's offers remember. Its zero value is an account never offered
// anything. JSON that survives a round trip, bounded: see maxDecisions and maxRequests.
type State struct {
	Decided   int64               `json:"decided,omitempty"`   // decisions ever; numbers their ids
	Requested int64               `json:"requested,omitempty"` // requests ever; numbers their ids
	Offers    map[string]*Contact `json:"offers,omitempty"`    // by offer key
	Decisions []Kept              `json:"decisions,omitempty"` // oldest first
	Requests  []Request           `json:"requests,omitempty"`  // oldest first
}

// Contact is how often an offer was shown and when it was last refused.
type Contact struct {
	Shown     []clock.Time `json:"shown,omitempty"` // the latest ones that the cap counts, oldest first
	Dismissed clock.Time   `json:"dismissed"`
}

// Kept is a decision that may still be acted on, or was.
type Kept struct {
	ID        string       `json:"id"`
	Offer     string       `json:"offer"`
	User      string       `json:"user,omitempty"`
	Placement string       `json:"placement"`
	Variant   string       `json:"variant,omitempty"`
	Signal    string       `json:"signal,omitempty"`
	Give      catalog.Give `json:"give"`
	Buyer     bool         `json:"buyer,omitempty"` // made for somebody who can buy
	At        clock.Time   `json:"at"`
	ExpiresAt clock.Time   `json:"expires_at"`
	Seen      bool         `json:"seen,omitempty"`
	Clicked   bool         `json:"clicked,omitempty"`
	Request   string       `json:"request,omitempty"` // id
	Closed    string       `json:"closed,omitempty"`  // dismissed, accepted or superseded
	ClosedAt  clock.Time   `json:"closed_at"`
}

// Act is an outcome as it is reported.
type Act struct {
	Decision string
	Type     string // seen, clicked, dismissed, requested or accepted
	User     string // pseudonym; empty: whom it was shown to
	Role     Role   // empty: as when it was decided
	Reason   string
}

// Result is what an outcome led to.
type Result struct {
	Outcome Outcome
	// Repeated: this outcome was there already; the rest is as the first time, and nothing
	// changed.
	Repeated bool
	Decision Kept
	Request  *Request      // for requested: the one opened, or the one already open
	Give     *catalog.Give // for accepted: what the subscription now gets
	// Fulfilled are the open requests for the same offer that an acceptance answers.
	Fulfilled []Request
}

// Record notes what became of a decision. A repeated outcome is answered as the first
// time. Faults: outcome_invalid, decision_unknown, decision_expired (accepted and requested
// only: what was seen or refused counts however late), decision_closed, not_allowed_to_buy.
// On a fault nothing changes.
func Record(st *State, a Act, account string, now clock.Time, id func(parts ...string) string) (Result, error) {
	return Result{}, nil
}

// Answered is an upgrade request after an admin's answer.
type Answered struct {
	Request   Request
	Repeated  bool          // answered so before; nothing changed
	Give      *catalog.Give // when approved: what the subscription now gets
	Signal    string        // id of the signal behind the decision it came from
	Fulfilled []Request     // other open requests for the same offer, approved with it
}

// Answer approves or declines a request. The same answer again is answered as the first
// time. Faults: request_unknown, request_answered. On a fault nothing changes.
func Answer(st *State, request string, approve bool, by string, now clock.Time) (Answered, error) {
	return Answered{}, nil
}

// Find returns a kept decision.
func (st *State) Find(decision string) (Kept, bool) { return Kept{}, false }
