// Package api is the HTTP door: routes on one screen (routes.go), a file per domain.
package api

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/store"
	"github.com/headroomhq/headroom/internal/telemetry"
)

// Options say what a Server answers from. All but Logger, Limits, Timeout and the flags
// are required.
type Options struct {
	Runner  *runner.Runner
	Store   *store.Store
	Log     *eventlog.Log
	Writer  *eventlog.Writer // the runner's
	Access  *access.Control
	Clock   *clock.Clock
	Console http.Handler
	Logger  *slog.Logger
	Tracer  *telemetry.Tracer // none when nil

	TokenSecret     []byte // signs confirmation tokens
	PseudonymSecret []byte // makes pseudonyms of user ids
	Limits          event.Limits
	Timeout         time.Duration // of a call, 15 s when zero
	Version         string
	Clustered       bool   // other nodes may own partitions
	Backups         string // folder below which backups may be written; empty: anywhere
	Demo            string // title of the sample company; empty: no demo, nothing without a key
	// Origins are those whose pages may make every call, as "https://app.example.com"; pages of
	// others only what a publishable key may do.
	Origins []string
}

// Server answers HTTP. Safe for concurrent use.
type Server struct {
	Options
	api     huma.API
	order   []string                    // routes, as they were registered
	scopes  map[string]access.Scopes    // by route
	doors   map[string]http.HandlerFunc // by route, of those that read their body themselves
	handler http.Handler
	people  *people
	gates   *gates
	ingest  *ingest
	meters  *meters
	turns   *turns // of people for whom is decided
	streams streamCount
	editing chan struct{} // holds one while an edit of the catalog is worked out
	// analysing holds one while an analysis steps the history.
	analysing chan struct{}
	started   clock.Time // by the machine
	known     knownTypes
	unknown   unknownTypes
	noted     atomic.Bool // an event came in, see arrived
	noting    sync.WaitGroup
	leaving   chan struct{} // closed by Leave
	leave     sync.Once
	renewals  *renewals
	ahead     []ahead         // what is made before anybody asks, see Warm
	ending    context.Context //nolint:containedctx // over when the server leaves: what is made for later stops then
	end       context.CancelFunc
	nodes     *http.Client // for streams of other nodes
}

// New returns a server for o.
func New(o Options) *Server {
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Server{Options: o, people: newPeople(o.Store, o.PseudonymSecret), gates: newGates(), ingest: newIngest(), meters: newMeters(), turns: newTurns(), renewals: newRenewals(),
		started: clock.At(time.Now()), leaving: make(chan struct{}), editing: make(chan struct{}, 1), analysing: make(chan struct{}, 1),
		scopes: make(map[string]access.Scopes), doors: make(map[string]http.HandlerFunc)}
	s.nodes = &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, ResponseHeaderTimeout: o.Timeout}}
	s.ending, s.end = context.WithCancel(context.Background())
	s.handler = s.routes()
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Leave ends the streams that would otherwise keep the process from stopping; other calls
// go on. It may be called more than once.
func (s *Server) Leave() { s.leave.Do(func() { close(s.leaving); s.end() }) }

// contextKey keys what the middleware puts into a request's context.
type contextKey int

const (
	principalKey contextKey = iota
	elsewhereKey
	visitorKey
	headersKey // of the answer: see kept
)

// principal returns who is calling.
func principal(ctx context.Context) access.Principal {
	p, _ := ctx.Value(principalKey).(access.Principal)
	return p
}

// maxProxied is the most bytes of any body that goes to another node: an import's.
const maxProxied = 8 << 20

// forwardedHeader marks a request that another node sent on: it is not sent on again.
const forwardedHeader = "Headroom-Forwarded"

// serveOrProxy answers here, or lets the node answer that owns the account's partition.
func (s *Server) serveOrProxy(w http.ResponseWriter, r *http.Request, next http.Handler) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxProxied))
	if err != nil {
		s.refuse(w, r, unreadable(err, "8 MiB"))
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
	if streaming(r.URL.Path) {
		w = openWriter{w}
	}
	proxy.ServeHTTP(w, r)
}

// openWriter is for answers that go on as long as somebody reads them.
type openWriter struct{ http.ResponseWriter }

// Write sends a part of the answer, for which it has as long as another answer's whole.
func (o openWriter) Write(b []byte) (int, error) {
	_ = http.NewResponseController(o.ResponseWriter).SetWriteDeadline(time.Now().Add(slack))
	return o.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what lies below.
func (o openWriter) Unwrap() http.ResponseWriter { return o.ResponseWriter }

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
