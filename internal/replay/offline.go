package replay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/signal"
)

// A history from files, without any server: each event comes in when it happened.

// Files is a history from files.
type Files struct {
	// Events opens the events, NDJSON of CloudEvents, a line each; it is called again when they
	// turn out not to be in the order of time. Nil: there are none but Records.
	Events func() (io.ReadCloser, error)
	// Records are further records, such as accounts and subscriptions, in any order; each comes in at
	// its ReceivedAt, before events of the same time.
	Records []event.Record
	// Catalog is what was active all the time: its plans, prices and, to compare with, its signals.
	Catalog *catalog.Catalog
	Size    int64 // bytes of the events, for Progress; 0: unknown
}

// FileCounts is what was read of events.
type FileCounts struct {
	Events   int64 `json:"events"`
	Rejected int64 `json:"rejected"` // lines that are no event, or say no time
	First    error `json:"-"`        // why the first of them was not taken
	Sorted   bool  `json:"sorted"`   // they were not in the order of time, and were put into it
}

const (
	offlineParts = 8
	blockBytes   = 1 << 20
)

// errDisorder says that events are not in the order of time.
var errDisorder = errors.New("not in the order of time")

// OfflineBacktest is Backtest over files. The progress is in bytes of events.
func OfflineBacktest(ctx context.Context, f Files, q *signal.Question, try Tries) (*signal.Backtest, FileCounts, error) {
	began := time.Now()
	var counts FileCounts
	parts, err := offline(ctx, f, q, try, &counts, false)
	if errors.Is(err, errDisorder) {
		counts = FileCounts{Sorted: true}
		parts, err = offline(ctx, f, q, try, &counts, true)
	}
	if err != nil {
		return nil, counts, err
	}
	all := signal.NewTally(q)
	for _, p := range parts {
		p.gather()
		if twin := p.tested.twin; twin != nil {
			twin.gather()
			all.Merge(twin.tested.tally)
		}
		if err := p.known(); err != nil {
			return nil, counts, err
		}
		all.Merge(p.tested.tally)
	}
	b := all.Result()
	for _, p := range parts {
		b.Records += p.records
	}
	b.Events, b.Seconds = counts.Events, time.Since(began).Seconds()
	if q.Current != nil {
		b.Compared = "rules"
	}
	return b, counts, nil
}

// offline steps the files' history.
func offline(ctx context.Context, f Files, q *signal.Question, try Tries, counts *FileCounts, sorted bool) ([]*partition, error) {
	parts := make([]*partition, offlineParts)
	proposal := &catalogs{swap: func(c *catalog.Catalog) *catalog.Catalog { return c.WithSignals(q.Proposed) }}
	proposal.put(f.Catalog.Version, string(f.Catalog.Text()))
	current := &catalogs{}
	current.put(f.Catalog.Version, string(f.Catalog.Text()))
	for i := range parts {
		p := newPartition(int64(i), 0, proposal)
		p.tested = &tested{tally: signal.NewTally(q), most: keepDecoded / offlineParts, try: &try}
		if fired := try.Fired; fired != nil {
			p.tested.fired = func(s *signal.Signal) { fired(*s) }
		}
		if q.Current != nil {
			twin := newPartition(int64(i), 0, current)
			twin.tested = &tested{tally: signal.NewTally(q), most: p.tested.most, try: &try}
			p.tested.twin = twin
			if err := twin.open(); err != nil {
				return nil, err
			}
			twin.state.Drain()
		}
		if err := p.open(); err != nil {
			return nil, err
		}
		p.state.Drain() // from the first record on nothing is kept to be stored
		parts[i] = p
	}
	run := &offlineRun{files: f, parts: parts, counts: counts, extras: byPartition(f.Records), try: try}
	err := run.all(ctx, sorted)
	return parts, err
}

// byPartition sorts records by time for each partition.
func byPartition(records []event.Record) [offlineParts][]event.Record {
	var out [offlineParts][]event.Record
	slices.SortStableFunc(records, func(a, b event.Record) int { return int(min(max(a.ReceivedAt-b.ReceivedAt, -1), 1)) })
	for i := range records {
		n := event.Partition(records[i].Key, offlineParts)
		out[n] = append(out[n], records[i])
	}
	return out
}

// offlineRun is one pass over files.
type offlineRun struct {
	files  Files
	parts  []*partition
	counts *FileCounts
	extras [offlineParts][]event.Record
	try    Tries
	read   atomic.Int64
}

// block is some lines of events on their way: read, decoded, stepped.
type block struct {
	text    []byte        // "[", then the lines
	ends    []int         // of the lines
	done    chan struct{} // closed once decoded
	decoded []*event.Decoded
	lists   [offlineParts][]event.Record
	events  int64
	bad     int64
	why     error
	first   clock.Time
	last    clock.Time
	ordered bool
	left    atomic.Int32 // workers that have not stepped it yet
}

var blocks = sync.Pool{New: func() any { return &block{text: make([]byte, 0, blockBytes+64<<10)} }}

// release gives the block's memory to the next one.
func (b *block) release() {
	for _, d := range b.decoded {
		d.Release()
	}
	next := &block{text: b.text[:0], ends: b.ends[:0], decoded: b.decoded[:0]}
	for i := range b.lists {
		clear(b.lists[i])
		next.lists[i] = b.lists[i][:0]
	}
	blocks.Put(next)
}

// all reads, decodes and steps, on all cores.
func (o *offlineRun) all(ctx context.Context, sorted bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := runtime.GOMAXPROCS(0)
	if o.try.Workers > 0 {
		workers = min(workers, o.try.Workers)
	}
	workers = min(workers, offlineParts)
	queues := make([]chan *block, workers)
	var stepping sync.WaitGroup
	for w := range queues {
		queues[w] = make(chan *block, 4)
		stepping.Go(func() {
			for b := range queues[w] {
				for n := w; n < offlineParts && ctx.Err() == nil; n += workers {
					if err := o.step(ctx, n, b.lists[n]); err != nil {
						cancel(err)
					}
				}
				if b.left.Add(-1) == 0 {
					b.release()
				}
			}
		})
	}
	begun, last := false, clock.Time(0)
	send := func(b *block) error {
		if !begun {
			begun = true
			if err := o.begin(ctx, b.first); err != nil {
				return err
			}
		}
		last = max(last, b.last)
		b.left.Store(int32(workers))
		for _, q := range queues {
			select {
			case q <- b:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	}
	err := o.feed(ctx, sorted, workers, send)
	for _, q := range queues {
		close(q)
	}
	stepping.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		return err
	}
	for n := range o.extras { // what comes after the last event
		if len(o.extras[n]) > 0 {
			last = max(last, o.extras[n][len(o.extras[n])-1].ReceivedAt)
		}
	}
	if !begun {
		if err := o.begin(ctx, last); err != nil {
			return err
		}
	}
	for n, p := range o.parts {
		if err := p.try(ctx, o.extras[n]); err != nil {
			return err
		}
		if err := p.try(ctx, []event.Record{{Kind: event.KindTick, ReceivedAt: last}}); err != nil {
			return err
		}
	}
	return nil
}

// begin makes the catalog active in every partition, before anything else happens.
func (o *offlineRun) begin(ctx context.Context, at clock.Time) error {
	for n := range o.extras {
		if list := o.extras[n]; len(list) > 0 && (at == 0 || list[0].ReceivedAt < at) {
			at = list[0].ReceivedAt
		}
	}
	body, err := json.Marshal(engine.Activation{Rules: engine.Rules})
	if err != nil {
		return err
	}
	for _, p := range o.parts {
		if err := p.try(ctx, []event.Record{{Kind: event.KindCatalog, Type: o.files.Catalog.Version, ReceivedAt: at, Body: body}}); err != nil {
			return err
		}
	}
	return nil
}

// step steps a partition's events of a block, with the other records that come before them.
func (o *offlineRun) step(ctx context.Context, n int, list []event.Record) error {
	p, extras := o.parts[n], o.extras[n]
	if len(list) == 0 {
		return nil
	}
	p.records += int64(len(list))
	for len(extras) > 0 && extras[0].ReceivedAt <= list[len(list)-1].ReceivedAt {
		at := extras[0].ReceivedAt
		i, _ := slices.BinarySearchFunc(list, at, func(r event.Record, at clock.Time) int { return int(min(max(r.ReceivedAt-at, -1), 1)) })
		if err := p.try(ctx, list[:i]); err != nil {
			return err
		}
		list = list[i:]
		if err := p.try(ctx, extras[:1]); err != nil {
			return err
		}
		p.records++
		extras = extras[1:]
	}
	o.extras[n] = extras
	return p.try(ctx, list)
}

// feed reads and decodes the events and sends them in the order of time. errDisorder says that
// they are not in that order, and are not to be sorted.
func (o *offlineRun) feed(ctx context.Context, sorted bool, workers int, send func(*block) error) error {
	if o.files.Events == nil {
		return nil
	}
	in, err := o.files.Events()
	if err != nil {
		return err
	}
	defer in.Close()
	if sorted {
		return o.feedSorted(ctx, in, workers, send)
	}
	var before clock.Time
	return o.decode(ctx, in, workers, func(b *block) error {
		if b.events > 0 {
			if !b.ordered || b.first < before {
				return errDisorder
			}
			before = b.last
		}
		return send(b)
	})
}

// decode reads the events in blocks, decodes them on all cores, and hands them on in their order.
func (o *offlineRun) decode(ctx context.Context, in io.Reader, workers int, each func(*block) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	todo, order := make(chan *block, workers), make(chan *block, 2*workers)
	var failed error
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(order)
		defer close(todo)
		r := bufio.NewReaderSize(in, 64<<10)
		for {
			b := blocks.Get().(*block)
			b.done, b.ordered = make(chan struct{}), true
			var err error
			b.text, err = readLines(r, append(b.text[:0], '['))
			if len(b.text) > 1 {
				for _, to := range []chan *block{todo, order} {
					select {
					case to <- b:
					case <-ctx.Done():
						return
					}
				}
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					failed = fault.New(fault.Invalid, "file_unreadable", "the events cannot be read: %v", err)
				}
				return
			}
		}
	})
	for range workers {
		reading.Go(func() {
			for b := range todo {
				b.decode()
				close(b.done)
			}
		})
	}
	var told time.Time
	var err error
	for b := range order {
		if err != nil {
			continue
		}
		select {
		case <-b.done:
		case <-ctx.Done():
			err = ctx.Err()
			continue
		}
		o.counts.Events += b.events
		o.counts.Rejected += b.bad
		if o.counts.First == nil {
			o.counts.First = b.why
		}
		o.read.Add(int64(len(b.text)))
		if o.try.Progress != nil && time.Since(told) > 250*time.Millisecond {
			told = time.Now()
			o.try.Progress(uint64(o.read.Load()), uint64(o.files.Size))
		}
		if err = each(b); err != nil {
			cancel()
		}
	}
	reading.Wait()
	return errors.Join(err, failed)
}

// readLines appends about blockBytes of whole lines.
func readLines(r *bufio.Reader, to []byte) ([]byte, error) {
	for len(to) < blockBytes {
		line, err := r.ReadSlice('\n')
		to = append(to, line...)
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return to, err
		}
	}
	for {
		if to[len(to)-1] == '\n' {
			return to, nil
		}
		line, err := r.ReadSlice('\n')
		to = append(to, line...)
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return to, err
		}
		if len(to) > 64*blockBytes {
			return to, errors.New("a line is above 64 MiB: events are a line each")
		}
	}
}

// anyTime are limits that take events of any time.
var anyTime = event.Limits{Body: 1 << 30, Events: 1 << 30, Past: 250 * 365 * 24 * time.Hour, Future: 250 * 365 * 24 * time.Hour}

// anyNow lies in the middle of what anyTime takes.
const anyNow = clock.Time(50*365) * clock.Day

func noHeader(string) string { return "" }

// decode makes records of the block's lines. All lines become one list, which is decoded at once;
// when that is no JSON, each line is by itself.
func (b *block) decode() {
	b.ends = b.ends[:0]
	for i, c := range b.text {
		if c == '\n' {
			b.text[i] = ','
			b.ends = append(b.ends, i)
		}
	}
	list := bytes.TrimRight(b.text, "\r\t ,")
	if list = append(list, ']'); len(list) > 2 {
		if d, err := event.DecodeCloudEvents(noHeader, list, anyNow, anyTime); err == nil {
			b.take(d)
			return
		}
	}
	start := 1
	for _, end := range append(b.ends, len(b.text)) {
		line := bytes.TrimSpace(b.text[min(start, end):end])
		if start = end + 1; len(line) == 0 || string(line) == "]" {
			continue
		}
		d, err := event.DecodeCloudEvents(noHeader, bytes.Clone(line), anyNow, anyTime)
		if err != nil {
			b.bad++
			if b.why == nil {
				b.why = err
			}
			continue
		}
		b.take(d)
	}
}

// take puts what was decoded into the lists of partitions.
func (b *block) take(d *event.Decoded) {
	b.decoded = append(b.decoded, d)
	if b.bad += int64(len(d.Rejected)); len(d.Rejected) > 0 && b.why == nil {
		b.why = errors.New(d.Rejected[0].Detail)
	}
	for i := range d.Pending {
		p := &d.Pending[i]
		r := &p.Record
		if r.At == 0 || r.Key == "" || r.Kind != event.KindEvent {
			if r.Kind == event.KindEvent {
				b.bad++
				if b.why == nil {
					b.why = errors.New("an event says no time, or no account (subject)")
				}
			}
			continue
		}
		r.ReceivedAt = r.At
		if r.User == "" {
			r.User = p.UserID // nothing of this is kept
		}
		if b.events == 0 {
			b.first = r.At
		} else if r.At < b.last {
			b.ordered = false
		}
		b.last = max(b.last, r.At)
		b.first = min(b.first, r.At)
		b.events++
		n := event.Partition(r.Key, offlineParts)
		b.lists[n] = append(b.lists[n], *r)
	}
}
