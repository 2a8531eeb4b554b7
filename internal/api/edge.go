package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/fault"
)

// What every request passes before it reaches its handler: bounds of time, the name it
// came by, where it was sent from, and who is calling.

// slack is what sending an answer may take longer than working it out.
const slack = 30 * time.Second

// patience is how long a call may take. Those about the catalog may look at every account,
// analyses at the whole history.
func (s *Server) patience(path string) time.Duration {
	if path == "/v1/signals/backtest" || path == "/v1/signals/precursors" {
		return max(analysisTime, s.Timeout)
	}
	if strings.HasPrefix(path, "/v1/catalog") {
		return 20 * s.Timeout
	}
	return s.Timeout
}

// bounded gives up on callers that send or take their bytes too slowly, and in the demo,
// which answers without a key, on those who came by a name that is not this machine's: a
// page whose name was bent to 127.0.0.1 would read the company's figures.
func (s *Server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := http.NewResponseController(w)
		// A connection that cannot be bounded (tests) is bounded by the test.
		_ = conn.SetWriteDeadline(time.Now().Add(s.patience(r.URL.Path) + slack))
		if r.ContentLength != 0 {
			_ = conn.SetReadDeadline(time.Now().Add(s.Timeout))
			r.Body = &timedBody{r.Body, conn}
		}
		if s.Demo != "" && !ownName(r.Host) {
			s.refuse(w, r, fault.New(fault.Denied, "host_denied", "the demo does not answer as %q", fault.Shorten(r.Host)).
				WithMend("open it as localhost or 127.0.0.1"))
			return
		}
		if r.URL.Path == "/v1/check" && s.checkNow(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

// timedBody takes the deadline off a connection once the body is read: net/http goes on
// listening for the caller to leave, and a deadline that passes then would end this
// request and every later one of the connection.
type timedBody struct {
	io.ReadCloser
	conn *http.ResponseController
}

// Read reads a part of the body.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.conn.SetReadDeadline(time.Time{}) // worked when it was set
	}
	return n, err
}

// ownName says whether a Host header names this machine: localhost, or an address, which
// nobody's name server can make up.
func ownName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// Answers are about customers: no cache keeps them, and no browser takes them for a page.
// They are shared and never changed, as a check sets them a hundred thousand times a second.
var noStore, noSniff = []string{"no-store"}, []string{"nosniff"}

// visitor is what the calls of a session need to know of the request.
type visitor struct {
	remote  string // address
	session string // cookie
	secure  bool   // by TLS, here or at a proxy before us
}

// guard lets in only who shows a key, bounds time, and sends calls for accounts of other
// nodes there.
func (s *Server) guard(next *http.ServeMux) http.Handler {
	calls := s.measured(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.crossOrigin(w, r, next) {
			return
		}
		h := w.Header()
		h["Cache-Control"], h["X-Content-Type-Options"] = noStore, noSniff
		ctx := r.Context()
		switch {
		case open(r):
			ctx = context.WithValue(ctx, visitorKey, visitor{remote: s.Access.Remote(r), session: s.Access.Credentials(r).Session,
				secure: r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")})
		case r.Header.Get("Authorization") == "" && writeKeyInBody(r.URL.Path): // see segment
		default:
			p, err := s.authenticate(r)
			if err == nil {
				err = s.notInPage(r, p)
			}
			if err != nil {
				s.refuse(w, r, err)
				return
			}
			ctx = context.WithValue(context.WithValue(ctx, principalKey, p), headersKey, h)
			if r.URL.Path == exposuresPath {
				ctx = context.WithValue(ctx, visitorKey, visitor{remote: s.Access.Remote(r)})
			}
		}
		if !streaming(r.URL.Path) && r.URL.Path != "/v1/backups" {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.patience(r.URL.Path))
			defer cancel()
		}
		if !s.Clustered || ingests(r.URL.Path) {
			calls.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		s.serveOrProxy(w, r.WithContext(ctx), calls)
	})
}

// ingests says which calls only add to the log, which any node may do.
func ingests(path string) bool { return path == "/v1/events" || writeKeyInBody(path) }

// open says which /v1 calls need no key: signing in, asking whether one is, and what
// Segment's browser client tells about itself.
func open(r *http.Request) bool { return r.URL.Path == "/v1/session" || r.URL.Path == segmentMetrics }

// authenticate says who calls. In the demo the console needs no password; pages from
// elsewhere, even from another port of this machine, do need a key.
func (s *Server) authenticate(r *http.Request) (access.Principal, error) {
	cred := s.Access.Credentials(r)
	cred.Events = ingests(r.URL.Path) || r.URL.Path == exposuresPath
	if s.Demo != "" && cred.Authorization == "" && cred.Session == "" && sameOrigin(r) && (!cred.Changes || cred.FromConsole) {
		return access.Principal{Kind: access.Console, Scopes: access.Admin, Role: access.RoleAdmin}, nil
	}
	return s.Access.Authenticate(r.Context(), cred)
}

// sameOrigin says whether a request came from a page of this server, or from no page.
func sameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return false
	}
	origin := r.Header.Get("Origin")
	return origin == "" || strings.EqualFold(origin, "http://"+r.Host) || strings.EqualFold(origin, "https://"+r.Host)
}

// unreadable says why a body could not be read whole.
func unreadable(err error, limit string) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fault.New(fault.TooLarge, "body_too_large", "the body is above %s", limit).WithMend("send less at once")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.New(fault.Unavailable, "body_too_slow", "the body did not come in time").WithMend("send it again, in smaller parts if the line is slow")
	default:
		return fault.New(fault.Invalid, "body_unreadable", "the body could not be read: %v", err).
			WithMend("send the body whole, packed as Content-Encoding says")
	}
}
