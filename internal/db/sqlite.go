package db

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/headroomhq/headroom/internal/fault"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// FileName is the database's file in the data directory.
const FileName = "headroom.db"

// openSQLite opens dir/headroom.db with one writing connection and a pool of readers, which
// the write-ahead log lets read on while the writer writes.
func openSQLite(ctx context.Context, dir string) (*DB, error) {
	unlock, err := LockDir(dir)
	if err != nil {
		return nil, err
	}
	path, err := filepath.Abs(filepath.Join(dir, FileName))
	if err != nil {
		unlock()
		return nil, notWritable(dir, err)
	}
	if err := probe(path); err != nil {
		unlock()
		return nil, err
	}
	d := &DB{engine: SQLite, unlock: unlock, prepared: make(map[string]*sql.Stmt)}
	// FULL: a commit is on disk when it returns. The checkpoint of the write-ahead log every
	// 8,000 pages instead of 1,000 folds more repeated writes of a page into one.
	d.write, err = sql.Open("sqlite", dsn(path, "immediate",
		"page_size(8192)", "journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(8000)",
		"journal_size_limit(67108864)", "cache_size(-65536)", "recursive_triggers(1)"))
	if err == nil {
		d.write.SetMaxOpenConns(1)
		d.write.SetConnMaxLifetime(0)
		err = d.write.PingContext(ctx)
	}
	if err == nil {
		d.read, err = sql.Open("sqlite", dsn(path, "deferred", "query_only(1)", "cache_size(-16384)"))
	}
	if err != nil {
		d.Close()
		return nil, openFault(path, err)
	}
	readers := max(4, 2*runtime.GOMAXPROCS(0))
	d.read.SetMaxOpenConns(readers)
	d.read.SetMaxIdleConns(readers)
	return d, nil
}

func dsn(path, lock string, pragmas ...string) string {
	q := url.Values{"_txlock": {lock}, "_pragma": {"busy_timeout(10000)"}}
	q["_pragma"] = append(q["_pragma"], pragmas...)
	q["_pragma"] = append(q["_pragma"], "foreign_keys(1)")
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// probe finds out whether the file can be written before SQLite does, whose words for it
// do not name the file.
func probe(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return notWritable(path, err)
	}
	return f.Close()
}

func openFault(path string, err error) error {
	err = Fault(err)
	var f *fault.Error
	if errors.As(err, &f) && f.Code != "internal" {
		return f
	}
	return fault.New(fault.Unavailable, "data_unreadable", "the database %s cannot be opened: %v", path, err).
		WithMend("restore the data directory from a backup, or choose another one with --data").WithCause(err)
}

func notWritable(path string, err error) error {
	if isNoSpace(err) {
		return diskFull(err)
	}
	why := "it cannot be written"
	switch {
	case errors.Is(err, fs.ErrPermission):
		why = "this user may not write there"
	case errors.Is(err, fs.ErrExist), errors.Is(err, errNotDir):
		why = "a file is in the way"
	}
	return fault.New(fault.Unavailable, "data_not_writable", "%s: %s", path, why).
		WithMend("give the user that runs headroom the right to write there, or choose another directory with --data").
		WithCause(err)
}
