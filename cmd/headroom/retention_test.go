package main

import (
	"strings"
	"testing"
	"time"
)

func TestAServerLetsGoOfWhatIsOlderThanItKeeps(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	for range 5 {
		c.speakers("acme", 1)
	}
	c.server.close()
	c.opts.keepLog = time.Hour
	c.opts.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	c.open() // looks at once
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		first, _, err := c.server.log.Bounds(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if first > 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the log still begins at its first record")
		}
	}
	c.restart()
	if got := c.check("acme", "speakers", c.speakers("acme", 1)); got.Usage == nil || *got.Usage != 6 {
		t.Errorf("afterwards there are %+v, want 6 speakers", got)
	}
}

func TestHowLongTheLogIsKeptIsSaidInHoursDaysOrWeeks(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "12h": 12 * time.Hour, "400d": 400 * 24 * time.Hour, "8w": 56 * 24 * time.Hour} {
		if got, err := parseKeep(text); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"d", "0d", "-1d", "400", "1y", "99999999999d", "1.5d", "9000w"} {
		if _, err := parseKeep(text); err == nil || !strings.Contains(err.Error(), "such as 400d") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
