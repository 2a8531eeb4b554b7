package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/bench/load"
)

func benchStreamCommand() *cobra.Command {
	b := streamBench{momentBench: momentBench{eventsBench: eventsBench{bench: bench{batch: 100}}}}
	c := &cobra.Command{
		Use: "stream", Short: "From an event's 202 to the change it makes on a stream of entitlements, under a steady load of others", Args: cobra.NoArgs,
		Long: "Each of eight readers follows a hundred accounts of its own on one stream and sends them events, one at a time.\n" +
			"Measured is the time from the 202 of an event, and from its sending, to the change on the stream.",
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	b.flags(c, 10_000, 30*time.Second)
	c.Flags().Float64Var(&b.rate, "rate", 20_000, "events a `second` of other accounts meanwhile, whatever the answers do")
	c.Flags().Float64Var(&b.probes, "probes", 50, "probes a `second`")
	return c
}

type streamBench struct{ momentBench }

// streamResult is the document of bench stream. p50_ms, p99_ms and p999_ms are from the 202.
type streamResult struct {
	benchResult
	Probes int            `json:"probes"`
	Sent   map[string]any `json:"from_sending"`
}

// followedEach is how many accounts one stream of the measurement follows.
const followedEach = 100

func (b *streamBench) run(ctx context.Context) error {
	s, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer s.done()
	if err := s.subscribe(ctx, b.accounts, b.accounts+probers*followedEach); err != nil {
		return err
	}
	if _, _, err := s.settle(ctx); err != nil {
		return err
	}
	sources := b.sources()
	if _, err := load.Pace(ctx, s.address, sources, b.warmUp, http.StatusAccepted, b.rate/float64(b.batch)); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var background, accepted, fromAccepted, fromSending load.Result
	stopProfile, err := b.profiled()
	if err != nil {
		return err
	}
	wg.Go(func() {
		var err error
		if background, err = load.Pace(ctx, s.address, sources, b.duration, http.StatusAccepted, b.rate/float64(b.batch)); err != nil {
			cancel(err)
		}
	})
	every := time.Duration(probers / b.probes * float64(time.Second))
	began := time.Now()
	for i := range probers {
		wg.Go(func() {
			f := follower{address: s.address, first: b.accounts + i*followedEach}
			if err := f.run(ctx, began.Add(every*time.Duration(i)/probers), began.Add(b.duration), every); err != nil {
				cancel(err)
			}
			mu.Lock()
			defer mu.Unlock()
			accepted.Took = append(accepted.Took, f.accepted...)
			fromAccepted.Took = append(fromAccepted.Took, f.fromAccepted...)
			fromSending.Took = append(fromSending.Took, f.fromSending...)
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
	res := streamResult{Probes: len(fromAccepted.Took), Sent: quantiles(&fromSending)}
	res.Conditions = b.conditions()
	res.took(fromAccepted)
	res.Reference = quantiles(&accepted)
	res.Reference["name"] = "the 202 of the same events, from their sending"
	if ours := fromSending.Quantile(0.99); ours > 0 {
		res.Ratio = accepted.Quantile(0.99) / ours
	}
	res.EventsPerSecond = float64(len(background.Took)*b.batch) / background.Spent.Seconds()
	if printed, err := b.document(res); printed {
		return err
	}
	fmt.Printf("%d probes beside %.0f events/s of other accounts\n", res.Probes, res.EventsPerSecond)
	for _, line := range []struct {
		name string
		r    *load.Result
	}{{"202 to change on the stream", &fromAccepted}, {"sending to change on the stream", &fromSending}, {"reference: sending to 202", &accepted}} {
		fmt.Printf("%-34s p50 %8.2f ms, p99 %8.2f ms, p99.9 %8.2f ms\n", line.name, line.r.Quantile(0.5), line.r.Quantile(0.99), line.r.Quantile(0.999))
	}
	fmt.Printf("ratio %.2f (reference to ours from sending, p99)\n%v\n", res.Ratio, res.Conditions)
	return nil
}

// follower reads a stream of its accounts and sends events for them.
type follower struct {
	address                             string
	first                               int
	accepted, fromAccepted, fromSending []time.Duration
}

// heardChange is a change of an account on the stream.
type heardChange struct {
	account string
	at      time.Time
}

// run probes from a time on until another.
func (f *follower) run(ctx context.Context, from, until time.Time, every time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changes, err := f.listen(ctx)
	if err != nil {
		return err
	}
	c, err := load.Dial(ctx, f.address)
	if err != nil {
		return err
	}
	defer c.Close()
	for i := 0; ; i++ {
		due := from.Add(every * time.Duration(i))
		if !due.Before(until) {
			return nil
		}
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return ctx.Err()
		}
		account := load.AccountKey(f.first + i%followedEach)
		event := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"bench","type":"mail.sent","subject":%q,"data":{"user":"prober","count":1}}`, uuid.NewString(), account)
		sent := time.Now()
		a, err := c.Do(load.Request("/v1/events", benchKey, event))
		accepted := time.Now()
		if err != nil || a.Status != http.StatusAccepted {
			return errors.Join(err, fmt.Errorf("the event was answered with %d: %.300s", a.Status, a.Body))
		}
		for heard := ""; heard != account; {
			select {
			case ch, ok := <-changes:
				if !ok {
					return fmt.Errorf("the stream ended")
				}
				if heard = ch.account; heard == account {
					f.accepted = append(f.accepted, accepted.Sub(sent))
					f.fromAccepted = append(f.fromAccepted, max(0, ch.at.Sub(accepted))) // it may come first
					f.fromSending = append(f.fromSending, ch.at.Sub(sent))
				}
			case <-time.After(10 * time.Second):
				return fmt.Errorf("the change of %s did not come", account)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// listen opens the stream, reads its first sets and returns the changes after them.
func (f *follower) listen(ctx context.Context) (<-chan heardChange, error) {
	var query strings.Builder
	for i := range followedEach {
		query.WriteString("&account=" + load.AccountKey(f.first+i))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.address+"/v1/entitlements/stream?"+query.String()[1:], nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+benchKey)
	resp, err := http.DefaultClient.Do(req) //nolint:bodyclose // by whoever reads it
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("the stream was answered with %s", resp.Status)
	}
	changes, begun := make(chan heardChange, followedEach), make(chan struct{})
	go func() {
		defer close(changes)
		defer func() { _ = resp.Body.Close() }()
		lines, sets, change := bufio.NewScanner(resp.Body), 0, false
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			line := lines.Text()
			switch {
			case line == "event: entitlements":
				if sets++; sets == followedEach {
					close(begun)
				}
			case line == "event: change":
				change = true
			case change && strings.HasPrefix(line, `data: {"account":"`):
				at := time.Now()
				account, _, _ := strings.Cut(line[len(`data: {"account":"`):], `"`)
				change = false
				select {
				case changes <- heardChange{account, at}:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	select {
	case <-begun:
		return changes, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(30 * time.Second):
		return nil, fmt.Errorf("the first sets did not come")
	}
}
