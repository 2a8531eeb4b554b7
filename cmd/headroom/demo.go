package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/examples/summit"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/console"
	"github.com/headroomhq/headroom/internal/fault"
)

// demo is `headroom demo`: a server that already has a past, and somebody to watch it.
type demo struct {
	from    string // folder of CSV exports; the summit company when empty
	data    string // kept; a temporary directory when empty
	listen  string
	product string // address of the product page
	today   string // day on which the life ends; the day it is when empty
	months  int    // how long the life is
	noOpen  bool
	verbose bool
	out     io.Writer

	server *server
	key    string
}

// demoCommand returns `headroom demo`.
func demoCommand() *cobra.Command {
	var d demo
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run a sample company with its product page and the console, or your own exports",
		Example: "  headroom demo\n" +
			"  headroom demo --data ./demo          # keep it: the next start takes no time\n" +
			"  headroom demo --from ./exports       # accounts.csv, subscriptions.csv, usage.csv",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.out = cmd.OutOrStdout()
			return d.run(cmd.Context())
		},
	}
	f := c.Flags()
	f.StringVar(&d.from, "from", "", "show the CSV exports in this `folder` instead of the sample company")
	f.StringVar(&d.data, "data", "", "`directory` to keep the demo in (default: a temporary one, removed at the end)")
	f.StringVar(&d.listen, "listen", "127.0.0.1:8080", "`address` of the console and the API")
	f.StringVar(&d.product, "product", "127.0.0.1:8081", "`address` of the sample company's product page")
	f.StringVar(&d.today, "today", "", "`day` on which the clock stands afterwards, such as 2026-03-01: the same day always gives the same figures (default: today)")
	f.IntVar(&d.months, "months", 18, "how many `months` the sample company has lived, 1 to 36")
	f.BoolVar(&d.noOpen, "no-open", false, "do not open a browser")
	f.BoolVar(&d.verbose, "verbose", false, "log more")
	return c
}

// demoMark is the file that says what a data directory of the demo holds.
type demoMark struct {
	Company string `json:"company"`
	From    string `json:"from,omitempty"`
}

const demoMarkName = "demo.json"

func (d *demo) run(ctx context.Context) error {
	d.key = "hr_sk_" + rand.Text()
	if err := d.lifetime(); err != nil {
		return err
	}
	if d.data == "" {
		dir, err := os.MkdirTemp("", "headroom-demo-")
		if err != nil {
			return fault.New(fault.Unavailable, "data_not_writable", "no temporary directory can be made: %v", err).
				WithMend("set TMPDIR to a directory this user can write to, or give --data")
		}
		defer func() { _ = os.RemoveAll(dir) }() // in the folder for temporary files
		d.data = dir
	}
	if d.from != "" {
		full, err := filepath.Abs(d.from)
		if err != nil {
			return err
		}
		d.from = full
	}
	ready, err := d.marked()
	if err != nil {
		return err
	}
	var page net.Listener // first, so that a port in use is told before the work
	if d.from == "" {
		if page, err = listen(d.product); err != nil {
			if f, ok := errors.AsType[*fault.Error](err); ok {
				return f.WithMend("give --product another port")
			}
			return err
		}
		defer page.Close()
	}
	began := time.Now()
	if err := d.prepare(ctx, ready); err != nil {
		if ctx.Err() != nil {
			return nil // Ctrl-C before it was ready
		}
		return err
	}
	defer func() { d.server.close() }()
	if !ready {
		fmt.Fprintf(d.out, "ready after %.0f s\n\n", time.Since(began).Seconds())
	}
	return d.show(ctx, page)
}

// prepare starts the server and, unless the data directory holds it already, fills it.
func (d *demo) prepare(ctx context.Context, ready bool) (err error) {
	mark := demoMark{Company: summit.Company, From: d.from}
	fill := d.live
	// Where the clock stands in a kept directory is later than this.
	at := clock.At(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	switch {
	case d.from != "":
		e, err := findExports(d.from)
		if err != nil {
			return err
		}
		mark.Company, fill = e.company, e.fill
		if !ready {
			if at, err = e.today(); err != nil {
				return err
			}
		}
	case !ready:
		at = clock.At(d.life().Start())
	}
	level := slog.LevelWarn
	if d.verbose {
		level = slog.LevelDebug
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	if d.server, err = start(ctx, serverOptions{data: d.data, listen: d.listen, partitions: 16, secretKey: d.key,
		testClock: at.String(), demo: mark.Company, logger: logger}); err != nil {
		return err
	}
	if ready {
		return nil
	}
	if err = fill(ctx, d); err == nil {
		err = d.settled(ctx)
	}
	if err == nil {
		err = d.mark(mark)
	}
	if err != nil {
		d.server.close()
	}
	return err
}

// settled waits until lists tell all that was filled in.
func (d *demo) settled(ctx context.Context) error {
	_, last, err := d.server.log.Bounds(ctx)
	if err != nil {
		return err
	}
	return d.server.runner.WaitAll(ctx, last, true)
}

// marked says whether the data directory holds this demo, finished. What it holds else is
// not touched.
func (d *demo) marked() (bool, error) {
	text, err := os.ReadFile(filepath.Join(d.data, demoMarkName))
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(d.data, "headroom.db")); err == nil {
			return false, fault.New(fault.Conflict, "demo_unfinished", "the data directory %s holds a demo that was not finished, or no demo", d.data).
				WithMend("give --data another directory, or remove this one")
		}
		return false, nil
	}
	var m demoMark
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return false, fault.New(fault.Invalid, "demo_unreadable", "%s cannot be read: %v", filepath.Join(d.data, demoMarkName), err).
			WithMend("give --data another directory, or remove this one")
	}
	if m.From != d.from {
		return false, fault.New(fault.Conflict, "demo_other", "the data directory %s holds the demo of %s", d.data, m.Company).
			WithMend("give --data another directory, or start it as before")
	}
	return true, nil
}

func (d *demo) mark(m demoMark) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.data, demoMarkName), append(text, '\n'), 0o600)
}

// lifetime checks how long the life is, and until when.
func (d *demo) lifetime() error {
	if _, err := time.Parse(time.DateOnly, d.today); err != nil && d.today != "" {
		return fault.New(fault.Invalid, "today_invalid", "--today %q is not a day", d.today).WithMend("write a day such as 2026-03-01")
	}
	if d.months < 0 || d.months > 36 {
		return fault.New(fault.Invalid, "months_invalid", "--months %d is out of range", d.months).WithMend("write 1 to 36")
	}
	return nil
}

// life is the sample company's life until today.
func (d *demo) life() summit.Life {
	end := time.Now().UTC().Truncate(24 * time.Hour)
	if day, err := time.Parse(time.DateOnly, d.today); err == nil {
		end = day
	}
	return summit.Life{End: end, Months: d.months, Progress: func(p summit.Progress) {
		fmt.Fprintf(d.out, "  %s  %3d accounts, %3d paying, %6d events\n", p.Month.Format("January 2006"), p.Accounts, p.Paying, p.Events)
	}}
}

// live fills an empty server with the sample company's life.
func (d *demo) live(ctx context.Context, _ *demo) error {
	l := d.life()
	l.URL, l.Key = d.server.url(), d.key
	fmt.Fprintf(d.out, "living %d months of %s, a sample company that runs virtual summits\n", cmp.Or(d.months, 18), summit.Company)
	return l.Run(ctx)
}

// show serves the product page beside the console until ctx ends, while the test clock
// follows real time.
func (d *demo) show(ctx context.Context, page net.Listener) error {
	first := d.server.url() + d.month()
	fmt.Fprintf(d.out, "console   %s\n", first)
	open := []string{first}
	if page != nil {
		address := "http://" + page.Addr().String()
		fmt.Fprintf(d.out, "product   %s\n", address)
		open = append(open, address)
		shown := summit.Handler(d.server.url(), d.key, summit.ShownAccount, d.server.url())
		s := &http.Server{Handler: shown, ReadHeaderTimeout: 10 * time.Second}
		go func() { _ = s.Serve(page) }()
		defer s.Close()
	}
	fmt.Fprintf(d.out, "API key   %s\n", d.key)
	if !console.Built() {
		fmt.Fprintln(d.out, "this binary holds no console; `make demo` builds one that does")
	}
	fmt.Fprintln(d.out, "Ctrl-C ends it")
	if !d.noOpen {
		openBrowser(open...)
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-d.server.runner.Failed():
			return err
		case <-second.C:
			passed := time.Since(last)
			last = last.Add(passed)
			// From where it stands: who moved it on sees it go on from there.
			if _, err := d.server.runner.Advance(ctx, d.server.clock.Now().Add(passed)); err != nil && ctx.Err() == nil {
				d.server.logger.Warn("the test clock did not move", "error", err)
			}
		}
	}
}

// month is what the console's address needs so that it shows the last month of exports that
// end with a month, and not the first instant of the next one.
func (d *demo) month() string {
	now := d.server.clock.Now().Std()
	if d.from == "" || now.Day() > 1 {
		return ""
	}
	return "/?month=" + now.AddDate(0, 0, -1).Format("2006-01")
}

// openBrowser shows pages where there is somebody to see them. That it could not is no
// fault: the addresses are printed.
func openBrowser(urls ...string) {
	command := "xdg-open"
	switch {
	case runtime.GOOS == "darwin":
		command = "open"
	case os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "":
		return
	}
	for _, u := range urls {
		c := exec.Command(command, u) //nolint:gosec,noctx // it outlives us; one of the few openers named above, with our own address
		if c.Start() == nil {
			go func() { _ = c.Wait() }()
		}
	}
}
