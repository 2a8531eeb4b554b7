package store

import (
	"context"

	"github.com/headroomhq/headroom/internal/money"
)

// Counts is how much of everything there is now.
type Counts struct {
	Accounts          int64                             `json:"accounts"`
	Paying            int64                             `json:"paying"`   // with MRR above zero
	Trialing          int64                             `json:"trialing"` // in a trial
	MRR               map[money.Currency]money.Twelfths `json:"mrr"`      // by currency, of paying accounts
	Signals           int64                             `json:"signals"`
	OpenOpportunities int64                             `json:"open_opportunities"` // open or in progress
	OpenRequests      int64                             `json:"open_requests"`
}

// Counts counts.
func (s *Store) Counts(ctx context.Context) (Counts, error) {
	c := Counts{MRR: make(map[money.Currency]money.Twelfths)}
	_, err := s.row(ctx, ask(`SELECT
		(SELECT COUNT(*) FROM accounts),
		(SELECT COUNT(*) FROM accounts WHERE mrr > 0),
		(SELECT COUNT(*) FROM accounts WHERE status = 'trialing'),
		(SELECT COUNT(*) FROM signals),
		(SELECT COUNT(*) FROM opportunities WHERE stage IN ('open', 'in_progress')),
		(SELECT COUNT(*) FROM requests WHERE status = 'open')`),
		&c.Accounts, &c.Paying, &c.Trialing, &c.Signals, &c.OpenOpportunities, &c.OpenRequests)
	if err != nil {
		return c, err
	}
	paid, err := s.PaidIn(ctx, "")
	for _, p := range paid {
		c.MRR[p.MRR.Currency] = p.exact
	}
	return c, err
}
