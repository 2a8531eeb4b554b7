package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/revenue"
)

// Touches calls f with how often each account met a closed feature, most often first.
func (s *Store) Touches(ctx context.Context, feature string, f func(engine.GateRow)) error {
	q := ask("SELECT account, touches, last_at FROM gates WHERE feature = ? ORDER BY touches DESC, account DESC", feature)
	return s.rows(ctx, q, func(r *sql.Rows) error {
		g := engine.GateRow{Feature: feature}
		err := r.Scan(&g.Account, &g.Touches, &g.LastAt)
		f(g)
		return err
	})
}

// Asked calls f with every upgrade request, the oldest first, and the MRR that its approval brought.
func (s *Store) Asked(ctx context.Context, f func(offer.Request)) error {
	return s.rows(ctx, ask("SELECT document FROM requests ORDER BY at, id"), func(r *sql.Rows) error {
		var doc string
		var x offer.Request
		if err := r.Scan(&doc); err != nil {
			return err
		}
		err := document(doc, &x)
		f(x)
		return err
	})
}

// EarnedBy adds up the MRR gained by ledger lines recorded from since on, by the offer whose
// decision or upgrade request they came from, and by currency. What was taken back since was not gained.
func (s *Store) EarnedBy(ctx context.Context, since clock.Time, f func(offer string, c money.Currency, mrr money.Twelfths)) error {
	const gained = `l.delta > 0 AND l.movement <> '` + revenue.Undone + `' AND NOT EXISTS (SELECT 1 FROM ledger u WHERE u.account = l.account
		AND u.seq > l.seq AND u.movement = '` + revenue.Undone + `' AND u.ref = l.ref AND u.effective_at = l.effective_at)`
	q := ask(`SELECT d.offer, l.currency, CAST(SUM(l.delta) AS BIGINT) FROM ledger l JOIN decisions d ON d.id = l.ref
		WHERE l.recorded_at >= ? AND `+gained+` GROUP BY d.offer, l.currency ORDER BY d.offer, l.currency`, since)
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var offer, currency string
		var sum int64
		err := r.Scan(&offer, &currency, &sum)
		f(offer, money.Currency(currency), money.Twelfths(sum))
		return err
	})
	if err != nil {
		return err
	}
	q = ask(`SELECT r.document, l.currency, l.delta FROM ledger l JOIN requests r ON r.id = l.ref
		WHERE l.recorded_at >= ? AND `+gained+` ORDER BY l.account, l.seq`, since)
	return s.rows(ctx, q, func(r *sql.Rows) error {
		var doc, currency string
		var delta int64
		var x offer.Request
		if err := r.Scan(&doc, &currency, &delta); err != nil {
			return err
		}
		err := document(doc, &x)
		f(x.Offer, money.Currency(currency), money.Twelfths(delta))
		return err
	})
}
