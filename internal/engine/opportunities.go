package engine

import (
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/signal"
)

// fired keeps signals that just fired and sends each to people or leaves it to offers.
func (s *State) fired(a *Account, fired []signal.Signal, c *catalog.Catalog) {
	if len(fired) > 0 {
		a.cold = nil                               // opportunities, and the numbers of ids
		a.timed = a.timed && a.Subscription.Live() // who is not looked at daily is as long as a signal lives
	}
	for _, sig := range fired {
		s.effects.Signals = append(s.effects.Signals, sig)
		if len(c.Routing) == 0 {
			continue
		}
		routed := opportunity.Route(opportunity.OpenInput{
			Catalog: c, Signal: sig, Subscription: a.Subscription, Features: a.features(c, s.Now),
			Vars: a.Vars("", "", ""), Existing: a.Opportunities, Number: a.Opened + 1, Now: s.Now, ID: a.ids(),
		})
		if routed.Opportunity == nil {
			continue
		}
		if routed.Joined {
			s.keep(a, *routed.Opportunity)
			continue
		}
		a.Opened++
		a.Opportunities = append(a.Opportunities, *routed.Opportunity)
		s.effects.Opportunities = append(s.effects.Opportunities, *routed.Opportunity)
		a.forgetClosed()
	}
}

// maxClosed bounds how many closed opportunities an account keeps in state; lists have all.
const maxClosed = 20

func (a *Account) forgetClosed() {
	closed := 0
	for i, op := range slices.Backward(a.Opportunities) {
		if op.ClosedAt == 0 {
			continue
		}
		if closed++; closed > maxClosed {
			a.Opportunities = append(a.Opportunities[:i], a.Opportunities[i+1:]...)
		}
	}
}

// keep replaces an opportunity by its newer self.
func (s *State) keep(a *Account, op opportunity.Opportunity) {
	for i := range a.Opportunities {
		if a.Opportunities[i].ID == op.ID {
			a.Opportunities[i] = op
		}
	}
	s.effects.Opportunities = append(s.effects.Opportunities, op)
}

// EditCall is the body of an opportunity record.
type EditCall struct {
	ID   string           `json:"id"`
	Edit opportunity.Edit `json:"edit"`
}

// edit changes an opportunity as a person asked; winning it changes the subscription.
func (s *State) edit(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[EditCall](r)
	if err != nil {
		return refused(err)
	}
	for _, op := range a.Opportunities {
		if op.ID != call.ID {
			continue
		}
		edited, won, err := opportunity.Apply(op, call.Edit, s.Now, a.Opportunities...)
		if err != nil {
			return refused(err)
		}
		if won && !offer.Free(op.Give) {
			from := origin{source: "opportunity", ref: op.ID, motion: op.Motion, why: "won by " + edited.Owner}
			if _, err := s.change(a, offer.Change(op.Give, &a.Subscription, c), nil, from, c); err != nil {
				return refused(err)
			}
		}
		s.keep(a, edited)
		return ok(edited)
	}
	return refused(fault.New(fault.NotFound, "opportunity_not_found", "opportunity %q is not known, or was closed long ago", fault.Shorten(call.ID)).
		WithMend("list what there is with GET /v1/opportunities"))
}
