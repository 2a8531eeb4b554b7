package opportunity

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// OpenInput is everything the routing of a fired signal is decided from.
type OpenInput struct {
	Catalog      *catalog.Catalog
	Signal       signal.Signal
	Subscription subscription.Subscription
	Features     map[string]offer.Feature // as for offer.Decide
	Vars         map[string]any           // what conditions see of the account; amount and type are added
	Existing     []Opportunity            // the account's own
	Number       int64                    // of the next opportunity, rising from 1 per account
	Now          clock.Time
	ID           func(parts ...string) string // called with "opportunity" and Number
}

// Routed is where a fired signal went.
type Routed struct {
	// Opportunity is the one opened, or the open one that took the signal's evidence
	// (Joined); nil when the signal is left to offers.
	Opportunity *Opportunity
	Joined      bool
	Amount      money.Amount // estimated, a year's money
	Reason      string       // in plain words
}

// Route estimates what a fired signal is worth and sends it to people, or leaves it to
// self-service. There is at most one open opportunity per account and give.
func Route(in OpenInput) Routed { return Routed{} }

// Edit is what a person changes; nil fields stay.
type Edit struct {
	Owner      *string       `json:"owner,omitempty"`
	Stage      *Stage        `json:"stage,omitempty"`
	Amount     *money.Amount `json:"amount,omitempty"`
	Note       *string       `json:"note,omitempty"`
	LostReason *string       `json:"lost_reason,omitempty"`
}

// Apply returns op as edited. won says that it was just won: its Give is now to change the
// subscription. The same edit again changes nothing. Faults: opportunity_invalid,
// opportunity_closed; op is then returned as it was.
func Apply(op Opportunity, e Edit, now clock.Time) (edited Opportunity, won bool, err error) {
	return op, false, nil
}

// WithPeople returns what offers need to know of the open ones among ops.
func WithPeople(ops []Opportunity) []offer.WithPeople { return nil }
