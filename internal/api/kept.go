package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
)

// Some answers look at every account, and pages ask for them again with every change. They are kept in memory
// and given out at once: as they are while nothing was committed since, else as of when they were made, which a
// header says, while a new one is being made. What is quick to make is never kept, and who shows a position
// token hears what stands there.
//
// Whoever waits for an answer is told nothing older than the question, or by the header how old it is. So that
// making answers leaves room for everything else, a few are made at a time, and made anew one after the other.

const (
	// slowFrom is from when on an answer is worth keeping.
	slowFrom = 50 * time.Millisecond
	// restTimes is how many times as long as an answer takes it is left alone: making answers anew takes a tenth of
	// one core at most, however many ask.
	restTimes = 10
	// oldestKept is how old an answer may be that is given out while another one is made.
	oldestKept = 10 * time.Minute
	// makingTime is how long making one may take; who waits for it gives up before, and finds it the next time. What
	// is not begun when the last one who waits gives up is not begun any more.
	makingTime = 2 * time.Minute
	// mostKept bounds the answers of one call that are kept.
	mostKept = 64
)

// asOfHeader says when a kept answer was made, by the machine's clock.
const asOfHeader = "Headroom-As-Of"

// renewals tells who follows changes that an answer was made anew, and bounds how many are made at a time.
type renewals struct {
	mu     sync.Mutex
	wake   chan struct{}
	places chan struct{} // holds one for each that is made for who waits
	anew   chan struct{} // while one is made anew
}

func newRenewals() *renewals {
	return &renewals{wake: make(chan struct{}), places: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))), anew: make(chan struct{}, 1)}
}

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

// keptAnswer is the last answer to one question.
type keptAnswer[O any] struct {
	answer *O // nil: none yet
	at     time.Time
	took   time.Duration
	stood  uint64     // what was committed when it was asked for
	tried  time.Time  // when the last one was begun, even if nothing came of it
	making *making[O] // the next one; nil: none is being made
}

// making is an answer that is being made.
type making[O any] struct {
	stood  uint64
	cancel context.CancelFunc
	wanted int           // by how many: who waits for it, and itself once it is begun
	done   chan struct{} // closed when the following are set
	answer *O
	err    error
}

// keptAnswers are those of one call.
type keptAnswers[I, O any] struct {
	s         *Server
	make      func(context.Context, *I) (*O, error)
	stands    func(context.Context) (any, error)    // what else an answer hangs on; JSON
	committed func(context.Context) (uint64, error) // rises with every commit, of whichever node
	slowFrom  time.Duration
	mu        sync.Mutex
	by        map[string]*keptAnswer[O]
}

// positioned is what asks for a position: see PositionParam.
type positioned interface{ token() string }

func (p PositionParam) token() string { return p.Position }

// keeping returns h, giving out what it answered before where that took long. It is not for what shows sealed
// texts: whoever is erased shows in nothing from then on.
func keeping[I, O any](s *Server, h func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	k := newKept(s, h)
	k.stands, k.slowFrom = s.stands, slowFrom
	k.committed = func(ctx context.Context) (uint64, error) { return s.Store.Committed(ctx) }
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
	stood, err := k.committed(ctx)
	if err != nil {
		return nil, err
	}
	for {
		e, m, answer := k.find(ctx, in, key, stood)
		if m == nil {
			return answer, nil
		}
		select {
		case <-m.done:
		case <-ctx.Done():
			k.giveUp(e, m)
			return nil, ctx.Err()
		}
		if m.stood >= stood { // else it may lack what was committed before this was asked
			return m.answer, m.err
		}
	}
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

// find returns the answer that is kept, having another one made where that one is outdated, or the making to
// wait for.
func (k *keptAnswers[I, O]) find(ctx context.Context, in *I, key string, stood uint64) (*keptAnswer[O], *making[O], *O) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.by[key]
	if e == nil {
		if len(k.by) >= mostKept { // pages ask for few different things
			maps.DeleteFunc(k.by, func(_ string, e *keptAnswer[O]) bool { return e.making == nil })
		}
		e = &keptAnswer[O]{}
		k.by[key] = e
	}
	if e.answer == nil || e.took < k.slowFrom || time.Since(e.at) >= oldestKept {
		if e.making == nil {
			k.begin(ctx, in, e, stood, false)
		}
		e.making.wanted++
		return e, e.making, nil
	}
	if e.stood < stood && e.making == nil && time.Since(e.tried) > restTimes*e.took {
		k.begin(ctx, in, e, stood, true)
	}
	if h, ok := ctx.Value(headersKey).(http.Header); ok {
		h.Set(asOfHeader, clock.At(e.at).String())
	}
	return e, nil, e.answer
}

// giveUp takes back that m is wanted.
func (k *keptAnswers[I, O]) giveUp(e *keptAnswer[O], m *making[O]) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if m.wanted--; m.wanted == 0 {
		m.cancel()
		if e.making == m {
			e.making = nil
		}
	}
}

// begin has the next answer of e made; the lock is held. Anew: beside one that is given out meanwhile.
func (k *keptAnswers[I, O]) begin(ctx context.Context, in *I, e *keptAnswer[O], stood uint64, anew bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makingTime)
	m := &making[O]{stood: stood, cancel: cancel, done: make(chan struct{})}
	places := k.s.renewals.places
	if anew {
		m.wanted, places = 1, k.s.renewals.anew
	}
	e.making = m
	asked := *in
	k.s.noting.Go(func() {
		defer cancel()
		defer context.AfterFunc(k.s.ending, cancel)()
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		case <-ctx.Done():
		}
		k.mu.Lock()
		m.wanted++
		k.mu.Unlock()
		began := time.Now()
		m.answer, m.err = k.made(ctx, &asked)
		k.mu.Lock()
		defer k.mu.Unlock()
		defer close(m.done)
		if e.making == m {
			e.making = nil
		}
		e.tried = began
		if m.err != nil { // an old answer is better than none
			if anew {
				k.s.Logger.Warn("an answer that is kept could not be made anew", "error", m.err)
			}
			return
		}
		changed := anew && !reflect.DeepEqual(e.answer, m.answer)
		e.answer, e.at, e.took, e.stood = m.answer, began, time.Since(began), stood
		if changed {
			k.s.renewals.tell()
		}
	})
}

// made is make, for a goroutine of its own: there, a panic would end the process.
func (k *keptAnswers[I, O]) made(ctx context.Context, in *I) (answer *O, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			k.s.Logger.Error("making an answer panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return k.make(ctx, in)
}
