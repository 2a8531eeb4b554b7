package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/engine"
)

// putLimits makes the accounts' rows those given. Most do not change in a checkpoint, so
// it reads them first and writes only what differs.
func (s *Store) putLimits(ctx context.Context, tx *sql.Tx, accounts []engine.AccountRow) error {
	type id struct{ account, feature string }
	want := make(map[id]engine.LimitRow)
	accounts = last(accounts, func(a *engine.AccountRow) string { return a.Key })
	var keys []string
	for _, a := range accounts {
		if a.Listing == nil && len(a.Limits) == 0 {
			continue // a person without an account has none
		}
		keys = append(keys, a.Key)
		for _, l := range a.Limits {
			want[id{a.Key, l.Feature}] = l
		}
	}
	var gone []id
	err := each(keys, func(run []any) error {
		q := ask("SELECT account, feature, usage, limit_value, percent, resets_at FROM limits WHERE account IN "+in(len(run)), run...)
		return s.rowsOn(ctx, tx, q, func(r *sql.Rows) error {
			var k id
			var l engine.LimitRow
			if err := r.Scan(&k.account, &l.Feature, &l.Usage, &l.Limit, &l.Percent, &l.ResetsAt); err != nil {
				return err
			}
			k.feature = l.Feature
			if w, ok := want[k]; !ok {
				gone = append(gone, k)
			} else if w == l {
				delete(want, k)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	b := insert("limits", "account, feature, usage, limit_value, percent, resets_at",
		`ON CONFLICT (account, feature) DO UPDATE SET usage = excluded.usage, limit_value = excluded.limit_value,
		percent = excluded.percent, resets_at = excluded.resets_at`)
	for _, a := range accounts { // in their order, which is kinder to the index than the map's
		for _, l := range a.Limits {
			k := id{a.Key, l.Feature}
			if w, ok := want[k]; ok {
				b.add(k.account, k.feature, w.Usage, w.Limit, w.Percent, w.ResetsAt)
				delete(want, k)
			}
		}
	}
	if err := s.run(ctx, tx, b); err != nil {
		return err
	}
	for _, k := range gone {
		if _, err := s.db.Prepared(ctx, tx, "DELETE FROM limits WHERE account = $1 AND feature = $2", k.account, k.feature); err != nil {
			return err
		}
	}
	return nil
}

// Limit is how near an account is to the limit of a feature. Name and Plan are the account's.
type Limit struct {
	Account string
	Name    string
	Plan    string
	engine.LimitRow
}

// Limits lists limits used by at least that many percent, the highest first.
func (s *Store) Limits(ctx context.Context, least int64, p Page) (List[Limit], error) {
	q := ask(`SELECT l.account, COALESCE(a.name, ''), COALESCE(a.plan, ''), l.feature, l.usage, l.limit_value, l.percent, l.resets_at
		FROM limits l LEFT JOIN accounts a ON a.account = l.account WHERE l.percent >= ?`, least)
	var percent int64
	var acct, feature string
	more, err := p.after(&percent, &acct, &feature)
	if err != nil {
		return List[Limit]{}, err
	}
	if more {
		q.and("AND (l.percent, l.account, l.feature) < (?, ?, ?)", percent, acct, feature)
	}
	q.and("ORDER BY l.percent DESC, l.account DESC, l.feature DESC")
	return list(ctx, s, p, q, func(r *sql.Rows) (Limit, []any, error) {
		var l Limit
		err := r.Scan(&l.Account, &l.Name, &l.Plan, &l.Feature, &l.Usage, &l.Limit, &l.Percent, &l.ResetsAt)
		return l, []any{l.Percent, l.Account, l.Feature}, err
	})
}
