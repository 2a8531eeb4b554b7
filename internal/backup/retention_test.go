package backup_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/eventlog"
)

// What retention lets go of, with real positions; only the time is moved.

// lagging is a shop whose partitions stand at these positions of a log of 20 messages.
func lagging(t *testing.T, at ...uint64) *shop {
	s := newShop(t, t.TempDir())
	w := eventlog.NewWriter(s.log, partitions)
	s.send(w, 20)
	w.Close()
	for n, position := range at {
		l, ok, err := s.store.Acquire(t.Context(), n, "me", "", time.Minute)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if position == 0 {
			continue
		}
		err = s.store.Commit(t.Context(), &engine.Checkpoint{Partition: n, Epoch: l.Epoch, Stream: l.Stream, To: position, Now: 1})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestTheLogIsTrimmedOnlyOfWhatNobodyNeeds(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name   string
		at     []uint64
		later  time.Duration // how much later it is
		backup uint64        // position that a backup holds; 0: none is waited for
		begins uint64        // 1: nothing goes
	}{
		{"all of it is old and was checkpointed", []uint64{20, 20, 20}, 500 * day, 0, 20}, // the last message stays
		{"none of it is old", []uint64{20, 20, 20}, 399 * day, 0, 1},
		{"a partition lags", []uint64{20, 7, 20}, 500 * day, 0, 8},
		{"a partition has not stepped yet", []uint64{20, 20, 0}, 500 * day, 0, 1},
		{"the newest backup ends earlier", []uint64{20, 20, 20}, 500 * day, 12, 13},
		{"a partition lags behind the backup", []uint64{20, 7, 20}, 500 * day, 12, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := lagging(t, c.at...)
			r := backup.Retention{Store: s.store, Log: s.log, Keep: 400 * day, Logger: quiet,
				Now: func() time.Time { return time.Now().Add(c.later) }}
			if c.backup != 0 {
				r.Backups = t.TempDir()
				if begins, err := r.Trim(t.Context()); begins != 0 || err != nil {
					t.Errorf("before the first backup it begins at %d: %v", begins, err)
				}
				hold(t, s, filepath.Join(r.Backups, "nightly"), c.backup)
			}
			begins, err := r.Trim(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if first, last, err := s.log.Bounds(t.Context()); err != nil || first != c.begins || last != 20 || begins != 0 && begins != first {
				t.Errorf("it goes from %d to %d, told as %d: %v", first, last, begins, err)
			}
			if again, err := r.Trim(t.Context()); again != 0 || err != nil {
				t.Errorf("a second time it trims to %d: %v", again, err)
			}
		})
	}
}

// hold makes a backup that ends at a position, as one taken at that time does.
func hold(t *testing.T, s *shop, dir string, last uint64) {
	t.Helper()
	m := s.take(dir)
	if m.Last != 20 {
		t.Fatalf("it ends at %d", m.Last)
	}
	m.Last = last
	if err := backup.WriteManifest(dir, m); err != nil {
		t.Fatal(err)
	}
}

func TestARunnerStartsOnATrimmedLogAndGoesOn(t *testing.T) {
	s := newShop(t, t.TempDir())
	s.run(func(w *eventlog.Writer) { s.send(w, 20) })
	r := backup.Retention{Store: s.store, Log: s.log, Keep: time.Hour, Logger: quiet, Now: func() time.Time { return time.Now().Add(2 * time.Hour) }}
	begins, err := r.Trim(t.Context())
	if err != nil || begins == 0 {
		t.Fatal(begins, err)
	}
	s.run(func(w *eventlog.Writer) { s.send(w, 20) })
	_, last, err := s.log.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if at, err := s.store.MinPosition(t.Context()); err != nil || at < last-1 {
		t.Errorf("the checkpoints stand at %d of %d: %v", at, last, err)
	}
}
