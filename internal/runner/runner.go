// Package runner runs Step over the log: it holds the leases of partitions, loads what
// Step needs, commits checkpoints, lets effects out after them, and answers calls and
// reads for the partitions that this process owns.
package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
	"github.com/headroomhq/headroom/internal/telemetry"
)

// Log is what a Runner needs of the durable log, *eventlog.Log, which says what each does.
// The simulation in this package's tests has another one, which fails when it is told to (ADR 0021).
type Log interface {
	Identity() string
	Bounds(ctx context.Context) (first, last uint64, err error)
	Read(ctx context.Context, from uint64, f func(position uint64, at time.Time, message []byte) error) error
	Ask(position uint64) error
	Asked(f func(position uint64)) (hush func(), err error)
}

// Writer appends to the log: *eventlog.Writer.
type Writer interface {
	Submit(ctx context.Context, records ...event.Record) (position uint64, err error)
}

// Options say what a Runner works with. Store, Log, Writer and Clock are required.
type Options struct {
	Store   *store.Store
	Log     Log
	Writer  Writer
	Clock   *clock.Clock
	Logger  *slog.Logger
	Owner   string // unique to this process
	Address string // where other nodes reach this one over HTTP, such as http://10.0.0.7:8080

	Partitions      int               // as fixed at first start
	LeaseTTL        time.Duration     // 5 s when zero
	CheckpointEvery time.Duration     // 200 ms when zero
	MaxLag          time.Duration     // how far behind a partition may be before Admit refuses; 30 s when zero
	Tracer          *telemetry.Tracer // none when nil
	Memory          int               // bytes for accounts in memory, an estimate; 1 GiB when zero
}

// Runner owns partitions. Safe for concurrent use.
type Runner struct {
	Options

	mu      sync.Mutex
	owned   map[int]*partition
	restart context.CancelFunc // makes the reader begin again from the lowest position
	commits chan struct{}      // closed and replaced at every commit

	begin    func(*partition) // starts the work on a partition that was just taken
	appended atomic.Uint64    // the log is known to go this far
	marks    marks
	metrics  *metrics
	catalogs sync.Map // version → *catalog.Catalog
	stop     context.CancelFunc
	running  sync.WaitGroup
	failed   chan error
}

// Start takes the partitions that are free and begins to step. It returns once it has
// tried each lease, with all partitions it could get caught up to the log's end.
func Start(ctx context.Context, o Options) (*Runner, error) {
	r := newRunner(o)
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = stop
	r.begin = func(p *partition) {
		r.running.Go(func() { p.step(run) })
		r.running.Go(func() { p.commitLoop(run) })
	}
	if err := r.acquire(ctx); err != nil {
		r.Close()
		return nil, err
	}
	_, last, err := r.Log.Bounds(ctx)
	if err != nil {
		r.Close()
		return nil, err
	}
	hush, err := r.Log.Asked(func(position uint64) {
		for _, p := range r.partitions() {
			p.asked.Store(max(p.asked.Load(), position))
		}
	})
	if err != nil {
		r.Close()
		return nil, err
	}
	r.stop = func() { stop(); hush() }
	r.running.Go(func() { r.read(run) })
	r.running.Go(func() { r.lease(run) })
	r.running.Go(func() { r.tick(run) })
	r.running.Go(func() { r.watch(run) })
	for _, p := range r.partitions() {
		if err := p.wait(ctx, last); err != nil && !errors.Is(err, errLost) {
			r.Close()
			return nil, err
		}
	}
	return r, nil
}

// newRunner returns a runner that has not begun to work.
func newRunner(o Options) *Runner {
	if o.LeaseTTL == 0 {
		o.LeaseTTL = 5 * time.Second
	}
	if o.CheckpointEvery == 0 {
		o.CheckpointEvery = 200 * time.Millisecond
	}
	if o.Memory == 0 {
		o.Memory = 1 << 30
	}
	if o.MaxLag == 0 {
		o.MaxLag = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Runner{Options: o, metrics: newMetrics(), owned: make(map[int]*partition), commits: make(chan struct{}), failed: make(chan error, 1)}
}

// Failed delivers the error that made the runner stop working for good: the log or the
// database no longer hold what they held.
func (r *Runner) Failed() <-chan error { return r.failed }

// Close commits what was stepped, gives the leases back and stops. It does not close the
// store or the log.
func (r *Runner) Close() {
	r.stop()
	r.running.Wait()
	for _, p := range r.partitions() {
		p.close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		if err := r.Store.Release(ctx, p.n, p.epoch); err != nil {
			r.Logger.Warn("lease not given back; it will run out", "partition", p.n, "error", err)
		}
		cancel()
	}
}

func (r *Runner) fail(err error) {
	select {
	case r.failed <- err:
	default:
	}
}

// partitions returns those owned now, by number.
func (r *Runner) partitions() []*partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*partition, 0, len(r.owned))
	for _, p := range r.owned {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *partition) int { return a.n - b.n })
	return out
}

// read follows the log and hands every message to the partitions.
func (r *Runner) read(ctx context.Context) {
	for ctx.Err() == nil {
		rctx, cancel := context.WithCancel(ctx)
		r.mu.Lock()
		r.restart = cancel
		r.mu.Unlock()
		from, any := r.lowest()
		if !any {
			<-rctx.Done() // until a lease is won
			cancel()
			continue
		}
		err := r.Log.Read(rctx, from+1, func(position uint64, _ time.Time, message []byte) error {
			return r.dispatch(rctx, position, string(message))
		})
		cancel()
		if err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) && !errors.Is(err, errBehind) {
			r.Logger.Error("reading the log stopped", "error", err)
			if errors.Is(err, event.ErrCorrupt) {
				r.fail(err)
				return
			}
			pause(ctx, time.Second)
		}
	}
}

func (r *Runner) lowest() (position uint64, any bool) {
	for _, p := range r.partitions() {
		if at := p.queued.Load(); !any || at < position {
			position, any = at, true
		}
	}
	return position, any
}

// errBehind makes the reader begin again from the lowest position.
var errBehind = errors.New("a partition is further back")

// item is one log message as one partition sees it.
type item struct {
	position uint64
	sections []string // of this partition and of all, in the order of the message
}

func (r *Runner) dispatch(ctx context.Context, position uint64, message string) error {
	r.NoteAppended(position)
	own := make([][]string, r.Partitions)
	err := event.Sections(message, func(n int, records string) error {
		switch {
		case n == event.AllPartitions:
			for k := range own {
				own[k] = append(own[k], records)
			}
		case n >= len(own):
			return fmt.Errorf("%w: a section of partition %d, of %d", event.ErrCorrupt, n, len(own))
		default:
			own[n] = append(own[n], records)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("log message %d: %w", position, err)
	}
	for _, p := range r.partitions() {
		queued := p.queued.Load()
		if position <= queued {
			continue
		}
		if position > queued+1 { // just taken, and further back than this reader
			return errBehind
		}
		sections := own[p.n]
		if len(sections) == 0 && p.pass(position) {
			p.queued.Store(position)
			continue
		}
		select {
		case p.in <- item{position, sections}:
			p.queued.Store(position)
		case <-p.gone:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// tick puts the passing of time into the log.
func (r *Runner) tick(ctx context.Context) {
	for last := clock.Time(0); pause(ctx, 50*time.Millisecond); {
		last = r.tickAfter(ctx, last)
	}
}

// tickAfter appends a tick when a timer of an owned partition is due, or a minute after the
// last one, and returns the time of the last one. A test clock only moves by Advance.
func (r *Runner) tickAfter(ctx context.Context, last clock.Time) clock.Time {
	if r.Clock.IsTest() {
		return last
	}
	now := r.Clock.Now()
	due := now >= last+clock.Minute
	for _, p := range r.partitions() {
		if at := p.nextDue(); at != 0 && at <= now && at > last {
			due = true
		}
	}
	if !due {
		return last
	}
	if _, err := r.Writer.Submit(ctx, event.Record{Kind: event.KindTick, ReceivedAt: now}); err != nil {
		if ctx.Err() == nil {
			r.Logger.Warn("the passing of time could not be recorded", "error", err)
			pause(ctx, time.Second) // not twenty lines a second on a full disk
		}
		return last
	}
	return now
}

// pause waits for d; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// catalog returns the compiled version, from memory or the store; an empty one for "".
func (r *Runner) catalog(ctx context.Context, version string) (*catalog.Catalog, error) {
	if c, ok := r.catalogs.Load(version); ok {
		return c.(*catalog.Catalog), nil
	}
	if version == "" {
		return &catalog.Catalog{}, nil
	}
	stored, err := r.Store.Catalog(ctx, version)
	if err != nil {
		return nil, err
	}
	c, err := compile(version, []byte(stored.Text))
	if err != nil {
		return nil, err
	}
	r.catalogs.Store(version, c)
	return c, nil
}

// activated returns the version that a record made active. One that the database does not
// hold, because it was restored from an older backup, is put back from the record.
func (r *Runner) activated(ctx context.Context, version string, rec *event.Record) (*catalog.Catalog, error) {
	c, err := r.catalog(ctx, version)
	if fault.CodeOf(err) != "catalog_not_found" || rec.Kind != event.KindCatalog {
		return c, err
	}
	var body engine.Activation
	if unreadable := json.Unmarshal(rec.Body, &body); unreadable != nil || body.Text == "" {
		return nil, err
	}
	if err := r.Store.PutCatalog(ctx, store.Catalog{Version: version, Text: body.Text, CreatedAt: rec.ReceivedAt}); err != nil {
		return nil, err
	}
	return r.catalog(ctx, version)
}

// compile parses a stored version again. It was valid when it was stored.
func compile(version string, text []byte) (*catalog.Catalog, error) {
	return catalog.ParseStored(version, text)
}
