package runner

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/telemetry"
)

// errLost is what waiters hear when the partition went to another process.
var errLost = fault.New(fault.Unavailable, "partition_moved",
	"the account's partition has just moved to another node").
	WithMend("send the call again with the same Idempotency-Key: it takes effect once")

func rulesTooNew(n int) error {
	return fault.New(fault.Internal, "rules_newer", "the data follows rules %d and this binary knows %d", n, engine.Rules).
		WithMend("start the newer version of headroom that wrote the data")
}

// processStart anchors lease times to the monotonic clock.
var processStart = time.Now()

// partition is one partition while this process owns it.
type partition struct {
	r     *Runner
	n     int
	epoch int64

	metrics *partitionMetrics

	in         chan item
	queued     atomic.Uint64                   // position of the last message put into in
	at         atomic.Uint64                   // position of state, for whoever does not want to wait for mu
	active     atomic.Pointer[catalog.Catalog] // cat, for whoever does not want to wait for mu
	late       atomic.Bool                     // too far behind for more events
	validUntil atomic.Int64                    // end of the lease, nanoseconds since processStart
	asked      atomic.Uint64                   // position up to which some node waits for a checkpoint
	gone       chan struct{}                   // closed when lost
	loseOnce   sync.Once

	mu        lock
	records   event.Records // memory for those of one section
	state     *engine.State
	torn      bool // the process stopped within a message: the state holds a part of it and must not be written or read
	cat       *catalog.Catalog
	committed uint64
	answers   map[event.Fingerprint][]chan engine.Answer
	stepped   waiters
	durable   waiters
	watched   map[string]*watched // accounts that somebody watches; nearly always none
	watchDue  clock.Time          // no later than the first due of them; zero: none is

	traced []trace.SpanContext // steps since the last harvest that are traced; nearly always none

	// Only commitLoop, and close after it, touch these.
	outbox    bool                // forwards may be waiting in SQL
	harvested *engine.Checkpoint  // taken from the state, not committed yet
	leaving   []trace.SpanContext // traced of harvested
	effect    telemetry.Shared    // of the last checkpoint, while its forwards are not appended
}

func newPartition(r *Runner, n int, epoch int64) *partition {
	return &partition{r: r, n: n, epoch: epoch, metrics: r.metrics.of(n), mu: make(lock, 1), in: make(chan item, 64), gone: make(chan struct{}),
		answers: make(map[event.Fingerprint][]chan engine.Answer), outbox: true}
}

// lose drops the partition without another write.
func (p *partition) lose() {
	p.r.drop(p) // first: who is told that it is gone finds it gone
	p.loseOnce.Do(func() {
		close(p.gone)
		go func() { // the caller may hold mu
			p.mu.Lock()
			defer p.mu.Unlock()
			p.tellAll()
		}()
	})
}

func (p *partition) isGone() bool {
	select {
	case <-p.gone:
		return true
	default:
		return false
	}
}

// fresh says whether the lease surely still holds.
func (p *partition) fresh() bool { return int64(time.Since(processStart)) < p.validUntil.Load() }

func (p *partition) nextDue() clock.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	due := p.state.NextDue()
	if due == 0 || p.watchDue != 0 && p.watchDue < due {
		due = p.watchDue
	}
	return due
}

// step applies messages in order until ctx ends or the partition is lost.
func (p *partition) step(ctx context.Context) {
	for {
		select {
		case it := <-p.in:
			if err := p.apply(ctx, it); err != nil {
				if ctx.Err() == nil && !p.isGone() {
					p.r.Logger.Error("a partition stopped stepping", "partition", p.n, "position", it.position, "error", err)
					p.r.fail(err)
				}
				return
			}
		case <-p.gone:
			return
		case <-ctx.Done():
			return
		}
	}
}

// pass moves the partition past a message that holds nothing for it, without waking its
// goroutine; false when something before it is still to be stepped, or somebody reads.
func (p *partition) pass(position uint64) bool {
	if !p.mu.TryLock() {
		return false
	}
	defer p.mu.Unlock()
	if p.state.Position != position-1 {
		return false
	}
	p.reached(position)
	return true
}

// apply steps all records of one message.
func (p *partition) apply(ctx context.Context, it item) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isGone() { // and the state may hold accounts that a later owner has written
		return errLost
	}
	if it.position <= p.state.Position {
		return nil
	}
	began, duplicates := time.Now(), int64(0)
	spans := p.r.Tracer.Share("step", p.concerning(it.position))
	p.records.Reset()
	for _, section := range it.sections {
		if err := p.records.Decode(section); err != nil {
			return err
		}
	}
	if err := p.load(ctx, p.records.List); err != nil {
		return err
	}
	for i := range p.records.List {
		duplicate, err := p.one(ctx, &p.records.List[i])
		if err != nil {
			p.torn = true
			return err
		}
		if duplicate {
			duplicates++
		}
	}
	p.reached(it.position)
	if len(p.watched) > 0 {
		p.tellOf(p.records.List)
	}
	p.metrics.stepped(p.records.List, duplicates, time.Since(began))
	p.records.Reset() // an idle partition must not keep the message in memory
	p.trace(spans, it.position)
	return nil
}

// reached notes that everything up to position was stepped.
func (p *partition) reached(position uint64) {
	p.state.Position = position
	p.at.Store(position)
	p.stepped.reached(position)
}

// one steps a record and says whether it was counted before.
func (p *partition) one(ctx context.Context, rec *event.Record) (duplicate bool, err error) {
	ans := engine.Step(p.state, rec, p.cat)
	if p.state.Catalog != p.cat.Version {
		var c *catalog.Catalog
		if err := p.retry(ctx, func() (err error) { c, err = p.r.activated(ctx, p.state.Catalog, rec); return }); err != nil {
			return false, err
		}
		p.use(c)
	}
	if len(p.answers) > 0 && rec.ID != "" {
		fp := event.FingerprintOf(rec.Source, rec.ID)
		for _, ch := range p.answers[fp] {
			ch <- ans
		}
		delete(p.answers, fp)
	}
	return ans.Duplicate, nil
}

// use makes c the active catalog.
func (p *partition) use(c *catalog.Catalog) {
	p.cat = c
	p.active.Store(c)
	p.tellAll()
}

// load brings in from SQL what stepping the records needs.
func (p *partition) load(ctx context.Context, records []event.Record) error {
	for {
		need := p.state.Needs(records)
		if need.Empty() {
			return nil
		}
		if err := p.retry(ctx, func() error { return p.fetch(ctx, need) }); err != nil {
			return err
		}
	}
}

// unreadable is an error of what the database answered: asking again does not help.
type unreadable struct{ error }

func (p *partition) fetch(ctx context.Context, need engine.Needs) (err error) {
	st := p.r.Store
	defer func() {
		// What was read is of our own last checkpoint only if nobody has taken the partition
		// since. Asked after the read: a later owner could only have written before it by
		// raising the epoch first.
		if err == nil {
			var mine bool
			if mine, err = st.Holds(ctx, p.n, p.epoch); err == nil && !mine {
				p.lose()
				err = errLost
			}
		}
	}()
	if len(need.Accounts) > 0 {
		stored, err := st.AccountStates(ctx, p.n, need.Accounts)
		if err != nil {
			return err
		}
		for _, key := range need.Accounts {
			if err := p.state.LoadAccount(key, stored[key]); err != nil {
				return unreadable{err}
			}
		}
	}
	for _, key := range need.Sets {
		rows, err := st.Sets(ctx, p.n, key)
		if err != nil {
			return err
		}
		if err := p.state.LoadSets(key, rows); err != nil {
			return unreadable{err}
		}
	}
	for _, day := range need.Days {
		fps, err := st.Segments(ctx, p.n, day)
		if err != nil {
			return err
		}
		p.state.LoadDay(day, fps)
	}
	for _, call := range need.Answers {
		row, kept, err := st.Answer(ctx, call.Account, call.Fingerprint)
		if err != nil {
			return err
		}
		var stored *engine.AnswerRow
		if kept {
			stored = &row
		}
		if err := p.state.LoadAnswer(call, stored); err != nil {
			return unreadable{err}
		}
	}
	return nil
}

// retry repeats f, with growing pauses, until it succeeds, the partition is lost or ctx ends.
func (p *partition) retry(ctx context.Context, f func() error) error {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := f()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.As(err, new(unreadable)) {
			return err
		}
		p.r.Logger.Warn("the database did not answer; trying again", "partition", p.n, "position", p.at.Load(), "error", err)
		select {
		case <-p.gone:
			return errLost
		default:
		}
		if !pause(ctx, wait) {
			return ctx.Err()
		}
	}
}

// After a checkpoint comes a pause of so many times what it took, up to a most: under load
// an account that changes all the time is written less often, and the disk belongs to the
// log. Lists are that far behind at the most. While somebody waits for a checkpoint the pause is the shorter one.
const (
	coalesce          = 40
	coalesceMost      = 3 * time.Second
	coalesceAsked     = 8
	coalesceAskedMost = 1500 * time.Millisecond
)

// idleCheckpoint is how often a partition in which nothing changed moves its position on.
const idleCheckpoint = 10 * time.Second

// commitLoop writes a checkpoint whenever something changed, at most once per interval.
func (p *partition) commitLoop(ctx context.Context) {
	var took time.Duration
	last := time.Now()
	for pause(ctx, p.r.CheckpointEvery) && !p.isGone() {
		p.mu.Lock()
		asked := p.durable.waiting() || p.asked.Load() > p.committed
		due := p.state.Position > p.committed && (p.state.Changed() || asked || time.Since(last) > idleCheckpoint)
		p.mu.Unlock()
		rest := min(coalesce*took, coalesceMost)
		if asked {
			rest = min(coalesceAsked*took, coalesceAskedMost)
		}
		if due && time.Since(last) >= rest {
			began := time.Now()
			if err := p.commit(ctx); err != nil {
				return
			}
			last = time.Now()
			took = last.Sub(began)
		}
		if p.outbox {
			p.forward(ctx)
		}
	}
}

// commit harvests and writes one checkpoint. An error means that the partition is no longer ours.
func (p *partition) commit(ctx context.Context) error {
	if p.harvested == nil {
		p.mu.Lock()
		if p.torn {
			p.mu.Unlock()
			return errLost
		}
		if p.state.Position == p.committed {
			p.mu.Unlock()
			return nil
		}
		p.harvested = p.state.Harvest(p.cat)
		p.leaving, p.traced = p.traced, nil
		p.mu.Unlock()
		p.harvested.Epoch, p.harvested.Stream = p.epoch, p.r.Log.Identity()
	}
	c, began := p.harvested, time.Now()
	spans := p.r.Tracer.Share("checkpoint", p.leaving)
	err := p.retry(ctx, func() error {
		err := p.r.Store.Commit(ctx, c)
		switch fault.CodeOf(err) {
		case "already_committed": // written before, the answer was lost on the way
			return nil
		case "lost_partition":
			p.r.Logger.Warn("checkpoint refused: another process owns the partition", "partition", p.n, "position", c.To)
			p.lose()
		}
		return err
	})
	if err != nil {
		spans.End(attribute.String("error", fault.CodeOf(err)))
		return err
	}
	p.leaving = nil
	p.ended(spans, c)
	p.harvested = nil
	p.outbox = p.outbox || len(c.Effects.Forwards) > 0
	p.mu.Lock()
	p.committed = c.To
	p.state.Forget(p.r.Memory / p.r.Partitions)
	p.metrics.keys.Store(int64(p.state.Size()))
	p.metrics.memory.Store(int64(p.state.Bytes()))
	p.durable.reached(c.To)
	p.mu.Unlock()
	p.metrics.committed(c, time.Since(began))
	p.r.announce()
	return nil
}

// forward appends what the outbox holds to the log. Repeating it is harmless: the records
// have derived ids and are counted once.
func (p *partition) forward(ctx context.Context) {
	effect := p.effect
	p.effect = telemetry.Shared{}
	defer func() { effect.End() }()
	ctx = effect.Within(ctx)
	for {
		rows, err := p.r.Store.Outbox(ctx, p.n, 1000)
		if err == nil && len(rows) == 0 {
			p.outbox = false
			return
		}
		if err == nil {
			records := make([]event.Record, len(rows))
			ids := make([]int64, len(rows))
			for i := range rows {
				records[i], ids[i] = rows[i].Record, rows[i].ID
			}
			if _, err = p.r.Writer.Submit(ctx, records...); err == nil {
				err = p.r.Store.DeleteOutbox(ctx, ids)
			}
		}
		if err != nil {
			if ctx.Err() == nil {
				p.r.Logger.Warn("forwarding waits", "partition", p.n, "position", p.at.Load(), "error", err)
			}
			return
		}
	}
}

// close writes a last checkpoint.
func (p *partition) close() {
	if p.isGone() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := p.commit(ctx)
	if err == nil { // that may have been one whose commit was cut off; this is what came after it
		err = p.commit(ctx)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		p.r.Logger.Warn("last checkpoint not written; the log holds it all", "partition", p.n, "position", p.at.Load(), "error", err)
	}
	p.effect.End()
	p.lose()
}
