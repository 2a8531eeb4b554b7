package headroom

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Config says where the server is and how the client behaves. The zero value of every
// field is a sensible choice.
type Config struct {
	// URL of the server; HEADROOM_URL when empty, http://127.0.0.1:8080 when that is too.
	URL string
	// Key is a secret key, hr_sk_…, with the scopes of the calls made; HEADROOM_SECRET_KEY
	// when empty.
	Key string

	// HTTP sends the calls; nil: a client of the SDK's own. Its Timeout must be 0, for the
	// stream stays open: see Timeout.
	HTTP *http.Client
	// Timeout of one attempt of a call; 5 s when 0.
	Timeout time.Duration
	// Attempts is how often a call is tried when the server cannot be reached or is busy; 3
	// when 0. Only calls that do nothing twice are tried again.
	Attempts int

	// Accounts is how many accounts are kept for answers in the process; the one least
	// recently asked about goes first. 10,000 when 0.
	Accounts int
	// Fresh is how long after the last word of the server an answer counts as fresh; 5 min
	// when 0. The server gives a sign every 15 s, so less than 30 s makes no sense.
	Fresh time.Duration
	// MaxStale is how long after the last word of the server the last known answer is given,
	// marked Stale; after it Defaults. 24 h when 0; at least Fresh.
	MaxStale time.Duration
	// Defaults say by feature what is answered when nothing is known; a feature without one
	// is closed.
	Defaults map[string]Default
	// CacheDir is a folder in which the last known entitlements are kept, so that a process
	// can start while the server is away; none when empty.
	CacheDir string

	// Development makes mistakes loud: an unknown feature is an error in Answer.Err and in
	// the log each time. In production it is closed, and logged once a minute.
	Development bool
	// QuietGates keeps answers of the process that say no from being told to the server, for
	// whom they are a sign that the account wants more: one call per account, feature and
	// minute, in the background.
	QuietGates bool

	// Source is the source of tracked events; "sdk-go" when empty. Ids are counted once
	// within it.
	Source string
	// Queue is how many tracked events may wait to be sent; 10,000 when 0.
	Queue int
	// FlushEvery is how long an event waits for others at most; 500 ms when 0.
	FlushEvery time.Duration

	// Logger takes what goes wrong in the background; slog.Default() when nil.
	Logger *slog.Logger

	// elapsed stands for the monotonic clock in tests.
	elapsed func() time.Duration
}

// Default is what is answered for a feature of which nothing is known.
type Default struct {
	Allowed bool   // open or closed, for any quantity
	Value   string // of a feature with a value
}

// Client talks to one server. It is safe for concurrent use; make one per process and Close it.
type Client struct {
	Config

	base   *url.URL
	http   *http.Client
	start  time.Time
	ctx    context.Context //nolint:containedctx // of what runs in the background, ended by Close
	cancel context.CancelFunc
	work   sync.WaitGroup

	tracker tracker
	gates   chan touch

	// offset is what makes time of the server out of elapsed time, in ns since 1970.
	offset atomic.Int64
	synced atomic.Bool // the server has said what time it is
	// awayUntil is the elapsed time before which no new account is asked for: the server did
	// not answer a moment ago.
	awayUntil atomic.Int64

	mu       sync.RWMutex
	accounts map[string]*Account
	lanes    []*lane
	watchers map[int]func(Notice)
	watched  int
	closed   bool

	telling sync.Mutex // held while watchers are told

	cache *cache
	warn  warnings
}

// New returns a client. It makes no call.
func New(c Config) (*Client, error) {
	c.URL = cmp.Or(c.URL, os.Getenv("HEADROOM_URL"), "http://127.0.0.1:8080")
	c.Key = cmp.Or(c.Key, os.Getenv("HEADROOM_SECRET_KEY"))
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	c.Attempts = cmp.Or(c.Attempts, 3)
	c.Accounts = cmp.Or(c.Accounts, 10_000)
	c.Fresh = cmp.Or(c.Fresh, 5*time.Minute)
	c.MaxStale = cmp.Or(c.MaxStale, max(24*time.Hour, c.Fresh))
	c.Source = cmp.Or(c.Source, "sdk-go")
	c.Queue = cmp.Or(c.Queue, 10_000)
	c.FlushEvery = cmp.Or(c.FlushEvery, 500*time.Millisecond)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	base, err := url.Parse(strings.TrimSuffix(c.URL, "/"))
	switch {
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https":
		return nil, fail(CodeConfigInvalid, "URL %q is not that of a server", c.URL).mend("write it as https://headroom.example.com")
	case c.Key == "":
		return nil, fail(CodeConfigInvalid, "there is no key").mend("set Config.Key or HEADROOM_SECRET_KEY to a secret key, hr_sk_…")
	case strings.ContainsAny(c.Key, "\r\n\x00 "):
		return nil, fail(CodeConfigInvalid, "the key has a space or a line end in it").mend("copy it again")
	case c.Timeout < 0 || c.Attempts < 0 || c.Accounts < 0 || c.Fresh < 0 || c.Queue < 0 || c.FlushEvery < 0:
		return nil, fail(CodeConfigInvalid, "a number of the configuration is below zero").mend("leave it 0 for the default")
	case c.MaxStale < c.Fresh:
		return nil, fail(CodeConfigInvalid, "MaxStale %s is less than Fresh %s", c.MaxStale, c.Fresh).mend("raise MaxStale, or lower Fresh")
	case c.HTTP != nil && c.HTTP.Timeout != 0:
		return nil, fail(CodeConfigInvalid, "the HTTP client has a Timeout, which would end the stream").mend("leave it 0 and set Config.Timeout")
	}
	cl := &Client{Config: c, base: base, http: c.HTTP, start: time.Now(), accounts: make(map[string]*Account),
		gates: make(chan touch, 1000), watchers: make(map[int]func(Notice))}
	if cl.http == nil {
		cl.http = &http.Client{Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: c.Timeout, KeepAlive: 15 * time.Second}).DialContext,
			ForceAttemptHTTP2:     true,
			MaxIdleConnsPerHost:   64,
			IdleConnTimeout:       90 * time.Second,
			TLSHandshakeTimeout:   c.Timeout,
			ExpectContinueTimeout: time.Second,
		}}
	}
	if c.CacheDir != "" {
		if cl.cache, err = openCache(c.CacheDir, base.String(), c.Key); err != nil {
			return nil, err
		}
	}
	cl.ctx, cl.cancel = context.WithCancel(context.Background())
	cl.offset.Store(cl.wall() - int64(cl.now()))
	cl.tracker.start(cl)
	cl.work.Go(cl.tellGates)
	if cl.cache != nil {
		cl.work.Go(cl.keepCache)
	}
	return cl, nil
}

// now is the monotonic time since the client was made.
func (c *Client) now() time.Duration {
	if c.elapsed != nil {
		return c.elapsed()
	}
	return time.Since(c.start)
}

// wall is the time of this machine's clock in ns since 1970.
func (c *Client) wall() int64 {
	if c.elapsed != nil {
		return c.start.UnixNano() + int64(c.elapsed())
	}
	return time.Now().UnixNano()
}

// Close sends the events that wait, for as long as the context allows, ends the stream and
// everything in the background. Answers in the process are given as long as they last,
// without news. Closing again does nothing.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.mu.Unlock()
	err := c.tracker.close(ctx)
	c.cancel()
	c.work.Wait()
	c.http.CloseIdleConnections()
	return err
}

// warnings holds a sentence back that was said less than a minute ago.
type warnings struct {
	mu   sync.Mutex
	said map[string]time.Duration
}

func (w *warnings) due(what string, now time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at, ok := w.said[what]; ok && now-at < time.Minute {
		return false
	}
	if w.said == nil || len(w.said) >= 1000 {
		w.said = make(map[string]time.Duration)
	}
	w.said[what] = now
	return true
}
