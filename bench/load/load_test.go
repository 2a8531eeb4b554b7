package load

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var ctx = context.Background()

type sentEvent struct {
	SpecVersion, ID, Source, Type, Subject string
	Time                                   time.Time
	Data                                   struct{ User any }
}

func TestEveryRequestIsValidAndItsIDsNeverComeTwice(t *testing.T) {
	seen, types, accounts := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for client := range 3 {
		s := Traffic{Accounts: 50, Batch: 40, Key: "k", Seed: 7, At: time.Now()}.Stream(client)
		for range 30 {
			var events []sentEvent
			if err := json.Unmarshal(s.Body(), &events); err != nil || len(events) != 40 {
				t.Fatalf("%d events, %v", len(events), err)
			}
			for _, e := range events {
				if seen[e.ID] || len(e.ID) != 36 || e.ID[14] != '4' || !strings.ContainsRune("89ab", rune(e.ID[19])) {
					t.Fatalf("id %q is no UUIDv4, or came before", e.ID)
				}
				seen[e.ID], types[e.Type], accounts[e.Subject] = true, true, true
				if e.SpecVersion != "1.0" || e.Source == "" || e.Data.User == nil {
					t.Fatalf("event %+v", e)
				}
			}
		}
	}
	if len(types) != 9 || len(accounts) != 50 || !accounts[AccountKey(0)] || !accounts[AccountKey(49)] {
		t.Errorf("%d types, %d accounts", len(types), len(accounts))
	}
}

func TestWalkingStreamsVisitEveryAccountOnceInARound(t *testing.T) {
	seen := map[string]int{}
	for client := range 2 {
		s := Traffic{Accounts: 40, Walk: 2, Batch: 10}.Stream(client)
		for range 2 {
			var events []sentEvent
			if err := json.Unmarshal(s.Body(), &events); err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				seen[e.Subject]++
			}
		}
	}
	for i := range 40 {
		if seen[AccountKey(i)] != 1 {
			t.Errorf("%s came %d times", AccountKey(i), seen[AccountKey(i)])
		}
	}
}

func TestTheSameSeedMakesTheSameRequests(t *testing.T) {
	traffic := Traffic{Accounts: 10, Batch: 1, Seed: 3, At: time.Unix(1_700_000_000, 0)}
	a, b := traffic.Stream(1), traffic.Stream(1)
	for range 500 {
		if string(a.Next()) != string(b.Next()) {
			t.Fatal("two streams of one seed differ")
		}
	}
}

func server(t *testing.T, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestAServerGetsWholeRequestsAndAnswersOfAnyFormAreRead(t *testing.T) {
	var got atomic.Int64
	address := server(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != "POST" || r.URL.Path != "/v1/x" || r.Header.Get("Authorization") != "Bearer k" || string(body) != "{}" {
			t.Errorf("%s %s %q %v", r.Method, r.URL, body, err)
		}
		switch got.Add(1) {
		case 1:
			w.WriteHeader(204)
		case 2:
			_, _ = io.WriteString(w, "short")
		case 3:
			_, _ = io.WriteString(w, strings.Repeat("long", 10_000)) // chunked
		case 4:
			w.Header().Set("Content-Length", "40000")
			_, _ = io.WriteString(w, strings.Repeat("long", 10_000))
		}
	})
	c, err := Dial(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i, want := range []struct{ status, length int }{{204, 0}, {200, 5}, {200, 40_000}, {200, 40_000}} {
		a, err := c.Do(Request("/v1/x", "k", "{}"))
		if err != nil || a.Status != want.status || len(a.Body) != want.length {
			t.Errorf("answer %d: status %d, %d bytes, %v", i, a.Status, len(a.Body), err)
		}
	}
}

func TestWhatIsRefusedForNowIsSentAgainAfterTheTimeAskedFor(t *testing.T) {
	var mu sync.Mutex
	tries := map[string]int{}
	address := server(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if tries[string(body)]++; tries[string(body)] == 1 && len(tries) == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(429)
			return
		}
		w.WriteHeader(202)
	})
	sources := []Source{Traffic{Accounts: 5, Batch: 1}.Stream(0)}
	for name, run := range map[string]func() (Result, error){
		"closed loop": func() (Result, error) { return Run(ctx, address, sources, 50*time.Millisecond, 202) },
		"open loop":   func() (Result, error) { return Pace(ctx, address, sources, 50*time.Millisecond, 202, 1000) },
	} {
		t.Run(name, func(t *testing.T) {
			clear(tries)
			r, err := run()
			if err != nil || r.Busy != 1 || len(r.Took) == 0 || r.Quantile(0.5) <= 0 {
				t.Errorf("busy %d, %d answers, %v", r.Busy, len(r.Took), err)
			}
			twice := 0
			for _, n := range tries {
				if n == 2 {
					twice++
				}
			}
			if twice != 1 {
				t.Errorf("%d requests were sent again", twice)
			}
		})
	}
}

func TestAnAnswerNobodyWantedEndsTheRun(t *testing.T) {
	address := server(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such thing", 404) })
	_, err := Run(ctx, address, []Source{Each(func() []byte { return Request("/", "k", "{}") })}, time.Minute, 202)
	if err == nil || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("got %v", err)
	}
}
