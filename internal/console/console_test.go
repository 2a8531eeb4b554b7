package console

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// built is a console as Vite writes it, in small.
var built = fstest.MapFS{
	".gitkeep":           {},
	"index.html":         {Data: []byte(`<meta property="csp-nonce" nonce="__CSP_NONCE__"><script type="module" nonce="__CSP_NONCE__" src="/assets/index-a1b2.js"></script>`)},
	"favicon.svg":        {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)},
	"assets/index-a1.js": {Data: []byte("export const words = '" + strings.Repeat("headroom ", 200) + "'")},
}

func get(t *testing.T, h http.Handler, path string, headers ...string) *http.Response {
	t.Helper()
	return request(t, h, http.MethodGet, path, headers...)
}

func request(t *testing.T, h http.Handler, method, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1/", nil)
	r.URL.Path = path // as sent, not cleaned: traversal must reach the handler
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWhatEachAddressAnswers(t *testing.T) {
	const html, any = "text/html,application/xhtml+xml", "*/*"
	for _, c := range []struct {
		name, method, path, accept string
		status                     int
		contentType, cache         string
	}{
		{"the front page", "GET", "/", any, 200, "text/html; charset=utf-8", "no-store"},
		{"the front page by its file name", "GET", "/index.html", any, 200, "text/html; charset=utf-8", "no-store"},
		{"a page that exists only in the browser", "GET", "/accounts/acme", html, 200, "text/html; charset=utf-8", "no-store"},
		{"an account whose key looks like a file", "GET", "/accounts/acme.com", html, 200, "text/html; charset=utf-8", "no-store"},
		{"the head of a page", "HEAD", "/today", html, 200, "text/html; charset=utf-8", "no-store"},
		{"a hashed file is kept for a year", "GET", "/assets/index-a1.js", any, 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"another file is asked for each time", "GET", "/favicon.svg", any, 200, "image/svg+xml", "no-cache"},
		{"a script of an older build", "GET", "/assets/index-gone.js", any, 404, "text/plain; charset=utf-8", "no-store"},
		{"the same, opened in a browser", "GET", "/assets/index-gone.js", html, 404, "text/plain; charset=utf-8", "no-store"},
		{"a missing picture", "GET", "/logo.png", any, 404, "text/plain; charset=utf-8", "no-store"},
		{"a mistyped call of the API", "GET", "/v1/acounts", html, 404, "text/plain; charset=utf-8", "no-store"},
		{"a page asked for by a program that wants JSON", "GET", "/today", "application/json", 404, "text/plain; charset=utf-8", "no-store"},
		{"a folder", "GET", "/assets/", html, 404, "text/plain; charset=utf-8", "no-store"},
		{"a hidden file", "GET", "/.gitkeep", any, 404, "text/plain; charset=utf-8", "no-store"},
		{"a way out of the folder", "GET", "/../console.go", any, 404, "text/plain; charset=utf-8", "no-store"},
		{"a way out through a real folder", "GET", "/assets/../../console.go", any, 404, "text/plain; charset=utf-8", "no-store"},
		{"a way out with back slashes", "GET", `/assets/..\..\console.go`, any, 404, "text/plain; charset=utf-8", "no-store"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(t, New(built), c.method, c.path, "Accept", c.accept)
			if r.StatusCode != c.status {
				t.Errorf("status %d, want %d", r.StatusCode, c.status)
			}
			if got := r.Header.Get("Content-Type"); got != c.contentType {
				t.Errorf("Content-Type %q, want %q", got, c.contentType)
			}
			if got := r.Header.Get("Cache-Control"); got != c.cache {
				t.Errorf("Cache-Control %q, want %q", got, c.cache)
			}
			if got := r.Header.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("X-Content-Type-Options %q, want nosniff", got)
			}
			if c.method == "HEAD" && body(t, r) != "" {
				t.Error("an answer to HEAD has a body")
			}
		})
	}
}

func TestOnlyReadingIsAnswered(t *testing.T) {
	r := request(t, New(built), http.MethodPost, "/")
	if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST answers %d with Allow %q, want 405 with GET, HEAD", r.StatusCode, r.Header.Get("Allow"))
	}
}

var nonceIn = regexp.MustCompile(`'nonce-([A-Za-z0-9_-]{22})'`)

func TestEveryPageHasItsOwnNonceInHeaderAndBody(t *testing.T) {
	for name, h := range map[string]http.Handler{"built": New(built), "plain": New(fstest.MapFS{".gitkeep": {}})} {
		t.Run(name, func(t *testing.T) {
			seen := map[string]bool{}
			for range 50 {
				r := get(t, h, "/")
				policy := r.Header.Get("Content-Security-Policy")
				found := nonceIn.FindStringSubmatch(policy)
				if found == nil {
					t.Fatalf("no nonce in the policy %q", policy)
				}
				if seen[found[1]] {
					t.Fatalf("nonce %s was given twice", found[1])
				}
				seen[found[1]] = true
				page := body(t, r)
				if !strings.Contains(page, `nonce="`+found[1]+`"`) || strings.Contains(page, noncePlaceholder) {
					t.Fatalf("the page does not carry the nonce of its policy: %s", page)
				}
			}
		})
	}
}

func TestThePolicyAllowsNothingInline(t *testing.T) {
	policy := get(t, New(built), "/").Header.Get("Content-Security-Policy")
	for _, never := range []string{"unsafe-inline", "unsafe-eval", "*", "http:"} {
		if strings.Contains(policy, never) {
			t.Errorf("the policy allows %s: %s", never, policy)
		}
	}
	for _, always := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, always) {
			t.Errorf("the policy lacks %s: %s", always, policy)
		}
	}
}

func TestWithoutABuildEveryPageTellsHowToGetOne(t *testing.T) {
	h := New(fstest.MapFS{".gitkeep": {}})
	for _, path := range []string{"/", "/index.html", "/today"} {
		r := get(t, h, path, "Accept", "text/html")
		page := body(t, r)
		if r.StatusCode != http.StatusOK {
			t.Errorf("%s answers %d, want 200", path, r.StatusCode)
		}
		for _, words := range []string{"npm ci", "npm run build", "go build ./cmd/headroom", `href="/openapi.json"`} {
			if !strings.Contains(page, words) {
				t.Errorf("%s does not say %q", path, words)
			}
		}
	}
}

func TestFilesTravelPacked(t *testing.T) {
	h := New(built)
	want := string(built["assets/index-a1.js"].Data)
	r := get(t, h, "/assets/index-a1.js", "Accept-Encoding", "br, gzip")
	if r.Header.Get("Content-Encoding") != "gzip" || r.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("not packed: %v", r.Header)
	}
	if r.ContentLength >= int64(len(want)) {
		t.Errorf("packed %d bytes, plain %d", r.ContentLength, len(want))
	}
	unpacked, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(unpacked); err != nil || string(got) != want {
		t.Errorf("unpacked to %q (%v)", got, err)
	}
	for _, refused := range []string{"", "br", "gzip;q=0", "gzip; q=0.0"} {
		if r := get(t, h, "/assets/index-a1.js", "Accept-Encoding", refused); r.Header.Get("Content-Encoding") != "" || body(t, r) != want {
			t.Errorf("packed although %q was accepted", refused)
		}
	}
	if r := get(t, h, "/favicon.svg", "Accept-Encoding", "gzip"); r.Header.Get("Content-Encoding") != "" {
		t.Error("a file that packing makes larger was packed")
	}
}

func TestAFileAlreadyThereIsNotSentAgain(t *testing.T) {
	h := New(built)
	for _, encoding := range []string{"", "gzip"} {
		first := get(t, h, "/assets/index-a1.js", "Accept-Encoding", encoding)
		again := get(t, h, "/assets/index-a1.js", "Accept-Encoding", encoding, "If-None-Match", first.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
			t.Errorf("with %q accepted: %d, want 304 without a body", encoding, again.StatusCode)
		}
		if again.Header.Get("ETag") != first.Header.Get("ETag") {
			t.Errorf("the tag changed from %s to %s", first.Header.Get("ETag"), again.Header.Get("ETag"))
		}
	}
	if r := get(t, h, "/assets/index-a1.js", "If-None-Match", `"other"`); r.StatusCode != http.StatusOK {
		t.Errorf("another tag answers %d, want 200", r.StatusCode)
	}
}

func TestTheEmbeddedConsoleAnswers(t *testing.T) {
	page := body(t, get(t, Handler(), "/"))
	if Built() == strings.Contains(page, "built without the console") {
		t.Errorf("Built is %v, and the page says: %s", Built(), page)
	}
}
