package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
)

// GrantCall is the body of a KindGrant record: exactly one of its fields is set.
type GrantCall struct {
	Grant    *GrantAsk             `json:"grant,omitempty"`
	Revoke   string                `json:"revoke,omitempty"` // a grant's id
	Override *entitlement.Override `json:"override,omitempty"`
	Clear    string                `json:"clear,omitempty"` // the feature whose override ends
	TrialCall
}

// grants does what a KindGrant record asks.
func (s *State) grants(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[GrantCall](r)
	if err != nil {
		return refused(err)
	}
	return s.tries(a, call.TrialCall, c)
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

// ReservationCall is the body of a KindReservation record, whose Type is the reservation's id:
// Quantity is what to take in the end (unset: all of it), unless it is a Release.
type ReservationCall struct {
	Quantity *quantity.Quantity `json:"quantity,omitempty"`
	Release  bool               `json:"release,omitempty"`
}
