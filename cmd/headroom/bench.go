package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

// benchCommand returns `headroom bench`: the product's own measurements, each beside a
// reference in the same run on the same machine.
func benchCommand() *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "Measure this machine: each figure beside a reference in the same run"}
	var b, ck bench
	events := &cobra.Command{
		Use: "events", Short: "Events a second from HTTP to durable, counted once, metered and looked at for signals", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.events(cmd.Context()) },
	}
	check := &cobra.Command{
		Use: "check", Short: "POST /v1/check beside a handler that answers nothing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return ck.check(cmd.Context()) },
	}
	events.Flags().IntVar(&b.accounts, "accounts", 10_000, "`number` of accounts")
	events.Flags().IntVar(&b.batch, "batch", 100, "events in a request")
	check.Flags().IntVar(&ck.accounts, "accounts", 100, "`number` of accounts")
	for one, b := range map[*cobra.Command]*bench{events: &b, check: &ck} {
		one.Flags().DurationVar(&b.duration, "duration", 10*time.Second, "how long each side is loaded")
		one.Flags().IntVar(&b.clients, "clients", 16, "`number` of concurrent clients")
		one.Flags().StringVar(&b.output, "output", "text", "text or json")
		one.Flags().StringVar(&b.profile, "cpuprofile", "", "write a CPU profile of our side to this `file`")
		one.Flags().StringVar(&b.dir, "data", "", "`directory` for the log and database (default: a temporary one)")
	}
	c.AddCommand(events, check)
	return c
}

type bench struct {
	duration        time.Duration
	clients         int
	accounts, batch int
	output, dir     string
	profile         string
}

// benchResult is the document of a bench; ratio is ours to the reference, higher is better.
type benchResult struct {
	EventsPerSecond   float64        `json:"events_per_second,omitempty"`
	RequestsPerSecond float64        `json:"requests_per_second,omitempty"`
	P50               float64        `json:"p50_ms"`
	P99               float64        `json:"p99_ms"`
	P999              float64        `json:"p999_ms"`
	Reference         map[string]any `json:"reference"`
	Ratio             float64        `json:"ratio"`
	Conditions        map[string]any `json:"conditions"`
}

// benchCatalog has five meters and ten signals.
const benchCatalog = `
version: 1
currency: USD
meters:
  calls:  {event: api.call, aggregate: count}
  bytes:  {event: api.call, aggregate: sum, property: bytes}
  mails:  {event: mail.sent, aggregate: sum, property: count}
  seats:  {aggregate: level, add: seat.added, remove: seat.removed}
  builds: {event: build.done, aggregate: count}
features:
  calls:  {title: Calls, kind: metered, meter: calls}
  bytes:  {title: Bytes, kind: metered, meter: bytes}
  mails:  {title: Mails, kind: metered, meter: mails}
  seats:  {title: Seats, kind: metered, meter: seats}
  builds: {title: Builds, kind: metered, meter: builds}
plans:
  base: {title: Base, family: core, price: {month: "49"},
         entitlements: {calls: {limit: 1000000, per: month}, bytes: {limit: 100000000, per: month}, mails: {limit: 50000, per: month}, seats: 500, builds: {limit: 5000, per: month}}}
  more: {title: More, family: core, above: base, price: {month: "149"},
         entitlements: {calls: unlimited, bytes: unlimited, mails: unlimited, seats: unlimited, builds: unlimited}}
signals:
  calls80:  {when: {limit: calls, reaches: 80%}, type: upsell}
  calls100: {when: {limit: calls, reaches: 100%}, type: upsell}
  bytes80:  {when: {limit: bytes, reaches: 80%}, type: upsell}
  mails80:  {when: {limit: mails, reaches: 80%}, type: upsell}
  mails100: {when: {limit: mails, reaches: 100%}, type: upsell}
  seats80:  {when: {limit: seats, reaches: 80%}, type: upsell}
  seats100: {when: {limit: seats, reaches: 100%}, type: upsell}
  builds90: {when: {limit: builds, reaches: 90%}, type: upsell}
  tenth:    {when: {event: build.done, nth: 10}, type: cross_sell}
  mailer:   {when: {event: mail.sent, nth: 100}, type: cross_sell}
offers:
  more: {on: [calls80, calls100, bytes80, mails80, mails100, seats80, seats100, builds90, tenth, mailer], give: {plan: more}, at: [usage], kind: contextual, content: {title: More room, body: "{usage} of {limit}", action: Upgrade}}
`

// open starts a server with subscribed accounts.
func (b *bench) open(ctx context.Context) (*server, func(), error) {
	dir := b.dir
	if dir == "" {
		made, err := os.MkdirTemp("", "headroom-bench-")
		if err != nil {
			return nil, nil, err
		}
		dir = made
	}
	const key = "hr_sk_bench"
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := start(ctx, serverOptions{data: dir, listen: "127.0.0.1:0", partitions: 16, secretKey: key, logger: quiet})
	if err != nil {
		return nil, nil, err
	}
	done := func() {
		s.close()
		if b.dir == "" {
			_ = os.RemoveAll(dir)
		}
	}
	c := clientFor(s.url(), key)
	c.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	if err := c.call(ctx, "PUT", "/v1/catalog", []byte(benchCatalog), nil); err != nil {
		done()
		return nil, nil, err
	}
	err = b.each(b.accounts, func(i int) error {
		return c.call(ctx, "PUT", fmt.Sprintf("/v1/accounts/account-%d/subscription", i), map[string]any{"plan": "base"}, nil)
	})
	if err != nil {
		done()
		return nil, nil, err
	}
	return s, done, nil
}

// each calls f for 0 to n-1 on 64 goroutines.
func (b *bench) each(n int, f func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && failed.Load() == nil; i = int(next.Add(1)) - 1 {
				if err := f(i); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// load sends requests from b.clients goroutines for b.duration and returns how many were
// answered with status want, and the time each took.
func (b *bench) load(ctx context.Context, url string, want int, body func(client, n int) []byte) (int, []time.Duration, time.Duration, error) {
	var mu sync.Mutex
	var all []time.Duration
	var failed atomic.Pointer[error]
	began := time.Now()
	until := began.Add(b.duration)
	var wg sync.WaitGroup
	for c := range b.clients {
		wg.Go(func() {
			tr := &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true}
			defer tr.CloseIdleConnections()
			cl := &http.Client{Transport: tr}
			var took []time.Duration
			for n := 0; time.Now().Before(until) && failed.Load() == nil; n++ {
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body(c, n)))
				if err != nil {
					failed.Store(&err)
					return
				}
				req.Header.Set("Authorization", "Bearer hr_sk_bench")
				req.Header.Set("Content-Type", "application/json")
				at := time.Now()
				resp, err := cl.Do(req)
				if err != nil {
					failed.Store(&err)
					return
				}
				answer, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode == http.StatusTooManyRequests {
					time.Sleep(10 * time.Millisecond)
					continue
				}
				if resp.StatusCode != want {
					err := fmt.Errorf("status %d: %s", resp.StatusCode, answer)
					failed.Store(&err)
					return
				}
				took = append(took, time.Since(at))
			}
			mu.Lock()
			all = append(all, took...)
			mu.Unlock()
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return 0, nil, 0, *err
	}
	return len(all), all, time.Since(began), nil
}

// batches makes varied request bodies ahead of time; only ids are new each time.
func (b *bench) batches() func(client, n int) []byte {
	types := []string{"api.call", "mail.sent", "seat.added", "seat.removed", "build.done", "page.viewed"}
	return func(client, n int) []byte {
		var out bytes.Buffer
		out.Grow(b.batch * 260)
		out.WriteByte('[')
		for i := range b.batch {
			if i > 0 {
				out.WriteByte(',')
			}
			k := client*7919 + n*b.batch + i
			fmt.Fprintf(&out, `{"specversion":"1.0","id":"%s","source":"shop/eu-1","type":"%s","subject":"account-%d","data":{"user":"user-%d","count":%d,"bytes":%d,"path":"/v1/things/%d","ok":true}}`,
				uuid.NewString(), types[k%len(types)], k%b.accounts, k%50_000, k%7+1, k%4096, k%100)
		}
		out.WriteByte(']')
		return out.Bytes()
	}
}

func (b *bench) events(ctx context.Context) error {
	s, done, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	stopProfile, err := b.profiled()
	if err != nil {
		return err
	}
	requests, took, spent, err := b.load(ctx, s.url()+"/v1/events", http.StatusAccepted, b.batches())
	if err != nil {
		return err
	}
	_, last, err := s.log.Bounds(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := s.runner.WaitAll(ctx, last, false); err != nil {
		return err
	}
	behind := time.Since(began)
	stopProfile()
	reference, err := b.reference(ctx, func(w http.ResponseWriter, r *http.Request) {
		var events []map[string]any
		if err := json.NewDecoder(r.Body).Decode(&events); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}, http.StatusAccepted, b.batches())
	if err != nil {
		return err
	}
	n := float64(requests * b.batch)
	res := benchResult{EventsPerSecond: n / (spent + behind).Seconds(), Conditions: b.conditions()}
	res.P50, res.P99, res.P999 = quantiles(took)
	ref := reference * float64(b.batch)
	res.Reference = map[string]any{"name": "net/http handler that decodes the same requests with encoding/json and drops them", "events_per_second": ref}
	res.Ratio = res.EventsPerSecond / ref
	res.Conditions["events"], res.Conditions["seconds_to_catch_up"] = n, behind.Seconds()
	return b.print(res)
}

func (b *bench) check(ctx context.Context) error {
	s, done, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	body := func(client, n int) []byte {
		return fmt.Appendf(nil, `{"account":"account-%d","user":"u1","feature":"seats"}`, (client*31+n)%b.accounts)
	}
	stopProfile, err := b.profiled()
	if err != nil {
		return err
	}
	requests, took, spent, err := b.load(ctx, s.url()+"/v1/check", http.StatusOK, body)
	if err != nil {
		return err
	}
	stopProfile()
	reference, err := b.reference(ctx, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }, http.StatusOK, body)
	if err != nil {
		return err
	}
	res := benchResult{RequestsPerSecond: float64(requests) / spent.Seconds(), Conditions: b.conditions()}
	res.P50, res.P99, res.P999 = quantiles(took)
	res.Reference = map[string]any{"name": "empty net/http handler, same requests and clients", "requests_per_second": reference}
	res.Ratio = res.RequestsPerSecond / reference
	return b.print(res)
}

// profiled starts the CPU profile when one is wanted and returns what ends it.
func (b *bench) profiled() (stop func(), err error) {
	if b.profile == "" {
		return func() {}, nil
	}
	f, err := os.Create(b.profile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}

// reference loads a handler on a server of its own and returns requests a second.
func (b *bench) reference(ctx context.Context, h http.HandlerFunc, want int, body func(client, n int) []byte) (float64, error) {
	l, err := listen("127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	n, _, spent, err := b.load(ctx, "http://"+l.Addr().String()+"/", want, body)
	return float64(n) / spent.Seconds(), err
}

func (b *bench) conditions() map[string]any {
	c := map[string]any{"cpus": runtime.NumCPU(), "clients": b.clients, "accounts": b.accounts, "duration": b.duration.String(), "go": runtime.Version()}
	if b.batch > 0 {
		c["batch"] = b.batch
	}
	return c
}

// quantiles returns the 50th, 99th and 99.9th percentile in milliseconds.
func quantiles(took []time.Duration) (p50, p99, p999 float64) {
	slices.Sort(took)
	at := func(q float64) float64 {
		if len(took) == 0 {
			return 0
		}
		return float64(took[int(q*float64(len(took)-1))].Microseconds()) / 1000
	}
	return at(0.5), at(0.99), at(0.999)
}

func (b *bench) print(r benchResult) error {
	if b.output == "json" {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		fmt.Println(string(text))
		return nil
	}
	if r.EventsPerSecond > 0 {
		fmt.Printf("%.0f events/s durable, counted once, metered, signals looked for\n", r.EventsPerSecond)
		fmt.Printf("%.0f events/s reference: %s\n", r.Reference["events_per_second"], r.Reference["name"])
	} else {
		fmt.Printf("%.0f requests/s\n", r.RequestsPerSecond)
		fmt.Printf("%.0f requests/s reference: %s\n", r.Reference["requests_per_second"], r.Reference["name"])
	}
	fmt.Printf("ratio %.2f, p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms\n", r.Ratio, r.P50, r.P99, r.P999)
	fmt.Printf("%v\n", r.Conditions)
	return nil
}
