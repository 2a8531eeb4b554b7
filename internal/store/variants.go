package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
)

func variants(e *engine.Effects) *batch {
	type id struct{ account, experiment string }
	b := insert("variants", "account, experiment, variant, unit, at",
		"ON CONFLICT (account, experiment) DO UPDATE SET variant = excluded.variant, unit = excluded.unit, at = excluded.at")
	for _, v := range last(e.Variants, func(v *engine.VariantRow) id { return id{v.Account, v.Experiment} }) {
		b.add(v.Account, v.Experiment, v.Variant, v.Unit, v.At)
	}
	return b
}

// Assigned is how many accounts and families have a variant of an experiment.
type Assigned struct {
	Variant  string
	Accounts int64
	Families int64
	First    clock.Time // when the first of them was assigned
}

// Assigned counts the accounts of an experiment's variants, by variant.
func (s *Store) Assigned(ctx context.Context, experiment string) ([]Assigned, error) {
	var out []Assigned
	q := ask(`SELECT variant, COUNT(*), COUNT(DISTINCT unit), MIN(at) FROM variants WHERE experiment = ?
		GROUP BY variant ORDER BY variant`, experiment)
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var a Assigned
		err := r.Scan(&a.Variant, &a.Accounts, &a.Families, &a.First)
		out = append(out, a)
		return err
	})
	return out, err
}

// TimesTo calls f with how long after its assignment each account of an experiment first had a
// signal of that key, in microseconds, by variant and time.
func (s *Store) TimesTo(ctx context.Context, experiment, signal string, f func(variant string, after clock.Time)) error {
	q := ask(`SELECT v.variant, MIN(g.at) - v.at FROM variants v JOIN signals g ON g.account = v.account
		WHERE v.experiment = ? AND g.name = ? AND g.at >= v.at GROUP BY v.account, v.variant, v.at ORDER BY 1, 2`, experiment, signal)
	return s.rows(ctx, q, func(r *sql.Rows) error {
		var variant string
		var after clock.Time
		if err := r.Scan(&variant, &after); err != nil {
			return err
		}
		f(variant, after)
		return nil
	})
}
