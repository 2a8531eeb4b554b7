package access

import (
	"net/netip"
	"sync"
	"time"
)

const (
	freeFailures       = 5           // wrong passwords from one address before it has to wait
	firstWait          = time.Second // then this long, doubled with every further one
	longestWait        = 15 * time.Minute
	forgetFailures     = time.Hour // after the last one
	throttledAddresses = 10_000    // remembered at most: about 1 MB
)

// throttle slows down guessing of passwords, per address. Its memory is bounded: the
// address longest unheard of is forgotten first, and who has that many addresses is still
// held by there being one password hash at a time.
type throttle struct {
	mu     sync.Mutex
	byAddr map[netip.Prefix]failures
}

type failures struct {
	count int
	last  time.Time
}

func newThrottle() *throttle { return &throttle{byAddr: make(map[netip.Prefix]failures)} }

// wait returns how long the address has to wait before it may try again; 0 when it may.
func (t *throttle) wait(remote string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.byAddr[addressOf(remote)]
	if f.count < freeFailures || now.Sub(f.last) > forgetFailures {
		return 0
	}
	doublings := min(f.count-freeFailures, 10)
	return max(0, min(firstWait<<doublings, longestWait)-now.Sub(f.last))
}

// failed remembers a wrong password.
func (t *throttle) failed(remote string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	addr := addressOf(remote)
	f, known := t.byAddr[addr]
	if !known && len(t.byAddr) >= throttledAddresses {
		t.forgetOldest() // slow, and nothing beside the hash that came before it
	}
	if now.Sub(f.last) > forgetFailures {
		f.count = 0
	}
	t.byAddr[addr] = failures{count: f.count + 1, last: now}
}

func (t *throttle) forgetOldest() {
	var oldest netip.Prefix
	var last time.Time
	for addr, f := range t.byAddr {
		if last.IsZero() || f.last.Before(last) {
			oldest, last = addr, f.last
		}
	}
	delete(t.byAddr, oldest)
}

// succeeded forgets an address.
func (t *throttle) succeeded(remote string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byAddr, addressOf(remote))
}

// addressOf returns the address of a http.Request's RemoteAddr without its port; of IPv6
// the first 64 bits, since one customer line has all below them. What is no address is one
// common prefix, the zero one.
func addressOf(remote string) netip.Prefix {
	port, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	addr := port.Addr().Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits)
	return prefix
}
