package store

import (
	"context"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/offer"
)

// MadeFilter narrows DecisionsMade; empty fields let everything pass. Reached is an outcome that
// there is of it, "active" (accepted and not undone) or "held_out"; without it those shown.
type MadeFilter struct {
	Offer, Reached string
	From, To       clock.Time // From included, To not
}

// DecisionsMade lists what was shown to anybody, or kept back, newest first: the decisions that
// Funnels counts.
func (s *Store) DecisionsMade(ctx context.Context, f MadeFilter, p Page) (List[offer.Decision], error) {
	q := ask("SELECT document, at, id FROM decisions d WHERE d.at >= ? AND d.at < ?", f.From, f.To)
	if f.Reached == "held_out" {
		q.and("AND d.offer <> '' AND d.variant = 'holdout'")
	} else {
		q.and("AND d.offer <> '' AND d.status = 'show' AND d.variant <> 'holdout'")
	}
	q.where("d.offer = ?", f.Offer)
	outcome := "EXISTS (SELECT 1 FROM outcomes o WHERE o.decision = d.id AND o.type = ?)"
	switch f.Reached {
	case "", "held_out":
	case "active":
		q.where(outcome, offer.Accepted).where("NOT "+outcome, "undone")
	default:
		q.where(outcome, f.Reached)
	}
	return newest[offer.Decision](ctx, s, p, q, "at")
}
