package runner

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/store"
)

// The simulation: several nodes with the product's own engine, runner and store over real
// SQLite, and a world around them in which every reach to the outside may fail, get its
// answer lost, take long, or be the node's last. One seed decides all of it. See ADR 0021.

// flaw is a safety that the world's wiring takes away, to see whether the checker notices.
type simFlaw struct {
	spoil     dbtest.Spoil // what the database is told instead
	lose      string       // statements that begin so are acknowledged and not done
	forgetful bool         // the log gives a position twice
	hasty     bool         // the log acknowledges what it has not written
}

// world is one run.
type world struct {
	seed  uint64
	rng   *rand.Rand
	flaw  simFlaw
	trace []string
	began time.Time

	partitions int
	db         *db.DB
	store      *store.Store
	bench      simBench
	nodes      []*simNode
	tasks      int        // ever
	writes     *partition // of the task that is about to begin

	// Time and the end of a context wake several tasks at once: what they share with each other
	// is guarded. All else is touched by one at a time.
	mu    sync.Mutex
	log   []simMessage
	grown chan struct{} // closed and replaced when the log grows

	sqlFaults, logFaults float64 // how often reaching out goes wrong
	full                 bool    // the disk, for a while
	calm                 bool    // no more faults
	faults, steps        int
	commits, looked      int // transactions; and at how many of them positions were looked at

	positions map[int]uint64 // the last seen, by partition
	epochs    map[int]int64
	taken     map[[2]int64]bool // partition and epoch
	clients   simClients
	wrong     error // the first thing seen that must not be
}

// node is a process: a runner that can be killed, frozen and replaced.
type simNode struct {
	w      *world
	n      int
	life   int // how many times it was started
	runner *Runner
	ctx    context.Context // the process's life
	cancel context.CancelFunc

	dead         bool
	down, doomed atomic.Bool   // down is dead as tasks see it; doomed dies as soon as the world looks
	asleep       int           // steps for which it is frozen
	skew         time.Duration // of its clock
	tasks        []*simTask
	pending      []*simSubmission // guarded by the world
	parts        []*partition     // whose loops run; guarded by the world
	busy         map[string]bool  // what one loop of a runner does one at a time
	ticked       clock.Time
}

// simBench is where worlds are simulated, one after the other: two databases that are emptied between them.
type simBench struct{ live, clean *dbtest.Server }

func newBench(dir string, f simFlaw) (b simBench, err error) {
	if b.live, err = dbtest.NewServer(context.Background(), filepath.Join(dir, "live.db"), f.spoil); err == nil {
		b.clean, err = dbtest.NewServer(context.Background(), filepath.Join(dir, "clean.db"), nil)
	}
	return b, err
}

func (b simBench) close() { b.live.Close(); b.clean.Close() }

func (b simBench) empty() error {
	return errors.Join(b.live.Empty(context.Background()), b.clean.Empty(context.Background()))
}

// newWorld makes a world whose log holds the beginning of every account, without nodes.
func newWorld(b simBench, seed uint64, f simFlaw) (*world, error) {
	w := &world{seed: seed, rng: rand.New(rand.NewPCG(seed, 0x68656164726f6f6d)), flaw: f, bench: b, began: time.Now(),
		grown: make(chan struct{}), positions: map[int]uint64{}, epochs: map[int]int64{}, taken: map[[2]int64]bool{}}
	w.partitions = 2 + w.rng.IntN(3)
	var err error
	if w.db, err = b.live.Open(context.Background(), w.lossy); err != nil {
		return w, err
	}
	w.store = store.New(w.db)
	if _, _, err := w.store.InitPartitions(context.Background(), w.partitions, simIdentity); err != nil {
		return w, err
	}
	w.clients.setUp(w)
	time.Sleep(24*time.Hour - 90*time.Second) // some clocks will have passed midnight, some not
	return w, nil
}

// end kills what lives, and lets the bubble go.
func (w *world) end() {
	for _, n := range w.nodes {
		w.kill(n)
	}
	w.db.Close()
	synctest.Wait()
}

// add starts another node.
func (w *world) add() *simNode {
	n := &simNode{w: w, n: len(w.nodes), dead: true}
	w.nodes = append(w.nodes, n)
	w.start(n)
	return n
}

// simulate runs a seed to its end and returns what it saw. It must be called in a bubble of
// synctest, on an empty bench.
func simulate(b simBench, seed uint64, f simFlaw) (*world, error) {
	w, err := newWorld(b, seed, f)
	if err != nil {
		return w, err
	}
	defer w.end()
	rates := []float64{0, 0.02, 0.05, 0.1, 0.2, 0.4}
	w.sqlFaults, w.logFaults = rates[w.rng.IntN(len(rates))], rates[w.rng.IntN(len(rates))]
	for range 2 + w.rng.IntN(2) {
		w.add()
	}
	for range 250 + w.rng.IntN(250) {
		if w.step(); w.wrong != nil {
			return w, w.wrong
		}
	}
	if err := w.settle(); err != nil {
		return w, err
	}
	return w, w.check()
}

// lossy is the wire, which a flaw may make deaf to some statements.
func (w *world) lossy(ctx context.Context, op dbtest.Op, query string, do func() error) error {
	if w.flaw.lose != "" && strings.HasPrefix(query, w.flaw.lose) {
		return nil
	}
	return w.wire(ctx, op, query, do)
}

// note adds a line to the trace.
func (w *world) note(n *simNode, format string, args ...any) {
	who := "world"
	if n != nil {
		who = fmt.Sprintf("node %d.%d", n.n, n.life)
	}
	w.trace = append(w.trace, fmt.Sprintf("%4d %-9s %s: ", w.steps, time.Since(w.began).Round(time.Millisecond), who)+fmt.Sprintf(format, args...))
}

func (w *world) blame(format string, args ...any) {
	if w.wrong == nil {
		w.wrong = fmt.Errorf(format, args...)
		w.note(nil, "WRONG: %v", w.wrong)
	}
}

// start begins a node's next life.
func (w *world) start(n *simNode) {
	n.life++
	n.dead, n.asleep, n.ticked = false, 0, 0
	n.down.Store(false)
	n.doomed.Store(false)
	n.busy = map[string]bool{}
	w.mu.Lock()
	n.parts = nil
	w.mu.Unlock()
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.skew = 0
	if w.rng.IntN(3) == 0 {
		n.skew = time.Duration(w.rng.Int64N(int64(4*time.Minute))) - 2*time.Minute
	}
	e := &simLog{w, n}
	// All accounts stay in memory, or none that need not: which of several are forgotten is up to Go's maps.
	n.runner = newRunner(Options{Store: w.store, Log: e, Writer: e, Clock: clock.Following(func() time.Time { return time.Now().Add(n.skew) }), Logger: slog.New(slog.DiscardHandler),
		Owner: fmt.Sprintf("node-%d.%d", n.n, n.life), Address: fmt.Sprint(n.n), Partitions: w.partitions, Memory: []int{1, 1 << 30}[w.rng.IntN(2)]})
	n.runner.stop = func() {}
	n.runner.begin = func(p *partition) {
		if lease := [2]int64{int64(p.n), p.epoch}; w.taken[lease] {
			w.blame("partition %d was taken twice under epoch %d", p.n, p.epoch)
		} else {
			w.taken[lease] = true
		}
		w.epochs[p.n] = max(w.epochs[p.n], p.epoch)
		w.mu.Lock()
		n.parts = append(n.parts, p)
		w.mu.Unlock()
		w.note(n, "owns partition %d from %d under epoch %d", p.n, p.committed, p.epoch)
	}
	w.note(n, "starts")
	w.spawn(n, n.ctx, "reader", n.runner.read)
	w.begin(n, "lease", "acquire", func(ctx context.Context) { w.final(n, n.runner.acquire(ctx)) })
}

// begin starts what one loop of the runner does, one at a time.
func (w *world) begin(n *simNode, loop, name string, f func(context.Context)) {
	if n.busy[loop] {
		return
	}
	busy := n.busy
	busy[loop] = true
	w.spawn(n, n.ctx, name, f).ended = func() { busy[loop] = false }
}

// final looks for an error that the runner would not get over.
func (w *world) final(n *simNode, err error) {
	if err != nil && final(err) {
		w.blame("node %d gives up: %v", n.n, err)
	}
}

// kill ends a node at once: nothing it does from now on reaches anything.
func (w *world) kill(n *simNode) {
	if n.dead {
		return
	}
	n.dead = true
	n.down.Store(true)
	if len(n.waiting()) > 0 && w.rng.IntN(2) == 0 {
		w.flush(n, fateAfter) // this was on its way already
	}
	w.mu.Lock()
	n.pending = nil
	w.mu.Unlock()
	n.cancel()
	synctest.Wait()
	for round := 0; len(n.tasks) > 0; round++ {
		for _, t := range slices.Clone(n.tasks) {
			if t.parked.Load() != nil {
				t.release(fateBefore)
			}
		}
		w.collect(n)
		if round > 50 {
			panic(fmt.Sprintf("seed %d: node %d does not die: %s", w.seed, n.n, n.tasks[0].name))
		}
		if len(n.tasks) > 0 {
			time.Sleep(time.Second)
			synctest.Wait()
		}
	}
	w.note(n, "dead")
}

// collect hears of the tasks that have ended.
func (w *world) collect(n *simNode) {
	n.tasks = slices.DeleteFunc(n.tasks, func(t *simTask) bool {
		if t.done.Load() {
			t.ended()
		}
		return t.done.Load()
	})
}

// look sees after every step what must be true at any time.
func (w *world) look() {
	for _, n := range w.nodes {
		if n.dead {
			continue
		}
		w.collect(n)
		if n.doomed.Load() {
			w.kill(n)
			continue
		}
		select {
		case err := <-n.runner.failed:
			w.blame("node %d stopped: %v", n.n, err)
		default:
		}
	}
	if w.looked == w.commits {
		return
	}
	w.looked = w.commits
	rows, err := w.db.Read().Query("SELECT partition, position, epoch FROM partitions")
	if err != nil {
		w.blame("%v", err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var p int
		var position uint64
		var epoch int64
		if err := rows.Scan(&p, &position, &epoch); err != nil {
			w.blame("%v", err)
		}
		if position < w.positions[p] || epoch < w.epochs[p] {
			w.blame("partition %d went from position %d, epoch %d to %d, %d", p, w.positions[p], w.epochs[p], position, epoch)
		}
		if end := w.last(); position > end {
			w.blame("partition %d stands at %d of a log that ends at %d", p, position, end)
		}
		w.positions[p], w.epochs[p] = position, epoch
	}
	if err := rows.Err(); err != nil {
		w.blame("%v", err)
	}
}

// rowsOf returns every row of a query as text.
func rowsOf(d *db.DB, query string) ([]string, error) {
	rows, err := d.Read().Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []string
	for rows.Next() {
		values := make([]sql.RawBytes, len(names))
		dst := make([]any, len(names))
		for i := range values {
			dst[i] = &values[i]
		}
		if err := rows.Scan(dst...); err != nil {
			return nil, err
		}
		var line strings.Builder
		for i := range values {
			fmt.Fprintf(&line, "%s=%q ", names[i], values[i])
		}
		out = append(out, line.String())
	}
	slices.Sort(out)
	return out, rows.Err()
}

// tail is the end of the trace.
func (w *world) tail(t testing.TB) {
	from := max(0, len(w.trace)-60)
	if os.Getenv("HEADROOM_SEED") != "" {
		from = 0
	}
	t.Logf("%d partitions, %d nodes, faults of the database %g, of the log %g\n%s", w.partitions, len(w.nodes), w.sqlFaults, w.logFaults,
		strings.Join(w.trace[from:], "\n"))
}
