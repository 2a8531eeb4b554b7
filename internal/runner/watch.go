package runner

import (
	"context"
	"slices"
	"sync"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// Watch tells somebody which accounts to read again, because a record of theirs was stepped,
// time changed them, another catalog became active or their partition went to another node.
// What changed several times is told once: a slow reader finds the latest state and holds
// nothing back. Read and Close are for one goroutine.
type Watch struct {
	r    *Runner
	wake chan struct{}         // of capacity 1
	at   map[string]*partition // where each account is watched

	mu      sync.Mutex
	changed map[string]bool
}

// Watch begins to watch no account at all; Read adds one. The caller closes it.
func (r *Runner) Watch() *Watch {
	return &Watch{r: r, wake: make(chan struct{}, 1), at: make(map[string]*partition), changed: make(map[string]bool)}
}

// Changed delivers when Take has something to return.
func (w *Watch) Changed() <-chan struct{} { return w.wake }

// Take returns the accounts to read again, sorted, each once.
func (w *Watch) Take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	keys := make([]string, 0, len(w.changed))
	for key := range w.changed {
		keys = append(keys, key)
	}
	clear(w.changed)
	slices.Sort(keys)
	return keys
}

// tell notes that an account is to be read again.
func (w *Watch) tell(key string) {
	w.mu.Lock()
	w.changed[key] = true
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Read calls f with the account as stepped at least up to position after, and watches it from
// there on. f returns when time alone makes what it saw another, zero for never; what the
// account's own timers do is watched anyway.
func (w *Watch) Read(ctx context.Context, key string, after uint64, f func(View) (until clock.Time, err error)) error {
	p, err := w.r.enter(ctx, key, after)
	if err != nil {
		return err
	}
	defer p.mu.Unlock()
	until, err := f(p.view(key))
	if err != nil {
		return err
	}
	p.watch(w, key, until)
	w.at[key] = p
	return nil
}

// Fresh says whether the accounts are as they are told: no lease may have run out meanwhile.
func (w *Watch) Fresh() bool {
	var last *partition
	for _, p := range w.at {
		if p != last && !p.fresh() {
			return false
		}
		last = p
	}
	return true
}

// Forget ends watching one account.
func (w *Watch) Forget(key string) {
	if p := w.at[key]; p != nil {
		delete(w.at, key)
		p.mu.Lock()
		p.unwatch(w, key)
		p.mu.Unlock()
	}
}

// Close ends watching.
func (w *Watch) Close() {
	for key := range w.at {
		w.Forget(key)
	}
}

// watched is an account that somebody watches.
type watched struct {
	by  []*Watch
	due clock.Time // when time alone changes what one of them saw; zero: never
}

// watch notes that w watches an account. The caller holds mu.
func (p *partition) watch(w *Watch, key string, until clock.Time) {
	if p.watched == nil {
		p.watched = make(map[string]*watched)
	}
	a := p.watched[key]
	if a == nil {
		a = &watched{}
		p.watched[key] = a
	}
	if !slices.Contains(a.by, w) {
		a.by = append(a.by, w)
	}
	if own := p.state.DueOf(key); until == 0 || own != 0 && own < until {
		until = own
	}
	if until == 0 {
		return
	}
	// Whole seconds, so that many accounts due at about the same time share a tick of the log,
	// and never what is past already.
	until = max(until, p.state.Now+1)
	until += (clock.Second - until%clock.Second) % clock.Second
	if a.due == 0 || until < a.due {
		a.due = until
	}
	if p.watchDue == 0 || until < p.watchDue {
		p.watchDue = until
	}
}

// unwatch ends that. The caller holds mu.
func (p *partition) unwatch(w *Watch, key string) {
	a := p.watched[key]
	if a == nil {
		return
	}
	a.by = slices.DeleteFunc(a.by, func(o *Watch) bool { return o == w })
	if len(a.by) == 0 {
		delete(p.watched, key)
	}
	if len(p.watched) == 0 {
		p.watched, p.watchDue = nil, 0
	}
}

// tellOf tells those who watch the accounts of the records, and those for whom the time has
// come. The caller holds mu and knows that somebody watches something.
func (p *partition) tellOf(records []event.Record) {
	for i := range records {
		if a := p.watched[records[i].Key]; a != nil {
			a.tell(records[i].Key)
		}
	}
	if p.watchDue == 0 || p.state.Now < p.watchDue {
		return
	}
	p.watchDue = 0
	for key, a := range p.watched {
		switch {
		case a.due == 0:
		case a.due <= p.state.Now:
			a.tell(key)
		case p.watchDue == 0 || a.due < p.watchDue:
			p.watchDue = a.due
		}
	}
}

// tellAll tells everybody: another catalog is active, or the partition is lost. The caller
// holds mu.
func (p *partition) tellAll() {
	for key, a := range p.watched {
		a.tell(key)
	}
}

// tell lets all who watch the account read it again, which sets its due time anew.
func (a *watched) tell(key string) {
	a.due = 0
	for _, w := range a.by {
		w.tell(key)
	}
}

// enter returns the partition of key with its mu held, the account loaded and everything up
// to position after stepped.
func (r *Runner) enter(ctx context.Context, key string, after uint64) (*partition, error) {
	p, err := r.find(ctx, key)
	if err != nil {
		return nil, err
	}
	if err := p.wait(ctx, after); err != nil {
		return nil, err
	}
	p.mu.Lock()
	if err := p.ready(ctx, key); err != nil {
		p.mu.Unlock()
		return nil, err
	}
	return p, nil
}

// ready makes sure that the account can be looked at. The caller holds mu.
func (p *partition) ready(ctx context.Context, key string) error {
	// What is lost may hold accounts that a later owner has written.
	if p.torn || p.isGone() {
		return errLost
	}
	if p.state.Loaded(key) {
		return nil
	}
	if p.state.Absent() > 10_000 { // somebody asks for accounts that do not exist
		p.state.ForgetAbsent()
	}
	return p.load(ctx, []event.Record{{Kind: event.KindAccount, Key: key}})
}

// view is what a read sees. The caller holds mu.
func (p *partition) view(key string) View {
	return View{State: p.state, Account: p.state.Account(key), Catalog: p.cat, Stale: !p.fresh()}
}

// Moving says whether an error of Read means that the account's partition is on its way to
// another node, or that nobody owns it yet: it is there again within seconds.
func Moving(err error) bool {
	code := fault.CodeOf(err)
	return code == errLost.Code || code == "partition_unowned"
}
