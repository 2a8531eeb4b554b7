package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/bench/load"
)

func benchDiskCommand() *cobra.Command {
	var b diskBench
	c := &cobra.Command{
		Use: "disk", Short: "What an append that is synced costs on the disk of --data", Args: cobra.NoArgs,
		Long: "What an append that is synced costs on the disk of --data: the least any durable answer costs there. One\n" +
			"at a time, to a growing file, as the log does. Beside it the same append without the sync.",
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	b.common(c, 5*time.Second)
	c.Flags().IntVar(&b.size, "size", 4096, "`bytes` of an append")
	return c
}

type diskBench struct {
	bench
	size int
}

func (b *diskBench) run(ctx context.Context) error {
	if b.size < 1 {
		return fmt.Errorf("--size %d is not at least 1", b.size)
	}
	if b.dir != "" {
		if err := os.MkdirAll(b.dir, 0o700); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(b.dir, "headroom-bench-disk-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	defer f.Close()
	data := make([]byte, b.size)
	append1 := func(d time.Duration, sync bool) (r load.Result, err error) {
		began := time.Now()
		for at := began; at.Sub(began) < d && ctx.Err() == nil; {
			if _, err := f.Write(data); err != nil {
				return r, err
			}
			if sync {
				if err := f.Sync(); err != nil {
					return r, err
				}
			}
			now := time.Now()
			r.Took = append(r.Took, now.Sub(at))
			at = now
		}
		r.Spent = time.Since(began)
		return r, ctx.Err()
	}
	if _, err := append1(min(b.warmUp, b.duration), true); err != nil {
		return err
	}
	synced, err := append1(b.duration, true)
	if err != nil {
		return err
	}
	// Few are enough, and more would fill memory with what is not on the disk yet.
	plain, err := append1(min(b.duration, 100*time.Millisecond), false)
	if err != nil {
		return err
	}
	res := benchResult{RequestsPerSecond: float64(len(synced.Took)) / synced.Spent.Seconds(),
		Conditions: map[string]any{"bytes": b.size, "file": f.Name(), "duration": b.duration.String()}}
	res.took(synced)
	reference := float64(len(plain.Took)) / plain.Spent.Seconds()
	res.Reference = map[string]any{"name": "the same append without the sync", "requests_per_second": reference, "p50_ms": plain.Quantile(0.5)}
	res.Ratio = res.RequestsPerSecond / reference
	if printed, err := b.document(res); printed {
		return err
	}
	fmt.Printf("%.0f synced appends/s of %d bytes: p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms\n", res.RequestsPerSecond, b.size, res.P50, res.P99, res.P999)
	fmt.Printf("%.0f appends/s reference: %s\n%v\n", reference, res.Reference["name"], res.Conditions)
	return nil
}
