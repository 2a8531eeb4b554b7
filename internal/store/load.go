package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
)

// AccountStates returns the states of those keys of a partition that have one.
func (s *Store) AccountStates(ctx context.Context, partition int, keys []string) (map[string][]byte, error) {
	out := make(map[string][]byte, len(keys))
	err := each(keys, func(run []any) error {
		q := ask("SELECT account, state FROM account_states WHERE partition = ? AND account IN ", partition).and(in(len(run)), run...)
		return s.rows(ctx, q, func(r *sql.Rows) error {
			var key string
			var state []byte
			err := r.Scan(&key, &state)
			out[key] = state
			return err
		})
	})
	return out, err
}

// AccountTimer is a timer with its account.
type AccountTimer struct {
	Account string
	engine.Timer
}

// Timers returns all timers of a partition, in no order.
func (s *Store) Timers(ctx context.Context, partition int) ([]AccountTimer, error) {
	var out []AccountTimer
	q := ask("SELECT account, timers FROM timers WHERE partition = ? AND next_due > 0", partition)
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var key string
		var b sql.RawBytes
		if err := r.Scan(&key, &b); err != nil {
			return err
		}
		for len(b) > 0 {
			due, n := binary.Varint(b)
			size, m := binary.Uvarint(b[max(n, 0):])
			if n <= 0 || m <= 0 || size > uint64(len(b)-n-m) {
				return fmt.Errorf("timers of account %q: damaged row", key)
			}
			b = b[n+m:]
			out = append(out, AccountTimer{Account: key, Timer: engine.Timer{Due: clock.Time(due), ID: string(b[:size])}})
			b = b[size:]
		}
		return nil
	})
	return out, err
}

// Answer returns the answer kept for a call of an account; ok is false when there is none.
func (s *Store) Answer(ctx context.Context, account string, fp event.Fingerprint) (row engine.AnswerRow, ok bool, err error) {
	row = engine.AnswerRow{Account: account, Fingerprint: fp}
	ok, err = s.row(ctx, ask("SELECT at, request, answer FROM answers WHERE account = ? AND fingerprint = ?", account, fp[:]),
		&row.At, &row.Request, &row.Answer)
	return row, ok, err
}

// Outgoing is a record on its way to another partition.
type Outgoing struct {
	ID     int64
	Record event.Record
}

// Outbox returns the oldest forwards of a partition, at most limit.
func (s *Store) Outbox(ctx context.Context, partition, limit int) ([]Outgoing, error) {
	var out []Outgoing
	q := ask("SELECT id, record FROM outbox WHERE partition = ? ORDER BY id LIMIT ?", partition, limit)
	err := s.rows(ctx, q, func(r *sql.Rows) error {
		var id int64
		var b sql.RawBytes
		if err := r.Scan(&id, &b); err != nil {
			return err
		}
		record, _, err := event.DecodeRecord(b)
		if err != nil {
			return fmt.Errorf("outbox %d: %w", id, err)
		}
		out = append(out, Outgoing{ID: id, Record: record})
		return nil
	})
	return out, err
}

// DeleteOutbox deletes forwards that are in the log now; those that are gone already do not matter.
func (s *Store) DeleteOutbox(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return s.db.InTx(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			if _, err := s.db.Prepared(ctx, tx, "DELETE FROM outbox WHERE id = $1", id); err != nil {
				return err
			}
		}
		return nil
	})
}
