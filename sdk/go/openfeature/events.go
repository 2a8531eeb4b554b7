package headroomof

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/open-feature/go-sdk/openfeature"

	headroom "github.com/headroomhq/headroom/sdk/go"
)

// events turns the client's notices into a provider's events. What cannot be delivered at
// once is put together: the last state, and all flags that changed.
type events struct {
	out  chan openfeature.Event
	poke chan struct{}

	mu      sync.Mutex
	state   *openfeature.Event
	changed map[string][]string // flags by account
	lost    *time.Timer         // runs while disconnected
	stop    func()              // of the running subscription; nil: none
}

func (e *events) start() {
	e.out, e.poke, e.changed = make(chan openfeature.Event, 16), make(chan struct{}, 1), make(map[string][]string)
}

// EventChannel is where OpenFeature hears of states and changes.
func (p *Provider) EventChannel() <-chan openfeature.Event { return p.events.out }

// Init is InitWithContext with a most of ten seconds.
func (p *Provider) Init(of openfeature.EvaluationContext) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return p.InitWithContext(ctx, of)
}

// InitWithContext asks whether the server answers and takes the key. It fails when not; the
// provider then answers from the client's cache and defaults, and says that it is ready once
// the server is back. A key that is refused is fatal.
func (p *Provider) InitWithContext(ctx context.Context, of openfeature.EvaluationContext) error {
	p.listen()
	if err := p.client.Ping(ctx); err != nil {
		init := &openfeature.ProviderInitError{ErrorCode: openfeature.GeneralCode, Message: err.Error()}
		if e, ok := errors.AsType[*headroom.Error](err); ok && (e.Status == 401 || e.Status == 403) {
			init.ErrorCode = openfeature.ProviderFatalCode
			return init
		}
		p.awaitServer()
		return init
	}
	key := p.account(openfeature.FlattenedContext{openfeature.TargetingKey: of.TargetingKey()})
	if key == "" {
		key = p.preset
	}
	if key != "" {
		_, _ = p.client.Account(ctx, key) // known before the first evaluation; one nobody has heard of is no fault
	}
	return nil
}

// Shutdown is ShutdownWithContext with a most of ten seconds.
func (p *Provider) Shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = p.ShutdownWithContext(ctx) // there is nobody to tell; the client says what it could not send when it is closed
}

// ShutdownWithContext sends the events that wait. The client stays open.
func (p *Provider) ShutdownWithContext(ctx context.Context) error {
	e := &p.events
	e.mu.Lock()
	stop := e.stop
	e.stop = nil
	if e.lost != nil {
		e.lost.Stop()
	}
	e.mu.Unlock()
	if stop != nil {
		stop()
	}
	return p.client.Flush(ctx)
}

// listen begins to pass on the client's notices, once.
func (p *Provider) listen() {
	e := &p.events
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stop != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	unwatch := p.client.Watch(p.heard)
	var running sync.WaitGroup
	running.Go(func() { e.deliver(ctx) })
	e.stop = func() {
		unwatch()
		cancel()
		running.Wait()
	}
}

// awaitServer says that the provider is ready once the server is back.
func (p *Provider) awaitServer() {
	e := &p.events
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.stop
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for wait := 100 * time.Millisecond; p.client.Ping(ctx) != nil; wait = min(2*wait, 10*time.Second) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
		p.heard(headroom.Notice{State: headroom.Connected})
	})
	e.stop = func() {
		cancel()
		running.Wait()
		before()
	}
}

// heard takes in a notice.
func (p *Provider) heard(n headroom.Notice) {
	e := &p.events
	e.mu.Lock()
	defer e.mu.Unlock()
	name := p.Metadata().Name
	switch n.State {
	case headroom.Connected:
		if e.lost != nil {
			e.lost.Stop()
			e.lost = nil
		}
		e.state = &openfeature.Event{ProviderName: name, EventType: openfeature.ProviderReady,
			ProviderEventDetails: openfeature.ProviderEventDetails{Message: "entitlements are kept up to date"}}
	case headroom.Disconnected:
		e.state = &openfeature.Event{ProviderName: name, EventType: openfeature.ProviderStale,
			ProviderEventDetails: openfeature.ProviderEventDetails{Message: "the server is away; answers are the last known"}}
		if e.lost == nil {
			e.lost = time.AfterFunc(p.client.MaxStale, p.gone)
		}
	default:
		for _, f := range n.Features {
			if !slices.Contains(e.changed[n.Account], f) {
				e.changed[n.Account] = append(e.changed[n.Account], f)
			}
		}
	}
	e.wake()
}

// gone says that what is known is too old to be used.
func (p *Provider) gone() {
	e := &p.events
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state = &openfeature.Event{ProviderName: p.Metadata().Name, EventType: openfeature.ProviderError,
		ProviderEventDetails: openfeature.ProviderEventDetails{Message: "the server has been away for too long", ErrorCode: openfeature.GeneralCode}}
	e.wake()
}

func (e *events) wake() {
	select {
	case e.poke <- struct{}{}:
	default:
	}
}

func (e *events) deliver(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.poke:
		}
		for _, event := range e.take() {
			select {
			case e.out <- event:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (e *events) take() []openfeature.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []openfeature.Event
	if e.state != nil {
		all = append(all, *e.state)
		e.state = nil
	}
	for account, flags := range e.changed {
		slices.Sort(flags)
		all = append(all, openfeature.Event{ProviderName: "headroom", EventType: openfeature.ProviderConfigChange,
			ProviderEventDetails: openfeature.ProviderEventDetails{Message: "entitlements of " + account + " changed", FlagChanges: flags,
				EventMetadata: map[string]any{"account": account}}})
		delete(e.changed, account)
	}
	return all
}
