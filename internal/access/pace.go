package access

import (
	"math"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/headroomhq/headroom/internal/fault"
)

const (
	browserEvents  = 100    // events a second of one address, unless configured
	burstSeconds   = 10     // what may come at once, in seconds' worth: pages that were offline
	addressesOfKey = 50     // a key may send as much as that many addresses that send all they may
	pacedAddresses = 50_000 // remembered at most: about 6 MB
)

// pace holds back who sends events with a publishable key, which anybody can take out of a
// page: per key and address, and per key over all addresses. Its memory is bounded: while
// it is full of addresses that were heard just now, others are held back by their key alone.
type pace struct {
	rate    float64 // events a second of one address
	mu      sync.Mutex
	buckets map[paced]bucket
	swept   time.Time
}

// paced is a key at an address; a key over all addresses has the zero prefix.
type paced struct {
	key  string
	addr netip.Prefix
}

// bucket is how many events may come at a time.
type bucket struct {
	left float64
	at   time.Time
}

func newPace(perSecond int) *pace {
	if perSecond <= 0 {
		perSecond = browserEvents
	}
	return &pace{rate: float64(perSecond), buckets: make(map[paced]bucket)}
}

// take lets n events of a key and address in, and returns 0, or lets none in and returns
// how long to wait. More at once than a burst come in when a burst would.
func (p *pace) take(key string, addr netip.Prefix, n int, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.buckets) >= pacedAddresses && now.Sub(p.swept) >= time.Second {
		p.forget(now)
		p.swept = now
	}
	whole, own := paced{key: key}, paced{key, addr}
	ofKey, waitKey := p.look(whole, n, p.rate*addressesOfKey, now)
	ofAddr, waitAddr := p.look(own, n, p.rate, now)
	if wait := max(waitKey, waitAddr); wait > 0 {
		return wait
	}
	p.buckets[whole] = ofKey // there are only as many keys as were made
	if _, known := p.buckets[own]; known || len(p.buckets) < pacedAddresses {
		p.buckets[own] = ofAddr
	}
	return 0
}

// look returns the bucket after n events, and how long they would have to wait.
func (p *pace) look(k paced, n int, rate float64, now time.Time) (bucket, time.Duration) {
	b, known := p.buckets[k]
	burst := rate * burstSeconds
	if !known {
		b = bucket{left: burst, at: now}
	}
	b.left, b.at = min(burst, b.left+max(0, now.Sub(b.at).Seconds())*rate), now
	if short := min(float64(n), burst) - b.left; short > 0 {
		return b, time.Duration(short / rate * float64(time.Second))
	}
	b.left -= float64(n)
	return b, 0
}

// forget drops what is full again and so is as if it had never been heard of.
func (p *pace) forget(now time.Time) {
	for k, b := range p.buckets {
		rate := p.rate
		if !k.addr.IsValid() {
			rate *= addressesOfKey
		}
		if b.left+now.Sub(b.at).Seconds()*rate >= rate*burstSeconds {
			delete(p.buckets, k)
		}
	}
}

// Pace lets n events of a caller in, or returns fault busy, code events_too_fast, which says
// after how many seconds they may come. Only publishable keys are held back. remote is the
// caller's address as Remote returns it.
func (c *Control) Pace(p Principal, remote string, n int) error {
	if p.Kind != Browser || n == 0 {
		return nil
	}
	wait := c.pace.take(p.KeyID, addressOf(remote), n, c.config.Now())
	if wait == 0 {
		return nil
	}
	seconds := int(math.Ceil(wait.Seconds()))
	return fault.New(fault.Busy, "events_too_fast", "events come too fast with key %s from this address", p.KeyID).
		WithMend("send them again after %d s; a server with a secret key is not held back, and headroom serve --browser-events sets how many a second one address may send", seconds).
		WithRetryAfter(seconds)
}

// Remote returns the address and port a request comes from: of the connection, or what the
// nearest proxy that is not one of Config.Proxies said it was.
func (c *Control) Remote(r *http.Request) string {
	if len(c.config.Proxies) == 0 {
		return r.RemoteAddr
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr := from.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && c.isProxy(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // what nobody can read tells nothing more
		}
		addr = next.Unmap()
	}
	return netip.AddrPortFrom(addr, from.Port()).String()
}

func (c *Control) isProxy(addr netip.Addr) bool {
	for _, p := range c.config.Proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
