package headroom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"
)

// Event is something a customer did. It is sent as a CloudEvent.
type Event struct {
	Account string // key; required
	Type    string // what happened, such as speaker.added; required
	User    string
	Time    time.Time      // when it happened; zero: now
	ID      string         // counted once within Config.Source; empty: the SDK makes one
	Data    map[string]any // properties that meters and signals read
}

const (
	batchMost  = 500     // events of a request
	batchBytes = 1 << 20 // of a request, as long as it has more than one event
)

// tracker sends events in the background: in order, one batch at a time, each until it is
// acknowledged, under the ids they had at first.
type tracker struct {
	client *Client
	poke   chan struct{} // something changed: an event came, somebody flushes
	ended  chan struct{} // the worker is through
	// hurry is closed when the client closes: nothing waits for company any more.
	hurry chan struct{}
	stop  context.CancelFunc

	mu       sync.Mutex
	queue    [][]byte
	taken    uint64 // events ever queued
	sent     uint64 // events ever acknowledged or given up
	waiting  []waiter
	closed   bool
	rejected uint64 // events that the server would not take, ever
}

type waiter struct {
	upto uint64
	done chan struct{}
}

func (t *tracker) start(c *Client) {
	t.client, t.poke, t.ended, t.hurry = c, make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	ctx, stop := context.WithCancel(c.ctx)
	t.stop = stop
	go t.run(ctx)
}

// Track puts an event into the queue and returns at once. It fails when the event has no
// account or type or cannot be written as JSON, when the queue is full, and after Close.
// Events are sent every Config.FlushEvery and on Close, again and again until the server has
// them: none is counted twice.
func (c *Client) Track(e Event) error {
	if e.Account == "" || e.Type == "" {
		return fail(CodeEventInvalid, "an event of type %q for account %q", e.Type, e.Account).mend("set Account and Type")
	}
	if e.ID == "" {
		e.ID = newID()
	}
	if e.Time.IsZero() {
		e.Time = time.Unix(0, c.serverNow())
	}
	data := e.Data
	if e.User != "" {
		data = maps.Clone(data)
		if data == nil {
			data = make(map[string]any, 1)
		}
		data["user"] = e.User
	}
	text, err := json.Marshal(struct {
		SpecVersion string         `json:"specversion"`
		ID          string         `json:"id"`
		Source      string         `json:"source"`
		Type        string         `json:"type"`
		Subject     string         `json:"subject"`
		Time        string         `json:"time"`
		Data        map[string]any `json:"data,omitempty"`
	}{"1.0", e.ID, c.Source, e.Type, e.Account, e.Time.UTC().Format("2006-01-02T15:04:05.999999Z"), data})
	if err != nil {
		return fail(CodeEventInvalid, "the data of event %s cannot be written as JSON: %v", e.Type, err).because(err)
	}
	t := &c.tracker
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return fail(CodeClosed, "the client is closed")
	case len(t.queue) >= c.Queue:
		return fail(CodeQueueFull, "%d events wait to be sent already", len(t.queue)).mend("see that the server answers, or raise Config.Queue")
	}
	t.queue = append(t.queue, text)
	t.taken++
	if n := len(t.queue); n == 1 || n == batchMost {
		t.wake()
	}
	return nil
}

func (t *tracker) wake() {
	select {
	case t.poke <- struct{}{}:
	default:
	}
}

// Flush returns when the server has all events tracked before, or has refused them.
func (c *Client) Flush(ctx context.Context) error {
	t := &c.tracker
	t.mu.Lock()
	if t.sent >= t.taken {
		t.mu.Unlock()
		return nil
	}
	w := waiter{upto: t.taken, done: make(chan struct{})}
	t.waiting = append(t.waiting, w)
	t.wake()
	t.mu.Unlock()
	select {
	case <-w.done:
		return nil
	case <-t.ended:
	case <-ctx.Done():
	}
	t.mu.Lock()
	left := t.taken - t.sent
	t.mu.Unlock()
	if left == 0 {
		return nil
	}
	return fail(CodeUndelivered, "%d events are not delivered", left).because(ctx.Err()).mend("give it more time, and see that the server answers")
}

// Rejected returns how many tracked events the server would not take; the log says why.
func (c *Client) Rejected() uint64 {
	c.tracker.mu.Lock()
	defer c.tracker.mu.Unlock()
	return c.tracker.rejected
}

func (t *tracker) close(ctx context.Context) error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	close(t.hurry)
	err := t.client.Flush(ctx)
	t.stop()
	<-t.ended
	return err
}

func (t *tracker) run(ctx context.Context) {
	defer close(t.ended)
	for attempt := 0; ctx.Err() == nil; {
		batch, n := t.next()
		if n == 0 {
			select {
			case <-t.poke:
				continue
			case <-t.hurry:
				if t.empty() {
					return
				}
				continue
			case <-ctx.Done():
				return
			}
		}
		if n < batchMost && !t.urgent() {
			t.wait(ctx, t.client.FlushEvery)
			batch, n = t.next()
		}
		err := t.send(ctx, batch, n)
		if err == nil || ctx.Err() != nil {
			attempt = 0
			continue
		}
		attempt++
		if t.client.warn.due("events", t.client.now()) {
			t.client.Logger.Warn("headroom: events wait", "events", n, "error", err)
		}
		t.client.pause(ctx, backoff(attempt, 100*time.Millisecond, 15*time.Second))
	}
}

// urgent says whether somebody waits for what is queued.
func (t *tracker) urgent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting) > 0 || t.closed
}

func (t *tracker) empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.queue) == 0
}

// wait lets a batch gather: until the time is over, it is full, or somebody flushes.
func (t *tracker) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-t.hurry:
			return
		case <-ctx.Done():
			return
		case <-t.poke:
			if _, n := t.next(); n >= batchMost || t.urgent() {
				return
			}
		}
	}
}

// next writes the first events of the queue as one batch, which stay queued.
func (t *tracker) next() ([]byte, int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	size, n := 2, 0
	for _, e := range t.queue {
		if n == batchMost || n > 0 && size+len(e) > batchBytes {
			break
		}
		size += len(e) + 1
		n++
	}
	if n == 0 {
		return nil, 0
	}
	b := make([]byte, 0, size)
	b = append(b, '[')
	b = append(b, bytes.Join(t.queue[:n], []byte{','})...)
	return append(b, ']'), n
}

// send sends a batch; an error means that it must be sent again.
func (t *tracker) send(ctx context.Context, batch []byte, n int) error {
	var out struct {
		Rejected []struct {
			Index        int
			Code, Detail string
		}
		UnknownTypes []string `json:"unknown_types"`
	}
	c := t.client
	err := c.call(ctx, request{method: "POST", path: path("events"), body: json.RawMessage(batch), media: "application/cloudevents-batch+json", once: true}, &out)
	if err != nil {
		e, ok := errors.AsType[*Error](err)
		hopeless := ok && (e.Status == http.StatusBadRequest || e.Status == http.StatusRequestEntityTooLarge || e.Status == http.StatusUnprocessableEntity)
		if !hopeless {
			return err
		}
		c.Logger.Error("headroom: the server refuses events, they are dropped", "events", n, "error", err)
		t.done(n, n)
		return nil
	}
	for _, r := range out.Rejected {
		if c.warn.due("rejected "+r.Code, c.now()) {
			c.Logger.Error("headroom: an event is rejected", "code", r.Code, "detail", r.Detail)
		}
	}
	if len(out.UnknownTypes) > 0 && c.warn.due("types", c.now()) {
		c.Logger.Warn("headroom: events of types that the catalog does not know count for nothing", "types", out.UnknownTypes)
	}
	t.done(n, len(out.Rejected))
	return nil
}

// done takes the first n events from the queue.
func (t *tracker) done(n, rejected int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.queue[:n])
	t.queue = t.queue[n:]
	if len(t.queue) == 0 {
		t.queue = nil
	}
	t.sent += uint64(n)
	t.rejected += uint64(rejected)
	keep := t.waiting[:0]
	for _, w := range t.waiting {
		if w.upto <= t.sent {
			close(w.done)
		} else {
			keep = append(keep, w)
		}
	}
	t.waiting = keep
}
