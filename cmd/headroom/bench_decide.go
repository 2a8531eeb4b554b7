package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/bench/load"
	"github.com/headroomhq/headroom/internal/fault"
)

func benchDecideCommand() *cobra.Command {
	b := decideBench{}
	c := &cobra.Command{
		Use: "decide", Short: "POST /v1/decide at a steady rate, beside a handler that answers nothing", Args: cobra.NoArgs,
		Long: "Decisions for accounts in turn, each for another person, at a placement with many offers. For one account\n" +
			"in --every a signal is alive, so that an offer is shown: that claims the person's budget of contacts and\n" +
			"records the decision, both durable before the answer. For all others the answer is that there is nothing\n" +
			"to show, with every offer and why not. Times count from when a request was due.",
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	b.flags(c, 100_000, 20*time.Second)
	c.Flags().Float64Var(&b.rate, "rate", 2_000, "decisions a `second`, whatever the answers do")
	c.Flags().IntVar(&b.offers, "offers", 200, "`number` of offers")
	c.Flags().IntVar(&b.places, "placements", 1, "`number` of placements that share them")
	c.Flags().IntVar(&b.every, "every", 20, "an offer is shown for one account in so `many`")
	return c
}

// decideBench measures decisions.
type decideBench struct {
	bench
	rate                  float64
	offers, places, every int
}

// decideResult is its document.
type decideResult struct {
	benchResult
	ReferenceP99 float64 `json:"reference_p99_ms"`
	SetUp        float64 `json:"set_up_seconds"`   // from nothing to all accounts with a subscription, and a signal where one is alive
	CPU          float64 `json:"cpu_microseconds"` // of a decision, in microseconds, load generator included
}

// written is the catalog: the offers react to a signal each, and all of them to one that fires
// with the first build of an account.
func (b *decideBench) written() string {
	var s strings.Builder
	at := strings.LastIndex(benchCatalog, "signals:")
	s.WriteString(benchCatalog[:at])
	s.WriteString("addons:\n")
	for i := range b.offers {
		fmt.Fprintf(&s, "  add%d: {title: Addon %d, price: {month: \"%d\"}, entitlements: {seats: %d}}\n", i, i, 5+i%50, 10+i)
	}
	s.WriteString("signals:\n  built: {when: {event: build.done, nth: 1}, type: upsell}\n")
	for i := range b.offers {
		fmt.Fprintf(&s, "  s%d: {when: {event: done.%d, nth: 1}, type: upsell}\n", i, i)
	}
	s.WriteString("offers:\n")
	for i := range b.offers {
		on := fmt.Sprintf("s%d", i)
		if i/b.places == 0 {
			on += ", built"
		}
		fmt.Fprintf(&s, "  o%d: {on: [%s], give: {addon: add%d}, at: [place%d], kind: contextual, for: \"account.status == 'active'\", "+
			"content: {title: \"Room for {limit_next, plural, one {# seat} other {# seats}}\", body: \"You use {usage} of {limit}. {plan_next} is {price}.\", action: Add}}\n", i, on, i, i%b.places)
	}
	return s.String()
}

// fire lets the signal fire for one account in every.
func (b *decideBench) fire(ctx context.Context, s *benched) error {
	c, err := load.Dial(ctx, s.address)
	if err != nil {
		return err
	}
	defer c.Close()
	var batch []string
	send := func() error {
		a, err := c.Do(load.Request("/v1/events", benchKey, "["+strings.Join(batch, ",")+"]", "Content-Type: application/cloudevents-batch+json"))
		if err == nil && a.Status != http.StatusAccepted {
			err = fmt.Errorf("events were answered with %d: %.300s", a.Status, a.Body)
		}
		batch = batch[:0]
		return err
	}
	for i := 0; i < b.accounts; i += b.every {
		batch = append(batch, fmt.Sprintf(`{"specversion":"1.0","id":"built-%d","source":"bench","type":"build.done","subject":%q}`, i, load.AccountKey(i)))
		if len(batch) == 500 {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return send()
}

// sources ask for all accounts in turn, each time for another person and at the next placement.
func (b *decideBench) sources() []load.Source {
	sources := make([]load.Source, b.clients)
	for i := range sources {
		n := i
		sources[i] = load.Each(func() []byte {
			body := fmt.Sprintf(`{"account":%q,"user":"user-%09d","placement":"place%d"}`, load.AccountKey(n%b.accounts), n, n%b.places)
			n += b.clients
			return load.Request("/v1/decide", benchKey, body)
		})
	}
	return sources
}

func (b *decideBench) run(ctx context.Context) error {
	if b.offers < 1 || b.places < 1 || b.offers < b.places || b.every < 1 || b.rate <= 0 {
		return fault.New(fault.Invalid, "flag_out_of_range", "--offers, --placements, --every and --rate must be above 0, and there must be an offer for each placement").
			WithMend("leave them out for 200 offers at one placement")
	}
	b.catalog, b.adopts = b.written(), true
	began := time.Now()
	s, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer s.done()
	if err := b.fire(ctx, s); err != nil {
		return err
	}
	if _, _, err := s.settle(ctx); err != nil {
		return err
	}
	setUp := time.Since(began)
	empty, stop, err := referenceServer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	if err != nil {
		return err
	}
	defer stop()
	var ours, reference load.Result
	sources := b.sources()
	pace := func(address string, all *load.Result) func(time.Duration, bool) error {
		return func(d time.Duration, counts bool) error {
			r, err := load.Pace(ctx, address, sources, d, http.StatusOK, b.rate)
			if counts {
				all.Add(r)
			}
			return err
		}
	}
	err = b.slices(2*time.Second, side{duration: b.duration, run: pace(s.address, &ours)}, side{duration: b.duration / 2, run: pace(empty, &reference)})
	if err != nil {
		return err
	}
	res := decideResult{ReferenceP99: reference.Quantile(0.99), SetUp: setUp.Seconds()}
	res.RequestsPerSecond, res.Conditions = float64(len(ours.Took))/ours.Spent.Seconds(), b.conditions()
	res.Conditions["rate"], res.Conditions["offers"], res.Conditions["placements"], res.Conditions["every"] = b.rate, b.offers, b.places, b.every
	res.took(ours)
	res.CPU = float64(ours.CPU.Microseconds()) / float64(max(len(ours.Took), 1))
	ref := float64(len(reference.Took)) / reference.Spent.Seconds()
	res.Reference = map[string]any{"name": "empty net/http handler, same requests, clients and rate", "requests_per_second": ref,
		"p50_ms": reference.Quantile(0.5), "p99_ms": res.ReferenceP99}
	res.Ratio = res.RequestsPerSecond / ref
	if printed, err := b.document(res); printed {
		return err
	}
	fmt.Printf("%.0f decisions/s of %.0f asked for: p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms; %.0f us of CPU each; set up in %.1f s\n", res.RequestsPerSecond, b.rate, res.P50, res.P99, res.P999, res.CPU, res.SetUp)
	fmt.Printf("reference, %s: p50 %.2f ms, p99 %.2f ms\n%v\n", res.Reference["name"], reference.Quantile(0.5), res.ReferenceP99, res.Conditions)
	return nil
}
