package eventlog

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/telemetry"
)

const (
	// groupBytes and groupRecords bound one message: about a millisecond of a disk, and what a
	// reader decodes between two looks at its context.
	groupBytes   = 1 << 20
	groupRecords = 10_000
	// waitingBytes bounds what all callers together have in memory and not yet on disk;
	// beyond it they are told to come back. This is where back-pressure begins.
	waitingBytes = 64 << 20
	// flights is how many messages may be on their way at once: while one is being synced
	// the next one crosses over to the server.
	flights = 2
	// eager is the size from which a second message leaves while one is on its way. A
	// smaller one gathers on: every message costs a disk sync, however small.
	eager = 512 << 10
)

// Writer gathers the records of many goroutines into messages (group commit): as long as
// one message is on its way to the disk the next one grows, so that the number of disk
// syncs does not depend on the number of callers. Safe for several goroutines.
type Writer struct {
	log        *Log
	partitions int
	done       chan struct{} // closed when the flusher has ended

	mu      sync.Mutex
	changed sync.Cond // on mu: there is something to flush, a flight landed, or the writer closes
	ready   []*group  // full, in order
	open    *group    // growing
	flying  int
	waiting int // bytes not yet on disk
	closed  bool

	messages, records, bytes, refused atomic.Int64
	metrics                           *writerMetrics
}

// group is one message to be.
type group struct {
	parts   [][]byte // encoded sections of several callers
	size    int      // bytes of parts
	records int
	traces  []string      // nearly always none
	landed  chan struct{} // closed when position and err are set

	position uint64
	err      error
}

// part is what one caller adds to a group, encoded before others are kept waiting.
type part struct {
	sections []byte
	records  int
	trace    string // see telemetry.Tracer.Carry
}

// WriterStats are totals since the writer was made.
type WriterStats struct {
	Messages int64 // appended
	Records  int64 // in them
	Bytes    int64 // of them
	Refused  int64 // submissions turned away with log_busy
	Waiting  int64 // bytes waiting or on their way now
}

// NewWriter returns a writer for a data directory of that many partitions.
func NewWriter(l *Log, partitions int) *Writer {
	w := &Writer{log: l, partitions: partitions, done: make(chan struct{}), open: newGroup(), metrics: newWriterMetrics()}
	w.changed.L = &w.mu
	go w.flush()
	return w
}

func newGroup() *group { return &group{landed: make(chan struct{})} }

// Submit appends the records and returns the position of the last one once all are on
// disk. Records of one call keep their order. More than fit one message go into several; when
// one of those fails the others may be in the log all the same, and the caller repeats all under the same ids.
//
// Faults: log_busy (Busy) when too much waits already, and nothing was taken; record_too_large
// (TooLarge), the same; disk_full and log_unavailable (Unavailable). When ctx ends first its error is returned
// and the records may still be appended.
func (w *Writer) Submit(ctx context.Context, records ...event.Record) (position uint64, err error) {
	if len(records) == 0 {
		return 0, errors.New("nothing to submit")
	}
	parts, err := w.encode(records)
	if err != nil {
		return 0, err
	}
	if tracer := w.log.options.Tracer; tracer != nil {
		var span trace.Span
		if ctx, span = tracer.Start(ctx, "log append"); span.IsRecording() {
			defer func() {
				span.SetAttributes(attribute.Int("headroom.records", len(records)), attribute.Int64("headroom.position", int64(position)))
				if err != nil {
					span.SetStatus(codes.Error, fault.CodeOf(err))
				}
				span.End()
			}()
			carried := tracer.Carry(ctx, w.partitionsOf(records))
			for i := range parts {
				parts[i].trace = carried
			}
		}
	}
	groups, err := w.take(parts)
	if err != nil {
		return 0, err
	}
	for _, g := range groups {
		select {
		case <-g.landed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if g.err != nil {
			return 0, g.err
		}
		position = g.position
	}
	return position, nil
}

var messages = sync.Pool{New: func() any { return new(event.Message) }}

// encode writes the records into as many parts as they need.
func (w *Writer) encode(records []event.Record) ([]part, error) {
	limit := w.log.MaxMessage() - headerRoom
	full := min(groupBytes, limit)
	m := messages.Get().(*event.Message)
	defer func() { m.Reset(); messages.Put(m) }()
	var parts []part
	begun := 0
	cut := func(i int) {
		parts = append(parts, part{sections: m.AppendSections(make([]byte, 0, m.Size()+8*min(i-begun, w.partitions)+8)), records: i - begun})
		m.Reset()
		begun = i
	}
	for i := range records {
		r := &records[i]
		size := sizeOf(r)
		if size > limit {
			return nil, fault.New(fault.TooLarge, "record_too_large", "record %q has about %d bytes, the log takes %d", fault.Shorten(r.ID), size, limit).
				WithMend("send smaller properties; files do not belong into events")
		}
		if i > begun && (i-begun == groupRecords || m.Size()+size+8*(i-begun) > full) {
			cut(i)
		}
		partition := event.AllPartitions
		if !r.Kind.Broadcast() {
			partition = event.Partition(r.Key, w.partitions)
		}
		m.Add(partition, r)
	}
	cut(len(records))
	return parts, nil
}

// partitionsOf returns the partitions of the records, each once; none when there are records of all.
func (w *Writer) partitionsOf(records []event.Record) (out []int) {
	for i := range records {
		if records[i].Kind.Broadcast() {
			return nil
		}
		if n := event.Partition(records[i].Key, w.partitions); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// take puts the parts into the groups that will carry them.
func (w *Writer) take(parts []part) ([]*group, error) {
	full := min(groupBytes, w.log.MaxMessage()-headerRoom)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, fault.New(fault.Unavailable, "log_unavailable", "the server is stopping").WithMend("try again in a moment")
	}
	if w.waiting >= waitingBytes {
		w.refused.Add(1)
		return nil, fault.New(fault.Busy, "log_busy", "%d MiB of records wait for the disk", w.waiting>>20).
			WithMend("send again after a second; if it happens often the disk is too slow for the load")
	}
	groups := make([]*group, 0, len(parts))
	for _, p := range parts {
		if g := w.open; g.records > 0 && (g.records+p.records > groupRecords || g.size+len(p.sections) > full) {
			w.ready = append(w.ready, g)
			w.open = newGroup()
		}
		g := w.open
		g.parts = append(g.parts, p.sections)
		g.size += len(p.sections)
		g.records += p.records
		if p.trace != "" && len(g.traces) < telemetry.MaxCarried() {
			g.traces = append(g.traces, p.trace)
		}
		w.waiting += len(p.sections)
		groups = append(groups, g)
	}
	w.changed.Signal()
	return groups, nil
}

// sizeOf is a little above the encoded size of a record with its section.
func sizeOf(r *event.Record) int {
	n := 64 + len(r.Source) + len(r.ID) + len(r.Key) + len(r.User) + len(r.Type) + len(r.Body) + len(r.Sealed)
	for i := range r.Props {
		n += 8 + len(r.Props[i].Name) + len(r.Props[i].Value.Text)
	}
	return n
}

// flush sends groups in order until the writer is closed and all have landed.
func (w *Writer) flush() {
	defer close(w.done)
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		g := w.next()
		if g == nil {
			if w.closed && w.flying == 0 && len(w.ready) == 0 && w.open.records == 0 {
				return
			}
			w.changed.Wait()
			continue
		}
		w.flying++
		w.mu.Unlock()
		message := event.AppendStart(make([]byte, 0, g.size+1))
		for _, part := range g.parts {
			message = append(message, part...)
		}
		g.parts = nil
		p, err := w.log.publish(message, g.traces) // here, and not in the goroutine: this keeps the order
		go w.land(g, len(message), p, err)
		w.mu.Lock()
	}
}

// next returns the group to send now, nil when it is better to wait.
func (w *Writer) next() *group {
	switch {
	case w.flying >= flights:
		return nil
	case len(w.ready) > 0:
		g := w.ready[0]
		w.ready[0] = nil
		w.ready = w.ready[1:]
		return g
	case w.open.records == 0, w.flying > 0 && w.open.size < eager && !w.closed:
		return nil
	}
	g := w.open
	w.open = newGroup()
	return g
}

// land waits for a group's message and tells those who wait.
func (w *Writer) land(g *group, size int, p *published, err error) {
	if err == nil {
		// Its own patience, not a caller's context: the group belongs to many.
		g.position, err = p.wait(context.Background())
	}
	g.err = err
	if err == nil {
		w.messages.Add(1)
		w.records.Add(int64(g.records))
		w.bytes.Add(int64(size))
		w.metrics.flushed(g.records, size, time.Since(p.started))
	}
	close(g.landed)
	w.mu.Lock()
	w.flying--
	w.waiting -= g.size
	w.changed.Signal()
	w.mu.Unlock()
}

// Stats returns totals for metrics.
func (w *Writer) Stats() WriterStats {
	w.mu.Lock()
	waiting := w.waiting
	w.mu.Unlock()
	return WriterStats{Messages: w.messages.Load(), Records: w.records.Load(), Bytes: w.bytes.Load(),
		Refused: w.refused.Load(), Waiting: int64(waiting)}
}

// Close refuses new submissions and waits until those under way have landed.
func (w *Writer) Close() error {
	w.mu.Lock()
	w.closed = true
	w.changed.Signal()
	w.mu.Unlock()
	<-w.done
	return nil
}
