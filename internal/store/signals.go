package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/signal"
)

// SignalFilter narrows Signals; empty fields let everything pass. Key is the rule's.
type SignalFilter struct{ Account, Key string }

// Signals lists signals, newest first.
func (s *Store) Signals(ctx context.Context, f SignalFilter, p Page) (List[signal.Signal], error) {
	q := ask("SELECT document, at, id FROM signals WHERE 1 = 1").
		where("account = ?", f.Account).where("name = ?", f.Key)
	return newest[signal.Signal](ctx, s, p, q, "at")
}

// newest lists documents by (time, id), newest first; q selects document, the time and id.
func newest[T any](ctx context.Context, s *Store, p Page, q *query, time string) (List[T], error) {
	var at int64
	var id string
	more, err := p.after(&at, &id)
	if err != nil {
		return List[T]{}, err
	}
	if more {
		q.and("AND ("+time+", id) < (?, ?)", at, id)
	}
	q.and("ORDER BY " + time + " DESC, id DESC")
	return list(ctx, s, p, q, func(r *sql.Rows) (T, []any, error) {
		var x T
		var doc, id string
		var at int64
		if err := r.Scan(&doc, &at, &id); err != nil {
			return x, nil, err
		}
		return x, []any{at, id}, document(doc, &x)
	})
}
