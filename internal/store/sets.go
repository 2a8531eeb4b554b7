package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/engine"
)

// putSets writes the rows of members that lie outside of accounts' states. There is at most
// one of a window in a checkpoint.
func (s *Store) putSets(ctx context.Context, tx *sql.Tx, c *engine.Checkpoint) error {
	b := insert("account_sets", "partition, account, meter, per, start_at, seq, data", "")
	for i := range c.Sets {
		r := &c.Sets[i]
		if r.Replaces {
			_, err := s.db.Prepared(ctx, tx, `DELETE FROM account_sets
				WHERE partition = $1 AND account = $2 AND meter = $3 AND per = $4 AND start_at = $5`,
				c.Partition, db.Text(r.Account), db.Text(r.Meter), string(r.Window), int64(r.Start))
			if err != nil {
				return err
			}
		}
		if len(r.Data) > 0 {
			b.add(c.Partition, r.Account, r.Meter, string(r.Window), r.Start, int64(c.To), r.Data)
		}
	}
	return s.run(ctx, tx, b)
}

// Sets returns the rows of members of an account, each meter's and window's in the order in
// which they were written.
func (s *Store) Sets(ctx context.Context, partition int, account string) ([]engine.SetRow, error) {
	var out []engine.SetRow
	q := ask("SELECT meter, per, start_at, data FROM account_sets WHERE partition = ? AND account = ? ORDER BY meter, per, start_at, seq", partition, account)
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		row := engine.SetRow{Account: account}
		err := r.Scan(&row.Meter, &row.Window, &row.Start, &row.Data)
		out = append(out, row)
		return err
	})
	return out, err
}
