package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/replay"
	"github.com/headroomhq/headroom/internal/store"
)

// place is where a company's log and tables are, without a server around them.
type place struct {
	data, database, nats string
}

// flags adds the place's flags to a command.
func (p *place) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&p.data, "data", "", "data `directory` of a stopped server")
	f.StringVar(&p.database, "database", "", "postgres:// `URL`, as of serve")
	f.StringVar(&p.nats, "nats", "", "nats:// `URL`, as of serve")
}

// given says whether any part of it was named.
func (p *place) given() bool { return p.data != "" || p.database != "" || p.nats != "" }

// openDatabase opens the tables.
func (p *place) openDatabase(ctx context.Context) (*db.DB, error) {
	target := p.data
	if p.database != "" {
		if target = p.database; !db.IsURL(target) {
			return nil, fault.New(fault.Invalid, "database_url_invalid", "--database %q is no PostgreSQL URL", scheme(target)).
				WithMend("write it as postgres://user:password@host:5432/database")
		}
	}
	if target == "" || p.nats == "" && p.data == "" {
		return nil, fault.New(fault.Invalid, "data_missing", "--data is missing").
			WithMend("name the data directory; only with both --database and --nats there is none")
	}
	return db.Open(ctx, target)
}

// open opens a company that is there already. instead says what else can be done while a
// server has it.
func (p *place) open(ctx context.Context, instead string) (*store.Store, *eventlog.Log, func(), error) {
	if p.database == "" && p.data != "" {
		if _, err := os.Stat(filepath.Join(p.data, db.FileName)); err != nil {
			return nil, nil, nil, fault.New(fault.NotFound, "data_missing", "there is no company's data in %s", p.data).
				WithMend("name the directory that the server was started with")
		}
	}
	if p.data != "" {
		if err := backup.PlaceUnfinished(p.data); err != nil {
			return nil, nil, nil, err
		}
	}
	d, err := p.openDatabase(ctx)
	var locked *fault.Error
	if errors.As(err, &locked) && locked.Code == "data_in_use" {
		err = fault.New(fault.Unavailable, "data_in_use", "%s", locked.Message).WithMend("stop that server; or %s", instead)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	st := store.New(d)
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err = st.Restoring(ctx); err == nil {
		err = st.FillNext(ctx)
	}
	var l *eventlog.Log
	if err == nil {
		l, err = eventlog.Open(ctx, eventlog.Options{Dir: filepath.Join(p.data, "log"), URL: p.nats, Logger: quiet})
	}
	if err != nil {
		_ = d.Close()
		return nil, nil, nil, err
	}
	return st, l, func() { _ = l.Close(); _ = d.Close() }, nil
}

// replayCommand returns `headroom replay`.
func replayCommand() *cobra.Command {
	var o replayOptions
	c := &cobra.Command{
		Use:   "replay",
		Short: "Rebuild all state from the log and compare it with what the database holds",
		Long: "Rebuild all state from the log's first record, by the code that runs live, and compare it with the database:\n" +
			"accounts, what was counted once, answers, ledger, signals, opportunities and every other list. Nothing is written.\n" +
			"Ends with status 1 when there is a difference.",
		Example: "  headroom replay --data ./headroom-data\n" +
			"  headroom replay --database postgres://user@host/headroom --nats nats://host:4222\n" +
			"  headroom replay --backup /var/backups/headroom\n" +
			"  headroom replay --data ./headroom-data --account acme --at 2026-03-01T00:00:00Z",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&o.backup, "backup", "", "replay this backup's `folder` instead")
	f.StringVar(&o.from, "from-backup", "", "begin from the tables of this older backup's `folder`: the log was trimmed")
	f.StringVar(&o.account, "account", "", "print this account's state by the log instead of comparing; `key`")
	f.StringVar(&o.at, "at", "", "with --account: as of this log position or `time` (default: the checkpoint)")
	f.StringVar(&o.output, "output", "text", "text or json")
	return c
}

// defaultData is where serve keeps its data when not told otherwise.
const defaultData = "./headroom-data"

type replayOptions struct {
	place
	backup, from, account, at, output string
}

func (o *replayOptions) run(ctx context.Context, out, errs io.Writer) error {
	if o.backup != "" && o.given() {
		return fault.New(fault.Invalid, "flags_exclusive", "--backup and --data, --database, --nats are two places").WithMend("name one")
	}
	if o.at != "" && o.account == "" {
		return fault.New(fault.Invalid, "at_invalid", "--at %q is given without --account", fault.Shorten(o.at)).
			WithMend("add --account KEY to see how an account stood then, or leave --at out: a comparison is with the checkpoints that are there")
	}
	source, done, err := o.source(ctx)
	if err != nil {
		return err
	}
	defer done()
	if o.from != "" {
		m, err := backup.ReadManifest(o.from)
		if err != nil {
			return err
		}
		source.Base = func(ctx context.Context, visit backup.RowVisitor) error { return m.EachRow(ctx, o.from, visit) }
	}
	if o.account != "" {
		return o.show(ctx, out, source)
	}
	report, err := replay.Run(ctx, source, replay.Options{Progress: func(done, total uint64) {
		progressLine(errs, "replaying the log: %d of %d positions", done, total)
	}})
	progressLine(errs, "")
	if err != nil {
		return err
	}
	if o.output == "json" {
		err = printJSON(out, report)
	} else {
		printReplay(out, report)
	}
	if err != nil {
		return err
	}
	return report.Err()
}

// source opens what is replayed.
func (o *replayOptions) source(ctx context.Context) (replay.Source, func(), error) {
	if o.backup != "" {
		s, err := replay.Backup(o.backup)
		return s, func() {}, err
	}
	if !o.given() {
		o.data = defaultData
	}
	st, l, closed, err := o.open(ctx, "let it take a backup (`headroom backup DIR`) and use that (`headroom replay --backup DIR`)")
	if err != nil {
		return replay.Source{}, nil, err
	}
	s, done, err := replay.Live(ctx, st, l)
	if err != nil {
		closed()
		return s, nil, err
	}
	return s, func() { done(); closed() }, nil
}

// show prints an account as the log says it stood.
func (o *replayOptions) show(ctx context.Context, out io.Writer, source replay.Source) error {
	var position uint64
	var at clock.Time
	if o.at != "" {
		digits := o.at[strings.LastIndexByte(o.at, '-')+1:] // of a position token, or a bare number
		if n, err := strconv.ParseUint(digits, 10, 64); err == nil && !strings.ContainsAny(o.at, ":") && strings.Count(o.at, "-") < 2 {
			position = n
		} else if at, err = clock.Parse(o.at); err != nil {
			return fault.New(fault.Invalid, "at_invalid", "--at %q is neither a log position nor a time", fault.Shorten(o.at)).
				WithMend("write a number, or a time such as 2026-03-01T00:00:00Z")
		}
	}
	a, err := replay.Account(ctx, source, o.account, position, at)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return printJSON(out, a)
	}
	if !a.Exists {
		return fault.New(fault.NotFound, "account_not_found", "there is no account %q at position %d", fault.Shorten(o.account), a.Position).
			WithMend("check the key; before its first record an account does not exist")
	}
	fmt.Fprintf(out, "%s at position %d, %s, catalog %s\n", a.Account, a.Position, a.Now, a.Catalog)
	for _, f := range a.State {
		fmt.Fprintf(out, "  %-40s %s\n", f.Path, f.Value)
	}
	return nil
}

func printReplay(out io.Writer, r *replay.Report) {
	rate := ""
	if r.Seconds > 0.05 {
		rate = fmt.Sprintf(", %.0f a second", float64(r.Records)/r.Seconds)
	}
	fmt.Fprintf(out, "%d records of positions %d to %d replayed in %.1f s%s\n", r.Records, r.First, r.Last, r.Seconds, rate)
	if r.LogLast > r.Last {
		fmt.Fprintf(out, "positions %d to %d lie after the last checkpoint: the next start steps them again\n", r.Last+1, r.LogLast)
	}
	fmt.Fprintf(out, "%d accounts and %d rows compared: ", r.Accounts, r.Rows)
	if r.Different == 0 {
		fmt.Fprintln(out, "no difference")
		return
	}
	fmt.Fprintf(out, "%d differences\n", r.Different)
	for _, d := range r.Differences {
		fmt.Fprintln(out, "  "+d.String())
	}
	if more := r.Different - int64(len(r.Differences)); more > 0 {
		fmt.Fprintf(out, "  and %d more\n", more)
	}
}

func printJSON(out io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, string(text))
	return err
}

// progressLine writes over the line before, on a terminal only; an empty one clears it.
func progressLine(errs io.Writer, format string, args ...any) {
	f, ok := errs.(*os.File)
	if !ok {
		return
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	fmt.Fprintf(f, "\r\x1b[K"+format, args...)
}
