package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/bench/load"
	"github.com/headroomhq/headroom/internal/fault"
)

// benchCommand returns `headroom bench`: the product's own measurements, each beside a
// reference in the same run on the same machine.
func benchCommand() *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "Measure this machine: each figure beside a reference in the same run"}
	c.AddCommand(benchEventsCommand(), benchSweepCommand(), benchMomentCommand(), benchReplayCommand(), benchBacktestCommand(), benchStartCommand(), benchCheckCommand(), benchDecideCommand(), benchStreamCommand(), benchConsoleCommand(), benchDiskCommand())
	return c
}

// bench is what all measurements have in common.
type bench struct {
	duration, warmUp time.Duration
	clients          int
	accounts         int // with a subscription
	batch            int
	output, dir      string
	profile          string
	catalog          string
	memory           int  // MiB for accounts; 0: as serve
	adopts           bool // the accounts have their subscriptions by import: quicker with very many
}

// flags adds the flags of measurements that load a server.
func (b *bench) flags(c *cobra.Command, accounts int, duration time.Duration) {
	b.lasts(c, duration)
	b.traffic(c, accounts, 16)
}

// traffic adds the flags of measurements that send something, however long it takes.
func (b *bench) traffic(c *cobra.Command, accounts, clients int) {
	b.places(c)
	f := c.Flags()
	f.IntVar(&b.clients, "clients", clients, "`number` of concurrent clients, a connection each")
	f.IntVar(&b.accounts, "accounts", accounts, "`number` of accounts")
	f.StringVar(&b.profile, "cpuprofile", "", "write a CPU profile of our side to this `file`")
	b.catalog = benchCatalog
}

// common adds the flags of measurements that take as long as one says.
func (b *bench) common(c *cobra.Command, duration time.Duration) {
	b.places(c)
	b.lasts(c, duration)
}

// lasts adds the flags that say how long is measured.
func (b *bench) lasts(c *cobra.Command, duration time.Duration) {
	f := c.Flags()
	f.DurationVar(&b.duration, "duration", duration, "how long our side is measured")
	f.DurationVar(&b.warmUp, "warm-up", 2*time.Second, "how long before that, not counted")
	c.PreRunE = func(*cobra.Command, []string) error {
		for _, x := range []struct {
			flag      string
			is, least time.Duration
			mend      string
		}{
			{"duration", b.duration, shortest, "measure for at least " + shortest.String() + ": shorter there is nothing to divide by"},
			{"warm-up", b.warmUp, 0, "write 0s for none"},
		} {
			if x.is < x.least {
				return fault.New(fault.Invalid, "flag_out_of_range", "--%s %s is out of range", x.flag, x.is).WithMend("%s", x.mend)
			}
		}
		return nil
	}
}

// shortest is how long a side must be measured for its figures to be any.
const shortest = 100 * time.Millisecond

// places adds the flags of all measurements.
func (b *bench) places(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&b.output, "output", "text", "text or json")
	f.StringVar(&b.dir, "data", "", "`directory` for what is written (default: a temporary one)")
}

// benchResult is the document of a bench; ratio is ours to the reference, higher is better.
type benchResult struct {
	EventsPerSecond   float64          `json:"events_per_second,omitempty"`
	RequestsPerSecond float64          `json:"requests_per_second,omitempty"`
	P50               float64          `json:"p50_ms"`
	P99               float64          `json:"p99_ms"`
	P999              float64          `json:"p999_ms"`
	Busy              int              `json:"answers_429"`
	Reference         map[string]any   `json:"reference"`
	References        []map[string]any `json:"references,omitempty"`
	Ratio             float64          `json:"ratio"`
	Conditions        conditions       `json:"conditions"`
}

// conditions are what a figure was measured under.
type conditions map[string]any

// String lists them by name.
func (c conditions) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		parts = append(parts, fmt.Sprint(strings.ReplaceAll(name, "_", " "), " ", c[name]))
	}
	return strings.Join(parts, ", ")
}

// took sets what is told of the answers' times.
func (r *benchResult) took(l load.Result) {
	r.P50, r.P99, r.P999, r.Busy = l.Quantile(0.5), l.Quantile(0.99), l.Quantile(0.999), l.Busy
}

// benchKey is the secret key of the measured server.
const benchKey = "hr_sk_bench"

// benchCatalog has five meters and ten signals, of which about five fire for an account
// within 900 events.
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
         entitlements: {calls: {limit: 1000000, per: month}, bytes: {limit: 100000000, per: month}, mails: {limit: 400, per: month}, seats: 500, builds: {limit: 80, per: month}}}
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

// benched is a server being measured.
type benched struct {
	*server
	address, dir string
	done         func()
}

// open starts a server whose first accounts have a subscription: all of them, or the first
// 10,000 of more.
func (b *bench) open(ctx context.Context) (*benched, error) {
	s, err := b.openAs(ctx, b.serverOptions)
	if err != nil {
		return nil, err
	}
	if b.adopts {
		err = s.adopt(ctx, b.accounts)
	} else {
		err = s.subscribe(ctx, 0, min(b.accounts, 10_000))
	}
	if err != nil {
		s.done()
		return nil, err
	}
	return s, nil
}

// openAs starts a server with options for its directory, and with the catalog.
func (b *bench) openAs(ctx context.Context, options func(dir string) serverOptions) (*benched, error) {
	if b.clients < 1 || b.accounts < 1 || b.accounts > 9_999_999 {
		return nil, fmt.Errorf("--clients and --accounts must be at least 1, and --accounts below 10,000,000")
	}
	s := &benched{dir: b.dir, done: func() {}}
	if s.dir == "" {
		made, err := os.MkdirTemp("", "headroom-bench-")
		if err != nil {
			return nil, err
		}
		s.dir = made
	}
	var err error
	s.server, err = start(ctx, options(s.dir))
	s.done = func() {
		if err == nil {
			s.close()
		}
		if b.dir == "" {
			_ = os.RemoveAll(s.dir)
		}
	}
	if err != nil {
		s.done()
		return nil, err
	}
	s.address = s.listener.Addr().String()
	if err := clientFor(s.url(), benchKey).call(ctx, "PUT", "/v1/catalog", []byte(b.catalog), nil); err != nil {
		s.done()
		return nil, err
	}
	return s, nil
}

// serverOptions are those of the measured server.
func (b *bench) serverOptions(dir string) serverOptions {
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return serverOptions{data: dir, listen: "127.0.0.1:0", partitions: 16, secretKey: benchKey, memory: b.memory, logger: quiet}
}

// adopt gives accounts up to but without to the plan base, as subscriptions of another system: a
// thousand in a request, where subscribe waits for an answer to each.
func (s *benched) adopt(ctx context.Context, to int) error {
	c, err := load.Dial(ctx, s.address)
	if err != nil {
		return err
	}
	defer c.Close()
	const each = 1000
	for from := 0; from < to; from += each {
		var rows []string
		for i := from; i < min(from+each, to); i++ {
			rows = append(rows, fmt.Sprintf(`{"row":"%d","account":%q,"subscription":{"plan":"base","amount":"49","started_at":"2026-01-01T00:00:00Z"}}`, i, load.AccountKey(i)))
		}
		a, err := c.Do(load.Request("/v1/imports/subscriptions", benchKey, `{"import":"bench","rows":[`+strings.Join(rows, ",")+"]}"))
		if err == nil && (a.Status >= 300 || !bytes.Contains(a.Body, []byte(`"rejected":[]`))) {
			err = fmt.Errorf("importing subscriptions was answered with %d: %.300s", a.Status, a.Body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// subscribe gives accounts from up to but without to the plan base.
func (s *benched) subscribe(ctx context.Context, from, to int) error {
	var next atomic.Int64
	next.Store(int64(from))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			c, err := load.Dial(ctx, s.address)
			if err != nil {
				cancel(err)
				return
			}
			defer c.Close()
			for i := int(next.Add(1)) - 1; i < to && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				request := load.Request("/v1/accounts/"+load.AccountKey(i)+"/subscription", benchKey, `{"plan":"base"}`)
				a, err := c.Do(append([]byte("PUT"), request[len("POST"):]...))
				if err == nil && a.Status >= 300 {
					err = fmt.Errorf("subscribing an account was answered with %d: %.300s", a.Status, a.Body)
				}
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// settle waits until everything accepted is stepped, and is in a checkpoint. It returns how
// long each took.
func (s *benched) settle(ctx context.Context) (stepped, checkpointed time.Duration, err error) {
	_, last, err := s.log.Bounds(ctx)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if err := s.runner.WaitAll(ctx, last, false); err != nil {
		return 0, 0, err
	}
	stepped = time.Since(began)
	err = s.runner.WaitAll(ctx, last, true)
	return stepped, time.Since(began) - stepped, err
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

// referenceServer answers with h on an address of its own until stop is called.
func referenceServer(h http.HandlerFunc) (address string, stop func(), err error) {
	l, err := listen("127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }()
	return l.Addr().String(), func() { _ = srv.Close() }, nil
}

func (b *bench) conditions() map[string]any {
	c := map[string]any{"cpus": runtime.NumCPU(), "clients": b.clients, "accounts": b.accounts, "go": runtime.Version()}
	if b.duration > 0 {
		c["duration"] = b.duration.String()
	}
	if b.batch > 0 {
		c["batch"] = b.batch
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		c["load_average_after"], _, _ = strings.Cut(string(text), " ")
	}
	return c
}

// sizeUnder adds up what the files of a directory take on the disk.
func sizeUnder(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil // a file may go while we look
	})
	return n
}

// document prints v as JSON when that is wanted.
func (b *bench) document(v any) (printed bool, err error) {
	if b.output != "json" {
		return false, nil
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		fmt.Println(string(text))
	}
	return true, err
}
