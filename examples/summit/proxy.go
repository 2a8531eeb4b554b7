package summit

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// passed are the calls of Headroom that our pages make, below /hr. They come from our own
// address, which no content blocker knows; nothing else is passed on.
var passed = []string{
	"GET /hr/sdk/",
	"POST /hr/v1/batch",
	"POST /hr/v1/check",
	"POST /hr/v1/decide",
	"POST /hr/v1/decisions/{id}/outcomes",
	"POST /hr/v1/subscriptions/preview",
	"POST /hr/v1/requests",
	"POST /hr/v1/requests/{id}/approve",
	"POST /hr/v1/requests/{id}/decline",
	"POST /hr/v1/surveys/next",
	"POST /hr/v1/surveys/{id}/answers",
	"GET /hr/v1/entitlements/stream",
	"GET /hr/v1/accounts/{account}/entitlements",
	"GET /hr/v1/accounts/{account}/entitlements/stream",
	"GET /hr/v1/accounts/{account}/billing",
	"GET /hr/v1/accounts/{account}/requests",
	"GET /hr/v1/accounts/{account}/approvals",
	"DELETE /hr/v1/accounts/{account}/approvals/{id}",
	"GET /hr/v1/accounts/{account}/outside",
	"GET /hr/v1/accounts/{account}/notices",
	"POST /hr/v1/accounts/{account}/notices/{id}/read",
	"GET /hr/v1/accounts/{account}/invites",
	"POST /hr/v1/accounts/{account}/invites",
	"POST /hr/v1/accounts/{account}/referrals",
	"POST /hr/v1/accounts/{account}/subscription/confirm",
	"POST /hr/v1/accounts/{account}/subscription/undo",
}

// forwarded are the headers of a page that Headroom hears. Cookies are not among them.
var forwarded = []string{"Accept", "Accept-Language", "Content-Type", "Headroom-Position", "Headroom-User-Token", "Idempotency-Key", "If-None-Match", "Last-Event-ID"}

type publishable struct{}

// proxy passes a page's calls on to Headroom with the key for browsers.
func (p *product) proxy(headroomURL string) http.Handler {
	to, err := url.Parse(headroomURL)
	if err != nil {
		panic("the address of Headroom: " + err.Error())
	}
	pass := &httputil.ReverseProxy{
		FlushInterval: -1, // what is streamed arrives at once
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = to.Scheme, to.Host, to.Host
			r.Out.URL.Path = strings.TrimSuffix(to.Path, "/") + strings.TrimPrefix(r.In.URL.Path, "/hr")
			r.Out.URL.RawPath = ""
			r.Out.Header = http.Header{}
			for _, name := range forwarded {
				if v := r.In.Header.Values(name); len(v) > 0 {
					r.Out.Header[http.CanonicalHeaderKey(name)] = v
				}
			}
			if key, ok := r.In.Context().Value(publishable{}).(string); ok {
				r.Out.Header.Set("Authorization", "Bearer "+key)
			}
		},
		ModifyResponse: func(res *http.Response) error {
			if res.StatusCode == http.StatusUnauthorized { // of the key, or of the user token, which the page gets anew by itself
				said, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
				if err != nil {
					return err
				}
				res.Body = io.NopCloser(bytes.NewReader(said))
				if bytes.Contains(said, []byte(`"key_`)) {
					p.lost(strings.TrimPrefix(res.Request.Header.Get("Authorization"), "Bearer "))
				}
			}
			for _, own := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Set-Cookie"} {
				res.Header.Del(own) // ours stand already
			}
			for name := range res.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					res.Header.Del(name)
				}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { writeTrouble(w, troubleOf(err)) },
	}
	mux := http.NewServeMux()
	for _, pattern := range passed {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/hr/sdk/") {
				key, err := p.browserKey(r.Context())
				if err != nil {
					writeTrouble(w, troubleOf(err))
					return
				}
				r = r.WithContext(context.WithValue(r.Context(), publishable{}, key.Secret))
			}
			pass.ServeHTTP(w, r)
		})
	}
	mux.HandleFunc("/hr/", func(w http.ResponseWriter, r *http.Request) {
		writeTrouble(w, &trouble{Status: http.StatusNotFound, Code: "not_passed_on", Detail: r.Method + " " + r.URL.Path + " is no call of this page"})
	})
	return mux
}

func writeTrouble(w http.ResponseWriter, e *trouble) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(e) // a reader who went away is not our error
}
