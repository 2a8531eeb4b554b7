package access

import (
	"fmt"
	"testing"
	"time"
)

func TestWrongPasswordsMakeAnAddressWaitLongerEachTime(t *testing.T) {
	const home = "192.0.2.1:5000"
	th, now := newThrottle(), noon
	for range freeFailures - 1 {
		th.failed(home, now)
	}
	if wait := th.wait(home, now); wait != 0 {
		t.Fatalf("has to wait %s before its mistakes are used up", wait)
	}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		th.failed(home, now)
		if wait := th.wait(home, now); wait != want*time.Second {
			t.Fatalf("after %d failures it waits %s, want %ds", freeFailures+i, wait, want)
		}
		now = now.Add(want * time.Second)
		if wait := th.wait(home, now); wait != 0 {
			t.Fatalf("having waited, it still has %s to wait", wait)
		}
	}
}

func TestWhatIsForgivenIsForgiven(t *testing.T) {
	const home = "192.0.2.1:5000"
	fail := func(th *throttle) {
		for range 12 {
			th.failed(home, noon)
		}
	}
	for _, c := range []struct {
		name  string
		then  func(*throttle)
		ask   string
		after time.Duration
		waits bool
	}{
		{"at once", func(*throttle) {}, home, 0, true},
		{"from another port of the address", func(*throttle) {}, "192.0.2.1:6000", 0, true},
		{"the same address within IPv6", func(*throttle) {}, "[::ffff:192.0.2.1]:1", 0, true},
		{"from another address", func(*throttle) {}, "192.0.2.2:5000", 0, false},
		{"after a good password", func(th *throttle) { th.succeeded(home) }, home, 0, false},
		{"an hour later", func(*throttle) {}, home, time.Hour + time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			th := newThrottle()
			fail(th)
			c.then(th)
			if waits := th.wait(c.ask, noon.Add(c.after)) > 0; waits != c.waits {
				t.Errorf("has to wait: %v, want %v", waits, c.waits)
			}
		})
	}
}

func TestOneIPv6LineIsOneAddress(t *testing.T) {
	if addressOf("[2001:db8:1:2::1]:80") != addressOf("[2001:db8:1:2:ffff::9]:81") {
		t.Error("two addresses of one /64 are told apart")
	}
	if addressOf("[2001:db8:1:2::1]:80") == addressOf("[2001:db8:1:3::1]:80") {
		t.Error("two /64 are not told apart")
	}
	if addressOf("nonsense") != addressOf("@") {
		t.Error("what is no address is not one address")
	}
}

func TestTheMemoryOfTheThrottleIsBounded(t *testing.T) {
	th := newThrottle()
	for i := range throttledAddresses + 50 {
		th.failed(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255), noon.Add(time.Duration(i)))
	}
	if len(th.byAddr) != throttledAddresses {
		t.Errorf("remembers %d addresses, want %d", len(th.byAddr), throttledAddresses)
	}
	if _, first := th.byAddr[addressOf("10.0.0.0:1")]; first {
		t.Error("the oldest is still remembered")
	}
}
