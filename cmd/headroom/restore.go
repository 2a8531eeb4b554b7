package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// restoreCommand returns `headroom restore`.
func restoreCommand() *cobra.Command {
	var o restoreOptions
	c := &cobra.Command{
		Use:   "restore DIR --data NEW",
		Short: "Restore a backup into an empty place",
		Long: "Restore a backup's log and tables into an empty place: a new data directory, and with --database and --nats a\n" +
			"new database and a NATS server or account without headroom's stream. All files are checked before anything is\n" +
			"written. The engines need not be those the backup came from. The server that was backed up must not go on.",
		Example: "  headroom restore /var/backups/headroom --data ./headroom-data\n" +
			"  headroom restore /var/backups/headroom --database postgres://user@host/new --nats nats://host:4222",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.data, "data", "", "new data `directory`")
	f.StringVar(&o.database, "database", "", "postgres:// `URL` of an empty database; SQLite in the data directory when left out")
	f.StringVar(&o.nats, "nats", "", "nats:// `URL` of a server without headroom's stream; embedded when left out")
	f.IntVar(&o.replicas, "replicas", 1, "copies of the log in a cluster")
	f.StringVar(&o.output, "output", "text", "text or json")
	return c
}

type restoreOptions struct {
	place
	replicas int
	output   string
}

func (o *restoreOptions) run(ctx context.Context, dir string, out, errs io.Writer) error {
	progress := func(stage string, done, total int64) { showStage(errs, stage, done, total) }
	m, err := backup.Verify(ctx, dir, progress)
	if err != nil {
		return err
	}
	if o.data != "" {
		if err := backup.MarkPlace(o.data); err != nil {
			return err
		}
	}
	d, err := o.openDatabase(ctx)
	if err != nil {
		o.unmark()
		return err
	}
	defer d.Close()
	r, err := backup.Restore(ctx, dir, m, store.New(d), func(first uint64) (*eventlog.Log, error) {
		return eventlog.Open(ctx, eventlog.Options{Dir: filepath.Join(o.data, "log"), URL: o.nats, Replicas: o.replicas, First: first,
			Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	}, progress)
	progressLine(errs, "")
	switch code := fault.CodeOf(err); {
	case err == nil && o.data != "":
		err = backup.UnmarkPlace(o.data)
	case code == "restore_not_empty" || code == "backup_other_schema": // and nothing was written
		o.unmark()
	}
	if err != nil {
		return err
	}
	if o.output == "json" {
		return printJSON(out, map[string]any{"stream": r.Stream, "first": r.First, "last": r.Last, "rows": r.Rows, "taken_at": m.TakenAt})
	}
	fmt.Fprintf(out, "restored the backup of %s: log positions %d to %d, %d rows. Start it with\n  headroom serve", m.TakenAt, r.First, r.Last, r.Rows)
	for _, f := range []struct{ flag, value string }{{"--data", o.data}, {"--database", redacted(o.database)}, {"--nats", redacted(o.nats)}} {
		if f.value != "" {
			fmt.Fprintf(out, " %s %s", f.flag, f.value)
		}
	}
	fmt.Fprintln(out)
	return nil
}

// unmark leaves the data directory as one in which nothing was begun.
func (o *restoreOptions) unmark() {
	if o.data != "" {
		_ = backup.UnmarkPlace(o.data) // what went wrong before is what is told
		_ = os.Remove(o.data)          // unless there is something in it
	}
}

// redacted is as much of a URL as may be shown.
func redacted(url string) string {
	if url == "" {
		return ""
	}
	return scheme(url)
}
