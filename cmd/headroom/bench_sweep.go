package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/bench/load"
)

func benchSweepCommand() *cobra.Command {
	b := sweepBench{eventsBench: eventsBench{bench: bench{batch: 100}}}
	c := &cobra.Command{
		Use: "sweep [events]", Short: "Events a second by batch, clients, rules and accounts", Args: cobra.MaximumNArgs(1), ValidArgs: []string{"events"},
		Long: "Events a second by events a request, clients, rules and accounts, each the only thing that changes from the\n" +
			"point that `headroom bench events` measures. Beside each point the handler that only decodes.\n" +
			"Every curve has a server of its own. Of more than 10,000 accounts the first 10,000 have a subscription;\n" +
			"all have had an event before the measuring begins. Rules beyond the first ten, of every\n" +
			"kind, look at the events that are sent and do not fire.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && args[0] != "events" {
				return fmt.Errorf("%q cannot be swept, only events", args[0])
			}
			return b.run(cmd.Context())
		},
	}
	b.flags(c, 10_000, 3*time.Second)
	f := c.Flags()
	f.IntSliceVar(&b.curves.batches, "batches", []int{1, 10, 100, 1000}, "events a request")
	f.IntSliceVar(&b.curves.clients, "by-clients", []int{1, 4, 16, 64}, "clients")
	f.IntSliceVar(&b.curves.rules, "rules", []int{10, 100, 1000}, "rules in the catalog, 10 at least")
	f.IntSliceVar(&b.curves.accounts, "by-accounts", []int{1000, 10_000, 100_000, 1_000_000}, "accounts, rising")
	return c
}

type sweepBench struct {
	eventsBench
	curves struct{ batches, clients, rules, accounts []int }
}

// sweepPoint is one measurement: everything but what the curve is of is as in bench events.
type sweepPoint struct {
	Curve           string  `json:"curve"` // events_per_request, clients, rules or accounts
	At              int     `json:"at"`
	EventsPerSecond float64 `json:"events_per_second"`
	Reference       float64 `json:"reference_events_per_second"`
	Ratio           float64 `json:"ratio"`
	P50             float64 `json:"p50_ms"`
	P99             float64 `json:"p99_ms"`
	P999            float64 `json:"p999_ms"`
	PeakMemory      int64   `json:"peak_memory_bytes"`
	CatchUp         float64 `json:"seconds_to_catch_up"`
	CPUPerEvent     float64 `json:"cpu_microseconds_per_event"`
}

// sweepResult is the document of bench sweep; its first line is the point of bench events
// itself, or the nearest that was measured.
type sweepResult struct {
	benchResult
	Points []sweepPoint `json:"points"`
}

func (b *sweepBench) run(ctx context.Context) error {
	var res sweepResult
	if b.output != "json" {
		fmt.Printf("%-20s %9s %10s %10s %6s %9s %9s %9s %8s %8s\n", "curve", "at", "events/s", "reference", "ratio", "p50 ms", "p99 ms", "p99.9 ms", "MiB", "CPU µs")
	}
	for _, c := range []struct {
		name string
		at   []int
		set  func(p *eventsBench, at int)
	}{
		{"events_per_request", b.curves.batches, func(p *eventsBench, at int) { p.batch = at }},
		{"clients", b.curves.clients, func(p *eventsBench, at int) { p.clients = at }},
		{"rules", b.curves.rules, nil},
		{"accounts", b.curves.accounts, func(p *eventsBench, at int) { p.accounts = at }},
	} {
		if len(c.at) == 0 {
			continue
		}
		points, err := b.curve(ctx, c.name, c.at, c.set)
		if err != nil {
			return err
		}
		res.Points = append(res.Points, points...)
	}
	if len(res.Points) == 0 {
		return fmt.Errorf("no points to measure: give --batches, --by-clients, --rules or --by-accounts")
	}
	i := slices.IndexFunc(res.Points, func(p sweepPoint) bool { return p.Curve == "events_per_request" && p.At == b.batch })
	p := res.Points[max(i, 0)]
	res.benchResult = benchResult{EventsPerSecond: p.EventsPerSecond, P50: p.P50, P99: p.P99, P999: p.P999, Ratio: p.Ratio, Conditions: b.conditions(),
		Reference: map[string]any{"name": "net/http handler that decodes the same requests with encoding/json and drops them", "events_per_second": p.Reference}}
	if printed, err := b.document(res); printed {
		return err
	}
	fmt.Printf("%v\n", res.Conditions)
	return nil
}

// curve measures its points on one server.
func (b *sweepBench) curve(ctx context.Context, name string, at []int, set func(p *eventsBench, at int)) (points []sweepPoint, err error) {
	shared := b.eventsBench
	if b.dir != "" {
		if shared.dir, err = os.MkdirTemp(b.dir, name+"-"); err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(shared.dir) }()
	}
	s, err := shared.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.done()
	for _, x := range at {
		p := shared
		if set != nil {
			set(&p, x)
		} else if err := clientFor(s.url(), benchKey).call(ctx, "PUT", "/v1/catalog", []byte(withRules(x)), nil); err != nil {
			return nil, err
		}
		if name == "accounts" {
			if err := p.visit(ctx, s); err != nil {
				return nil, err
			}
		}
		r, err := p.turns(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("%s %d: %w", name, x, err)
		}
		ref, _ := r.Reference["events_per_second"].(float64)
		point := sweepPoint{Curve: name, At: x, EventsPerSecond: r.EventsPerSecond, Reference: ref, Ratio: r.Ratio,
			P50: r.P50, P99: r.P99, P999: r.P999, PeakMemory: r.PeakMemory, CatchUp: r.CatchUp, CPUPerEvent: r.CPUPerEvent}
		points = append(points, point)
		if b.output != "json" {
			fmt.Printf("%-20s %9d %10.0f %10.0f %6.2f %9.2f %9.2f %9.2f %8.0f %8.2f\n", point.Curve, point.At, point.EventsPerSecond, point.Reference, point.Ratio,
				point.P50, point.P99, point.P999, float64(point.PeakMemory)/(1<<20), point.CPUPerEvent)
		}
	}
	return points, nil
}

// visit sends every account an event, so that all of them have a state.
func (b *eventsBench) visit(ctx context.Context, s *benched) error {
	const clients = 16
	batch := max(1, min(500, b.accounts/clients))
	traffic := load.Traffic{Accounts: b.accounts, Walk: clients, Batch: batch, Key: benchKey, Seed: rand.Uint64(), At: time.Now()}
	sources := make([]load.Source, clients)
	for i := range sources {
		stream, left := traffic.Stream(i), (b.accounts+clients*batch-1)/(clients*batch)
		sources[i] = load.Some(stream, left)
	}
	_, err := load.Run(ctx, s.address, sources, time.Hour, http.StatusAccepted)
	return err
}

// withRules returns the catalog with that many rules, 10 at least. The further ones are of
// every kind and look at what is sent, but are out of reach: at shares of limits far from
// being reached, at far counts, and waiting for what is never sent.
func withRules(n int) string {
	var extra strings.Builder
	events := []string{"api.call", "mail.sent", "seat.added", "build.done", "page.viewed", "file.uploaded", "report.failed", "invoice.viewed"}
	limits := []string{"calls", "bytes", "seats"}
	lengths := []string{"1d", "7d", "30d"}
	for i := range max(n-10, 0) {
		k := i / 6
		typ, length := events[k%len(events)], lengths[k%len(lengths)]
		var when string
		switch i % 6 {
		case 0:
			when = fmt.Sprintf("{limit: %s, reaches: %d%%}", limits[k%len(limits)], 60+k/len(limits)%40)
		case 1:
			when = fmt.Sprintf("{event: %s, times: %d, within: %s}", typ, 1_000-k, length)
		case 2:
			when = fmt.Sprintf("{sequence: [%s, %s, never.sent], within: %s}", typ, events[(k+1)%len(events)], length)
		case 3:
			when = fmt.Sprintf("{rate: %s, over: %s, rises: 900%%, at_least: %d}", typ, length, 100_000+k)
		case 4:
			when = fmt.Sprintf("{absent: %s, for: %dd}", typ, 30+k%60)
		default:
			when = fmt.Sprintf("{event: %s, nth: %d}", typ, 1_000_000+i)
		}
		extra.WriteString("  more" + strconv.Itoa(i) + ": {when: " + when + ", type: upsell}\n")
	}
	return strings.Replace(benchCatalog, "offers:\n", extra.String()+"offers:\n", 1)
}
