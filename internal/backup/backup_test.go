package backup_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/store"
)

// Backups of real databases and real logs.

const partitions = 3

// shop is a company without its HTTP server.
type shop struct {
	t      *testing.T
	db     *db.DB
	store  *store.Store
	log    *eventlog.Log
	logDir string
	sent   int
}

var quiet = slog.New(slog.DiscardHandler)

func openLog(t *testing.T, dir string, first uint64) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(t.Context(), eventlog.Options{Dir: dir, MinFree: -1, Logger: quiet, First: first})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func newShop(t *testing.T, target string) *shop {
	s := &shop{t: t, logDir: t.TempDir()}
	var err error
	if s.db, err = db.Open(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	s.store, s.log = store.New(s.db), openLog(t, s.logDir, 0)
	if _, _, err := s.store.InitPartitions(t.Context(), partitions, s.log.Identity()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.EnsureSecret(t.Context(), "pseudonyms", 32); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.PersonKeys(t.Context(), []string{"p1"}, 1); err != nil {
		t.Fatal(err)
	}
	return s
}

// run runs the partitions while f sends, and commits all at the end.
func (s *shop) run(f func(w *eventlog.Writer)) {
	s.t.Helper()
	w := eventlog.NewWriter(s.log, partitions)
	r, err := runner.Start(s.t.Context(), runner.Options{Store: s.store, Log: s.log, Writer: w, Clock: clock.Real(), Logger: quiet,
		Owner: "me", Partitions: partitions, CheckpointEvery: 20 * time.Millisecond})
	if err != nil {
		s.t.Fatal(err)
	}
	f(w)
	_, last, err := s.log.Bounds(s.t.Context())
	if err == nil {
		err = r.WaitAll(s.t.Context(), last, true)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	r.Close()
	w.Close()
}

// send appends n events, each a message of its own.
func (s *shop) send(w *eventlog.Writer, n int) {
	s.t.Helper()
	for range n {
		s.sent++
		now := clock.At(time.Now())
		rec := event.Record{Kind: event.KindEvent, Source: "test", ID: fmt.Sprint("e", s.sent), Key: fmt.Sprint("account-", s.sent%5), Type: "x", At: now, ReceivedAt: now}
		if _, err := w.Submit(s.t.Context(), rec); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *shop) take(dir string) *backup.Manifest {
	s.t.Helper()
	m, err := backup.Take(s.t.Context(), backup.Source{Store: s.store, Log: s.log, Version: "test"}, dir, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// content is everything in a database but who owns partitions and numbers that engines give themselves.
func content(t *testing.T, s *store.Store) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	err := s.Snapshot(t.Context(), func(x *store.Snapshot) error {
		for _, table := range store.Tables() {
			err := x.Each(t.Context(), table, func(columns []string, values []any) error {
				var b strings.Builder
				for i, c := range slices.Sorted(slices.Values(columns)) {
					v := values[slices.Index(columns, c)]
					if table == "partitions" && slices.Contains([]string{"owner", "address", "expires", "stream"}, c) || table == "outbox" && c == "id" {
						continue
					}
					fmt.Fprintf(&b, "%d:%s=%q ", i, c, fmt.Sprint(v))
				}
				out[table] = append(out[table], b.String())
				return nil
			})
			if err != nil {
				return err
			}
			slices.Sort(out[table])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func messages(t *testing.T, l *eventlog.Log) map[uint64]string {
	t.Helper()
	first, last, err := l.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[uint64]string)
	err = l.ReadTo(t.Context(), first, last, func(position uint64, _ time.Time, message []byte) error {
		out[position] = string(message)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// restore restores dir and returns what came out.
func restore(t *testing.T, dir, target string) *shop {
	t.Helper()
	m, err := backup.Verify(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, logDir: t.TempDir()}
	if s.db, err = db.Open(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	s.store = store.New(s.db)
	_, err = backup.Restore(t.Context(), dir, m, s.store, func(first uint64) (*eventlog.Log, error) {
		return eventlog.Open(t.Context(), eventlog.Options{Dir: s.logDir, MinFree: -1, Logger: quiet, First: first})
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.log = openLog(t, s.logDir, 0)
	return s
}

func TestABackupOfEitherEngineRestoresIntoEither(t *testing.T) {
	engines := map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return t.TempDir() },
		"postgres": func(t *testing.T) string { return dbtest.PostgresURL(t) },
	}
	for from, source := range engines {
		for to, target := range engines {
			t.Run(from+" to "+to, func(t *testing.T) {
				s := newShop(t, source(t))
				s.run(func(w *eventlog.Writer) { s.send(w, 40) })
				dir := t.TempDir()
				m := s.take(dir)
				if m.First != 1 || m.Newest == 0 || m.Partitions != partitions || m.Rows["account_states"] != 5 {
					t.Errorf("the manifest says %+v", m)
				}
				r := restore(t, dir, target(t))
				was, is := content(t, s.store), content(t, r.store)
				for _, table := range store.Tables() {
					if !slices.Equal(was[table], is[table]) {
						t.Errorf("%s was\n%v\nand came back as\n%v", table, was[table], is[table])
					}
				}
				if !maps.Equal(messages(t, s.log), messages(t, r.log)) {
					t.Error("the log came back otherwise")
				}
				if r.log.Identity() == s.log.Identity() {
					t.Error("the restored log goes by the old one's name")
				}
				r.sent = s.sent
				r.run(func(w *eventlog.Writer) { r.send(w, 10) }) // it goes on
				if n := len(content(t, r.store)["account_states"]); n != 5 {
					t.Errorf("afterwards there are %d accounts", n)
				}
			})
		}
	}
}

func TestASecondBackupAddsOnlyWhatIsNew(t *testing.T) {
	s := newShop(t, t.TempDir())
	dir := t.TempDir()
	s.run(func(w *eventlog.Writer) { s.send(w, 10) })
	one := s.take(dir)
	s.run(func(w *eventlog.Writer) { s.send(w, 10) })
	two := s.take(dir)
	three := s.take(dir) // nothing new
	if len(two.Log) != 2 || two.Log[0] != one.Log[0] || two.Log[1].First != one.Last+1 || two.Number != 2 {
		t.Errorf("the second holds %+v after %+v", two.Log, one.Log)
	}
	if !slices.Equal(three.Log, two.Log) || three.Last != two.Last {
		t.Errorf("without news the log became %+v", three.Log)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s may be read by others: %v %v", e.Name(), info.Mode(), err)
		}
	}
	if len(entries) != 5 { // lock, manifest, one of tables, two of the log
		t.Errorf("the folder holds %v", entries)
	}
	if r := restore(t, dir, t.TempDir()); !maps.Equal(messages(t, s.log), messages(t, r.log)) {
		t.Error("the log came back otherwise")
	}
}

func TestABackupGoesOnAfterTheLogWasTrimmed(t *testing.T) {
	s := newShop(t, t.TempDir())
	s.run(func(w *eventlog.Writer) { s.send(w, 20) })
	if err := s.log.Trim(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if m := s.take(dir); m.First != 8 {
		t.Fatalf("it begins at %d", m.First)
	}
	r := restore(t, dir, t.TempDir())
	if first, _, err := r.log.Bounds(t.Context()); err != nil || first != 8 {
		t.Errorf("the restored log begins at %d: %v", first, err)
	}
	s.run(func(w *eventlog.Writer) { s.send(w, 20) })
	_, last, err := s.log.Bounds(t.Context())
	if err == nil {
		err = s.log.Trim(t.Context(), last-2) // beyond what the backup holds
	}
	if err != nil {
		t.Fatal(err)
	}
	if m := s.take(dir); m.First != last-2 || len(m.Log) != 1 {
		t.Errorf("after a gap the folder holds %d to %d in %d files", m.First, m.Last, len(m.Log))
	}
	if _, err := backup.Verify(t.Context(), dir, nil); err != nil {
		t.Error(err)
	}
}

func TestAFolderOfSomethingElseIsLeftAlone(t *testing.T) {
	s := newShop(t, t.TempDir())
	s.run(func(w *eventlog.Writer) { s.send(w, 5) })
	another := newShop(t, t.TempDir())
	another.run(func(w *eventlog.Writer) { another.send(w, 5) })
	others := t.TempDir()
	another.take(others)
	holiday := t.TempDir()
	if err := os.WriteFile(filepath.Join(holiday, "holiday.jpg"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	busy := t.TempDir()
	release, err := db.LockDir(busy)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	// The same log, which took another turn after its files were put back: a copy of the
	// data directory as operators make them.
	turned := t.TempDir()
	s.log.Close()
	copied := t.TempDir()
	if err := os.CopyFS(filepath.Join(copied, "log"), os.DirFS(s.logDir)); err != nil {
		t.Fatal(err)
	}
	s.log = openLog(t, s.logDir, 0)
	s.run(func(w *eventlog.Writer) { s.send(w, 5) })
	s.take(turned)
	s.log.Close()
	s.log = openLog(t, filepath.Join(copied, "log"), 0)
	w := eventlog.NewWriter(s.log, partitions)
	s.sent += 1000
	s.send(w, 30)
	w.Close()
	for _, c := range []struct{ name, dir, code string }{
		{"a folder with other files", holiday, "backup_place_taken"},
		{"a backup of another company", others, "backup_foreign"},
		{"a backup of this log from before it took another turn", turned, "backup_foreign"},
		{"a folder into which another backup is going", busy, "backup_running"},
	} {
		before := files(t, c.dir)
		_, err := backup.Take(t.Context(), backup.Source{Store: s.store, Log: s.log}, c.dir, nil)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
		if !maps.Equal(before, files(t, c.dir)) {
			t.Errorf("%s: it was changed", c.name)
		}
	}
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	s := newShop(t, t.TempDir())
	s.run(func(w *eventlog.Writer) { s.send(w, 20) })
	dir := t.TempDir()
	s.take(dir)
	s.run(func(w *eventlog.Writer) { s.send(w, 20) })
	s.take(dir)
	rng := rand.New(rand.NewPCG(1, 2))
	for name, was := range files(t, dir) {
		if name == "lock" {
			continue
		}
		places := []int{0, len(was) - 1}
		for range 40 {
			places = append(places, rng.IntN(len(was)))
		}
		for _, at := range places {
			b := []byte(was)
			b[at] ^= 1 << rng.IntN(8)
			write(t, dir, name, b)
			if _, err := backup.Verify(t.Context(), dir, nil); fault.CodeOf(err) != "backup_damaged" && fault.CodeOf(err) != "backup_newer" {
				t.Errorf("byte %d of %s: %v", at, name, err)
			} else if fault.CodeOf(err) == "backup_damaged" && !strings.Contains(err.Error(), name) {
				t.Errorf("byte %d of %s is told as %v", at, name, err)
			} else if strings.Count(err.Error(), "another copy") > 1 {
				t.Errorf("byte %d of %s: it says twice what to do: %v", at, name, err)
			}
		}
		for _, cut := range []int{0, len(was) / 2, len(was) - 1} {
			write(t, dir, name, []byte(was[:cut]))
			if _, err := backup.Verify(t.Context(), dir, nil); err == nil {
				t.Errorf("%s of %d bytes passes with %d", name, len(was), cut)
			}
		}
		write(t, dir, name, []byte(was+"x"))
		if _, err := backup.Verify(t.Context(), dir, nil); err == nil {
			t.Errorf("%s passes with a byte more", name)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Verify(t.Context(), dir, nil); err == nil {
			t.Errorf("it passes without %s", name)
		}
		write(t, dir, name, []byte(was))
	}
	if _, err := backup.Verify(t.Context(), dir, nil); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFilesOfDifferentBackupsAreNotMixed(t *testing.T) {
	s := newShop(t, t.TempDir())
	s.run(func(w *eventlog.Writer) { s.send(w, 10) })
	dir := t.TempDir()
	s.take(dir)
	older := files(t, dir)
	s.run(func(w *eventlog.Writer) { s.send(w, 10) })
	s.take(dir)
	newer := files(t, dir)
	for _, c := range []struct {
		name      string
		of, under string
		from      map[string]string
	}{
		{"the older tables under the newer manifest", "tables-000001.zst", "tables-000002.zst", older},
		{"the newer tables under the older manifest", "tables-000002.zst", "tables-000001.zst", newer},
	} {
		mixed := t.TempDir()
		rest := newer
		if c.under == "tables-000001.zst" {
			rest = older
		}
		for name, text := range rest {
			write(t, mixed, name, []byte(text))
		}
		write(t, mixed, c.under, []byte(c.from[c.of]))
		if _, err := backup.Verify(t.Context(), mixed, nil); fault.CodeOf(err) != "backup_damaged" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestABackupThatBrokeOffLeavesTheOneBefore(t *testing.T) {
	s := newShop(t, t.TempDir())
	s.run(func(w *eventlog.Writer) { s.send(w, 10) })
	empty, dir := t.TempDir(), t.TempDir()
	s.take(dir)
	s.run(func(w *eventlog.Writer) { s.send(w, 10) })
	for _, place := range []string{empty, dir} {
		ctx, cancel := context.WithCancel(t.Context())
		stop := func(stage string, _, _ int64) {
			if stage == "log" {
				cancel()
			}
		}
		if _, err := backup.Take(ctx, backup.Source{Store: s.store, Log: s.log}, place, stop); err == nil {
			t.Fatal("it was taken all the same")
		}
	}
	if _, err := backup.Verify(t.Context(), empty, nil); fault.CodeOf(err) != "backup_missing" {
		t.Errorf("half a backup is told as %v", err)
	}
	if m, err := backup.Verify(t.Context(), dir, nil); err != nil || m.Number != 1 {
		t.Errorf("the one before: %+v %v", m, err)
	}
	if m := s.take(dir); m.Number != 2 || len(files(t, dir)) != 5 {
		t.Errorf("the next one: %+v of %d files", m, len(files(t, dir)))
	}
	if m := s.take(empty); len(files(t, empty)) != 4 || m.Number != 1 {
		t.Error("what broke off was not cleared away")
	}
}

func TestARestoreThatBreaksOffLeavesAPlaceThatIsRefused(t *testing.T) {
	s := newShop(t, t.TempDir())
	s.run(func(w *eventlog.Writer) { s.send(w, 10) })
	dir := t.TempDir()
	m := s.take(dir)
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		st := store.New(open())
		ctx, cancel := context.WithCancel(t.Context())
		logDir := t.TempDir()
		_, err := backup.Restore(ctx, dir, m, st, func(first uint64) (*eventlog.Log, error) {
			defer cancel() // with the log made and nothing in it
			return eventlog.Open(ctx, eventlog.Options{Dir: logDir, MinFree: -1, Logger: quiet, First: first})
		}, nil)
		if err == nil {
			t.Fatal("it was restored all the same")
		}
		if err := st.Restoring(t.Context()); fault.CodeOf(err) != "restore_unfinished" || !strings.Contains(err.Error(), "again") {
			t.Errorf("a start there says %v", err)
		}
		_, err = backup.Restore(t.Context(), dir, m, st, nil, nil)
		if fault.CodeOf(err) != "restore_not_empty" {
			t.Errorf("a second restore there says %v", err)
		}
	})
	t.Run("a log that is there already", func(t *testing.T) {
		_, err := eventlog.Open(t.Context(), eventlog.Options{Dir: s.logCopy(), MinFree: -1, Logger: quiet, First: 1})
		if fault.CodeOf(err) != "restore_not_empty" {
			t.Errorf("it says %v", err)
		}
	})
}

func (s *shop) logCopy() string {
	s.t.Helper()
	s.log.Close()
	dir := s.t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "log"), os.DirFS(s.logDir)); err != nil {
		s.t.Fatal(err)
	}
	s.log = openLog(s.t, s.logDir, 0)
	return filepath.Join(dir, "log")
}
