package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/replay"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

func benchBacktestCommand() *cobra.Command {
	b := backtestBench{}
	c := &cobra.Command{
		Use: "backtest", Short: "Events a second that a backtest of ten signals steps from a log of a year", Args: cobra.NoArgs,
		Long: "A log of a year is written first: subscriptions, then events of six types spread evenly over the year and at\n" +
			"random over the accounts. Then its ten signals are backtested, as a server does but on all cores. The reference reads\n" +
			"and decodes the same log and drops it.",
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	b.places(c)
	f := c.Flags()
	f.IntVar(&b.accounts, "accounts", 10_000, "`number` of accounts")
	f.IntVar(&b.events, "events", 2_000_000, "`number` of events in the log")
	f.IntVar(&b.workers, "workers", 0, "cores used at most (default: all)")
	f.StringVar(&b.profile, "cpuprofile", "", "write a CPU profile of our side to this `file`")
	return c
}

type backtestBench struct {
	bench
	events, workers int
}

// backtestResult is the document of bench backtest.
type backtestResult struct {
	benchResult
	Seconds float64 `json:"seconds"`
	Events  int64   `json:"events"`
	Fired   int64   `json:"fired"`
}

const benchPartitions = 16

func (b *backtestBench) run(ctx context.Context) error {
	if b.accounts < 1 || b.events < 1 {
		return fault.New(fault.Invalid, "flag_out_of_range", "--accounts and --events must be at least 1")
	}
	dir := b.dir
	if dir == "" {
		made, err := os.MkdirTemp("", "headroom-bench-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(made) }()
		dir = made
	}
	cat, findings := catalog.Parse("bench", []byte(benchCatalog))
	if err := catalog.AsError(findings); err != nil {
		return err
	}
	log, err := eventlog.Open(ctx, eventlog.Options{Dir: filepath.Join(dir, "log")})
	if err != nil {
		return err
	}
	defer log.Close()
	if err := b.write(ctx, log, cat); err != nil {
		return err
	}
	source, err := logOf(ctx, log, cat)
	if err != nil {
		return err
	}
	reference, err := replay.Run(ctx, source, replay.Options{Discard: true})
	if err != nil {
		return err
	}
	stop, err := b.profiled()
	if err != nil {
		return err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as --events does: what is kept is small beside what is read
	r, err := replay.Backtest(ctx, source, &signal.Question{Current: cat, Proposed: cat, Examples: 20}, replay.Tries{Workers: b.workers})
	stop()
	if err != nil {
		return err
	}
	res := backtestResult{benchResult: benchResult{EventsPerSecond: float64(r.Events) / r.Seconds, Conditions: conditions{"accounts": b.accounts, "events": b.events, "workers": b.workers}},
		Seconds: r.Seconds, Events: r.Events}
	for _, rule := range r.Rules {
		res.Fired += rule.Fired
	}
	dropped := float64(reference.Events) / reference.Seconds
	res.Reference = map[string]any{"name": "the same log read, decoded and dropped", "events_per_second": dropped, "seconds": reference.Seconds}
	res.Ratio = res.EventsPerSecond / dropped
	if printed, err := b.document(res); printed || err != nil {
		return err
	}
	fmt.Printf("%.0f events/s backtested, %d in %.2f s, which fired %d signals\n%.0f events/s reference: %s; ratio %.2f\n%v\n", res.EventsPerSecond, res.Events, res.Seconds, res.Fired,
		dropped, res.Reference["name"], res.Ratio, res.Conditions)
	return nil
}

// write fills the log with a year.
func (b *backtestBench) write(ctx context.Context, log *eventlog.Log, cat *catalog.Catalog) error {
	const each = 4000
	start, err := clock.Parse("2025-01-01T00:00:00Z")
	if err != nil {
		return err
	}
	activation, err := json.Marshal(engine.Activation{Rules: engine.Rules})
	if err != nil {
		return err
	}
	bought, err := json.Marshal(engine.SubscribeCall{Change: subscription.Change{Plan: "base"}})
	if err != nil {
		return err
	}
	var m event.Message
	n := 0
	add := func(partition int, r event.Record) error {
		m.Add(partition, &r)
		if n++; n%each != 0 {
			return nil
		}
		_, err := log.Append(ctx, m.Bytes())
		m.Reset()
		return err
	}
	if err := add(event.AllPartitions, event.Record{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: activation}); err != nil {
		return err
	}
	keys := make([]string, b.accounts)
	for i := range keys {
		keys[i] = "account-" + strconv.Itoa(i)
		if err := add(event.Partition(keys[i], benchPartitions), event.Record{Kind: event.KindSubscription, Source: "api:subscribe", ID: keys[i], Key: keys[i], ReceivedAt: start, Body: bought}); err != nil {
			return err
		}
	}
	types := []string{"api.call", "mail.sent", "seat.added", "seat.removed", "build.done", "page.viewed"}
	step, random := 365*clock.Day/clock.Time(b.events), uint64(1)
	for i := range b.events {
		random ^= random << 13 // xorshift64
		random ^= random >> 7
		random ^= random << 17
		key, at := keys[random%uint64(b.accounts)], start+clock.Time(i)*step
		r := event.Record{Kind: event.KindEvent, Source: "shop/eu-1", ID: strconv.FormatUint(random, 16), Key: key, User: "MZXW6YTBOI2DCMRTGQ2TMNZYHE",
			Type: types[(random>>32)%6], At: at, ReceivedAt: at + clock.Second,
			Props: []event.Prop{{Name: "count", Value: event.Value{Kind: event.Number, Text: "3"}}, {Name: "bytes", Value: event.Value{Kind: event.Number, Text: "512"}}}}
		if err := add(event.Partition(key, benchPartitions), r); err != nil {
			return err
		}
	}
	if m.Size() > 0 {
		_, err = log.Append(ctx, m.Bytes())
	}
	return err
}

// logOf is a log as a source, to its end.
func logOf(ctx context.Context, log *eventlog.Log, cat *catalog.Catalog) (replay.Source, error) {
	first, last, err := log.Bounds(ctx)
	return replay.Source{First: first, Last: last, Messages: log.ReadTo, Signals: true, Stored: func(_ context.Context, visit backup.RowVisitor) error {
		if err := visit("catalogs", []string{"version", "body"}, []any{cat.Version, string(cat.Text())}); err != nil {
			return err
		}
		for n := range benchPartitions {
			if err := visit("partitions", []string{"partition", "position"}, []any{int64(n), int64(last)}); err != nil {
				return err
			}
		}
		return nil
	}}, err
}
