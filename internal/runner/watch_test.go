package runner

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
)

// tellsOf waits until the watch tells of accounts.
func tellsOf(t *testing.T, w *Watch) []string {
	t.Helper()
	for deadline := time.After(20 * time.Second); ; {
		select {
		case <-w.Changed():
			if keys := w.Take(); len(keys) > 0 { // none where they were taken before
				return keys
			}
		case <-deadline:
			t.Fatal("the watch tells nothing")
		}
	}
}

// quiet fails when the watch has something to tell of what was stepped up to a position.
func quiet(t *testing.T, r *Runner, w *Watch, position uint64) {
	t.Helper()
	if err := r.WaitAll(t.Context(), position, false); err != nil {
		t.Fatal(err)
	}
	if keys := w.Take(); len(keys) > 0 {
		t.Fatalf("the watch tells of %v", keys)
	}
}

func looked(t *testing.T, w *Watch, key string, until clock.Time) {
	t.Helper()
	if err := w.Read(t.Context(), key, 0, func(View) (clock.Time, error) { return until, nil }); err != nil {
		t.Fatal(err)
	}
}

func TestAWatchTellsOfWhatIsWatchedOnceAndOfNothingElse(t *testing.T) {
	r := open(t).start()
	activate(t, r)
	w := r.Watch()
	defer w.Close()
	quiet(t, r, w, submit(t, r, added("acme", "1"), added("other", "1")))
	looked(t, w, "acme", 0)
	looked(t, w, "beta", 0)

	at := submit(t, r, added("other", "2"))
	quiet(t, r, w, at)
	if err := r.WaitAll(t.Context(), submit(t, r, added("acme", "2"), added("acme", "3"), added("other", "3")), false); err != nil {
		t.Fatal(err)
	}
	if keys := tellsOf(t, w); !slices.Equal(keys, []string{"acme"}) {
		t.Errorf("after two events of acme it tells of %v", keys)
	}
	w.Forget("acme")
	quiet(t, r, w, submit(t, r, added("acme", "4")))
	activate(t, r) // the same catalog again changes nothing
	quiet(t, r, w, r.Appended())

	looked(t, w, "acme", 0)
	w.Close()
	quiet(t, r, w, submit(t, r, added("acme", "5"), added("beta", "1")))
	for _, p := range r.partitions() {
		p.mu.Lock()
		if len(p.watched) > 0 || p.watchDue != 0 {
			t.Errorf("partition %d still knows of %d accounts that nobody watches", p.n, len(p.watched))
		}
		p.mu.Unlock()
	}
}

func TestAWatchTellsWhenTheTimeOfWhatWasSeenHasCome(t *testing.T) {
	r := open(t).start(func(o *Options) { o.Clock = clock.Test(clock.At(time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC))) })
	w := r.Watch()
	defer w.Close()
	start := r.Clock.Now()
	looked(t, w, "soon", start+clock.Hour)
	looked(t, w, "later", start+3*clock.Hour)
	looked(t, w, "never", 0)
	advance := func(to clock.Time) uint64 {
		t.Helper()
		at, err := r.Advance(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	quiet(t, r, w, advance(start+clock.Hour/2))
	advance(start + 2*clock.Hour)
	if keys := tellsOf(t, w); !slices.Equal(keys, []string{"soon"}) {
		t.Errorf("after two hours it tells of %v", keys)
	}
	advance(start + 4*clock.Hour)
	if keys := tellsOf(t, w); !slices.Equal(keys, []string{"later"}) {
		t.Errorf("after four hours it tells of %v", keys)
	}
}

func TestRealTimeReachesAWatchWithoutAnotherRecord(t *testing.T) {
	r := open(t).start()
	w := r.Watch()
	defer w.Close()
	looked(t, w, "acme", r.Clock.Now()+clock.Second)
	if keys := tellsOf(t, w); !slices.Equal(keys, []string{"acme"}) {
		t.Errorf("it tells of %v", keys)
	}
}

func TestAWatchTellsOfAPartitionThatWentElsewhere(t *testing.T) {
	s := open(t)
	r := s.start()
	w := r.Watch()
	defer w.Close()
	looked(t, w, "acme", 0)
	n := event.Partition("acme", partitions)
	if _, err := s.db.Exec(t.Context(), "UPDATE partitions SET owner = 'thief', address = 'http://thief', epoch = epoch + 1, expires = 9223372036854775807 WHERE partition = $1", n); err != nil {
		t.Fatal(err)
	}
	if keys := tellsOf(t, w); !slices.Equal(keys, []string{"acme"}) {
		t.Errorf("it tells of %v", keys)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		err := w.Read(t.Context(), "acme", 0, func(View) (clock.Time, error) { return 0, nil })
		var elsewhere *Elsewhere
		if errors.As(err, &elsewhere) && elsewhere.Address == "http://thief" {
			break
		}
		if !Moving(err) || time.Now().After(deadline) {
			t.Fatalf("reading what went elsewhere gives %v", err)
		}
	}
}
