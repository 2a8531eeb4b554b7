package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/bench/load"
)

func benchMomentCommand() *cobra.Command {
	b := momentBench{eventsBench: eventsBench{bench: bench{batch: 100}}}
	c := &cobra.Command{
		Use: "moment", Short: "From an event's 202 to the offer it brings, under a steady load of others", Args: cobra.NoArgs,
		Long: "From the 202 of an event to the answer of POST /v1/decide that shows the offer it brings, as a client sees it,\n" +
			"with the durable record of the decision in it. Each probe posts one event that lifts a fresh account\n" +
			"over 80% of a limit, and then decides: once with Headroom-Position, and for another account without\n" +
			"it, again and again until the offer is there. Beside it the same two calls go to handlers that do nothing.",
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	b.flags(c, 10_000, 30*time.Second)
	c.Flags().Float64Var(&b.rate, "rate", 20_000, "events a `second` of other accounts meanwhile, whatever the answers do")
	c.Flags().Float64Var(&b.probes, "probes", 50, "probes a `second` of each kind")
	return c
}

type momentBench struct {
	eventsBench
	rate, probes float64
}

// momentResult is the document of bench moment. p50_ms, p99_ms and p999_ms are those with
// the position.
type momentResult struct {
	benchResult
	Probes     int             `json:"probes"`
	Polled     map[string]any  `json:"without_position"`
	Background map[string]any  `json:"background"`
	times      [3]*load.Result // with position, polled, reference
}

// probers is how many clients share the probes.
const probers = 8

func (b *momentBench) run(ctx context.Context) error {
	s, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer s.done()
	empty, stop, err := referenceServer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/events" {
			w.WriteHeader(http.StatusAccepted)
		}
	})
	if err != nil {
		return err
	}
	defer stop()
	every := time.Duration(probers / b.probes * float64(time.Second))
	each := int(b.duration/every) + 1
	if err := s.subscribe(ctx, b.accounts, b.accounts+probers*each*2); err != nil { // the probes' own
		return err
	}
	if _, _, err := s.settle(ctx); err != nil {
		return err
	}
	sources := b.sources()
	if _, err := load.Pace(ctx, s.address, sources, b.warmUp, http.StatusAccepted, b.rate/float64(b.batch)); err != nil {
		return err
	}
	res := momentResult{benchResult: benchResult{Conditions: b.conditions()}, times: [3]*load.Result{{}, {}, {}}}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stopProfile, err := b.profiled()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var background load.Result
	wg.Go(func() {
		var err error
		if background, err = load.Pace(ctx, s.address, sources, b.duration, http.StatusAccepted, b.rate/float64(b.batch)); err != nil {
			cancel(err)
		}
	})
	began := time.Now()
	for i := range probers {
		wg.Go(func() {
			p := prober{address: s.address, empty: empty, first: b.accounts + i*each*2}
			took, err := p.run(ctx, began.Add(every*time.Duration(i)/probers), began.Add(b.duration), every, each)
			if err != nil {
				cancel(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for k := range took {
				res.times[k].Took = append(res.times[k].Took, took[k]...)
			}
		})
	}
	wg.Wait()
	stopProfile()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	quantiles := func(r *load.Result) map[string]any {
		return map[string]any{"p50_ms": r.Quantile(0.5), "p99_ms": r.Quantile(0.99), "p999_ms": r.Quantile(0.999)}
	}
	res.took(*res.times[0])
	res.Probes, res.Polled, res.Reference = len(res.times[0].Took), quantiles(res.times[1]), quantiles(res.times[2])
	res.Reference["name"] = "the same two calls to handlers that do nothing, under the same load"
	if ours := res.times[0].Quantile(0.99); ours > 0 {
		res.Ratio = res.times[2].Quantile(0.99) / ours
	}
	res.EventsPerSecond = float64(len(background.Took)*b.batch) / background.Spent.Seconds()
	res.Background = quantiles(&background)
	res.Background["events_per_second"], res.Background["answers_429"] = res.EventsPerSecond, background.Busy
	return b.print(&res)
}

// prober posts events that bring an offer, and asks for it.
type prober struct {
	address, empty string
	first          int // its first fresh account
}

// run probes from a time on, until another or for so many rounds.
func (p *prober) run(ctx context.Context, from, until time.Time, every time.Duration, rounds int) (took [3][]time.Duration, err error) {
	ours, err := load.Dial(ctx, p.address)
	if err != nil {
		return took, err
	}
	defer ours.Close()
	empty, err := load.Dial(ctx, p.empty)
	if err != nil {
		return took, err
	}
	defer empty.Close()
	for i := range rounds {
		due := from.Add(every * time.Duration(i))
		if !due.Before(until) {
			break
		}
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return took, ctx.Err()
		}
		for k, one := range []struct {
			conn     *load.Conn
			account  int
			position bool
		}{{ours, p.first + 2*i, true}, {ours, p.first + 2*i + 1, false}, {empty, p.first + 2*i, true}} {
			d, err := moment(one.conn, load.AccountKey(one.account), one.position, one.conn == ours)
			if err != nil {
				return took, err
			}
			took[k] = append(took[k], d)
		}
	}
	return took, nil
}

// moment posts an event that brings the account an offer and returns how long after its 202
// the offer was decided.
func moment(c *load.Conn, account string, position, real bool) (time.Duration, error) {
	event := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"bench","type":"mail.sent","subject":%q,"data":{"user":"prober","count":330}}`, uuid.NewString(), account)
	a, err := c.Do(load.Request("/v1/events", benchKey, event))
	for err == nil && a.Status == http.StatusTooManyRequests {
		time.Sleep(max(a.RetryAfter, time.Millisecond))
		a, err = c.Do(load.Request("/v1/events", benchKey, event))
	}
	began := time.Now()
	if err != nil || a.Status != http.StatusAccepted {
		return 0, errors.Join(err, fmt.Errorf("the event was answered with %d: %.300s", a.Status, a.Body))
	}
	var accepted struct{ Position string }
	if real {
		if err := json.Unmarshal(a.Body, &accepted); err != nil {
			return 0, err
		}
	}
	var headers []string
	if position {
		headers = []string{"Headroom-Position: " + accepted.Position}
	}
	request := load.Request("/v1/decide", benchKey, fmt.Sprintf(`{"account":%q,"user":"prober","placement":"usage"}`, account), headers...)
	for {
		a, err := c.Do(request)
		took := time.Since(began)
		switch {
		case err != nil || a.Status != http.StatusOK:
			return 0, errors.Join(err, fmt.Errorf("the decision was answered with %d: %.300s", a.Status, a.Body))
		case !real || bytes.Contains(a.Body, []byte(`"status":"show"`)):
			return took, nil
		case position || took > 10*time.Second:
			return 0, fmt.Errorf("the offer for %s was not there: %.600s", account, a.Body)
		}
		time.Sleep(time.Millisecond)
	}
}

func (b *momentBench) print(r *momentResult) error {
	if printed, err := b.document(r); printed {
		return err
	}
	line := func(name string, q map[string]any) {
		fmt.Printf("%-34s p50 %8.2f ms, p99 %8.2f ms, p99.9 %8.2f ms\n", name, q["p50_ms"], q["p99_ms"], q["p999_ms"])
	}
	fmt.Printf("%d probes of each kind beside %.0f events/s of other accounts\n", r.Probes, r.EventsPerSecond)
	line("202 to offer, with the position", map[string]any{"p50_ms": r.P50, "p99_ms": r.P99, "p999_ms": r.P999})
	line("202 to offer, asked every ms", r.Polled)
	line("reference: empty handlers", r.Reference)
	line("202 of the others, from when due", r.Background)
	fmt.Printf("ratio %.2f (reference to ours, p99)\n%v\n", r.Ratio, r.Conditions)
	return nil
}
