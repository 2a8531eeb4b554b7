package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
)

// About is what lists say of an account besides what it is: all of it as of its last checkpoint.
type About struct {
	Stage    account.Stage // empty: it had no daily look yet
	StageWhy string
	StagedAt clock.Time
	// Readiness is the highest of its scores; empty type: it has none.
	ReadyFor string
	Score    int64
	Change   int64 // since the look of the day before
	Ready    bool
	// Limit is the one of which most is used; empty feature: it has none.
	Limit engine.LimitRow
	// Signal is the rule that fired last; empty: none did.
	Signal   string
	SignalAt clock.Time
	Requests int64 // open ones
}

// AccountsAbout tells more of some accounts, by key.
func (s *Store) AccountsAbout(ctx context.Context, keys []string) (map[string]*About, error) {
	out := make(map[string]*About, len(keys))
	for _, key := range keys {
		out[key] = &About{}
	}
	one := func(text string, scan func(r *sql.Rows, key *string) error) func(run []any) error {
		return func(run []any) error {
			return s.rows(ctx, ask(text+" IN "+in(len(run)), run...), func(r *sql.Rows) error {
				var key string
				return scan(r, &key)
			})
		}
	}
	for _, read := range []func(run []any) error{
		one("SELECT account, stage, why, since FROM lifecycle WHERE account", func(r *sql.Rows, key *string) error {
			var stage, why string
			var since clock.Time
			if err := r.Scan(key, &stage, &why, &since); err != nil {
				return err
			}
			x := out[*key]
			x.Stage, x.StageWhy, x.StagedAt = account.Stage(stage), why, since
			return nil
		}),
		one("SELECT account, feature, usage, limit_value, percent, resets_at FROM limits WHERE account", func(r *sql.Rows, key *string) error {
			var l engine.LimitRow
			if err := r.Scan(key, &l.Feature, &l.Usage, &l.Limit, &l.Percent, &l.ResetsAt); err != nil {
				return err
			}
			x := out[*key]
			if x.Limit.Feature == "" || l.Percent > x.Limit.Percent || l.Percent == x.Limit.Percent && l.Feature > x.Limit.Feature {
				x.Limit = l
			}
			return nil
		}),
		one("SELECT account, type, score, change, ready FROM readiness WHERE account", func(r *sql.Rows, key *string) error {
			var of string
			var score, change, ready int64
			if err := r.Scan(key, &of, &score, &change, &ready); err != nil {
				return err
			}
			x := out[*key]
			if x.ReadyFor == "" || score > x.Score || score == x.Score && of > x.ReadyFor {
				x.ReadyFor, x.Score, x.Change, x.Ready = of, score, change, ready != 0
			}
			return nil
		}),
		one(`SELECT g.account, g.name, g.at FROM accounts a JOIN signals g ON g.account = a.account
			AND g.id = (SELECT x.id FROM signals x WHERE x.account = a.account ORDER BY x.at DESC, x.id DESC LIMIT 1) WHERE a.account`,
			func(r *sql.Rows, key *string) error {
				var name string
				var at clock.Time
				if err := r.Scan(key, &name, &at); err != nil {
					return err
				}
				out[*key].Signal, out[*key].SignalAt = name, at
				return nil
			}),
		one("SELECT account FROM requests WHERE status = 'open' AND account", func(r *sql.Rows, key *string) error {
			err := r.Scan(key)
			if err == nil {
				out[*key].Requests++
			}
			return err
		}),
	} {
		if err := each(keys, read); err != nil {
			return nil, err
		}
	}
	return out, nil
}
