package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/opportunity"
)

// OpportunityFilter narrows Opportunities; empty fields let everything pass.
type OpportunityFilter struct{ Account, Stage, Owner, Type string }

// opportunityDocument is an opportunity without its amount, which has columns of its own:
// an amount that nobody could estimate has no currency, and such JSON does not read back.
type opportunityDocument struct {
	opportunity.Opportunity
	Amount *struct{} `json:"amount,omitempty"`
}

const opportunityColumns = "document, amount, currency, opened_at, id"

func scanOpportunity(r *sql.Rows) (opportunity.Opportunity, []any, error) {
	var doc, currency, id string
	var minor, at int64
	if err := r.Scan(&doc, &minor, &currency, &at, &id); err != nil {
		return opportunity.Opportunity{}, nil, err
	}
	var d opportunityDocument
	err := document(doc, &d)
	d.Opportunity.Amount = money.Of(money.Minor(minor), money.Currency(currency))
	return d.Opportunity, []any{at, id}, err
}

// Opportunities lists opportunities, newest first.
func (s *Store) Opportunities(ctx context.Context, f OpportunityFilter, p Page) (List[opportunity.Opportunity], error) {
	q := ask("SELECT "+opportunityColumns+" FROM opportunities WHERE 1 = 1").
		where("account = ?", f.Account).where("stage = ?", f.Stage).where("owner = ?", f.Owner).where("type = ?", f.Type)
	var at int64
	var id string
	more, err := p.after(&at, &id)
	if err != nil {
		return List[opportunity.Opportunity]{}, err
	}
	if more {
		q.and("AND (opened_at, id) < (?, ?)", at, id)
	}
	return list(ctx, s, p, q.and("ORDER BY opened_at DESC, id DESC"), scanOpportunity)
}

// Opportunity returns an opportunity, fault opportunity_not_found (NotFound).
func (s *Store) Opportunity(ctx context.Context, id string) (opportunity.Opportunity, error) {
	var x opportunity.Opportunity
	found := false
	err := s.rows(ctx, ask("SELECT "+opportunityColumns+" FROM opportunities WHERE id = ?", id), func(r *sql.Rows) (err error) {
		found = true
		x, _, err = scanOpportunity(r)
		return err
	})
	if err == nil && !found {
		err = notFound("opportunity", id)
	}
	return x, err
}
