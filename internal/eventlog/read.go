package eventlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/headroomhq/headroom/internal/fault"
)

// What a reader asks for ahead: enough to keep it busy, little enough to bound its memory.
const (
	readAheadMessages = 1000
	readAheadBytes    = 2 * messageLimit
)

// Read calls f for every message from position from (inclusive; 1 is the first ever) in
// order, without gaps or repeats, waiting for more, until ctx ends, which returns nil, or f fails, which returns
// its error. at is when the server took the message; message belongs to f. While
// the server is away Read waits for it. Faults: log_gap when messages are missing,
// log_foreign when the stream was replaced by another one.
func (l *Log) Read(ctx context.Context, from uint64, f func(position uint64, at time.Time, message []byte) error) error {
	r := reader{log: l, next: max(from, 1), f: f}
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		before := r.next
		err := r.follow(ctx)
		if ctx.Err() != nil && !errors.As(err, new(stop)) {
			return nil
		}
		if s, ok := errors.AsType[stop](err); ok {
			return s.error
		}
		if r.next > before {
			pause = 10 * time.Millisecond
		}
		l.logger.Warn("reading the log: trying again", "position", r.next, "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// stop is an error that ends Read.
type stop struct{ error }

type reader struct {
	log  *Log
	next uint64 // position to be read next
	f    func(uint64, time.Time, []byte) error
}

// follow reads through one consumer until something is wrong with it.
func (r *reader) follow(ctx context.Context) error {
	stream, err := r.log.js.Stream(ctx, streamName)
	if err != nil {
		return err
	}
	if id := stream.CachedInfo().Config.Metadata[identityName]; id != r.log.identity {
		return stop{foreign(r.log.identity, id)}
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       r.next,
		InactiveThreshold: time.Minute,
		MaxResetAttempts:  3, // then follow begins anew, and looks at the identity again
	})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(
		jetstream.PullMaxMessagesWithBytesLimit(readAheadMessages, readAheadBytes),
		jetstream.WithMessagesErrOnMissingHeartbeat(true))
	if err != nil {
		return err
	}
	defer messages.Stop()
	stopWatching := context.AfterFunc(ctx, messages.Stop)
	defer stopWatching()
	for {
		m, err := messages.Next()
		if errors.Is(err, jetstream.ErrNoHeartbeat) {
			continue // the ordered consumer makes itself anew where it was
		}
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		position := meta.Sequence.Stream
		if position < r.next {
			continue // seen before the consumer was made anew
		}
		if position > r.next {
			return r.gap(ctx, position)
		}
		if r.log.options.Tracer != nil {
			r.log.options.Tracer.Arrive(position, m.Headers()[traceHeader])
		}
		if err := r.f(position, meta.Timestamp, m.Data()); err != nil {
			return stop{err}
		}
		r.next++
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// gap says what a jump in the positions means: messages that are gone from the stream, or
// only that this consumer lost some on the way.
func (r *reader) gap(ctx context.Context, position uint64) error {
	first, _, err := r.log.Bounds(ctx)
	if err != nil {
		return err
	}
	if first <= r.next {
		stream, err := r.log.js.Stream(ctx, streamName)
		if err != nil {
			return err
		}
		if _, err := stream.GetMsg(ctx, r.next); !errors.Is(err, jetstream.ErrMsgNotFound) {
			return fmt.Errorf("position %d came after %d: %w", position, r.next-1, errors.Join(err, errors.New("it is still there")))
		}
	}
	return stop{fault.New(fault.Internal, "log_gap", "the log lacks positions %d to %d", r.next, position-1).
		WithMend("restore the log from a backup; without those records the figures would be wrong")}
}
