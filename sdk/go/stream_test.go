package headroom

import (
	"bufio"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestManyAccountsShareFewStreams(t *testing.T) {
	a, _ := standing(t)
	c := a.client
	c.Accounts = 5000
	for i := range 5000 {
		of := &Account{client: c, key: fmt.Sprint("account_", i)}
		of.cells.Store(&map[string]*cell{})
		c.mu.Lock()
		c.accounts[of.key] = of
		c.mu.Unlock()
		c.follow(of)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.lanes); n > 35 {
		t.Errorf("%d streams are open", n)
	}
	followed := 0
	for _, l := range c.lanes {
		bytes := 0
		for key, of := range l.accounts {
			if of.lane != l {
				t.Errorf("%s is in two streams", key)
			}
			bytes += len(key) + len("&account=")
		}
		if bytes != l.bytes || bytes > laneBytes || len(l.accounts) > 512 {
			t.Errorf("a stream of %d accounts and %d bytes counts %d", len(l.accounts), bytes, l.bytes)
		}
		followed += len(l.accounts)
	}
	if followed != 5000 {
		t.Errorf("%d accounts are followed", followed)
	}
}

func TestTriesBecomeRarerAndNeverMeet(t *testing.T) {
	for attempt := 1; attempt < 100; attempt++ {
		most := 20 * time.Second
		if attempt < 9 {
			most = min(most, 100*time.Millisecond<<(attempt-1))
		}
		met := make(map[time.Duration]bool)
		for range 20 {
			d := backoff(attempt, 100*time.Millisecond, 20*time.Second)
			if d < most/2 || d > most {
				t.Fatalf("try %d comes after %s, want %s to %s", attempt, d, most/2, most)
			}
			met[d] = true
		}
		if len(met) < 10 {
			t.Errorf("of 20 tries %d come at other times", len(met))
		}
	}
}

func TestServerSentEventsAreRead(t *testing.T) {
	for _, c := range []struct{ name, given, event, data, id string }{
		{"an event", "id: 7\nevent: change\ndata: {}\n\n", "change", "{}", "7"},
		{"without spaces", "id:7\nevent:change\ndata:{}\n\n", "change", "{}", "7"},
		{"line ends of Windows", "id: 7\r\nevent: change\r\ndata: {}\r\n\r\n", "change", "{}", "7"},
		{"data on two lines", "event: change\ndata: {\ndata: }\n\n", "change", "{\n}", ""},
		{"an event without a name", "data: {}\n\n", "message", "{}", ""},
		{"a sign of life", ": here\n\n", "", "", ""},
		{"a comment within an event", "event: change\n: so\ndata: {}\n\n", "change", "{}", ""},
		{"fields nobody knows", "retry: 5\nevent: change\ndata: {}\n\n", "change", "{}", ""},
		{"blank lines before", "\n\nevent: change\ndata: {}\n\n", "change", "{}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &events{from: bufio.NewReaderSize(strings.NewReader(c.given), 16)}
			name, data, err := e.next()
			if err != nil || name != c.event || string(data) != c.data || e.id != c.id {
				t.Errorf("read %q %q, id %q, %v", name, data, e.id, err)
			}
			if c.event != "" {
				if _, _, err := e.next(); err == nil {
					t.Error("there is more")
				}
			}
		})
	}
}

func FuzzServerSentEvents(f *testing.F) {
	f.Add("id: 7\nevent: change\ndata: {}\n\n: here\n\n")
	f.Add("data: \r\n\r\n\ndata")
	f.Fuzz(func(t *testing.T, text string) {
		e := &events{from: bufio.NewReaderSize(strings.NewReader(text), 16)}
		for n := 0; ; n++ {
			name, data, err := e.next()
			if err != nil {
				return
			}
			if n > len(text) || len(data) > len(text) || strings.Contains(name, "\n") {
				t.Fatalf("event %d of %d bytes: %q %q", n, len(text), name, data)
			}
		}
	})
}
