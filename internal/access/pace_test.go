package access

import (
	"net/http"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/fault"
)

func TestPublishableKeysAreHeldBackByAddressAndInAll(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := &Control{config: Config{Now: func() time.Time { return now }}, pace: newPace(10)}
	page, server := Principal{Kind: Browser, KeyID: "key_1", Scopes: EventsWrite}, Principal{Kind: Server, KeyID: "key_2", Scopes: Admin}
	for _, step := range []struct {
		name   string
		after  time.Duration
		who    Principal
		remote string
		events int
		wait   int // seconds; 0: let in
	}{
		{"what ten seconds allow, at once", 0, page, "192.0.2.1:1", 100, 0},
		{"no more than that", 0, page, "192.0.2.1:2", 1, 1},
		{"another address", 0, page, "192.0.2.2:1", 100, 0},
		{"a server", 0, server, "192.0.2.1:1", 10_000, 0},
		{"another key at the same address", 0, Principal{Kind: Browser, KeyID: "key_3"}, "192.0.2.1:1", 100, 0},
		{"as fast as is allowed", time.Second, page, "192.0.2.1:1", 10, 0},
		{"faster", 500 * time.Millisecond, page, "192.0.2.1:1", 45, 4},
		{"what was told to wait, after it", 4 * time.Second, page, "192.0.2.1:1", 45, 0},
		{"more at once than ever fits, when all fits", 10 * time.Second, page, "192.0.2.1:1", 500, 0},
		{"one line of IPv6", 0, page, "[2001:db8:1::1]:1", 100, 0},
		{"the same line by another address", 0, page, "[2001:db8:1::2]:1", 1, 1},
		{"a clock that goes back", -time.Hour, page, "192.0.2.3:1", 100, 0},
	} {
		now = now.Add(step.after)
		err := c.Pace(step.who, step.remote, step.events)
		wait := 0
		if f, ok := err.(*fault.Error); ok && f.Code == "events_too_fast" && f.Kind == fault.Busy {
			wait = f.RetryAfter
		} else if err != nil {
			t.Fatal(err)
		}
		if wait != step.wait {
			t.Errorf("%s: wait %d s, want %d s", step.name, wait, step.wait)
		}
	}

	let := 0
	for i := range 1000 {
		if c.Pace(Principal{Kind: Browser, KeyID: "key_9"}, "198.51."+strconv.Itoa(i/250)+"."+strconv.Itoa(i%250)+":1", 100) == nil {
			let++
		}
	}
	if let != addressesOfKey {
		t.Errorf("%d addresses of one key sent all they may at once, want %d", let, addressesOfKey)
	}
}

func TestTheMemoryOfAddressesIsBounded(t *testing.T) {
	p, now := newPace(1000), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range pacedAddresses + 100 {
		p.take("key_1", netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32), 1, now)
	}
	if n := len(p.buckets); n > pacedAddresses {
		t.Errorf("%d buckets", n)
	}
	p.take("key_1", netip.MustParsePrefix("192.0.2.1/32"), 1, now.Add(time.Hour))
	if n := len(p.buckets); n > 10 {
		t.Errorf("%d buckets are left of those that are full again", n)
	}
}

func TestWhoCallsIsToldByOurOwnProxiesOnly(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		proxies      []netip.Prefix
		want         string
	}{
		{"no proxy", "192.0.2.1:5", []string{"203.0.113.9"}, nil, "192.0.2.1:5"},
		{"not through the proxy", "192.0.2.1:5", []string{"203.0.113.9"}, proxies, "192.0.2.1:5"},
		{"through the proxy", "10.0.0.1:5", []string{"203.0.113.9"}, proxies, "203.0.113.9:5"},
		{"what the caller made up comes first", "10.0.0.1:5", []string{"198.51.100.1, 203.0.113.9"}, proxies, "203.0.113.9:5"},
		{"through two of ours", "10.0.0.1:5", []string{"198.51.100.1", "203.0.113.9, 10.0.0.2"}, proxies, "203.0.113.9:5"},
		{"a proxy that says nothing", "10.0.0.1:5", nil, proxies, "10.0.0.1:5"},
		{"a proxy that cannot be read", "10.0.0.1:5", []string{"unknown"}, proxies, "10.0.0.1:5"},
		{"IPv6", "[::ffff:10.0.0.1]:5", []string{"2001:db8::1"}, proxies, "[2001:db8::1]:5"},
	} {
		control := &Control{config: Config{Proxies: c.proxies}}
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		if got := control.Remote(r); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
