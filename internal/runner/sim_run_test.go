package runner

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headroomhq/headroom/internal/event"
)

// bubble runs a seed in a bubble of simulated time.
func bubble(t *testing.T, b simBench, seed uint64, f simFlaw) (w *world, err error) {
	t.Helper()
	if err := b.empty(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(*testing.T) { w, err = simulate(b, seed, f) })
	return w, err
}

// bench makes one in memory, where that can be had.
func bench(t *testing.T, f simFlaw) simBench {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "headroom-simulation-") //nolint:usetesting // t.TempDir is on a disk
	if err != nil {
		dir = t.TempDir()
	}
	b, err := newBench(dir, f)
	t.Cleanup(func() { b.close(); os.RemoveAll(dir) })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// seeds is how many runs there are without HEADROOM_SIM_SEEDS; make test asks for more.
const seeds = 400

func TestWhateverFailsEverythingIsCountedOnceAndAnsweredAsInOneCleanRun(t *testing.T) {
	if os.Getenv("HEADROOM_SEED") != "" {
		w, err := bubble(t, bench(t, simFlaw{}), number(t, "HEADROOM_SEED", 0), simFlaw{})
		w.tail(t)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	n := number(t, "HEADROOM_SIM_SEEDS", seeds)
	from := number(t, "HEADROOM_SIM_FROM", 0)
	const lanes = 2
	for lane := range uint64(lanes) {
		t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
			t.Parallel()
			on := bench(t, simFlaw{})
			began := time.Now()
			var faults, steps, positions int
			for seed := from + lane; seed < from+n; seed += lanes {
				w, err := bubble(t, on, seed, simFlaw{})
				if err != nil {
					w.tail(t)
					t.Fatalf("%v\nHEADROOM_SEED=%d repeats it", err, seed)
				}
				faults, steps, positions = faults+w.faults, steps+w.steps, positions+len(w.log)
			}
			runs := max(1, int(n)/lanes)
			t.Logf("%.1f runs a second; each on average %d steps, %d faults, %d positions in the log",
				float64(runs)/time.Since(began).Seconds(), steps/runs, faults/runs, positions/runs)
		})
	}
}

func TestASeedDecidesEverything(t *testing.T) {
	on := bench(t, simFlaw{})
	for seed := range uint64(20) {
		one, _ := bubble(t, on, seed, simFlaw{})
		two, _ := bubble(t, on, seed, simFlaw{})
		for i := range max(len(one.trace), len(two.trace)) {
			if i >= len(one.trace) || i >= len(two.trace) || one.trace[i] != two.trace[i] {
				t.Fatalf("seed %d: line %d of the trace follows on\n%s\nand is not the same again", seed, i, strings.Join(one.trace[max(0, i-5):i], "\n"))
			}
		}
		if !slices.EqualFunc(one.log, two.log, func(a, b simMessage) bool { return bytes.Equal(a.bytes, b.bytes) }) {
			t.Fatalf("seed %d: the logs differ", seed)
		}
	}
}

// flaws are safeties that a world takes away one at a time. Each must be noticed.
var flaws = []struct {
	name string
	flaw simFlaw
}{
	{"a checkpoint that does not ask whose the partition is", simFlaw{spoil: replace("AND epoch = $7", "AND $7 = $7")}},
	{"a checkpoint that does not ask where the partition stands", simFlaw{spoil: replace("AND position = $6", "AND $6 = $6")}},
	{"a lease that is taken while somebody holds it", simFlaw{spoil: replace("AND (owner = '' OR expires <= $5)", "AND $5 = $5")}},
	{"a lease that is taken under the same epoch", simFlaw{spoil: replace("epoch = epoch + 1", "epoch = epoch")}},
	{"a database that forgets fingerprints", simFlaw{lose: "INSERT INTO dedup_segments"}},
	{"a database that forgets answers", simFlaw{lose: "INSERT INTO answers"}},
	{"a database that forgets what is to be forwarded", simFlaw{lose: "INSERT INTO outbox"}},
	{"a database that forgets accounts", simFlaw{lose: "INSERT INTO account_states"}},
	{"a database that forgets timers", simFlaw{lose: "INSERT INTO timers"}},
	{"a ledger that forgets lines", simFlaw{lose: "INSERT INTO ledger"}},
	{"a log that gives a position twice", simFlaw{forgetful: true}},
	{"a log that acknowledges what it has not written", simFlaw{hasty: true}},
}

func replace(text, by string) func(string) string {
	return func(query string) string { return strings.ReplaceAll(query, text, by) }
}

func TestTheCheckerNoticesWhatIsMissing(t *testing.T) {
	for _, c := range flaws {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			on := bench(t, c.flaw)
			for seed := range uint64(100) {
				if _, err := bubble(t, on, seed, c.flaw); err != nil {
					t.Logf("at seed %d: %.300v", seed, err)
					return
				}
			}
			t.Error("not noticed in 100 seeds")
		})
	}
}

func TestAPartitionThatFallsBehindKeepsNoMoreThanItsQueueInMemory(t *testing.T) {
	on := bench(t, simFlaw{})
	if err := on.empty(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w, err := newWorld(on, 1, simFlaw{})
		if err != nil {
			t.Fatal(err)
		}
		defer w.end()
		w.calm = true
		n := w.add()
		w.letAll(n)
		for i := range 1000 {
			w.append([]event.Record{{Kind: event.KindEvent, Source: "app", ID: strconv.Itoa(i), Key: "acme", Type: "speaker.added"}})
			synctest.Wait()
		}
		w.letAll(n)
		p := n.runner.owned[event.Partition("acme", w.partitions)]
		if len(p.in) != cap(p.in) || p.queued.Load() != uint64(cap(p.in)) {
			t.Fatalf("%d messages wait, up to %d; want %d", len(p.in), p.queued.Load(), cap(p.in))
		}
		for _, other := range n.runner.partitions() {
			if len(other.in) > cap(p.in) {
				t.Errorf("partition %d holds %d messages", other.n, len(other.in))
			}
		}
		if err := w.settle(); err != nil {
			t.Fatal(err)
		}
		if p.committed != uint64(len(w.log)) {
			t.Errorf("in the end it stands at %d of %d", p.committed, len(w.log))
		}
	})
}
