package engine

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/contact"
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
	// Family is the root of the account's family, and Claim the id under which the contact was
	// claimed of the person's and the root's budgets; empty when neither counts it. Refusals are
	// what those said instead. See State.claimContact.
	Family   string            `json:"family,omitempty"`
	Claim    string            `json:"claim,omitempty"`
	Refusals []contact.Refusal `json:"refusals,omitempty"`
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
		s.spendDecision(a, &call, &d, c)
		s.effects.Decisions = append(s.effects.Decisions, d)
		s.offered(a, &d, c.Offers[d.OfferKey].Give, c)
	}
	return ok(d)
}
