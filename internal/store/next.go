package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
)

// nextFilled is the name in meta that says that all listings have what comes next.
const nextFilled = "filled:next"

// FillNext writes into listings what comes next for their accounts, unless that was done before: tables
// from before these columns, and backups of them, do not have it, and a checkpoint writes what changed only. To be
// called before partitions are stepped or compared; a node that steps one meanwhile only waits for it.
func (s *Store) FillNext(ctx context.Context) error {
	if _, done, err := s.Meta(ctx, nextFilled); done || err != nil {
		return err
	}
	leases, err := s.Partitions(ctx)
	if err != nil {
		return err
	}
	some, err := s.row(ctx, ask("SELECT partition FROM account_states LIMIT 1"), new(int64))
	if err != nil {
		return err
	}
	for i := 0; some && i < len(leases); i++ {
		if err := s.fillNext(ctx, leases[i].Partition); err != nil {
			return err
		}
	}
	_, err = s.SetMetaOnce(ctx, nextFilled, []byte("1"))
	return err
}

// fillNext does so for a partition, between two of its checkpoints.
func (s *Store) fillNext(ctx context.Context, partition int) error {
	type next struct {
		at   clock.Time
		what string
	}
	return s.db.InTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE partitions SET position = position WHERE partition = $1", partition); err != nil {
			return err
		}
		coming := make(map[string]next)
		var state sql.RawBytes
		q := ask("SELECT account, state FROM account_states WHERE partition = ? AND account >= ' '", partition) // see States
		err := s.rowsOn(ctx, tx, q, func(r *sql.Rows) error {
			var key string
			if err := r.Scan(&key, &state); err != nil {
				return err
			}
			at, what, err := engine.StoredNext(key, state)
			if at != 0 {
				coming[key] = next{at, what}
			}
			return err
		})
		if err != nil {
			return err
		}
		for key, n := range coming {
			if _, err := s.db.Prepared(ctx, tx, "UPDATE accounts SET next_at = $1, next_is = $2 WHERE account = $3", int64(n.at), n.what, key); err != nil {
				return err
			}
		}
		return nil
	})
}
