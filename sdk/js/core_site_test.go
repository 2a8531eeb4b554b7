package sdkjs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/browsertest"
	sdkjs "github.com/headroomhq/headroom/sdk/js"
)

// sold is a catalog with every kind of feature and limit, one offer, and one interruption.
const sold = `
version: 1
currency: USD
contact: {person: {interruption: 1 per 7d}}
meters:
  emails:   {event: email.sent, aggregate: sum, property: count}
  calls:    {event: api.call, aggregate: count}
  exports:  {fed_by: consume}
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
features:
  emails:     {title: Emails, kind: metered, meter: emails}
  calls:      {title: API calls, kind: metered, meter: calls}
  exports:    {title: Exports, kind: metered, meter: exports}
  speakers:   {title: Speakers, kind: seats, meter: speakers}
  recordings: {title: Talk recordings, kind: boolean, trial: 7d}
  captions:   {title: Captions, kind: boolean, part_of: recordings}
  support:    {title: Support, kind: value, values: [email, chat, phone]}
plans:
  starter:
    title: Starter
    family: core
    price: {month: "49"}
    entitlements: {emails: {limit: 10, per: month}, calls: {limit: 3, per: rolling 24h}, exports: 5, speakers: 2, support: email}
  pro:
    title: Pro
    family: core
    above: starter
    price: {month: "149"}
    trial: 14d
    entitlements:
      {emails: {limit: 20, per: month, overage: {unit: 10, price: "2"}}, calls: unlimited, exports: 50, speakers: 10, recordings: true, support: phone}
signals:
  speakers_full: {when: {limit: speakers, reaches: 100%}, type: upsell, hypothesis: "More seats", owner: product, state: validated}
placements:
  speakers.add: {feature: speakers}
offers:
  pro_for_speakers:
    on: [speakers_full]
    give: {plan: pro}
    at: [speakers.add]
    kind: contextual
    content: {title: "Room for more", body: "You have used {usage} of {limit}.", action: Upgrade}
`

// site is a product's own server, of another origin than Headroom: its pages run under the strictest policy, its
// backend signs people in, and below /hr it passes calls on to Headroom. It can make trouble on the way.
type site struct {
	*httptest.Server
	t        *testing.T
	headroom *browsertest.Server
	key      string
	signing  string

	mu      sync.Mutex
	calls   []call
	trouble func(w http.ResponseWriter, r *http.Request) bool // answers in Headroom's place, or lets it pass
	page    string                                            // more of the page's script
	tokens  []time.Duration                                   // how long the next ones last
	signed  int
	closed  map[context.Context]bool // tabs
}

// call is one that came by /hr.
type call struct{ method, path, body, position string }

// policy is a content security policy that allows nothing that is not needed.
const policy = "default-src 'none'; script-src 'self' %[1]s; style-src 'self'; img-src 'self' https:; connect-src 'self' %[1]s; require-trusted-types-for 'script'"

// script is what every page runs: the core from the page's own origin, as a bundle would have it, and what it hears.
const script = `
import { headroom, createHeadroom, Problem } from '/sdk/headroom.js'
const q = new URLSearchParams(location.search)
Object.assign(window, { headroom, createHeadroom, Problem, errors: [], heard: [], made: [], broken: [] })
addEventListener('securitypolicyviolation', (e) => broken.push('policy: ' + e.violatedDirective + ' ' + e.blockedURI))
addEventListener('unhandledrejection', (e) => broken.push('rejection: ' + e.reason))
addEventListener('error', (e) => broken.push('error: ' + e.message))
headroom.subscribe((s) => heard.push(s))
headroom.observe((m) => made.push(m))
window.config = {
  endpoint: q.get('endpoint') ?? '/hr', key: q.get('key') ?? undefined,
  token: q.has('token') ? q.get('token') : async () => (await fetch('/token?' + q.get('as'))).text(),
  flushEvery: Number(q.get('flush') ?? 20), decisionTimeout: Number(q.get('timeout') ?? 5000), onError: (p) => errors.push(p),
}
window.run = (f) => { window.done = undefined; f().then((v) => { window.done = { value: v } }, (e) => { window.done = { failed: e } }) }
if (!q.has('later')) headroom.init(config)
`

func openSite(t *testing.T, h *browsertest.Server) *site {
	t.Helper()
	s := &site{t: t, headroom: h, closed: make(map[context.Context]bool)}
	var key struct {
		Secret        string
		SigningSecret string `json:"signing_secret"`
	}
	h.Must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "site", "scopes": []string{"events:write", "check", "decide"}}, &key)
	s.key, s.signing = key.Secret, key.SigningSecret
	target, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { panic(http.ErrAbortHandler) },
	}
	mux := http.NewServeMux()
	mux.Handle(sdkjs.Prefix, sdkjs.Handler())
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, s.token(r.URL.RawQuery)) })
	mux.Handle("/hr/", http.StripPrefix("/hr", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.pass(proxy, w, r) })))
	mux.HandleFunc("GET /page.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, script+s.page)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", fmt.Sprintf(policy, h.URL))
		_, _ = io.WriteString(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>Product</title><link rel="icon" href="/icon.svg"><main>Product</main><script type="module" src="/page.js"></script>`)
	})
	mux.HandleFunc("GET /icon.svg", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

// pass hands a call on, notes it, and makes the trouble that is asked for.
func (s *site) pass(proxy http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	s.mu.Lock()
	s.calls = append(s.calls, call{r.Method, r.URL.Path, string(body), r.Header.Get("Headroom-Position")})
	trouble := s.trouble
	s.mu.Unlock()
	if trouble != nil && trouble(w, r) {
		return
	}
	proxy.ServeHTTP(w, r)
}

// troubles says what becomes of calls from now on; nil: nothing.
func (s *site) troubles(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = f
}

// passed returns the calls whose method and path begin so.
func (s *site) passed(prefix string) []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.calls), func(c call) bool { return !strings.HasPrefix(c.method+" "+c.path, prefix) })
}

// token signs somebody in: "account/user/role". It lasts an hour, or what tokens says.
func (s *site) token(as string) string {
	parts := strings.Split(as, "/")
	s.mu.Lock()
	lasts := time.Hour
	if s.signed < len(s.tokens) {
		lasts = s.tokens[s.signed]
	}
	s.signed++
	s.mu.Unlock()
	token, err := access.SignUserToken(s.signing, access.User{Account: parts[0], ID: parts[1], Role: parts[2]}, time.Now().Add(lasts))
	if err != nil {
		s.t.Error(err)
	}
	return token
}

// at is the address of the page for somebody; more is added to its query.
func (s *site) at(as, more string) string {
	return s.URL + "/?as=" + as + "&key=" + s.key + more
}

// open opens the page in a window of its own. Calls that fail are part of these tests; what is thrown into the page
// fails them.
func (s *site) open(b *browsertest.Browser, address string) *browsertest.Window {
	s.t.Helper()
	ctx, closed := chromedp.NewContext(b.Ctx, chromedp.WithNewWindow(true), chromedp.WithListener(func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			s.t.Errorf("%s: thrown into the page: %s %v", address, e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
		}
	}))
	s.t.Cleanup(closed)
	w := &browsertest.Window{T: s.t, Ctx: ctx, Name: "core"}
	if err := chromedp.Do(ctx); err != nil {
		s.t.Fatal(err)
	}
	w.Open(address)
	w.Until("the page runs", `window.headroom`)
	s.t.Cleanup(func() {
		switch {
		case ctx.Err() != nil || s.closed[ctx]:
		case s.t.Failed():
			s.t.Logf("%s\nerrors %v\nsnapshot %v\ncalls %v", address, ask[any](w, `window.errors`), ask[any](w, `window.headroom?.snapshot()`), s.passed(""))
		default:
			ask[list](w, `window.broken ?? []`).none(s.t)
		}
	})
	return w
}

// list is one that should be empty.
type list []string

func (l list) none(t *testing.T) {
	t.Helper()
	if len(l) > 0 {
		t.Errorf("the page was broken: %v", l)
	}
}

// ask evaluates an expression, a promise too, and returns its value.
func ask[T any](w *browsertest.Window, expression string) T {
	w.T.Helper()
	text := browsertest.Ask(w, chromedp.Evaluate[string](`Promise.resolve(`+expression+`).then((v) => JSON.stringify(v ?? null))`, chromedp.EvalAwaitPromise))
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		w.T.Fatalf("%s is %s: %v", expression, text, err)
	}
	return v
}

// answer is a check or a decision as the page has it.
type answer struct {
	Feature, Reason, Status, Variant string
	Allowed, Stale, Unlimited, Again bool
	Usage, Limit, Remaining          *float64
	Shortfall                        float64
	Value                            string
	DecisionID                       string `json:"decision_id"`
	Decision                         *answer
}

// subscribe puts an account on a plan, an hour ago: what a browser did is dated a moment before it arrives, which must
// not be before there was a plan.
func (s *site) subscribe(account, plan string) {
	s.t.Helper()
	s.headroom.Must("PUT", "/v1/accounts/"+account+"/subscription", map[string]any{"plan": plan}, nil)
	s.headroom.Must("POST", "/v1/clock/advance", map[string]any{"by": "1h"}, nil)
}

// used is how much an account has used of a feature, as the server knows.
func (s *site) used(account, feature string) float64 {
	s.t.Helper()
	var a struct {
		Items []struct {
			Feature string
			Usage   float64
		}
	}
	s.headroom.Must("GET", "/v1/accounts/"+account+"/entitlements", nil, &a)
	for _, i := range a.Items {
		if i.Feature == feature {
			return i.Usage
		}
	}
	s.t.Fatalf("%s has no %s", account, feature)
	return 0
}

// uses waits until the server has counted so much.
func (s *site) uses(account, feature string, want float64) {
	s.t.Helper()
	for began := time.Now(); ; {
		got := s.used(account, feature)
		if got == want {
			return
		}
		if time.Since(began) > 15*time.Second {
			s.t.Fatalf("%s has used %g of %s, not %g", account, got, feature, want)
		}
	}
}
