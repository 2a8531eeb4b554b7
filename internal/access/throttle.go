package access

import (
	"container/list"
	"net/netip"
	"sync"
	"time"
)

const (
	freeFailures       = 5           // wrong passwords from one address before it has to wait
	firstWait          = time.Second // then this long, doubled with every further one
	longestWait        = 15 * time.Minute
	forgetFailures     = time.Hour // after the last one
	throttledAddresses = 10_000    // remembered at most: about 2 MB
)

// throttle slows down guessing of passwords, per address. Its memory is bounded: the
// address longest unheard of is forgotten first, and who has that many addresses is still
// held by there being one password hash at a time.
type throttle struct {
	mu      sync.Mutex
	byAddr  map[netip.Prefix]*list.Element
	recents *list.List // of *failures, latest at the front
}

type failures struct {
	addr  netip.Prefix
	count int
	last  time.Time
}

func newThrottle() *throttle {
	return &throttle{byAddr: make(map[netip.Prefix]*list.Element), recents: list.New()}
}

// wait returns how long the address has to wait before it may try again; 0 when it may.
func (t *throttle) wait(remote string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.byAddr[addressOf(remote)]
	if e == nil {
		return 0
	}
	f := e.Value.(*failures)
	if now.Sub(f.last) > forgetFailures || f.count < freeFailures {
		return 0
	}
	pause := longestWait
	if n := f.count - freeFailures; n < 10 {
		pause = min(firstWait<<n, longestWait)
	}
	return max(0, pause-now.Sub(f.last))
}

// failed remembers a wrong password.
func (t *throttle) failed(remote string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	addr := addressOf(remote)
	e := t.byAddr[addr]
	if e == nil {
		if t.recents.Len() >= throttledAddresses {
			oldest := t.recents.Back()
			delete(t.byAddr, oldest.Value.(*failures).addr)
			t.recents.Remove(oldest)
		}
		e = t.recents.PushFront(&failures{addr: addr})
		t.byAddr[addr] = e
	}
	f := e.Value.(*failures)
	if now.Sub(f.last) > forgetFailures {
		f.count = 0
	}
	f.count++
	f.last = now
	t.recents.MoveToFront(e)
}

// succeeded forgets an address.
func (t *throttle) succeeded(remote string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	addr := addressOf(remote)
	if e := t.byAddr[addr]; e != nil {
		delete(t.byAddr, addr)
		t.recents.Remove(e)
	}
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
