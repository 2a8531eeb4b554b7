package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/headroomhq/headroom/internal/api"
	"github.com/headroomhq/headroom/internal/browsertest"
)

// Segment's own client for the browser (@segment/analytics-next), in real Chromium, in a
// page of another origin than the server's, with a publishable key.

// shop is a page that loads the client. Its query says how: key and host, and with
// "batching" to send batches ("quick" without waiting long), with "metrics" to tell how it is.
const shop = `<!doctype html><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">
<script src="/analytics.js"></script>
<script>
const q = new URLSearchParams(location.search)
const own = {apiKey: q.get('key'), apiHost: q.get('host') + '/v1', protocol: 'http'}
const options = {integrations: {'Segment.io': {}}}
if (q.has('batching')) options.integrations['Segment.io'].deliveryStrategy = {strategy: 'batching', config: {size: 100, timeout: q.has('quick') ? 200 : 600000}}
if (q.has('metrics')) Object.assign(options.integrations['Segment.io'], own)
window.failed = []
window.analytics = AnalyticsNext.AnalyticsBrowser.load({
  writeKey: q.get('key'),
  cdnSettings: {integrations: {'Segment.io': own}, metrics: {sampleRate: q.has('metrics') ? 1 : 0, flushTimer: 50}},
}, options)
analytics.on('error', (e) => failed.push(String(e.reason)))
analytics.ready(() => { window.loaded = true })
</script>`

// front passes requests on to a server and can make trouble on the way.
type front struct {
	*httptest.Server
	mu   sync.Mutex
	plan []string
	sent []taped
	took []int // what each was answered, 0 for nothing
}

// trouble says what becomes of the next calls, one after the other:
//
//	500, 429  the server never hears of it
//	lost      the server takes it, its answer is lost
//	held      the server takes it, its answer does not come before the page is gone
func (f *front) trouble(plan ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = append(f.plan, plan...)
}

func openFront(t *testing.T, to string) *front {
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	f := &front{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			proxy.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		f.mu.Lock()
		fate := ""
		if len(f.plan) > 0 {
			fate, f.plan = f.plan[0], f.plan[1:]
		}
		i := len(f.sent)
		f.sent, f.took = append(f.sent, taped{r.URL.Path, r.Header.Clone(), body}), append(f.took, 0)
		f.mu.Unlock()
		answered := func(status int) {
			f.mu.Lock()
			f.took[i] = status
			f.mu.Unlock()
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		switch fate {
		case "500", "429":
			status := http.StatusInternalServerError
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
			if fate == "429" {
				status = http.StatusTooManyRequests
				w.Header().Set("Retry-After", "1")
			}
			answered(status)
			w.WriteHeader(status)
		case "lost", "held":
			unheard := httptest.NewRecorder()
			proxy.ServeHTTP(unheard, r)
			answered(unheard.Code)
			if fate == "held" {
				<-r.Context().Done()
			}
			panic(http.ErrAbortHandler)
		default:
			heard := &statusWriter{ResponseWriter: w}
			proxy.ServeHTTP(heard, r)
			answered(heard.status)
		}
	}))
	t.Cleanup(f.Close)
	return f
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// calls returns what was sent since the n-th, with what it was answered.
func (f *front) calls(n int) (sent []taped, took []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.sent[n:]), slices.Clone(f.took[n:])
}

func (f *front) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sent)
}

// until waits until this has been sent since the n-th call.
func (f *front) until(t *testing.T, n int, what string, is func(sent []taped, took []int) bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		sent, took := f.calls(n)
		if is(sent, took) {
			return
		}
		if time.Now().After(deadline) {
			var lines []string
			for i := range sent {
				lines = append(lines, fmt.Sprintf("%s answered %d: %.200s", sent[i].path, took[i], sent[i].body))
			}
			t.Fatalf("not so within 20 s: %s\n%s", what, strings.Join(lines, "\n"))
		}
	}
}

// messages returns how often each message of these paths was sent, by its id.
func messages(t *testing.T, sent []taped, paths ...string) map[string]int {
	t.Helper()
	times := map[string]int{}
	for _, s := range sent {
		if !slices.Contains(paths, s.path) {
			continue
		}
		var body struct {
			MessageID string                       `json:"messageId"`
			Batch     []struct{ MessageID string } `json:"batch"`
		}
		if err := json.Unmarshal(s.body, &body); err != nil {
			t.Fatal(err)
		}
		for _, m := range body.Batch {
			times[m.MessageID]++
		}
		if body.Batch == nil {
			times[body.MessageID]++
		}
	}
	return times
}

// shopper opens pages of the shop.
type shopper struct {
	t       *testing.T
	browser *browsertest.Browser
	page    string // origin of the shop
	key     string
	front   *front
}

func (s *shopper) url(flags ...string) string {
	q := url.Values{"key": {s.key}, "host": {strings.TrimPrefix(s.front.URL, "http://")}}
	for _, f := range flags {
		q.Set(f, "1")
	}
	return s.page + "/?" + q.Encode()
}

// open opens a page in a window of its own. Unlike browser.window it does not mind what
// stands in the page's console: troubles are part of these tests.
func (s *shopper) open(flags ...string) *browsertest.Window {
	s.t.Helper()
	ctx, closed := chromedp.NewContext(s.browser.Ctx, chromedp.WithNewWindow(true))
	s.t.Cleanup(closed)
	w := &browsertest.Window{T: s.t, Ctx: ctx, Name: "shop"}
	if err := chromedp.Do(ctx); err != nil {
		s.t.Fatal(err)
	}
	s.goTo(w, flags...)
	return w
}

func (s *shopper) goTo(w *browsertest.Window, flags ...string) {
	s.t.Helper()
	w.Do(chromedp.Navigate(s.url(flags...)))
	w.Until("the client is loaded", "window.loaded")
}

// clean fails the test when the client gave up on something.
func clean(w *browsertest.Window) {
	w.T.Helper()
	if gaveUp := browsertest.Ask(w, chromedp.Evaluate[string](`JSON.stringify(failed)`)); gaveUp != "[]" {
		w.T.Fatalf("the client gave up on %s", gaveUp)
	}
}

func TestSegmentsBrowserClientIsUnderstood(t *testing.T) {
	clients := segmentClients(t)
	client, err := os.ReadFile(filepath.Join(clients, "node_modules/@segment/analytics-next/dist/umd/index.js"))
	if err != nil {
		t.Fatal(err)
	}
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, shop)
		case "/analytics.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(client)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(pages.Close)

	c := newCompany(t, "")
	c.must("PUT", "/v1/catalog", []byte(segmentCatalog), nil)
	for _, account := range []string{"acme", "globex"} {
		c.must("PUT", "/v1/accounts/"+account+"/subscription", map[string]any{"plan": "starter"}, nil)
	}
	var key struct{ Secret string }
	c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "shop", "scopes": []string{"events:write"}}, &key)
	s := &shopper{t: t, browser: browsertest.OpenBrowser(t), page: pages.URL, key: key.Secret, front: openFront(t, c.base)}

	acme, globex := map[string]float64{}, map[string]float64{}
	hold := func() { t.Helper(); c.uses("acme", acme); c.uses("globex", globex) }

	page := s.open()
	t.Run("every call, from a stranger to a member", func(t *testing.T) {
		page := page.In(t)
		c.must("POST", "/v1/track", map[string]any{"userId": "old-ada", "event": "clicked", "messageId": "old-1"}, nil)
		page.Run(`analytics.track('clicked'); analytics.page('Billing', 'Pricing', {tier: 'pro'}); analytics.screen('Board')`)
		page.Run(`analytics.identify('usr_ada', {email: 'ada@acme.example', role: 'admin', seat: 4})`)
		page.Run(`analytics.group('acme', {name: 'Acme Summits', employees: 42})`)
		page.Run(`analytics.track('clicked'); analytics.track('clicked', {}, {context: {groupId: 'globex'}})`)
		page.Run(`analytics.alias('usr_ada', 'old-ada')`)
		acme["clicks"], acme["pages"], acme["screens"], globex["clicks"] = 3, 1, 1, 1
		hold()
		sent, took := s.front.calls(0)
		var paths []string
		for i, call := range sent {
			paths = append(paths, strings.TrimPrefix(call.path, "/v1/"))
			if took[i] != http.StatusOK {
				t.Errorf("%s was answered %d", call.path, took[i])
			}
			if media := call.header.Get("Content-Type"); media != "text/plain" {
				t.Errorf("%s came as %q: the client has changed, look again at what it sends", call.path, media)
			}
		}
		slices.Sort(paths)
		if got := strings.Join(paths, ""); got != "agipsttt" {
			t.Errorf("the client sent to %s", got)
		}
		var account struct {
			Name   string
			Traits map[string]any
		}
		c.must("GET", "/v1/accounts/acme", nil, &account)
		if account.Name != "Acme Summits" || account.Traits["employees"] != 42.0 {
			t.Errorf("the group call made the account %+v", account)
		}
		clean(page)
	})
	t.Run("after a reset it is somebody else", func(t *testing.T) {
		page := page.In(t)
		page.Run(`analytics.reset()`)
		page.Until("nobody is known", `analytics.instance.user().id() === null`)
		page.Run(`analytics.track('clicked')`)
		page.Run(`analytics.identify('usr_bob'); analytics.group('globex')`)
		globex["clicks"]++
		hold()
	})
	t.Run("through errors, a full server and lost answers", func(t *testing.T) {
		page, n := page.In(t), s.front.count()
		s.front.trouble("500", "429", "lost", "lost", "500")
		for range 6 {
			page.Run(`analytics.track('clicked')`)
		}
		globex["clicks"] += 6
		s.front.until(t, n, "six are sent eleven times", func(sent []taped, took []int) bool {
			times := messages(t, sent, "/v1/t")
			return len(times) == 6 && len(sent) >= 11 && !slices.Contains(took, 0)
		})
		hold()
		clean(page)
	})
	t.Run("offline, and online again", func(t *testing.T) {
		page, n := page.In(t), s.front.count()
		online := func(yes bool) {
			browsertest.Ask(page, chromedp.Action[chromedp.Void](func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
				_, err := cdp.Call(ctx, target, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !yes, DownloadThroughput: -1, UploadThroughput: -1})
				return chromedp.Void{}, err
			}))
			page.Until("the page knows", fmt.Sprintf("navigator.onLine === %v", yes))
		}
		online(false)
		page.Run(`window.kept = 0; for (let i = 0; i < 3; i++) analytics.track('clicked').then(() => kept++)`)
		page.Until("the client keeps them", "kept === 3")
		if sent, _ := s.front.calls(n); len(sent) > 0 {
			t.Fatalf("offline, the client sent %d calls", len(sent))
		}
		online(true)
		globex["clicks"] += 3
		hold()
		clean(page)
	})
	t.Run("a page that is left before the answers come", func(t *testing.T) {
		page, n := page.In(t), s.front.count()
		s.front.trouble("held", "held")
		page.Run(`analytics.track('clicked'); analytics.track('clicked')`)
		s.front.until(t, n, "both are under way", func(sent []taped, took []int) bool { return len(sent) == 2 && !slices.Contains(took, 0) })
		s.in(t).goTo(page)
		globex["clicks"] += 2
		s.front.until(t, n, "the next page sends both again", func(sent []taped, took []int) bool {
			times := messages(t, sent, "/v1/t")
			return len(times) == 2 && len(sent) >= 4 && !slices.Contains(took, 0)
		})
		hold()
	})
	t.Run("batches, sent as the page is left", func(t *testing.T) {
		s, n := s.in(t), s.front.count()
		page := page.In(t)
		s.goTo(page, "batching")
		page.Run(`window.kept = 0; analytics.page(); for (let i = 0; i < 3; i++) analytics.track('clicked').then(() => kept++)`)
		page.Until("the client holds them back", "kept === 3")
		if sent, _ := s.front.calls(n); len(sent) > 0 {
			t.Fatalf("the client sent %d calls before the page was left", len(sent))
		}
		s.goTo(page)
		globex["clicks"], globex["pages"] = globex["clicks"]+3, 1
		hold()
		if sent, _ := s.front.calls(n); len(messages(t, sent, "/v1/b")) != 4 {
			t.Errorf("it was not a batch: %d calls", len(sent))
		}
	})
	t.Run("batches, through errors", func(t *testing.T) {
		s, n := s.in(t), s.front.count()
		page := page.In(t)
		s.goTo(page, "batching", "quick")
		s.front.trouble("429", "lost", "500")
		page.Run(`for (let i = 0; i < 100; i++) analytics.track(i % 20 ? 'scrolled' : 'clicked')`)
		globex["clicks"] += 5
		s.front.until(t, n, "batches are sent until all of it is taken", func(sent []taped, took []int) bool {
			return len(sent) >= 4 && len(messages(t, sent, "/v1/b")) == 100 && took[len(took)-1] == http.StatusOK
		})
		hold()
		s.goTo(page)
	})
	t.Run("two tabs at once", func(t *testing.T) {
		s := s.in(t)
		one, two := s.open(), s.open()
		for range 5 {
			one.Run(`analytics.track('clicked')`)
			two.Run(`analytics.track('clicked')`)
		}
		globex["clicks"] += 10
		hold()
		clean(one)
		clean(two)
	})
	t.Run("what it tells of itself is taken", func(t *testing.T) {
		s, n := s.in(t), s.front.count()
		page := s.open("metrics")
		page.Run(`analytics.page()`)
		globex["pages"]++
		s.front.until(t, n, "the client tells how it is", func(sent []taped, took []int) bool {
			i := slices.IndexFunc(sent, func(c taped) bool { return c.path == "/v1/m" })
			return i >= 0 && took[i] == http.StatusOK
		})
		hold()
	})

	types, err := c.server.http.Handler.(*api.Server).UnknownTypes(t.Context())
	if err != nil || len(types) != 1 || types[0].Type != "scrolled" || types[0].Events < 95 {
		t.Errorf("events that the catalog does not know: %+v, %v", types, err)
	}
	c.restart() // the log is stepped to its end, and everything that one account sent to another
	hold()
}

func (s *shopper) in(t *testing.T) *shopper {
	in := *s
	in.t = t
	return &in
}

// A page that has a secret key by mistake, a key that may not, a key that is none: told so
// in words that a developer finds in the browser's tools.
func TestAPageHearsWhyItsKeyIsNotTaken(t *testing.T) {
	c := newCompany(t, "", func(o *serverOptions) { o.origins = []string{"https://backoffice.example"} })
	keys := map[string]string{"a secret key": c.opts.secretKey, "nobody's key": "hr_pk_nobody"}
	for name, scopes := range map[string][]string{"a key that only checks": nil, "a key that sends events": {"events:write", "check"}} {
		var key struct{ Secret string }
		c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": name, "scopes": scopes}, &key)
		keys[name] = key.Secret
	}
	event := func(key string) string {
		return fmt.Sprintf(`{"anonymousId":"n","event":"x","messageId":"m","writeKey":%q}`, key)
	}
	for _, tc := range []struct {
		name, key, path, body string
		headers               []string
		status                int
		code                  string
	}{
		{"in the body", "a key that sends events", "/v1/t", "", nil, 200, ""},
		{"in the body of a long path", "a key that sends events", "/v1/track", "", nil, 200, ""},
		{"as user name", "a key that sends events", "/v1/t", "", []string{"basic"}, 200, ""},
		{"to the other door", "a key that sends events", "/v1/events", ce("e1", "x", "acme", "{}"), []string{"bearer"}, 202, ""},
		{"with a source of the server's own", "a key that sends events", "/v1/events",
			`{"specversion":"1.0","id":"1","source":"segment:member","type":"x","subject":"acme"}`, []string{"bearer"}, 202, "reserved_source"},
		{"without a user token", "a key that sends events", "/v1/check", `{"account":"acme","feature":"speakers"}`, []string{"bearer"}, 401, "user_token_missing"},
		{"for what it is not for", "a key that sends events", "/v1/keys", `{}`, []string{"bearer"}, 401, "user_token_missing"},
		{"that may not", "a key that only checks", "/v1/t", "", nil, 403, "scope_missing"},
		{"that may not, as user name", "a key that only checks", "/v1/t", "", []string{"basic"}, 403, "scope_missing"},
		{"of a server", "a secret key", "/v1/t", "", nil, 403, "secret_key_in_page"},
		{"of a server, as user name", "a secret key", "/v1/t", "", []string{"basic"}, 403, "secret_key_in_page"},
		{"of a server, elsewhere", "a secret key", "/v1/check", `{"account":"acme","feature":"speakers"}`, []string{"bearer"}, 403, "secret_key_in_page"},
		{"of nobody", "nobody's key", "/v1/t", "", nil, 401, "key_unknown"},
		{"none", "", "/v1/t", "", nil, 401, "key_missing"},
		{"none and no JSON", "", "/v1/t", "{", nil, 401, "key_missing"},
	} {
		key, body := keys[tc.key], tc.body
		if body == "" {
			body = event(key)
		}
		req, err := http.NewRequest("POST", c.base+tc.path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", "https://shop.example")
		req.Header.Set("Content-Type", "text/plain")
		if slices.Contains(tc.headers, "basic") {
			req.SetBasicAuth(key, "")
		} else if slices.Contains(tc.headers, "bearer") {
			req.Header.Set("Authorization", "Bearer "+key)
			req.Header.Set("Content-Type", "application/json")
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != tc.status || !strings.Contains(string(text), tc.code) {
			t.Errorf("a key %s: answered %d %s, want %d %s", tc.name, resp.StatusCode, text, tc.status, tc.code)
		}
		if tc.path != "/v1/keys" && resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("a key %s: the page cannot read the answer", tc.name)
		}
	}
	for _, tc := range []struct {
		path, method, origin string
		allowed              bool
	}{
		{"/v1/t", "POST", "https://shop.example", true},
		{"/v1/batch", "POST", "null", true},
		{"/v1/m", "POST", "https://shop.example", true},
		{"/v1/events", "POST", "https://shop.example", true},
		{"/v1/check", "POST", "https://shop.example", true},
		{"/v1/accounts/acme/entitlements", "GET", "https://shop.example", true},
		{"/v1/accounts/acme", "GET", "https://shop.example", false},
		{"/v1/keys", "POST", "https://shop.example", false},
		{"/v1/session", "POST", "https://shop.example", false},
		{"/v1/t", "DELETE", "https://shop.example", false},
		{"/v1/accounts/acme", "GET", "https://backoffice.example", true},
	} {
		req, err := http.NewRequest("OPTIONS", c.base+tc.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", tc.origin)
		req.Header.Set("Access-Control-Request-Method", tc.method)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.Header.Get("Access-Control-Allow-Origin") == "*"; got != tc.allowed {
			t.Errorf("a page of %s may call %s %s: %v, want %v", tc.origin, tc.method, tc.path, got, tc.allowed)
		}
		if resp.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: cookies of other origins count", tc.path)
		}
	}
}

func TestAPageThatSendsTooFastIsToldWhenToComeAgain(t *testing.T) {
	c := newCompany(t, "", func(o *serverOptions) { o.browser, o.proxies = 1, []string{"127.0.0.1"} })
	var key struct{ Secret string }
	c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "shop", "scopes": []string{"events:write"}}, &key)
	send := func(visitor string, events int) *http.Response {
		t.Helper()
		batch := strings.TrimSuffix(strings.Repeat(`{"type":"track","anonymousId":"n","event":"x"},`, events), ",")
		req, err := http.NewRequest("POST", c.base+"/v1/b", strings.NewReader(fmt.Sprintf(`{"writeKey":%q,"batch":[%s]}`, key.Secret, batch)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", "https://shop.example")
		req.Header.Set("X-Forwarded-For", visitor)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp
	}
	if resp := send("192.0.2.1", 10); resp.StatusCode != http.StatusOK {
		t.Fatalf("ten at once were answered %s", resp.Status)
	}
	resp := send("192.0.2.1", 8)
	wait := resp.Header.Get("Retry-After")
	if resp.StatusCode != http.StatusTooManyRequests || wait < "6" || wait > "8" || len(wait) != 1 {
		t.Errorf("eight more were answered %s, Retry-After %q", resp.Status, wait)
	}
	if h := resp.Header; h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "Retry-After") {
		t.Errorf("the page cannot read when to come again: %v", h)
	}
	if resp := send("192.0.2.2", 10); resp.StatusCode != http.StatusOK {
		t.Errorf("another visitor was answered %s", resp.Status)
	}
}
