// Package db opens the SQL database, SQLite in the data directory or PostgreSQL by URL,
// brings its tables up to date, and hides what differs between the two.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
)

// Engine names the SQL engine.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// DB is an open database. Safe for several goroutines.
type DB struct {
	engine Engine
	write  *sql.DB // SQLite: one connection; PostgreSQL: the same pool as read
	read   *sql.DB
	unlock func() // releases the data directory, nil on PostgreSQL

	mu       sync.Mutex
	prepared map[string]*sql.Stmt // on SQLite's writer; pgx keeps its own
	wanted   []string             // to be prepared once the writer is free
}

// Querier is what *sql.DB, *sql.Tx and *sql.Conn have in common.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Open opens target and migrates it: a postgres:// or postgresql:// URL, or a data
// directory (made when missing, locked against other processes, holding headroom.db).
// Faults: data_in_use, data_not_writable, data_newer_version, data_unreadable, disk_full,
// database_unavailable, database_url_invalid.
func Open(ctx context.Context, target string) (*DB, error) {
	open := openSQLite
	if IsURL(target) {
		open = openPostgres
	}
	d, err := open(ctx, target)
	if err != nil {
		return nil, err
	}
	if err := d.migrate(ctx); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Over returns a database over connections to engine that the caller opened, and migrates
// it. Close closes them. It is for tests whose driver fails when it is told to, see package dbtest.
func Over(ctx context.Context, engine Engine, write, read *sql.DB) (*DB, error) {
	d := &DB{engine: engine, write: write, read: read, prepared: make(map[string]*sql.Stmt)}
	if err := d.migrate(ctx); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// IsURL says whether target names a PostgreSQL server and not a directory.
func IsURL(target string) bool {
	return strings.HasPrefix(target, "postgres://") || strings.HasPrefix(target, "postgresql://")
}

// Engine returns the engine.
func (d *DB) Engine() Engine { return d.engine }

// Read returns the pool for reading. Errors from it go through Fault.
func (d *DB) Read() *sql.DB { return d.read }

// Exec runs one writing statement in a transaction of its own and returns how many rows it touched.
func (d *DB) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	var n int64
	err := d.InTx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	return n, err
}

// InTx runs f in a writing transaction and commits when it returns nil. SQLite runs one
// at a time, in the order of arrival; PostgreSQL runs them side by side (READ COMMITTED) and repeats f, up to
// ten times, when the server breaks a deadlock or a serialization conflict by giving up
// this one: f must not change anything outside tx that a repetition would spoil. Errors of
// the engine come back as faults (see Fault), errors of f's own as they are.
//
// When the connection breaks during commit nobody knows whether it took place: the caller
// has to find out or to be idempotent.
func (d *DB) InTx(ctx context.Context, f func(tx *sql.Tx) error) error {
	const attempts = 10
	for attempt := 1; ; attempt++ {
		err := d.once(ctx, f)
		d.prepareWanted(ctx)
		if err == nil || attempt == attempts || !retryable(err) {
			return Fault(err)
		}
		select {
		case <-ctx.Done():
			return Fault(err)
		case <-time.After(time.Duration(attempt*attempt) * time.Millisecond):
		}
	}
}

func (d *DB) once(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit; also when f panics
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Prepared runs query in tx through a statement that stays prepared from its second use
// on: for the few large texts that every checkpoint repeats. Never pass texts made from input.
func (d *DB) Prepared(ctx context.Context, tx *sql.Tx, query string, args ...any) (sql.Result, error) {
	if d.engine == Postgres {
		return tx.ExecContext(ctx, query, args...) // pgx prepares and remembers by itself
	}
	d.mu.Lock()
	st := d.prepared[query]
	if st == nil {
		d.wanted = append(d.wanted, query)
	}
	d.mu.Unlock()
	if st == nil {
		return tx.ExecContext(ctx, query, args...)
	}
	return tx.StmtContext(ctx, st).ExecContext(ctx, args...)
}

// prepareWanted prepares what Prepared did not find. It runs between transactions, because a
// transaction holds SQLite's only writing connection.
func (d *DB) prepareWanted(ctx context.Context) {
	d.mu.Lock()
	wanted := d.wanted
	d.wanted = nil
	d.mu.Unlock()
	for _, query := range wanted {
		st, err := d.write.PrepareContext(ctx, query)
		if err != nil {
			return // it ran without; the next use asks again
		}
		d.mu.Lock()
		if d.prepared == nil || d.prepared[query] != nil {
			d.mu.Unlock()
			st.Close()
			continue
		}
		d.prepared[query] = st
		d.mu.Unlock()
	}
}

// Now returns the database's time: on PostgreSQL the server's clock, so that all nodes
// agree; on SQLite, where there is one node, the machine's. It runs on within a transaction.
func (d *DB) Now(ctx context.Context, q Querier) (clock.Time, error) {
	if d.engine == SQLite {
		return clock.At(time.Now()), nil
	}
	var now int64
	err := q.QueryRowContext(ctx, "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)").Scan(&now)
	return clock.Time(now), Fault(err)
}

// MaxParams returns how many parameters one statement may have.
func (d *DB) MaxParams() int {
	if d.engine == SQLite {
		return 32766
	}
	return 65535
}

// Close closes the database and unlocks the data directory.
func (d *DB) Close() error {
	var errs []error
	d.mu.Lock()
	for _, st := range d.prepared {
		errs = append(errs, st.Close())
	}
	d.prepared = nil
	d.mu.Unlock()
	if d.read != nil && d.read != d.write {
		errs = append(errs, d.read.Close())
	}
	if d.write != nil {
		errs = append(errs, d.write.Close())
	}
	if d.unlock != nil {
		d.unlock()
	}
	return errors.Join(errs...)
}

// Text returns s as both engines can hold it: PostgreSQL refuses NUL and invalid UTF-8,
// and one such byte in a name must not hold up a checkpoint.
func Text(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// Placeholders returns "$from,$from+1,…", n of them.
func Placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(from + i))
	}
	return b.String()
}

func (d *DB) String() string { return fmt.Sprintf("db(%s)", d.engine) }
