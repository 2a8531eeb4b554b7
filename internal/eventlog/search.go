package eventlog

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// PositionAt returns the position of the first message that the server took at or after the
// time, one after the last when there is none. Where the server's clock went back it may
// be another one near it.
func (l *Log) PositionAt(ctx context.Context, at time.Time) (uint64, error) {
	stream, err := l.js.Stream(ctx, streamName)
	if err != nil {
		return 0, l.fault(err)
	}
	state := stream.CachedInfo().State
	if state.Msgs == 0 {
		return state.LastSeq + 1, nil
	}
	low, high := state.FirstSeq, state.LastSeq+1 // the answer is one of low to high
	for low < high {
		middle := low + (high-low)/2
		m, err := stream.GetMsg(ctx, middle)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound): // trimmed meanwhile
			low = middle + 1
		case err != nil:
			return 0, l.fault(err)
		case m.Time.Before(at):
			low = middle + 1
		default:
			high = middle
		}
	}
	return low, nil
}

// errFound ends a Search that has found what it was after.
var errFound = errors.New("found")

// Search calls f for the messages at the positions from to to (not included), in order,
// until f returns true. It returns whether f did. Faults as Read, and ctx's error.
func (l *Log) Search(ctx context.Context, from, to uint64, f func(position uint64, message []byte) (bool, error)) (bool, error) {
	if from >= to {
		return false, nil
	}
	errDone := errors.New("done")
	err := l.Read(ctx, from, func(position uint64, _ time.Time, message []byte) error {
		if position >= to {
			return errDone
		}
		found, err := f(position, message)
		switch {
		case err != nil:
			return err
		case found:
			return errFound
		case position+1 == to:
			return errDone
		}
		return nil
	})
	switch {
	case errors.Is(err, errFound):
		return true, nil
	case errors.Is(err, errDone):
		return false, nil
	case err != nil:
		return false, err
	default: // Read only ends without an error when ctx does
		return false, context.Cause(ctx)
	}
}
