package runner

import (
	"context"
	"slices"
)

// lock is a mutex whose waiters testing/synctest knows to be waiting, which it does not of
// sync.Mutex. It is held while SQL is asked, and taken once per message or call.
type lock chan struct{}

// Lock waits for its turn.
func (l lock) Lock() { l <- struct{}{} }

// Unlock lets the next one in.
func (l lock) Unlock() { <-l }

// TryLock is false when somebody else holds it.
func (l lock) TryLock() bool {
	select {
	case l <- struct{}{}:
		return true
	default:
		return false
	}
}

// wait returns when the partition has stepped the message at position.
func (p *partition) wait(ctx context.Context, position uint64) error {
	p.mu.Lock()
	if p.state.Position >= position {
		p.mu.Unlock()
		return nil
	}
	ch := p.stepped.add(position)
	p.mu.Unlock()
	return p.await(ctx, &p.stepped, ch)
}

// waitDurable returns when a checkpoint holds the message at position.
func (p *partition) waitDurable(ctx context.Context, position uint64) error {
	p.mu.Lock()
	if p.committed >= position {
		p.mu.Unlock()
		return nil
	}
	ch := p.durable.add(position)
	p.mu.Unlock()
	return p.await(ctx, &p.durable, ch)
}

func (p *partition) await(ctx context.Context, among *waiters, ch chan struct{}) error {
	select {
	case <-ch:
		return nil
	case <-p.gone:
		return errLost
	case <-ctx.Done():
	}
	// Who waits no longer must not keep checkpoints hurrying, nor the list growing.
	p.mu.Lock()
	defer p.mu.Unlock()
	among.list = slices.DeleteFunc(among.list, func(w waiter) bool { return w.ch == ch })
	return ctx.Err()
}

// waiters wait for a position.
type waiters struct {
	list []waiter
}

type waiter struct {
	position uint64
	ch       chan struct{}
}

func (w *waiters) add(position uint64) chan struct{} {
	ch := make(chan struct{})
	w.list = append(w.list, waiter{position, ch})
	return ch
}

func (w *waiters) waiting() bool { return len(w.list) > 0 }

func (w *waiters) reached(position uint64) {
	kept := w.list[:0]
	for _, one := range w.list {
		if one.position <= position {
			close(one.ch)
		} else {
			kept = append(kept, one)
		}
	}
	w.list = kept
}
