package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/api"
	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/console"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/store"
	"github.com/headroomhq/headroom/internal/telemetry"
	sdkjs "github.com/headroomhq/headroom/sdk/js"
)

// serverOptions are what `headroom serve` and `headroom demo` start a server from.
type serverOptions struct {
	data       string
	listen     string
	advertise  string // address other nodes reach this one at; listen's when empty
	database   string // postgres:// URL; SQLite in data when empty
	nats       string // nats:// URL; embedded in data when empty
	replicas   int
	metrics    string // address for /metrics; none when empty
	traces     string // URL of an OTLP/HTTP receiver
	every      int    // of how many requests one is traced
	testClock  string
	partitions int
	memory     int           // MiB for accounts; the runner's own when zero
	maxLag     time.Duration // the runner's own when zero
	secretKey  string        // HEADROOM_SECRET_KEY
	password   string        // HEADROOM_ADMIN_PASSWORD
	demo       string
	origins    []string      // whose pages may make every call
	proxies    []string      // CIDR prefixes whose X-Forwarded-For is believed
	browser    int           // events a second of one address with a publishable key; access's own when zero
	keepLog    time.Duration // how long the log is kept; for ever when zero
	backups    string        // folder of backups: the only place for them, and what the log waits for before it is trimmed
	timeout    time.Duration // of a call; the API's own when zero
	logger     *slog.Logger
	now        func() time.Time // the wall clock; the machine's when nil
}

// server is everything that runs, wired by hand in one place.
type server struct {
	serverOptions
	db       *db.DB
	store    *store.Store
	log      *eventlog.Log
	writer   *eventlog.Writer
	runner   *runner.Runner
	access   *access.Control
	clock    *clock.Clock
	api      *api.Server
	http     *http.Server
	listener net.Listener
	first    access.First
	keyless  bool // nobody can call: no secret key is stored or given
	fixed    int  // partitions, as of the first start
	stop     context.CancelFunc
	metricsL net.Listener
	tracer   *telemetry.Tracer
}

// start opens the data directory, takes the partitions and listens. On an error all that
// was opened is closed again.
func start(ctx context.Context, o serverOptions) (s *server, err error) {
	if o.logger == nil {
		o.logger = slog.Default()
	}
	s = &server{serverOptions: o}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	// The port first: an address in use must be told before a log is opened.
	if s.listener, err = listen(completed(o.listen)); err != nil {
		return s, err
	}
	if err := backup.PlaceUnfinished(o.data); err != nil {
		return s, err
	}
	target := o.data
	if o.database != "" {
		if target = o.database; !db.IsURL(target) {
			return s, fault.New(fault.Invalid, "database_url_invalid", "--database %q is no PostgreSQL URL", scheme(target)).
				WithMend("write it as postgres://user:password@host:5432/database, or leave it out to keep SQLite in the data directory")
		}
	}
	if s.db, err = db.Open(ctx, target); err != nil {
		return s, err
	}
	s.store = store.New(s.db)
	if err := s.store.Restoring(ctx); err != nil {
		return s, err
	}
	if err := s.store.FreeLeases(ctx); err != nil {
		return s, err
	}
	owner := rand.Text()
	if o.traces != "" || telemetry.TracingWanted() {
		if s.tracer, err = telemetry.NewTracer(ctx, telemetry.TraceOptions{URL: o.traces, Every: o.every, Version: version, Instance: owner, Logger: o.logger}); err != nil {
			return s, err
		}
	}
	if err = s.openLog(ctx); err != nil {
		return s, err
	}
	partitions, stream, err := s.store.InitPartitions(ctx, o.partitions, s.log.Identity())
	if err != nil {
		return s, err
	}
	// Here and not only where a partition is taken: others may hold all of them now.
	if err := eventlog.Verify(stream, 0, s.log.Identity(), 0, 0); err != nil {
		return s, err
	}
	if s.clock, err = s.openClock(ctx); err != nil {
		return s, err
	}
	if err = s.checkClock(ctx); err != nil {
		return s, err
	}
	s.fixed = partitions
	s.writer = eventlog.NewWriter(s.log, partitions)
	address := o.advertise
	if address == "" {
		address = "http://" + s.listener.Addr().String()
	}
	if err = s.store.FillNext(ctx); err != nil {
		return s, err
	}
	s.runner, err = runner.Start(ctx, runner.Options{Store: s.store, Log: s.log, Writer: s.writer, Clock: s.clock,
		Logger: o.logger, Tracer: s.tracer, Owner: owner, Address: address, Partitions: partitions,
		Memory: o.memory << 20, MaxLag: o.maxLag})
	if err != nil {
		return s, err
	}
	if s.keepLog > 0 {
		go backup.Retention{Store: s.store, Log: s.log, Keep: s.keepLog, Backups: s.backups, Now: o.now, Logger: o.logger}.Run(run)
	}
	return s, s.serve(run)
}

// serve makes the API and answers on the listener.
func (s *server) serve(ctx context.Context) (err error) {
	proxies, err := prefixes(s.proxies)
	if err != nil {
		return err
	}
	if err := checkOrigins(s.origins); err != nil {
		return err
	}
	if s.access, err = access.Open(ctx, s.store, access.Config{EnvironmentKey: s.secretKey, BrowserEvents: s.browser, Proxies: proxies}); err != nil {
		return err
	}
	if s.first, err = s.access.FirstStart(ctx, s.password); err != nil {
		return err
	}
	keys, err := s.access.Keys(ctx)
	if err != nil {
		return err
	}
	s.keyless = s.secretKey == "" && !slices.ContainsFunc(keys, func(k store.Key) bool { return k.Kind == "secret" && k.RevokedAt == 0 })
	go s.access.Run(ctx, func(err error) { s.logger.Warn("keys could not be read again", "error", err) })
	tokens, err := s.store.EnsureSecret(ctx, "confirmation_tokens", 32)
	if err != nil {
		return err
	}
	pseudonyms, err := s.store.EnsureSecret(ctx, "pseudonyms", 32)
	if err != nil {
		return err
	}
	s.api = api.New(api.Options{
		Runner: s.runner, Store: s.store, Log: s.log, Writer: s.writer, Access: s.access, Clock: s.clock, Console: pages(),
		Logger: s.logger, Tracer: s.tracer, TokenSecret: tokens, PseudonymSecret: pseudonyms, Limits: event.Limits{},
		Version: version, Clustered: s.database != "", Demo: s.demo, Timeout: s.timeout, Backups: s.backups, Origins: s.origins,
	})
	s.http = &http.Server{Handler: s.api, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug)}
	s.http.RegisterOnShutdown(s.api.Leave)
	go func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.logger.Error("the HTTP server stopped", "error", err)
		}
	}()
	if s.metrics == "" {
		return nil
	}
	if s.metricsL, err = listen(telemetry.Address(s.metrics)); err != nil {
		return err
	}
	go telemetry.Serve(s.metricsL, telemetry.Registry(version, s.api, s.runner, s.writer))
	return nil
}

// pages is what is served beside the API: the JavaScript SDK, and the console everywhere else.
func pages() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(sdkjs.Prefix, sdkjs.Handler())
	mux.Handle("/", console.Handler())
	return mux
}

// prefixes reads addresses and CIDR prefixes.
func prefixes(texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if addr, isAddr := netip.ParseAddr(text); isAddr == nil {
			p, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "proxy_invalid", "--proxy %q is no address and no CIDR prefix", fault.Shorten(text)).
				WithMend("write it as 10.0.0.5 or 10.0.0.0/8")
		}
		out = append(out, p)
	}
	return out, nil
}

// scheme is as much of a URL as may be shown: what follows may hold a password.
func scheme(url string) string {
	if before, _, found := strings.Cut(url, "://"); found {
		return before + "://…"
	}
	return fault.Shorten(url)
}

// openClock returns real time, or the test clock where the data left it.
func (s *server) openClock(ctx context.Context) (*clock.Clock, error) {
	if s.testClock == "" && s.now != nil {
		return clock.Following(s.now), nil
	}
	if s.testClock == "" {
		return clock.Real(), nil
	}
	at, err := clock.Parse(s.testClock)
	if err != nil || at == 0 {
		return nil, fault.New(fault.Invalid, "test_clock_invalid", "--test-clock %q is no time", s.testClock).
			WithMend("give a time such as 2026-01-01T00:00:00Z")
	}
	leases, err := s.store.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range leases {
		at = max(at, l.Now)
	}
	return clock.Test(at), nil
}

// listen opens a TCP address, 127.0.0.1 unless told otherwise.
func listen(address string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fault.New(fault.Unavailable, "port_in_use", "the address %s is in use", address).
			WithMend("stop what listens there, or choose another port")
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "listen_failed", "cannot listen on %s: %v", address, err).
			WithMend("choose an address such as 127.0.0.1:8080")
	}
	return l, nil
}

// url is where the server answers.
func (s *server) url() string { return "http://" + s.listener.Addr().String() }

// close stops listening, lets calls under way end, writes the last checkpoints and closes
// what start opened.
func (s *server) close() {
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		if err := s.http.Shutdown(ctx); err != nil {
			_ = s.http.Close()
		}
		cancel()
		s.api.Settle()
	} else if s.listener != nil {
		_ = s.listener.Close()
	}
	if s.metricsL != nil {
		_ = s.metricsL.Close()
	}
	s.stop()
	if s.runner != nil {
		s.runner.Close()
	}
	if s.writer != nil {
		_ = s.writer.Close()
	}
	if s.log != nil {
		if err := s.log.Close(); err != nil {
			s.logger.Warn("the log did not close cleanly", "error", err)
		}
	}
	if s.tracer != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		s.tracer.Close(ctx)
		cancel()
	}
	if s.db != nil {
		if err := s.db.Close(); err != nil {
			s.logger.Warn("the database did not close cleanly", "error", err)
		}
	}
}

// greet prints what the first start made, once, with which key to call, and where.
func (s *server) greet(out io.Writer) {
	if s.first.SecretKey != "" {
		fmt.Fprintf(out, "secret key (shown this once):       %s\n", s.first.SecretKey)
	}
	if s.first.Password != "" {
		fmt.Fprintf(out, "console password (shown this once): %s\n", s.first.Password)
	}
	switch {
	case s.secretKey != "":
		fmt.Fprintln(out, "using the administrator's key of HEADROOM_SECRET_KEY (set it at every start)")
	case s.keyless:
		fmt.Fprintln(out, "no secret key is usable: start with HEADROOM_SECRET_KEY set to one of your choice, and make others with POST /v1/keys")
	}
	fmt.Fprintf(out, "listening on %s\n", s.url())
	if s.metricsL != nil {
		fmt.Fprintf(out, "metrics on http://%s/metrics\n", s.metricsL.Addr())
	}
}
