package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/fault"
)

// Lease is the ownership of a partition and where its checkpoint stands.
type Lease struct {
	Partition int
	Owner     string     // random per process; empty: nobody
	Address   string     // where other nodes reach the owner
	Epoch     int64      // rises each time the lease is taken
	Expires   clock.Time // by the database's clock
	Stream    string     // identity of the log that Position belongs to
	Position  uint64     // last log position in the checkpoint
	Now       clock.Time // the partition's time
	Catalog   string     // active version, empty before the first
	Rules     int
}

const leaseColumns = "partition, owner, address, epoch, expires, stream, position, now, catalog, rules"

func scanLease(r interface{ Scan(...any) error }) (Lease, error) {
	var l Lease
	var position int64
	err := r.Scan(&l.Partition, &l.Owner, &l.Address, &l.Epoch, &l.Expires, &l.Stream, &position, &l.Now, &l.Catalog, &l.Rules)
	l.Position = uint64(position)
	return l, err
}

// InitPartitions fixes the number of partitions and the log's identity at the first start,
// and returns what was fixed then: n and stream themselves the first time, maybe others later.
func (s *Store) InitPartitions(ctx context.Context, n int, stream string) (int, string, error) {
	if n < 1 || n > 32000 {
		return 0, "", fault.New(fault.Invalid, "partitions_invalid", "%d partitions", n).WithMend("take a number from 1 to 32000")
	}
	var fixed int
	var identity string
	err := s.db.InTx(ctx, func(tx *sql.Tx) error {
		// Whoever comes second waits here for the first, then finds the first's number.
		_, err := tx.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES ('partitions', $1) ON CONFLICT (name) DO NOTHING",
			[]byte(strconv.Itoa(n)))
		if err != nil {
			return err
		}
		var value []byte
		if err := tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'partitions'").Scan(&value); err != nil {
			return err
		}
		if fixed, err = strconv.Atoi(string(value)); err != nil {
			return fmt.Errorf("meta partitions: %w", err)
		}
		err = tx.QueryRowContext(ctx, "SELECT stream FROM partitions WHERE partition = 0").Scan(&identity)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		identity = stream
		b := insert("partitions", "partition, stream", "")
		for i := range fixed {
			b.add(i, stream)
		}
		return s.run(ctx, tx, b)
	})
	return fixed, identity, err
}

// Acquire takes the lease of a partition when it is free or expired, under the next epoch.
// ok is false when somebody holds it.
func (s *Store) Acquire(ctx context.Context, partition int, owner, address string, ttl time.Duration) (l Lease, ok bool, err error) {
	if owner == "" {
		return Lease{}, false, errors.New("a lease needs an owner")
	}
	err = s.db.InTx(ctx, func(tx *sql.Tx) error {
		now, err := s.db.Now(ctx, tx)
		if err != nil {
			return err
		}
		l, err = scanLease(tx.QueryRowContext(ctx, `UPDATE partitions
			SET owner = $1, address = $2, epoch = epoch + 1, expires = $3
			WHERE partition = $4 AND (owner = '' OR expires <= $5) RETURNING `+leaseColumns,
			owner, address, int64(now.Add(ttl)), partition, int64(now)))
		ok = err == nil
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return l, ok && err == nil, err
}

// Renew extends the leases that owner still holds, given by partition and epoch, to ttl
// from now, and returns those partitions in order. One that expired and that nobody has taken is still held.
func (s *Store) Renew(ctx context.Context, owner string, held map[int]int64, ttl time.Duration) ([]int, error) {
	if len(held) == 0 {
		return nil, nil
	}
	var partitions []any
	for p := range held {
		partitions = append(partitions, p)
	}
	var kept []int
	err := s.db.InTx(ctx, func(tx *sql.Tx) error {
		kept = kept[:0]
		now, err := s.db.Now(ctx, tx)
		if err != nil {
			return err
		}
		q := ask("UPDATE partitions SET expires = ? WHERE partition IN (SELECT partition FROM partitions WHERE owner = ?", now.Add(ttl), owner)
		q.and("AND partition IN "+in(len(partitions)), partitions...).and("ORDER BY partition" + s.forUpdate() + ") RETURNING partition, epoch")
		return s.rowsOn(ctx, tx, q, func(r *sql.Rows) error {
			var p int
			var epoch int64
			if err := r.Scan(&p, &epoch); err != nil {
				return err
			}
			if mine, ok := held[p]; ok && mine == epoch {
				kept = append(kept, p)
			}
			return nil
		})
	})
	slices.Sort(kept)
	return kept, err
}

// forUpdate locks rows in the order of a subquery, which on PostgreSQL keeps two owners
// from waiting for each other.
func (s *Store) forUpdate() string {
	if s.db.Engine() == db.SQLite {
		return ""
	}
	return " FOR UPDATE"
}

// Release gives a lease back; nothing happens when it is no longer held.
func (s *Store) Release(ctx context.Context, partition int, epoch int64) error {
	_, err := s.db.Exec(ctx, "UPDATE partitions SET owner = '', address = '', expires = 0 WHERE partition = $1 AND epoch = $2", partition, epoch)
	return err
}

// FreeLeases ends all leases on SQLite, where the lock of the data directory proves that
// their owners are dead: call it once after opening, so that a restart need not wait for
// them to expire. Does nothing on PostgreSQL.
func (s *Store) FreeLeases(ctx context.Context) error {
	if s.db.Engine() != db.SQLite {
		return nil
	}
	_, err := s.db.Exec(ctx, "UPDATE partitions SET owner = '', address = '', expires = 0 WHERE owner <> ''")
	return err
}

// Partitions returns every partition, in order. Owner and Address are empty where the lease is free
// or expired.
func (s *Store) Partitions(ctx context.Context) ([]Lease, error) {
	now, err := s.db.Now(ctx, s.db.Read())
	if err != nil {
		return nil, err
	}
	var out []Lease
	err = s.rows(ctx, ask("SELECT "+leaseColumns+" FROM partitions ORDER BY partition"), func(r *sql.Rows) error {
		l, err := scanLease(r)
		if l.Expires <= now {
			l.Owner, l.Address = "", ""
		}
		out = append(out, l)
		return err
	})
	return out, err
}

// MinPosition returns the position of the oldest checkpoint, before which nothing of the
// log is needed; 0 when there are no partitions yet.
func (s *Store) MinPosition(ctx context.Context) (uint64, error) {
	var position int64
	_, err := s.row(ctx, ask("SELECT COALESCE(MIN(position), 0) FROM partitions"), &position)
	return uint64(position), err
}

// Committed returns a number that rises with every checkpoint of any partition.
func (s *Store) Committed(ctx context.Context) (uint64, error) {
	var sum int64
	_, err := s.row(ctx, ask("SELECT CAST(COALESCE(SUM(position), 0) AS BIGINT) FROM partitions"), &sum)
	return uint64(sum), err
}

// Holds says whether the partition's epoch is still that one, whether or not the lease has
// run out: nobody else has taken the partition since.
func (s *Store) Holds(ctx context.Context, partition int, epoch int64) (bool, error) {
	var now int64
	err := s.rows(ctx, ask("SELECT epoch FROM partitions WHERE partition = ?", partition), func(r *sql.Rows) error { return r.Scan(&now) })
	return now == epoch, err
}
