package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/engine"
)

// putLimits deletes and writes the rows that the accounts say.
func (s *Store) putLimits(ctx context.Context, tx *sql.Tx, accounts []engine.AccountRow) error {
	b := insert("limits", "account, feature, usage, limit_value, percent, resets_at",
		`ON CONFLICT (account, feature) DO UPDATE SET usage = excluded.usage, limit_value = excluded.limit_value,
		percent = excluded.percent, resets_at = excluded.resets_at`)
	var drop []string
	for i := range accounts {
		a := &accounts[i]
		if a.DropLimits {
			drop = append(drop, a.Key)
		}
		for _, l := range a.Limits {
			b.add(a.Key, l.Feature, l.Usage, l.Limit, l.Percent, l.ResetsAt)
		}
	}
	err := each(drop, func(run []any) error {
		_, err := s.db.Prepared(ctx, tx, s.numbered("DELETE FROM limits WHERE account IN "+in(len(run))), run...)
		return err
	})
	if err != nil {
		return err
	}
	return s.run(ctx, tx, b)
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
