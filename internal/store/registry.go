package store

import "context"

// OffersSold says whether anything that was offered or worked on ever changed a subscription: an
// accepted offer, an approved request, or a won opportunity.
func (s *Store) OffersSold(ctx context.Context) (bool, error) {
	var n int64
	_, err := s.row(ctx, ask("SELECT COUNT(*) FROM (SELECT 1 FROM ledger WHERE source IN ('offer', 'request', 'opportunity') LIMIT 1) x"), &n)
	return n > 0, err
}
