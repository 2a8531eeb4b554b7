package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/headroomhq/headroom/internal/fault"
)

// Inspect opens target as Open does, but only to look: it makes nothing, migrates nothing
// and refuses to write. Faults as Open, and database_missing when there is none.
func Inspect(ctx context.Context, target string) (*DB, error) {
	if IsURL(target) {
		if u, err := url.Parse(target); err == nil { // what cannot be read is refused below
			q := u.Query()
			q.Set("default_transaction_read_only", "on")
			u.RawQuery = q.Encode()
			target = u.String()
		}
		return openPostgres(ctx, target)
	}
	path, err := filepath.Abs(filepath.Join(target, FileName))
	if err != nil {
		return nil, notWritable(target, err)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "database_missing", "there is no %s in %s", FileName, target).
			WithMend("give the directory that `headroom serve --data` was started with; when the database is lost, restore it from a backup with `headroom restore`").WithCause(err)
	}
	unlock, err := LockDir(target)
	if err != nil {
		return nil, err
	}
	d := &DB{engine: SQLite, unlock: unlock, prepared: make(map[string]*sql.Stmt)}
	d.read, err = sql.Open("sqlite", dsn(path, "deferred", "query_only(1)"))
	if err == nil {
		d.write = d.read
		_, err = d.read.ExecContext(ctx, "SELECT COUNT(*) FROM sqlite_master")
	}
	if err != nil {
		d.Close()
		return nil, openFault(path, err)
	}
	return d, nil
}

// SchemaVersion returns the version of the tables and the newest one that this binary
// knows; 0 when there are no tables yet.
func (d *DB) SchemaVersion(ctx context.Context) (have, known int, err error) {
	steps, err := d.steps()
	if err != nil {
		return 0, 0, err
	}
	newest := steps[len(steps)-1].version
	there := "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_version'"
	if d.engine == Postgres {
		there = "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'schema_version' AND schemaname = current_schema()"
	}
	var tables int
	if err := d.read.QueryRowContext(ctx, there).Scan(&tables); err != nil || tables == 0 {
		return 0, newest, Fault(err)
	}
	err = d.read.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM schema_version").Scan(&have)
	return have, newest, Fault(err)
}

// Check reads the whole database and returns what is damaged in it, at most ten lines. On
// PostgreSQL, which checks by itself, it returns nothing.
func (d *DB) Check(ctx context.Context) (damage []string, err error) {
	if d.engine != SQLite {
		return nil, nil
	}
	for _, pragma := range []string{"integrity_check(10)", "foreign_key_check"} {
		lines, err := d.pragma(ctx, pragma)
		if err != nil {
			return nil, err
		}
		damage = append(damage, lines...)
	}
	return damage[:min(len(damage), 10)], nil
}

func (d *DB) pragma(ctx context.Context, pragma string) (lines []string, err error) {
	rows, err := d.read.QueryContext(ctx, "PRAGMA "+pragma)
	if err != nil {
		return nil, Fault(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line, parent string
		var row, key sql.NullInt64
		columns, err := rows.Columns()
		if err == nil && len(columns) > 1 {
			err = rows.Scan(&line, &row, &parent, &key)
			line = fmt.Sprintf("row %d of %s points to nothing in %s", row.Int64, line, parent)
		} else if err == nil {
			err = rows.Scan(&line)
		}
		if err != nil {
			return nil, Fault(err)
		}
		if line != "ok" {
			lines = append(lines, line)
		}
	}
	return lines, Fault(rows.Err())
}
