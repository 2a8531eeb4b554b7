package api

import (
	"context"
	"sync"
)

// turns lets calls about the same thing go one after the other, on this node.
type turns struct {
	mu   sync.Mutex
	held map[string]*turn
}

// turn is who has it and how many want it: the last one out takes it away.
type turn struct {
	free chan struct{} // holds one while nobody has it
	want int
}

func newTurns() *turns { return &turns{held: make(map[string]*turn)} }

// take waits for the turn of key and returns what ends it, or the context's error; waited says whether somebody
// had it meanwhile.
func (t *turns) take(ctx context.Context, key string) (end func(), waited bool, err error) {
	t.mu.Lock()
	mine := t.held[key]
	if mine == nil {
		mine = &turn{free: make(chan struct{}, 1)}
		mine.free <- struct{}{}
		t.held[key] = mine
	}
	waited = mine.want > 0
	mine.want++
	t.mu.Unlock()
	gone := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.want--; mine.want == 0 {
			delete(t.held, key)
		}
	}
	select {
	case <-mine.free:
		return func() { mine.free <- struct{}{}; gone() }, waited, nil
	case <-ctx.Done():
		gone()
		return nil, waited, ctx.Err()
	}
}
