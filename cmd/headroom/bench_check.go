package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/bench/load"
)

func benchCheckCommand() *cobra.Command {
	b := benchCheck{}
	c := &cobra.Command{
		Use: "check", Short: "POST /v1/check beside a handler that answers nothing", Args: cobra.NoArgs,
		Long: "Checks go round over all accounts, each with a subscription. Before that, each account is checked once\n" +
			"(first): what that costs where it rests (--memory) or is only in the database (--restart).",
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	b.flags(c, 100, 10*time.Second)
	c.Flags().IntVar(&b.memory, "memory", 0, "`MiB` for accounts in memory, as of serve: of 100,000 accounts most rest with 96")
	c.Flags().BoolVar(&b.restart, "restart", false, "restart the server first, so that it finds every account in the database")
	return c
}

// benchCheck measures checks.
type benchCheck struct {
	bench
	restart bool
}

// checkResult is its document.
type checkResult struct {
	benchResult
	First firstChecks `json:"first"` // of each account, one after the other
}

// firstChecks say how long the first check of each account took.
type firstChecks struct {
	RequestsPerSecond float64 `json:"requests_per_second"`
	P50               float64 `json:"p50_ms"`
	P99               float64 `json:"p99_ms"`
	P999              float64 `json:"p999_ms"`
}

// server starts the server to be measured, with a subscription for every account.
func (b *benchCheck) server(ctx context.Context) (*benched, error) {
	s, err := b.open(ctx)
	if err == nil && b.accounts > 10_000 {
		err = s.subscribe(ctx, 10_000, b.accounts)
	}
	if err == nil {
		_, _, err = s.settle(ctx)
	}
	if err == nil && b.restart {
		s.close()
		if s.server, err = start(ctx, b.serverOptions(s.dir)); err == nil {
			s.address = s.listener.Addr().String()
		}
	}
	return s, err
}

// sources ask for all accounts in turn; together they ask for each once before any comes again.
func (b *benchCheck) sources() []load.Source {
	sources := make([]load.Source, b.clients)
	for i := range sources {
		n, request := i, load.Request("/v1/check", benchKey, `{"account":"`+load.AccountKey(0)+`","user":"u1","feature":"seats"}`)
		before, _, _ := bytes.Cut(request, []byte(load.AccountKey(0)))
		place := request[len(before):][:len(load.AccountKey(0))]
		sources[i] = load.Each(func() []byte {
			for k, at := n%b.accounts, len(place)-1; place[at] != '-'; at-- {
				place[at] = byte('0' + k%10)
				k /= 10
			}
			n += b.clients
			return request
		})
	}
	return sources
}

// first checks each account once.
func (b *benchCheck) first(ctx context.Context, s *benched) (f firstChecks, err error) {
	sources := b.sources()
	for i := range sources {
		sources[i] = load.Some(sources[i], (b.accounts-i+b.clients-1)/b.clients)
	}
	r, err := load.Run(ctx, s.address, sources, time.Hour, http.StatusOK)
	if err != nil {
		return f, err
	}
	return firstChecks{float64(len(r.Took)) / r.Spent.Seconds(), r.Quantile(0.5), r.Quantile(0.99), r.Quantile(0.999)}, nil
}

func (b *benchCheck) run(ctx context.Context) error {
	s, err := b.server(ctx)
	if s != nil {
		defer s.done()
	}
	if err != nil {
		return err
	}
	empty, stop, err := referenceServer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	if err != nil {
		return err
	}
	defer stop()
	first, err := b.first(ctx, s)
	if err != nil {
		return err
	}
	var ours, reference load.Result
	sources := b.sources()
	err = b.slices(time.Second,
		side{duration: b.duration, run: func(d time.Duration, counts bool) error {
			return measure(ctx, s.address, sources, d, http.StatusOK, counts, &ours)
		}},
		side{duration: b.duration / 2, run: func(d time.Duration, counts bool) error {
			return measure(ctx, empty, sources, d, http.StatusOK, counts, &reference)
		}})
	if err != nil {
		return err
	}
	res := checkResult{First: first}
	res.RequestsPerSecond, res.Conditions = float64(len(ours.Took))/ours.Spent.Seconds(), b.conditions()
	res.Conditions["memory_mib"], res.Conditions["restart"] = b.memory, b.restart
	res.took(ours)
	ref := float64(len(reference.Took)) / reference.Spent.Seconds()
	res.Reference = map[string]any{"name": "empty net/http handler, same requests and clients", "requests_per_second": ref}
	res.Ratio = res.RequestsPerSecond / ref
	if printed, err := b.document(res); printed {
		return err
	}
	fmt.Printf("%.0f requests/s\n%.0f requests/s reference: %s\n", res.RequestsPerSecond, ref, res.Reference["name"])
	fmt.Printf("ratio %.2f, p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms\n%v\n", res.Ratio, res.P50, res.P99, res.P999, res.Conditions)
	fmt.Printf("first check of each account: %.0f requests/s, p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms\n", first.RequestsPerSecond, first.P50, first.P99, first.P999)
	return nil
}

// measure is one slice of a side; what does not count is not kept.
func measure(ctx context.Context, address string, sources []load.Source, d time.Duration, want int, counts bool, all *load.Result) error {
	r, err := load.Run(ctx, address, sources, d, want)
	if counts {
		all.Add(r)
	}
	return err
}

// side is one of two that are measured in turns.
type side struct {
	duration time.Duration
	run      func(d time.Duration, counts bool) error
}

// slices runs the sides in turns, in up to six slices of at least that long, after a warm-up
// of each that does not count: a machine whose speed changes then changes it for both. With
// a CPU profile, which cannot be interrupted, the first side runs in one piece.
func (b *bench) slices(least time.Duration, sides ...side) error {
	for _, s := range sides {
		if b.warmUp > 0 {
			if err := s.run(b.warmUp, false); err != nil {
				return err
			}
		}
	}
	n := min(6, max(1, int(b.duration/least)))
	if b.profile != "" {
		n = 1
	}
	for range n {
		for i, s := range sides {
			stop := func() {}
			if i == 0 {
				var err error
				if stop, err = b.profiled(); err != nil {
					return err
				}
			}
			err := s.run(s.duration/time.Duration(n), true)
			stop()
			if err != nil {
				return err
			}
		}
	}
	return nil
}
