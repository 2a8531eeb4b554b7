package headroom_test

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	headroom "github.com/headroomhq/headroom/sdk/go"
	"github.com/headroomhq/headroom/sdk/go/internal/testserver"
)

const catalog = `
version: 1
currency: USD
meters:
  emails: {event: email.sent, aggregate: count}
  exports: {fed_by: consume}
features:
  emails:     {title: Emails, kind: metered, meter: emails}
  exports:    {title: Exports, kind: metered, meter: exports}
  recordings: {title: Talk recordings, benefit: "Sell every talk", kind: boolean}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {emails: {limit: 10, per: month}, exports: 5, recordings: false}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149"}, entitlements: {emails: {limit: 1000, per: month}, exports: 50, recordings: true}}
`

func TestMain(m *testing.M) {
	code := m.Run()
	testserver.Remove()
	os.Exit(code)
}

// connect returns a client of the server, closed at the end of the test.
func connect(t *testing.T, s *testserver.Server, configure ...func(*headroom.Config)) *headroom.Client {
	t.Helper()
	config := headroom.Config{URL: s.URL, Key: s.Key, Logger: slog.New(slog.DiscardHandler), FlushEvery: time.Millisecond}
	for _, f := range configure {
		f(&config)
	}
	c, err := headroom.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = c.Close(ctx) // of servers that were killed
	})
	return c
}

func account(t *testing.T, c *headroom.Client, key string) *headroom.Account {
	t.Helper()
	a, err := c.Account(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheCallsOfTheServer(t *testing.T) {
	s := testserver.Start(t, catalog)
	c := connect(t, s)
	ctx := t.Context()
	must(t, c.PutAccount(ctx, "acme", headroom.AccountInfo{Name: "Acme Summits"}))
	sub, err := c.Subscribe(ctx, "acme", headroom.Change{Plan: "starter"})
	must(t, err)
	if sub.Plan != "starter" || sub.MRR.String() != "49.00 USD" || len(sub.Entitlements) != 3 {
		t.Errorf("subscribed %+v", sub)
	}
	ctx = headroom.WithPosition(ctx, sub.Position)

	t.Run("a check that says no says what unlocks it", func(t *testing.T) {
		a, err := c.Check(ctx, headroom.CheckRequest{Account: "acme", User: "ann", Feature: "recordings"})
		must(t, err)
		if a.Allowed || a.Reason != headroom.NotInPlan || len(a.Unlock()) != 1 || a.Unlock()[0].Plan != "pro" || a.Unlock()[0].Difference.String() != "100.00 USD" {
			t.Errorf("answered %+v", a)
		}
	})
	t.Run("a check of more than there is says how many too few", func(t *testing.T) {
		a, err := c.Check(ctx, headroom.CheckRequest{Account: "acme", Feature: "emails", Quantity: new(12.0)})
		must(t, err)
		if a.Allowed || a.Shortfall != 2 || a.Limit != 10 || a.Message() == "" {
			t.Errorf("answered %+v", a)
		}
	})
	t.Run("several features at once", func(t *testing.T) {
		all, err := c.CheckBulk(ctx, "acme", "", "emails", "recordings", "typo")
		must(t, err)
		if len(all) != 3 || !all[0].Allowed || all[1].Allowed || all[2].Reason != headroom.UnknownFeature {
			t.Errorf("answered %+v", all)
		}
	})
	t.Run("consume, and give back", func(t *testing.T) {
		a, err := c.Consume(ctx, headroom.ConsumeRequest{Account: "acme", Feature: "exports", Quantity: 3})
		must(t, err)
		if !a.Allowed || a.Remaining != 2 {
			t.Errorf("consumed %+v", a)
		}
		a, err = c.Consume(ctx, headroom.ConsumeRequest{Account: "acme", Feature: "exports", Quantity: 3})
		must(t, err)
		if a.Allowed || a.Shortfall != 1 {
			t.Errorf("consumed too much %+v", a)
		}
		a, err = c.Release(ctx, headroom.ConsumeRequest{Account: "acme", Feature: "exports", Quantity: 3})
		must(t, err)
		if a.Remaining != 5 {
			t.Errorf("released %+v", a)
		}
	})
	t.Run("the same key hears the same", func(t *testing.T) {
		once := headroom.WithIdempotencyKey(ctx, "export-17")
		for range 2 {
			a, err := c.Consume(once, headroom.ConsumeRequest{Account: "acme", Feature: "exports", Quantity: 1})
			must(t, err)
			if a.Remaining != 4 {
				t.Errorf("consumed %+v", a)
			}
		}
	})
	t.Run("a change is what was shown", func(t *testing.T) {
		q, err := c.Preview(ctx, "acme", "", headroom.Change{Plan: "pro"})
		must(t, err)
		if q.Recurring.String() != "149.00 USD" || q.Token == "" {
			t.Errorf("previewed %+v", q)
		}
		sub, err := c.Subscribe(ctx, "acme", headroom.Change{Plan: "pro", Token: q.Token})
		must(t, err)
		if sub.Plan != "pro" {
			t.Errorf("subscribed %+v", sub)
		}
	})
	t.Run("decide says why nothing is shown", func(t *testing.T) {
		d, err := c.Decide(ctx, headroom.DecideRequest{Account: "acme", User: "ann", Placement: "nowhere"})
		must(t, err)
		if d.Show() || d.Reason != "unknown_placement" {
			t.Errorf("decided %+v", d)
		}
	})
	t.Run("all entitlements", func(t *testing.T) {
		items, position, err := c.Entitlements(ctx, "acme")
		must(t, err)
		if len(items) != 3 || position == "" || items[2].Content.Benefit != "Sell every talk" {
			t.Errorf("answered %+v", items)
		}
	})
}

func TestErrorsSayWhatIsWrongAndHowToMendIt(t *testing.T) {
	s := testserver.Start(t, catalog)
	c := connect(t, s)
	stranger := connect(t, s, func(c *headroom.Config) { c.Key = "hr_sk_wrong" })
	nowhere := connect(t, s, func(c *headroom.Config) { c.URL, c.Attempts = "http://127.0.0.1:1", 2 })
	for _, k := range []struct {
		name   string
		call   func() error
		code   string
		status int
	}{
		{"a wrong key", func() error { _, err := stranger.CheckBulk(t.Context(), "acme", "", "emails"); return err }, "key_unknown", 401},
		{"no account", func() error {
			_, err := c.Check(t.Context(), headroom.CheckRequest{Feature: "emails"})
			return err
		}, "account_missing", 422},
		{"an unknown plan", func() error {
			_, err := c.Subscribe(t.Context(), "acme", headroom.Change{Plan: "gold"})
			return err
		}, "unknown_plan", 422},
		{"a meter fed by events", func() error {
			_, err := c.Consume(t.Context(), headroom.ConsumeRequest{Account: "acme", Feature: "emails", Quantity: 1})
			return err
		}, "meter_fed_by_events", 409},
		{"a quantity below zero", func() error {
			_, err := c.Consume(t.Context(), headroom.ConsumeRequest{Account: "acme", Feature: "exports", Quantity: -1})
			return err
		}, headroom.CodeQuantityInvalid, 0},
		{"no server", func() error {
			_, err := nowhere.Check(t.Context(), headroom.CheckRequest{Account: "acme", Feature: "emails"})
			return err
		}, headroom.CodeUnreachable, 0},
		{"an event without a type", func() error { return c.Track(headroom.Event{Account: "acme"}) }, headroom.CodeEventInvalid, 0},
		{"an event that is no JSON", func() error {
			return c.Track(headroom.Event{Account: "acme", Type: "x", Data: map[string]any{"f": func() {}}})
		}, headroom.CodeEventInvalid, 0},
	} {
		t.Run(k.name, func(t *testing.T) {
			err := k.call()
			var e *headroom.Error
			if !asError(err, &e) || headroom.CodeOf(err) != k.code || k.status != 0 && e.Status != k.status || e.Detail == "" {
				t.Errorf("it says %v (%s)", err, headroom.CodeOf(err))
			}
		})
	}
}

func asError(err error, into **headroom.Error) bool {
	e, ok := err.(*headroom.Error)
	*into = e
	return ok
}

func TestANewClientSaysWhatIsWrongWithItsConfiguration(t *testing.T) {
	t.Setenv("HEADROOM_SECRET_KEY", "")
	for _, c := range []struct {
		name   string
		config headroom.Config
		says   string
	}{
		{"no key", headroom.Config{}, "there is no key"},
		{"a URL without a scheme", headroom.Config{URL: "127.0.0.1:8080", Key: "k"}, "is not that of a server"},
		{"a key with a line end", headroom.Config{Key: "k\n"}, "line end"},
		{"stale before it is fresh", headroom.Config{Key: "k", Fresh: time.Hour, MaxStale: time.Minute}, "MaxStale"},
		{"a cache that cannot be", headroom.Config{Key: "k", CacheDir: "/dev/null/x"}, "cannot be made"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := headroom.New(c.config)
			if headroom.CodeOf(err) != headroom.CodeConfigInvalid || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v", err)
			}
		})
	}
}

func TestEventsAreCountedOnceThoughTheServerIsKilled(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "pro")
	c := connect(t, s)
	a := account(t, c, "acme")
	var senders sync.WaitGroup
	half := make(chan struct{})
	for i := range 300 {
		must(t, c.Track(headroom.Event{Account: "acme", User: "ann", Type: "email.sent"}))
		if i == 100 {
			senders.Go(func() { s.Kill(); close(half) })
		}
	}
	<-half
	s.Run()
	must(t, c.Flush(t.Context()))
	senders.Wait()
	testserver.Until(t, "all are counted", func() bool { return a.Check("emails", 1).Usage == 300 })
	if n := c.Rejected(); n != 0 {
		t.Errorf("%d were rejected", n)
	}
}

func TestAFullQueueSaysSo(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Kill()
	c := connect(t, s, func(c *headroom.Config) { c.Queue = 3 })
	var err error
	for range 4 {
		must(t, err)
		err = c.Track(headroom.Event{Account: "acme", Type: "email.sent"})
	}
	if headroom.CodeOf(err) != headroom.CodeQueueFull {
		t.Errorf("it says %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := c.Close(ctx); headroom.CodeOf(err) != headroom.CodeUndelivered || !strings.Contains(err.Error(), "3 events") {
		t.Errorf("closing says %v", err)
	}
	if err := c.Track(headroom.Event{Account: "acme", Type: "email.sent"}); headroom.CodeOf(err) != headroom.CodeClosed {
		t.Errorf("after closing it says %v", err)
	}
}

func TestAnswersInTheProcessFollowTheServer(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "starter")
	c := connect(t, s)
	a := account(t, c, "acme")
	emails := a.Metered("emails")
	if got := emails.Check(1); !got.Allowed || got.Limit != 10 || got.Stale || a.Has("recordings") {
		t.Fatalf("at first %+v", got)
	}
	for range 10 {
		must(t, c.Track(headroom.Event{Account: "acme", Type: "email.sent"}))
	}
	testserver.Until(t, "the events are seen", func() bool { return !emails.Check(1).Allowed })

	var heard sync.Map
	stop := c.Watch(func(n headroom.Notice) {
		for _, f := range n.Features {
			heard.Store(n.Account+" "+f, true)
		}
	})
	defer stop()
	s.Plan("acme", "pro")
	testserver.Until(t, "the upgrade is seen", func() bool { return emails.Check(1).Allowed && a.Has("recordings") })
	if _, ok := heard.Load("acme recordings"); !ok {
		t.Error("nobody was told of it")
	}
	if got := emails.Check(1); got.Limit != 1000 || got.Remaining != 990 {
		t.Errorf("after the upgrade %+v", got)
	}

	t.Run("a new catalog", func(t *testing.T) {
		s.Apply(strings.Replace(catalog, "emails: {limit: 1000, per: month}, exports: 50", "emails: {limit: 2000, per: month}, exports: 50", 1))
		testserver.Until(t, "the new limit is seen", func() bool { return emails.Check(1).Limit == 2000 })
	})
	t.Run("what was consumed here counts at once", func(t *testing.T) {
		_, err := c.Consume(t.Context(), headroom.ConsumeRequest{Account: "acme", Feature: "exports", Quantity: 50})
		must(t, err)
		if got := a.Check("exports", 1); got.Allowed {
			t.Errorf("the next check says %+v", got)
		}
	})
	t.Run("an account nobody has heard of", func(t *testing.T) {
		other, err := c.Account(t.Context(), "globex")
		if err != nil && headroom.CodeOf(err) != "account_not_found" {
			t.Fatal(err)
		}
		if got := other.Check("recordings", 1); got.Allowed {
			t.Errorf("it says %+v", got)
		}
		s.Plan("globex", "pro")
		testserver.Until(t, "it is heard of", func() bool { return other.Has("recordings") })
	})
}

func TestAStreamThatBreaksGoesOnWhereItWas(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "starter")
	s.Plan("globex", "starter")
	asked := new(resumes)
	c := connect(t, s, func(c *headroom.Config) { c.HTTP = &http.Client{Transport: asked} })
	var mu sync.Mutex
	var notices []headroom.Notice
	c.Watch(func(n headroom.Notice) {
		mu.Lock()
		defer mu.Unlock()
		notices = append(notices, n)
	})
	seen := func(state headroom.State) (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, have := range notices {
			if have.State == state {
				n++
			}
		}
		return n
	}
	acme, globex := account(t, c, "acme"), account(t, c, "globex")
	testserver.Until(t, "it is connected", func() bool { return seen(headroom.Connected) > 0 })
	connected := seen(headroom.Connected)
	s.Kill()
	testserver.Until(t, "the break is noticed", func() bool { return seen(headroom.Disconnected) > 0 })
	if got := acme.Check("emails", 1); !got.Allowed {
		t.Errorf("while the server is away: %+v", got)
	}
	s.Run()
	s.Plan("acme", "pro")
	testserver.Until(t, "it is connected again", func() bool { return seen(headroom.Connected) > connected })
	testserver.Until(t, "what changed is seen", func() bool { return acme.Has("recordings") })
	if asked.Load() == 0 {
		t.Error("it did not say how far it had heard")
	}
	if globex.Has("recordings") || !globex.Check("emails", 1).Allowed {
		t.Error("the other account is not as it was")
	}
}

// resumes counts the streams that go on from somewhere.
type resumes struct{ atomic.Int64 }

// RoundTrip makes the call.
func (r *resumes) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Last-Event-ID") != "" {
		r.Add(1)
	}
	return http.DefaultTransport.RoundTrip(req)
}

func TestAProcessStartsWhileTheServerIsAway(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "pro")
	dir := t.TempDir()
	caching := func(c *headroom.Config) { c.CacheDir = dir }
	first := connect(t, s, caching)
	a := account(t, first, "acme")
	file := func() string {
		files, _ := filepath.Glob(filepath.Join(dir, "*", "*.json"))
		if len(files) == 0 {
			return ""
		}
		return files[0]
	}
	testserver.Until(t, "the cache is written", func() bool { return a.Has("recordings") && file() != "" })
	must(t, first.Close(t.Context()))
	s.Kill()

	second := connect(t, s, caching, func(c *headroom.Config) { c.Fresh, c.MaxStale = time.Nanosecond, time.Hour })
	a = account(t, second, "acme")
	if got := a.Check("emails", 1); !got.Allowed || got.Limit != 1000 || !got.Stale {
		t.Errorf("from the cache: %+v", got)
	}
	if _, err := second.Account(t.Context(), "globex"); headroom.CodeOf(err) == "" {
		t.Errorf("of an account that is not in the cache it says %v", err)
	}

	t.Run("another key", func(t *testing.T) {
		other := connect(t, s, caching, func(c *headroom.Config) { c.Key = "hr_sk_other" })
		if a, err := other.Account(t.Context(), "acme"); err == nil || a.Has("recordings") {
			t.Errorf("it reads what is not its own: %v", err)
		}
	})
	for name, damage := range map[string]func([]byte) []byte{
		"a changed byte":  func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"a torn file":     func(b []byte) []byte { return b[:len(b)/2] },
		"an empty file":   func([]byte) []byte { return nil },
		"no cache at all": func([]byte) []byte { return []byte("<html>") },
	} {
		t.Run(name, func(t *testing.T) {
			whole, err := os.ReadFile(file())
			must(t, err)
			must(t, os.WriteFile(file(), damage(append([]byte(nil), whole...)), 0o600))
			defer func() { must(t, os.WriteFile(file(), whole, 0o600)) }()
			c := connect(t, s, caching)
			a, err := c.Account(t.Context(), "acme")
			if err == nil || a.Has("recordings") {
				t.Errorf("it is believed: %v", err)
			}
		})
	}
	s.Run()
	testserver.Until(t, "the server is back", func() bool {
		g, _ := second.Account(t.Context(), "globex")
		return g.Check("emails", 1).Reason == headroom.NoSubscription
	})
	testserver.Until(t, "news come", func() bool { return len(a.Features()) == 3 })
}

func TestOfManyAccountsTheOneNotAskedAboutGoes(t *testing.T) {
	s := testserver.Start(t, catalog)
	c := connect(t, s, func(c *headroom.Config) { c.Accounts = 2 })
	for _, key := range []string{"a", "b", "c"} {
		s.Plan(key, "pro")
	}
	a := account(t, c, "a")
	account(t, c, "b")
	account(t, c, "c")
	s.Plan("a", "starter")
	testserver.Until(t, "a question brings it back", func() bool { return !a.Has("recordings") })
}

func TestANoOfTheProcessIsASignForTheServer(t *testing.T) {
	s := testserver.Start(t, catalog+`
signals:
  wants_recordings: {when: {gate: recordings}, type: upsell}
`)
	s.Plan("acme", "starter")
	a := account(t, connect(t, s), "acme")
	for range 100 {
		if a.Has("recordings") {
			t.Fatal("it is open")
		}
	}
	testserver.Until(t, "the signal fires", func() bool {
		items, _ := s.Send("GET", "/v1/accounts/acme/signals", nil)["items"].([]any)
		return len(items) == 1
	})
}

func TestClosingLeavesNothingBehind(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "starter")
	before := runtime.NumGoroutine()
	for range 3 {
		c, err := headroom.New(headroom.Config{URL: s.URL, Key: s.Key, CacheDir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
		must(t, err)
		account(t, c, "acme")
		must(t, c.Track(headroom.Event{Account: "acme", Type: "email.sent"}))
		must(t, c.Close(t.Context()))
		must(t, c.Close(t.Context()))
		if got := account(t, c, "acme").Check("emails", 1); !got.Allowed {
			t.Errorf("after closing: %+v", got)
		}
	}
	testserver.Until(t, "all goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
}

func TestManyAccountsAreFollowed(t *testing.T) {
	s := testserver.Start(t, catalog)
	c := connect(t, s)
	accounts := make([]*headroom.Account, 150)
	for i := range accounts {
		key := "account_" + strconv.Itoa(i)
		s.Plan(key, "starter")
		accounts[i] = account(t, c, key)
	}
	for i := range accounts {
		s.Plan("account_"+strconv.Itoa(i), "pro")
	}
	for i, a := range accounts {
		testserver.Until(t, "account "+strconv.Itoa(i)+" is upgraded", func() bool { return a.Has("recordings") })
	}
}
