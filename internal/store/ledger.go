package store

import (
	"context"
	"database/sql"
	"errors"
	"iter"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/revenue"
)

// LedgerFilter narrows the ledger. AsOf leaves out lines recorded later than it, so that a
// figure of the past can be computed again; zero takes all.
type LedgerFilter struct {
	Account  string
	Currency money.Currency
	AsOf     clock.Time
}

func (f LedgerFilter) query() *query {
	q := ask(`SELECT account, seq, effective_at, recorded_at, delta, mrr, currency, movement, type, motion, source, ref, note
		FROM ledger WHERE 1 = 1`).where("account = ?", f.Account).where("currency = ?", string(f.Currency))
	if f.AsOf != 0 {
		q.and("AND recorded_at <= ?", f.AsOf)
	}
	return q
}

func scanLine(r *sql.Rows) (revenue.Line, error) {
	var l revenue.Line
	var currency, kind string
	var delta, mrr int64
	err := r.Scan(&l.Account, &l.Seq, &l.EffectiveAt, &l.RecordedAt, &delta, &mrr, &currency, &l.Movement, &kind,
		&l.Motion, &l.Source, &l.Ref, &l.Note)
	l.Delta, l.MRR = money.Twelfths(delta), money.Twelfths(mrr)
	l.Currency, l.Type = money.Currency(currency), catalog.RevenueType(kind)
	return l, err
}

var errEnough = errors.New("enough")

// Ledger streams lines by account and seq, one at a time. Leaving the loop ends the query;
// an error comes as the last pair.
func (s *Store) Ledger(ctx context.Context, f LedgerFilter) iter.Seq2[revenue.Line, error] {
	return func(yield func(revenue.Line, error) bool) {
		err := s.rows(ctx, f.query().and("ORDER BY account, seq"), func(r *sql.Rows) error {
			l, err := scanLine(r)
			if err != nil {
				return err
			}
			if !yield(l, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(revenue.Line{}, err)
		}
	}
}

// LedgerLines lists lines, the newest recorded first.
func (s *Store) LedgerLines(ctx context.Context, f LedgerFilter, p Page) (List[revenue.Line], error) {
	q := f.query()
	var at, seq int64
	var acct string
	more, err := p.after(&at, &acct, &seq)
	if err != nil {
		return List[revenue.Line]{}, err
	}
	if more {
		q.and("AND (recorded_at, account, seq) < (?, ?, ?)", at, acct, seq)
	}
	q.and("ORDER BY recorded_at DESC, account DESC, seq DESC")
	return list(ctx, s, p, q, func(r *sql.Rows) (revenue.Line, []any, error) {
		l, err := scanLine(r)
		return l, []any{int64(l.RecordedAt), l.Account, l.Seq}, err
	})
}

// Periods lists the closed usage periods of an account, the latest first.
func (s *Store) Periods(ctx context.Context, acct string, p Page) (List[engine.PeriodRow], error) {
	q := ask("SELECT meter, start_at, per, end_at, usage, late FROM usage_periods WHERE account = ?", acct)
	var start int64
	var meter, per string
	more, err := p.after(&start, &meter, &per)
	if err != nil {
		return List[engine.PeriodRow]{}, err
	}
	if more {
		q.and("AND (start_at, meter, per) < (?, ?, ?)", start, meter, per)
	}
	q.and("ORDER BY start_at DESC, meter DESC, per DESC")
	return list(ctx, s, p, q, func(r *sql.Rows) (engine.PeriodRow, []any, error) {
		x := engine.PeriodRow{Account: acct}
		err := r.Scan(&x.Meter, &x.Start, &x.Per, &x.End, &x.Usage, &x.Late)
		return x, []any{int64(x.Start), x.Meter, string(x.Per)}, err
	})
}
