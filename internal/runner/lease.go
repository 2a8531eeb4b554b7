package runner

import (
	"context"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// lease renews what is owned and tries for what is free, three times in a lease's life.
func (r *Runner) lease(ctx context.Context) {
	for pause(ctx, r.LeaseTTL/3) {
		r.renew(ctx)
		if err := r.acquire(ctx); err != nil && ctx.Err() == nil {
			if final(err) {
				r.Logger.Error("partitions cannot be taken", "error", err)
				r.fail(err)
				return
			}
			r.Logger.Warn("partitions could not be taken; trying again", "error", err)
		}
	}
}

func (r *Runner) renew(ctx context.Context) {
	parts := r.partitions()
	if len(parts) == 0 {
		return
	}
	epochs := make(map[int]int64, len(parts))
	for _, p := range parts {
		epochs[p.n] = p.epoch
	}
	asked := time.Now()
	held, err := r.Store.Renew(ctx, r.Owner, epochs, r.LeaseTTL)
	if err != nil {
		if ctx.Err() == nil {
			r.Logger.Warn("leases could not be renewed; answers say stale until they are", "error", err)
		}
		return
	}
	for _, p := range parts {
		if slices.Contains(held, p.n) {
			p.validUntil.Store(int64(asked.Add(r.LeaseTTL).Sub(processStart)))
		} else {
			r.Logger.Warn("partition lost to another process", "partition", p.n, "position", p.at.Load())
			p.lose()
		}
	}
}

// acquire tries for every partition that is not owned here.
func (r *Runner) acquire(ctx context.Context) error {
	var won bool
	// Also when a later partition cannot be opened: the reader may be waiting for the first.
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if won && r.restart != nil {
			r.restart()
		}
	}()
	for n := range r.Partitions {
		r.mu.Lock()
		_, mine := r.owned[n]
		r.mu.Unlock()
		if mine {
			continue
		}
		asked := time.Now()
		l, ok, err := r.Store.Acquire(ctx, n, r.Owner, r.Address, r.LeaseTTL)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		p, err := r.open(ctx, l)
		if err != nil {
			return err
		}
		p.validUntil.Store(int64(asked.Add(r.LeaseTTL).Sub(processStart)))
		r.mu.Lock()
		r.owned[n] = p
		r.mu.Unlock()
		r.begin(p)
		won = true
	}
	return nil
}

// open loads a partition as its last checkpoint left it, after making sure that the log is
// the one the checkpoint speaks of.
func (r *Runner) open(ctx context.Context, l store.Lease) (*partition, error) {
	first, last, err := r.Log.Bounds(ctx)
	if err != nil {
		return nil, err
	}
	if err := eventlog.Verify(l.Stream, l.Position, r.Log.Identity(), first, last); err != nil {
		return nil, err
	}
	if l.Rules > engine.Rules {
		return nil, rulesTooNew(l.Rules)
	}
	timers, err := r.Store.Timers(ctx, l.Partition)
	if err != nil {
		return nil, err
	}
	dues := make(map[string]clock.Time, len(timers))
	for _, t := range timers {
		dues[t.Account] = t.Due
	}
	c, err := r.catalog(ctx, l.Catalog)
	if err != nil {
		return nil, err
	}
	p := newPartition(r, l.Partition, l.Epoch)
	p.state = engine.NewState(l.Partition, l.Position, l.Now, l.Catalog, l.Rules, dues)
	p.use(c)
	p.metrics.held.Store(l.Position)
	p.queued.Store(l.Position)
	p.at.Store(l.Position)
	p.committed = l.Position
	return p, nil
}

func (r *Runner) drop(p *partition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.owned[p.n] == p {
		delete(r.owned, p.n)
	}
}

// final says whether trying again cannot help: the data and the log do not belong together,
// or come from a newer version.
func final(err error) bool {
	switch fault.CodeOf(err) {
	case "log_foreign", "log_behind", "log_truncated", "rules_newer", "catalog_invalid", "catalog_not_found":
		return true
	}
	return false
}
