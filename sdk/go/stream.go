package headroom

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// laneBytes is how long the keys of a stream's accounts may be together: they stand in the
	// URL, of which many a proxy takes 8 kB.
	laneBytes = 7000
	// silence is after how long without a sign a stream counts as broken; the server gives
	// one every 15 s.
	silence = 50 * time.Second
	// gather is how long a stream waits for more accounts before it opens anew for them.
	gather = 50 * time.Millisecond
)

// lane is one stream and the accounts that it keeps up to date.
type lane struct {
	client *Client
	poke   chan struct{} // accounts were added
	joined atomic.Bool   // the same, though it may be one that was named before

	accounts map[string]*Account // guarded by Client.mu
	bytes    int                 // the same
}

// follow has an account kept up to date.
func (c *Client) follow(a *Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || a.lane != nil || a.out.Load() {
		return
	}
	size := len(url.QueryEscape(a.key)) + len("&account=")
	var l *lane
	for _, have := range c.lanes {
		if len(have.accounts) < sizes[0].full && have.bytes+size <= laneBytes {
			l = have
			break
		}
	}
	if l == nil {
		l = &lane{client: c, poke: make(chan struct{}, 1), accounts: make(map[string]*Account)}
		c.lanes = append(c.lanes, l)
		c.work.Go(l.run)
	}
	l.add(a, size)
	for _, s := range sizes {
		c.join(s)
	}
}

// add takes an account in; Client.mu is held.
func (l *lane) add(a *Account, size int) {
	a.lane = l
	l.accounts[a.key] = a
	l.bytes += size
	l.joined.Store(true)
	select {
	case l.poke <- struct{}{}:
	default:
	}
}

// sizes of lanes. A stream names its accounts when it opens: with one more it says everything
// anew. So new accounts gather in small lanes, and as soon as so many of one size are full
// they become one of the next.
var sizes = []struct{ full, joined int }{{16, 8}, {128, 4}}

// join makes one lane of those of a size when there are enough; Client.mu is held. What was
// moved out of a lane goes unheard until the other opens, which says everything.
func (c *Client) join(s struct{ full, joined int }) {
	var full []*lane
	for _, l := range c.lanes {
		if n := len(l.accounts); n >= s.full && n < s.full*s.joined && l.bytes < laneBytes*3/4 {
			full = append(full, l)
		}
	}
	if len(full) < s.joined {
		return
	}
	into := full[0]
	for _, l := range full[1:] {
		for key, a := range l.accounts {
			size := len(url.QueryEscape(key)) + len("&account=")
			if into.bytes+size > laneBytes || len(into.accounts) >= s.full*s.joined {
				return
			}
			delete(l.accounts, key)
			l.bytes -= size
			into.add(a, size)
		}
		select {
		case l.poke <- struct{}{}: // it has nothing to do any more
		default:
		}
	}
}

// leave takes an account out of its stream; Client.mu is held. The stream goes on naming it
// until it opens anew.
func (c *Client) leave(a *Account) {
	if l := a.lane; l != nil {
		delete(l.accounts, a.key)
		l.bytes -= len(url.QueryEscape(a.key)) + len("&account=")
		a.lane = nil
	}
}

// keys returns the accounts of the lane in order, nil when there are none and it has ended.
func (l *lane) keys() []string {
	l.client.mu.Lock()
	defer l.client.mu.Unlock()
	keys := make([]string, 0, len(l.accounts))
	for key := range l.accounts {
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		l.client.lanes = slices.DeleteFunc(l.client.lanes, func(o *lane) bool { return o == l })
		return nil
	}
	slices.Sort(keys)
	return keys
}

func (l *lane) of(key string) *Account {
	l.client.mu.RLock()
	defer l.client.mu.RUnlock()
	return l.accounts[key]
}

// run keeps the stream open until the client is closed or nobody needs it.
func (l *lane) run() {
	c := l.client
	var last string // id of the last event
	var before []string
	for attempt := 0; c.ctx.Err() == nil; {
		if !c.pause(c.ctx, gather) {
			return
		}
		select {
		case <-l.poke:
		default:
		}
		keys := l.keys()
		if keys == nil {
			return
		}
		if joined := l.joined.Swap(false); joined || !slices.Equal(keys, before) {
			last = "" // what those who joined missed is not known: hear everything again
		}
		before = keys
		connected, added, err := l.listen(keys, &last)
		if c.ctx.Err() != nil {
			return
		}
		if connected {
			attempt = 0
		}
		if added {
			continue
		}
		if connected {
			c.notify(Notice{State: Disconnected, Err: err})
		}
		attempt++
		if e := problemOf(err); e != nil && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests {
			last = "" // perhaps the server cannot go on from there
			if c.warn.due("stream", c.now()) {
				c.Logger.Error("headroom: the server refuses the stream of entitlements", "error", err)
			}
		} else if attempt > 1 && c.warn.due("stream", c.now()) {
			c.Logger.Warn("headroom: the stream of entitlements is broken; answers are the last known", "error", err)
		}
		if !c.pause(c.ctx, backoff(attempt, 100*time.Millisecond, 20*time.Second)) {
			return
		}
	}
}

func problemOf(err error) *Error {
	e, _ := err.(*Error) //nolint:errorlint // ours, never wrapped here
	return e
}

// listen opens the stream and takes in what it says until it breaks, or, added, until
// accounts were added.
func (l *lane) listen(keys []string, last *string) (connected, added bool, err error) {
	c := l.client
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	quiet := time.AfterFunc(silence, cancel)
	defer quiet.Stop()

	r := request{method: "GET", path: path("entitlements", "stream"), query: url.Values{"account": keys}}
	req, err := c.newRequest(ctx, r, nil)
	if err != nil {
		return false, false, err
	}
	req.Header.Set("Accept", "text/event-stream")
	if *last != "" {
		req.Header.Set("Last-Event-ID", *last)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return false, false, unreachable(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		return false, false, problem(res.StatusCode, res.Header, body)
	}
	c.awayUntil.Store(0)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel()
	watch.Go(func() { // accounts that join end this stream, for one with them
		select {
		case <-l.poke:
			added = true
			cancel()
		case <-ctx.Done():
		}
	})
	events := &events{from: bufio.NewReaderSize(res.Body, 32<<10), id: *last}
	first := true
	for {
		name, data, err := events.next()
		if err != nil {
			cancel()
			watch.Wait()
			return true, added, unreachable(err)
		}
		quiet.Reset(silence)
		now := int64(c.now())
		if first {
			first = false
			c.notify(Notice{State: Connected})
		}
		if name != "" {
			if err := l.take(name, data); err != nil {
				return true, false, err
			}
			*last = events.id
			continue // of the others it says nothing
		}
		for _, key := range keys { // the server is there, and has nothing else to say of any of them
			if a := l.of(key); a != nil {
				a.vouchKnown(now)
			}
		}
	}
}

// vouchKnown is vouch for an account of which something is known.
func (a *Account) vouchKnown(now int64) {
	if a.heard.Load() != unheard {
		a.vouch(now)
	}
}

// take takes in one event.
func (l *lane) take(name string, data []byte) error {
	c := l.client
	if name != "entitlements" && name != "change" {
		return nil
	}
	var news struct {
		Account string
		Items   []*Item
		Removed []string
		Now     *time.Time
		Stale   bool
	}
	if err := json.Unmarshal(data, &news); err != nil {
		return fail(CodeAnswerInvalid, "the stream says what is no news of entitlements: %v", err).because(err)
	}
	c.setClock(news.Now)
	a := l.of(news.Account)
	if a == nil {
		return nil // let go meanwhile
	}
	var differ []string
	if name == "change" {
		differ = a.change(news.Items, news.Removed)
	} else {
		differ = a.replace(news.Items)
	}
	if !news.Stale {
		a.vouch(int64(c.now()))
		a.miss.Store(nil)
	}
	if c.cache != nil {
		c.cache.dirty(a)
	}
	if len(differ) > 0 {
		c.notify(Notice{Account: news.Account, Features: differ})
	}
	return nil
}

// events reads server-sent events.
type events struct {
	from *bufio.Reader
	id   string // of the last event that had one
}

// next returns the next event; a comment is one without a name.
func (e *events) next() (name string, data []byte, err error) {
	var text bytes.Buffer
	id, seen := e.id, false
	for {
		line, err := e.line()
		if err != nil {
			return "", nil, err
		}
		if len(line) == 0 {
			if !seen {
				continue
			}
			e.id = id
			if text.Len() > 0 {
				text.Truncate(text.Len() - 1) // the last line end
			}
			if name == "" {
				name = "message"
			}
			return name, text.Bytes(), nil
		}
		field, val, _ := bytes.Cut(line, []byte{':'})
		val = bytes.TrimPrefix(val, []byte{' '})
		switch string(field) {
		case "":
			if !seen {
				return "", nil, nil
			}
		case "event":
			name, seen = string(val), true
		case "data":
			if text.Len()+len(val) > maxAnswer {
				return "", nil, fail(CodeAnswerInvalid, "an event of the stream is beyond %d bytes", maxAnswer)
			}
			text.Write(val)
			text.WriteByte('\n')
			seen = true
		case "id":
			id, seen = string(val), true
		}
	}
}

// line reads up to the end of a line, without it.
func (e *events) line() ([]byte, error) {
	var whole []byte
	for {
		part, err := e.from.ReadSlice('\n')
		if err == nil && whole == nil {
			return bytes.TrimRight(part, "\r\n"), nil
		}
		whole = append(whole, part...)
		switch {
		case err == nil:
			return bytes.TrimRight(whole, "\r\n"), nil
		case err != bufio.ErrBufferFull: //nolint:errorlint // ReadSlice's own
			return nil, err
		case len(whole) > maxAnswer:
			return nil, fail(CodeAnswerInvalid, "a line of the stream is beyond %d bytes", maxAnswer)
		}
	}
}
