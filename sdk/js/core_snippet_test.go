package sdkjs_test

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/headroomhq/headroom/internal/browsertest"
	sdkjs "github.com/headroomhq/headroom/sdk/js"
)

// The snippet, as a file and as the text of the README, in pages without a bundler.

// inline is the snippet that the README gives to copy, without its tag.
func inline(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(readme), "<script nonce=\"…\">\n")
	text, _, ended := strings.Cut(text, "</script>")
	if !found || !ended {
		t.Fatal("the README has no snippet to copy")
	}
	if len(text) > 600 {
		t.Errorf("the snippet to copy is %d bytes, more than 600", len(text))
	}
	return text
}

// calls are what such a page does, before the module can be there.
const calls = `
window.order = []
window.early = window.headroom
headroom.init({endpoint: %q, key: %q, token: %q, flushEvery: 20, decisionTimeout: 8000})
headroom.track('email.sent', {count: 1})
headroom.check('speakers').then((a) => { window.gate = a })
headroom.track('email.sent', {count: 2})
headroom.decide('nowhere').then((d) => { window.decided = d })
`

func TestCallsBeforeTheModuleIsLoadedAreMadeInTheirOrder(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	b := browsertest.OpenBrowser(t)
	sent := 0.0
	for name, tag := range map[string]string{
		"as a file": fmt.Sprintf("<script src=%q></script>", h.URL+"/sdk/snippet.js"),
		"as a text": "<script nonce=\"abc\">" + strings.ReplaceAll(inline(t), "https://headroom.example", h.URL) + "</script>",
	} {
		t.Run(name, func(t *testing.T) {
			w := b.In(t).Window("snippet", productPage(t, h.URL, tag, fmt.Sprintf(calls, h.URL, s.key, s.token("acme/mia/admin"))))
			w.Until("the gate is answered", `window.gate?.allowed === true && window.decided?.status === 'none'`)
			w.Until("the module has taken its place", `headroom.snapshot && headroom !== early`)
			sent += 3
			s.uses("acme", "emails", sent)
			// What was kept from before goes on to work.
			w.Run(`early.track('email.sent', {count: 1})`)
			sent++
			s.uses("acme", "emails", sent)
		})
	}
}

func TestWhereTheModuleDoesNotComeGatesAreWhatThePageSays(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	nowhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(nowhere.Close)
	// as a file it is there, and what it loads is not
	file, err := fs.ReadFile(os.DirFS("dist"), "snippet.js")
	if err != nil {
		t.Fatal(err)
	}
	alone := httptest.NewServer(sdkjs.New(fstest.MapFS{"snippet.js": {Data: file}}))
	t.Cleanup(alone.Close)
	b := browsertest.OpenBrowser(t)
	for name, tag := range map[string]string{
		"as a file": fmt.Sprintf("<script src=%q></script>", alone.URL+"/sdk/snippet.js"),
		"as a text": "<script nonce=\"abc\">" + strings.ReplaceAll(inline(t), "https://headroom.example", nowhere.URL) + "</script>",
	} {
		t.Run(name, func(t *testing.T) {
			w := s.open(b.In(t), productPage(t, nowhere.URL+" "+alone.URL, tag, `
addEventListener('unhandledrejection', (e) => (window.broken ??= []).push(String(e.reason)))
headroom.init({endpoint: ''})
headroom.check('speakers', {fallback: true}).then((a) => { window.open1 = a })
headroom.check('speakers').then((a) => { window.closed1 = a })
headroom.decide('speakers.add').then((d) => { window.decided = d })
headroom.outcome('d1', 'accepted').catch(() => { window.refused1 = true })
headroom.requestUpgrade({feature: 'speakers'}).catch(() => { window.refused2 = true })`))
			w.Until("all is answered", `window.open1?.allowed === true && window.closed1?.allowed === false && window.decided?.status === 'none'`)
			w.Until("what was not done is not said to be", `window.refused1 && window.refused2`)
		})
	}
}

// productPage serves a page that loads the snippet and then runs a script, and returns its address.
func productPage(t *testing.T, endpoint, tag, run string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", strings.Replace(fmt.Sprintf(policy, endpoint), "'self'", "'self' 'nonce-abc'", 1))
		_, _ = io.WriteString(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>Product</title><link rel="icon" href="/icon.svg"><main>Product</main>`+tag+`<script src="/calls.js"></script>`)
	})
	mux.HandleFunc("GET /calls.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, run)
	})
	mux.HandleFunc("GET /icon.svg", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	page := httptest.NewServer(mux)
	t.Cleanup(page.Close)
	return page.URL
}

// Files stay at their addresses from version to version, so a name of one must not mean something else in the next.
func TestScriptsImportEachOtherByNamesThatMeanSomething(t *testing.T) {
	files, err := fs.Glob(os.DirFS("dist"), "elements/*.js")
	if err != nil || len(files) == 0 {
		t.Fatal("the SDK is not built: make sdkjs")
	}
	exports := regexp.MustCompile(`export ?\{([^}]*)\}`)
	for _, file := range files {
		text, err := os.ReadFile("dist/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range exports.FindAllStringSubmatch(string(text), -1) {
			for name := range strings.SplitSeq(list[1], ",") {
				if _, as, renamed := strings.Cut(name, " as "); renamed && len(as) == 1 && as != "h" && as != "t" {
					t.Errorf("%s exports %s", file, name)
				}
			}
		}
	}
}

func TestTheServerGivesScriptsToPagesOfAnyOriginAndNothingElse(t *testing.T) {
	files := sdkjs.Handler()
	get := func(method, path string, headers ...string) *http.Response {
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		files.ServeHTTP(w, r)
		return w.Result()
	}
	for _, path := range []string{"/sdk/headroom.js", "/sdk/snippet.js"} {
		a := get("GET", path)
		body, _ := io.ReadAll(a.Body)
		if a.StatusCode != 200 || len(body) == 0 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/javascript") {
			t.Errorf("%s: %d %v", path, a.StatusCode, a.Header)
		}
		for name, want := range map[string]string{"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, not %q", path, name, got, want)
			}
		}
		if again := get("GET", path, "If-None-Match", a.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s is sent again: %d", path, again.StatusCode)
		}
		packed := get("GET", path, "Accept-Encoding", "br, gzip")
		small, _ := io.ReadAll(packed.Body)
		if packed.Header.Get("Content-Encoding") != "gzip" || len(small) >= len(body) || packed.Header.Get("ETag") == a.Header.Get("ETag") {
			t.Errorf("%s packed: %v, %d of %d bytes", path, packed.Header, len(small), len(body))
		}
	}
	for _, path := range []string{"/sdk/", "/sdk", "/sdk/.gitkeep", "/sdk/core/index.d.ts", "/sdk/../go.mod", "/sdk/headroom.js/", "/sdk/nothing.js"} {
		if a := get("GET", path); a.StatusCode != http.StatusNotFound || strings.Contains(a.Header.Get("Content-Type"), "html") {
			t.Errorf("%s: %d %v", path, a.StatusCode, a.Header)
		}
	}
	if a := get("POST", "/sdk/headroom.js"); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", a.StatusCode)
	}
}
