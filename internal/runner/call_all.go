package runner

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// CallAll makes records durable together, whichever nodes own their partitions, and returns
// what Step answered each, in their order. The records must have IDs. An error means that not
// every answer is known: what was recorded takes effect, and repeating it with the same IDs tells.
//
// Where another node owns a partition, its answer is read from the table of answers, where it is
// as soon as that node has written the checkpoint: it is asked to do so at once.
func (r *Runner) CallAll(ctx context.Context, records ...event.Record) ([]engine.Answer, uint64, error) {
	waits := make([]func(context.Context) (engine.Answer, error), len(records))
	position := uint64(0) // of the records, once they are durable
	var dones []func()
	defer func() {
		for _, done := range dones {
			done()
		}
	}()
	for i := range records {
		rec := &records[i]
		r.mu.Lock()
		p := r.owned[event.Partition(rec.Key, r.Partitions)]
		r.mu.Unlock()
		if p == nil {
			waits[i] = func(ctx context.Context) (engine.Answer, error) { return r.recorded(ctx, rec, position) }
			continue
		}
		wait, done := p.hear(rec)
		dones = append(dones, done)
		waits[i] = func(ctx context.Context) (engine.Answer, error) {
			a, err := wait(ctx)
			if errors.Is(err, errLost) { // whoever owns it now answers
				return r.recorded(ctx, rec, position)
			}
			return a, err
		}
	}
	var err error
	if position, err = r.Submit(ctx, records...); err != nil {
		return nil, 0, err
	}
	answers := make([]engine.Answer, len(records))
	for i, wait := range waits {
		if answers[i], err = wait(ctx); err != nil {
			return nil, position, err
		}
	}
	return answers, position, nil
}

// CallAnywhere is Call for a record of whichever partition.
func (r *Runner) CallAnywhere(ctx context.Context, rec event.Record) (engine.Answer, uint64, error) {
	answers, position, err := r.CallAll(ctx, rec)
	if err != nil {
		return engine.Answer{}, position, err
	}
	return answers[0], position, nil
}

// hear returns a function that waits for the answer to a record, which may not be submitted
// before, and one that ends the waiting.
func (p *partition) hear(rec *event.Record) (wait func(context.Context) (engine.Answer, error), done func()) {
	fp := event.FingerprintOf(rec.Source, rec.ID)
	ch := make(chan engine.Answer, 1)
	p.mu.Lock()
	p.answers[fp] = append(p.answers[fp], ch)
	p.mu.Unlock()
	wait = func(ctx context.Context) (engine.Answer, error) {
		select {
		case a := <-ch:
			return a, nil
		case <-p.gone:
			return engine.Answer{}, errLost
		case <-ctx.Done():
			return engine.Answer{}, answerLate(ctx.Err())
		}
	}
	return wait, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		left := slices.DeleteFunc(p.answers[fp], func(c chan engine.Answer) bool { return c == ch })
		if len(left) == 0 {
			delete(p.answers, fp)
		} else {
			p.answers[fp] = left
		}
	}
}

func answerLate(cause error) error {
	return fault.New(fault.Unavailable, "answer_late", "the call is recorded but was not answered in time").
		WithMend("send it again with the same Idempotency-Key: it takes effect once").WithCause(cause)
}

// How often the table of answers is looked at for that of another node, and how often that node
// is asked to write its checkpoint: a question may get lost.
const (
	lookSoonest = 5 * time.Millisecond
	lookLatest  = 100 * time.Millisecond
	askAgain    = time.Second
)

// recorded waits until the answer to a record at position is in the table of answers.
func (r *Runner) recorded(ctx context.Context, rec *event.Record, position uint64) (engine.Answer, error) {
	fp, asked := event.FingerprintOf(rec.Source, rec.ID), time.Time{}
	for wait := lookSoonest; ; wait = min(2*wait, lookLatest) {
		row, found, err := r.Store.Answer(ctx, rec.Key, fp)
		switch {
		case ctx.Err() != nil:
			return engine.Answer{}, answerLate(ctx.Err())
		case err != nil:
			return engine.Answer{}, err
		case found:
			return engine.Recalled(&row, rec)
		}
		if time.Since(asked) > askAgain {
			asked = time.Now()
			if err := r.Log.Ask(position); err != nil {
				return engine.Answer{}, err
			}
		}
		select {
		case <-r.Committed(): // it may have become ours
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// ReadAnywhere is Read for an account of whichever partition: one of another node's is as its
// last checkpoint left it, and the view says that it is stale.
func (r *Runner) ReadAnywhere(ctx context.Context, key string, f func(View) error) error {
	err := r.Read(ctx, key, 0, f)
	if _, elsewhere := errors.AsType[*Elsewhere](err); !elsewhere {
		return err
	}
	n := event.Partition(key, r.Partitions)
	leases, err := r.Store.Partitions(ctx)
	if err != nil {
		return err
	}
	l := leases[n]
	c, err := r.catalog(ctx, l.Catalog)
	if err != nil {
		return err
	}
	stored, err := r.Store.AccountStates(ctx, n, []string{key})
	if err != nil {
		return err
	}
	state := engine.NewState(n, l.Position, l.Now, l.Catalog, l.Rules, nil)
	if err := state.LoadAccount(key, stored[key]); err != nil {
		return err
	}
	return f(View{State: state, Account: state.Account(key), Catalog: c, Stale: true})
}
