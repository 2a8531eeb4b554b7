package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

const valueColumns = "account, metric, start_at, end_at, recorded_at, quantity, worth, currency, price, paid_in, share, low, high, state"

// values has no ON CONFLICT, as lines has none.
func values(e *engine.Effects) *batch {
	b := insert("value_lines", valueColumns, "")
	for i := range e.Values {
		l := &e.Values[i]
		b.add(l.Account, l.Metric, l.Start, l.End, l.RecordedAt, int64(l.Quantity), int64(l.Worth), string(l.Currency),
			int64(l.Price), string(l.PaidIn), l.Share, l.Low, l.High, l.State)
	}
	return b
}

func gates(e *engine.Effects) *batch {
	type id struct{ account, feature string }
	b := insert("gates", "account, feature, touches, last_at",
		"ON CONFLICT (account, feature) DO UPDATE SET touches = excluded.touches, last_at = excluded.last_at")
	for _, g := range last(e.Gates, func(g *engine.GateRow) id { return id{g.Account, g.Feature} }) {
		b.add(g.Account, g.Feature, g.Touches, g.LastAt)
	}
	return b
}

// ValueFilter narrows ValueLines; empty fields let everything pass. States are those of the line.
type ValueFilter struct {
	Account string
	Metric  string
	Out     bool // only lines out of their band
	Newest  bool // only the newest line of each account and metric
	Live    bool // only of accounts that have a live subscription now
	// Metrics are those wanted; nil: all there ever were.
	Metrics []string
}

func scanValue(r *sql.Rows) (engine.ValueLine, error) {
	var l engine.ValueLine
	var used, worth, price int64
	var currency, paidIn string
	err := r.Scan(&l.Account, &l.Metric, &l.Start, &l.End, &l.RecordedAt, &used, &worth, &currency, &price, &paidIn, &l.Share, &l.Low, &l.High, &l.State)
	l.Quantity, l.Worth, l.Price = quantity.Quantity(used), money.Minor(worth), money.Twelfths(price)
	l.Currency, l.PaidIn = money.Currency(currency), money.Currency(paidIn)
	return l, err
}

// ValueLines lists the lines of the value ledger, the latest month first.
func (s *Store) ValueLines(ctx context.Context, f ValueFilter, p Page) (List[engine.ValueLine], error) {
	q := ask("SELECT "+valueColumns+" FROM value_lines v WHERE 1 = 1").where("account = ?", f.Account).where("metric = ?", f.Metric)
	if f.Out {
		q.and("AND state IN ('below', 'above')")
	}
	if f.Newest {
		q.and(`AND NOT EXISTS (SELECT 1 FROM value_lines n WHERE n.account = v.account AND n.metric = v.metric AND n.start_at > v.start_at)`)
	}
	if f.Live {
		q.and("AND EXISTS (SELECT 1 FROM accounts a WHERE a.account = v.account AND a.status IN ('active', 'trialing'))")
	}
	if f.Metrics != nil {
		wanted := []any{""} // no metric has this name: the list is never empty
		for _, key := range f.Metrics {
			wanted = append(wanted, key)
		}
		q.and("AND metric IN "+in(len(wanted)), wanted...)
	}
	var end int64
	var account, metric string
	more, err := p.after(&end, &account, &metric)
	if err != nil {
		return List[engine.ValueLine]{}, err
	}
	if more {
		q.and("AND (end_at, account, metric) < (?, ?, ?)", end, account, metric)
	}
	q.and("ORDER BY end_at DESC, account DESC, metric DESC")
	return list(ctx, s, p, q, func(r *sql.Rows) (engine.ValueLine, []any, error) {
		l, err := scanValue(r)
		return l, []any{int64(l.End), l.Account, l.Metric}, err
	})
}

// ValueBetween returns an account's lines whose months lie within a span, the oldest first.
func (s *Store) ValueBetween(ctx context.Context, account string, from, to clock.Time) ([]engine.ValueLine, error) {
	var out []engine.ValueLine
	q := ask("SELECT "+valueColumns+" FROM value_lines WHERE account = ? AND start_at >= ? AND end_at <= ? ORDER BY start_at, metric", account, from, to)
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		l, err := scanValue(r)
		out = append(out, l)
		return err
	})
	return out, err
}
