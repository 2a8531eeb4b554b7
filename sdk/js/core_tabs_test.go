package sdkjs_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// What tabs share and what they do not, tabs that are closed, tokens that run out, and servers that answer nonsense.

func TestTwoTabsShareOneStreamAndOneBudget(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	b := browsertest.OpenBrowser(t)
	one := s.open(b, s.at("acme/mia/admin", ""))
	one.Until("the first tab knows", `headroom.snapshot().entitlements && !headroom.snapshot().stale`)
	two := s.open(b, s.at("acme/mia/admin", ""))
	two.Until("the second tab knows", `headroom.snapshot().entitlements && !headroom.snapshot().stale`)

	// given two tabs of one person, a change reaches both
	h.Events("acme", "speaker.added", 2)
	for _, w := range []*browsertest.Window{one, two} {
		w.Until("the change is known", `headroom.entitlement('speakers').remaining === 0`)
	}
	// by one stream, and the second tab has asked for nothing
	if n := len(s.passed("GET /v1/accounts/acme/entitlements")); n != 1 {
		t.Errorf("the entitlements were asked for %d times: %v", n, s.passed("GET"))
	}
	// then both are offered the same, which counts once
	for _, w := range []*browsertest.Window{one, two} {
		w.Run(`run(() => headroom.decide('speakers.add'))`)
	}
	var ids []string
	for _, w := range []*browsertest.Window{one, two} {
		w.Until("it is decided", `window.done`)
		d := ask[answer](w, `done.value`)
		if d.Status != "show" {
			t.Errorf("decided was %+v", d)
		}
		ids = append(ids, d.DecisionID)
	}
	if ids[0] != ids[1] {
		t.Errorf("one budget gave two decisions: %v", ids)
	}
	// when the tab with the stream is closed, the other goes on from where it was
	s.closeTab(one)
	h.Events("acme", "speaker.removed", 1)
	two.Until("the next change is known", `headroom.entitlement('speakers').remaining === 1`)
}

func TestTabsOfDifferentPeopleShareNothing(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	s.subscribe("rival", "pro")
	b := browsertest.OpenBrowser(t)
	one := s.open(b, s.at("acme/mia/admin", ""))
	two := s.open(b, s.at("rival/max/member", ""))
	for _, w := range []*browsertest.Window{one, two} {
		w.Until("the tab knows", `headroom.snapshot().entitlements && !headroom.snapshot().stale`)
	}
	h.Events("acme", "speaker.added", 1)
	one.Until("the change is known", `headroom.entitlement('speakers').usage === 1`)
	if two.Is(`heard.some((s) => s.account === 'acme' || s.entitlements?.speakers?.limit === 2)`) {
		t.Errorf("the other account's tab heard %v", ask[any](two, `heard`))
	}
	// In one tab, one after the other: what the first one knew and did is not the second one's.
	s.troubles(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/v1/batch") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return strings.Contains(r.URL.Path, "third") && hangUp()
	})
	one.Run(`headroom.track('email.sent', {count: 7})`)
	one.Until("it was tried", `errors.length > 0`)
	one.Open(s.at("third/tom/member", ""))
	one.Until("somebody else is signed in", `window.headroom?.snapshot().account === 'third' && headroom.snapshot().stale`)
	if a := ask[answer](one, `headroom.check('speakers', {fallback: true})`); a.Allowed || a.Reason != "no_subscription" {
		t.Errorf("the second one is told of the first one's speakers: %+v", a)
	}
	s.troubles(nil)
	one.Open(s.at("acme/mia/admin", ""))
	s.uses("acme", "emails", 7) // it waited for who it is of
}

func TestATabThatIsClosedStillDeliversWhatWaits(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	b := browsertest.OpenBrowser(t)
	w := s.open(b, s.at("acme/mia/admin", "&flush=100000000&endpoint="+url.QueryEscape(h.URL)))
	w.Until("it is known who it is", `headroom.snapshot().account`)
	w.Run(`headroom.track('email.sent', {count: 3}); headroom.track('email.sent', {count: 4})`)
	s.closeTab(w)
	s.uses("acme", "emails", 7)
	// and what is left by going elsewhere
	w = s.open(b, s.at("acme/mia/admin", "&flush=100000000"))
	w.Until("it is known who it is", `headroom.snapshot().account`)
	w.Run(`headroom.track('email.sent', {count: 2})`)
	w.Open("about:blank")
	s.uses("acme", "emails", 9)
}

func TestWhatIsSentAgainCountsOnce(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	var calls atomic.Int32
	s.troubles(func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/v1/batch") || calls.Add(1) > 4 {
			return false
		}
		// The server takes it, and its answer is lost.
		req, err := http.NewRequestWithContext(r.Context(), r.Method, h.URL+r.URL.Path, r.Body)
		if err == nil {
			req.Header = r.Header.Clone()
			if res, err := http.DefaultClient.Do(req); err == nil {
				_ = res.Body.Close()
			}
		}
		return hangUp()
	})
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	w.Run(`headroom.track('email.sent', {count: 5})`)
	for len(s.passed("POST /v1/batch")) < 5 { // it is tried until an answer comes
		ask[any](w, `headroom.flush()`)
	}
	w.Run(`headroom.track('email.sent', {count: 1})`)
	s.uses("acme", "emails", 6)
}

func TestATokenThatRunsOutIsRenewedOnce(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	s.tokens = []time.Duration{-time.Hour} // the first is of yesterday
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	w.Until("the entitlements are there all the same", `headroom.snapshot().entitlements && !headroom.snapshot().stale`)
	if d := ask[answer](w, `headroom.decide('speakers.add')`); d.Status != "none" || d.Reason == "unreachable" {
		t.Errorf("decided was %+v", d)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.signed != 2 {
		t.Errorf("%d tokens were asked for, not 2", s.signed)
	}
}

func TestABlockedPathIsGoneAround(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	// given something in the browser that blocks Headroom's own origin: the page's own path is another one
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", "&endpoint="+url.QueryEscape(s.URL))) // where /v1/ is not passed on
	w.Until("nothing is known", `headroom.snapshot().stale`)
	if a := ask[answer](w, `headroom.check('speakers', {fallback: true})`); !a.Allowed || !a.Stale {
		t.Errorf("a gate: %+v", a)
	}
	if d := ask[answer](w, `headroom.decide('speakers.add')`); d.Status != "none" {
		t.Errorf("a decision: %+v", d)
	}
	w.Open(s.at("acme/mia/admin", "&endpoint=/hr"))
	w.Until("the page's own path is open", `headroom.snapshot().entitlements && !headroom.snapshot().stale`)
	w.Run(`headroom.track('email.sent', {count: 2})`)
	s.uses("acme", "emails", 2)
}

func TestAnswersThatAreNonsenseNeverReachThePage(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	b := browsertest.OpenBrowser(t)
	for name, nonsense := range map[string]func(w http.ResponseWriter){
		"a page":        func(w http.ResponseWriter) { html(w, http.StatusOK) },
		"a broken page": func(w http.ResponseWriter) { html(w, http.StatusInternalServerError) },
		"not found":     func(w http.ResponseWriter) { html(w, http.StatusNotFound) },
		"null":          func(w http.ResponseWriter) { _, _ = io.WriteString(w, "null") },
		"a list":        func(w http.ResponseWriter) { _, _ = io.WriteString(w, "[]") },
		"other JSON": func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"items":{"a":1},"status":7,"allowed":"yes","rejected":5,"variant":{}}`)
		},
		"half of it": func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"items":[`) },
		"a stream that is none": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "event: entitlements\ndata: {nonsense\n\n")
		},
		"nothing ever": func(w http.ResponseWriter) {
			for {
				if _, err := io.WriteString(w, strings.Repeat(" ", 1<<10)); err != nil {
					panic(http.ErrAbortHandler)
				}
				if http.NewResponseController(w).Flush() != nil {
					panic(http.ErrAbortHandler)
				}
			}
		},
	} {
		s.troubles(func(w http.ResponseWriter, _ *http.Request) bool { nonsense(w); return true })
		w := s.open(b, s.at("acme/mia/admin", "&timeout=300"))
		if a := ask[answer](w, `headroom.check('speakers', {fallback: true, placement: 'speakers.add'})`); !a.Allowed || !a.Stale {
			t.Errorf("%s: a gate: %+v", name, a)
		}
		if d := ask[answer](w, `headroom.decide('speakers.add')`); d.Status != "none" {
			t.Errorf("%s: a decision: %+v", name, d)
		}
		if v := ask[answer](w, `headroom.variant('colour')`); v.Variant != "" {
			t.Errorf("%s: a variant: %+v", name, v)
		}
		for _, refused := range []string{`headroom.previewChange({plan: 'pro'})`, `headroom.undo()`, `headroom.requestUpgrade({feature: 'recordings'})`} {
			if !w.Is(`'then' in ` + refused + `.catch(() => {})`) {
				t.Errorf("%s: %s", name, refused)
			}
		}
		w.Run(`headroom.track('x'); headroom.identify('mia', {name: 'Mia'}); headroom.page(); headroom.group('acme')`)
		w.Run(`run(() => headroom.flush())`)
		if name != "nothing ever" {
			w.Until(name+": what waits was tried", `window.done`)
		}
		ask[list](w, `window.broken ?? []`).none(t)
		s.closeTab(w)
	}
}

func html(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<!doctype html><script>alert(1)</script><p>Log in to the network")
}

// hangUp ends a connection without an answer.
func hangUp() bool { panic(http.ErrAbortHandler) }

// closeTab closes a tab as a person does. That it is gone may be all that the browser answers.
func (s *site) closeTab(w *browsertest.Window) {
	s.closed[w.Ctx] = true
	_, _ = chromedp.Call(w.Ctx, page.Close, cdp.Empty{})
}
