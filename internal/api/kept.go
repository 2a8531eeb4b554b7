package api

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
)

// Some answers look at every account, and pages ask for them again with every change. They are kept in memory
// and given out at once: as they are while nothing was committed since, else as of when they were made, which a
// header says, while a new one is being made. What is quick to make is never kept, and who shows a position
// token hears what stands there.

const (
	// slowFrom is from when on an answer is worth keeping.
	slowFrom = 50 * time.Millisecond
	// restTimes is how many times as long as an answer takes it is left alone: making answers anew takes a tenth of
	// one core at most, however many ask.
	restTimes = 10
	// oldestKept is how old an answer may be that is given out while another one is made.
	oldestKept = 10 * time.Minute
	// makingTime is how long making one may take; who waits for it gives up before, and finds it the next time.
	makingTime = 2 * time.Minute
	// mostKept bounds the answers of one call that are kept.
	mostKept = 64
)

// asOfHeader says when a kept answer was made, by the machine's clock.
const asOfHeader = "Headroom-As-Of"

// renewals tells who follows changes that an answer was made anew.
type renewals struct {
	mu   sync.Mutex
	wake chan struct{}
}

func newRenewals() *renewals { return &renewals{wake: make(chan struct{})} }

// next returns a channel that is closed with the next renewal.
func (r *renewals) next() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wake
}

func (r *renewals) tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.wake)
	r.wake = make(chan struct{})
}

// keptAnswer is one answer, or one that is being made.
type keptAnswer[O any] struct {
	answer  *O // nil: none yet
	at      time.Time
	took    time.Duration
	changed <-chan struct{} // closed when something was committed since it was begun
	making  chan struct{}   // closed when the one that is being made is done; nil: none is
	err     error           // of the last one that was made
}

// keptAnswers are those of one call.
type keptAnswers[I, O any] struct {
	s         *Server
	make      func(context.Context, *I) (*O, error)
	stands    func(context.Context) (any, error) // what else an answer hangs on; JSON
	committed func() <-chan struct{}
	slowFrom  time.Duration
	mu        sync.Mutex
	by        map[string]*keptAnswer[O]
}

// positioned is what asks for a position: see PositionParam.
type positioned interface{ token() string }

func (p PositionParam) token() string { return p.Position }

// keeping returns h, giving out what it answered before where that took long.
func keeping[I, O any](s *Server, h func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	k := newKept(s, h)
	k.stands, k.committed, k.slowFrom = s.stands, func() <-chan struct{} { return s.Runner.Committed() }, slowFrom
	return k.ask
}

func newKept[I, O any](s *Server, h func(context.Context, *I) (*O, error)) *keptAnswers[I, O] {
	return &keptAnswers[I, O]{s: s, make: h, by: make(map[string]*keptAnswer[O])}
}

// stands is what every answer hangs on: the catalog, and a test clock, which is moved by days at once.
func (s *Server) stands(ctx context.Context) (any, error) {
	active, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	on := struct {
		Catalog string
		Now     clock.Time
	}{Catalog: active.Version}
	if s.Clock.IsTest() {
		on.Now = s.Clock.Now()
	}
	return on, nil
}

func (k *keptAnswers[I, O]) ask(ctx context.Context, in *I) (*O, error) {
	if p, ok := any(in).(positioned); ok && p.token() != "" {
		return k.make(ctx, in)
	}
	key, err := k.key(ctx, in)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	e := k.by[key]
	if e == nil {
		if len(k.by) >= mostKept {
			clear(k.by) // pages ask for few different things
		}
		e = &keptAnswer[O]{}
		k.by[key] = e
	}
	age := time.Since(e.at)
	if e.answer != nil && e.took >= k.slowFrom && age < oldestKept {
		if k.outdated(e) && age > restTimes*e.took {
			k.begin(ctx, in, e, true)
		}
		answer, at := e.answer, e.at
		k.mu.Unlock()
		if h, ok := ctx.Value(headersKey).(http.Header); ok {
			h.Set(asOfHeader, clock.At(at).String())
		}
		return answer, nil
	}
	k.begin(ctx, in, e, false)
	done := e.making
	k.mu.Unlock()
	select {
	case <-done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return e.answer, e.err
}

// key tells questions apart: the same one is another where it hangs on something else.
func (k *keptAnswers[I, O]) key(ctx context.Context, in *I) (string, error) {
	on, err := k.stands(ctx)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal([]any{in, on})
	return string(text), err
}

// outdated says whether anything was committed since e was begun, as far as this node hears of it.
func (k *keptAnswers[I, O]) outdated(e *keptAnswer[O]) bool {
	if k.s.Clustered {
		return true
	}
	select {
	case <-e.changed:
		return true
	default:
		return false
	}
}

// begin has e made, unless somebody does already; the lock is held. It goes on when who asked is gone.
func (k *keptAnswers[I, O]) begin(ctx context.Context, in *I, e *keptAnswer[O], again bool) {
	if e.making != nil {
		return
	}
	e.making = make(chan struct{})
	asked := *in
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makingTime)
	k.s.noting.Go(func() {
		defer cancel()
		stop := context.AfterFunc(k.s.ending, cancel)
		defer stop()
		changed, began := k.committed(), time.Now()
		answer, err := k.make(ctx, &asked)
		k.mu.Lock()
		defer k.mu.Unlock()
		e.err = err
		if err == nil || !again { // an old answer is better than none
			e.answer, e.at, e.took, e.changed = answer, began, time.Since(began), changed
		}
		close(e.making)
		e.making = nil
		if again && err == nil {
			k.s.renewals.tell()
		}
	})
}
