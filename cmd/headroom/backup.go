package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/api"
	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/fault"
)

// backupCommand returns `headroom backup`.
func backupCommand() *cobra.Command {
	var o backupOptions
	c := &cobra.Command{
		Use:   "backup DIR",
		Short: "Back up log and tables into a folder, while the server runs",
		Long: "Back up log and tables into a folder. The server at HEADROOM_URL takes it and writes the folder on its own\n" +
			"host, while everything goes on; with --data (or --database and --nats) it is taken here, of a stopped server.\n" +
			"A second backup into the same folder adds only what is new of the log. Keep the folder as safe as a password:\n" +
			"it holds the company's secrets.",
		Example: "  headroom backup /var/backups/headroom\n" +
			"  headroom backup /var/backups/headroom --data ./headroom-data\n" +
			"  headroom backup /var/backups/headroom --verify",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.flags(c)
	c.Flags().BoolVar(&o.verify, "verify", false, "read a backup and compare every file with its checksum instead")
	c.Flags().StringVar(&o.output, "output", "text", "text or json")
	return c
}

type backupOptions struct {
	place
	verify bool
	output string
}

func (o *backupOptions) run(ctx context.Context, dir string, out, errs io.Writer) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	progress := func(stage string, done, total int64) { showStage(errs, stage, done, total) }
	var summary api.BackupSummary
	switch {
	case o.verify:
		m, err := backup.Verify(ctx, dir, progress)
		if err != nil {
			return err
		}
		summary = api.SummaryOf(m, dir)
	case o.given():
		st, l, done, err := o.open(ctx, "run `headroom backup DIR` without --data, --database and --nats: it takes the backup itself (HEADROOM_URL)")
		if err != nil {
			return err
		}
		defer done()
		m, err := backup.Take(ctx, backup.Source{Store: st, Log: l, Version: version}, dir, progress)
		if err != nil {
			return err
		}
		summary = api.SummaryOf(m, dir)
	default:
		if summary, err = o.ask(ctx, dir, progress); err != nil {
			return err
		}
	}
	progressLine(errs, "")
	if o.output == "json" {
		return printJSON(out, summary)
	}
	word := "taken"
	if o.verify {
		word = "whole"
	}
	fmt.Fprintf(out, "backup %d in %s is %s: as of %s, log positions %d to %d, %d rows, %.1f MiB in %d files\n",
		summary.Number, dir, word, summary.TakenAt, summary.First, summary.Last, summary.Rows, float64(summary.Bytes)/(1<<20), summary.Files)
	return nil
}

// ask lets the server take the backup and follows its progress.
func (o *backupOptions) ask(ctx context.Context, dir string, progress backup.Progress) (api.BackupSummary, error) {
	var none api.BackupSummary
	c, err := newClient()
	if err != nil {
		return none, err
	}
	body, err := json.Marshal(map[string]string{"directory": dir})
	if err != nil {
		return none, err
	}
	if err := c.checkBase(); err != nil {
		return none, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v1/backups", bytes.NewReader(body))
	if err != nil {
		return none, fault.New(fault.Invalid, "url_invalid", "HEADROOM_URL %q is no address: %v", c.base, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{}).Do(req) // without a bound: a large backup takes its time
	if err != nil {
		return none, c.away(err, "start it with `headroom serve`, or set HEADROOM_URL; a stopped server is backed up with --data")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			return none, err
		}
		return none, refusal(c.base, resp.StatusCode, answer)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		var line api.BackupLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return none, fmt.Errorf("the server's answer: %w", err)
		}
		switch {
		case line.Error != nil:
			return none, &fault.Error{Kind: fault.Invalid, Code: line.Error.Code, Message: line.Error.Detail, Mend: line.Error.Mend}
		case line.Backup != nil:
			return *line.Backup, nil
		default:
			progress(line.Stage, line.Done, line.Total)
		}
	}
	return none, fault.New(fault.Unavailable, "backup_broken_off", "the server broke off before the backup was whole").
		WithMend("look at its log lines; an earlier backup in the folder stands").WithCause(errors.Join(lines.Err(), io.ErrUnexpectedEOF))
}

// showStage says how far a backup or a restore is.
func showStage(errs io.Writer, stage string, done, total int64) {
	switch {
	case stage == "verify" && total > 0:
		progressLine(errs, "checking the files: %d%%", done*100/total)
	case stage == "log" && total > 0:
		progressLine(errs, "the log: %d of %d positions", done, total)
	default:
		progressLine(errs, "the tables: %d rows", done)
	}
}

// parseKeep reads how long the log is kept: a whole number of hours, days or weeks.
func parseKeep(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	units := map[byte]time.Duration{'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	n, err := strconv.ParseInt(text[:len(text)-1], 10, 32)
	unit := units[text[len(text)-1]]
	if err != nil || n < 1 || unit == 0 || n > int64(100*365*24*time.Hour/unit) {
		return 0, fault.New(fault.Invalid, "keep_log_invalid", "--keep-log %q is no time to keep the log", fault.Shorten(text)).
			WithMend("write a number and h, d or w, such as 400d")
	}
	return time.Duration(n) * unit, nil
}
