package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/bench/load"
)

// references are what bench events can measure beside us.
var references = []string{"decode", "jetstream", "copy"}

func benchEventsCommand() *cobra.Command {
	var b eventsBench
	c := &cobra.Command{
		Use: "events", Short: "Events a second from HTTP to durable, counted once, metered and looked at for signals", Args: cobra.NoArgs,
		Long: "Events a second from HTTP to durable, counted once, metered and looked at for signals.\n\n" +
			"Our side and the handler that only decodes run in turns, so that a machine whose speed changes\n" +
			"changes it for both. Our time ends when everything accepted is stepped; the checkpoint that is\n" +
			"then still to come, one of about seven in a turn of 10 s, is waited for and not counted.\n" +
			"Accounts beyond the first 10,000 have no subscription.",
		Example: "  headroom bench events                          # batches of 100\n" +
			"  headroom bench events --batch 1 --clients 256  # single events",
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, r := range b.references {
				if !slices.Contains(references, r) {
					return fmt.Errorf("--references %q is none of %s", r, strings.Join(references, ", "))
				}
			}
			return b.run(cmd.Context())
		},
	}
	b.flags(c, 10_000, time.Minute)
	c.Flags().IntVar(&b.batch, "batch", 100, "events in a request")
	c.Flags().StringSliceVar(&b.references, "references", references, "what to measure beside us: decode (always), jetstream, copy")
	return c
}

type eventsBench struct {
	bench
	references []string
}

// eventsResult is the document of bench events.
type eventsResult struct {
	benchResult
	Events             int     `json:"events"`
	CatchUp            float64 `json:"seconds_to_catch_up"`   // from the last 202 to the last step
	Checkpoint         float64 `json:"seconds_to_checkpoint"` // from there to the last checkpoint, mostly waiting for its turn; not counted
	PeakMemory         int64   `json:"peak_memory_bytes"`     // see PeakMemoryIs
	PeakMemoryIs       string  `json:"peak_memory_is"`        //
	LogPerEvent        float64 `json:"log_bytes_per_event"`   // on disk
	DatabasePerEvent   float64 `json:"database_bytes_per_event"`
	RequestPerEvent    float64 `json:"request_bytes_per_event"` // as sent
	MessagesPerSecond  float64 `json:"log_messages_per_second"` // of the log, each a sync
	BytesPerMessage    float64 `json:"log_bytes_per_message"`
	RecordsPerMessage  float64 `json:"log_records_per_message"`
	AccountsSubscribed int     `json:"accounts_with_subscription"`
	CPUPerEvent        float64 `json:"cpu_microseconds_per_event"` // of the process, load generator and checkpoints included
	CPURatio           float64 `json:"cpu_ratio"`                  // the reference's to ours, higher is better: what other work on the machine changes little
}

func (b *eventsBench) sources() []load.Source {
	seed := rand.Uint64() // so that a second run on the same --data sends new ids
	sources := make([]load.Source, b.clients)
	for i := range sources {
		sources[i] = load.Traffic{Accounts: b.accounts, Batch: b.batch, Key: benchKey, Seed: seed, At: time.Now()}.Stream(i)
	}
	return sources
}

// dropEvents decodes a request of CloudEvents with encoding/json and drops them.
func dropEvents(batch int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var events []map[string]any
		var into any = &events
		if batch == 1 {
			into = &map[string]any{}
		}
		if err := json.NewDecoder(r.Body).Decode(into); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

func (b *eventsBench) run(ctx context.Context) error {
	res, err := b.measure(ctx)
	if err != nil {
		return err
	}
	return b.print(res)
}

// measure returns the document.
func (b *eventsBench) measure(ctx context.Context) (*eventsResult, error) {
	if b.batch < 1 || b.batch > 10_000 {
		return nil, fmt.Errorf("--batch %d is not between 1 and 10,000", b.batch)
	}
	s, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.done()
	res, err := b.turns(ctx, s)
	if err != nil {
		return nil, err
	}
	return res, b.beside(ctx, res)
}

// turns measures a server and the handler that only decodes in turns.
func (b *eventsBench) turns(ctx context.Context, s *benched) (*eventsResult, error) {
	if _, _, err := s.settle(ctx); err != nil {
		return nil, err
	}
	decoding, stop, err := referenceServer(dropEvents(b.batch))
	if err != nil {
		return nil, err
	}
	defer stop()
	var ours, reference load.Result
	var catchUp, checkpoint time.Duration
	var memory rss
	sources := b.sources()
	before := s.footprint()
	err = b.slices(10*time.Second,
		side{duration: b.duration, run: func(d time.Duration, counts bool) error {
			debug.FreeOSMemory() // what the reference left is not ours
			defer memory.watch()()
			if err := measure(ctx, s.address, sources, d, http.StatusAccepted, counts, &ours); err != nil {
				return err
			}
			cpu := load.CPU()
			stepped, checkpointed, err := s.settle(ctx)
			if counts {
				ours.CPU += load.CPU() - cpu
				catchUp, checkpoint = catchUp+stepped, checkpoint+checkpointed
			}
			return err
		}},
		side{duration: b.duration / 2, run: func(d time.Duration, counts bool) error {
			return measure(ctx, decoding, sources, d, http.StatusAccepted, counts, &reference)
		}})
	if err != nil {
		return nil, err
	}
	after := s.footprint()
	n := len(ours.Took) * b.batch
	spent := (ours.Spent + catchUp).Seconds()
	res := &eventsResult{benchResult: benchResult{EventsPerSecond: float64(n) / spent, Conditions: b.conditions()},
		Events: n, CatchUp: catchUp.Seconds(), Checkpoint: checkpoint.Seconds(),
		PeakMemory: memory.peak, PeakMemoryIs: "largest resident set of the process while our side ran, load generator included (/proc/self/statm every 20 ms)",
		AccountsSubscribed: min(b.accounts, 10_000)}
	res.took(ours)
	logged := float64(after.records - before.records)
	if logged > 0 && after.messages > before.messages {
		res.LogPerEvent = float64(after.log-before.log) / logged
		res.DatabasePerEvent = float64(after.database-before.database) / logged
		res.MessagesPerSecond = float64(n) / spent * float64(after.messages-before.messages) / logged
		res.RecordsPerMessage = logged / float64(after.messages-before.messages)
		res.BytesPerMessage = float64(after.bytes-before.bytes) / float64(after.messages-before.messages)
	}
	res.RequestPerEvent = float64(len(sources[0].Next())) / float64(b.batch)
	ref := float64(len(reference.Took)*b.batch) / reference.Spent.Seconds()
	res.Reference = map[string]any{"name": "net/http handler that decodes the same requests with encoding/json and drops them", "events_per_second": ref}
	res.Ratio = res.EventsPerSecond / ref
	if n > 0 && len(reference.Took) > 0 {
		res.CPUPerEvent = float64(ours.CPU.Nanoseconds()) / 1000 / float64(n)
		referenceCPU := float64(reference.CPU.Nanoseconds()) / 1000 / float64(len(reference.Took)*b.batch)
		res.Reference["cpu_microseconds_per_event"], res.CPURatio = referenceCPU, referenceCPU/res.CPUPerEvent
	}
	return res, nil
}

// footprint is what the server has written.
type footprint struct {
	log, database            int64 // bytes on disk
	messages, records, bytes int64 // of the log
}

func (s *benched) footprint() footprint {
	w := s.writer.Stats()
	log := sizeUnder(filepath.Join(s.dir, "log"))
	return footprint{log: log, database: sizeUnder(s.dir) - log, messages: w.Messages, records: w.Records, bytes: w.Bytes}
}

// rss watches the memory of this process.
type rss struct{ peak int64 }

// watch looks until the returned function is called.
func (r *rss) watch() (stop func()) {
	end := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(20 * time.Millisecond)
		defer t.Stop()
		for {
			r.peak = max(r.peak, resident())
			select {
			case <-t.C:
			case <-end:
				return
			}
		}
	})
	return func() { close(end); wg.Wait() }
}

// resident returns the bytes of this process that are in memory now, 0 where that is not told.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64) // the kernel writes numbers
	return pages * int64(os.Getpagesize())
}

func (b *eventsBench) print(r *eventsResult) error {
	if printed, err := b.document(r); printed {
		return err
	}
	fmt.Printf("%.0f events/s durable, counted once, metered, signals looked for\n", r.EventsPerSecond)
	fmt.Printf("%.0f events/s reference: %s; ratio %.2f\n", r.Reference["events_per_second"], r.Reference["name"], r.Ratio)
	for _, ref := range r.References {
		if why, ok := ref["left_out"]; ok {
			fmt.Printf("left out: %s: %v\n", ref["name"], why)
			continue
		}
		fmt.Printf("%.0f events/s reference: %s; ratio %.2f\n", ref["events_per_second"], ref["name"], ref["ratio"])
	}
	fmt.Printf("202: p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms; %d answers of 429\n", r.P50, r.P99, r.P999, r.Busy)
	fmt.Printf("caught up after %.3f s, checkpointed %.3f s later; peak memory %.0f MiB\n", r.CatchUp, r.Checkpoint, float64(r.PeakMemory)/(1<<20))
	fmt.Printf("an event takes %.0f bytes of log and %.0f of database on disk, %.0f as sent; %.0f log messages/s of %.0f bytes\n",
		r.LogPerEvent, r.DatabasePerEvent, r.RequestPerEvent, r.MessagesPerSecond, r.BytesPerMessage)
	fmt.Printf("CPU time per event %.2f µs, of the reference %.2f µs, load generator included: ratio %.2f\n", r.CPUPerEvent, r.Reference["cpu_microseconds_per_event"], r.CPURatio)
	fmt.Printf("%v\n", r.Conditions)
	return nil
}
