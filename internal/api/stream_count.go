package api

import (
	"sync"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/fault"
)

// Every stream of an account reads it anew when it changes, in the turn of its partition: with
// 1,500 streams of one account a check beside them waited a second. So they are bounded, by what
// a caller needs who keeps one stream per tab or process.
const (
	maxStreamsUser   = 16   // of one person's user tokens: tabs and devices
	maxStreamsCaller = 256  // of one secret key, or of all people of one account: processes
	maxStreams       = 4096 // of all callers, some 100 kB of memory each
	streamsRetry     = 15   // seconds: a stream whose reader has gone is noticed at the next beat
)

// streamCount counts open streams by who opened them. Safe for concurrent use.
type streamCount struct {
	mu  sync.Mutex
	all int
	of  map[string]int // never holds a zero
}

// open counts one more stream of a caller and returns what ends it; fault busy, code
// streams_too_many where it would be one too many.
func (c *streamCount) open(p access.Principal) (end func(), err error) {
	type share struct {
		key, whose string
		most       int
	}
	shares := []share{{"key\x00" + p.KeyID, "this key", maxStreamsCaller}}
	if p.Kind == access.Browser {
		shares = []share{
			{"user\x00" + p.Account + "\x00" + p.User, "this user", maxStreamsUser},
			{"account\x00" + p.Account, "the users of this account", maxStreamsCaller},
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= maxStreams {
		return nil, fault.New(fault.Busy, "streams_too_many", "%d streams are open, the most this server keeps", c.all).
			WithMend("try again in %d s, and read /v1/accounts/{account}/entitlements until then", streamsRetry).WithRetryAfter(streamsRetry)
	}
	for _, s := range shares {
		if c.of[s.key] >= s.most {
			return nil, fault.New(fault.Busy, "streams_too_many", "%s has %d streams open, the most there may be", s.whose, s.most).
				WithMend("close those that nobody reads, or follow several accounts with one stream; try again in %d s", streamsRetry).WithRetryAfter(streamsRetry)
		}
	}
	if c.of == nil {
		c.of = make(map[string]int)
	}
	c.all++
	for _, s := range shares {
		c.of[s.key]++
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all--
		for _, s := range shares {
			if c.of[s.key]--; c.of[s.key] == 0 {
				delete(c.of, s.key)
			}
		}
	}, nil
}
