package headroomhttp_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	headroom "github.com/headroomhq/headroom/sdk/go"
	"github.com/headroomhq/headroom/sdk/go/headroomhttp"
	"github.com/headroomhq/headroom/sdk/go/internal/testserver"
)

const catalog = `
version: 1
currency: USD
meters:
  emails: {event: email.sent, aggregate: sum, property: quantity}
  exports: {fed_by: consume}
features:
  emails:     {title: Emails, kind: metered, meter: emails}
  exports:    {title: Exports, kind: metered, meter: exports}
  recordings: {title: Talk recordings, kind: boolean}
  audit:      {title: Audit log, kind: boolean}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {emails: {limit: 3, per: month}, exports: 2, recordings: false, audit: false}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149"}, entitlements: {emails: {limit: 100, per: month}, exports: 50, recordings: true, audit: false}}
offers:
  pro_for_all: {give: {plan: pro}, at: [billing], content: {title: Go Pro, body: More, action: Upgrade}}
`

func TestMain(m *testing.M) {
	code := m.Run()
	testserver.Remove()
	os.Exit(code)
}

func client(t *testing.T, s *testserver.Server, defaults map[string]headroom.Default) *headroom.Client {
	t.Helper()
	c, err := headroom.New(headroom.Config{URL: s.URL, Key: s.Key, Logger: slog.New(slog.DiscardHandler), FlushEvery: time.Millisecond, Attempts: 1, Defaults: defaults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	return c
}

func byHeader(name string) func(*http.Request) string {
	return func(r *http.Request) string { return r.Header.Get(name) }
}

// ask sends a request of the account through the middleware.
func ask(h http.Handler, account string, headers ...string) (int, headroomhttp.Problem) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Account", account)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var p headroomhttp.Problem
	if w.Header().Get("Content-Type") == "application/problem+json" {
		_ = json.Unmarshal(w.Body.Bytes(), &p)
	}
	return w.Code, p
}

var fine = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if _, ok := headroomhttp.From(r.Context()); !ok {
		panic("not let through by Require")
	}
	status, _ := strconv.Atoi(r.Header.Get("Answer"))
	w.WriteHeader(max(status, 200))
})

func TestRequire(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "starter")
	c := client(t, s, nil)
	account := byHeader("Account")

	t.Run("what can be unlocked is answered with 402 and what unlocks it", func(t *testing.T) {
		h := headroomhttp.Require(c, "recordings", account)(fine)
		status, p := ask(h, "acme")
		if status != 402 || p.Status != 402 || p.Code != "not_in_plan" || len(p.Unlock) != 1 || p.Unlock[0].Plan != "pro" || p.Unlock[0].Price.String() != "149.00 USD" || p.Detail == "" {
			t.Errorf("answered %d %+v", status, p)
		}
	})
	t.Run("what cannot is answered with 403", func(t *testing.T) {
		status, p := ask(headroomhttp.Require(c, "audit", account)(fine), "acme")
		if status != 403 || p.Code != "not_in_plan" || len(p.Unlock) != 0 {
			t.Errorf("answered %d %+v", status, p)
		}
	})
	t.Run("a feature nobody knows stays closed", func(t *testing.T) {
		if status, p := ask(headroomhttp.Require(c, "recodrings", account)(fine), "acme"); status != 403 || p.Code != "unknown_feature" {
			t.Errorf("answered %d %+v", status, p)
		}
	})
	t.Run("a request of nobody is answered with 401", func(t *testing.T) {
		if status, p := ask(headroomhttp.Require(c, "recordings", account)(fine), ""); status != 401 || p.Code != "account_missing" {
			t.Errorf("answered %d %+v", status, p)
		}
	})
	t.Run("usage is counted when the handler did its work", func(t *testing.T) {
		h := headroomhttp.Require(c, headroom.MeteredFeature("emails"), account, headroomhttp.Count("email.sent"), headroomhttp.User(byHeader("User")),
			headroomhttp.Quantity(func(*http.Request) float64 { return 2 }))(fine)
		for _, step := range []struct {
			answer string
			status int
		}{{"500", 500}, {"404", 404}, {"201", 201}, {"200", 402}} {
			if status, p := ask(h, "acme", "Answer", step.answer, "User", "ann"); status != step.status || status == 402 && p.Shortfall != 1 {
				t.Errorf("a handler that answers %s: %d %+v", step.answer, status, p)
			} else if status != step.status {
				t.Errorf("a handler that answers %s: %d %+v", step.answer, status, p)
			}
		}
		if err := c.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		testserver.Until(t, "the server has counted", func() bool {
			a, err := c.Check(t.Context(), headroom.CheckRequest{Account: "acme", Feature: "emails"})
			return err == nil && a.Usage == 2
		})
	})
	t.Run("a hard limit is taken from before, and given back after a failure", func(t *testing.T) {
		h := headroomhttp.Require(c, "exports", account, headroomhttp.Consume())(fine)
		for i, step := range []struct {
			answer string
			status int
		}{{"200", 200}, {"503", 503}, {"200", 200}, {"200", 402}} {
			if status, p := ask(h, "acme", "Answer", step.answer); status != step.status {
				t.Errorf("request %d: %d %+v", i, status, p)
			}
		}
	})
	t.Run("a handler that panics has used nothing", func(t *testing.T) {
		s.Plan("globex", "starter")
		h := headroomhttp.Require(c, "exports", account, headroomhttp.Consume())(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") }))
		for range 5 {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic is swallowed")
					}
				}()
				ask(h, "globex")
			}()
		}
	})
	t.Run("a placement brings its offer", func(t *testing.T) {
		status, p := ask(headroomhttp.Require(c, "recordings", account, headroomhttp.Placement("billing"), headroomhttp.User(byHeader("User")))(fine), "acme", "User", "ann")
		if status != 402 || p.Decision == nil {
			t.Errorf("answered %d %+v", status, p)
		}
	})
	t.Run("an upgrade opens it at once", func(t *testing.T) {
		s.Plan("acme", "pro")
		if status, p := ask(headroomhttp.Require(c, "recordings", account)(fine), "acme"); status != 200 {
			t.Errorf("answered %d %+v", status, p)
		}
	})
	t.Run("while the server is away", func(t *testing.T) {
		acme, err := c.Account(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		testserver.Until(t, "the upgrade is known here", func() bool { return acme.Has("recordings") })
		s.Kill()
		if status, _ := ask(headroomhttp.Require(c, "recordings", account)(fine), "acme"); status != 200 {
			t.Errorf("what is known to be open: %d", status)
		}
		if status, p := ask(headroomhttp.Require(c, "exports", account, headroomhttp.Consume())(fine), "acme"); status != 503 || p.Code != "unavailable" {
			t.Errorf("what must be consumed: %d %+v", status, p)
		}
		lenient := client(t, s, map[string]headroom.Default{"exports": {Allowed: true}})
		if status, _ := ask(headroomhttp.Require(lenient, "exports", account, headroomhttp.Consume())(fine), "acme"); status != 200 {
			t.Errorf("what must be consumed, and is open by default: %d", status)
		}
	})
}

func TestDefaultsOpenNothingWhileTheServerIsThere(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "starter")
	open := map[string]headroom.Default{"exports": {Allowed: true}, "exprots": {Allowed: true}, "recordings": {Allowed: true}}
	c := client(t, s, open)
	account := byHeader("Account")
	asking := headroomhttp.Quantity(func(r *http.Request) float64 {
		q, _ := strconv.ParseFloat(r.Header.Get("Quantity"), 64)
		return q
	})
	gates := map[string]http.Handler{
		"a consume of exports":    headroomhttp.Require(c, "exports", account, headroomhttp.Consume(), asking)(fine),
		"a check of exports":      headroomhttp.Require(c, "exports", account, asking)(fine),
		"a consume of recordings": headroomhttp.Require(c, "recordings", account, headroomhttp.Consume(), asking)(fine),
		"a consume of a typo":     headroomhttp.Require(c, "exprots", account, headroomhttp.Consume(), asking)(fine),
	}
	for _, g := range []struct {
		name, quantity string
		status         int
		code           string
	}{
		{"a consume of exports", "3", 402, "limit_reached"},
		{"a consume of exports", "-1", 422, "quantity_invalid"},
		{"a consume of exports", "NaN", 422, "quantity_invalid"},
		{"a consume of exports", "1e13", 422, "quantity_invalid"},
		{"a consume of exports", "1e-9", 422, "quantity_invalid"},
		{"a consume of exports", "0", 200, ""},
		{"a check of exports", "-1", 422, "quantity_invalid"},
		{"a check of exports", "NaN", 422, "quantity_invalid"},
		{"a consume of recordings", "1", 500, "feature_not_metered"},
		{"a consume of a typo", "1", 403, "unknown_feature"},
	} {
		if status, p := ask(gates[g.name], "acme", "Quantity", g.quantity); status != g.status || p.Code != g.code {
			t.Errorf("%s, %s of it: %d %s, want %d %s", g.name, g.quantity, status, p.Code, g.status, g.code)
		}
	}
	refused, err := headroom.New(headroom.Config{URL: s.URL, Key: "hr_sk_wrong", Logger: slog.New(slog.DiscardHandler), Attempts: 1, Defaults: open})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = refused.Close(t.Context()) })
	for _, o := range [][]headroomhttp.Option{nil, {headroomhttp.Consume()}} {
		if status, p := ask(headroomhttp.Require(refused, "exports", account, o...)(fine), "acme"); status == 200 {
			t.Errorf("with a key that the server refuses: %d %s", status, p.Code)
		}
	}
}
