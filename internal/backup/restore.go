package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// Restored says what a restore made.
type Restored struct {
	Stream string // identity of the new log
	Rows   int64
	First  uint64
	Last   uint64
}

// Restore fills an empty database and a new log from the backup in dir, which Verify has
// found whole. open opens the log with Options.First set as given; Restore closes it. The
// log gets the same positions under a new identity, so that nobody takes a position of the old
// one, which went on after the backup, for one of this. Interrupted, it leaves a database that
// Store.Restoring refuses.
//
// Faults: restore_not_empty (Conflict), backup_other_schema (Invalid), and those of reading.
func Restore(ctx context.Context, dir string, m *Manifest, st *store.Store, open func(first uint64) (*eventlog.Log, error), progress Progress) (r Restored, err error) {
	progress = progress.every()
	schema, err := st.Schema(ctx)
	if err != nil {
		return r, err
	}
	if schema != m.Schema {
		return r, fault.New(fault.Invalid, "backup_other_schema", "the backup has tables of version %d (headroom %s), this headroom has version %d", m.Schema, m.Headroom, schema).
			WithMend("restore it with headroom %s, then start the newer version on what was restored", m.Headroom)
	}
	if err := st.BeginRestore(ctx); err != nil {
		return r, err
	}
	log, err := open(m.First)
	if err != nil {
		return r, err
	}
	defer log.Close()
	err = log.Refill(ctx, func(add func(position uint64, message []byte) error) error {
		return m.EachMessage(ctx, dir, m.First, m.Last, func(position uint64, _ time.Time, message []byte) error {
			progress("log", int64(position+1-m.First), int64(m.Last+1-m.First))
			return add(position, message)
		})
	})
	if err != nil {
		return r, err
	}
	first, last, err := log.Bounds(ctx)
	if err != nil {
		return r, err
	}
	if first != m.First || last != m.Last {
		return r, damagedFile("the log", fmt.Sprintf("came out as positions %d to %d, not %d to %d", first, last, m.First, m.Last))
	}
	r = Restored{Stream: log.Identity(), First: first, Last: last}
	err = st.Restore(ctx, r.Stream, func(row func(string, []string, []any) error) error {
		r.Rows = 0
		got := make(map[string]int64)
		err := m.EachRow(ctx, dir, func(table string, columns []string, values []any) error {
			r.Rows++
			got[table]++
			progress("tables", r.Rows, 0)
			return row(table, columns, values)
		})
		if err == nil && !maps.Equal(got, m.Rows) {
			err = damagedFile(m.Tables.Name, "holds other numbers of rows than the manifest")
		}
		return err
	})
	return r, err
}

// EachRow calls visit for every row of the tables in dir.
func (m *Manifest) EachRow(ctx context.Context, dir string, visit RowVisitor) error {
	x := &reading{ended: ctx.Err, progress: func(string, int64, int64) {}}
	var own error
	err := x.file(dir, m.Tables, func(r io.Reader) error {
		return ReadTables(r, func(table string, columns []string, values []any) error {
			own = visit(table, columns, values)
			return own
		})
	})
	if own != nil {
		return own
	}
	return err
}

// EachMessage calls f for the positions from from to to of the log in dir, both included; message belongs to f.
func (m *Manifest) EachMessage(ctx context.Context, dir string, from, to uint64, f func(position uint64, at time.Time, message []byte) error) error {
	x := &reading{ended: ctx.Err, progress: func(string, int64, int64) {}}
	for _, file := range m.Log {
		if file.Last < from || file.First > to {
			continue
		}
		var own error
		err := x.file(dir, file.File, func(r io.Reader) error {
			return eventlog.ReadArchive(r, func(position uint64, at time.Time, message []byte) error {
				if position < from || position > to {
					return nil
				}
				own = f(position, at, message)
				return own
			})
		})
		if own != nil {
			return own
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// placeMark is the file in a data directory that says that a restore there has not ended:
// before the database is made, its own mark cannot.
const placeMark = "restoring"

// MarkPlace makes a new data directory and marks it as one that a restore is filling. Fault
// restore_not_empty (Conflict) when something is in it.
func MarkPlace(dir string) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		return fault.New(fault.Conflict, "restore_not_empty", "%s is not empty", dir).
			WithMend("restore into a new directory; what is in this one stays as it is. After an interrupted restore remove it first")
	}
	if err = os.MkdirAll(dir, 0o700); err == nil {
		var f *os.File
		if f, err = os.OpenFile(filepath.Join(dir, placeMark), os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
			err = errors.Join(f.Sync(), f.Close(), syncDir(dir))
		}
	}
	if err != nil {
		return fault.New(fault.Unavailable, "data_not_writable", "%s cannot be written: %v", dir, err).
			WithMend("give the user that runs headroom the right to write there, or choose another directory with --data").WithCause(err)
	}
	return nil
}

// UnmarkPlace takes the mark away once all is restored.
func UnmarkPlace(dir string) error {
	if err := os.Remove(filepath.Join(dir, placeMark)); err != nil {
		return unwritable(dir, err)
	}
	return syncDir(dir)
}

// PlaceUnfinished returns fault restore_unfinished (Conflict) when a restore into the data
// directory has begun and not ended.
func PlaceUnfinished(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, placeMark)); err != nil {
		return nil //nolint:nilerr // what is wrong with the directory is told by who opens it
	}
	return store.RestoreUnfinished()
}
