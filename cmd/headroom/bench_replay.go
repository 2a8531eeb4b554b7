package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/bench/load"
	"github.com/headroomhq/headroom/internal/replay"
)

func benchReplayCommand() *cobra.Command {
	b := replayBench{eventsBench: eventsBench{bench: bench{batch: 1000}}}
	c := &cobra.Command{
		Use: "replay", Short: "Events a second rebuilt from the log, as headroom replay does", Args: cobra.NoArgs,
		Long: "Events a second that headroom replay steps from the log: events are sent to a server first, then the server\n" +
			"is stopped and its log replayed and compared with its tables, which must show no difference. The\n" +
			"reference reads and decodes the same log and drops it.",
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	b.traffic(c, 10_000, 16) // the log is as long as --events says
	c.Flags().IntVar(&b.events, "events", 2_000_000, "`number` of events in the log")
	return c
}

type replayBench struct {
	eventsBench
	events int
}

// replayResult is the document of bench replay. seconds is reading and stepping.
type replayResult struct {
	benchResult
	Seconds   float64 `json:"seconds"`
	Compare   float64 `json:"seconds_to_compare"`
	Events    int64   `json:"events"`
	Rows      int64   `json:"rows_compared"`
	Different int64   `json:"different"`
}

func (b *replayBench) run(ctx context.Context) error {
	s, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer s.done()
	traffic := load.Traffic{Accounts: b.accounts, Batch: b.batch, Key: benchKey, Seed: rand.Uint64(), At: time.Now()}
	sources := make([]load.Source, b.clients)
	for i := range sources {
		sources[i] = load.Some(traffic.Stream(i), max(1, b.events/b.batch/b.clients))
	}
	if _, err := load.Run(ctx, s.address, sources, time.Hour, http.StatusAccepted); err != nil {
		return err
	}
	if _, _, err := s.settle(ctx); err != nil {
		return err
	}
	s.close() // done closes it again, which does nothing, and removes the data
	at := place{data: s.dir}
	st, log, closed, err := at.open(ctx, "wait for its end")
	if err != nil {
		return err
	}
	defer closed()
	source, drop, err := replay.Live(ctx, st, log)
	if err != nil {
		return err
	}
	defer drop()
	reference, err := replay.Run(ctx, source, replay.Options{Discard: true})
	if err != nil {
		return err
	}
	stop, err := b.profiled()
	if err != nil {
		return err
	}
	began := time.Now()
	report, err := replay.Run(ctx, source, replay.Options{})
	whole := time.Since(began).Seconds()
	stop()
	if err != nil {
		return err
	}
	perSecond := func(r *replay.Report) float64 { return float64(r.Events) / r.Seconds }
	res := replayResult{benchResult: benchResult{EventsPerSecond: perSecond(report), Conditions: b.conditions()},
		Seconds: report.Seconds, Compare: whole - report.Seconds, Events: report.Events, Rows: report.Rows, Different: report.Different}
	res.Reference = map[string]any{"name": "the same log read, decoded and dropped", "events_per_second": perSecond(reference), "seconds": reference.Seconds}
	res.Ratio = res.EventsPerSecond / perSecond(reference)
	if printed, err := b.document(res); printed || err != nil {
		return err
	}
	fmt.Printf("%.0f events/s replayed, %d in %.2f s; compared with %d rows in %.2f s, %d differences\n", res.EventsPerSecond, res.Events, res.Seconds, res.Rows, res.Compare, res.Different)
	fmt.Printf("%.0f events/s reference: %s; ratio %.2f\n%v\n", perSecond(reference), res.Reference["name"], res.Ratio, res.Conditions)
	return nil
}
