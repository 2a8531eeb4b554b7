package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/headroomhq/headroom/internal/fault"
)

// Fault turns an engine's error into a fault: disk_full, data_not_writable, data_in_use,
// data_unreadable and database_unavailable (all Unavailable), or Internal with the code
// internal. Faults, nil, sql.ErrNoRows, ends of contexts and violations of constraints (see IsUnique,
// IsForeignKey, IsRefused) come back as they are.
func Fault(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return sqliteFault(lite, err)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresFault(pg, err)
	}
	if isNoSpace(err) {
		return diskFull(err)
	}
	var network net.Error
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "unexpected EOF") {
		return unavailable(err)
	}
	return err
}

func sqliteFault(e *sqlite.Error, err error) error {
	switch e.Code() {
	case sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_SHMSIZE:
		// On some file systems a full disk shows as one of these.
		if strings.Contains(e.Error(), "no space") {
			return diskFull(err)
		}
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return diskFull(err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return notWritable("the database "+FileName, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fault.New(fault.Unavailable, "data_in_use", "another program holds a lock on %s", FileName).
			WithMend("close whatever has the file open (a database browser, a backup) and try again").WithCause(err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fault.New(fault.Unavailable, "data_unreadable", "the database %s is damaged, or is not a database", FileName).
			WithMend("restore the data directory from a backup").WithCause(err)
	case sqlite3.SQLITE_IOERR:
		return fault.New(fault.Unavailable, "data_unreadable", "the disk failed while the database %s was used", FileName).
			WithMend("look for disk errors in the system's log").WithCause(err)
	}
	return err
}

func postgresFault(e *pgconn.PgError, err error) error {
	switch {
	case e.Code == "53100":
		return diskFull(err)
	case e.Code == "25006", e.Code == "42501":
		return fault.New(fault.Unavailable, "data_not_writable", "PostgreSQL refuses to write: %s", e.Message).
			WithMend("connect to the primary with a user that owns the database").WithCause(err)
	case strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "57P"), strings.HasPrefix(e.Code, "08"):
		return unavailable(err)
	}
	return err
}

func diskFull(err error) error {
	return fault.New(fault.Unavailable, "disk_full", "the disk that holds the data is full").
		WithMend("free space or enlarge the disk; nothing that was accepted is lost").WithCause(err)
}

func unavailable(err error) error {
	return fault.New(fault.Unavailable, "database_unavailable", "the database does not answer").
		WithMend("check that PostgreSQL runs and can be reached; what was accepted is in the log and waits").WithCause(err)
}

// retryable says whether the engine gave up a transaction that may well succeed when repeated.
func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// IsUnique says whether err is a violation of a primary key or a unique index.
func IsUnique(err error) bool {
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}

// IsForeignKey says whether err is a violation of a foreign key.
func IsForeignKey(err error) bool {
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23503"
}

// IsRefused says whether err is a trigger's refusal: the ledger only grows.
func IsRefused(err error) bool {
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_TRIGGER
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "P0001"
}
