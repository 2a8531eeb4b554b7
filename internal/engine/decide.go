package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/offer"
)

// DecideCall is the body of a decide record.
type DecideCall struct {
	Placement string     `json:"placement"`
	Feature   string     `json:"feature,omitempty"`
	Requested bool       `json:"requested,omitempty"`
	Role      offer.Role `json:"role,omitempty"`
	Profile   string     `json:"profile,omitempty"`
}

// decide makes the decision again as Step and keeps it: it is about to be shown.
func (s *State) decide(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[DecideCall](r)
	if err != nil {
		return refused(err)
	}
	in := a.OfferInput(c, call, r.User, s.Now)
	before := a.Offers.Decided
	d := offer.Decide(in)
	offer.Commit(in, d)
	if a.Offers.Decided > before {
		s.effects.Decisions = append(s.effects.Decisions, d)
		s.offered(a, &d, c.Offers[d.OfferKey].Give, c)
	}
	return ok(d)
}
