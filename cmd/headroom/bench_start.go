package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/bench/load"
)

func benchStartCommand() *cobra.Command {
	b := startBench{eventsBench: eventsBench{bench: bench{batch: 500}}}
	c := &cobra.Command{
		Use: "start", Short: "How long a server with that many accounts takes to start", Args: cobra.NoArgs,
		Long: "From the start of a server on the data of an earlier one until it is ready and has answered a check of an\n" +
			"account. Every account has had ten events. Beside it the same on an empty directory.",
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	b.places(c)
	c.Flags().IntVar(&b.accounts, "accounts", 100_000, "`number` of accounts")
	b.clients, b.catalog = 16, benchCatalog // who fills the log before
	return c
}

type startBench struct{ eventsBench }

// startResult is the document of bench start.
type startResult struct {
	benchResult
	Seconds float64 `json:"seconds"`
}

func (b *startBench) run(ctx context.Context) error {
	s, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer s.done()
	for range 10 {
		if err := b.visit(ctx, s); err != nil {
			return err
		}
	}
	if _, _, err := s.settle(ctx); err != nil {
		return err
	}
	s.close() // done closes it again, which does nothing, and removes the data
	ours, err := b.timed(ctx, s.dir)
	if err != nil {
		return err
	}
	empty, err := os.MkdirTemp(b.dir, "headroom-bench-empty-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(empty) }()
	reference, err := b.timed(ctx, empty)
	if err != nil {
		return err
	}
	res := startResult{benchResult: benchResult{Conditions: b.conditions(), Ratio: reference / ours,
		Reference: map[string]any{"name": "the same on an empty directory", "seconds": reference}}, Seconds: ours}
	if printed, err := b.document(res); printed || err != nil {
		return err
	}
	fmt.Printf("%.3f s to start with %d accounts\n%.3f s reference: %s\n%v\n", ours, b.accounts, reference, res.Reference["name"], res.Conditions)
	return nil
}

// timed starts a server on the data and stops it. Seconds until it is ready and has
// answered.
func (b *startBench) timed(ctx context.Context, dir string) (float64, error) {
	began := time.Now()
	s, err := start(ctx, b.serverOptions(dir))
	if err != nil {
		return 0, err
	}
	defer s.close()
	c, err := load.Dial(ctx, s.listener.Addr().String())
	if err != nil {
		return 0, err
	}
	defer c.Close()
	for {
		a, err := c.Do([]byte("GET /readyz HTTP/1.1\r\nHost: bench\r\n\r\n"))
		if err != nil {
			return 0, err
		}
		if a.Status == http.StatusOK {
			break
		}
		if time.Since(began) > time.Minute {
			return 0, fmt.Errorf("the server is not ready after a minute: %.300s", a.Body)
		}
		time.Sleep(time.Millisecond)
	}
	// The feature is known where there is a catalog only; an answer it is in both cases.
	_, err = c.Do(load.Request("/v1/check", benchKey, fmt.Sprintf(`{"account":%q,"user":"u","feature":"seats"}`, load.AccountKey(0))))
	return time.Since(began).Seconds(), err
}
