// Package api is the HTTP door: routes on one screen (routes.go), a file per domain.
package api

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/store"
)

// Options say what a Server answers from. All but Logger, Limits, Timeout and the flags
// are required.
type Options struct {
	Runner  *runner.Runner
	Store   *store.Store
	Log     *eventlog.Log
	Access  *access.Control
	Clock   *clock.Clock
	Console http.Handler
	Logger  *slog.Logger

	TokenSecret     []byte // signs confirmation tokens
	PseudonymSecret []byte // makes pseudonyms of user ids
	Limits          event.Limits
	Timeout         time.Duration // of a call, 15 s when zero
	Version         string
	Clustered       bool   // other nodes may own partitions
	Demo            string // title of the sample company; empty: no demo, nothing without a key
}

// Server answers HTTP. Safe for concurrent use.
type Server struct {
	Options
	api     huma.API
	handler http.Handler
	people  *people
	gates   *gates
	ingest  counters
}

// New returns a server for o.
func New(o Options) *Server {
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Server{Options: o, people: newPeople(o.Store, o.PseudonymSecret), gates: newGates()}
	s.handler = s.routes()
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// contextKey keys what the middleware puts into a request's context.
type contextKey int

const (
	principalKey contextKey = iota
	elsewhereKey
	remoteKey
)

// principal returns who is calling.
func principal(ctx context.Context) access.Principal {
	p, _ := ctx.Value(principalKey).(access.Principal)
	return p
}

// guard lets in only who shows a key, bounds time and body, and sends calls for accounts
// of other nodes there.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if allowCrossOrigin(w, r) {
			return
		}
		ctx := context.WithValue(r.Context(), remoteKey, r.RemoteAddr)
		if !open(r) {
			p, err := s.authenticate(r)
			if err != nil {
				s.refuse(w, r, err)
				return
			}
			ctx = context.WithValue(ctx, principalKey, p)
		}
		if r.URL.Path != "/v1/changes" {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.Timeout)
			defer cancel()
		}
		if !s.Clustered || strings.HasPrefix(r.URL.Path, "/v1/events") {
			next.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		s.serveOrProxy(w, r.WithContext(ctx), next)
	})
}

// open says which /v1 calls need no key: signing in, and asking whether one is.
func open(r *http.Request) bool { return r.URL.Path == "/v1/session" }

func (s *Server) authenticate(r *http.Request) (access.Principal, error) {
	cred := s.Access.Credentials(r)
	if s.Demo != "" && cred.Authorization == "" && cred.Session == "" && (!cred.Changes || cred.FromConsole) {
		return access.Principal{Kind: access.Console, Scopes: access.Admin, Role: access.RoleAdmin}, nil
	}
	return s.Access.Authenticate(r.Context(), cred)
}

// allowCrossOrigin lets pages of other origins call with a key in the header. Cookies are
// never accepted that way. It returns true when the request is answered.
func allowCrossOrigin(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("Origin") == "" {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Headroom-Position, Retry-After")
	if r.Method != http.MethodOptions {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Encoding, Idempotency-Key, Headroom-Position, "+access.UserTokenHeader)
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// forwardedHeader marks a request that another node sent on: it is not sent on again.
const forwardedHeader = "Headroom-Forwarded"

// serveOrProxy answers here, or lets the node answer that owns the account's partition.
func (s *Server) serveOrProxy(w http.ResponseWriter, r *http.Request, next http.Handler) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20))
	if err != nil {
		s.refuse(w, r, fault.New(fault.TooLarge, "body_too_large", "the body is above 4 MiB").WithMend("send less at once"))
		return
	}
	var where runner.Elsewhere
	held := &heldWriter{ResponseWriter: w, where: &where}
	again := r.Clone(context.WithValue(r.Context(), elsewhereKey, &where))
	again.Body = io.NopCloser(bytes.NewReader(body))
	next.ServeHTTP(held, again)
	if where.Address == "" {
		return
	}
	target, err := url.Parse(where.Address)
	if err != nil || r.Header.Get(forwardedHeader) != "" {
		s.refuse(w, r, fault.New(fault.Unavailable, "partition_moved", "the account's partition is moving between nodes").
			WithMend("try again in a few seconds"))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Header.Set(forwardedHeader, "1")
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			s.refuse(w, r, fault.New(fault.Unavailable, "node_unreachable", "the node that owns the account does not answer").
				WithMend("try again with the same Idempotency-Key: another node takes over within seconds").WithCause(err))
		},
	}
	proxy.ServeHTTP(w, r)
}

// heldWriter drops an answer that turned out to be for another node to give.
type heldWriter struct {
	http.ResponseWriter
	where *runner.Elsewhere
	drop  http.Header
}

// Header returns the headers to set; those of a dropped answer go nowhere.
func (h *heldWriter) Header() http.Header {
	if h.where.Address != "" {
		if h.drop == nil {
			h.drop = make(http.Header)
		}
		return h.drop
	}
	return h.ResponseWriter.Header()
}

// WriteHeader sends the status unless the answer is dropped.
func (h *heldWriter) WriteHeader(status int) {
	if h.where.Address == "" {
		h.ResponseWriter.WriteHeader(status)
	}
}

// Write sends a part of the answer unless it is dropped.
func (h *heldWriter) Write(b []byte) (int, error) {
	if h.where.Address != "" {
		return len(b), nil
	}
	return h.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what lies below.
func (h *heldWriter) Unwrap() http.ResponseWriter { return h.ResponseWriter }
