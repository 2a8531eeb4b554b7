// Package db opens the SQL database, SQLite in the data directory or PostgreSQL by URL,
// brings its tables up to date, and hides what differs between the two.
package db

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
)

// Engine names the SQL engine.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// DB is an open database.
type DB struct{ engine Engine }

// Querier is what *sql.DB, *sql.Tx and *sql.Conn have in common.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Open opens target and migrates it: a postgres:// URL, or a data directory (made when
// missing, locked against other processes, holding headroom.db).
func Open(ctx context.Context, target string) (*DB, error) { panic("soon") }

// Engine returns the engine.
func (d *DB) Engine() Engine { return d.engine }

// Read returns the pool for reading.
func (d *DB) Read() *sql.DB { panic("soon") }

// InTx runs f in a writing transaction and commits when it returns nil.
func (d *DB) InTx(ctx context.Context, f func(tx *sql.Tx) error) error { panic("soon") }

// Now returns the database's time.
func (d *DB) Now(ctx context.Context, q Querier) (clock.Time, error) { panic("soon") }

// Close closes the database and unlocks the data directory.
func (d *DB) Close() error { panic("soon") }

// LockDir takes the lock of a directory (made when missing) until release is called or
// the process ends. Fault data_in_use when another process has it, data_not_writable when
// nothing can be written there.
func LockDir(dir string) (release func(), err error) { panic("soon") }
