package api

import (
	"net/http"
	"slices"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/fault"
)

// What pages of other origins may do. A publishable key may stand in any page, so the
// calls it can be used for answer any page: events, check, decide. Everything else answers
// only pages of the origins that Options.Origins names. Cookies never count across origins.

const (
	allowedMethods = "GET, POST, PUT, PATCH, DELETE"
	// X-Retry-Count is a header of Segment's browser client.
	allowedHeaders = "Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-Match, Last-Event-ID, Headroom-Position, X-Retry-Count, " + access.UserTokenHeader
	shownHeaders   = "Headroom-Position, Headroom-As-Of, Retry-After, ETag"
)

// crossOrigin says to a browser whether a page of another origin may make this call, and
// answers its preflight. It returns true when the request is answered.
func (s *Server) crossOrigin(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) bool {
	preflight := r.Method == http.MethodOptions
	// What another node sent on has these headers from there.
	if r.Header.Get("Origin") == "" || r.Header.Get(forwardedHeader) != "" || sameOrigin(r) && !preflight {
		return false
	}
	call := r
	if preflight {
		again := *r
		again.Method = r.Header.Get("Access-Control-Request-Method")
		call = &again
	}
	_, pattern := mux.Handler(call)
	if !s.scopes[pattern].ForBrowsers() && !s.trusted(r) {
		if preflight {
			s.refuse(w, r, fault.New(fault.Denied, "origin_denied", "pages of %s may not call this", fault.Shorten(r.Header.Get("Origin"))).
				WithMend("call it from your server, or name the origin with headroom serve --origin"))
		}
		return preflight
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", shownHeaders)
	if !preflight {
		return false
	}
	h.Set("Access-Control-Allow-Methods", allowedMethods)
	h.Set("Access-Control-Allow-Headers", allowedHeaders)
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// trusted says whether the page that calls is of an origin that was named.
func (s *Server) trusted(r *http.Request) bool {
	return slices.Contains(s.Origins, r.Header.Get("Origin"))
}

// notInPage refuses a secret key that a page of another origin sends: everybody who opens
// the page can read it.
func (s *Server) notInPage(r *http.Request, p access.Principal) error {
	if p.Kind != access.Server || r.Header.Get("Origin") == "" || r.Header.Get(forwardedHeader) != "" || sameOrigin(r) || s.trusted(r) {
		return nil
	}
	return fault.New(fault.Denied, "secret_key_in_page", "a page of %s sends a secret key, which everybody who opens it can read", fault.Shorten(r.Header.Get("Origin"))).
		WithMend("revoke this key and put a publishable one (hr_pk_…) into the page; it may check, decide and, with the scope events:write, send events")
}
