package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/bench/load"
)

func benchCheckCommand() *cobra.Command {
	var b bench
	c := &cobra.Command{
		Use: "check", Short: "POST /v1/check beside a handler that answers nothing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.check(cmd.Context()) },
	}
	b.flags(c, 100, 10*time.Second)
	return c
}

func (b *bench) check(ctx context.Context) error {
	s, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer s.done()
	empty, stop, err := referenceServer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	if err != nil {
		return err
	}
	defer stop()
	sources := make([]load.Source, b.clients)
	for i := range sources {
		requests := make([][]byte, min(b.accounts, 1000))
		for k := range requests {
			body := fmt.Sprintf(`{"account":%q,"user":"u1","feature":"seats"}`, load.AccountKey((i*31+k)%b.accounts))
			requests[k] = load.Request("/v1/check", benchKey, body)
		}
		n := 0
		sources[i] = load.Each(func() []byte { n++; return requests[n%len(requests)] })
	}
	var ours, reference load.Result
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
	res := benchResult{RequestsPerSecond: float64(len(ours.Took)) / ours.Spent.Seconds(), Conditions: b.conditions()}
	res.took(ours)
	ref := float64(len(reference.Took)) / reference.Spent.Seconds()
	res.Reference = map[string]any{"name": "empty net/http handler, same requests and clients", "requests_per_second": ref}
	res.Ratio = res.RequestsPerSecond / ref
	if printed, err := b.document(res); printed {
		return err
	}
	fmt.Printf("%.0f requests/s\n%.0f requests/s reference: %s\n", res.RequestsPerSecond, ref, res.Reference["name"])
	fmt.Printf("ratio %.2f, p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms\n%v\n", res.Ratio, res.P50, res.P99, res.P999, res.Conditions)
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
