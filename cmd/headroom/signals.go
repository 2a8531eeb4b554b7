package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/api"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/signal"
)

// signalsCommand returns `headroom signals`.
func signalsCommand() *cobra.Command {
	c := &cobra.Command{Use: "signals", Short: "Compelling events: try rules on the history, and see how the ones there are do"}
	c.AddCommand(backtestCommand(), registryCommand(), coverageCommand(), precursorsCommand())
	return c
}

// backtestFlags are the flags of `headroom signals backtest`.
type backtestFlags struct {
	catalog, current        string
	events                  []string
	accounts, subscriptions string
	maps                    []string
	signal, from, to        string
	examples                int
	output                  string
}

func backtestCommand() *cobra.Command {
	var f backtestFlags
	c := &cobra.Command{
		Use:   "backtest",
		Short: "Try signals on the stored history: who would have fired, when, and what they did next",
		Long: "Steps the whole history with the signals of a catalog, by the code that runs live, and tells for each rule for\n" +
			"which accounts it would have fired, when, what they did within 30, 60 and 90 days, and the difference to the\n" +
			"rules as they are. Without --events the server at HEADROOM_URL does it over its own log; the file may then hold\n" +
			"only signals. With --events no server is needed: NDJSON of CloudEvents with a time, a line each; CSV with the\n" +
			"columns account, type and time (others become properties), or with account, feature, usage and day as imports take it.",
		Example: "  headroom signals backtest --catalog catalog.yaml --signal speakers_nearly_full\n" +
			"  headroom signals backtest --catalog proposal.yaml --from 2026-01-01T00:00:00Z --output json\n" +
			"  headroom signals backtest --catalog catalog.yaml --events events.ndjson --subscriptions subscriptions.csv",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	s := c.Flags()
	s.StringVar(&f.catalog, "catalog", "", "`file` or folder with the signals to try")
	s.StringVar(&f.current, "current", "", "with --events: catalog `file` with the rules to compare with, whose plans and prices count then")
	s.StringArrayVar(&f.events, "events", nil, "`file` of events, - for standard input: no server is asked; may be repeated")
	s.StringVar(&f.accounts, "accounts", "", "with --events: CSV or NDJSON `file` of accounts")
	s.StringVar(&f.subscriptions, "subscriptions", "", "with --events: CSV or NDJSON `file` of subscriptions: limits, trials and revenue")
	s.StringArrayVar(&f.maps, "map", nil, "mapping `file` that says which columns mean what")
	s.StringVar(&f.signal, "signal", "", "only this rule; `key`")
	s.StringVar(&f.from, "from", "", "only firings from this `time` or day on")
	s.StringVar(&f.to, "to", "", "only firings before this `time` or day")
	s.IntVar(&f.examples, "examples", 10, "how many accounts are listed of each rule, 0 to 10000")
	s.StringVar(&f.output, "output", "text", "text or json")
	return c
}

func (f *backtestFlags) run(cmd *cobra.Command) error {
	asJSON, err := jsonOutput(f.output)
	if err != nil {
		return err
	}
	if f.catalog == "" && len(f.events) > 0 {
		return fault.New(fault.Invalid, "catalog_missing", "--catalog is missing").WithMend("name the catalog whose signals are to be tried")
	}
	if f.examples < 0 || f.examples > 10_000 {
		return fault.New(fault.Invalid, "examples_invalid", "--examples %d is not between 0 and 10000", f.examples)
	}
	if len(f.events) == 0 {
		for _, x := range [][2]string{{"--current", f.current}, {"--accounts", f.accounts}, {"--subscriptions", f.subscriptions}, {"--map", strings.Join(f.maps, " ")}} {
			if x[1] != "" {
				return fault.New(fault.Invalid, "flags_exclusive", "%s %s is given without --events", x[0], x[1]).
					WithMend("a server has its own; or give --events FILE")
			}
		}
	}
	from, err := timeFlag("from", f.from)
	if err != nil {
		return err
	}
	to, err := timeFlag("to", f.to)
	if err != nil {
		return err
	}
	var b *signal.Backtest
	if len(f.events) > 0 {
		b, err = f.offline(cmd, from, to)
	} else {
		b, err = f.ask(cmd, from, to)
	}
	progressLine(cmd.ErrOrStderr(), "")
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd.OutOrStdout(), b)
	}
	return printBacktest(cmd.OutOrStdout(), b)
}

// timeFlag reads a time, or a day, which begins at midnight UTC.
func timeFlag(name, text string) (clock.Time, error) {
	if text == "" {
		return 0, nil
	}
	long := text
	if len(text) == len("2006-01-02") {
		long += "T00:00:00Z"
	}
	at, err := clock.Parse(long)
	if err != nil {
		return 0, fault.New(fault.Invalid, "time_invalid", "--%s %q is no time", name, fault.Shorten(text)).
			WithMend("write a day such as 2026-03-01, or a time such as 2026-03-01T09:00:00Z")
	}
	return at, nil
}

// ask lets the server do it.
func (f *backtestFlags) ask(cmd *cobra.Command, from, to clock.Time) (*signal.Backtest, error) {
	in := api.BacktestRequest{From: from, To: to, Signal: f.signal, Examples: &f.examples}
	if f.catalog != "" {
		text, err := catalogText(f.catalog)
		if err != nil {
			return nil, err
		}
		in.Signals = string(text)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	var out signal.Backtest
	return &out, askAnalysis(cmd, http.MethodPost, "/v1/signals/backtest", body, &out)
}

// catalogText reads a catalog's text without judging it: the server has what a part refers to.
func catalogText(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.New(fault.NotFound, "file_not_found", "the catalog %s cannot be read: %v", path, unwrapPath(err)).
			WithMend("give a YAML file, or a folder of them")
	}
	if !info.IsDir() {
		return os.ReadFile(path)
	}
	files, err := folderFiles(path)
	if err != nil {
		return nil, err
	}
	return catalog.Bundle(files), nil
}

// askAnalysis lets the server step its history, follows its progress and reads the result into out.
func askAnalysis(cmd *cobra.Command, method, path string, body []byte, out any) error {
	c, err := newClient()
	if err != nil {
		return err
	}
	if err := c.checkBase(); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(cmd.Context(), method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return fault.New(fault.Invalid, "url_invalid", "HEADROOM_URL %q is no address: %v", c.base, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	resp, err := (&http.Client{}).Do(req) // without a bound: a long history takes its time
	if err != nil {
		return c.away(err, "start it with `headroom serve`, or set HEADROOM_URL; without a server give --events FILE")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		return refusal(c.base, resp.StatusCode, answer)
	}
	lines := bufio.NewReaderSize(resp.Body, 1<<20)
	name := ""
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return fault.New(fault.Unavailable, "analysis_broken_off", "the server broke off before it had the result").
				WithMend("look at its log lines, and try again").WithCause(errors.Join(err, io.ErrUnexpectedEOF))
		}
		text := string(bytes.TrimSpace(line))
		if event, is := strings.CutPrefix(text, "event: "); is {
			name = event
			continue
		}
		data, is := strings.CutPrefix(text, "data: ")
		if !is {
			continue
		}
		switch name {
		case "progress":
			var p api.AnalysisProgress
			if json.Unmarshal([]byte(data), &p) == nil && p.Total > 0 {
				progressLine(cmd.ErrOrStderr(), "stepping the history: %d%%", p.Done*100/p.Total)
			}
		case "error":
			var p api.BackupProblem
			if err := json.Unmarshal([]byte(data), &p); err != nil {
				return foreign(c.base, resp.StatusCode, []byte(data))
			}
			return &fault.Error{Kind: fault.Invalid, Code: p.Code, Message: p.Detail, Mend: p.Mend}
		case "result":
			if err := json.Unmarshal([]byte(data), out); err != nil {
				return foreign(c.base, resp.StatusCode, []byte(data[:min(len(data), 200)]))
			}
			return nil
		}
	}
}

func precursorsCommand() *cobra.Command {
	var kind, within, from, to, output string
	most := 30
	c := &cobra.Command{
		Use:   "precursors",
		Short: "Which actions precede an upgrade, with lift and interval",
		Long: "Tells for each event type, locked feature and signal how many accounts that met it first upgraded within some\n" +
			"days, beside accounts of the same age that had not met it.",
		Example: "  headroom signals precursors --type upsell --within 30d",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := jsonOutput(output)
			if err != nil {
				return err
			}
			query := url.Values{"type": {kind}, "within": {within}}
			for name, text := range map[string]string{"from": from, "to": to} {
				at, err := timeFlag(name, text)
				if err != nil {
					return err
				}
				if at != 0 {
					query.Set(name, at.String())
				}
			}
			var out signal.Precursors
			err = askAnalysis(cmd, http.MethodGet, "/v1/signals/precursors?"+query.Encode(), nil, &out)
			progressLine(cmd.ErrOrStderr(), "")
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), out)
			}
			return printPrecursors(cmd.OutOrStdout(), &out, most)
		},
	}
	f := c.Flags()
	f.StringVar(&kind, "type", "upsell", "`type` of the upgrade: new_logo, upsell or cross_sell")
	f.StringVar(&within, "within", "30d", "`days` after the action")
	f.StringVar(&from, "from", "", "only accounts that started from this `time` or day on")
	f.StringVar(&to, "to", "", "looked at up to this `time` or day")
	f.IntVar(&most, "most", most, "how many actions are shown")
	f.StringVar(&output, "output", "text", "text or json")
	return c
}

// read asks the server for a document.
func readDocument(ctx context.Context, path string, out any) error {
	c, err := newClient()
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodGet, path, nil, out)
}

func registryCommand() *cobra.Command {
	return documentCommand("registry", "Compelling events: hypothesis, owner, state, and how the rules do", "/v1/signals/registry", printRegistry)
}

func coverageCommand() *cobra.Command {
	return documentCommand("coverage", "Events expected and received, features without a rule, rules that never fire", "/v1/signals/coverage", printCoverage)
}

// documentCommand returns a command that prints a document of the server.
func documentCommand[T any](use, short, path string, show func(io.Writer, *T) error) *cobra.Command {
	var output string
	c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, Example: "  headroom signals " + use,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := jsonOutput(output)
			if err != nil {
				return err
			}
			var out T
			if err := readDocument(cmd.Context(), path, &out); err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), out)
			}
			return show(cmd.OutOrStdout(), &out)
		}}
	c.Flags().StringVar(&output, "output", "text", "text or json")
	return c
}
