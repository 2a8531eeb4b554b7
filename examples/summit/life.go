// Package summit is Summitry, the demo's sample company: a platform for virtual summits. It
// has a catalog, a simulated life of its customers, and the product page that a visitor of
// the demo uses. It knows Headroom as any product does: by its public API and a secret key.
package summit

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Catalog is what Summitry sells and offers, as PUT /v1/catalog takes it.
//
//go:embed catalog.yaml
var Catalog []byte

// Company is its name.
const Company = "Summitry"

// ShownAccount is the customer that the product page shows. At the end of a life it is on
// Starter with 8 of 10 speakers, has no recordings, and was never offered anything.
const ShownAccount = "aurora-events"

// Life is a simulated life of Summitry's customers, lived through the public API of a
// server with a test clock that stands at Start. The same seed, size and end always live
// the same life: every customer draws from a source of its own and makes its calls in its
// own order, so how calls of different customers interleave changes nothing.
type Life struct {
	URL, Key string    // of the server
	Seed     uint64    // 0 is a life like any other
	Accounts int       // how many customers there will have been; 300 when zero
	Months   int       // how long; 18 when zero
	End      time.Time // "today": where the clock stands afterwards
	// Progress is called after each month and at the end, if set.
	Progress func(Progress)
}

// Progress is how far a life is.
type Progress struct {
	Month    time.Time // the month that was lived, its first day
	Accounts int       // who have signed up
	Paying   int
	Events   int // sent so far
	Calls    int // made so far
	Missed   int // of them met a conflict: what the customer wanted was no longer there to have
}

// Start returns when the life begins: the server's test clock must stand there.
func (l Life) Start() time.Time {
	return l.End.UTC().AddDate(0, -cmp.Or(l.Months, 18), 0)
}

// slots are the hours of a day at which things happen, with events in between.
var slots = []int{9, 15}

// workers is how many customers act at the same time: enough that their calls share a sync
// of the disk.
const workers = 32

// eventBatch is how many events go in one request.
const eventBatch = 1000

// run is a life being lived.
type run struct {
	Life
	api      *api
	hosts    []*host
	start    time.Time
	days     int
	now      time.Time // of the slot
	day      int       // since start
	slot     int
	position string // of the newest events: reads that carry it see them
	fresh    bool   // events were sent in the slot before
	events   int
	missed   atomic.Int64
	desk     desk
}

// Run lives the life. It applies the catalog first.
func (l Life) Run(ctx context.Context) error {
	l.Accounts, l.Months = cmp.Or(l.Accounts, 300), cmp.Or(l.Months, 18)
	r := &run{Life: l, api: newAPI(l.URL, l.Key), start: l.Start()}
	r.days = int(l.End.Sub(r.start) / (24 * time.Hour))
	r.hosts = cast(l.Seed, l.Accounts, r.days)
	r.desk.known = map[string]bool{}
	var clock struct {
		Now  time.Time
		Test bool
	}
	if err := r.api.call(ctx, "GET", "/v1/clock", nil, &clock); err != nil {
		return err
	}
	if !clock.Test || clock.Now.After(r.start.Add(time.Hour)) {
		return fmt.Errorf("the life begins at %s, but the server's clock stands at %s: start it with --test-clock %s and an empty data directory",
			r.start.Format(time.RFC3339), clock.Now.Format(time.RFC3339), r.start.Format(time.RFC3339))
	}
	if err := r.api.call(ctx, "PUT", "/v1/catalog?note=Summitry&file=catalog.yaml", Catalog, nil); err != nil {
		return err
	}
	for r.day = range r.days {
		for r.slot = range slots {
			if err := r.step(ctx); err != nil {
				return err
			}
		}
		if tomorrow := r.start.AddDate(0, 0, r.day+1); tomorrow.Month() != r.now.Month() || r.day == r.days-1 {
			r.tell()
		}
	}
	return r.advance(ctx, l.End)
}

// step lives one slot: time moves on, every customer who is at work acts, then what they
// did reaches Headroom as events.
func (r *run) step(ctx context.Context) error {
	// Not all on the hour: nobody does.
	minute := time.Duration((r.day*37+r.slot*11)%60) * time.Minute
	if err := r.advance(ctx, r.start.Truncate(24*time.Hour).AddDate(0, 0, r.day).Add(time.Duration(slots[r.slot])*time.Hour+minute)); err != nil {
		return err
	}
	if err := r.desk.work(ctx, r); err != nil {
		return err
	}
	if err := r.outages(ctx); err != nil {
		return err
	}
	if err := r.act(ctx); err != nil {
		return err
	}
	return r.send(ctx)
}

func (r *run) advance(ctx context.Context, to time.Time) error {
	r.now = to
	return r.api.call(ctx, "POST", "/v1/clock/advance", map[string]any{"to": to.UTC().Format(time.RFC3339)}, nil)
}

// act lets the customers who have something to do make their calls, some at a time, each in
// its own order.
func (r *run) act(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan *host)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for h := range queue {
				err := h.live(ctx, r)
				if no, ok := errors.AsType[*refused](err); ok && no.Status == http.StatusConflict {
					r.missed.Add(1)
					err = h.lookAgain(ctx, r)
				}
				if err != nil {
					cancel(fmt.Errorf("%s on %s: %w", h.key, r.now.Format(time.DateOnly), err))
				}
			}
		})
	}
	for _, h := range r.hosts {
		if h.acts(r) && ctx.Err() == nil {
			queue <- h
		}
	}
	close(queue)
	running.Wait()
	return context.Cause(ctx)
}

// send posts the events of the slot, in the order of the customers.
func (r *run) send(ctx context.Context) error {
	var batch []event
	for _, h := range r.hosts {
		batch = append(batch, h.queue...)
		h.queue = h.queue[:0]
	}
	for part := range slices.Chunk(batch, eventBatch) {
		var answer struct {
			Position string
			Rejected []struct{ Code, Detail string }
		}
		if err := r.api.call(ctx, "POST", "/v1/events", part, &answer); err != nil {
			return err
		}
		if len(answer.Rejected) > 0 {
			return fmt.Errorf("%d events were refused: %s", len(answer.Rejected), answer.Rejected[0].Detail)
		}
		r.position = answer.Position
	}
	r.events += len(batch)
	r.fresh = len(batch) > 0
	return nil
}

func (r *run) tell() {
	if r.Progress == nil {
		return
	}
	p := Progress{Month: r.now.AddDate(0, 0, 1-r.now.Day()).Truncate(24 * time.Hour), Events: r.events, Calls: int(r.api.calls.Load()), Missed: int(r.missed.Load())}
	for _, h := range r.hosts {
		if h.status != waiting {
			p.Accounts++
		}
		if h.status == paying {
			p.Paying++
		}
	}
	r.Progress(p)
}
