package headroom

import (
	"context"
	"errors"
	"maps"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Account answers for one account in the process, without asking the server: its
// entitlements are fetched once and kept up to date by server-sent events. Keep it for as
// long as you like; it is safe for concurrent use.
type Account struct {
	client *Client
	key    string
	ready  chan struct{} // closed when the first fetch is through

	// heard is the elapsed time at which the server last vouched for what is known here;
	// unheard when nothing is.
	heard atomic.Int64
	used  atomic.Int64 // elapsed time of the last question, to a second
	out   atomic.Bool  // evicted; a question brings it back
	cells atomic.Pointer[map[string]*cell]
	miss  atomic.Pointer[Error] // why nothing is known

	mu   sync.Mutex // held while the cells change
	lane *lane      // guarded by Client.mu
}

const unheard = math.MinInt64

// cell holds one feature of an account; it stays the same while what is known changes.
type cell struct {
	account *Account
	feature string
	entry   atomic.Pointer[entry] // nil: the server does not name the feature
	// ahead is usage, in units, that this process knows of and that news may not have
	// counted yet; it holds until the elapsed time aheadUntil.
	ahead      atomic.Int64
	aheadUntil atomic.Int64
	told       atomic.Int64 // elapsed time when the server was last told of a no
}

// settle is how long what this process has counted on holds against older news.
const settle = 10 * time.Second

// Account returns the account, fetching its entitlements when they are not known yet. When
// the server cannot be asked and the cache knows nothing, the account comes with an error:
// it can be used all the same, answers by Config.Defaults, and learns what there is to know
// as soon as the server is back.
func (c *Client) Account(ctx context.Context, key string) (*Account, error) {
	if key == "" {
		return nil, fail(CodeEventInvalid, "the account's key is empty").mend("pass the key of an account")
	}
	c.mu.RLock()
	a := c.accounts[key]
	c.mu.RUnlock()
	if a == nil {
		a = c.admit(key)
	}
	select {
	case <-a.ready:
	default:
		select {
		case <-a.ready:
		case <-ctx.Done():
			return a, fail(CodeUnreachable, "account %s is not fetched yet: %v", key, ctx.Err()).because(ctx.Err())
		}
	}
	if a.heard.Load() == unheard {
		if e := a.miss.Load(); e != nil {
			return a, e
		}
	}
	return a, nil
}

// admit adds an account, lets go of others beyond the most, and fetches it in the
// background.
func (c *Client) admit(key string) *Account {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.accounts[key]; a != nil {
		return a
	}
	a := &Account{client: c, key: key, ready: make(chan struct{})}
	a.heard.Store(unheard)
	a.used.Store(int64(c.now()))
	a.cells.Store(&map[string]*cell{})
	if c.closed {
		a.miss.Store(fail(CodeClosed, "the client is closed"))
		close(a.ready)
		return a
	}
	c.enter(a)
	c.work.Go(func() {
		defer close(a.ready)
		c.fetch(a)
		c.follow(a)
	})
	return a
}

// enter puts an account among those kept; Client.mu is held.
func (c *Client) enter(a *Account) {
	for len(c.accounts) >= c.Accounts {
		var oldest *Account
		for _, other := range c.accounts {
			if oldest == nil || other.used.Load() < oldest.used.Load() {
				oldest = other
			}
		}
		delete(c.accounts, oldest.key)
		oldest.out.Store(true)
		c.leave(oldest)
		if c.cache != nil {
			c.cache.forget(oldest.key)
		}
	}
	a.out.Store(false)
	c.accounts[a.key] = a
}

// readmit brings an account back that was let go while somebody still held it.
func (c *Client) readmit(a *Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || !a.out.Load() || c.accounts[a.key] != nil {
		return
	}
	c.enter(a)
	c.work.Go(func() { c.fetch(a); c.follow(a) })
}

// fetch asks the server for the account's entitlements, and the cache when it is away.
func (c *Client) fetch(a *Account) {
	if int64(c.now()) < c.awayUntil.Load() {
		c.fromCache(a, fail(CodeNotKnown, "nothing is known of account %s: the server did not answer a moment ago", a.key))
		return
	}
	var out struct {
		Items []*Item
		Now   *time.Time
		Stale bool
	}
	err := c.call(c.ctx, request{method: "GET", path: path("accounts", a.key, "entitlements"), once: true}, &out)
	switch e, _ := errors.AsType[*Error](err); {
	case err == nil:
		c.setClock(out.Now)
		a.replace(out.Items)
		if !out.Stale {
			a.vouch(int64(c.now()))
		}
	case e != nil && e.Status == http.StatusNotFound:
		a.replace(nil) // nobody has heard of it: every feature is closed until it is heard of
		a.miss.Store(e)
	default:
		if away(err) {
			c.awayUntil.Store(int64(c.now() + time.Second))
		}
		c.fromCache(a, e)
	}
}

func (c *Client) fromCache(a *Account, why *Error) {
	if c.cache != nil {
		if items, age, ok := c.cache.read(a.key, c.wall()); ok {
			a.replace(items)
			a.vouch(int64(c.now()) - age)
			return
		}
	}
	a.miss.Store(why)
}

// vouch notes when the server last vouched for what is known; never earlier than before.
func (a *Account) vouch(at int64) {
	for {
		was := a.heard.Load()
		if was >= at || a.heard.CompareAndSwap(was, at) {
			return
		}
	}
}

// replace makes items all that is known, and returns the features that differ.
func (a *Account) replace(items []*Item) []string {
	named := make(map[string]bool, len(items))
	for _, i := range items {
		named[i.Feature] = true
	}
	var gone []string
	for feature := range *a.cells.Load() {
		if !named[feature] {
			gone = append(gone, feature)
		}
	}
	return a.change(items, gone)
}

// change takes in news: items that changed and features that are gone. It returns those
// that are not as they were.
func (a *Account) change(items []*Item, removed []string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var differ []string
	for _, i := range items {
		cell := a.make(i.Feature)
		e := entryOf(i)
		if was := cell.entry.Swap(e); was == nil || !same(was.item, i) {
			differ = append(differ, i.Feature)
		}
	}
	cells := *a.cells.Load()
	for _, feature := range removed {
		if cell := cells[feature]; cell != nil && cell.entry.Swap(nil) != nil {
			differ = append(differ, feature)
		}
	}
	return differ
}

// make returns the cell of a feature, a new one when there is none yet; a.mu is held.
func (a *Account) make(feature string) *cell {
	cells := *a.cells.Load()
	if f := cells[feature]; f != nil {
		return f
	}
	more := make(map[string]*cell, len(cells)+1)
	maps.Copy(more, cells)
	f := &cell{account: a, feature: feature}
	f.told.Store(unheard)
	more[feature] = f
	a.cells.Store(&more)
	return f
}

// Key returns the account's key.
func (a *Account) Key() string { return a.key }

// Check says whether so much of a feature may be used. Zero asks whether the account has the
// feature at all; of a feature that is on or off the quantity says nothing.
func (a *Account) Check(feature string, quantity float64) Answer {
	if f := (*a.cells.Load())[feature]; f != nil {
		return f.check(quantity, false)
	}
	return a.missing(feature, int64(a.client.now()))
}

// Has says whether the account has a feature that is on or off.
func (a *Account) Has(feature BooleanFeature) bool { return a.Check(string(feature), 1).Allowed }

// Value returns the value of a feature that has one.
func (a *Account) Value(feature ValueFeature) Answer {
	answer := a.Check(string(feature), 1)
	if a.client.Development && answer.Item != nil && answer.Item.Kind != Value {
		answer.Err = fail(CodeWrongKind, "feature %s is %s and has no value", feature, answer.Item.Kind).mend("ask with Check")
		a.client.Logger.Error("headroom: a feature is asked for its value and has none", "feature", string(feature))
	}
	return answer
}

// Metered returns a gate for a feature of which the account may use so much.
func (a *Account) Metered(feature MeteredFeature) Gate { return a.Gate(string(feature)) }

// Seats returns a gate for a feature that counts people.
func (a *Account) Seats(feature SeatsFeature) Gate { return a.Gate(string(feature)) }

// Gate returns a gate for any feature.
func (a *Account) Gate(feature string) Gate {
	f := (*a.cells.Load())[feature]
	if f == nil {
		a.mu.Lock()
		f = a.make(feature)
		a.mu.Unlock()
	}
	return Gate{f}
}

// Features lists the keys of all features that the server names, in no order.
func (a *Account) Features() []string {
	var keys []string
	for key, f := range *a.cells.Load() {
		if f.entry.Load() != nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// Gate is one feature of one account, looked up once: the fastest way to ask often.
type Gate struct{ cell *cell }

// Check says whether so much may be used.
func (g Gate) Check(quantity float64) Answer { return g.cell.check(quantity, false) }

// Peek is Check, but a no is not told to the server: for whoever asks it next, with Explain,
// or only wants to draw something.
func (g Gate) Peek(quantity float64) Answer { return g.cell.check(quantity, true) }

// Feature returns the feature's key.
func (g Gate) Feature() string { return g.cell.feature }

// Add counts usage that this process is about to tell the server by Track: until the news of
// it have come, 10 s at most, answers here count it on top. What Client.Consume takes is
// added by itself.
func (g Gate) Add(quantity float64) {
	if math.IsNaN(quantity) {
		return
	}
	f := g.cell
	now := int64(f.account.client.now())
	known := units(0)
	if e := f.entry.Load(); e != nil {
		known = e.usage
	}
	for {
		was, until := f.ahead.Load(), f.aheadUntil.Load()
		from := known
		if until > now {
			from = max(from, units(was))
		}
		if f.ahead.CompareAndSwap(was, int64(max(from+unitsOf(quantity), 0))) {
			f.aheadUntil.Store(now + int64(settle))
			return
		}
	}
}

// learn takes in what the server answered to a consume or release.
func (c *Client) learn(account, feature string, a Answer) {
	c.mu.RLock()
	of := c.accounts[account]
	c.mu.RUnlock()
	if of == nil {
		return
	}
	if f := (*of.cells.Load())[feature]; f != nil {
		f.ahead.Store(int64(unitsOf(a.Usage)))
		f.aheadUntil.Store(int64(c.now() + settle))
	}
}

// same says whether two items say the same, but for words.
func same(a, b *Item) bool {
	return a.Allowed == b.Allowed && a.Reason == b.Reason && a.Value == b.Value && a.Unlimited == b.Unlimited && a.Soft == b.Soft &&
		value(a.Usage) == value(b.Usage) && value(a.Limit) == value(b.Limit) && value(a.Remaining) == value(b.Remaining) &&
		a.Hidden == b.Hidden && a.Source == b.Source && a.Kind == b.Kind
}
