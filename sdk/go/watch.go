package headroom

import "time"

// Notice is news of the stream.
type Notice struct {
	// State says what became of the connection; empty when only entitlements changed.
	State State
	// Account and Features are what changed; empty with a State.
	Account  string
	Features []string
	Err      error // why the connection is lost
}

// State is how the connection to the server is.
type State string

// The states.
const (
	Connected    State = "connected"    // entitlements are kept up to date
	Disconnected State = "disconnected" // answers are the last known; see Config.Fresh
)

// Watch calls f with news, one at a time, until stop is called; news that came a moment
// before may still arrive after it. f must not block: the stream waits for it.
func (c *Client) Watch(f func(Notice)) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watched++
	id := c.watched
	c.watchers[id] = f
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watchers, id)
	}
}

func (c *Client) notify(n Notice) {
	c.mu.RLock()
	fs := make([]func(Notice), 0, len(c.watchers))
	for _, f := range c.watchers {
		fs = append(fs, f)
	}
	c.mu.RUnlock()
	c.telling.Lock()
	defer c.telling.Unlock()
	for _, f := range fs {
		f(n)
	}
}

// serverNow is the server's time in ns since 1970, as far as it is known.
func (c *Client) serverNow() int64 { return int64(c.now()) + c.offset.Load() }

// setClock takes the server's time over, which may be far from ours: a test clock. What the
// server says may be a moment old, so the latest word counts, unless it was set back.
func (c *Client) setClock(now *time.Time) {
	if now == nil || now.IsZero() {
		return
	}
	said := now.UnixNano() - int64(c.now())
	for {
		was := c.offset.Load()
		if c.synced.Load() && said < was && was-said < int64(time.Minute) {
			return
		}
		if c.offset.CompareAndSwap(was, said) {
			c.synced.Store(true)
			return
		}
	}
}
