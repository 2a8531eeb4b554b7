package runner

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// Elsewhere is returned when another process owns the account's partition.
type Elsewhere struct{ Address string }

// Error says where to ask.
func (e *Elsewhere) Error() string { return "the account's partition is owned by " + e.Address }

// Submit makes records durable and returns the position of the last of them.
func (r *Runner) Submit(ctx context.Context, records ...event.Record) (uint64, error) {
	position, err := r.Writer.Submit(ctx, records...)
	r.NoteAppended(position)
	return position, err
}

// Call makes a record durable and returns what Step answered. The record must have an ID.
// After a time-out or a lost partition the call may still take effect; repeating it with
// the same ID tells.
func (r *Runner) Call(ctx context.Context, rec event.Record) (engine.Answer, uint64, error) {
	p, err := r.find(ctx, rec.Key)
	if err != nil {
		return engine.Answer{}, 0, err
	}
	wait, done := p.hear(&rec)
	defer done()
	position, err := r.Submit(ctx, rec)
	if err != nil {
		return engine.Answer{}, 0, err
	}
	a, err := wait(ctx)
	return a, position, err
}

// View is what a read sees of one account. It is only valid inside Read.
type View struct {
	State   *engine.State
	Account *engine.Account // nil when there is none
	Catalog *catalog.Catalog
	Stale   bool // the lease may have run out: another node may know more
}

// Read calls f with the account as stepped at least up to position after.
func (r *Runner) Read(ctx context.Context, key string, after uint64, f func(View) error) error {
	p, err := r.enter(ctx, key, after)
	if err != nil {
		return err
	}
	defer p.mu.Unlock()
	return f(p.view(key))
}

// ReadNow is Read where there is nothing to wait for: the partition is owned here, has stepped
// position after, and has the account in memory. Otherwise it returns false, f not called.
func (r *Runner) ReadNow(key string, after uint64, f func(View)) bool {
	n := event.Partition(key, r.Partitions)
	r.mu.Lock()
	p := r.owned[n]
	r.mu.Unlock()
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.torn || p.isGone() || p.state.Position < after || !p.state.Loaded(key) {
		return false
	}
	f(p.view(key))
	return true
}

// find returns the owned partition of key, waiting a moment while nobody owns it.
func (r *Runner) find(ctx context.Context, key string) (*partition, error) {
	n := event.Partition(key, r.Partitions)
	for deadline := time.Now().Add(2 * r.LeaseTTL); ; {
		r.mu.Lock()
		p := r.owned[n]
		r.mu.Unlock()
		if p != nil {
			return p, nil
		}
		leases, err := r.Store.Partitions(ctx)
		if err != nil {
			return nil, err
		}
		if address := leases[n].Address; leases[n].Owner != "" && leases[n].Owner != r.Owner {
			return nil, &Elsewhere{Address: address}
		}
		if time.Now().After(deadline) || !pause(ctx, 20*time.Millisecond) {
			return nil, fault.New(fault.Unavailable, "partition_unowned", "no node owns the account's partition yet").
				WithMend("try again in a few seconds")
		}
	}
}

// Active returns the catalog that is active at the partitions owned here, or by the last
// checkpoints when there are none.
func (r *Runner) Active(ctx context.Context) (*catalog.Catalog, error) {
	if mine := r.partitions(); len(mine) > 0 {
		return mine[0].active.Load(), nil
	}
	leases, err := r.Store.Partitions(ctx)
	if err != nil || len(leases) == 0 {
		return &catalog.Catalog{}, err
	}
	return r.catalog(ctx, leases[0].Catalog)
}

// WaitAll returns when every partition has stepped the message at position and, when
// durable, holds it in a checkpoint that lists can see.
func (r *Runner) WaitAll(ctx context.Context, position uint64, durable bool) error {
	mine := r.partitions()
	// All at once: each may be up to a checkpoint's interval away, and idle ones only write
	// one because somebody waits.
	errs := make([]error, len(mine))
	var waits sync.WaitGroup
	for i, p := range mine {
		wait := p.wait
		if durable {
			wait = p.waitDurable
		}
		waits.Go(func() { errs[i] = wait(ctx, position) })
	}
	waits.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if len(mine) == r.Partitions {
		return nil
	}
	for asked := (time.Time{}); ; {
		lowest, err := r.Store.MinPosition(ctx)
		if err != nil || lowest >= position {
			return err
		}
		if time.Since(asked) > time.Second {
			asked = time.Now()
			if err := r.Log.Ask(position); err != nil {
				return err
			}
		}
		if !pause(ctx, 20*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// Advance moves a test clock to the given time and returns when every partition has
// stepped there. Times in the past are refused.
func (r *Runner) Advance(ctx context.Context, to clock.Time) (uint64, error) {
	if !r.Clock.IsTest() {
		return 0, fault.New(fault.Conflict, "no_test_clock", "this server follows real time").
			WithMend("start it with --test-clock to move time by hand")
	}
	if now := r.Clock.Now(); to < now {
		return 0, fault.New(fault.Invalid, "clock_backwards", "time cannot go back from %s to %s", now, to).
			WithMend("advance to a later time; what happened cannot be undone: for an earlier one start a new sandbox with an empty data directory")
	}
	r.Clock.Set(to)
	position, err := r.Writer.Submit(ctx, event.Record{Kind: event.KindTick, ReceivedAt: to})
	if err != nil {
		return 0, err
	}
	return position, r.WaitAll(ctx, position, false)
}

// Position returns the token of a position in this log, which a read may carry.
func (r *Runner) Position(position uint64) string {
	return string(r.AppendPosition(nil, position))
}

// AppendPosition appends the token of a position.
func (r *Runner) AppendPosition(b []byte, position uint64) []byte {
	return strconv.AppendUint(append(append(b, r.Log.Identity()...), '-'), position, 10)
}

// ParsePosition reads a token; empty is position 0.
func (r *Runner) ParsePosition(token string) (uint64, error) {
	if token == "" {
		return 0, nil
	}
	id, n, _ := strings.Cut(token, "-")
	if position, err := strconv.ParseUint(n, 10, 64); err == nil && id == r.Log.Identity() {
		return position, nil
	}
	return 0, fault.New(fault.Invalid, "position_unknown", "position %q is not of this server's log", fault.Shorten(token)).
		WithMend("use the position that an answer of this server carried, unchanged; after a restore from a backup the log is another one: read once without it")
}

// Committed returns a channel that is closed at the next commit of any partition.
func (r *Runner) Committed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.commits
}

func (r *Runner) announce() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.commits)
	r.commits = make(chan struct{})
}
