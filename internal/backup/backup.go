// Package backup takes log and tables together out of a running company into a folder,
// restores such a folder into an empty place, and lets old parts of the log go.
package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// logFileBytes is the size, before packing, from which the log goes on in another file.
const logFileBytes = 256 << 20

// Progress hears how far a stage has come: "tables" in rows (total unknown, 0), "log" in
// positions, "verify" in bytes. It may be nil where a function asks for one.
type Progress func(stage string, done, total int64)

// every returns a progress that is called a few times a second at most, and at the end of
// a stage.
func (p Progress) every() Progress {
	var last time.Time
	calls := 0
	return func(stage string, done, total int64) {
		if calls++; p == nil || done != total && (calls%16 != 0 || time.Since(last) < 250*time.Millisecond) {
			return
		}
		last = time.Now()
		p(stage, done, total)
	}
}

// Source is what is backed up.
type Source struct {
	Store   *store.Store
	Log     *eventlog.Log
	Version string // of headroom, for the manifest
}

// Take writes a backup into dir, made when missing, while everything goes on. Every event
// acknowledged before the call is in it. A folder that holds an earlier backup of the same log
// gets only the log's new part, and the tables anew; until Take returns, the earlier backup
// stands. Files can be read by their owner alone: the tables hold secrets.
//
// Faults: backup_place_taken (Conflict) when something else is in dir, backup_foreign
// (Conflict) when it holds a backup of another log, backup_running (Conflict),
// backup_not_written (Unavailable), backup_damaged (Invalid) when a file of the earlier backup that
// this one would build upon is not as it was written, and those of store and log.
func Take(ctx context.Context, s Source, dir string, progress Progress) (*Manifest, error) {
	before, unlock, err := prepare(dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	t := &taking{Source: s, dir: dir, progress: progress.every(), before: before,
		m: &Manifest{Format: format, Headroom: s.Version, Number: 1, Stream: s.Log.Identity()}}
	if before != nil {
		t.m.Number = before.Number + 1
	}
	first, last, err := t.bounds(ctx)
	if err != nil {
		return nil, err
	}
	if t.goesOn(first) {
		if err := t.whole(ctx); err != nil {
			return nil, err
		}
	}
	// The end of the log is read before the tables: the keys of persons and the catalogs that
	// its records speak of were stored before those records.
	if err := t.tables(ctx); err != nil {
		return nil, err
	}
	if err := t.log(ctx, first, max(last, t.m.Newest)); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err := t.m.write(dir); err != nil {
		return nil, err
	}
	return t.m, t.clear()
}

// prepare makes and locks the folder and reads the manifest of an earlier backup, if any.
func prepare(dir string) (before *Manifest, unlock func(), err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, unwritable(dir, err)
	}
	for _, e := range entries {
		name := e.Name()
		if name == "lock" || name == ManifestName || ours(name) || filepath.Ext(name) == ".part" {
			continue
		}
		return nil, nil, fault.New(fault.Conflict, "backup_place_taken", "%s holds something else: %s", dir, fault.Shorten(name)).
			WithMend("choose an empty folder, or one with an earlier backup of the same company")
	}
	unlock, err = db.LockDir(dir)
	if fault.CodeOf(err) == "data_in_use" {
		return nil, nil, fault.New(fault.Conflict, "backup_running", "a backup into %s is being taken or restored already", dir).
			WithMend("wait for it to end")
	}
	if err != nil {
		return nil, nil, unwritable(dir, errors.Unwrap(err))
	}
	before, err = ReadManifest(dir)
	if err != nil && fault.CodeOf(err) != "backup_missing" {
		unlock()
		return nil, nil, err
	}
	return before, unlock, nil
}

// taking is one backup on its way.
type taking struct {
	Source
	dir      string
	progress Progress
	before   *Manifest // nil: none
	m        *Manifest
}

// bounds returns the log's, and makes sure that an earlier backup in the folder is of this log.
func (t *taking) bounds(ctx context.Context) (first, last uint64, err error) {
	first, last, err = t.Log.Bounds(ctx)
	if err != nil || t.before == nil {
		return first, last, err
	}
	b := t.before
	foreign := b.Stream != t.Log.Identity() || b.Last > last
	if !foreign && b.LastSum != "" && b.Last >= first {
		err = t.Log.ReadTo(ctx, b.Last, b.Last, func(_ uint64, _ time.Time, message []byte) error {
			foreign = sumOf(message) != b.LastSum
			return nil
		})
	}
	if err == nil && foreign {
		err = fault.New(fault.Conflict, "backup_foreign", "%s holds a backup of another log, or of another turn that this one took", t.dir).
			WithMend("choose an empty folder; after a restore the log is a new one")
	}
	return first, last, err
}

// goesOn says whether the log's files of the earlier backup stay in this one: not when the log,
// which begins at first, was trimmed of what comes between.
func (t *taking) goesOn(first uint64) bool { return t.before != nil && t.before.Last+1 >= first }

// whole reads the log's files of the earlier backup, so that what builds upon them is no backup
// of something that is gone. Sizes come first: they cost nothing and tell most.
func (t *taking) whole(ctx context.Context) error {
	broken := func(f LogFile, how string) error {
		return fault.New(fault.Invalid, "backup_damaged", "%s of the earlier backup in %s %s, and a new one would build upon it", f.Name, t.dir, how).
			WithMend("take a new backup into an empty folder; in this one nothing was changed")
	}
	meter := &reading{ended: ctx.Err, progress: t.progress}
	for _, f := range t.before.Log {
		switch info, err := os.Stat(filepath.Join(t.dir, f.Name)); {
		case errors.Is(err, os.ErrNotExist):
			return broken(f, "is not there")
		case err != nil:
			return unreadable(err)
		case info.Size() != f.Bytes:
			return broken(f, fmt.Sprintf("has %d bytes, not %d", info.Size(), f.Bytes))
		}
		meter.total += f.Bytes
	}
	for _, f := range t.before.Log {
		err := meter.file(t.dir, f.File, func(io.Reader) error { return nil })
		if fault.CodeOf(err) == "backup_damaged" {
			return broken(f, "is not as it was written")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func sumOf(message []byte) string {
	sum := sha256.Sum256(message)
	return hex.EncodeToString(sum[:])
}

// tables writes the snapshot.
func (t *taking) tables(ctx context.Context) (err error) {
	m := t.m
	err = t.Store.Snapshot(ctx, func(x *store.Snapshot) error {
		m.TakenAt, m.Schema = clock.At(time.Now()), x.Schema
		partitions, err := x.Partitions(ctx)
		if err != nil {
			return err
		}
		if len(partitions) == 0 {
			return fault.New(fault.Conflict, "backup_empty", "there is nothing to back up yet").WithMend("start the server once before")
		}
		m.Partitions, m.Oldest = len(partitions), partitions[0].Position
		for _, p := range partitions {
			if p.Stream != m.Stream {
				return eventlog.Verify(p.Stream, p.Position, m.Stream, 0, 0)
			}
			m.Oldest, m.Newest, m.Rules = min(m.Oldest, p.Position), max(m.Newest, p.Position), max(m.Rules, p.Rules)
		}
		m.Tables, err = writeFile(t.dir, fmt.Sprintf("tables-%06d.zst", m.Number), func(w io.Writer) error {
			m.Rows, err = WriteTables(ctx, w, x, store.Tables(), func(rows int64) { t.progress("tables", rows, 0) })
			return err
		})
		return err
	})
	return err
}

// log writes what of the log up to last is not in the folder yet.
func (t *taking) log(ctx context.Context, first, last uint64) error {
	m := t.m
	m.First, m.Last = first, last
	next := first
	if b := t.before; t.goesOn(first) {
		m.First, m.Log, m.LastSum, next = b.First, slices.Clone(b.Log), b.LastSum, b.Last+1
	}
	begin := next
	for next <= last {
		f := LogFile{First: next}
		name := fmt.Sprintf("log-%020d-%06d.zst", next, m.Number)
		file, err := writeFile(t.dir, name, func(w io.Writer) error {
			out, err := eventlog.NewArchiveWriter(w)
			if err != nil {
				return err
			}
			err = t.Log.ReadTo(ctx, next, last, func(position uint64, at time.Time, message []byte) error {
				if err := out.Add(position, at, message); err != nil {
					return err
				}
				next = position + 1
				if position == last {
					m.LastSum = sumOf(message)
				}
				t.progress("log", int64(next-begin), int64(last+1-begin))
				if out.Bytes() >= logFileBytes {
					return errFull
				}
				return nil
			})
			if errors.Is(err, errFull) {
				err = nil
			}
			return errors.Join(err, out.Close())
		})
		if err != nil {
			return err
		}
		f.File, f.Last = file, next-1
		m.Log = append(m.Log, f)
	}
	return nil
}

// errFull ends a file of the log.
var errFull = errors.New("file is full")

// clear deletes what the manifest does not name: the tables of the backup before, and what
// an interrupted one left.
func (t *taking) clear() error {
	keep := map[string]bool{"lock": true, ManifestName: true}
	for _, f := range t.m.files() {
		keep[f.Name] = true
	}
	entries, err := os.ReadDir(t.dir)
	for _, e := range entries {
		if !keep[e.Name()] && err == nil {
			err = os.Remove(filepath.Join(t.dir, e.Name()))
		}
	}
	if err != nil {
		return unwritable(t.dir, err)
	}
	return nil
}
