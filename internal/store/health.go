package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
)

// Health is what tells an operator that something does not move.
type Health struct {
	Outbox      int64      // records that wait to be forwarded to other partitions
	OutboxSince clock.Time // the partition's time when the oldest of them was made; zero when there are none
	Overdue     int64      // accounts with a timer that should have fired by now
	Keys        int64      // secret keys that are not revoked
	Partitions  int        // as fixed at first start, 0 when it never started
}

// Health counts. An account is overdue when its next timer lay before now.
func (s *Store) Health(ctx context.Context, now clock.Time) (Health, error) {
	var h Health
	q := ask(`SELECT (SELECT COUNT(*) FROM outbox), (SELECT COALESCE(MIN(due), 0) FROM outbox),
		(SELECT COUNT(*) FROM timers WHERE next_due > 0 AND next_due < ?),
		(SELECT COUNT(*) FROM keys WHERE kind = 'secret' AND revoked_at = 0),
		(SELECT COUNT(*) FROM partitions)`, now)
	_, err := s.row(ctx, q, &h.Outbox, &h.OutboxSince, &h.Overdue, &h.Keys, &h.Partitions)
	return h, err
}

// Owners returns every partition with its owner as it stands, also when the lease has run out.
func (s *Store) Owners(ctx context.Context) ([]Lease, error) {
	var out []Lease
	err := s.rows(ctx, ask("SELECT "+leaseColumns+" FROM partitions ORDER BY partition"), func(r *sql.Rows) error {
		l, err := scanLease(r)
		out = append(out, l)
		return err
	})
	return out, err
}

// Engine names the SQL engine: sqlite or postgres.
func (s *Store) Engine() string { return string(s.db.Engine()) }

// Now returns the database's time, by which leases go.
func (s *Store) Now(ctx context.Context) (clock.Time, error) { return s.db.Now(ctx, s.db.Read()) }
