package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/console"
)

// serveCommand returns `headroom serve`.
func serveCommand() *cobra.Command {
	var o serverOptions
	var verbose bool
	var keepLog string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Example: "  headroom serve --data ./data\n" +
			"  headroom serve --data ./data --database postgres://user@host/headroom --nats nats://host:4222",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			o.secretKey, o.password = os.Getenv("HEADROOM_SECRET_KEY"), os.Getenv("HEADROOM_ADMIN_PASSWORD")
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			o.logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
			if o.keepLog, err = parseKeep(keepLog); err != nil {
				return err
			}
			if o.backups != "" {
				if o.backups, err = filepath.Abs(o.backups); err != nil {
					return err
				}
			}
			if err := o.checkFlags(); err != nil {
				return err
			}
			s, err := start(cmd.Context(), o)
			if err != nil {
				return err
			}
			defer s.close()
			go s.api.Warm(cmd.Context())
			s.greet(os.Stdout)
			asked := 0
			if cmd.Flags().Changed("partitions") {
				asked = o.partitions
			}
			for _, line := range s.warnings(asked) {
				o.logger.Warn(line)
			}
			if !console.Built() {
				fmt.Println("this binary holds no console; `make build` builds one that does")
			}
			broken := make(chan error, 1)
			go func() { broken <- s.log.Broken(cmd.Context()) }()
			select {
			case <-cmd.Context().Done():
				return nil
			case err := <-s.runner.Failed():
				return err
			case err := <-broken:
				return err // whoever supervises us starts us again
			}
		},
	}
	f := c.Flags()
	f.StringVar(&o.data, "data", "./headroom-data", "data `directory`: one company in one environment")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`address` to answer on; a port alone is this machine's own")
	f.StringVar(&o.advertise, "advertise", "", "`URL` at which other nodes reach this one (default: from --listen)")
	f.StringVar(&o.database, "database", "", "postgres:// `URL`; SQLite in the data directory when left out")
	f.StringVar(&o.nats, "nats", "", "nats:// `URL` of a JetStream server or cluster; embedded when left out")
	f.IntVar(&o.replicas, "replicas", 1, "copies of the log in a cluster, fixed at first start")
	f.StringVar(&o.metrics, "metrics", "", "`address` for Prometheus metrics and Go profiles, such as 127.0.0.1:9090; a port alone is this machine's own (default: none)")
	f.StringVar(&o.traces, "traces", "", "`URL` of an OTLP/HTTP receiver of traces, such as http://127.0.0.1:4318 (default: OTEL_EXPORTER_OTLP_ENDPOINT, otherwise none)")
	f.IntVar(&o.every, "traces-every", 1000, "trace one request in so `many`; those whose caller traces them are always")
	f.StringVar(&o.testClock, "test-clock", "", "a sandbox whose time stands at this `time` until POST /v1/clock/advance moves it")
	f.IntVar(&o.partitions, "partitions", 16, "`number` of partitions, fixed at first start")
	f.IntVar(&o.memory, "memory", 1024, "`MiB` of memory for accounts; those that do not fit are read from the database when an event comes")
	f.DurationVar(&o.maxLag, "max-lag", 30*time.Second, "how far behind the log a partition may be before events for it are answered with 429")
	f.StringSliceVar(&o.origins, "origin", nil, "`origin` such as https://app.example.com whose pages may make every call with their key; others only what publishable keys may do")
	f.StringSliceVar(&o.proxies, "proxy", nil, "`address` or CIDR prefix of a proxy in front, whose X-Forwarded-For is believed")
	f.IntVar(&o.browser, "browser-events", 0, "`events` a second that one address may send with a publishable key in the long run, ten times as many at once (default 100)")
	f.StringVar(&keepLog, "keep-log", "", "how long the log is kept, such as 400d (default: for ever); never shorter than what checkpoints and --backups need")
	f.StringVar(&o.backups, "backups", "", "`folder` below which backups may be taken; the log is not trimmed past the newest one in it")
	f.BoolVar(&verbose, "verbose", false, "log more")
	return c
}
